/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_virtio_pci.c: the device as a guest finds and drives it.
 */
#include "devices/virtio_pci.h"
#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/loop_steps.h"
#include "tests/support/open_fds.h"
#include "tests/support/virtio_bench.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <linux/virtio_pci.h>
#include <stddef.h>
#include <string.h>

#define NUM_QUEUES   3U
#define QUEUE_GPA(i) (UINT64_C(0x10000) * (1 + (i)))
#define GSI          17U /* of slot 1 */
#define NEGOTIATED   11U
#define RUNNING      15U
#define MEMORY_ON    ((uint16_t)(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER))

/* Of the structure that capability `type` tells of. */
struct structure {
    unsigned at, bar;
    uint32_t offset, length;
};

static struct virtio_bench bench;
static struct log_capture capture;
static unsigned fds_before;

static uint32_t config_read(unsigned offset, unsigned size)
{
    return virtio_bench_config_read(&bench, offset, size);
}

static void config_write(unsigned offset, unsigned size, uint32_t value)
{
    virtio_bench_config_write(&bench, offset, size, value);
}

static void setup(void)
{
    log_capture_start(&capture);
    fds_before = count_open_fds();
    virtio_bench_init(&bench);
    ck_assert_int_eq(virtio_bench_plug(&bench), 0);
    config_write(PCI_COMMAND, 2, MEMORY_ON);
}

static void teardown(void)
{
    virtio_bench_unplug(&bench);
    ck_assert_str_eq(fake_backend_violation(&bench.fake), "");
    ck_assert(bench.fake.is_closed);
    ck_assert_uint_eq(bench.machine.num_doorbells, 0);
    ck_assert_uint_eq(bench.machine.num_pages, 0);
    ck_assert_uint_eq(bench.machine.num_connections, 0);
    virtio_bench_destroy(&bench);
    ck_assert_uint_eq(count_open_fds(), fds_before);
    log_capture_stop();
}

static struct structure find(uint8_t type)
{
    unsigned at = virtio_bench_find_capability(&bench, PCI_CAP_ID_VNDR, type);

    ck_assert_uint_ne(at, 0);
    return (struct structure){
        .at = at,
        .bar = config_read(at + VIRTIO_PCI_CAP_BAR, 1),
        .offset = config_read(at + VIRTIO_PCI_CAP_OFFSET, 4),
        .length = config_read(at + VIRTIO_PCI_CAP_LENGTH, 4),
    };
}

static uint64_t read_in(uint8_t type, uint64_t offset, unsigned size)
{
    struct structure in = find(type);

    return virtio_bench_read(&bench, in.bar, in.offset + offset, size);
}

static void write_in(uint8_t type, uint64_t offset, unsigned size,
                     uint64_t value)
{
    struct structure in = find(type);

    virtio_bench_write(&bench, in.bar, in.offset + offset, size, value);
}

static uint64_t common(unsigned offset, unsigned size)
{
    return read_in(VIRTIO_PCI_CAP_COMMON_CFG, offset, size);
}

static void set_common(unsigned offset, unsigned size, uint64_t value)
{
    write_in(VIRTIO_PCI_CAP_COMMON_CFG, offset, size, value);
}

/* As Linux does it, with MSI-X left off. */
static void bring_up_queues(unsigned count)
{
    set_common(VIRTIO_PCI_COMMON_STATUS, 1, 0);
    set_common(VIRTIO_PCI_COMMON_STATUS, 1, 1);
    set_common(VIRTIO_PCI_COMMON_STATUS, 1, 3);
    for (unsigned word = 0; word < 2; word++) {
        set_common(VIRTIO_PCI_COMMON_DFSELECT, 4, word);
        set_common(VIRTIO_PCI_COMMON_GFSELECT, 4, word);
        set_common(VIRTIO_PCI_COMMON_GF, 4, common(VIRTIO_PCI_COMMON_DF, 4));
    }
    set_common(VIRTIO_PCI_COMMON_STATUS, 1, NEGOTIATED);
    for (unsigned i = 0; i < count; i++) {
        set_common(VIRTIO_PCI_COMMON_Q_SELECT, 2, i);
        set_common(VIRTIO_PCI_COMMON_Q_SIZE, 2, 64);
        set_common(VIRTIO_PCI_COMMON_Q_DESCLO, 4, QUEUE_GPA(i));
        set_common(VIRTIO_PCI_COMMON_Q_DESCHI, 4, 0);
        set_common(VIRTIO_PCI_COMMON_Q_AVAILLO, 4, QUEUE_GPA(i) + 0x1000);
        set_common(VIRTIO_PCI_COMMON_Q_AVAILHI, 4, 0);
        set_common(VIRTIO_PCI_COMMON_Q_USEDLO, 4, QUEUE_GPA(i) + 0x2000);
        set_common(VIRTIO_PCI_COMMON_Q_USEDHI, 4, 0);
        set_common(VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
    }
    set_common(VIRTIO_PCI_COMMON_STATUS, 1, RUNNING);
}

static void bring_up(void)
{
    bring_up_queues(NUM_QUEUES);
}

static void use_msix(void)
{
    unsigned at = virtio_bench_find_capability(&bench, PCI_CAP_ID_MSIX, 0);

    for (unsigned i = 0; i <= NUM_QUEUES; i++) {
        virtio_bench_write(&bench, 2, UINT64_C(16) * i, 8, 0xfee00000);
        virtio_bench_write(&bench, 2, UINT64_C(16) * i + 8, 8, 0x40 + i);
    }
    config_write(at + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
}

static uint64_t notify_gpa(unsigned queue)
{
    struct structure notify = find(VIRTIO_PCI_CAP_NOTIFY_CFG);
    uint32_t multiplier =
        config_read(notify.at + VIRTIO_PCI_NOTIFY_CAP_MULT, 4);
    uint64_t offset;

    set_common(VIRTIO_PCI_COMMON_Q_SELECT, 2, queue);
    offset = common(VIRTIO_PCI_COMMON_Q_NOFF, 2) * multiplier;
    /* 4.1.4.4.1: each lies inside the structure. */
    ck_assert_uint_le(offset + 2, notify.length);
    return virtio_bench_bar_gpa(&bench, notify.bar) + notify.offset + offset;
}

/* ---- What the guest finds ------------------------------------------------ */

START_TEST(identity_is_that_of_the_device_type)
{
    ck_assert_uint_eq(config_read(PCI_VENDOR_ID, 4), 0x10411af4);
    ck_assert_uint_ge(config_read(PCI_REVISION_ID, 1), 1);
    ck_assert_uint_eq(config_read(PCI_CLASS_DEVICE, 2), 0x0200);
    ck_assert_uint_ge(config_read(PCI_SUBSYSTEM_ID, 2), 0x40);
    ck_assert_uint_eq(config_read(PCI_INTERRUPT_PIN, 1), 1);
    ck_assert_uint_eq(bench.pci.function.gsi, GSI);
}
END_TEST

START_TEST(other_types_have_their_own_identity)
{
    virtio_bench_unplug(&bench);
    fake_backend_init(&bench.fake);
    bench.fake.identity.device_id = VIRTIO_ID_BLOCK;
    ck_assert_int_eq(virtio_bench_plug(&bench), 0);
    ck_assert_uint_eq(config_read(PCI_VENDOR_ID, 4), 0x10421af4);
    ck_assert_uint_eq(config_read(PCI_CLASS_DEVICE, 2), 0x0180);
    virtio_bench_unplug(&bench);
    fake_backend_init(&bench.fake);
    bench.fake.identity.device_id = VIRTIO_ID_RNG;
    ck_assert_int_eq(virtio_bench_plug(&bench), 0);
    ck_assert_uint_eq(config_read(PCI_VENDOR_ID, 4), 0x10441af4);
    ck_assert_uint_eq(config_read(PCI_CLASS_DEVICE, 2), 0xff00);
}
END_TEST

START_TEST(each_structure_lies_inside_its_bar_and_apart_from_the_others)
{
    const uint8_t types[] = {VIRTIO_PCI_CAP_COMMON_CFG,
                             VIRTIO_PCI_CAP_NOTIFY_CFG, VIRTIO_PCI_CAP_ISR_CFG,
                             VIRTIO_PCI_CAP_DEVICE_CFG};
    const uint32_t least[] = {56, 2, 1, 24};

    for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
        struct structure in = find(types[i]);

        ck_assert_uint_eq(in.bar, 0);
        ck_assert_uint_ge(in.length, least[i]);
        ck_assert(is_aligned(in.offset, 4));
        ck_assert(range_is_inside(in.offset, in.length, 0,
                                  bench.pci.function.bars[0].region.size));
        for (unsigned j = 0; j < i; j++) {
            struct structure last = find(types[j]);

            ck_assert(in.offset >= last.offset + last.length ||
                      last.offset >= in.offset + in.length);
        }
    }
    ck_assert_uint_eq(
        config_read(find(VIRTIO_PCI_CAP_NOTIFY_CFG).at + VIRTIO_PCI_CAP_LEN, 1),
        20);
    ck_assert_uint_ne(virtio_bench_find_capability(&bench, PCI_CAP_ID_MSIX, 0),
                      0);
}
END_TEST

START_TEST(device_of_many_queues_has_room_for_their_doorbells)
{
    virtio_bench_unplug(&bench);
    fake_backend_init(&bench.fake);
    bench.fake.identity.num_queues = FAKE_BACKEND_MAX_QUEUES;
    bench.fake.identity.device_id = VIRTIO_ID_CONSOLE;
    ck_assert_int_eq(virtio_bench_plug(&bench), 0);
    config_write(PCI_COMMAND, 2, MEMORY_ON);
    for (unsigned i = 0; i < FAKE_BACKEND_MAX_QUEUES; i++)
        ck_assert_int_ge(fake_machine_doorbell(&bench.machine, notify_gpa(i)),
                         0);
    ck_assert_uint_eq(common(VIRTIO_PCI_COMMON_NUMQ, 2),
                      FAKE_BACKEND_MAX_QUEUES);
}
END_TEST

START_TEST(failure_to_make_one_leaves_nothing_behind)
{
    virtio_bench_unplug(&bench);
    for (unsigned n = 1; n <= 6; n++) {
        fake_backend_init(&bench.fake);
        fake_backend_fail_nth(&bench.fake, n, -EIO);
        ck_assert_int_eq(virtio_bench_plug(&bench), -EIO);
        ck_assert(bench.fake.is_closed);
        ck_assert_ptr_null(bench.host.slots[VIRTIO_BENCH_SLOT]);
    }
    fake_backend_init(&bench.fake);
    for (unsigned i = 1; i < PCI_HOST_SLOTS; i++)
        bench.host.slots[i] = &bench.pci.function;
    ck_assert_int_eq(virtio_bench_plug(&bench), -ENOSPC);
    ck_assert(bench.fake.is_closed);
    for (unsigned i = 1; i < PCI_HOST_SLOTS; i++)
        bench.host.slots[i] = NULL;
    fake_backend_init(&bench.fake);
    ck_assert_int_eq(virtio_bench_plug(&bench), 0);
}
END_TEST

/* ---- What the guest does ------------------------------------------------- */

START_TEST(driver_brings_the_device_up)
{
    bring_up();
    ck_assert_uint_eq(common(VIRTIO_PCI_COMMON_STATUS, 1), RUNNING);
    ck_assert(bench.is_running);
    for (unsigned i = 0; i < NUM_QUEUES; i++) {
        ck_assert(bench.fake.queues[i].is_enabled);
        ck_assert_uint_eq(bench.fake.queues[i].set.device_iova,
                          QUEUE_GPA(i) + 0x2000);
    }
    ck_assert_uint_eq(capture.lines, 0);
}
END_TEST

START_TEST(device_configuration_ends_in_zeros)
{
    memset(bench.fake.config, 0xaa, sizeof(bench.fake.config));
    ck_assert_uint_ge(find(VIRTIO_PCI_CAP_DEVICE_CFG).length, 256);
    for (unsigned i = 0; i < 256; i++)
        ck_assert_uint_eq(read_in(VIRTIO_PCI_CAP_DEVICE_CFG, i, 1),
                          i < 24 ? 0xaa : 0);
    ck_assert_uint_eq(read_in(VIRTIO_PCI_CAP_DEVICE_CFG, 20, 8), 0xaaaaaaaa);
    ck_assert_uint_eq(read_in(VIRTIO_PCI_CAP_DEVICE_CFG, 256, 8), 0);
    ck_assert_uint_eq(read_in(VIRTIO_PCI_CAP_DEVICE_CFG, 4088, 8), 0);
    write_in(VIRTIO_PCI_CAP_DEVICE_CFG, 0, 1, 0x52);
    ck_assert_uint_eq(bench.fake.config[0], 0x52);
    write_in(VIRTIO_PCI_CAP_DEVICE_CFG, 24, 1, 0x52);
    ck_assert_uint_eq(bench.fake.config[24], 0xaa);
}
END_TEST

START_TEST(what_is_between_the_structures_reads_as_zero)
{
    uint64_t size = bench.pci.function.bars[0].region.size;

    for (uint64_t offset = 56; offset < size; offset += 8) {
        if (offset == find(VIRTIO_PCI_CAP_DEVICE_CFG).offset)
            offset += 256;
        virtio_bench_write(&bench, 0, offset - offset % 4096 + 2049, 1, 0xff);
        ck_assert_uint_eq(virtio_bench_read(&bench, 0, offset, 8), 0);
    }
    ck_assert_uint_eq(common(VIRTIO_PCI_COMMON_STATUS, 1), 0);
}
END_TEST

START_TEST(interrupts_by_the_line_are_told_by_the_isr)
{
    bring_up();
    fake_backend_signal(&bench.fake, 1);
    loop_serve_ready(&bench.loop);
    ck_assert(fake_machine_gsi_level(&bench.machine, GSI));
    ck_assert_uint_eq(read_in(VIRTIO_PCI_CAP_ISR_CFG, 0, 1), 1);
    ck_assert(!fake_machine_gsi_level(&bench.machine, GSI));
    write_in(VIRTIO_PCI_CAP_ISR_CFG, 0, 1, 0xff);
    ck_assert_uint_eq(read_in(VIRTIO_PCI_CAP_ISR_CFG, 0, 1), 0);
    fake_backend_break(&bench.fake);
    loop_serve_ready(&bench.loop);
    ck_assert_uint_eq(read_in(VIRTIO_PCI_CAP_ISR_CFG, 0, 1), 2);
}
END_TEST

START_TEST(interrupts_by_msix_come_from_the_device_itself)
{
    use_msix();
    set_common(VIRTIO_PCI_COMMON_MSIX, 2, 0);
    for (unsigned i = 0; i < NUM_QUEUES; i++) {
        set_common(VIRTIO_PCI_COMMON_Q_SELECT, 2, i);
        set_common(VIRTIO_PCI_COMMON_Q_MSIX, 2, 1 + i);
        ck_assert_uint_eq(common(VIRTIO_PCI_COMMON_Q_MSIX, 2), 1 + i);
    }
    bring_up(); /* it starts with a reset, which drops the vectors */
    fake_backend_signal(&bench.fake, 1);
    ck_assert_uint_eq(fake_machine_interrupts(&bench.machine, 0x42), 0);
    set_common(VIRTIO_PCI_COMMON_Q_SELECT, 2, 1);
    ck_assert_uint_eq(common(VIRTIO_PCI_COMMON_Q_MSIX, 2),
                      VIRTIO_MSI_NO_VECTOR);
    set_common(VIRTIO_PCI_COMMON_Q_MSIX, 2, 2);
    ck_assert_uint_eq(fake_machine_interrupts(&bench.machine, 0x42), 1);
    fake_backend_signal(&bench.fake, 1);
    ck_assert_uint_eq(fake_machine_interrupts(&bench.machine, 0x42), 2);
    ck_assert_uint_eq(loop_serve_ready(&bench.loop), 0);
    ck_assert_uint_ne(virtio_pci_accesses(&bench.pci, VIRTIO_STRUCTURE_MSIX),
                      0);
}
END_TEST

/* ---- Doorbells ----------------------------------------------------------- */

static bool has_doorbell(struct virtio_pci *pci, unsigned index)
{
    return virtio_pci_kicks(pci, index).path == VIRTIO_KICK_BY_EVENTFD;
}

START_TEST(doorbells_are_there_while_memory_decoding_is_on)
{
    for (unsigned i = 0; i < NUM_QUEUES; i++) {
        uint64_t gpa = notify_gpa(i);

        ck_assert(has_doorbell(&bench.pci, i));
        ck_assert(fake_machine_ring(&bench.machine, gpa));
    }
    ck_assert_uint_eq(bench.machine.num_doorbells, NUM_QUEUES);
    config_write(PCI_COMMAND, 2, 0);
    ck_assert_uint_eq(bench.machine.num_doorbells, 0);
    ck_assert(!has_doorbell(&bench.pci, 0));
    config_write(PCI_COMMAND, 2, MEMORY_ON);
    ck_assert_uint_eq(bench.machine.num_doorbells, NUM_QUEUES);
}
END_TEST

START_TEST(doorbells_move_with_the_bar)
{
    uint64_t before = notify_gpa(2);
    uint64_t moved = before + UINT64_C(0x100000000);

    config_write(PCI_BASE_ADDRESS_1, 4, config_read(PCI_BASE_ADDRESS_1, 4) + 1);
    ck_assert(!fake_machine_ring(&bench.machine, before));
    ck_assert_uint_eq(notify_gpa(2), moved);
    ck_assert(fake_machine_ring(&bench.machine, moved));
    /* Each queue has a doorbell of its own. */
    bring_up();
    for (unsigned i = 0; i < NUM_QUEUES; i++)
        fake_backend_take_kicks(&bench.fake, (uint16_t)i);
    ck_assert(fake_machine_ring(&bench.machine, notify_gpa(1)));
    ck_assert_uint_eq(fake_backend_take_kicks(&bench.fake, 0), 0);
    ck_assert_uint_eq(fake_backend_take_kicks(&bench.fake, 1), 1);
}
END_TEST

START_TEST(notification_without_a_doorbell_reaches_the_device_too)
{
    config_write(PCI_COMMAND, 2, 0);
    fake_machine_fail(&bench.machine, 2, -ENOSPC);
    config_write(PCI_COMMAND, 2, MEMORY_ON);
    ck_assert(has_doorbell(&bench.pci, 0));
    ck_assert(!has_doorbell(&bench.pci, 1));
    ck_assert(has_doorbell(&bench.pci, 2));
    bring_up();
    fake_backend_take_kicks(&bench.fake, 1);
    write_in(VIRTIO_PCI_CAP_NOTIFY_CFG, 4096, 2, 1);
    ck_assert_uint_eq(fake_backend_take_kicks(&bench.fake, 1), 1);
    write_in(VIRTIO_PCI_CAP_NOTIFY_CFG, 4096 + 2, 2, 1);
    write_in(VIRTIO_PCI_CAP_NOTIFY_CFG, UINT64_C(3) * 4096, 2, 1);
    ck_assert_uint_eq(fake_backend_take_kicks(&bench.fake, 1), 0);
    ck_assert_uint_eq(virtio_pci_accesses(&bench.pci, VIRTIO_STRUCTURE_NOTIFY),
                      3);
}
END_TEST

/* ---- Doorbell pages of the device ---------------------------------------- */

static void plug_with_pages(void)
{
    virtio_bench_unplug(&bench);
    fake_backend_init(&bench.fake);
    bench.fake.has_doorbells = true;
    ck_assert_int_eq(virtio_bench_plug(&bench), 0);
    virtio_pci_use_pages(&bench.pci);
    config_write(PCI_COMMAND, 2, MEMORY_ON);
}

static bool has_page(unsigned index)
{
    return fake_machine_page(&bench.machine, notify_gpa(index)) ==
           fake_backend_doorbell((uint16_t)index);
}

START_TEST(device_that_runs_is_notified_by_its_pages)
{
    plug_with_pages();
    for (unsigned i = 0; i < NUM_QUEUES; i++)
        ck_assert_ptr_null(virtio_pci_kicks(&bench.pci, i).why_not);
    ck_assert_uint_eq(bench.machine.num_pages, 0);
    bring_up();
    for (unsigned i = 0; i < NUM_QUEUES; i++) {
        ck_assert(has_page(i));
        ck_assert_int_eq(virtio_pci_kicks(&bench.pci, i).path,
                         VIRTIO_KICK_BY_PAGE);
    }
    set_common(VIRTIO_PCI_COMMON_STATUS, 1, 0);
    ck_assert_uint_eq(bench.machine.num_pages, 0);
    bring_up();
    ck_assert(has_page(1));
    virtio_pci_reset(&bench.pci);
    ck_assert_uint_eq(bench.machine.num_pages, 0);
    config_write(PCI_COMMAND, 2, MEMORY_ON);
    bring_up();
    ck_assert(has_page(1)); /* and is unplugged so */
}
END_TEST

START_TEST(device_that_does_not_start_has_no_pages)
{
    plug_with_pages();
    bench.fake.refuses_driver_ok = true;
    bring_up();
    ck_assert_uint_eq(bench.machine.num_pages, 0);
}
END_TEST

START_TEST(pages_are_for_queues_that_the_guest_enabled)
{
    plug_with_pages();
    set_common(VIRTIO_PCI_COMMON_STATUS, 1, 3);
    set_common(VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
    set_common(VIRTIO_PCI_COMMON_GF, 4, 1); /* VIRTIO_F_VERSION_1 */
    set_common(VIRTIO_PCI_COMMON_STATUS, 1, NEGOTIATED);
    set_common(VIRTIO_PCI_COMMON_Q_SELECT, 2, 1);
    set_common(VIRTIO_PCI_COMMON_Q_SIZE, 2, 64);
    set_common(VIRTIO_PCI_COMMON_Q_DESCLO, 4, QUEUE_GPA(1));
    set_common(VIRTIO_PCI_COMMON_Q_AVAILLO, 4, QUEUE_GPA(1) + 0x1000);
    set_common(VIRTIO_PCI_COMMON_Q_USEDLO, 4, QUEUE_GPA(1) + 0x2000);
    set_common(VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
    set_common(VIRTIO_PCI_COMMON_STATUS, 1, RUNNING);
    ck_assert_uint_eq(common(VIRTIO_PCI_COMMON_STATUS, 1), RUNNING);
    ck_assert_uint_eq(bench.machine.num_pages, 1);
    ck_assert(has_page(1));
}
END_TEST

START_TEST(queue_of_another_number_there_has_no_page)
{
    const uint8_t pairs[] = {3, 0};

    virtio_bench_unplug(&bench);
    fake_backend_init(&bench.fake);
    bench.fake.has_doorbells = true;
    bench.fake.offered |= UINT64_C(1) << VIRTIO_NET_F_MQ;
    bench.fake.identity.num_queues = 7;
    memcpy(bench.fake.config +
               offsetof(struct virtio_net_config, max_virtqueue_pairs),
           pairs, sizeof(pairs));
    bench.options.queue_pairs = 2;
    ck_assert_int_eq(virtio_bench_plug(&bench), 0);
    virtio_pci_use_pages(&bench.pci);
    config_write(PCI_COMMAND, 2, MEMORY_ON);
    bring_up_queues(5);
    ck_assert_uint_eq(common(VIRTIO_PCI_COMMON_STATUS, 1), RUNNING);
    for (unsigned i = 0; i < 4; i++)
        ck_assert(has_page(i));
    /* The control queue is the device's queue 6. */
    ck_assert_ptr_null(fake_machine_page(&bench.machine, notify_gpa(4)));
    ck_assert_str_eq(virtio_pci_kicks(&bench.pci, 4).why_not,
                     "the device numbers it otherwise");
}
END_TEST

START_TEST(reasons_for_no_page_are_known_before_the_guest_runs)
{
    virtio_pci_use_pages(&bench.pci);
    ck_assert_str_eq(virtio_pci_kicks(&bench.pci, 0).why_not,
                     "the device has none");
    bench.fake.has_doorbells = true;
    bench.machine.max_pages = 2;
    virtio_pci_use_pages(&bench.pci);
    ck_assert_ptr_null(virtio_pci_kicks(&bench.pci, 1).why_not);
    ck_assert_str_eq(virtio_pci_kicks(&bench.pci, 2).why_not,
                     VIRTIO_DOORBELL_NO_SLOT);
    fake_backend_fail_call(&bench.fake, "map_doorbell", -ENOMEM);
    virtio_pci_use_pages(&bench.pci);
    ck_assert_str_eq(virtio_pci_kicks(&bench.pci, 0).why_not,
                     "it cannot be mapped");
}
END_TEST

/* ---- The PCI access capability (4.1.4.9) --------------------------------- */

static unsigned open_window(uint32_t bar, uint32_t offset, uint32_t length)
{
    unsigned at = find(VIRTIO_PCI_CAP_PCI_CFG).at;

    config_write(at + VIRTIO_PCI_CAP_BAR, 1, bar);
    config_write(at + VIRTIO_PCI_CAP_OFFSET, 4, offset);
    config_write(at + VIRTIO_PCI_CAP_LENGTH, 4, length);
    return at + (unsigned)offsetof(struct virtio_pci_cfg_cap, pci_cfg_data);
}

START_TEST(window_reads_and_writes_registers)
{
    uint32_t offset = find(VIRTIO_PCI_CAP_COMMON_CFG).offset;
    unsigned data = open_window(0, offset + VIRTIO_PCI_COMMON_STATUS, 1);

    config_write(PCI_COMMAND, 2, 0); /* for those that cannot map the BAR */
    config_write(data, 1, 1);
    config_write(data, 1, 3);
    ck_assert_uint_eq(config_read(data, 1), 3);
    ck_assert_uint_eq(bench.fake.status, 3);
    data = open_window(0, offset + VIRTIO_PCI_COMMON_NUMQ, 2);
    ck_assert_uint_eq(config_read(data, 2), NUM_QUEUES);
    data = open_window(0, offset + VIRTIO_PCI_COMMON_DF, 4);
    ck_assert_uint_eq(config_read(data, 4), (uint32_t)bench.fake.offered);
    data = open_window(0, find(VIRTIO_PCI_CAP_DEVICE_CFG).offset + 4, 4);
    ck_assert_uint_eq(config_read(data, 4), 0x00015634);
}
END_TEST

START_TEST(window_rings_a_doorbell_and_stops_a_running_device)
{
    struct structure notify = find(VIRTIO_PCI_CAP_NOTIFY_CFG);
    uint32_t status =
        find(VIRTIO_PCI_CAP_COMMON_CFG).offset + VIRTIO_PCI_COMMON_STATUS;

    bring_up();
    fake_backend_take_kicks(&bench.fake, 2);
    config_write(open_window(0, notify.offset + 2 * 4096, 2), 2, 2);
    ck_assert_uint_eq(fake_backend_take_kicks(&bench.fake, 2), 1);
    /* Who is told of the stop may ask for anything. */
    config_write(open_window(0, status, 1), 1, 0);
    ck_assert(!bench.is_running);
    ck_assert_uint_eq(common(VIRTIO_PCI_COMMON_STATUS, 1), 0);
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
        {0, (uint32_t)bench.pci.function.bars[0].region.size, 1},
    };

    set_common(VIRTIO_PCI_COMMON_STATUS, 1, 3);
    for (unsigned i = 0; i < ARRAY_SIZE(windows); i++) {
        unsigned data =
            open_window(windows[i].bar, windows[i].offset, windows[i].length);

        config_write(data, 4, 0);
        ck_assert_uint_eq(config_read(data, 4), 0);
        config_write(data, 4, 0x11223344);
        ck_assert_uint_eq(config_read(data, 4), 0x11223344);
    }
    ck_assert_uint_eq(common(VIRTIO_PCI_COMMON_STATUS, 1), 3);
    ck_assert_uint_eq(bench.fake.status, 3);
}
END_TEST

/* ---- Power-on ------------------------------------------------------------ */

START_TEST(power_on_state_comes_back)
{
    uint64_t gpa = virtio_bench_bar_gpa(&bench, 0);

    use_msix();
    bring_up();
    set_common(VIRTIO_PCI_COMMON_MSIX, 2, 1);
    set_common(VIRTIO_PCI_COMMON_DFSELECT, 4, 1);
    config_write(PCI_BASE_ADDRESS_1, 4, 0x77);
    (void)open_window(0, 20, 1);
    virtio_pci_reset(&bench.pci);

    ck_assert_uint_eq(config_read(PCI_COMMAND, 2), 0);
    ck_assert_uint_eq(virtio_bench_bar_gpa(&bench, 0), gpa);
    ck_assert_uint_eq(bench.machine.num_doorbells, 0);
    ck_assert_uint_eq(bench.machine.num_connections, 0);
    ck_assert_uint_eq(bench.fake.status, 0);
    ck_assert(!bench.is_running);
    ck_assert_uint_eq(find(VIRTIO_PCI_CAP_PCI_CFG).length, 0);
    config_write(PCI_COMMAND, 2, MEMORY_ON);
    ck_assert_uint_eq(common(VIRTIO_PCI_COMMON_DFSELECT, 4), 0);
    ck_assert_uint_eq(common(VIRTIO_PCI_COMMON_Q_SELECT, 2), 0);
    ck_assert_uint_eq(common(VIRTIO_PCI_COMMON_MSIX, 2), VIRTIO_MSI_NO_VECTOR);
    bring_up();
    ck_assert_uint_eq(common(VIRTIO_PCI_COMMON_STATUS, 1), RUNNING);
    /* Memory is given to the device once, at power-on. */
    ck_assert_ptr_null(strstr(strstr(bench.fake.log, "map") + 3, "map"));
}
END_TEST

START_TEST(accesses_are_counted_by_structure)
{
    unsigned long before =
        virtio_pci_accesses(&bench.pci, VIRTIO_STRUCTURE_COMMON);

    (void)common(VIRTIO_PCI_COMMON_STATUS, 1);
    set_common(VIRTIO_PCI_COMMON_STATUS, 1, 0);
    (void)read_in(VIRTIO_PCI_CAP_ISR_CFG, 0, 1);
    (void)read_in(VIRTIO_PCI_CAP_DEVICE_CFG, 0, 4);
    ck_assert_uint_eq(virtio_pci_accesses(&bench.pci, VIRTIO_STRUCTURE_COMMON),
                      before + 2);
    ck_assert_uint_eq(virtio_pci_accesses(&bench.pci, VIRTIO_STRUCTURE_ISR), 1);
    ck_assert_uint_eq(virtio_pci_accesses(&bench.pci, VIRTIO_STRUCTURE_CONFIG),
                      1);
    ck_assert_uint_eq(virtio_pci_accesses(&bench.pci, VIRTIO_STRUCTURE_NOTIFY),
                      0);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, identity_is_that_of_the_device_type);
    tcase_add_test(tcase, other_types_have_their_own_identity);
    tcase_add_test(
        tcase, each_structure_lies_inside_its_bar_and_apart_from_the_others);
    tcase_add_test(tcase, device_of_many_queues_has_room_for_their_doorbells);
    tcase_add_test(tcase, failure_to_make_one_leaves_nothing_behind);
    tcase_add_test(tcase, driver_brings_the_device_up);
    tcase_add_test(tcase, device_configuration_ends_in_zeros);
    tcase_add_test(tcase, what_is_between_the_structures_reads_as_zero);
    tcase_add_test(tcase, interrupts_by_the_line_are_told_by_the_isr);
    tcase_add_test(tcase, interrupts_by_msix_come_from_the_device_itself);
    tcase_add_test(tcase, doorbells_are_there_while_memory_decoding_is_on);
    tcase_add_test(tcase, doorbells_move_with_the_bar);
    tcase_add_test(tcase,
                   notification_without_a_doorbell_reaches_the_device_too);
    tcase_add_test(tcase, device_that_runs_is_notified_by_its_pages);
    tcase_add_test(tcase, device_that_does_not_start_has_no_pages);
    tcase_add_test(tcase, pages_are_for_queues_that_the_guest_enabled);
    tcase_add_test(tcase, queue_of_another_number_there_has_no_page);
    tcase_add_test(tcase, reasons_for_no_page_are_known_before_the_guest_runs);
    tcase_add_test(tcase, window_reads_and_writes_registers);
    tcase_add_test(tcase, window_rings_a_doorbell_and_stops_a_running_device);
    tcase_add_test(tcase, bad_windows_lead_nowhere);
    tcase_add_test(tcase, power_on_state_comes_back);
    tcase_add_test(tcase, accesses_are_counted_by_structure);
}

int main(void)
{
    return check_main("virtio_pci", add_tests);
}
