/* SPDX-License-Identifier: BSD-2-Clause */
/* machine_bed.c: what of a machine needs no KVM. */
#include "tests/support/machine_bed.h"

#include "tests/support/loop_steps.h"
#include "vmm/fd.h"

#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#define PATIENCE_MS 20000 /* of a busy machine */

static void keep_line(enum log_level level, const char *line, void *context)
{
    struct machine_bed *bed = context;
    size_t used = strlen(bed->log);

    (void)level;
    (void)snprintf(bed->log + used, sizeof(bed->log) - used, "%s\n", line);
}

static void drop_output(void *owner, const uint8_t *bytes, size_t count)
{
    (void)owner;
    (void)bytes;
    (void)count;
}

static void ignore_irq(void *owner, bool high)
{
    (void)owner;
    (void)high;
}

static const struct serial_ops serial_ops = {
    .transmit = drop_output,
    .set_irq = ignore_irq,
};

void machine_bed_begin(struct machine_bed *bed, const char *line)
{
    struct machine *machine = &bed->machine;

    memset(bed, 0, sizeof(*bed));
    log_set_sink(keep_line, bed);
    log_set_level(LOG_LEVEL_INFO);
    ck_assert_msg(options_bed_parse(&bed->line, line) == 0, "%s: %s", line,
                  bed->line.error);
    machine->options = &bed->line.options;
    machine->kmsg_fd = machine->timeouts.timer.fd = -1;
    machine->panic.timer.fd = -1;
    pthread_mutex_init(&machine->pause_lock, NULL);
    pthread_mutex_init(&machine->vcpus.lock, NULL);
    pthread_cond_init(&machine->vcpus.changed, NULL);
    atomic_store(&machine->vcpus.running, true);
    kernel_log_init(&machine->kernel_log, NULL);
    serial_init(&machine->serial, 0x3f8, &serial_ops, bed);
    ck_assert_int_eq(event_loop_init(&machine->loop), 0);
    ck_assert_int_eq(machine_requests_init(machine), 0);
}

void machine_bed_end(struct machine_bed *bed)
{
    struct machine *machine = &bed->machine;

    machine_timeouts_destroy(&machine->timeouts);
    machine_panic_destroy(&machine->panic);
    close_fd(&machine->request_source.fd);
    close_fd(&machine->signal_source.fd);
    event_loop_destroy(&machine->loop);
    serial_destroy(&machine->serial);
    log_set_sink(NULL, NULL);
}

void machine_bed_expect_request(struct machine_bed *bed,
                                enum machine_request what, int detail)
{
    int packed = atomic_load(&bed->machine.request);
    eventfd_t count = 0;

    ck_assert_int_eq(machine_request_of(packed), what);
    ck_assert_int_eq(machine_request_detail(packed), detail);
    (void)eventfd_read(bed->machine.request_source.fd, &count);
    ck_assert_int_eq(count > 0, what != MACHINE_REQUEST_NONE);
    ck_assert_int_eq(atomic_load(&bed->machine.vcpus.running),
                     what == MACHINE_REQUEST_NONE);
}

void machine_bed_serve(struct machine_bed *bed)
{
    struct pollfd loop = {.fd = bed->machine.loop.epoll_fd, .events = POLLIN};

    ck_assert_int_eq(poll(&loop, 1, PATIENCE_MS), 1);
    (void)loop_serve_ready(&bed->machine.loop);
}

void machine_bed_expire(int timer_fd)
{
    const struct itimerspec now = {.it_value = {.tv_nsec = 1}};

    ck_assert_int_eq(timerfd_settime(timer_fd, 0, &now, NULL), 0);
}

unsigned machine_bed_said(const struct machine_bed *bed, const char *text)
{
    unsigned count = 0;

    for (const char *c = bed->log; (c = strstr(c, text)) != NULL; c++)
        count++;
    return count;
}
