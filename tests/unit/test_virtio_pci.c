/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_virtio_pci.c: the device as a guest finds and drives it.
 */
#include "tests/support/check_main.h"
#include "tests/support/loop_steps.h"
#include "tests/support/pci_bed.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_pci.h>
#include <stddef.h>
#include <string.h>

static struct pci_bed bed;

static void setup(void)
{
    pci_bed_setup(&bed);
}

static void teardown(void)
{
    pci_bed_teardown(&bed);
}

/* ---- What the guest finds ------------------------------------------------ */

START_TEST(identity_is_that_of_the_device_type)
{
    ck_assert_uint_eq(pci_bed_config_read(&bed, PCI_VENDOR_ID, 4), 0x10411af4);
    ck_assert_uint_ge(pci_bed_config_read(&bed, PCI_REVISION_ID, 1), 1);
    ck_assert_uint_eq(pci_bed_config_read(&bed, PCI_CLASS_DEVICE, 2), 0x0200);
    ck_assert_uint_ge(pci_bed_config_read(&bed, PCI_SUBSYSTEM_ID, 2), 0x40);
    ck_assert_uint_eq(pci_bed_config_read(&bed, PCI_INTERRUPT_PIN, 1), 1);
    ck_assert_uint_eq(bed.bench.pci.function.gsi, PCI_BED_GSI);
}
END_TEST

START_TEST(other_types_have_their_own_identity)
{
    virtio_bench_unplug(&bed.bench);
    fake_backend_init(&bed.bench.fake);
    bed.bench.fake.identity.device_id = VIRTIO_ID_BLOCK;
    ck_assert_int_eq(virtio_bench_plug(&bed.bench), 0);
    ck_assert_uint_eq(pci_bed_config_read(&bed, PCI_VENDOR_ID, 4), 0x10421af4);
    ck_assert_uint_eq(pci_bed_config_read(&bed, PCI_CLASS_DEVICE, 2), 0x0180);
    virtio_bench_unplug(&bed.bench);
    fake_backend_init(&bed.bench.fake);
    bed.bench.fake.identity.device_id = VIRTIO_ID_RNG;
    ck_assert_int_eq(virtio_bench_plug(&bed.bench), 0);
    ck_assert_uint_eq(pci_bed_config_read(&bed, PCI_VENDOR_ID, 4), 0x10441af4);
    ck_assert_uint_eq(pci_bed_config_read(&bed, PCI_CLASS_DEVICE, 2), 0xff00);
}
END_TEST

START_TEST(each_structure_lies_inside_its_bar_and_apart_from_the_others)
{
    const uint8_t types[] = {VIRTIO_PCI_CAP_COMMON_CFG,
                             VIRTIO_PCI_CAP_NOTIFY_CFG, VIRTIO_PCI_CAP_ISR_CFG,
                             VIRTIO_PCI_CAP_DEVICE_CFG};
    const uint32_t least[] = {56, 2, 1, 24};

    for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
        struct pci_bed_structure in = pci_bed_find(&bed, types[i]);

        ck_assert_uint_eq(in.bar, 0);
        ck_assert_uint_ge(in.length, least[i]);
        ck_assert(is_aligned(in.offset, 4));
        ck_assert(range_is_inside(in.offset, in.length, 0,
                                  bed.bench.pci.function.bars[0].region.size));
        for (unsigned j = 0; j < i; j++) {
            struct pci_bed_structure last = pci_bed_find(&bed, types[j]);

            ck_assert(in.offset >= last.offset + last.length ||
                      last.offset >= in.offset + in.length);
        }
    }
    ck_assert_uint_eq(
        pci_bed_config_read(&bed,
                            pci_bed_find(&bed, VIRTIO_PCI_CAP_NOTIFY_CFG).at +
                                VIRTIO_PCI_CAP_LEN,
                            1),
        20);
    ck_assert_uint_ne(
        virtio_bench_find_capability(&bed.bench, PCI_CAP_ID_MSIX, 0), 0);
}
END_TEST

START_TEST(device_of_many_queues_has_room_for_their_doorbells)
{
    virtio_bench_unplug(&bed.bench);
    fake_backend_init(&bed.bench.fake);
    bed.bench.fake.identity.num_queues = FAKE_BACKEND_MAX_QUEUES;
    bed.bench.fake.identity.device_id = VIRTIO_ID_CONSOLE;
    ck_assert_int_eq(virtio_bench_plug(&bed.bench), 0);
    pci_bed_config_write(&bed, PCI_COMMAND, 2, PCI_BED_MEMORY_ON);
    for (unsigned i = 0; i < FAKE_BACKEND_MAX_QUEUES; i++)
        ck_assert_int_ge(fake_machine_doorbell(&bed.bench.machine,
                                               pci_bed_notify_gpa(&bed, i)),
                         0);
    ck_assert_uint_eq(pci_bed_common(&bed, VIRTIO_PCI_COMMON_NUMQ, 2),
                      FAKE_BACKEND_MAX_QUEUES);
}
END_TEST

START_TEST(failure_to_make_one_leaves_nothing_behind)
{
    virtio_bench_unplug(&bed.bench);
    for (unsigned n = 1; n <= 6; n++) {
        fake_backend_init(&bed.bench.fake);
        fake_backend_fail_nth(&bed.bench.fake, n, -EIO);
        ck_assert_int_eq(virtio_bench_plug(&bed.bench), -EIO);
        ck_assert(bed.bench.fake.is_closed);
        ck_assert_ptr_null(bed.bench.host.slots[VIRTIO_BENCH_SLOT]);
    }
    fake_backend_init(&bed.bench.fake);
    for (unsigned i = 1; i < PCI_HOST_SLOTS; i++)
        bed.bench.host.slots[i] = &bed.bench.pci.function;
    ck_assert_int_eq(virtio_bench_plug(&bed.bench), -ENOSPC);
    ck_assert(bed.bench.fake.is_closed);
    for (unsigned i = 1; i < PCI_HOST_SLOTS; i++)
        bed.bench.host.slots[i] = NULL;
    fake_backend_init(&bed.bench.fake);
    ck_assert_int_eq(virtio_bench_plug(&bed.bench), 0);
}
END_TEST

/* ---- What the guest does ------------------------------------------------- */

START_TEST(driver_brings_the_device_up)
{
    pci_bed_bring_up(&bed);
    ck_assert_uint_eq(pci_bed_common(&bed, VIRTIO_PCI_COMMON_STATUS, 1),
                      PCI_BED_RUNNING);
    ck_assert(bed.bench.is_running);
    for (unsigned i = 0; i < PCI_BED_NUM_QUEUES; i++) {
        ck_assert(bed.bench.fake.queues[i].is_enabled);
        ck_assert_uint_eq(bed.bench.fake.queues[i].set.device_iova,
                          PCI_BED_QUEUE_GPA(i) + 0x2000);
    }
    ck_assert_uint_eq(bed.capture.lines, 0);
}
END_TEST

START_TEST(device_configuration_ends_in_zeros)
{
    memset(bed.bench.fake.config, 0xaa, sizeof(bed.bench.fake.config));
    ck_assert_uint_ge(pci_bed_find(&bed, VIRTIO_PCI_CAP_DEVICE_CFG).length,
                      256);
    for (unsigned i = 0; i < 256; i++)
        ck_assert_uint_eq(
            pci_bed_read_in(&bed, VIRTIO_PCI_CAP_DEVICE_CFG, i, 1),
            i < 24 ? 0xaa : 0);
    ck_assert_uint_eq(pci_bed_read_in(&bed, VIRTIO_PCI_CAP_DEVICE_CFG, 20, 8),
                      0xaaaaaaaa);
    ck_assert_uint_eq(pci_bed_read_in(&bed, VIRTIO_PCI_CAP_DEVICE_CFG, 256, 8),
                      0);
    ck_assert_uint_eq(pci_bed_read_in(&bed, VIRTIO_PCI_CAP_DEVICE_CFG, 4088, 8),
                      0);
    pci_bed_write_in(&bed, VIRTIO_PCI_CAP_DEVICE_CFG, 0, 1, 0x52);
    ck_assert_uint_eq(bed.bench.fake.config[0], 0x52);
    pci_bed_write_in(&bed, VIRTIO_PCI_CAP_DEVICE_CFG, 24, 1, 0x52);
    ck_assert_uint_eq(bed.bench.fake.config[24], 0xaa);
}
END_TEST

START_TEST(what_is_between_the_structures_reads_as_zero)
{
    uint64_t size = bed.bench.pci.function.bars[0].region.size;

    for (uint64_t offset = 56; offset < size; offset += 8) {
        if (offset == pci_bed_find(&bed, VIRTIO_PCI_CAP_DEVICE_CFG).offset)
            offset += 256;
        virtio_bench_write(&bed.bench, 0, offset - offset % 4096 + 2049, 1,
                           0xff);
        ck_assert_uint_eq(virtio_bench_read(&bed.bench, 0, offset, 8), 0);
    }
    ck_assert_uint_eq(pci_bed_common(&bed, VIRTIO_PCI_COMMON_STATUS, 1), 0);
}
END_TEST

START_TEST(interrupts_by_the_line_are_told_by_the_isr)
{
    pci_bed_bring_up(&bed);
    fake_backend_signal(&bed.bench.fake, 1);
    loop_serve_ready(&bed.bench.loop);
    ck_assert(fake_machine_gsi_level(&bed.bench.machine, PCI_BED_GSI));
    ck_assert_uint_eq(pci_bed_read_in(&bed, VIRTIO_PCI_CAP_ISR_CFG, 0, 1), 1);
    ck_assert(!fake_machine_gsi_level(&bed.bench.machine, PCI_BED_GSI));
    pci_bed_write_in(&bed, VIRTIO_PCI_CAP_ISR_CFG, 0, 1, 0xff);
    ck_assert_uint_eq(pci_bed_read_in(&bed, VIRTIO_PCI_CAP_ISR_CFG, 0, 1), 0);
    fake_backend_break(&bed.bench.fake);
    loop_serve_ready(&bed.bench.loop);
    ck_assert_uint_eq(pci_bed_read_in(&bed, VIRTIO_PCI_CAP_ISR_CFG, 0, 1), 2);
}
END_TEST

START_TEST(interrupts_by_msix_come_from_the_device_itself)
{
    pci_bed_use_msix(&bed);
    pci_bed_set_common(&bed, VIRTIO_PCI_COMMON_MSIX, 2, 0);
    for (unsigned i = 0; i < PCI_BED_NUM_QUEUES; i++) {
        pci_bed_set_common(&bed, VIRTIO_PCI_COMMON_Q_SELECT, 2, i);
        pci_bed_set_common(&bed, VIRTIO_PCI_COMMON_Q_MSIX, 2, 1 + i);
        ck_assert_uint_eq(pci_bed_common(&bed, VIRTIO_PCI_COMMON_Q_MSIX, 2),
                          1 + i);
    }
    pci_bed_bring_up(
        &bed); /* it starts with a reset, which drops the vectors */
    fake_backend_signal(&bed.bench.fake, 1);
    ck_assert_uint_eq(fake_machine_interrupts(&bed.bench.machine, 0x42), 0);
    pci_bed_set_common(&bed, VIRTIO_PCI_COMMON_Q_SELECT, 2, 1);
    ck_assert_uint_eq(pci_bed_common(&bed, VIRTIO_PCI_COMMON_Q_MSIX, 2),
                      VIRTIO_MSI_NO_VECTOR);
    pci_bed_set_common(&bed, VIRTIO_PCI_COMMON_Q_MSIX, 2, 2);
    ck_assert_uint_eq(fake_machine_interrupts(&bed.bench.machine, 0x42), 1);
    fake_backend_signal(&bed.bench.fake, 1);
    ck_assert_uint_eq(fake_machine_interrupts(&bed.bench.machine, 0x42), 2);
    ck_assert_uint_eq(loop_serve_ready(&bed.bench.loop), 0);
    ck_assert_uint_ne(
        virtio_pci_accesses(&bed.bench.pci, VIRTIO_STRUCTURE_MSIX), 0);
}
END_TEST

/* ---- The PCI access capability (4.1.4.9) --------------------------------- */

static unsigned open_window(uint32_t bar, uint32_t offset, uint32_t length)
{
    unsigned at = pci_bed_find(&bed, VIRTIO_PCI_CAP_PCI_CFG).at;

    pci_bed_config_write(&bed, at + VIRTIO_PCI_CAP_BAR, 1, bar);
    pci_bed_config_write(&bed, at + VIRTIO_PCI_CAP_OFFSET, 4, offset);
    pci_bed_config_write(&bed, at + VIRTIO_PCI_CAP_LENGTH, 4, length);
    return at + (unsigned)offsetof(struct virtio_pci_cfg_cap, pci_cfg_data);
}

START_TEST(window_reads_and_writes_registers)
{
    uint32_t offset = pci_bed_find(&bed, VIRTIO_PCI_CAP_COMMON_CFG).offset;
    unsigned data = open_window(0, offset + VIRTIO_PCI_COMMON_STATUS, 1);

    pci_bed_config_write(&bed, PCI_COMMAND, 2,
                         0); /* for those that cannot map the BAR */
    pci_bed_config_write(&bed, data, 1, 1);
    pci_bed_config_write(&bed, data, 1, 3);
    ck_assert_uint_eq(pci_bed_config_read(&bed, data, 1), 3);
    ck_assert_uint_eq(bed.bench.fake.status, 3);
    data = open_window(0, offset + VIRTIO_PCI_COMMON_NUMQ, 2);
    ck_assert_uint_eq(pci_bed_config_read(&bed, data, 2), PCI_BED_NUM_QUEUES);
    data = open_window(0, offset + VIRTIO_PCI_COMMON_DF, 4);
    ck_assert_uint_eq(pci_bed_config_read(&bed, data, 4),
                      (uint32_t)bed.bench.fake.offered);
    data = open_window(
        0, pci_bed_find(&bed, VIRTIO_PCI_CAP_DEVICE_CFG).offset + 4, 4);
    ck_assert_uint_eq(pci_bed_config_read(&bed, data, 4), 0x00015634);
}
END_TEST

START_TEST(window_rings_a_doorbell_and_stops_a_running_device)
{
    struct pci_bed_structure notify =
        pci_bed_find(&bed, VIRTIO_PCI_CAP_NOTIFY_CFG);
    uint32_t status = pci_bed_find(&bed, VIRTIO_PCI_CAP_COMMON_CFG).offset +
                      VIRTIO_PCI_COMMON_STATUS;

    pci_bed_bring_up(&bed);
    fake_backend_take_kicks(&bed.bench.fake, 2);
    pci_bed_config_write(&bed, open_window(0, notify.offset + 2 * 4096, 2), 2,
                         2);
    ck_assert_uint_eq(fake_backend_take_kicks(&bed.bench.fake, 2), 1);
    /* Who is told of the stop may ask for anything. */
    pci_bed_config_write(&bed, open_window(0, status, 1), 1, 0);
    ck_assert(!bed.bench.is_running);
    ck_assert_uint_eq(pci_bed_common(&bed, VIRTIO_PCI_COMMON_STATUS, 1), 0);
}
END_TEST

START_TEST(bad_windows_lead_nowhere)
{
    const struct {
        uint32_t bar, offset, length;
    } windows[] = {
        {1, 20, 1},
        {2, 20, 1},
        {0xff, 20, 1},
        {0, 20, 0},
        {0, 20, 3},
        {0, 20, 8},
        {0, 18, 4},
        {0, 21, 2},
        {0, 0xfffffffc, 4},
        {0, 0xffffffff, 1},
        {0, 20, UINT32_MAX},
        {0, (uint32_t)bed.bench.pci.function.bars[0].region.size, 1},
    };

    pci_bed_set_common(&bed, VIRTIO_PCI_COMMON_STATUS, 1, 3);
    for (unsigned i = 0; i < ARRAY_SIZE(windows); i++) {
        unsigned data =
            open_window(windows[i].bar, windows[i].offset, windows[i].length);

        pci_bed_config_write(&bed, data, 4, 0);
        ck_assert_uint_eq(pci_bed_config_read(&bed, data, 4), 0);
        pci_bed_config_write(&bed, data, 4, 0x11223344);
        ck_assert_uint_eq(pci_bed_config_read(&bed, data, 4), 0x11223344);
    }
    ck_assert_uint_eq(pci_bed_common(&bed, VIRTIO_PCI_COMMON_STATUS, 1), 3);
    ck_assert_uint_eq(bed.bench.fake.status, 3);
}
END_TEST

/* ---- Power-on ------------------------------------------------------------ */

START_TEST(power_on_state_comes_back)
{
    uint64_t gpa = virtio_bench_bar_gpa(&bed.bench, 0);

    pci_bed_use_msix(&bed);
    pci_bed_bring_up(&bed);
    pci_bed_set_common(&bed, VIRTIO_PCI_COMMON_MSIX, 2, 1);
    pci_bed_set_common(&bed, VIRTIO_PCI_COMMON_DFSELECT, 4, 1);
    pci_bed_config_write(&bed, PCI_BASE_ADDRESS_1, 4, 0x77);
    (void)open_window(0, 20, 1);
    virtio_pci_reset(&bed.bench.pci);

    ck_assert_uint_eq(pci_bed_config_read(&bed, PCI_COMMAND, 2), 0);
    ck_assert_uint_eq(virtio_bench_bar_gpa(&bed.bench, 0), gpa);
    ck_assert_uint_eq(bed.bench.machine.num_doorbells, 0);
    ck_assert_uint_eq(bed.bench.machine.num_connections, 0);
    ck_assert_uint_eq(bed.bench.fake.status, 0);
    ck_assert(!bed.bench.is_running);
    ck_assert_uint_eq(pci_bed_find(&bed, VIRTIO_PCI_CAP_PCI_CFG).length, 0);
    pci_bed_config_write(&bed, PCI_COMMAND, 2, PCI_BED_MEMORY_ON);
    ck_assert_uint_eq(pci_bed_common(&bed, VIRTIO_PCI_COMMON_DFSELECT, 4), 0);
    ck_assert_uint_eq(pci_bed_common(&bed, VIRTIO_PCI_COMMON_Q_SELECT, 2), 0);
    ck_assert_uint_eq(pci_bed_common(&bed, VIRTIO_PCI_COMMON_MSIX, 2),
                      VIRTIO_MSI_NO_VECTOR);
    pci_bed_bring_up(&bed);
    ck_assert_uint_eq(pci_bed_common(&bed, VIRTIO_PCI_COMMON_STATUS, 1),
                      PCI_BED_RUNNING);
    /* Memory is given to the device once, at power-on. */
    ck_assert_ptr_null(strstr(strstr(bed.bench.fake.log, "map") + 3, "map"));
}
END_TEST

START_TEST(accesses_are_counted_by_structure)
{
    unsigned long before =
        virtio_pci_accesses(&bed.bench.pci, VIRTIO_STRUCTURE_COMMON);

    (void)pci_bed_common(&bed, VIRTIO_PCI_COMMON_STATUS, 1);
    pci_bed_set_common(&bed, VIRTIO_PCI_COMMON_STATUS, 1, 0);
    (void)pci_bed_read_in(&bed, VIRTIO_PCI_CAP_ISR_CFG, 0, 1);
    (void)pci_bed_read_in(&bed, VIRTIO_PCI_CAP_DEVICE_CFG, 0, 4);
    ck_assert_uint_eq(
        virtio_pci_accesses(&bed.bench.pci, VIRTIO_STRUCTURE_COMMON),
        before + 2);
    ck_assert_uint_eq(virtio_pci_accesses(&bed.bench.pci, VIRTIO_STRUCTURE_ISR),
                      1);
    ck_assert_uint_eq(
        virtio_pci_accesses(&bed.bench.pci, VIRTIO_STRUCTURE_CONFIG), 1);
    ck_assert_uint_eq(
        virtio_pci_accesses(&bed.bench.pci, VIRTIO_STRUCTURE_NOTIFY), 0);
}
END_TEST

static void add_tests(TCase *tcase)
{
    const TTest *const claims[] = {
        identity_is_that_of_the_device_type,
        other_types_have_their_own_identity,
        each_structure_lies_inside_its_bar_and_apart_from_the_others,
        device_of_many_queues_has_room_for_their_doorbells,
        failure_to_make_one_leaves_nothing_behind,
        driver_brings_the_device_up,
        device_configuration_ends_in_zeros,
        what_is_between_the_structures_reads_as_zero,
        interrupts_by_the_line_are_told_by_the_isr,
        interrupts_by_msix_come_from_the_device_itself,
        window_reads_and_writes_registers,
        window_rings_a_doorbell_and_stops_a_running_device,
        bad_windows_lead_nowhere,
        power_on_state_comes_back,
        accesses_are_counted_by_structure,
    };

    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < ARRAY_SIZE(claims); i++)
        tcase_add_test(tcase, claims[i]);
}

int main(void)
{
    return check_main("virtio_pci", add_tests);
}
