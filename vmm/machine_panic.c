/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_panic.c: the end of a run whose guest's kernel panicked.
 *
 * Linux tells the device before the last lines of its message are out, so the
 * run goes on until they are (machine_console.c), the guest resets itself, or
 * a moment has passed.
 */
#include "vmm/machine_panic.h"

#include "devices/pvpanic.h"
#include "vmm/fd.h"
#include "vmm/log.h"
#include "vmm/machine.h"
#include "vmm/machine_requests.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define LAST_WORDS_SECONDS 1

static void timer_expired(void *owner, uint32_t events)
{
    struct machine *machine = owner;
    uint64_t count;

    (void)events;
    if (read(machine->panic.timer.fd, &count, sizeof(count)) < 0)
        return;
    machine_request(machine, MACHINE_REQUEST_PANIC, 0);
}

int machine_panic_init(struct machine *machine)
{
    struct machine_panic *panic = &machine->panic;

    panic->timer = (struct event_source){
        .fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
        .events = EPOLLIN,
        .ready = timer_expired,
        .owner = machine};
    if (panic->timer.fd < 0) {
        int error = -errno;

        log_error("timerfd_create: %s", strerror(-error));
        return error;
    }
    return event_loop_add(&machine->loop, &panic->timer);
}

void machine_panic_destroy(struct machine_panic *panic)
{
    close_fd(&panic->timer.fd);
}

void machine_panic_event(void *owner, unsigned events)
{
    const struct itimerspec when = {.it_value.tv_sec = LAST_WORDS_SECONDS};
    struct machine *machine = owner;

    /* A crash kernel goes on, and has the last word. */
    if (!(events & PVPANIC_PANICKED)) {
        log_info("the guest's kernel panicked and starts its crash kernel");
        return;
    }
    /* A guest that says so again and again has no more time for it. */
    if (atomic_exchange(&machine->panic.is_known, true))
        return;
    if (timerfd_settime(machine->panic.timer.fd, 0, &when, NULL) != 0)
        machine_request(machine, MACHINE_REQUEST_PANIC, 0);
}
