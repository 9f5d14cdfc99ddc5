/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_serial.c: the UART as a driver sees it, and as its owner does.
 */
#include "devices/serial.h"
#include "tests/support/check_main.h"
#include "vmm/bytes.h"

#include <linux/serial_reg.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define BASE        0x3f8U
#define NO_INT      0x01U
#define FIFO_ID     0xc0U
#define SENT_LIMIT  4096U
#define IDLE_STATUS (UART_LSR_THRE | UART_LSR_TEMT)

static struct bus ports;
static struct serial serial;
static char sent[SENT_LIMIT];
static size_t sent_count;
static bool irq;
static unsigned irq_changes;
static atomic_uint ready_calls;
/* What transmit saw of the interrupt: a byte is out before it rises. */
static bool irq_at_transmit;

static void transmit(void *owner, const uint8_t *bytes, size_t count)
{
    ck_assert_ptr_eq(owner, &sent);
    irq_at_transmit = irq;
    for (size_t i = 0; i < count && sent_count < SENT_LIMIT - 1; i++)
        sent[sent_count++] = (char)bytes[i];
    sent[sent_count] = '\0';
}

static void set_irq(void *owner, bool high)
{
    ck_assert_ptr_eq(owner, &sent);
    ck_assert(irq != high); /* changes only */
    irq = high;
    irq_changes++;
}

static void receive_ready(void *owner)
{
    ck_assert_ptr_eq(owner, &sent);
    atomic_fetch_add(&ready_calls, 1);
}

static const struct serial_ops ops = {
    .transmit = transmit,
    .set_irq = set_irq,
    .receive_ready = receive_ready,
};
static const struct serial_ops deaf_ops = {
    .transmit = transmit,
    .set_irq = set_irq,
};

static void setup(void)
{
    sent_count = 0;
    sent[0] = '\0';
    irq = false;
    irq_changes = 0;
    atomic_store(&ready_calls, 0);
    bus_init(&ports, "ports");
    serial_init(&serial, BASE, &ops, &sent);
    ck_assert_int_eq(bus_add(&ports, &serial.region), 0);
}

static void teardown(void)
{
    bus_remove(&ports, &serial.region);
    serial_destroy(&serial);
    bus_destroy(&ports);
}

static uint8_t in(unsigned number)
{
    uint8_t value;

    bus_read(&ports, BASE + number, &value, 1);
    return value;
}

static void out(unsigned number, unsigned value)
{
    uint8_t byte = (uint8_t)value;

    bus_write(&ports, BASE + number, &byte, 1);
}

static size_t receive(const char *text)
{
    return serial_receive(&serial, (const uint8_t *)text, strlen(text));
}

static void fill_receiver(void)
{
    uint8_t bytes[SERIAL_FIFO_SIZE + 10] = {0};

    ck_assert_uint_eq(serial_receive(&serial, bytes, sizeof(bytes)),
                      SERIAL_FIFO_SIZE);
}

START_TEST(registers_start_as_after_master_reset)
{
    out(UART_LSR, 0xff); /* read-only, both */
    out(UART_MSR, 0xff);
    ck_assert_uint_eq(in(UART_IER), 0);
    ck_assert_uint_eq(in(UART_IIR), NO_INT);
    ck_assert_uint_eq(in(UART_LCR), 0);
    ck_assert_uint_eq(in(UART_MCR), 0);
    ck_assert_uint_eq(in(UART_LSR), IDLE_STATUS);
    ck_assert_uint_eq(in(UART_MSR), UART_MSR_CTS | UART_MSR_DSR | UART_MSR_DCD);
    ck_assert_uint_eq(in(UART_RX), 0);
    ck_assert_uint_eq(irq_changes, 0);
}
END_TEST

START_TEST(written_bytes_are_transmitted_in_order)
{
    out(UART_TX, 'h');
    out(UART_TX, 'i');
    ck_assert_str_eq(sent, "hi");
    ck_assert_uint_eq(in(UART_LSR), IDLE_STATUS);
}
END_TEST

START_TEST(received_bytes_are_read_in_order)
{
    ck_assert_uint_eq(receive("abc"), 3);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_uint_eq(in(UART_LSR), IDLE_STATUS | UART_LSR_DR);
        ck_assert_uint_eq(in(UART_RX), 'a' + i);
    }
    ck_assert_uint_eq(in(UART_LSR), IDLE_STATUS);
    ck_assert_uint_eq(in(UART_RX), 0);
}
END_TEST

START_TEST(full_receiver_takes_no_more_and_asks_when_half_empty)
{
    fill_receiver();
    ck_assert_uint_eq(receive("x"), 0);
    for (unsigned i = 0; i < SERIAL_FIFO_SIZE / 2 - 1; i++)
        in(UART_RX);
    ck_assert_uint_eq(ready_calls, 0);
    in(UART_RX);
    ck_assert_uint_eq(ready_calls, 1);
    in(UART_RX);
    ck_assert_uint_eq(ready_calls, 1); /* asked once */
    ck_assert_uint_eq(receive("x"), 1);
}
END_TEST

START_TEST(receiver_that_took_everything_asks_for_nothing)
{
    ck_assert_uint_eq(receive("abc"), 3);
    ck_assert_uint_eq(serial_receive(&serial, NULL, 0), 0);
    for (unsigned i = 0; i < 3; i++)
        in(UART_RX);
    ck_assert_uint_eq(ready_calls, 0);
}
END_TEST

START_TEST(clearing_a_full_receiver_asks_for_more)
{
    fill_receiver();
    out(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR);
    ck_assert_uint_eq(ready_calls, 1);
    ck_assert_uint_eq(in(UART_LSR), IDLE_STATUS);
}
END_TEST

START_TEST(owner_may_do_without_being_asked)
{
    serial.ops = &deaf_ops;
    fill_receiver();
    for (unsigned i = 0; i < SERIAL_FIFO_SIZE; i++)
        in(UART_RX);
    fill_receiver();
    serial_reset(&serial);
}
END_TEST

START_TEST(switching_the_fifo_clears_it)
{
    receive("abc");
    out(UART_FCR, UART_FCR_ENABLE_FIFO);
    ck_assert_uint_eq(in(UART_LSR), IDLE_STATUS);
    receive("abc");
    out(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_XMIT);
    ck_assert_uint_eq(in(UART_LSR), IDLE_STATUS | UART_LSR_DR);
    out(UART_FCR, 0);
    ck_assert_uint_eq(in(UART_LSR), IDLE_STATUS);
}
END_TEST

START_TEST(divisor_hides_behind_dlab)
{
    receive("a");
    out(UART_IER, UART_IER_RLSI);
    out(UART_LCR, UART_LCR_DLAB | UART_LCR_WLEN8);
    out(UART_DLL, 0x34);
    out(UART_DLM, 0x12);
    ck_assert_uint_eq(in(UART_DLL), 0x34);
    ck_assert_uint_eq(in(UART_DLM), 0x12);
    ck_assert_uint_eq(in(UART_LCR), UART_LCR_DLAB | UART_LCR_WLEN8);
    out(UART_LCR, UART_LCR_WLEN8);
    ck_assert_uint_eq(in(UART_IER), UART_IER_RLSI);
    ck_assert_uint_eq(in(UART_RX), 'a');
    ck_assert_str_eq(sent, "");
}
END_TEST

START_TEST(enabling_the_transmit_interrupt_raises_it)
{
    for (unsigned i = 0; i < 2; i++) { /* Linux tries twice: UART_BUG_THRE */
        out(UART_IER, UART_IER_THRI);
        ck_assert(irq);
        ck_assert_uint_eq(in(UART_IIR), UART_IIR_THRI);
        ck_assert(!irq);              /* reading its cause takes it back */
        out(UART_IER, UART_IER_THRI); /* nothing new */
        ck_assert_uint_eq(in(UART_IIR), NO_INT);
        out(UART_IER, 0);
    }
}
END_TEST

START_TEST(sent_byte_raises_the_transmit_interrupt_afterwards)
{
    out(UART_IER, UART_IER_THRI);
    in(UART_IIR);
    irq_changes = 0;
    out(UART_TX, 'x');
    ck_assert(!irq_at_transmit);
    ck_assert(irq);
    ck_assert_uint_eq(irq_changes, 1);
    ck_assert_uint_eq(in(UART_IIR), UART_IIR_THRI);
    ck_assert(!irq);
}
END_TEST

START_TEST(received_byte_raises_the_interrupt_until_read)
{
    out(UART_IER, UART_IER_RDI);
    receive("ab");
    ck_assert(irq);
    ck_assert_uint_eq(in(UART_IIR), UART_IIR_RDI);
    ck_assert(irq); /* its cause is still there */
    in(UART_RX);
    ck_assert(irq);
    in(UART_RX);
    ck_assert(!irq);
    ck_assert_uint_eq(irq_changes, 2);
}
END_TEST

START_TEST(fewer_bytes_than_the_trigger_time_out)
{
    out(UART_IER, UART_IER_RDI);
    out(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_R_TRIG_11); /* 14 */
    receive("0123456789abc");
    ck_assert_uint_eq(in(UART_IIR), FIFO_ID | UART_IIR_RX_TIMEOUT);
    receive("d");
    ck_assert_uint_eq(in(UART_IIR), FIFO_ID | UART_IIR_RDI);
    in(UART_RX);
    ck_assert_uint_eq(in(UART_IIR), FIFO_ID | UART_IIR_RX_TIMEOUT);
}
END_TEST

START_TEST(break_is_a_zero_with_a_mark_that_reading_clears)
{
    out(UART_IER, UART_IER_RLSI);
    serial_receive_break(&serial);
    ck_assert(irq);
    ck_assert_uint_eq(in(UART_IIR), UART_IIR_RLSI);
    ck_assert_uint_eq(in(UART_LSR), IDLE_STATUS | UART_LSR_DR | UART_LSR_BI);
    ck_assert(!irq);
    ck_assert_uint_eq(in(UART_LSR), IDLE_STATUS | UART_LSR_DR);
    ck_assert_uint_eq(in(UART_RX), 0);
    ck_assert_uint_eq(in(UART_LSR), IDLE_STATUS);
}
END_TEST

START_TEST(interrupt_waits_for_its_enable_bit)
{
    receive("a");
    ck_assert(!irq);
    ck_assert_uint_eq(in(UART_IIR), NO_INT);
    out(UART_IER, UART_IER_RDI);
    ck_assert(irq);
    out(UART_IER, 0);
    ck_assert(!irq);
}
END_TEST

START_TEST(causes_come_by_priority)
{
    out(UART_MCR, UART_MCR_LOOP);
    out(UART_IER, 0x0f);
    for (unsigned i = 0; i <= SERIAL_FIFO_SIZE; i++)
        out(UART_TX, 'x'); /* the last overruns */
    ck_assert_uint_eq(in(UART_IIR), UART_IIR_RLSI);
    ck_assert_uint_eq(in(UART_LSR), IDLE_STATUS | UART_LSR_DR | UART_LSR_OE);
    ck_assert_uint_eq(in(UART_LSR), IDLE_STATUS | UART_LSR_DR);
    ck_assert_uint_eq(in(UART_IIR), UART_IIR_RDI);
    out(UART_FCR, UART_FCR_CLEAR_RCVR);
    ck_assert_uint_eq(in(UART_IIR), UART_IIR_THRI);
    ck_assert_uint_eq(in(UART_IIR), UART_IIR_MSI);
    ck_assert(irq);
    in(UART_MSR);
    ck_assert_uint_eq(in(UART_IIR), NO_INT);
    ck_assert(!irq);
}
END_TEST

START_TEST(loopback_cuts_both_directions)
{
    out(UART_MCR, UART_MCR_LOOP);
    out(UART_TX, 'l');
    ck_assert_uint_eq(in(UART_RX), 'l');
    ck_assert_str_eq(sent, "");
    ck_assert_uint_eq(receive("abc"), 0); /* not lost: it waits */
    ck_assert_uint_eq(ready_calls, 0);
    out(UART_MCR, 0);
    ck_assert_uint_eq(ready_calls, 1);
    ck_assert_uint_eq(receive("abc"), 3);
}
END_TEST

START_TEST(loopback_returns_modem_lines)
{
    static const struct {
        uint8_t control, lines;
    } pairs[] = {
        {0, 0},
        {UART_MCR_RTS, UART_MSR_CTS},
        {UART_MCR_DTR, UART_MSR_DSR},
        {UART_MCR_OUT1, UART_MSR_RI},
        {UART_MCR_OUT2, UART_MSR_DCD},
        {UART_MCR_OUT2 | UART_MCR_RTS, UART_MSR_DCD | UART_MSR_CTS},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(pairs); i++) {
        out(UART_MCR, UART_MCR_LOOP | pairs[i].control);
        ck_assert_uint_eq(in(UART_MSR)&0xf0, pairs[i].lines);
    }
}
END_TEST

START_TEST(modem_changes_are_told_once)
{
    out(UART_MCR, UART_MCR_LOOP);
    ck_assert_uint_eq(in(UART_MSR),
                      UART_MSR_DCTS | UART_MSR_DDSR | UART_MSR_DDCD);
    ck_assert_uint_eq(in(UART_MSR), 0);
    out(UART_MCR, UART_MCR_LOOP | UART_MCR_OUT1);
    ck_assert_uint_eq(in(UART_MSR), UART_MSR_RI); /* counts when it goes */
    out(UART_MCR, UART_MCR_LOOP);
    ck_assert_uint_eq(in(UART_MSR), UART_MSR_TERI);
}
END_TEST

/* The steps by which Linux's 8250 driver tells a 16550A from its kin. */
START_TEST(linux_finds_a_16550a)
{
    unsigned id;

    out(UART_IER, 0);
    ck_assert_uint_eq(in(UART_IER)&0x0f, 0);
    out(UART_IER, 0x0f);
    ck_assert_uint_eq(in(UART_IER), 0x0f); /* no XScale: bit 6 stays 0 */
    out(UART_IER, 0);

    out(UART_MCR, UART_MCR_LOOP | UART_MCR_OUT2 | UART_MCR_RTS);
    ck_assert_uint_eq(in(UART_MSR)&0xf0, UART_MSR_DCD | UART_MSR_CTS);
    out(UART_MCR, 0);

    out(UART_LCR, UART_LCR_CONF_MODE_B);
    out(UART_EFR, 0);
    out(UART_LCR, 0);
    out(UART_FCR, UART_FCR_ENABLE_FIFO);
    ck_assert_uint_eq(in(UART_IIR)&0xc0, 0xc0);

    out(UART_LCR, UART_LCR_CONF_MODE_A);
    ck_assert_uint_ne(in(UART_EFR), 0); /* no 16650 */
    out(UART_LCR, UART_LCR_CONF_MODE_B);
    ck_assert_uint_ne(in(UART_EFR), 0); /* no 16850 */
    out(UART_LCR, 0);
    out(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR7_64BYTE);
    id = in(UART_IIR);
    out(UART_LCR, UART_LCR_CONF_MODE_A);
    out(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR7_64BYTE);
    ck_assert_uint_eq(id >> 5, 6);
    ck_assert_uint_eq(in(UART_IIR) >> 5, 6); /* no 16750 */
    out(UART_LCR, 0);

    for (unsigned value = 0; value < 256; value++) {
        out(UART_SCR, value);
        ck_assert_uint_eq(in(UART_SCR), value);
    }
}
END_TEST

START_TEST(wider_accesses_are_that_many_bytes)
{
    uint8_t bytes[4] = {'a', 0x05, 0x01, 0x03};

    bus_write(&ports, BASE, bytes, 4);
    ck_assert_str_eq(sent, "a");
    bus_read(&ports, BASE, bytes, 4);
    ck_assert_uint_eq(load_le32(bytes), 0x03c10500);
    /* Not beyond the last register. */
    bus_read(&ports, BASE + UART_SCR, bytes, 2);
    ck_assert_uint_eq(load_le16(bytes), 0xffff);
}
END_TEST

START_TEST(reset_forgets_what_the_guest_did)
{
    out(UART_IER, 0x0f);
    out(UART_LCR, UART_LCR_DLAB);
    out(UART_FCR, UART_FCR_ENABLE_FIFO);
    out(UART_MCR, UART_MCR_LOOP | UART_MCR_OUT1);
    serial_receive(&serial, (const uint8_t[]){1, 2, 3}, 3);
    ck_assert(irq);
    serial_reset(&serial);
    ck_assert(!irq);
    ck_assert_uint_eq(ready_calls, 1);
    ck_assert_uint_eq(in(UART_IER), 0);
    ck_assert_uint_eq(in(UART_IIR), NO_INT);
    ck_assert_uint_eq(in(UART_LCR), 0);
    ck_assert_uint_eq(in(UART_MCR), 0);
    ck_assert_uint_eq(in(UART_LSR), IDLE_STATUS);
    ck_assert_uint_eq(in(UART_MSR)&0x0f, 0);
}
END_TEST

#define STREAM_LENGTH 20000U

static void *feed(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < STREAM_LENGTH;) {
        uint8_t byte = (uint8_t)i;

        if (serial_receive(&serial, &byte, 1) == 1) {
            i++;
            continue;
        }
        /* Refused: it must ask. */
        while (atomic_exchange(&ready_calls, 0) == 0)
            sched_yield();
    }
    return NULL;
}

START_TEST(stream_from_another_thread_loses_nothing)
{
    pthread_t feeder;

    ck_assert_int_eq(pthread_create(&feeder, NULL, feed, NULL), 0);
    for (unsigned i = 0; i < STREAM_LENGTH;) {
        if (!(in(UART_LSR)&UART_LSR_DR)) {
            sched_yield();
            continue;
        }
        ck_assert_uint_eq(in(UART_RX), (uint8_t)i);
        i++;
    }
    ck_assert_int_eq(pthread_join(feeder, NULL), 0);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, registers_start_as_after_master_reset);
    tcase_add_test(tcase, written_bytes_are_transmitted_in_order);
    tcase_add_test(tcase, received_bytes_are_read_in_order);
    tcase_add_test(tcase, full_receiver_takes_no_more_and_asks_when_half_empty);
    tcase_add_test(tcase, receiver_that_took_everything_asks_for_nothing);
    tcase_add_test(tcase, clearing_a_full_receiver_asks_for_more);
    tcase_add_test(tcase, owner_may_do_without_being_asked);
    tcase_add_test(tcase, switching_the_fifo_clears_it);
    tcase_add_test(tcase, divisor_hides_behind_dlab);
    tcase_add_test(tcase, enabling_the_transmit_interrupt_raises_it);
    tcase_add_test(tcase, sent_byte_raises_the_transmit_interrupt_afterwards);
    tcase_add_test(tcase, received_byte_raises_the_interrupt_until_read);
    tcase_add_test(tcase, fewer_bytes_than_the_trigger_time_out);
    tcase_add_test(tcase, break_is_a_zero_with_a_mark_that_reading_clears);
    tcase_add_test(tcase, interrupt_waits_for_its_enable_bit);
    tcase_add_test(tcase, causes_come_by_priority);
    tcase_add_test(tcase, loopback_cuts_both_directions);
    tcase_add_test(tcase, loopback_returns_modem_lines);
    tcase_add_test(tcase, modem_changes_are_told_once);
    tcase_add_test(tcase, linux_finds_a_16550a);
    tcase_add_test(tcase, wider_accesses_are_that_many_bytes);
    tcase_add_test(tcase, reset_forgets_what_the_guest_did);
    tcase_add_test(tcase, stream_from_another_thread_loses_nothing);
}

int main(void)
{
    return check_main("serial", add_tests);
}
