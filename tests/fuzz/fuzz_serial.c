/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_serial.c: any sequence of register accesses and received bytes.
 *
 * Input: steps of 3 bytes: what, register and size, value.
 */
#include "devices/serial.h"

#include <linux/serial_reg.h>
#include <stdlib.h>
#include <string.h>

#define STEP_SIZE 3U
#define BASE      0x3f8U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bus ports;
static struct serial serial;
static bool irq;

/* Unlike assert(), not compiled out and seen by the fuzzer as a crash. */
static void require(bool claim)
{
    if (!claim)
        abort();
}

static void transmit(void *owner, const uint8_t *bytes, size_t count)
{
    (void)owner;
    (void)bytes;
    (void)count;
}

static void set_irq(void *owner, bool high)
{
    (void)owner;
    require(irq != high);
    irq = high;
}

static void receive_ready(void *owner)
{
    uint8_t byte = 'r';

    (void)owner;
    /* It asked: there is room. */
    require(serial_receive(&serial, &byte, 1) == 1);
}

static const struct serial_ops ops = {
    .transmit = transmit,
    .set_irq = set_irq,
    .receive_ready = receive_ready,
};

static void check_invariants(void)
{
    uint8_t cause;

    require(serial.fifo_count <= SERIAL_FIFO_SIZE);
    require(serial.fifo_start < SERIAL_FIFO_SIZE);
    /* The line is up exactly while there is a cause; reading one that can
     * be taken back by reading may take it down. */
    bus_read(&ports, BASE + UART_IIR, &cause, 1);
    if (cause & UART_IIR_NO_INT)
        require(!irq);
}

static void receive(uint8_t count)
{
    uint8_t bytes[UINT8_MAX];
    size_t taken;

    memset(bytes, 'x', sizeof(bytes));
    taken = serial_receive(&serial, bytes, count);
    require(taken <= count);
    require(taken == count || serial.receiver_starving);
}

static void step(const uint8_t *bytes)
{
    unsigned number = bytes[1] % SERIAL_NUM_PORTS;
    unsigned size = 1U << (bytes[1] / SERIAL_NUM_PORTS % 3);
    uint8_t answer[4];

    switch (bytes[0] % 16) {
    case 0:
        serial_reset(&serial);
        require(!irq);
        break;
    case 1:
    case 2:
        receive(bytes[2]);
        break;
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
        bus_read(&ports, BASE + number, answer, size);
        break;
    default:
        memset(answer, bytes[2], sizeof(answer));
        bus_write(&ports, BASE + number, answer, size);
        break;
    }
    if (bytes[0] & 0x80)
        check_invariants();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    irq = false;
    bus_init(&ports, "ports");
    serial_init(&serial, BASE, &ops, NULL);
    require(bus_add(&ports, &serial.region) == 0);
    for (; size >= STEP_SIZE; size -= STEP_SIZE, data += STEP_SIZE)
        step(data);
    bus_remove(&ports, &serial.region);
    serial_destroy(&serial);
    bus_destroy(&ports);
    return 0;
}
