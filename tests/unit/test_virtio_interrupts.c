/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_virtio_interrupts.c: the way of an event into the guest by MSI-X, and
 * where it waits when there is none.
 */
#include "tests/support/check_main.h"
#include "tests/support/interrupts_bed.h"
#include "tests/support/loop_steps.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/virtio_pci.h>
#include <poll.h>
#include <sched.h>

#define CONFIG   VIRTIO_INTERRUPT_CONFIG
#define RECEIVE  VIRTIO_INTERRUPT_QUEUE(0)
#define TRANSMIT VIRTIO_INTERRUPT_QUEUE(1)

static struct interrupts_bed bed;

static void setup(void)
{
    interrupts_bed_setup(&bed);
}

static void teardown(void)
{
    interrupts_bed_teardown(&bed);
}

/* ---- MSI-X --------------------------------------------------------------- */

START_TEST(event_of_an_unmasked_vector_needs_no_thread_of_ours)
{
    interrupts_bed_use_msix(&bed);
    for (unsigned i = 0; i < INTERRUPTS_BED_NUM_SOURCES; i++) {
        ck_assert(interrupts_bed_is_connected(&bed, i));
        interrupts_bed_signal(&bed, i);
        ck_assert_uint_eq(interrupts_bed_raised(&bed, i), 1);
        ck_assert_uint_eq(virtio_interrupts_by_vmm(&bed.interrupts, i), 0);
    }
    ck_assert_uint_eq(loop_serve_ready(&bed.loop), 0);
    ck_assert_uint_eq(fake_machine_gsi_rises(&bed.machine, INTERRUPTS_BED_GSI),
                      0);
    ck_assert_uint_eq(virtio_interrupts_read_isr(&bed.interrupts), 0);
}
END_TEST

START_TEST(event_of_a_masked_vector_waits_and_shows_in_the_pending_bits)
{
    interrupts_bed_use_msix(&bed);
    interrupts_bed_set_mask(&bed, RECEIVE, true);
    ck_assert(!interrupts_bed_is_connected(&bed, RECEIVE));
    ck_assert_uint_eq(interrupts_bed_pending_bits(&bed), 0);
    interrupts_bed_signal(&bed, RECEIVE);
    interrupts_bed_signal(&bed, RECEIVE);
    ck_assert_uint_eq(interrupts_bed_raised(&bed, RECEIVE), 0);
    ck_assert_uint_eq(interrupts_bed_pending_bits(&bed), 1U << RECEIVE);
    ck_assert_uint_eq(interrupts_bed_pending_bits(&bed),
                      1U << RECEIVE); /* looking is harmless */

    interrupts_bed_set_mask(&bed, RECEIVE, false);
    ck_assert(interrupts_bed_is_connected(&bed, RECEIVE));
    ck_assert_uint_eq(interrupts_bed_raised(&bed, RECEIVE), 1);
    ck_assert_uint_eq(interrupts_bed_pending_bits(&bed), 0);
}
END_TEST

START_TEST(function_mask_holds_all_events_back)
{
    interrupts_bed_use_msix(&bed);
    interrupts_bed_set_flags(&bed,
                             PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
    for (unsigned i = 0; i < INTERRUPTS_BED_NUM_SOURCES; i++) {
        ck_assert(!interrupts_bed_is_connected(&bed, i));
        interrupts_bed_signal(&bed, i);
    }
    ck_assert_uint_eq(interrupts_bed_pending_bits(&bed),
                      (1U << INTERRUPTS_BED_NUM_SOURCES) - 1);
    interrupts_bed_set_mask(&bed, TRANSMIT, true);
    interrupts_bed_set_flags(&bed, PCI_MSIX_FLAGS_ENABLE);
    ck_assert_uint_eq(interrupts_bed_raised(&bed, CONFIG), 1);
    ck_assert_uint_eq(interrupts_bed_raised(&bed, RECEIVE), 1);
    ck_assert_uint_eq(interrupts_bed_raised(&bed, TRANSMIT), 0);
    ck_assert_uint_eq(interrupts_bed_pending_bits(&bed), 1U << TRANSMIT);
}
END_TEST

START_TEST(new_message_is_used_from_then_on)
{
    struct msi_message message;

    interrupts_bed_use_msix(&bed);
    interrupts_bed_set_mask(&bed, RECEIVE, true);
    interrupts_bed_write_table(
        &bed, RECEIVE * MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_DATA, 0x77);
    interrupts_bed_write_table(
        &bed, RECEIVE * MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_UPPER_ADDR, 0x12);
    interrupts_bed_signal(&bed, RECEIVE);
    interrupts_bed_set_mask(&bed, RECEIVE, false);
    ck_assert_uint_eq(fake_machine_interrupts(&bed.machine, 0x77), 1);
    ck_assert_uint_eq(interrupts_bed_raised(&bed, RECEIVE), 0);
    /* Linux moves an interrupt without masking it, too. */
    interrupts_bed_write_table(
        &bed, RECEIVE * MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_DATA, 0x78);
    ck_assert(fake_machine_connection(
        &bed.machine, virtio_interrupts_eventfd(&bed.interrupts, RECEIVE),
        &message));
    ck_assert_uint_eq(message.data, 0x78);
    ck_assert_uint_eq(message.address, 0x12fee00000);
}
END_TEST

START_TEST(vector_that_does_not_exist_reads_back_as_none)
{
    interrupts_bed_use_msix(&bed);
    virtio_interrupts_set_vector(&bed.interrupts, RECEIVE,
                                 INTERRUPTS_BED_NUM_SOURCES);
    ck_assert_uint_eq(virtio_interrupts_get_vector(&bed.interrupts, RECEIVE),
                      VIRTIO_MSI_NO_VECTOR);
    ck_assert(!interrupts_bed_is_connected(&bed, RECEIVE));
    virtio_interrupts_set_vector(&bed.interrupts, TRANSMIT, 0xfffe);
    ck_assert_uint_eq(virtio_interrupts_get_vector(&bed.interrupts, TRANSMIT),
                      VIRTIO_MSI_NO_VECTOR);
    virtio_interrupts_set_vector(&bed.interrupts, CONFIG, VIRTIO_MSI_NO_VECTOR);
    ck_assert(!interrupts_bed_is_connected(&bed, CONFIG));
    /* An event without a vector is nobody's pending bit. */
    interrupts_bed_signal(&bed, CONFIG);
    ck_assert_uint_eq(interrupts_bed_pending_bits(&bed), 0);
}
END_TEST

START_TEST(vector_that_cannot_be_connected_reads_back_as_none)
{
    interrupts_bed_use_msix(&bed);
    virtio_interrupts_set_vector(&bed.interrupts, RECEIVE,
                                 VIRTIO_MSI_NO_VECTOR);
    fake_machine_fail(&bed.machine, 1, -ENOSPC);
    virtio_interrupts_set_vector(&bed.interrupts, RECEIVE, RECEIVE);
    ck_assert_uint_eq(virtio_interrupts_get_vector(&bed.interrupts, RECEIVE),
                      VIRTIO_MSI_NO_VECTOR);
    ck_assert(!interrupts_bed_is_connected(&bed, RECEIVE));
    virtio_interrupts_set_vector(&bed.interrupts, RECEIVE, RECEIVE);
    ck_assert(interrupts_bed_is_connected(&bed, RECEIVE));
}
END_TEST

START_TEST(machine_without_a_free_route_costs_vectors_alone)
{
    bed.machine.max_connections = 1;
    interrupts_bed_set_flags(&bed, PCI_MSIX_FLAGS_ENABLE);
    for (unsigned i = 0; i < INTERRUPTS_BED_NUM_SOURCES; i++) {
        interrupts_bed_program(&bed, i);
        virtio_interrupts_set_vector(&bed.interrupts, i, (uint16_t)i);
    }
    ck_assert_uint_eq(virtio_interrupts_get_vector(&bed.interrupts, CONFIG), 0);
    ck_assert_uint_eq(virtio_interrupts_get_vector(&bed.interrupts, RECEIVE),
                      VIRTIO_MSI_NO_VECTOR);
    ck_assert(interrupts_bed_is_connected(&bed, CONFIG));
}
END_TEST

/* The source was connected: it may not go on with the message of before. */
START_TEST(failure_to_reconnect_leaves_no_connection_behind)
{
    interrupts_bed_use_msix(&bed);
    fake_machine_fail(&bed.machine, 1, -EIO);
    interrupts_bed_write_table(
        &bed, RECEIVE * MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_DATA, 0x99);
    ck_assert_uint_eq(virtio_interrupts_get_vector(&bed.interrupts, RECEIVE),
                      VIRTIO_MSI_NO_VECTOR);
    ck_assert(!interrupts_bed_is_connected(&bed, RECEIVE));
    ck_assert(interrupts_bed_is_connected(&bed, TRANSMIT));
}
END_TEST

START_TEST(failure_to_unmask_costs_the_vector)
{
    interrupts_bed_use_msix(&bed);
    interrupts_bed_set_mask(&bed, RECEIVE, true);
    fake_machine_fail(&bed.machine, 1, -EIO);
    interrupts_bed_set_mask(&bed, RECEIVE, false);
    ck_assert_uint_eq(virtio_interrupts_get_vector(&bed.interrupts, RECEIVE),
                      VIRTIO_MSI_NO_VECTOR);
    interrupts_bed_set_flags(&bed,
                             PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
    fake_machine_fail(&bed.machine, 1, -EIO);
    interrupts_bed_set_flags(&bed, PCI_MSIX_FLAGS_ENABLE);
    ck_assert_uint_eq(virtio_interrupts_get_vector(&bed.interrupts, CONFIG),
                      VIRTIO_MSI_NO_VECTOR);
    ck_assert(interrupts_bed_is_connected(&bed, TRANSMIT));
}
END_TEST

START_TEST(two_queues_may_share_a_vector)
{
    interrupts_bed_use_msix(&bed);
    virtio_interrupts_set_vector(&bed.interrupts, TRANSMIT, RECEIVE);
    interrupts_bed_signal(&bed, RECEIVE);
    ck_assert_uint_eq(interrupts_bed_raised(&bed, RECEIVE), 1);
    interrupts_bed_signal(&bed, TRANSMIT);
    ck_assert_uint_eq(interrupts_bed_raised(&bed, RECEIVE), 2);

    interrupts_bed_set_mask(&bed, RECEIVE, true);
    ck_assert(!interrupts_bed_is_connected(&bed, RECEIVE));
    ck_assert(!interrupts_bed_is_connected(&bed, TRANSMIT));
    interrupts_bed_signal(&bed, TRANSMIT);
    ck_assert_uint_eq(interrupts_bed_pending_bits(&bed), 1U << RECEIVE);
    interrupts_bed_set_mask(&bed, RECEIVE, false);
    ck_assert_uint_eq(interrupts_bed_raised(&bed, RECEIVE), 3);
    ck_assert_uint_eq(interrupts_bed_pending_bits(&bed), 0);
}
END_TEST

START_TEST(vectors_bound_before_msix_is_on_work_when_it_is)
{
    for (unsigned i = 0; i < INTERRUPTS_BED_NUM_SOURCES; i++) {
        interrupts_bed_program(&bed, i);
        virtio_interrupts_set_vector(&bed.interrupts, i, (uint16_t)i);
        ck_assert(!interrupts_bed_is_connected(&bed, i));
    }
    interrupts_bed_set_flags(&bed, PCI_MSIX_FLAGS_ENABLE);
    for (unsigned i = 0; i < INTERRUPTS_BED_NUM_SOURCES; i++)
        ck_assert(interrupts_bed_is_connected(&bed, i));
}
END_TEST

/* ---- With the loop on its own thread ------------------------------------- */

static void *run_loop(void *result)
{
    *(int *)result = event_loop_run(&bed.loop);
    return NULL;
}

static void *send_events(void *unused)
{
    for (unsigned i = 0; i < 2000; i++)
        interrupts_bed_signal(&bed, i % INTERRUPTS_BED_NUM_SOURCES);
    return unused;
}

/* Until the loop has taken every event; whatever it makes of the last, it does
 * with the lock held that the tests' next look takes. */
static void await_no_event(void)
{
    for (unsigned i = 0; i < INTERRUPTS_BED_NUM_SOURCES; i++) {
        struct pollfd event = {
            .fd = virtio_interrupts_eventfd(&bed.interrupts, i),
            .events = POLLIN};

        while (poll(&event, 1, 0) == 1)
            sched_yield();
    }
}

START_TEST(switching_msix_on_and_off_under_load_harms_nothing)
{
    pthread_t io_thread, sender;
    int result = -1;
    uint64_t carried;

    ck_assert_int_eq(pthread_create(&io_thread, NULL, run_loop, &result), 0);
    ck_assert_int_eq(pthread_create(&sender, NULL, send_events, NULL), 0);
    for (unsigned i = 0; i < 200; i++) {
        interrupts_bed_use_msix(&bed);
        interrupts_bed_set_mask(&bed, i % INTERRUPTS_BED_NUM_SOURCES, true);
        (void)interrupts_bed_pending_bits(&bed);
        interrupts_bed_set_flags(&bed, 0);
        (void)virtio_interrupts_read_isr(&bed.interrupts);
        if (i % 50 == 0)
            virtio_interrupts_reset_device(&bed.interrupts);
    }
    pthread_join(sender, NULL);
    await_no_event();
    carried = virtio_interrupts_by_vmm(&bed.interrupts, RECEIVE);
    (void)virtio_interrupts_read_isr(&bed.interrupts);
    /* The last event is not lost: the loop gets it. */
    interrupts_bed_signal(&bed, RECEIVE);
    await_no_event();
    ck_assert_uint_eq(virtio_interrupts_by_vmm(&bed.interrupts, RECEIVE),
                      carried + 1);
    ck_assert(fake_machine_gsi_level(&bed.machine, INTERRUPTS_BED_GSI));
    ck_assert_uint_eq(virtio_interrupts_read_isr(&bed.interrupts), 1);
    event_loop_stop(&bed.loop);
    pthread_join(io_thread, NULL);
    ck_assert_int_eq(result, 0);
    ck_assert(!fake_machine_gsi_level(&bed.machine, INTERRUPTS_BED_GSI));
}
END_TEST

static void add_tests(TCase *tcase)
{
    const TTest *const claims[] = {
        event_of_an_unmasked_vector_needs_no_thread_of_ours,
        event_of_a_masked_vector_waits_and_shows_in_the_pending_bits,
        function_mask_holds_all_events_back,
        new_message_is_used_from_then_on,
        vector_that_does_not_exist_reads_back_as_none,
        vector_that_cannot_be_connected_reads_back_as_none,
        machine_without_a_free_route_costs_vectors_alone,
        failure_to_reconnect_leaves_no_connection_behind,
        failure_to_unmask_costs_the_vector,
        two_queues_may_share_a_vector,
        vectors_bound_before_msix_is_on_work_when_it_is,
        switching_msix_on_and_off_under_load_harms_nothing,
    };

    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < ARRAY_SIZE(claims); i++)
        tcase_add_test(tcase, claims[i]);
}

int main(void)
{
    return check_main("virtio_interrupts", add_tests);
}
