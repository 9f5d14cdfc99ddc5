/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * terminal_bed.h: a console's descriptors, and the guest that they lead to.
 *
 * The event loop runs on a thread of its own; the tests wait for its effects.
 * Libcheck ends a test that waits for ever.
 */
#ifndef TESTS_SUPPORT_TERMINAL_BED_H
#define TESTS_SUPPORT_TERMINAL_BED_H

#include "vmm/event_loop.h"
#include "vmm/terminal.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TERMINAL_BED_CTRL_A "\x01"

/* What the guest got, and what it may still get. */
struct terminal_bed_guest {
    pthread_mutex_t lock;
    uint8_t received[65536];
    size_t count, room;
    unsigned breaks, quits;
    size_t count_at_break;
};

struct terminal_bed {
    struct terminal_bed_guest guest;
    struct event_loop loop;
    struct terminal terminal;
    pthread_t loop_thread;
};

/* Its guest has room for so many bytes. */
void terminal_bed_start(struct terminal_bed *bed, int in_fd, int out_fd,
                        size_t room);
void terminal_bed_start_with_escape_key(struct terminal_bed *bed, int in_fd,
                                        int out_fd, size_t room, uint8_t key);
void terminal_bed_stop(struct terminal_bed *bed);

void terminal_bed_give_room(struct terminal_bed *bed, size_t room);
/* Until the guest has got so many, and claims that it got no more. */
void terminal_bed_wait_for_bytes(struct terminal_bed *bed, size_t count);
/* Of bed->guest's breaks or quits. */
void terminal_bed_wait_for_count(struct terminal_bed *bed,
                                 const unsigned *counter, unsigned count);

/* Claims that all is taken at once. */
void terminal_bed_write_all(int fd, const void *bytes, size_t size);
/* A child that outlives neither its parent nor a failed test. */
pid_t terminal_bed_fork_child(void);

#endif
