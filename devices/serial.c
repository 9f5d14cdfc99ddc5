/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * serial.c: a 16550A UART.
 *
 * After the PC16550D data sheet. A byte is sent the moment it is written, so
 * the transmitter is always empty and its FIFO need not exist.
 */
#include "devices/serial.h"

#include <linux/serial_reg.h>

#define INTERRUPT_ENABLE_MASK                                                  \
    (UART_IER_RDI | UART_IER_THRI | UART_IER_RLSI | UART_IER_MSI)
#define MODEM_CONTROL_MASK                                                     \
    (UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT1 | UART_MCR_OUT2 |             \
     UART_MCR_LOOP)
#define IIR_FIFO_ENABLED 0xc0U

static bool in_loopback(const struct serial *serial)
{
    return serial->modem_control & UART_MCR_LOOP;
}

static bool divisor_selected(const struct serial *serial)
{
    return serial->line_control & UART_LCR_DLAB;
}

static void fifo_push(struct serial *serial, uint8_t byte)
{
    unsigned end = serial->fifo_start + serial->fifo_count;

    serial->fifo[end % SERIAL_FIFO_SIZE] = byte;
    serial->fifo_count++;
}

static uint8_t fifo_pop(struct serial *serial)
{
    uint8_t byte = serial->fifo[serial->fifo_start];

    if (serial->fifo_count == 0)
        return 0;
    serial->fifo_start = (serial->fifo_start + 1) % SERIAL_FIFO_SIZE;
    serial->fifo_count--;
    return byte;
}

/* Received bytes that raise a data interrupt rather than a timeout. */
static unsigned receive_trigger(const struct serial *serial)
{
    static const unsigned triggers[] = {1, 4, 8, 14};

    if (!(serial->fifo_control & UART_FCR_ENABLE_FIFO))
        return 1;
    return triggers[serial->fifo_control >> 6];
}

/* The cause with the highest priority: data sheet, table IV. The timeout of
 * a FIFO below its trigger passes at once. */
static uint8_t interrupt_cause(const struct serial *serial)
{
    uint8_t enabled = serial->interrupt_enable;

    if (enabled & UART_IER_RLSI && serial->line_errors)
        return UART_IIR_RLSI;
    if (enabled & UART_IER_RDI && serial->fifo_count > 0)
        return serial->fifo_count >= receive_trigger(serial)
                   ? UART_IIR_RDI
                   : UART_IIR_RX_TIMEOUT;
    if (enabled & UART_IER_THRI && serial->transmit_pending)
        return UART_IIR_THRI;
    if (enabled & UART_IER_MSI && serial->modem_changes)
        return UART_IIR_MSI;
    return UART_IIR_NO_INT;
}

/* Called at the end of whatever may change a cause. */
static void update_interrupt(struct serial *serial)
{
    bool high = interrupt_cause(serial) != UART_IIR_NO_INT;

    if (high == serial->irq_level)
        return;
    serial->irq_level = high;
    serial->ops->set_irq(serial->owner, high);
}

/* Whether receive_ready is to be called now; not before half of the FIFO is
 * free, so that input moves in blocks. */
static bool receiver_wakes(struct serial *serial)
{
    if (!serial->receiver_starving || in_loopback(serial) ||
        serial->fifo_count > SERIAL_FIFO_SIZE / 2)
        return false;
    serial->receiver_starving = false;
    return true;
}

/* The lines of a terminal that is always there; in loopback, our own. */
static uint8_t modem_lines(const struct serial *serial)
{
    uint8_t control = serial->modem_control;
    uint8_t lines = 0;

    if (!in_loopback(serial))
        return UART_MSR_CTS | UART_MSR_DSR | UART_MSR_DCD;
    if (control & UART_MCR_RTS)
        lines |= UART_MSR_CTS;
    if (control & UART_MCR_DTR)
        lines |= UART_MSR_DSR;
    if (control & UART_MCR_OUT1)
        lines |= UART_MSR_RI;
    if (control & UART_MCR_OUT2)
        lines |= UART_MSR_DCD;
    return lines;
}

static void set_modem_control(struct serial *serial, uint8_t value)
{
    uint8_t before = modem_lines(serial);
    uint8_t changed;

    serial->modem_control = value & MODEM_CONTROL_MASK;
    changed = before ^ modem_lines(serial);
    /* The ring indicator counts only when it goes away (TERI). */
    if (!(before & UART_MSR_RI))
        changed &= (uint8_t)~UART_MSR_RI;
    serial->modem_changes |= changed >> 4;
}

static void clear_receiver(struct serial *serial)
{
    serial->fifo_start = 0;
    serial->fifo_count = 0;
}

static void set_fifo_control(struct serial *serial, uint8_t value)
{
    uint8_t changed = serial->fifo_control ^ value;

    if ((value & UART_FCR_CLEAR_RCVR) || (changed & UART_FCR_ENABLE_FIFO))
        clear_receiver(serial);
    serial->fifo_control =
        value & (UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_MASK);
}

static void set_interrupt_enable(struct serial *serial, uint8_t value)
{
    /* The transmitter is empty whenever its interrupt is switched on. */
    if (value & ~serial->interrupt_enable & UART_IER_THRI)
        serial->transmit_pending = true;
    serial->interrupt_enable = value & INTERRUPT_ENABLE_MASK;
}

static uint8_t read_cause(struct serial *serial)
{
    uint8_t cause = interrupt_cause(serial);

    if (cause == UART_IIR_THRI)
        serial->transmit_pending = false;
    if (serial->fifo_control & UART_FCR_ENABLE_FIFO)
        cause |= IIR_FIFO_ENABLED;
    return cause;
}

static uint8_t read_line_status(struct serial *serial)
{
    uint8_t status = UART_LSR_THRE | UART_LSR_TEMT | serial->line_errors;

    if (serial->fifo_count > 0)
        status |= UART_LSR_DR;
    serial->line_errors = 0;
    return status;
}

static uint8_t read_modem_status(struct serial *serial)
{
    uint8_t status = modem_lines(serial) | serial->modem_changes;

    serial->modem_changes = 0;
    return status;
}

static uint8_t read_register(struct serial *serial, uint64_t number)
{
    switch (number) {
    case UART_RX:
        return divisor_selected(serial) ? serial->divisor[0] : fifo_pop(serial);
    case UART_IER:
        return divisor_selected(serial) ? serial->divisor[1]
                                        : serial->interrupt_enable;
    case UART_IIR:
        return read_cause(serial);
    case UART_LCR:
        return serial->line_control;
    case UART_MCR:
        return serial->modem_control;
    case UART_LSR:
        return read_line_status(serial);
    case UART_MSR:
        return read_modem_status(serial);
    default:
        return serial->scratch;
    }
}

/* Takes a byte into the transmitter; true when it is to leave the UART. */
static bool write_transmitter(struct serial *serial, uint8_t byte)
{
    if (!in_loopback(serial))
        return true;
    if (serial->fifo_count < SERIAL_FIFO_SIZE)
        fifo_push(serial, byte);
    else
        serial->line_errors |= UART_LSR_OE;
    serial->transmit_pending = true;
    return false;
}

/* True when the value is a byte to transmit. */
static bool write_register(struct serial *serial, uint64_t number,
                           uint8_t value)
{
    if (divisor_selected(serial) && number <= UART_DLM) {
        serial->divisor[number] = value;
        return false;
    }
    switch (number) {
    case UART_TX:
        return write_transmitter(serial, value);
    case UART_IER:
        set_interrupt_enable(serial, value);
        break;
    case UART_FCR:
        set_fifo_control(serial, value);
        break;
    case UART_LCR:
        serial->line_control = value;
        break;
    case UART_MCR:
        set_modem_control(serial, value);
        break;
    case UART_SCR:
        serial->scratch = value;
        break;
    default: /* LSR and MSR: read-only */
        break;
    }
    return false;
}

static void wake_receiver(struct serial *serial)
{
    if (serial->ops->receive_ready)
        serial->ops->receive_ready(serial->owner);
}

/* The registers are bytes: a wider access is that many of them, as on an
 * 8-bit device behind a wider bus. */
static uint64_t region_read(void *device, uint64_t offset, unsigned size)
{
    struct serial *serial = device;
    uint64_t value = 0;
    bool wakes;

    pthread_mutex_lock(&serial->lock);
    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)read_register(serial, offset + i) << (8 * i);
    update_interrupt(serial);
    wakes = receiver_wakes(serial);
    pthread_mutex_unlock(&serial->lock);
    if (wakes)
        wake_receiver(serial);
    return value;
}

/* Without the lock: the other side may be slow. The interrupt follows when
 * the byte is out, so that what comes next comes after it. */
static void transmit(struct serial *serial, uint8_t byte)
{
    serial->ops->transmit(serial->owner, &byte, 1);
    pthread_mutex_lock(&serial->lock);
    serial->transmit_pending = true;
    update_interrupt(serial);
    pthread_mutex_unlock(&serial->lock);
}

static void write_byte(struct serial *serial, uint64_t number, uint8_t value)
{
    bool leaves, wakes;

    pthread_mutex_lock(&serial->lock);
    leaves = write_register(serial, number, value);
    update_interrupt(serial);
    wakes = receiver_wakes(serial);
    pthread_mutex_unlock(&serial->lock);
    if (leaves)
        transmit(serial, value);
    if (wakes)
        wake_receiver(serial);
}

static void region_write(void *device, uint64_t offset, unsigned size,
                         uint64_t value)
{
    for (unsigned i = 0; i < size; i++)
        write_byte(device, offset + i, (uint8_t)(value >> (8 * i)));
}

static const struct bus_ops region_ops = {
    .read = region_read,
    .write = region_write,
};

/* Master reset: data sheet, table I. */
static void set_power_on_state(struct serial *serial)
{
    serial->interrupt_enable = 0;
    serial->fifo_control = 0;
    serial->line_control = 0;
    serial->modem_control = 0;
    serial->line_errors = 0;
    serial->modem_changes = 0;
    serial->transmit_pending = false;
    clear_receiver(serial);
}

void serial_init(struct serial *serial, uint64_t base,
                 const struct serial_ops *ops, void *owner)
{
    *serial = (struct serial){
        .region = {.name = "serial",
                   .base = base,
                   .size = SERIAL_NUM_PORTS,
                   .ops = &region_ops,
                   .device = serial},
        .ops = ops,
        .owner = owner,
    };
    pthread_mutex_init(&serial->lock, NULL);
    set_power_on_state(serial);
}

void serial_destroy(struct serial *serial)
{
    pthread_mutex_destroy(&serial->lock);
}

void serial_reset(struct serial *serial)
{
    bool wakes;

    pthread_mutex_lock(&serial->lock);
    set_power_on_state(serial);
    update_interrupt(serial);
    wakes = receiver_wakes(serial);
    pthread_mutex_unlock(&serial->lock);
    if (wakes)
        wake_receiver(serial);
}

size_t serial_receive(struct serial *serial, const uint8_t *bytes, size_t count)
{
    size_t taken = 0;

    pthread_mutex_lock(&serial->lock);
    while (taken < count && !in_loopback(serial) &&
           serial->fifo_count < SERIAL_FIFO_SIZE)
        fifo_push(serial, bytes[taken++]);
    if (taken < count)
        serial->receiver_starving = true;
    update_interrupt(serial);
    pthread_mutex_unlock(&serial->lock);
    return taken;
}

/* The break stands for the character that it arrives with; input that waits
 * in front of it is mostly none. */
void serial_receive_break(struct serial *serial)
{
    pthread_mutex_lock(&serial->lock);
    if (!in_loopback(serial)) {
        if (serial->fifo_count < SERIAL_FIFO_SIZE)
            fifo_push(serial, 0);
        serial->line_errors |= UART_LSR_BI;
        update_interrupt(serial);
    }
    pthread_mutex_unlock(&serial->lock);
}
