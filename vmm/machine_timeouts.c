/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_timeouts.c: ends a run that takes too long, but first has the guest's
 * kernel say what it is doing. On the I/O thread.
 */
#include "vmm/machine_timeouts.h"

#include "vmm/fd.h"
#include "vmm/log.h"
#include "vmm/machine.h"
#include "vmm/machine_pause.h"
#include "vmm/machine_requests.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* What each SysRq key has Linux print: Documentation/admin-guide/sysrq.rst. */
static const char sysrq_keys[] = {
    '7', /* console log level: the rest is to be seen */
    'l', /* a backtrace of each active CPU */
    'w', /* tasks that wait and cannot be interrupted */
};
#define SYSRQ_KEY_MS 1000 /* for each to be printed */
#define NMI_MS       2000

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void expire_after(struct machine *machine, uint64_t ms)
{
    const struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(ms / 1000),
                     .tv_nsec = (long)(ms % 1000) * 1000000 + 1}};

    if (timerfd_settime(machine->timeouts.timer.fd, 0, &when, NULL) != 0)
        log_error("timerfd_settime: %s", strerror(errno));
}

/* A vCPU takes one between two entries alone: KVM has whoever gives it wait
 * until then, and an idle vCPU would stay in the guest for ever. A guest that
 * is paused has nothing to say. */
static void send_nmis(struct machine *machine)
{
    if (!machine_pause_block(machine))
        return;
    vcpu_group_pause(&machine->vcpus);
    for (unsigned i = 0; i < machine->vcpus.count; i++)
        if (ioctl(machine->vcpus.vcpus[i].fd, KVM_NMI) != 0)
            log_error("KVM_NMI: %s", strerror(errno));
    vcpu_group_resume(&machine->vcpus);
    /* A request keeps vCPUs out of the guest until it is served. */
    if (atomic_load(&machine->request) != MACHINE_REQUEST_NONE)
        vcpu_group_stop_entering(&machine->vcpus);
    machine_pause_unblock(machine);
}

/* Asks the guest's kernel once more; false when there is nothing left to ask.
 */
static bool ask_guest(struct machine *machine)
{
    struct machine_timeouts *timeouts = &machine->timeouts;

    switch (machine->options->on_timeout) {
    case ON_TIMEOUT_SYSRQ:
        if (timeouts->farewells == sizeof(sysrq_keys))
            return false;
        serial_receive_break(&machine->serial);
        serial_receive(&machine->serial,
                       (const uint8_t *)&sysrq_keys[timeouts->farewells], 1);
        timeouts->farewells++;
        expire_after(machine, SYSRQ_KEY_MS);
        return true;
    case ON_TIMEOUT_NMI:
        if (timeouts->farewells++ > 0)
            return false;
        send_nmis(machine);
        expire_after(machine, NMI_MS);
        return true;
    case ON_TIMEOUT_KILL:
    default:
        return false;
    }
}

static void end_run(struct machine *machine)
{
    if (!ask_guest(machine))
        machine_request(machine, MACHINE_REQUEST_TIMEOUT, 0);
}

static void say_late(const struct machine *machine, const char *option,
                     uint32_t ms)
{
    enum guest_phase phase = atomic_load(&machine->command.phase);

    log_error("%s: the guest took more than %u.%03u s%s%s", option, ms / 1000,
              ms % 1000, machine->options->command_argv ? ", " : "",
              machine->options->command_argv ? guest_phase_words(phase) : "");
}

/* Waits for the nearer of the two ends; 0 ms left is now. */
static void wait_for_next(struct machine *machine)
{
    const struct options *options = machine->options;
    struct machine_timeouts *timeouts = &machine->timeouts;
    uint64_t passed = now_ms() - timeouts->start_ms;
    uint32_t end = options->timeout_ms;

    if (!timeouts->boot_is_over && options->boot_timeout_ms != 0 &&
        (end == 0 || options->boot_timeout_ms < end))
        end = options->boot_timeout_ms;
    if (end != 0)
        expire_after(machine, end > passed ? end - passed : 0);
}

static void timer_expired(void *owner, uint32_t events)
{
    struct machine *machine = owner;
    const struct options *options = machine->options;
    struct machine_timeouts *timeouts = &machine->timeouts;
    uint64_t count, passed;

    (void)events;
    if (read(timeouts->timer.fd, &count, sizeof(count)) < 0)
        return;
    passed = now_ms() - timeouts->start_ms;
    if (timeouts->farewells > 0) {
        end_run(machine);
    } else if (options->timeout_ms != 0 && passed >= options->timeout_ms) {
        say_late(machine, "--timeout", options->timeout_ms);
        end_run(machine);
    } else if (atomic_load(&machine->command.phase) == GUEST_PHASE_KERNEL &&
               options->boot_timeout_ms != 0 &&
               passed >= options->boot_timeout_ms) {
        say_late(machine, "--boot-timeout", options->boot_timeout_ms);
        end_run(machine);
    } else {
        timeouts->boot_is_over = passed >= options->boot_timeout_ms;
        wait_for_next(machine);
    }
}

int machine_timeouts_begin(struct machine *machine)
{
    struct machine_timeouts *timeouts = &machine->timeouts;

    if (machine->options->timeout_ms == 0 &&
        machine->options->boot_timeout_ms == 0)
        return 0;
    timeouts->start_ms = now_ms();
    timeouts->timer = (struct event_source){
        .fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
        .events = EPOLLIN,
        .ready = timer_expired,
        .owner = machine};
    if (timeouts->timer.fd < 0) {
        int error = -errno;

        log_error("timerfd_create: %s", strerror(-error));
        return error;
    }
    wait_for_next(machine);
    return event_loop_add(&machine->loop, &timeouts->timer);
}

void machine_timeouts_destroy(struct machine_timeouts *timeouts)
{
    close_fd(&timeouts->timer.fd);
}
