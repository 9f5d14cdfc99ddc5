/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_pci.c: virtio 1.2, 4.1: the PCI function around a virtio device: BARs,
 * capabilities, doorbells.
 */
#include "devices/virtio_pci.h"

#include "devices/virtio_pci_common.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_pci.h>
#include <string.h>
#include <unistd.h>

#define VIRTIO_BAR 0
#define MSIX_BAR   2

/* What lies where in BAR 0. A page each, so that a queue's notification
 * address can be a page of the device itself. */
#define PAGE              4096ULL
#define COMMON_OFFSET     (0 * PAGE)
#define ISR_OFFSET        (1 * PAGE)
#define CONFIG_OFFSET     (2 * PAGE)
#define NOTIFY_OFFSET     (4 * PAGE)
#define NOTIFY_MULTIPLIER VIRTIO_DOORBELL_SIZE
#define COMMON_SIZE       VIRTIO_PCI_COMMON_SIZE
#define ISR_SIZE          1

#define PCI_VENDOR_VIRTIO      0x1af4 /* virtio 1.2, 4.1.2 */
#define PCI_DEVICE_VIRTIO_BASE 0x1040 /* plus the virtio device id */
#define PCI_SUBSYSTEM_VIRTIO   0x0040 /* 4.1.2.1: 0x40 or higher */

static struct virtio_pci *from_function(struct pci_function *function)
{
    return container_of(function, struct virtio_pci, function);
}

/* ---- BAR 0 ---- */

static void count_access(struct virtio_pci *pci,
                         enum virtio_structure structure)
{
    atomic_fetch_add_explicit(&pci->accesses[structure], 1,
                              memory_order_relaxed);
}

static uint64_t read_bar(void *device, uint64_t offset, unsigned size)
{
    struct virtio_pci *pci = device;

    if (range_is_inside(offset, size, COMMON_OFFSET, COMMON_SIZE)) {
        count_access(pci, VIRTIO_STRUCTURE_COMMON);
        return virtio_pci_common_read(pci, offset - COMMON_OFFSET, size);
    }
    if (offset == ISR_OFFSET) {
        count_access(pci, VIRTIO_STRUCTURE_ISR);
        return virtio_interrupts_read_isr(&pci->interrupts);
    }
    if (range_is_inside(offset, size, CONFIG_OFFSET, PAGE)) {
        count_access(pci, VIRTIO_STRUCTURE_CONFIG);
        return virtio_device_read_config(&pci->device, offset - CONFIG_OFFSET,
                                         size);
    }
    return 0;
}

static void write_bar(void *device, uint64_t offset, unsigned size,
                      uint64_t value)
{
    struct virtio_pci *pci = device;

    if (range_is_inside(offset, size, COMMON_OFFSET, COMMON_SIZE)) {
        count_access(pci, VIRTIO_STRUCTURE_COMMON);
        virtio_pci_common_write(pci, offset - COMMON_OFFSET, size, value);
    } else if (range_is_inside(offset, size, CONFIG_OFFSET, PAGE)) {
        count_access(pci, VIRTIO_STRUCTURE_CONFIG);
        virtio_device_write_config(&pci->device, offset - CONFIG_OFFSET, size,
                                   value);
    } else if (offset >= NOTIFY_OFFSET) {
        count_access(pci, VIRTIO_STRUCTURE_NOTIFY);
        if ((offset - NOTIFY_OFFSET) % NOTIFY_MULTIPLIER == 0)
            virtio_device_kick(
                &pci->device,
                (unsigned)((offset - NOTIFY_OFFSET) / NOTIFY_MULTIPLIER));
    }
}

static const struct bus_ops bar_ops = {.read = read_bar, .write = write_bar};

/* ---- PCI configuration space ---- */

static void bar_mapped(struct pci_function *function, unsigned index,
                       bool mapped)
{
    struct virtio_pci *pci = from_function(function);
    uint64_t gpa = function->bars[index].region.base;

    if (index != VIRTIO_BAR)
        return;
    if (mapped)
        virtio_doorbells_map(&pci->doorbells, gpa + NOTIFY_OFFSET);
    else
        virtio_doorbells_unmap(&pci->doorbells);
}

/* 4.1.4.9: a window onto the BAR for drivers that cannot map it. True when
 * [offset, offset + size) touches the data and the window is a valid one. */
static bool find_access_window(struct virtio_pci *pci, unsigned offset,
                               unsigned size, uint32_t *bar_offset,
                               uint32_t *length)
{
    const uint8_t *window = pci->function.config + pci->access_capability;
    unsigned data_at =
        pci->access_capability +
        (unsigned)offsetof(struct virtio_pci_cfg_cap, pci_cfg_data);
    const struct pci_bar *bar = &pci->function.bars[VIRTIO_BAR];

    if (offset >= data_at + 4 || offset + size <= data_at)
        return false;
    *bar_offset = load_le32(window + VIRTIO_PCI_CAP_OFFSET);
    *length = load_le32(window + VIRTIO_PCI_CAP_LENGTH);
    return window[VIRTIO_PCI_CAP_BAR] == VIRTIO_BAR &&
           (*length == 1 || *length == 2 || *length == 4) &&
           is_aligned(*bar_offset, *length) &&
           range_is_inside(*bar_offset, *length, 0, bar->region.size);
}

static uint8_t *access_data(struct virtio_pci *pci)
{
    return pci->function.config + pci->access_capability +
           offsetof(struct virtio_pci_cfg_cap, pci_cfg_data);
}

static void config_written(struct pci_function *function, unsigned offset,
                           unsigned size)
{
    struct virtio_pci *pci = from_function(function);
    uint32_t bar_offset, length;

    virtio_interrupts_config_written(&pci->interrupts, offset, size);
    if (find_access_window(pci, offset, size, &bar_offset, &length))
        write_bar(pci, bar_offset, length, load_le(access_data(pci), length));
}

static void config_reading(struct pci_function *function, unsigned offset,
                           unsigned size)
{
    struct virtio_pci *pci = from_function(function);
    uint32_t bar_offset, length;

    virtio_interrupts_config_reading(&pci->interrupts);
    if (find_access_window(pci, offset, size, &bar_offset, &length))
        store_le(access_data(pci), length, read_bar(pci, bar_offset, length));
}

static const struct pci_function_ops function_ops = {
    .config_written = config_written,
    .config_reading = config_reading,
    .bar_mapped = bar_mapped,
};

/* ---- Making one ---- */

/* 4.1.4: struct virtio_pci_cap, and what may follow it. */
static unsigned add_structure(struct virtio_pci *pci, uint8_t type,
                              unsigned capability_size, uint64_t offset,
                              uint64_t length)
{
    unsigned at = pci_function_add_capability(&pci->function, PCI_CAP_ID_VNDR,
                                              capability_size);
    uint8_t *capability = pci->function.config + at;

    capability[VIRTIO_PCI_CAP_LEN] = (uint8_t)capability_size;
    capability[VIRTIO_PCI_CAP_CFG_TYPE] = type;
    capability[VIRTIO_PCI_CAP_BAR] = VIRTIO_BAR;
    store_le32(capability + VIRTIO_PCI_CAP_OFFSET, (uint32_t)offset);
    store_le32(capability + VIRTIO_PCI_CAP_LENGTH, (uint32_t)length);
    return at;
}

static void add_capabilities(struct virtio_pci *pci)
{
    const unsigned size = sizeof(struct virtio_pci_cap);
    uint64_t notify_size = pci->device.num_queues * NOTIFY_MULTIPLIER;
    unsigned at;

    add_structure(pci, VIRTIO_PCI_CAP_COMMON_CFG, size, COMMON_OFFSET,
                  COMMON_SIZE);
    at = add_structure(pci, VIRTIO_PCI_CAP_NOTIFY_CFG,
                       sizeof(struct virtio_pci_notify_cap), NOTIFY_OFFSET,
                       notify_size);
    store_le32(pci->function.config + at + VIRTIO_PCI_NOTIFY_CAP_MULT,
               NOTIFY_MULTIPLIER);
    add_structure(pci, VIRTIO_PCI_CAP_ISR_CFG, size, ISR_OFFSET, ISR_SIZE);
    /* Longer than the device's own: drivers read the fields of every feature
     * that they know, and beyond the end they read zero. */
    add_structure(pci, VIRTIO_PCI_CAP_DEVICE_CFG, size, CONFIG_OFFSET,
                  VIRTIO_DEVICE_CONFIG_SIZE);
    at = add_structure(pci, VIRTIO_PCI_CAP_PCI_CFG,
                       sizeof(struct virtio_pci_cfg_cap), 0, 0);
    pci->access_capability = at;
    pci->function.writable[at + VIRTIO_PCI_CAP_BAR] = 0xff;
    memset(pci->function.writable + at + VIRTIO_PCI_CAP_OFFSET, 0xff,
           sizeof(struct virtio_pci_cfg_cap) - VIRTIO_PCI_CAP_OFFSET);
}

static struct pci_identity identity_of(const struct virtio_device *device)
{
    uint32_t id = device->identity.device_id;
    struct pci_identity identity = {
        .vendor = PCI_VENDOR_VIRTIO,
        .device = (uint16_t)(PCI_DEVICE_VIRTIO_BASE + id),
        .subsystem_vendor = PCI_VENDOR_VIRTIO,
        .subsystem = (uint16_t)(PCI_SUBSYSTEM_VIRTIO + id),
        .revision = 1, /* 4.1.2.1: not transitional */
        .class_code = 0xff0000,
    };

    if (id == VIRTIO_ID_NET)
        identity.class_code = 0x020000;
    else if (id == VIRTIO_ID_BLOCK)
        identity.class_code = 0x018000;
    return identity;
}

/* The page of the device's queue `index`, or why there is none. */
static bool set_page(struct virtio_pci *pci, unsigned index)
{
    struct vdpa_backend *backend = pci->device.backend;
    void *page = NULL;
    int error;
    const char *why_not = NULL;

    /* It would lie over the doorbells of its neighbours, too. */
    if ((uint64_t)sysconf(_SC_PAGESIZE) != VIRTIO_DOORBELL_SIZE) {
        virtio_doorbells_set_page(&pci->doorbells, index, NULL,
                                  "the host's pages are larger than it");
        return false;
    }
    error = backend->ops->map_doorbell(backend, (uint16_t)index, &page);
    if (error == -ENOTSUP)
        why_not = "the device has none";
    else if (error)
        why_not = "it cannot be mapped";
    virtio_doorbells_set_page(&pci->doorbells, index, page, why_not);
    return error == 0;
}

/* With the device's lock held. A driver writes the queue's number, by which a
 * device may go that gives all queues the same page: so its own number of the
 * queue must be the guest's. */
static void choose_pages(struct virtio_pci *pci)
{
    const struct virtio_device *device = &pci->device;

    for (unsigned i = 0; i < device->num_queues && pci->uses_pages; i++)
        if (!device->queues[i].is_enabled)
            virtio_doorbells_set_page(&pci->doorbells, i, NULL,
                                      "the guest does not use the queue");
        else if (virtio_device_backend_index(device, i) != i)
            virtio_doorbells_set_page(&pci->doorbells, i, NULL,
                                      "the device numbers it otherwise");
        else
            (void)set_page(pci, i);
}

/* Pages come first and go last, so that this device's user sees them. */
static void device_running_changed(void *owner, bool running)
{
    struct virtio_pci *pci = owner;

    if (running) {
        choose_pages(pci);
        virtio_doorbells_start(&pci->doorbells);
    }
    if (pci->running_changed)
        pci->running_changed(pci->owner, running);
    if (!running)
        virtio_doorbells_stop(&pci->doorbells);
}

static int init_function(struct virtio_pci *pci, struct bus *mmio,
                         struct event_loop *loop)
{
    struct virtio_device *device = &pci->device;
    struct pci_identity identity = identity_of(device);
    uint64_t bar_size = PAGE;
    int error;

    error =
        virtio_doorbells_init(&pci->doorbells, device->num_queues, pci->port);
    if (error)
        return error;
    for (unsigned i = 0; i < device->num_queues; i++)
        virtio_doorbells_set_eventfd(&pci->doorbells, i,
                                     device->queues[i].kick_fd);
    pci_function_init(&pci->function, device->name, &identity, &function_ops,
                      mmio);
    while (bar_size < NOTIFY_OFFSET + device->num_queues * NOTIFY_MULTIPLIER)
        bar_size *= 2;
    pci_function_add_bar(&pci->function, VIRTIO_BAR, bar_size, true, true,
                         &bar_ops, pci);
    error = virtio_interrupts_init(&pci->interrupts, &pci->function, MSIX_BAR,
                                   device->num_queues, pci->port, loop);
    if (error)
        return error;
    add_capabilities(pci);
    device->running_changed = device_running_changed;
    device->owner = pci;
    for (unsigned i = 0; i < device->num_queues; i++)
        virtio_device_connect_queue(
            device, i,
            virtio_interrupts_eventfd(&pci->interrupts,
                                      VIRTIO_INTERRUPT_QUEUE(i)));
    return virtio_device_connect_config(
        device,
        virtio_interrupts_eventfd(&pci->interrupts, VIRTIO_INTERRUPT_CONFIG));
}

int virtio_pci_init(struct virtio_pci *pci, struct vdpa_backend *backend,
                    const struct virtio_device_options *options,
                    const struct guest_memory *memory, struct bus *mmio,
                    struct machine_port port, struct event_loop *loop)
{
    int error;

    memset(pci, 0, sizeof(*pci));
    pci->port = port;
    error = virtio_device_init(&pci->device, backend, options, memory, loop);
    if (!error)
        error = init_function(pci, mmio, loop);
    if (error)
        virtio_pci_destroy(pci);
    return error;
}

void virtio_pci_destroy(struct virtio_pci *pci)
{
    if (pci->function.name)
        pci_function_destroy(&pci->function);
    /* The backend signals the interrupts' eventfds: it closes first. */
    virtio_device_destroy(&pci->device);
    virtio_interrupts_destroy(&pci->interrupts);
    virtio_doorbells_destroy(&pci->doorbells);
}

void virtio_pci_reset(struct virtio_pci *pci)
{
    virtio_device_reset(&pci->device);
    virtio_interrupts_reset(&pci->interrupts);
    pci->device_feature_select = pci->driver_feature_select = 0;
    pci->queue_select = 0;
    pthread_mutex_lock(&pci->function.lock);
    pci_function_reset(&pci->function);
    pthread_mutex_unlock(&pci->function.lock);
}

unsigned long virtio_pci_accesses(const struct virtio_pci *pci,
                                  enum virtio_structure structure)
{
    if (structure == VIRTIO_STRUCTURE_MSIX)
        return __atomic_load_n(&pci->function.bars[MSIX_BAR].region.accesses,
                               __ATOMIC_RELAXED);
    return atomic_load_explicit(&pci->accesses[structure],
                                memory_order_relaxed);
}

void virtio_pci_use_pages(struct virtio_pci *pci)
{
    unsigned left = pci->port.ops->count_free_pages(pci->port.machine);
    unsigned used = 0;

    pci->uses_pages = true;
    for (unsigned i = 0; i < pci->device.num_queues; i++)
        if (set_page(pci, i) && ++used > left)
            virtio_doorbells_set_page(&pci->doorbells, i, NULL,
                                      VIRTIO_DOORBELL_NO_SLOT);
}

struct virtio_kicks virtio_pci_kicks(struct virtio_pci *pci, unsigned index)
{
    return virtio_doorbells_kicks(&pci->doorbells, index);
}
