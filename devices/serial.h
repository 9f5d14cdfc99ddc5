/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * serial.h: a 16550A UART that knows neither its bus nor its interrupt.
 *
 * Register accesses come from any vCPU, received bytes from the I/O thread;
 * one mutex orders them.
 */
#ifndef DEVICES_SERIAL_H
#define DEVICES_SERIAL_H

#include "vmm/bus.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A real one has 16; nothing that a guest can see depends on it. */
#define SERIAL_FIFO_SIZE 256U
#define SERIAL_NUM_PORTS 8

struct serial_ops {
    /* The guest sent `count` bytes. On the vCPU's thread, no lock held. It
     * may block, and the vCPU with it, as when stdout is a pipe that nobody
     * drains: that is the only brake a guest's output has. */
    void (*transmit)(void *owner, const uint8_t *bytes, size_t count);
    /* Interrupt level, when it changes. With the lock held: must not call
     * back. */
    void (*set_irq)(void *owner, bool high);
    /* There is room again after serial_receive() took less than it was
     * given. On the vCPU's thread, no lock held; may come before that
     * serial_receive() has returned. May be NULL. */
    void (*receive_ready)(void *owner);
};

struct serial {
    struct bus_region region; /* for the caller to add to a bus */
    const struct serial_ops *ops;
    void *owner;
    pthread_mutex_t lock; /* everything below */
    /* Registers as the guest wrote them. */
    uint8_t interrupt_enable, fifo_control, line_control, modem_control;
    uint8_t scratch;
    uint8_t divisor[2];     /* DLL, DLM */
    uint8_t line_errors;    /* LSR bits that reading it clears */
    uint8_t modem_changes;  /* MSR bits that reading it clears */
    bool transmit_pending;  /* THRE interrupt asked for, not yet reported */
    bool receiver_starving; /* receive_ready is owed */
    bool irq_level;
    uint8_t fifo[SERIAL_FIFO_SIZE];
    unsigned fifo_start, fifo_count;
};

/* `base`: its first port or address. `ops` and `owner` are borrowed. */
void serial_init(struct serial *serial, uint64_t base,
                 const struct serial_ops *ops, void *owner);
void serial_destroy(struct serial *serial);
/* Power-on state; bytes that the guest has not read are lost. */
void serial_reset(struct serial *serial);

/* Bytes for the guest. Returns how many were taken: fewer when it is slow to
 * read or in loopback; then receive_ready follows. */
size_t serial_receive(struct serial *serial, const uint8_t *bytes,
                      size_t count);

/* A break condition on the line: Linux takes it for the magic SysRq key. */
void serial_receive_break(struct serial *serial);

#endif
