/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_virtio_pci_doorbells.c: where a guest notifies the device, and pages of
 * the device itself for it.
 */
#include "tests/support/check_main.h"
#include "tests/support/pci_bed.h"

#include <errno.h>
#include <linux/virtio_pci.h>
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

/* ---- Doorbells ----------------------------------------------------------- */

static bool has_doorbell(struct virtio_pci *pci, unsigned index)
{
    return virtio_pci_kicks(pci, index).path == VIRTIO_KICK_BY_EVENTFD;
}

START_TEST(doorbells_are_there_while_memory_decoding_is_on)
{
    for (unsigned i = 0; i < PCI_BED_NUM_QUEUES; i++) {
        uint64_t gpa = pci_bed_notify_gpa(&bed, i);

        ck_assert(has_doorbell(&bed.bench.pci, i));
        ck_assert(fake_machine_ring(&bed.bench.machine, gpa));
    }
    ck_assert_uint_eq(bed.bench.machine.num_doorbells, PCI_BED_NUM_QUEUES);
    pci_bed_config_write(&bed, PCI_COMMAND, 2, 0);
    ck_assert_uint_eq(bed.bench.machine.num_doorbells, 0);
    ck_assert(!has_doorbell(&bed.bench.pci, 0));
    pci_bed_config_write(&bed, PCI_COMMAND, 2, PCI_BED_MEMORY_ON);
    ck_assert_uint_eq(bed.bench.machine.num_doorbells, PCI_BED_NUM_QUEUES);
}
END_TEST

START_TEST(doorbells_move_with_the_bar)
{
    uint64_t before = pci_bed_notify_gpa(&bed, 2);
    uint64_t moved = before + UINT64_C(0x100000000);

    pci_bed_config_write(&bed, PCI_BASE_ADDRESS_1, 4,
                         pci_bed_config_read(&bed, PCI_BASE_ADDRESS_1, 4) + 1);
    ck_assert(!fake_machine_ring(&bed.bench.machine, before));
    ck_assert_uint_eq(pci_bed_notify_gpa(&bed, 2), moved);
    ck_assert(fake_machine_ring(&bed.bench.machine, moved));
    /* Each queue has a doorbell of its own. */
    pci_bed_bring_up(&bed);
    for (unsigned i = 0; i < PCI_BED_NUM_QUEUES; i++)
        fake_backend_take_kicks(&bed.bench.fake, (uint16_t)i);
    ck_assert(
        fake_machine_ring(&bed.bench.machine, pci_bed_notify_gpa(&bed, 1)));
    ck_assert_uint_eq(fake_backend_take_kicks(&bed.bench.fake, 0), 0);
    ck_assert_uint_eq(fake_backend_take_kicks(&bed.bench.fake, 1), 1);
}
END_TEST

START_TEST(notification_without_a_doorbell_reaches_the_device_too)
{
    pci_bed_config_write(&bed, PCI_COMMAND, 2, 0);
    fake_machine_fail(&bed.bench.machine, 2, -ENOSPC);
    pci_bed_config_write(&bed, PCI_COMMAND, 2, PCI_BED_MEMORY_ON);
    ck_assert(has_doorbell(&bed.bench.pci, 0));
    ck_assert(!has_doorbell(&bed.bench.pci, 1));
    ck_assert(has_doorbell(&bed.bench.pci, 2));
    pci_bed_bring_up(&bed);
    fake_backend_take_kicks(&bed.bench.fake, 1);
    pci_bed_write_in(&bed, VIRTIO_PCI_CAP_NOTIFY_CFG, 4096, 2, 1);
    ck_assert_uint_eq(fake_backend_take_kicks(&bed.bench.fake, 1), 1);
    pci_bed_write_in(&bed, VIRTIO_PCI_CAP_NOTIFY_CFG, 4096 + 2, 2, 1);
    pci_bed_write_in(&bed, VIRTIO_PCI_CAP_NOTIFY_CFG, UINT64_C(3) * 4096, 2, 1);
    ck_assert_uint_eq(fake_backend_take_kicks(&bed.bench.fake, 1), 0);
    ck_assert_uint_eq(
        virtio_pci_accesses(&bed.bench.pci, VIRTIO_STRUCTURE_NOTIFY), 3);
}
END_TEST

/* ---- Doorbell pages of the device ---------------------------------------- */

static void plug_with_pages(void)
{
    virtio_bench_unplug(&bed.bench);
    fake_backend_init(&bed.bench.fake);
    bed.bench.fake.has_doorbells = true;
    ck_assert_int_eq(virtio_bench_plug(&bed.bench), 0);
    virtio_pci_use_pages(&bed.bench.pci);
    pci_bed_config_write(&bed, PCI_COMMAND, 2, PCI_BED_MEMORY_ON);
}

static bool has_page(unsigned index)
{
    return fake_machine_page(&bed.bench.machine,
                             pci_bed_notify_gpa(&bed, index)) ==
           fake_backend_doorbell((uint16_t)index);
}

START_TEST(device_that_runs_is_notified_by_its_pages)
{
    plug_with_pages();
    for (unsigned i = 0; i < PCI_BED_NUM_QUEUES; i++)
        ck_assert_ptr_null(virtio_pci_kicks(&bed.bench.pci, i).why_not);
    ck_assert_uint_eq(bed.bench.machine.num_pages, 0);
    pci_bed_bring_up(&bed);
    for (unsigned i = 0; i < PCI_BED_NUM_QUEUES; i++) {
        ck_assert(has_page(i));
        ck_assert_int_eq(virtio_pci_kicks(&bed.bench.pci, i).path,
                         VIRTIO_KICK_BY_PAGE);
    }
    pci_bed_set_common(&bed, VIRTIO_PCI_COMMON_STATUS, 1, 0);
    ck_assert_uint_eq(bed.bench.machine.num_pages, 0);
    pci_bed_bring_up(&bed);
    ck_assert(has_page(1));
    virtio_pci_reset(&bed.bench.pci);
    ck_assert_uint_eq(bed.bench.machine.num_pages, 0);
    pci_bed_config_write(&bed, PCI_COMMAND, 2, PCI_BED_MEMORY_ON);
    pci_bed_bring_up(&bed);
    ck_assert(has_page(1)); /* and is unplugged so */
}
END_TEST

START_TEST(device_that_does_not_start_has_no_pages)
{
    plug_with_pages();
    bed.bench.fake.refuses_driver_ok = true;
    pci_bed_bring_up(&bed);
    ck_assert_uint_eq(bed.bench.machine.num_pages, 0);
}
END_TEST

START_TEST(pages_are_for_queues_that_the_guest_enabled)
{
    plug_with_pages();
    pci_bed_set_common(&bed, VIRTIO_PCI_COMMON_STATUS, 1, 3);
    pci_bed_set_common(&bed, VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
    pci_bed_set_common(&bed, VIRTIO_PCI_COMMON_GF, 4,
                       1); /* VIRTIO_F_VERSION_1 */
    pci_bed_set_common(&bed, VIRTIO_PCI_COMMON_STATUS, 1, PCI_BED_NEGOTIATED);
    pci_bed_set_common(&bed, VIRTIO_PCI_COMMON_Q_SELECT, 2, 1);
    pci_bed_set_common(&bed, VIRTIO_PCI_COMMON_Q_SIZE, 2, 64);
    pci_bed_set_common(&bed, VIRTIO_PCI_COMMON_Q_DESCLO, 4,
                       PCI_BED_QUEUE_GPA(1));
    pci_bed_set_common(&bed, VIRTIO_PCI_COMMON_Q_AVAILLO, 4,
                       PCI_BED_QUEUE_GPA(1) + 0x1000);
    pci_bed_set_common(&bed, VIRTIO_PCI_COMMON_Q_USEDLO, 4,
                       PCI_BED_QUEUE_GPA(1) + 0x2000);
    pci_bed_set_common(&bed, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
    pci_bed_set_common(&bed, VIRTIO_PCI_COMMON_STATUS, 1, PCI_BED_RUNNING);
    ck_assert_uint_eq(pci_bed_common(&bed, VIRTIO_PCI_COMMON_STATUS, 1),
                      PCI_BED_RUNNING);
    ck_assert_uint_eq(bed.bench.machine.num_pages, 1);
    ck_assert(has_page(1));
}
END_TEST

START_TEST(queue_of_another_number_there_has_no_page)
{
    const uint8_t pairs[] = {3, 0};

    virtio_bench_unplug(&bed.bench);
    fake_backend_init(&bed.bench.fake);
    bed.bench.fake.has_doorbells = true;
    bed.bench.fake.offered |= UINT64_C(1) << VIRTIO_NET_F_MQ;
    bed.bench.fake.identity.num_queues = 7;
    memcpy(bed.bench.fake.config +
               offsetof(struct virtio_net_config, max_virtqueue_pairs),
           pairs, sizeof(pairs));
    bed.bench.options.queue_pairs = 2;
    ck_assert_int_eq(virtio_bench_plug(&bed.bench), 0);
    virtio_pci_use_pages(&bed.bench.pci);
    pci_bed_config_write(&bed, PCI_COMMAND, 2, PCI_BED_MEMORY_ON);
    pci_bed_bring_up_queues(&bed, 5);
    ck_assert_uint_eq(pci_bed_common(&bed, VIRTIO_PCI_COMMON_STATUS, 1),
                      PCI_BED_RUNNING);
    for (unsigned i = 0; i < 4; i++)
        ck_assert(has_page(i));
    /* The control queue is the device's queue 6. */
    ck_assert_ptr_null(
        fake_machine_page(&bed.bench.machine, pci_bed_notify_gpa(&bed, 4)));
    ck_assert_str_eq(virtio_pci_kicks(&bed.bench.pci, 4).why_not,
                     "the device numbers it otherwise");
}
END_TEST

START_TEST(reasons_for_no_page_are_known_before_the_guest_runs)
{
    virtio_pci_use_pages(&bed.bench.pci);
    ck_assert_str_eq(virtio_pci_kicks(&bed.bench.pci, 0).why_not,
                     "the device has none");
    bed.bench.fake.has_doorbells = true;
    bed.bench.machine.max_pages = 2;
    virtio_pci_use_pages(&bed.bench.pci);
    ck_assert_ptr_null(virtio_pci_kicks(&bed.bench.pci, 1).why_not);
    ck_assert_str_eq(virtio_pci_kicks(&bed.bench.pci, 2).why_not,
                     VIRTIO_DOORBELL_NO_SLOT);
    fake_backend_fail_call(&bed.bench.fake, "map_doorbell", -ENOMEM);
    virtio_pci_use_pages(&bed.bench.pci);
    ck_assert_str_eq(virtio_pci_kicks(&bed.bench.pci, 0).why_not,
                     "it cannot be mapped");
}
END_TEST

static void add_tests(TCase *tcase)
{
    const TTest *const claims[] = {
        doorbells_are_there_while_memory_decoding_is_on,
        doorbells_move_with_the_bar,
        notification_without_a_doorbell_reaches_the_device_too,
        device_that_runs_is_notified_by_its_pages,
        device_that_does_not_start_has_no_pages,
        pages_are_for_queues_that_the_guest_enabled,
        queue_of_another_number_there_has_no_page,
        reasons_for_no_page_are_known_before_the_guest_runs,
    };

    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < ARRAY_SIZE(claims); i++)
        tcase_add_test(tcase, claims[i]);
}

int main(void)
{
    return check_main("virtio_pci_doorbells", add_tests);
}
