/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_requests.c: what is asked of a machine while it runs: from any
 * thread, to be served on the I/O thread.
 */
#include "vmm/machine_requests.h"

#include "vmm/log.h"
#include "vmm/machine.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* A request and its detail, exit status or signal number, in one atomic. */
#define REQUEST_BITS 8

static int pack_request(enum machine_request what, int detail)
{
    return (int)what | detail << REQUEST_BITS;
}

enum machine_request machine_request_of(int packed)
{
    return (enum machine_request)(packed & ((1 << REQUEST_BITS) - 1));
}

bool machine_asks_for_reset(enum machine_request what)
{
    return what == MACHINE_REQUEST_RESET ||
           what == MACHINE_REQUEST_TRIPLE_FAULT;
}

/* The first to ask is served, but who wants the end comes before a reset: a
 * guest that resets itself again and again must not keep the user out. */
static bool comes_before(enum machine_request what,
                         enum machine_request waiting)
{
    return waiting == MACHINE_REQUEST_NONE ||
           (machine_asks_for_reset(waiting) && !machine_asks_for_reset(what));
}

void machine_request(struct machine *machine, enum machine_request what,
                     int detail)
{
    const uint64_t one = 1;
    int waiting = atomic_load(&machine->request);

    do {
        if (!comes_before(what, machine_request_of(waiting)))
            return;
    } while (!atomic_compare_exchange_weak(&machine->request, &waiting,
                                           pack_request(what, detail)));
    /* A vCPU that waits for the reader of stdout could not be stopped. */
    if (!machine_asks_for_reset(what))
        terminal_stop_waiting(&machine->terminal);
    vcpu_group_stop_entering(&machine->vcpus);
    if (write(machine->request_source.fd, &one, sizeof(one)) < 0)
        log_error("eventfd: write: %s", strerror(errno));
}

int machine_request_detail(int packed)
{
    return packed >> REQUEST_BITS;
}

static void signal_ready(void *owner, uint32_t events)
{
    struct machine *machine = owner;
    struct signalfd_siginfo info;

    (void)events;
    if (read(machine->signal_source.fd, &info, sizeof(info)) !=
        (ssize_t)sizeof(info))
        return;
    if (info.ssi_signo != SIGWINCH)
        machine_request(machine, MACHINE_REQUEST_SIGNAL, (int)info.ssi_signo);
    else if (machine->options->has_tty)
        machine_command_window_changed(&machine->command);
}

int machine_requests_init(struct machine *machine)
{
    sigset_t signals;
    int error;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGWINCH);
    machine->request_source = (struct event_source){
        .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .events = EPOLLIN};
    machine->signal_source = (struct event_source){
        .fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK),
        .events = EPOLLIN,
        .ready = signal_ready,
        .owner = machine};
    if (machine->request_source.fd < 0 || machine->signal_source.fd < 0) {
        error = -errno;
        log_error("eventfd and signalfd: %s", strerror(-error));
        return error;
    }
    return event_loop_add(&machine->loop, &machine->signal_source);
}
