/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_virtio_interrupts_line.c: events by INTA#, and what a reset leaves of
 * any.
 */
#include "tests/support/check_main.h"
#include "tests/support/interrupts_bed.h"
#include "tests/support/loop_steps.h"

#include <linux/pci_regs.h>
#include <linux/virtio_pci.h>

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

/* ---- INTA# --------------------------------------------------------------- */

START_TEST(queue_event_sets_its_isr_bit_and_raises_the_line)
{
    interrupts_bed_signal(&bed, TRANSMIT);
    ck_assert(!fake_machine_gsi_level(&bed.machine, INTERRUPTS_BED_GSI));
    ck_assert_uint_eq(loop_serve_ready(&bed.loop), 1);
    ck_assert(fake_machine_gsi_level(&bed.machine, INTERRUPTS_BED_GSI));
    ck_assert_uint_eq(virtio_interrupts_by_vmm(&bed.interrupts, TRANSMIT), 1);
    ck_assert_uint_eq(virtio_interrupts_by_vmm(&bed.interrupts, RECEIVE), 0);

    ck_assert_uint_eq(virtio_interrupts_read_isr(&bed.interrupts), 1);
    ck_assert(!fake_machine_gsi_level(&bed.machine, INTERRUPTS_BED_GSI));
    ck_assert_uint_eq(virtio_interrupts_read_isr(&bed.interrupts), 0);
    ck_assert_uint_eq(loop_serve_ready(&bed.loop), 0);
}
END_TEST

START_TEST(configuration_has_an_isr_bit_of_its_own)
{
    interrupts_bed_signal(&bed, CONFIG);
    loop_serve_ready(&bed.loop);
    ck_assert_uint_eq(virtio_interrupts_read_isr(&bed.interrupts), 2);
    interrupts_bed_signal(&bed, CONFIG);
    interrupts_bed_signal(&bed, RECEIVE);
    loop_serve_ready(&bed.loop);
    ck_assert_uint_eq(fake_machine_gsi_rises(&bed.machine, INTERRUPTS_BED_GSI),
                      2);
    ck_assert_uint_eq(virtio_interrupts_read_isr(&bed.interrupts), 3);
}
END_TEST

START_TEST(line_rises_again_for_an_event_after_the_read)
{
    for (unsigned i = 1; i <= 3; i++) {
        interrupts_bed_signal(&bed, RECEIVE);
        loop_serve_ready(&bed.loop);
        ck_assert_uint_eq(
            fake_machine_gsi_rises(&bed.machine, INTERRUPTS_BED_GSI), i);
        ck_assert_uint_eq(virtio_interrupts_read_isr(&bed.interrupts), 1);
    }
    ck_assert_uint_eq(virtio_interrupts_by_vmm(&bed.interrupts, RECEIVE), 3);
}
END_TEST

START_TEST(disabled_line_stays_low_but_status_tells)
{
    uint16_t on = PCI_COMMAND_MEMORY;

    pci_function_write(&bed.function, PCI_COMMAND, 2,
                       on | (uint16_t)PCI_COMMAND_INTX_DISABLE);
    interrupts_bed_signal(&bed, RECEIVE);
    loop_serve_ready(&bed.loop);
    ck_assert(!fake_machine_gsi_level(&bed.machine, INTERRUPTS_BED_GSI));
    ck_assert(pci_function_read(&bed.function, PCI_STATUS, 2) &
              PCI_STATUS_INTERRUPT);
    pci_function_write(&bed.function, PCI_COMMAND, 2, on);
    ck_assert(fake_machine_gsi_level(&bed.machine, INTERRUPTS_BED_GSI));
    pci_function_write(&bed.function, PCI_COMMAND, 2,
                       on | (uint16_t)PCI_COMMAND_INTX_DISABLE);
    ck_assert(!fake_machine_gsi_level(&bed.machine, INTERRUPTS_BED_GSI));
    ck_assert_uint_eq(virtio_interrupts_read_isr(&bed.interrupts), 1);
    ck_assert(!(pci_function_read(&bed.function, PCI_STATUS, 2) &
                PCI_STATUS_INTERRUPT));
}
END_TEST

START_TEST(msix_ends_the_polling_and_the_line)
{
    interrupts_bed_signal(&bed, RECEIVE);
    loop_serve_ready(&bed.loop);
    ck_assert(fake_machine_gsi_level(&bed.machine, INTERRUPTS_BED_GSI));
    interrupts_bed_use_msix(&bed);
    ck_assert(!fake_machine_gsi_level(&bed.machine, INTERRUPTS_BED_GSI));
    interrupts_bed_signal(&bed, TRANSMIT);
    ck_assert_uint_eq(loop_serve_ready(&bed.loop), 0);
    ck_assert_uint_eq(interrupts_bed_raised(&bed, TRANSMIT), 1);
    ck_assert(!(pci_function_read(&bed.function, PCI_STATUS, 2) &
                PCI_STATUS_INTERRUPT));
}
END_TEST

START_TEST(sources_without_a_vector_are_not_polled_under_msix)
{
    interrupts_bed_set_flags(&bed, PCI_MSIX_FLAGS_ENABLE);
    for (unsigned i = 0; i < INTERRUPTS_BED_NUM_SOURCES; i++)
        interrupts_bed_signal(&bed, i);
    ck_assert_uint_eq(loop_serve_ready(&bed.loop), 0);
    ck_assert_uint_eq(virtio_interrupts_read_isr(&bed.interrupts), 0);
}
END_TEST

START_TEST(events_that_waited_come_by_the_line_when_msix_goes)
{
    interrupts_bed_use_msix(&bed);
    interrupts_bed_set_mask(&bed, RECEIVE, true);
    interrupts_bed_signal(&bed, RECEIVE);
    interrupts_bed_set_flags(&bed, 0);
    for (unsigned i = 0; i < INTERRUPTS_BED_NUM_SOURCES; i++)
        ck_assert(!interrupts_bed_is_connected(&bed, i));
    loop_serve_ready(&bed.loop);
    ck_assert(fake_machine_gsi_level(&bed.machine, INTERRUPTS_BED_GSI));
    ck_assert_uint_eq(virtio_interrupts_read_isr(&bed.interrupts), 1);
    ck_assert_uint_eq(interrupts_bed_raised(&bed, RECEIVE), 0);
}
END_TEST

/* ---- Reset --------------------------------------------------------------- */

START_TEST(device_reset_drops_vectors_and_events)
{
    interrupts_bed_use_msix(&bed);
    interrupts_bed_set_mask(&bed, RECEIVE, true);
    interrupts_bed_signal(&bed, RECEIVE);
    virtio_interrupts_reset_device(&bed.interrupts);
    for (unsigned i = 0; i < INTERRUPTS_BED_NUM_SOURCES; i++) {
        ck_assert_uint_eq(virtio_interrupts_get_vector(&bed.interrupts, i),
                          VIRTIO_MSI_NO_VECTOR);
        ck_assert(!interrupts_bed_is_connected(&bed, i));
    }
    ck_assert_uint_eq(interrupts_bed_pending_bits(&bed), 0);
    /* MSI-X is PCI's and stays: bound again, the vectors work again. */
    interrupts_bed_set_mask(&bed, RECEIVE, false);
    virtio_interrupts_set_vector(&bed.interrupts, RECEIVE, RECEIVE);
    ck_assert_uint_eq(interrupts_bed_raised(&bed, RECEIVE), 0);
    interrupts_bed_signal(&bed, RECEIVE);
    ck_assert_uint_eq(interrupts_bed_raised(&bed, RECEIVE), 1);
}
END_TEST

START_TEST(device_reset_drops_what_the_line_told)
{
    interrupts_bed_signal(&bed, RECEIVE);
    loop_serve_ready(&bed.loop);
    interrupts_bed_signal(&bed, TRANSMIT);
    virtio_interrupts_reset_device(&bed.interrupts);
    ck_assert(!fake_machine_gsi_level(&bed.machine, INTERRUPTS_BED_GSI));
    ck_assert_uint_eq(loop_serve_ready(&bed.loop), 0);
    ck_assert_uint_eq(virtio_interrupts_read_isr(&bed.interrupts), 0);
    interrupts_bed_signal(&bed, RECEIVE);
    loop_serve_ready(&bed.loop);
    ck_assert(fake_machine_gsi_level(&bed.machine, INTERRUPTS_BED_GSI));
}
END_TEST

START_TEST(power_on_state_is_the_line_without_msix)
{
    interrupts_bed_use_msix(&bed);
    interrupts_bed_signal(&bed, RECEIVE);
    pci_function_write(&bed.function, PCI_COMMAND, 2,
                       PCI_COMMAND_MEMORY | (uint16_t)PCI_COMMAND_INTX_DISABLE);
    virtio_interrupts_reset(&bed.interrupts);
    for (unsigned i = 0; i < INTERRUPTS_BED_NUM_SOURCES; i++)
        ck_assert(!interrupts_bed_is_connected(&bed, i));
    ck_assert_uint_eq(loop_serve_ready(&bed.loop), 0);
    interrupts_bed_signal(&bed, RECEIVE);
    loop_serve_ready(&bed.loop);
    ck_assert(fake_machine_gsi_level(&bed.machine, INTERRUPTS_BED_GSI));
}
END_TEST

START_TEST(eventfds_are_the_same_for_life)
{
    int before[INTERRUPTS_BED_NUM_SOURCES];

    for (unsigned i = 0; i < INTERRUPTS_BED_NUM_SOURCES; i++)
        before[i] = virtio_interrupts_eventfd(&bed.interrupts, i);
    interrupts_bed_use_msix(&bed);
    virtio_interrupts_reset_device(&bed.interrupts);
    interrupts_bed_set_flags(&bed, 0);
    virtio_interrupts_reset(&bed.interrupts);
    for (unsigned i = 0; i < INTERRUPTS_BED_NUM_SOURCES; i++)
        ck_assert_int_eq(virtio_interrupts_eventfd(&bed.interrupts, i),
                         before[i]);
}
END_TEST

static void add_tests(TCase *tcase)
{
    const TTest *const claims[] = {
        queue_event_sets_its_isr_bit_and_raises_the_line,
        configuration_has_an_isr_bit_of_its_own,
        line_rises_again_for_an_event_after_the_read,
        disabled_line_stays_low_but_status_tells,
        msix_ends_the_polling_and_the_line,
        sources_without_a_vector_are_not_polled_under_msix,
        events_that_waited_come_by_the_line_when_msix_goes,
        device_reset_drops_vectors_and_events,
        device_reset_drops_what_the_line_told,
        power_on_state_is_the_line_without_msix,
        eventfds_are_the_same_for_life,
    };

    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < ARRAY_SIZE(claims); i++)
        tcase_add_test(tcase, claims[i]);
}

int main(void)
{
    return check_main("virtio_interrupts_line", add_tests);
}
