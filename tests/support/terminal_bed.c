/* SPDX-License-Identifier: BSD-2-Clause */
/* terminal_bed.c: a console's descriptors, and the guest that they lead to. */
#include "tests/support/terminal_bed.h"

#include "tests/support/sleep_ms.h"

#include <check.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

pid_t terminal_bed_fork_child(void)
{
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(30);
    }
    return child;
}

static size_t receive(void *owner, const uint8_t *bytes, size_t size)
{
    struct terminal_bed_guest *guest = owner;

    pthread_mutex_lock(&guest->lock);
    if (size > guest->room)
        size = guest->room;
    memcpy(guest->received + guest->count, bytes, size);
    guest->count += size;
    guest->room -= size;
    pthread_mutex_unlock(&guest->lock);
    return size;
}

static void send_break(void *owner)
{
    struct terminal_bed_guest *guest = owner;

    pthread_mutex_lock(&guest->lock);
    guest->count_at_break = guest->count;
    guest->breaks++;
    pthread_mutex_unlock(&guest->lock);
}

static void quit(void *owner)
{
    struct terminal_bed_guest *guest = owner;

    pthread_mutex_lock(&guest->lock);
    guest->quits++;
    pthread_mutex_unlock(&guest->lock);
}

static const struct terminal_client client = {receive, send_break, quit};

static void *run_loop(void *loop)
{
    ck_assert_int_eq(event_loop_run(loop), 0);
    return NULL;
}

void terminal_bed_start_with_escape_key(struct terminal_bed *bed, int in_fd,
                                        int out_fd, size_t room, uint8_t key)
{
    bed->guest = (struct terminal_bed_guest){.room = room};
    pthread_mutex_init(&bed->guest.lock, NULL);
    ck_assert_int_eq(event_loop_init(&bed->loop), 0);
    ck_assert_int_eq(terminal_init(&bed->terminal, &bed->loop, in_fd, out_fd,
                                   &client, &bed->guest),
                     0);
    terminal_set_escape_key(&bed->terminal, key);
    ck_assert_int_eq(
        pthread_create(&bed->loop_thread, NULL, run_loop, &bed->loop), 0);
}

void terminal_bed_start(struct terminal_bed *bed, int in_fd, int out_fd,
                        size_t room)
{
    terminal_bed_start_with_escape_key(bed, in_fd, out_fd, room,
                                       ESCAPE_KEY_DEFAULT);
}

void terminal_bed_stop(struct terminal_bed *bed)
{
    event_loop_stop(&bed->loop);
    pthread_join(bed->loop_thread, NULL);
    terminal_destroy(&bed->terminal);
    event_loop_destroy(&bed->loop);
}

void terminal_bed_give_room(struct terminal_bed *bed, size_t room)
{
    pthread_mutex_lock(&bed->guest.lock);
    bed->guest.room += room;
    pthread_mutex_unlock(&bed->guest.lock);
    terminal_resume(&bed->terminal);
}

void terminal_bed_wait_for_bytes(struct terminal_bed *bed, size_t count)
{
    size_t received = 0;

    while (received < count) {
        sleep_ms(1);
        pthread_mutex_lock(&bed->guest.lock);
        received = bed->guest.count;
        pthread_mutex_unlock(&bed->guest.lock);
    }
    ck_assert_uint_eq(received, count);
}

void terminal_bed_wait_for_count(struct terminal_bed *bed,
                                 const unsigned *counter, unsigned count)
{
    unsigned counted = 0;

    while (counted != count) {
        sleep_ms(1);
        pthread_mutex_lock(&bed->guest.lock);
        counted = *counter;
        pthread_mutex_unlock(&bed->guest.lock);
    }
}

void terminal_bed_write_all(int fd, const void *bytes, size_t size)
{
    ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
}
