/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_serial_loopback.c: the serial port's registers, as a driver probes
 * them: what loopback sends comes back and nowhere else.
 */
#include "guest/bare/guest.h"

#include <linux/serial_reg.h>
#include <machine.h>

static uint8_t get(uint16_t reg)
{
    return device_read8(SERIAL_BASE + reg);
}

static void set(uint16_t reg, uint8_t value)
{
    device_write8(SERIAL_BASE + reg, value);
}

/* Every bit pattern goes round; "lost" would show on stdout too. */
static bool bytes_come_back(void)
{
    for (unsigned byte = 0; byte < 256; byte += 15) {
        set(UART_TX, (uint8_t)byte);
        if (!(get(UART_LSR) & UART_LSR_DR) || get(UART_RX) != byte)
            return false;
    }
    return !(get(UART_LSR) & UART_LSR_DR);
}

static bool fifo_keeps_order(void)
{
    for (uint8_t i = 0; i < 16; i++)
        set(UART_TX, (uint8_t)('a' + i));
    for (uint8_t i = 0; i < 16; i++)
        if (get(UART_RX) != 'a' + i)
            return false;
    return true;
}

static bool divisor_is_kept(void)
{
    bool kept;

    set(UART_LCR, UART_LCR_DLAB | UART_LCR_WLEN8);
    set(UART_DLL, 0x5a);
    set(UART_DLM, 0xa5);
    kept = get(UART_DLL) == 0x5a && get(UART_DLM) == 0xa5;
    set(UART_LCR, UART_LCR_WLEN8);
    return kept;
}

/* With the claims' own text outside of loopback. */
void run_case(void)
{
    bool came_back, in_order, lines, interrupts;

    set(UART_SCR, 0x6b);
    check(get(UART_SCR) == 0x6b, "the scratch register keeps a byte");
    check(divisor_is_kept(), "the divisor latch keeps two bytes");
    set(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR);
    check((get(UART_IIR) & 0xc0) == 0xc0, "it has the FIFOs of a 16550A");

    set(UART_MCR, UART_MCR_LOOP | UART_MCR_RTS | UART_MCR_OUT2);
    lines = (get(UART_MSR) & 0xf0) == (UART_MSR_CTS | UART_MSR_DCD);
    came_back = bytes_come_back();
    in_order = fifo_keeps_order();
    set(UART_IER, UART_IER_RDI);
    set(UART_TX, 'x');
    interrupts = !(get(UART_IIR) & UART_IIR_NO_INT);
    (void)get(UART_RX);
    interrupts = interrupts && get(UART_IIR) & UART_IIR_NO_INT;
    set(UART_IER, 0);
    set(UART_MCR, 0);

    check(lines, "in loopback, modem lines are our own");
    check(came_back, "in loopback, each byte comes back");
    check(in_order, "in loopback, 16 bytes come back in order");
    check(interrupts, "received data is an interrupt cause until it is read");
    check((get(UART_LSR) & (UART_LSR_THRE | UART_LSR_TEMT)) ==
              (UART_LSR_THRE | UART_LSR_TEMT),
          "the transmitter is empty");
}
