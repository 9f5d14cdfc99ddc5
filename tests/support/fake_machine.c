/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_machine.c: the machine as a device sees it, with nothing behind it.
 */
#include "tests/support/fake_machine.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>

static void lock(struct fake_machine *machine)
{
    pthread_mutex_lock(&machine->lock);
}

static void unlock(struct fake_machine *machine)
{
    pthread_mutex_unlock(&machine->lock);
}

/* The error that this call is to fail with, or 0. */
static int planned_failure(struct fake_machine *machine)
{
    if (machine->calls_until_failure == 0 || --machine->calls_until_failure > 0)
        return 0;
    return machine->failure;
}

static struct fake_doorbell *find_doorbell(struct fake_machine *machine,
                                           uint64_t gpa)
{
    for (unsigned i = 0; i < machine->num_doorbells; i++)
        if (machine->doorbells[i].gpa == gpa)
            return &machine->doorbells[i];
    return NULL;
}

static struct fake_connection *find_connection(struct fake_machine *machine,
                                               int eventfd)
{
    for (unsigned i = 0; i < machine->num_connections; i++)
        if (machine->connections[i].eventfd == eventfd)
            return &machine->connections[i];
    return NULL;
}

static bool messages_equal(const struct msi_message *a,
                           const struct msi_message *b)
{
    return a->address == b->address && a->data == b->data &&
           a->requester_id == b->requester_id;
}

static void count_interrupt(struct fake_machine *machine,
                            const struct msi_message *message)
{
    unsigned i = 0;

    while (i < machine->num_interrupts &&
           !messages_equal(&machine->interrupts[i].message, message))
        i++;
    assert(i < FAKE_MACHINE_MAX);
    if (i == machine->num_interrupts) {
        machine->num_interrupts++;
        machine->interrupts[i].message = *message;
    }
    machine->interrupts[i].count++;
}

/* The eventfd may block: it is read only when it has a count. */
static void take_signal(struct fake_machine *machine,
                        const struct fake_connection *connection)
{
    struct pollfd ready = {.fd = connection->eventfd, .events = POLLIN};
    eventfd_t count;

    if (poll(&ready, 1, 0) == 1 && ready.revents & POLLIN &&
        eventfd_read(connection->eventfd, &count) == 0)
        count_interrupt(machine, &connection->message);
}

static void take_signals(struct fake_machine *machine)
{
    for (unsigned i = 0; i < machine->num_connections; i++)
        take_signal(machine, &machine->connections[i]);
}

static int attach_locked(struct fake_machine *machine, uint64_t gpa,
                         int eventfd)
{
    int error = planned_failure(machine);

    if (error)
        return error;
    if (find_doorbell(machine, gpa))
        return -EEXIST;
    if (machine->num_doorbells == FAKE_MACHINE_MAX)
        return -ENOSPC;
    machine->doorbells[machine->num_doorbells++] = (struct fake_doorbell){
        .gpa = gpa,
        .eventfd = eventfd,
    };
    return 0;
}

static int attach_doorbell(void *context, uint64_t gpa, int eventfd)
{
    int error;

    lock(context);
    error = attach_locked(context, gpa, eventfd);
    unlock(context);
    return error;
}

static void detach_doorbell(void *context, uint64_t gpa, int eventfd)
{
    struct fake_machine *machine = context;
    struct fake_doorbell *doorbell;

    lock(machine);
    doorbell = find_doorbell(machine, gpa);
    if (doorbell && doorbell->eventfd == eventfd)
        *doorbell = machine->doorbells[--machine->num_doorbells];
    unlock(machine);
}

/* The index of the page, num_pages when there is none. */
static unsigned find_page(const struct fake_machine *machine, uint64_t gpa)
{
    unsigned i = 0;

    while (i < machine->num_pages && machine->pages[i].gpa != gpa)
        i++;
    return i;
}

static int attach_page_locked(struct fake_machine *machine, uint64_t gpa,
                              void *page)
{
    int error = planned_failure(machine);

    if (error)
        return error;
    if (find_page(machine, gpa) < machine->num_pages)
        return -EEXIST;
    if (machine->num_pages >= machine->max_pages)
        return -ENOSPC;
    machine->pages[machine->num_pages++] =
        (struct fake_page){.gpa = gpa, .host = page};
    return 0;
}

static int attach_page(void *context, uint64_t gpa, void *page)
{
    int error;

    lock(context);
    error = attach_page_locked(context, gpa, page);
    unlock(context);
    return error;
}

static unsigned count_free_pages(void *context)
{
    struct fake_machine *machine = context;
    unsigned count = 0;

    lock(machine);
    if (machine->max_pages > machine->num_pages)
        count = machine->max_pages - machine->num_pages;
    unlock(machine);
    return count;
}

static bool has_page(void *context, uint64_t gpa, void *page)
{
    return fake_machine_page(context, gpa) == page;
}

static void detach_page(void *context, uint64_t gpa, void *page)
{
    struct fake_machine *machine = context;
    unsigned i;

    lock(machine);
    i = find_page(machine, gpa);
    if (i < machine->num_pages && machine->pages[i].host == page)
        machine->pages[i] = machine->pages[--machine->num_pages];
    unlock(machine);
}

static int connect_locked(struct fake_machine *machine,
                          const struct msi_message *message, int eventfd)
{
    struct fake_connection *connection;
    int error = planned_failure(machine);

    if (error)
        return error;
    connection = find_connection(machine, eventfd);
    if (!connection) {
        if (machine->num_connections >= machine->max_connections)
            return -ENOSPC;
        connection = &machine->connections[machine->num_connections++];
        connection->eventfd = eventfd;
    } else {
        /* What was signalled before the change is the old message's. */
        take_signal(machine, connection);
    }
    connection->message = *message;
    take_signal(machine, connection);
    return 0;
}

static int connect_msi(void *context, const struct msi_message *message,
                       int eventfd)
{
    struct fake_machine *machine = context;
    int error;

    lock(machine);
    machine->connect_calls++;
    error = connect_locked(machine, message, eventfd);
    unlock(machine);
    return error;
}

static void disconnect_msi(void *context, int eventfd)
{
    struct fake_machine *machine = context;
    struct fake_connection *connection;

    lock(machine);
    machine->disconnect_calls++;
    connection = find_connection(machine, eventfd);
    if (connection) {
        take_signal(machine, connection);
        *connection = machine->connections[--machine->num_connections];
    }
    unlock(machine);
}

static void set_irq_level(void *context, unsigned gsi, bool high)
{
    struct fake_machine *machine = context;

    assert(gsi < FAKE_MACHINE_GSIS);
    lock(machine);
    if (high && !machine->gsi_level[gsi])
        machine->gsi_rises[gsi]++;
    machine->gsi_level[gsi] = high;
    unlock(machine);
}

static const struct machine_ops fake_ops = {
    .attach_doorbell = attach_doorbell,
    .detach_doorbell = detach_doorbell,
    .attach_page = attach_page,
    .count_free_pages = count_free_pages,
    .has_page = has_page,
    .detach_page = detach_page,
    .connect_msi = connect_msi,
    .disconnect_msi = disconnect_msi,
    .set_irq_level = set_irq_level,
};

void fake_machine_init(struct fake_machine *machine)
{
    *machine = (struct fake_machine){.max_pages = FAKE_MACHINE_MAX,
                                     .max_connections = FAKE_MACHINE_MAX};
    pthread_mutex_init(&machine->lock, NULL);
}

void fake_machine_destroy(struct fake_machine *machine)
{
    pthread_mutex_destroy(&machine->lock);
}

struct machine_port fake_machine_port(struct fake_machine *machine)
{
    return (struct machine_port){.ops = &fake_ops, .machine = machine};
}

void fake_machine_fail(struct fake_machine *machine, unsigned nth, int error)
{
    lock(machine);
    machine->calls_until_failure = nth;
    machine->failure = error;
    unlock(machine);
}

bool fake_machine_ring(struct fake_machine *machine, uint64_t gpa)
{
    int eventfd = fake_machine_doorbell(machine, gpa);

    return eventfd >= 0 && eventfd_write(eventfd, 1) == 0;
}

int fake_machine_doorbell(struct fake_machine *machine, uint64_t gpa)
{
    const struct fake_doorbell *doorbell;
    int eventfd;

    lock(machine);
    doorbell = find_doorbell(machine, gpa);
    eventfd = doorbell ? doorbell->eventfd : -1;
    unlock(machine);
    return eventfd;
}

void *fake_machine_page(struct fake_machine *machine, uint64_t gpa)
{
    void *host = NULL;
    unsigned i;

    lock(machine);
    i = find_page(machine, gpa);
    if (i < machine->num_pages)
        host = machine->pages[i].host;
    unlock(machine);
    return host;
}

void fake_machine_drop_pages(struct fake_machine *machine)
{
    lock(machine);
    machine->num_pages = 0;
    unlock(machine);
}

bool fake_machine_connection(struct fake_machine *machine, int eventfd,
                             struct msi_message *message)
{
    const struct fake_connection *connection;

    lock(machine);
    connection = find_connection(machine, eventfd);
    if (connection && message)
        *message = connection->message;
    unlock(machine);
    return connection != NULL;
}

unsigned fake_machine_interrupts(struct fake_machine *machine, uint32_t data)
{
    unsigned count = 0;

    lock(machine);
    take_signals(machine);
    for (unsigned i = 0; i < machine->num_interrupts; i++)
        if (machine->interrupts[i].message.data == data)
            count += machine->interrupts[i].count;
    unlock(machine);
    return count;
}

bool fake_machine_gsi_level(struct fake_machine *machine, unsigned gsi)
{
    bool high;

    assert(gsi < FAKE_MACHINE_GSIS);
    lock(machine);
    high = machine->gsi_level[gsi];
    unlock(machine);
    return high;
}

unsigned fake_machine_gsi_rises(struct fake_machine *machine, unsigned gsi)
{
    unsigned rises;

    assert(gsi < FAKE_MACHINE_GSIS);
    lock(machine);
    rises = machine->gsi_rises[gsi];
    unlock(machine);
    return rises;
}
