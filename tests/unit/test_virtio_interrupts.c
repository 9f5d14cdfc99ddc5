/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_virtio_interrupts.c: the way of an event into the guest, and where it
 * waits when there is none.
 */
#include "devices/virtio_interrupts.h"
#include "tests/support/check_main.h"
#include "tests/support/fake_machine.h"
#include "tests/support/log_capture.h"
#include "tests/support/loop_steps.h"
#include "tests/support/open_fds.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/virtio_pci.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>

#define NUM_QUEUES  2U
#define NUM_SOURCES (NUM_QUEUES + 1)
#define MSIX_BAR    2U
#define BAR_GPA     UINT64_C(0xe0010000)
#define PBA_OFFSET  4096U
#define GSI         19U
#define CONFIG      VIRTIO_INTERRUPT_CONFIG
#define RECEIVE     VIRTIO_INTERRUPT_QUEUE(0)
#define TRANSMIT    VIRTIO_INTERRUPT_QUEUE(1)
/* What each vector's message has as data. */
#define DATA(vector) (0x4000U + (vector))

static struct bus mmio;
static struct pci_function function;
static struct event_loop loop;
static struct fake_machine machine;
static struct virtio_interrupts interrupts;
static struct log_capture capture;
static unsigned fds_before;

static void written(struct pci_function *of, unsigned offset, unsigned size)
{
    (void)of;
    virtio_interrupts_config_written(&interrupts, offset, size);
}

static void reading(struct pci_function *of, unsigned offset, unsigned size)
{
    (void)of;
    (void)offset;
    (void)size;
    virtio_interrupts_config_reading(&interrupts);
}

static const struct pci_function_ops function_ops = {
    .config_written = written,
    .config_reading = reading,
};
static const struct pci_identity identity = {.vendor = 0x1af4,
                                             .device = 0x1041};

static void setup(void)
{
    log_capture_start(&capture);
    fds_before = count_open_fds();
    bus_init(&mmio, "mmio");
    fake_machine_init(&machine);
    ck_assert_int_eq(event_loop_init(&loop), 0);
    pci_function_init(&function, "net", &identity, &function_ops, &mmio);
    function.gsi = GSI;
    ck_assert_int_eq(virtio_interrupts_init(&interrupts, &function, MSIX_BAR,
                                            NUM_QUEUES,
                                            fake_machine_port(&machine), &loop),
                     0);
    pci_function_assign_bar(&function, MSIX_BAR, BAR_GPA);
    pci_function_write(&function, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
}

/* Nothing stays behind, whatever the test did. */
static void teardown(void)
{
    pci_function_unmap(&function);
    pci_function_destroy(&function);
    virtio_interrupts_destroy(&interrupts);
    virtio_interrupts_destroy(&interrupts); /* may be called twice */
    ck_assert_uint_eq(machine.num_connections, 0);
    event_loop_destroy(&loop);
    fake_machine_destroy(&machine);
    bus_destroy(&mmio);
    ck_assert_uint_eq(count_open_fds(), fds_before);
    log_capture_stop();
}

static void write_table(uint64_t offset, uint32_t value)
{
    uint8_t bytes[4];

    store_le32(bytes, value);
    bus_write(&mmio, BAR_GPA + offset, bytes, sizeof(bytes));
}

static void set_mask(unsigned vector, bool masked)
{
    write_table((uint64_t)vector * MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL,
                masked);
}

static void program(unsigned vector)
{
    uint64_t entry = (uint64_t)vector * MSIX_ENTRY_SIZE;

    write_table(entry + PCI_MSIX_ENTRY_LOWER_ADDR, 0xfee00000);
    write_table(entry + PCI_MSIX_ENTRY_UPPER_ADDR, 0);
    write_table(entry + PCI_MSIX_ENTRY_DATA, DATA(vector));
    set_mask(vector, false);
}

static void set_flags(uint16_t flags)
{
    pci_function_write(&function, interrupts.msix.capability + PCI_MSIX_FLAGS,
                       2, flags);
}

/* As Linux starts: MSI-X on, a vector a source. */
static void use_msix(void)
{
    set_flags(PCI_MSIX_FLAGS_ENABLE);
    for (unsigned i = 0; i < NUM_SOURCES; i++) {
        program(i);
        virtio_interrupts_set_vector(&interrupts, i, (uint16_t)i);
        ck_assert_uint_eq(virtio_interrupts_get_vector(&interrupts, i), i);
    }
}

static void signal_source(unsigned source)
{
    ck_assert_int_eq(
        eventfd_write(virtio_interrupts_eventfd(&interrupts, source), 1), 0);
}

static unsigned pending_bits(void)
{
    uint8_t bytes[8];

    bus_read(&mmio, BAR_GPA + PBA_OFFSET, bytes, sizeof(bytes));
    return (unsigned)load_le64(bytes);
}

static unsigned raised(unsigned vector)
{
    return fake_machine_interrupts(&machine, DATA(vector));
}

static bool is_connected(unsigned source)
{
    bool connected = virtio_interrupts_is_connected(&interrupts, source);
    int eventfd = virtio_interrupts_eventfd(&interrupts, source);

    ck_assert_int_eq(connected,
                     fake_machine_connection(&machine, eventfd, NULL));
    return connected;
}

/* ---- MSI-X --------------------------------------------------------------- */

START_TEST(event_of_an_unmasked_vector_needs_no_thread_of_ours)
{
    use_msix();
    for (unsigned i = 0; i < NUM_SOURCES; i++) {
        ck_assert(is_connected(i));
        signal_source(i);
        ck_assert_uint_eq(raised(i), 1);
        ck_assert_uint_eq(virtio_interrupts_by_vmm(&interrupts, i), 0);
    }
    ck_assert_uint_eq(loop_serve_ready(&loop), 0);
    ck_assert_uint_eq(fake_machine_gsi_rises(&machine, GSI), 0);
    ck_assert_uint_eq(virtio_interrupts_read_isr(&interrupts), 0);
}
END_TEST

START_TEST(event_of_a_masked_vector_waits_and_shows_in_the_pending_bits)
{
    use_msix();
    set_mask(RECEIVE, true);
    ck_assert(!is_connected(RECEIVE));
    ck_assert_uint_eq(pending_bits(), 0);
    signal_source(RECEIVE);
    signal_source(RECEIVE);
    ck_assert_uint_eq(raised(RECEIVE), 0);
    ck_assert_uint_eq(pending_bits(), 1U << RECEIVE);
    ck_assert_uint_eq(pending_bits(), 1U << RECEIVE); /* looking is harmless */

    set_mask(RECEIVE, false);
    ck_assert(is_connected(RECEIVE));
    ck_assert_uint_eq(raised(RECEIVE), 1);
    ck_assert_uint_eq(pending_bits(), 0);
}
END_TEST

START_TEST(function_mask_holds_all_events_back)
{
    use_msix();
    set_flags(PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
    for (unsigned i = 0; i < NUM_SOURCES; i++) {
        ck_assert(!is_connected(i));
        signal_source(i);
    }
    ck_assert_uint_eq(pending_bits(), (1U << NUM_SOURCES) - 1);
    set_mask(TRANSMIT, true);
    set_flags(PCI_MSIX_FLAGS_ENABLE);
    ck_assert_uint_eq(raised(CONFIG), 1);
    ck_assert_uint_eq(raised(RECEIVE), 1);
    ck_assert_uint_eq(raised(TRANSMIT), 0);
    ck_assert_uint_eq(pending_bits(), 1U << TRANSMIT);
}
END_TEST

START_TEST(new_message_is_used_from_then_on)
{
    struct msi_message message;

    use_msix();
    set_mask(RECEIVE, true);
    write_table(RECEIVE * MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_DATA, 0x77);
    write_table(RECEIVE * MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_UPPER_ADDR, 0x12);
    signal_source(RECEIVE);
    set_mask(RECEIVE, false);
    ck_assert_uint_eq(fake_machine_interrupts(&machine, 0x77), 1);
    ck_assert_uint_eq(raised(RECEIVE), 0);
    /* Linux moves an interrupt without masking it, too. */
    write_table(RECEIVE * MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_DATA, 0x78);
    ck_assert(fake_machine_connection(
        &machine, virtio_interrupts_eventfd(&interrupts, RECEIVE), &message));
    ck_assert_uint_eq(message.data, 0x78);
    ck_assert_uint_eq(message.address, 0x12fee00000);
}
END_TEST

START_TEST(vector_that_does_not_exist_reads_back_as_none)
{
    use_msix();
    virtio_interrupts_set_vector(&interrupts, RECEIVE, NUM_SOURCES);
    ck_assert_uint_eq(virtio_interrupts_get_vector(&interrupts, RECEIVE),
                      VIRTIO_MSI_NO_VECTOR);
    ck_assert(!is_connected(RECEIVE));
    virtio_interrupts_set_vector(&interrupts, TRANSMIT, 0xfffe);
    ck_assert_uint_eq(virtio_interrupts_get_vector(&interrupts, TRANSMIT),
                      VIRTIO_MSI_NO_VECTOR);
    virtio_interrupts_set_vector(&interrupts, CONFIG, VIRTIO_MSI_NO_VECTOR);
    ck_assert(!is_connected(CONFIG));
    /* An event without a vector is nobody's pending bit. */
    signal_source(CONFIG);
    ck_assert_uint_eq(pending_bits(), 0);
}
END_TEST

START_TEST(vector_that_cannot_be_connected_reads_back_as_none)
{
    use_msix();
    virtio_interrupts_set_vector(&interrupts, RECEIVE, VIRTIO_MSI_NO_VECTOR);
    fake_machine_fail(&machine, 1, -ENOSPC);
    virtio_interrupts_set_vector(&interrupts, RECEIVE, RECEIVE);
    ck_assert_uint_eq(virtio_interrupts_get_vector(&interrupts, RECEIVE),
                      VIRTIO_MSI_NO_VECTOR);
    ck_assert(!is_connected(RECEIVE));
    virtio_interrupts_set_vector(&interrupts, RECEIVE, RECEIVE);
    ck_assert(is_connected(RECEIVE));
}
END_TEST

START_TEST(machine_without_a_free_route_costs_vectors_alone)
{
    machine.max_connections = 1;
    set_flags(PCI_MSIX_FLAGS_ENABLE);
    for (unsigned i = 0; i < NUM_SOURCES; i++) {
        program(i);
        virtio_interrupts_set_vector(&interrupts, i, (uint16_t)i);
    }
    ck_assert_uint_eq(virtio_interrupts_get_vector(&interrupts, CONFIG), 0);
    ck_assert_uint_eq(virtio_interrupts_get_vector(&interrupts, RECEIVE),
                      VIRTIO_MSI_NO_VECTOR);
    ck_assert(is_connected(CONFIG));
}
END_TEST

/* The source was connected: it may not go on with the message of before. */
START_TEST(failure_to_reconnect_leaves_no_connection_behind)
{
    use_msix();
    fake_machine_fail(&machine, 1, -EIO);
    write_table(RECEIVE * MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_DATA, 0x99);
    ck_assert_uint_eq(virtio_interrupts_get_vector(&interrupts, RECEIVE),
                      VIRTIO_MSI_NO_VECTOR);
    ck_assert(!is_connected(RECEIVE));
    ck_assert(is_connected(TRANSMIT));
}
END_TEST

START_TEST(failure_to_unmask_costs_the_vector)
{
    use_msix();
    set_mask(RECEIVE, true);
    fake_machine_fail(&machine, 1, -EIO);
    set_mask(RECEIVE, false);
    ck_assert_uint_eq(virtio_interrupts_get_vector(&interrupts, RECEIVE),
                      VIRTIO_MSI_NO_VECTOR);
    set_flags(PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
    fake_machine_fail(&machine, 1, -EIO);
    set_flags(PCI_MSIX_FLAGS_ENABLE);
    ck_assert_uint_eq(virtio_interrupts_get_vector(&interrupts, CONFIG),
                      VIRTIO_MSI_NO_VECTOR);
    ck_assert(is_connected(TRANSMIT));
}
END_TEST

START_TEST(two_queues_may_share_a_vector)
{
    use_msix();
    virtio_interrupts_set_vector(&interrupts, TRANSMIT, RECEIVE);
    signal_source(RECEIVE);
    ck_assert_uint_eq(raised(RECEIVE), 1);
    signal_source(TRANSMIT);
    ck_assert_uint_eq(raised(RECEIVE), 2);

    set_mask(RECEIVE, true);
    ck_assert(!is_connected(RECEIVE));
    ck_assert(!is_connected(TRANSMIT));
    signal_source(TRANSMIT);
    ck_assert_uint_eq(pending_bits(), 1U << RECEIVE);
    set_mask(RECEIVE, false);
    ck_assert_uint_eq(raised(RECEIVE), 3);
    ck_assert_uint_eq(pending_bits(), 0);
}
END_TEST

START_TEST(vectors_bound_before_msix_is_on_work_when_it_is)
{
    for (unsigned i = 0; i < NUM_SOURCES; i++) {
        program(i);
        virtio_interrupts_set_vector(&interrupts, i, (uint16_t)i);
        ck_assert(!is_connected(i));
    }
    set_flags(PCI_MSIX_FLAGS_ENABLE);
    for (unsigned i = 0; i < NUM_SOURCES; i++)
        ck_assert(is_connected(i));
}
END_TEST

/* ---- INTA# --------------------------------------------------------------- */

START_TEST(queue_event_sets_its_isr_bit_and_raises_the_line)
{
    signal_source(TRANSMIT);
    ck_assert(!fake_machine_gsi_level(&machine, GSI));
    ck_assert_uint_eq(loop_serve_ready(&loop), 1);
    ck_assert(fake_machine_gsi_level(&machine, GSI));
    ck_assert_uint_eq(virtio_interrupts_by_vmm(&interrupts, TRANSMIT), 1);
    ck_assert_uint_eq(virtio_interrupts_by_vmm(&interrupts, RECEIVE), 0);

    ck_assert_uint_eq(virtio_interrupts_read_isr(&interrupts), 1);
    ck_assert(!fake_machine_gsi_level(&machine, GSI));
    ck_assert_uint_eq(virtio_interrupts_read_isr(&interrupts), 0);
    ck_assert_uint_eq(loop_serve_ready(&loop), 0);
}
END_TEST

START_TEST(configuration_has_an_isr_bit_of_its_own)
{
    signal_source(CONFIG);
    loop_serve_ready(&loop);
    ck_assert_uint_eq(virtio_interrupts_read_isr(&interrupts), 2);
    signal_source(CONFIG);
    signal_source(RECEIVE);
    loop_serve_ready(&loop);
    ck_assert_uint_eq(fake_machine_gsi_rises(&machine, GSI), 2);
    ck_assert_uint_eq(virtio_interrupts_read_isr(&interrupts), 3);
}
END_TEST

START_TEST(line_rises_again_for_an_event_after_the_read)
{
    for (unsigned i = 1; i <= 3; i++) {
        signal_source(RECEIVE);
        loop_serve_ready(&loop);
        ck_assert_uint_eq(fake_machine_gsi_rises(&machine, GSI), i);
        ck_assert_uint_eq(virtio_interrupts_read_isr(&interrupts), 1);
    }
    ck_assert_uint_eq(virtio_interrupts_by_vmm(&interrupts, RECEIVE), 3);
}
END_TEST

START_TEST(disabled_line_stays_low_but_status_tells)
{
    uint16_t on = PCI_COMMAND_MEMORY;

    pci_function_write(&function, PCI_COMMAND, 2,
                       on | (uint16_t)PCI_COMMAND_INTX_DISABLE);
    signal_source(RECEIVE);
    loop_serve_ready(&loop);
    ck_assert(!fake_machine_gsi_level(&machine, GSI));
    ck_assert(pci_function_read(&function, PCI_STATUS, 2) &
              PCI_STATUS_INTERRUPT);
    pci_function_write(&function, PCI_COMMAND, 2, on);
    ck_assert(fake_machine_gsi_level(&machine, GSI));
    pci_function_write(&function, PCI_COMMAND, 2,
                       on | (uint16_t)PCI_COMMAND_INTX_DISABLE);
    ck_assert(!fake_machine_gsi_level(&machine, GSI));
    ck_assert_uint_eq(virtio_interrupts_read_isr(&interrupts), 1);
    ck_assert(
        !(pci_function_read(&function, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT));
}
END_TEST

START_TEST(msix_ends_the_polling_and_the_line)
{
    signal_source(RECEIVE);
    loop_serve_ready(&loop);
    ck_assert(fake_machine_gsi_level(&machine, GSI));
    use_msix();
    ck_assert(!fake_machine_gsi_level(&machine, GSI));
    signal_source(TRANSMIT);
    ck_assert_uint_eq(loop_serve_ready(&loop), 0);
    ck_assert_uint_eq(raised(TRANSMIT), 1);
    ck_assert(
        !(pci_function_read(&function, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT));
}
END_TEST

START_TEST(sources_without_a_vector_are_not_polled_under_msix)
{
    set_flags(PCI_MSIX_FLAGS_ENABLE);
    for (unsigned i = 0; i < NUM_SOURCES; i++)
        signal_source(i);
    ck_assert_uint_eq(loop_serve_ready(&loop), 0);
    ck_assert_uint_eq(virtio_interrupts_read_isr(&interrupts), 0);
}
END_TEST

START_TEST(events_that_waited_come_by_the_line_when_msix_goes)
{
    use_msix();
    set_mask(RECEIVE, true);
    signal_source(RECEIVE);
    set_flags(0);
    for (unsigned i = 0; i < NUM_SOURCES; i++)
        ck_assert(!is_connected(i));
    loop_serve_ready(&loop);
    ck_assert(fake_machine_gsi_level(&machine, GSI));
    ck_assert_uint_eq(virtio_interrupts_read_isr(&interrupts), 1);
    ck_assert_uint_eq(raised(RECEIVE), 0);
}
END_TEST

/* ---- Reset --------------------------------------------------------------- */

START_TEST(device_reset_drops_vectors_and_events)
{
    use_msix();
    set_mask(RECEIVE, true);
    signal_source(RECEIVE);
    virtio_interrupts_reset_device(&interrupts);
    for (unsigned i = 0; i < NUM_SOURCES; i++) {
        ck_assert_uint_eq(virtio_interrupts_get_vector(&interrupts, i),
                          VIRTIO_MSI_NO_VECTOR);
        ck_assert(!is_connected(i));
    }
    ck_assert_uint_eq(pending_bits(), 0);
    /* MSI-X is PCI's and stays: bound again, the vectors work again. */
    set_mask(RECEIVE, false);
    virtio_interrupts_set_vector(&interrupts, RECEIVE, RECEIVE);
    ck_assert_uint_eq(raised(RECEIVE), 0);
    signal_source(RECEIVE);
    ck_assert_uint_eq(raised(RECEIVE), 1);
}
END_TEST

START_TEST(device_reset_drops_what_the_line_told)
{
    signal_source(RECEIVE);
    loop_serve_ready(&loop);
    signal_source(TRANSMIT);
    virtio_interrupts_reset_device(&interrupts);
    ck_assert(!fake_machine_gsi_level(&machine, GSI));
    ck_assert_uint_eq(loop_serve_ready(&loop), 0);
    ck_assert_uint_eq(virtio_interrupts_read_isr(&interrupts), 0);
    signal_source(RECEIVE);
    loop_serve_ready(&loop);
    ck_assert(fake_machine_gsi_level(&machine, GSI));
}
END_TEST

START_TEST(power_on_state_is_the_line_without_msix)
{
    use_msix();
    signal_source(RECEIVE);
    pci_function_write(&function, PCI_COMMAND, 2,
                       PCI_COMMAND_MEMORY | (uint16_t)PCI_COMMAND_INTX_DISABLE);
    virtio_interrupts_reset(&interrupts);
    for (unsigned i = 0; i < NUM_SOURCES; i++)
        ck_assert(!is_connected(i));
    ck_assert_uint_eq(loop_serve_ready(&loop), 0);
    signal_source(RECEIVE);
    loop_serve_ready(&loop);
    ck_assert(fake_machine_gsi_level(&machine, GSI));
}
END_TEST

START_TEST(eventfds_are_the_same_for_life)
{
    int before[NUM_SOURCES];

    for (unsigned i = 0; i < NUM_SOURCES; i++)
        before[i] = virtio_interrupts_eventfd(&interrupts, i);
    use_msix();
    virtio_interrupts_reset_device(&interrupts);
    set_flags(0);
    virtio_interrupts_reset(&interrupts);
    for (unsigned i = 0; i < NUM_SOURCES; i++)
        ck_assert_int_eq(virtio_interrupts_eventfd(&interrupts, i), before[i]);
}
END_TEST

/* ---- With the loop on its own thread ------------------------------------- */

static void *run_loop(void *result)
{
    *(int *)result = event_loop_run(&loop);
    return NULL;
}

static void *send_events(void *unused)
{
    for (unsigned i = 0; i < 2000; i++)
        signal_source(i % NUM_SOURCES);
    return unused;
}

/* Until the loop has taken every event; whatever it makes of the last, it does
 * with the lock held that the tests' next look takes. */
static void await_no_event(void)
{
    for (unsigned i = 0; i < NUM_SOURCES; i++) {
        struct pollfd event = {.fd = virtio_interrupts_eventfd(&interrupts, i),
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
        use_msix();
        set_mask(i % NUM_SOURCES, true);
        (void)pending_bits();
        set_flags(0);
        (void)virtio_interrupts_read_isr(&interrupts);
        if (i % 50 == 0)
            virtio_interrupts_reset_device(&interrupts);
    }
    pthread_join(sender, NULL);
    await_no_event();
    carried = virtio_interrupts_by_vmm(&interrupts, RECEIVE);
    (void)virtio_interrupts_read_isr(&interrupts);
    /* The last event is not lost: the loop gets it. */
    signal_source(RECEIVE);
    await_no_event();
    ck_assert_uint_eq(virtio_interrupts_by_vmm(&interrupts, RECEIVE),
                      carried + 1);
    ck_assert(fake_machine_gsi_level(&machine, GSI));
    ck_assert_uint_eq(virtio_interrupts_read_isr(&interrupts), 1);
    event_loop_stop(&loop);
    pthread_join(io_thread, NULL);
    ck_assert_int_eq(result, 0);
    ck_assert(!fake_machine_gsi_level(&machine, GSI));
}
END_TEST

static void add_msix_tests(TCase *tcase)
{
    tcase_add_test(tcase, event_of_an_unmasked_vector_needs_no_thread_of_ours);
    tcase_add_test(
        tcase, event_of_a_masked_vector_waits_and_shows_in_the_pending_bits);
    tcase_add_test(tcase, function_mask_holds_all_events_back);
    tcase_add_test(tcase, new_message_is_used_from_then_on);
    tcase_add_test(tcase, vector_that_does_not_exist_reads_back_as_none);
    tcase_add_test(tcase, vector_that_cannot_be_connected_reads_back_as_none);
    tcase_add_test(tcase, machine_without_a_free_route_costs_vectors_alone);
    tcase_add_test(tcase, failure_to_reconnect_leaves_no_connection_behind);
    tcase_add_test(tcase, failure_to_unmask_costs_the_vector);
    tcase_add_test(tcase, two_queues_may_share_a_vector);
    tcase_add_test(tcase, vectors_bound_before_msix_is_on_work_when_it_is);
}

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    add_msix_tests(tcase);
    tcase_add_test(tcase, queue_event_sets_its_isr_bit_and_raises_the_line);
    tcase_add_test(tcase, configuration_has_an_isr_bit_of_its_own);
    tcase_add_test(tcase, line_rises_again_for_an_event_after_the_read);
    tcase_add_test(tcase, disabled_line_stays_low_but_status_tells);
    tcase_add_test(tcase, msix_ends_the_polling_and_the_line);
    tcase_add_test(tcase, sources_without_a_vector_are_not_polled_under_msix);
    tcase_add_test(tcase, events_that_waited_come_by_the_line_when_msix_goes);
    tcase_add_test(tcase, device_reset_drops_vectors_and_events);
    tcase_add_test(tcase, device_reset_drops_what_the_line_told);
    tcase_add_test(tcase, power_on_state_is_the_line_without_msix);
    tcase_add_test(tcase, eventfds_are_the_same_for_life);
    tcase_add_test(tcase, switching_msix_on_and_off_under_load_harms_nothing);
}

int main(void)
{
    return check_main("virtio_interrupts", add_tests);
}
