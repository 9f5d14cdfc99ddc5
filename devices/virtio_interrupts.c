/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_interrupts.c: interrupt sources, over MSI-X or INTA#.
 */
#include "devices/virtio_interrupts.h"

#include "vmm/bytes.h"
#include "vmm/fd.h"
#include "vmm/log.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/virtio_pci.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define ISR_QUEUE  1 /* virtio 1.2, 4.1.4.5 */
#define ISR_CONFIG VIRTIO_PCI_ISR_CONFIG

/* Takes the count; 0 when there is none. */
static uint64_t drain(int eventfd)
{
    uint64_t count = 0;

    if (read(eventfd, &count, sizeof(count)) != (ssize_t)sizeof(count))
        return 0;
    return count;
}

static bool has_event(int eventfd)
{
    struct pollfd ready = {.fd = eventfd, .events = POLLIN};

    return poll(&ready, 1, 0) == 1;
}

/* The functions from here on are called with the lock held. */

static void update_line(struct virtio_interrupts *interrupts)
{
    bool high = interrupts->isr != 0 && !interrupts->msix.is_enabled &&
                !interrupts->intx_disabled;

    if (high == interrupts->line_is_high)
        return;
    interrupts->line_is_high = high;
    interrupts->port.ops->set_irq_level(interrupts->port.machine,
                                        interrupts->function->gsi, high);
}

static void disconnect(struct virtio_interrupts *interrupts,
                       struct virtio_interrupt *interrupt)
{
    if (!interrupt->is_connected)
        return;
    interrupts->port.ops->disconnect_msi(interrupts->port.machine,
                                         interrupt->eventfd);
    interrupt->is_connected = false;
}

static void stop_polling(struct virtio_interrupts *interrupts,
                         struct virtio_interrupt *interrupt)
{
    if (!interrupt->is_polled)
        return;
    event_loop_remove(interrupts->loop, &interrupt->source);
    interrupt->is_polled = false;
}

static int start_polling(struct virtio_interrupts *interrupts,
                         struct virtio_interrupt *interrupt)
{
    int error;

    if (interrupt->is_polled)
        return 0;
    error = event_loop_add(interrupts->loop, &interrupt->source);
    interrupt->is_polled = !error;
    return error;
}

/* One reader at a time: an eventfd that KVM owns is not polled. */
static int update_source(struct virtio_interrupts *interrupts,
                         struct virtio_interrupt *interrupt)
{
    struct msi_message message;
    int error;

    if (!interrupts->msix.is_enabled) {
        disconnect(interrupts, interrupt);
        return start_polling(interrupts, interrupt);
    }
    stop_polling(interrupts, interrupt);
    if (interrupt->vector == VIRTIO_MSI_NO_VECTOR ||
        !msix_get_message(&interrupts->msix, interrupt->vector, &message)) {
        disconnect(interrupts, interrupt);
        return 0;
    }
    error = interrupts->port.ops->connect_msi(interrupts->port.machine,
                                              &message, interrupt->eventfd);
    if (error)
        /* It may be connected still, with the message of before. */
        disconnect(interrupts, interrupt);
    else
        interrupt->is_connected = true;
    return error;
}

static void update_all(struct virtio_interrupts *interrupts)
{
    for (unsigned i = 0; i < interrupts->count; i++)
        if (update_source(interrupts, &interrupts->sources[i]) != 0)
            interrupts->sources[i].vector = VIRTIO_MSI_NO_VECTOR;
    update_line(interrupts);
}

static void vector_changed(void *owner, unsigned vector)
{
    struct virtio_interrupts *interrupts = owner;

    for (unsigned i = 0; i < interrupts->count; i++)
        if (interrupts->sources[i].vector == vector &&
            update_source(interrupts, &interrupts->sources[i]) != 0)
            interrupts->sources[i].vector = VIRTIO_MSI_NO_VECTOR;
}

static bool vector_is_pending(void *owner, unsigned vector)
{
    struct virtio_interrupts *interrupts = owner;

    for (unsigned i = 0; i < interrupts->count; i++) {
        struct virtio_interrupt *interrupt = &interrupts->sources[i];

        if (interrupt->vector == vector && !interrupt->is_connected &&
            has_event(interrupt->eventfd))
            return true;
    }
    return false;
}

static const struct msix_ops msix_ops = {
    .vector_changed = vector_changed,
    .vector_is_pending = vector_is_pending,
};

static void reset_device(struct virtio_interrupts *interrupts)
{
    for (unsigned i = 0; i < interrupts->count; i++) {
        struct virtio_interrupt *interrupt = &interrupts->sources[i];

        interrupt->vector = VIRTIO_MSI_NO_VECTOR;
        disconnect(interrupts, interrupt);
        drain(interrupt->eventfd);
    }
    interrupts->isr = 0;
    update_line(interrupts);
}

/* The functions from here on take the lock. */

/* On the I/O thread, without MSI-X. */
static void source_ready(void *owner, uint32_t events)
{
    struct virtio_interrupt *interrupt = owner;
    struct virtio_interrupts *interrupts = interrupt->interrupts;

    (void)events;
    pthread_mutex_lock(&interrupts->lock);
    /* MSI-X may have been switched on since the loop saw the event. */
    if (interrupt->is_polled && drain(interrupt->eventfd) > 0) {
        interrupt->by_vmm++;
        interrupts->isr |=
            interrupt == interrupts->sources ? ISR_CONFIG : ISR_QUEUE;
        update_line(interrupts);
    }
    pthread_mutex_unlock(&interrupts->lock);
}

int virtio_interrupts_init(struct virtio_interrupts *interrupts,
                           struct pci_function *function,
                           unsigned msix_bar_index, unsigned num_queues,
                           struct machine_port port, struct event_loop *loop)
{
    unsigned count = num_queues + 1;
    int error = 0;

    *interrupts = (struct virtio_interrupts){
        .port = port, .loop = loop, .function = function};
    pthread_mutex_init(&interrupts->lock, NULL);
    interrupts->sources = calloc(count, sizeof(*interrupts->sources));
    if (!interrupts->sources)
        return -ENOMEM;
    for (; interrupts->count < count; interrupts->count++) {
        struct virtio_interrupt *interrupt =
            &interrupts->sources[interrupts->count];

        interrupt->vector = VIRTIO_MSI_NO_VECTOR;
        interrupt->interrupts = interrupts;
        interrupt->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (interrupt->eventfd < 0) {
            error = -errno;
            log_error("%s: eventfd: %s", function->name, strerror(-error));
            break;
        }
        interrupt->source = (struct event_source){.fd = interrupt->eventfd,
                                                  .events = EPOLLIN,
                                                  .ready = source_ready,
                                                  .owner = interrupt};
    }
    if (error) {
        virtio_interrupts_destroy(interrupts);
        return error;
    }
    pci_function_use_intx(function);
    msix_init(&interrupts->msix, function, msix_bar_index, count, &msix_ops,
              interrupts, &interrupts->lock);
    update_all(interrupts);
    return 0;
}

void virtio_interrupts_destroy(struct virtio_interrupts *interrupts)
{
    if (!interrupts->loop)
        return; /* not made yet */
    pthread_mutex_lock(&interrupts->lock);
    for (unsigned i = 0; i < interrupts->count; i++) {
        disconnect(interrupts, &interrupts->sources[i]);
        stop_polling(interrupts, &interrupts->sources[i]);
    }
    interrupts->isr = 0;
    update_line(interrupts);
    pthread_mutex_unlock(&interrupts->lock);
    event_loop_wait_idle(interrupts->loop);
    for (unsigned i = 0; i < interrupts->count; i++)
        close_fd(&interrupts->sources[i].eventfd);
    free(interrupts->sources);
    interrupts->sources = NULL;
    interrupts->count = 0;
}

int virtio_interrupts_eventfd(const struct virtio_interrupts *interrupts,
                              unsigned index)
{
    return interrupts->sources[index].eventfd;
}

void virtio_interrupts_reset_device(struct virtio_interrupts *interrupts)
{
    pthread_mutex_lock(&interrupts->lock);
    reset_device(interrupts);
    pthread_mutex_unlock(&interrupts->lock);
}

void virtio_interrupts_reset(struct virtio_interrupts *interrupts)
{
    pthread_mutex_lock(&interrupts->lock);
    reset_device(interrupts);
    msix_reset(&interrupts->msix);
    interrupts->intx_disabled = false;
    update_all(interrupts);
    pthread_mutex_unlock(&interrupts->lock);
}

void virtio_interrupts_set_vector(struct virtio_interrupts *interrupts,
                                  unsigned index, uint16_t vector)
{
    struct virtio_interrupt *interrupt = &interrupts->sources[index];

    pthread_mutex_lock(&interrupts->lock);
    if (vector >= interrupts->msix.num_vectors)
        vector = VIRTIO_MSI_NO_VECTOR;
    interrupt->vector = vector;
    if (update_source(interrupts, interrupt) != 0)
        interrupt->vector = VIRTIO_MSI_NO_VECTOR;
    pthread_mutex_unlock(&interrupts->lock);
}

uint16_t virtio_interrupts_get_vector(struct virtio_interrupts *interrupts,
                                      unsigned index)
{
    uint16_t vector;

    pthread_mutex_lock(&interrupts->lock);
    vector = interrupts->sources[index].vector;
    pthread_mutex_unlock(&interrupts->lock);
    return vector;
}

uint8_t virtio_interrupts_read_isr(struct virtio_interrupts *interrupts)
{
    uint8_t isr;

    pthread_mutex_lock(&interrupts->lock);
    isr = interrupts->isr;
    interrupts->isr = 0;
    update_line(interrupts);
    pthread_mutex_unlock(&interrupts->lock);
    return isr;
}

void virtio_interrupts_config_written(struct virtio_interrupts *interrupts,
                                      unsigned offset, unsigned size)
{
    uint16_t command = load_le16(interrupts->function->config + PCI_COMMAND);

    msix_config_written(&interrupts->msix, offset, size);
    pthread_mutex_lock(&interrupts->lock);
    interrupts->intx_disabled = command & PCI_COMMAND_INTX_DISABLE;
    update_all(interrupts);
    pthread_mutex_unlock(&interrupts->lock);
}

void virtio_interrupts_config_reading(struct virtio_interrupts *interrupts)
{
    uint8_t *status = interrupts->function->config + PCI_STATUS;

    pthread_mutex_lock(&interrupts->lock);
    *status = (uint8_t)(*status & ~PCI_STATUS_INTERRUPT);
    if (interrupts->isr != 0 && !interrupts->msix.is_enabled)
        *status |= PCI_STATUS_INTERRUPT;
    pthread_mutex_unlock(&interrupts->lock);
}

uint64_t virtio_interrupts_by_vmm(struct virtio_interrupts *interrupts,
                                  unsigned index)
{
    uint64_t count;

    pthread_mutex_lock(&interrupts->lock);
    count = interrupts->sources[index].by_vmm;
    pthread_mutex_unlock(&interrupts->lock);
    return count;
}

bool virtio_interrupts_is_connected(struct virtio_interrupts *interrupts,
                                    unsigned index)
{
    bool connected;

    pthread_mutex_lock(&interrupts->lock);
    connected = interrupts->sources[index].is_connected;
    pthread_mutex_unlock(&interrupts->lock);
    return connected;
}

bool virtio_interrupts_is_polled(struct virtio_interrupts *interrupts,
                                 unsigned index)
{
    bool polled;

    pthread_mutex_lock(&interrupts->lock);
    polled = interrupts->sources[index].is_polled;
    pthread_mutex_unlock(&interrupts->lock);
    return polled;
}
