/* SPDX-License-Identifier: BSD-2-Clause */
/* device_fuzz.c: a software device whose driver does anything. */
#include "tests/support/device_fuzz.h"

#include "vmm/bytes.h"

#include <linux/virtio_config.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#define FEATURE(bit) (1ULL << (bit))
#define PAGE         4096U
/* Three pages with the rings and room for buffers, then one whose host address
 * is elsewhere, one behind a hole, and the very last. */
#define RING_IOVA   0x0U
#define SEAM_IOVA   0x3000U
#define BEHIND_IOVA 0x5000U
#define LAST_IOVA   (UINT64_MAX - PAGE + 1)
/* Of a ring's parts; 32 descriptors fit in front of the next. */
#define RING_STEP    0x400U
#define DRIVER_PART  0x200U
#define DEVICE_PART  0x280U
#define MAX_SIZE_LOG 5U

#define HEADER_SIZE 3U
#define MAX_STEPS   64U
#define MAX_EVENTS  16U /* that one step may bring about */

static const struct {
    uint64_t iova;
    unsigned first, count; /* pages of the reservation */
} layout[DEVICE_FUZZ_NUM_MAPS] = {
    {RING_IOVA, 1, 3},
    {SEAM_IOVA, 7, 1},
    {BEHIND_IOVA, 5, 1},
    {LAST_IOVA, 9, 1},
};
#define NUM_PAGES 11U

static struct vdpa_mapping mappings[DEVICE_FUZZ_NUM_MAPS];
static bool is_mapped[DEVICE_FUZZ_NUM_MAPS];
static int kick_fds[DEVICE_FUZZ_MAX_QUEUES], call_fd, config_fd;
static const uint8_t *contents; /* of memory, as the input has it */
static size_t contents_size;

static const struct device_fuzz_type *fuzzed;
static struct soft_device *device;
static const struct vdpa_backend_ops *ops;
static uint64_t features;
static uint16_t ring_size;

void device_fuzz_require(bool claim)
{
    if (!claim)
        abort();
}

/* ---- Memory ---- */

static void ignore_line(enum log_level level, const char *line, void *context)
{
    (void)level;
    (void)line;
    (void)context;
}

/* Once: mapping is slow. */
static void prepare_process(void)
{
    static uint8_t *pages;

    if (pages)
        return;
    log_set_sink(ignore_line, NULL);
    for (unsigned i = 0; i < DEVICE_FUZZ_MAX_QUEUES; i++)
        kick_fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    config_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pages = mmap(NULL, NUM_PAGES * (size_t)PAGE, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    device_fuzz_require(pages != MAP_FAILED);
    for (unsigned i = 0; i < ARRAY_SIZE(layout); i++) {
        mappings[i] = (struct vdpa_mapping){
            .iova = layout[i].iova,
            .size = (uint64_t)layout[i].count * PAGE,
            .host = pages + (size_t)layout[i].first * PAGE,
        };
        device_fuzz_require(mprotect(mappings[i].host, mappings[i].size,
                                     PROT_READ | PROT_WRITE) == 0);
    }
}

void device_fuzz_refill(void)
{
    size_t done = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(mappings); i++) {
        size_t length = (size_t)mappings[i].size;

        if (length > contents_size - done)
            length = contents_size - done;
        if (length > 0)
            memcpy(mappings[i].host, contents + done, length);
        done += length;
    }
}

static void drain(int fd)
{
    eventfd_t count;

    (void)eventfd_read(fd, &count);
}

/* As after the process has begun. */
static void prepare_memory(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(mappings); i++)
        memset(mappings[i].host, 0, (size_t)mappings[i].size);
    device_fuzz_refill();
    for (unsigned i = 0; i < DEVICE_FUZZ_MAX_QUEUES; i++)
        drain(kick_fds[i]);
    drain(call_fd);
}

void device_fuzz_change_map(unsigned index)
{
    struct vdpa_backend *backend = &device->backend;
    int error = is_mapped[index] ? ops->unmap(backend, &mappings[index], 1)
                                 : ops->map(backend, &mappings[index], 1);

    device_fuzz_require(error == 0);
    is_mapped[index] = !is_mapped[index];
}

/* ---- The device ---- */

static void check(void)
{
    uint8_t status = 0;
    uint32_t position;

    device_fuzz_require(ops->get_status(&device->backend, &status) == 0);
    device_fuzz_require(status == device->status);
    if (status & VIRTIO_CONFIG_S_NEEDS_RESET)
        device_fuzz_require(!device->is_running);
    for (uint16_t i = 0; i < device->identity.num_queues; i++) {
        device_fuzz_require(!device->is_running ||
                            !device->queues[i].ring.is_broken);
        device_fuzz_require(
            ops->get_queue_position(&device->backend, i, &position) == 0);
    }
    fuzzed->check();
}

void device_fuzz_serve(void)
{
    struct epoll_event event = {.events = 0};
    int epoll_fd = device->loop.epoll_fd;

    for (unsigned i = 0; i < MAX_EVENTS; i++) {
        const struct event_source *source;

        if (epoll_wait(epoll_fd, &event, 1, 0) != 1)
            return;
        source = event.data.ptr;
        source->ready(source->owner, event.events);
        check();
    }
    /* One that does not run has nothing to do for ever. */
    device_fuzz_require(device->is_running ||
                        epoll_wait(epoll_fd, &event, 1, 0) == 0);
}

void device_fuzz_kick(unsigned queue)
{
    device_fuzz_require(eventfd_write(kick_fds[queue], 1) == 0);
    device_fuzz_serve();
}

void device_fuzz_advance(unsigned queue, unsigned count)
{
    uint8_t *ring = (uint8_t *)mappings[0].host + (size_t)queue * RING_STEP;
    uint8_t *index = ring + DRIVER_PART + 2;

    if (features & FEATURE(VIRTIO_F_RING_PACKED))
        for (unsigned i = 0; i < ring_size; i++)
            ring[16 * (size_t)i + 14 + count % 2] ^= 0x80;
    else
        store_le16(index, (uint16_t)(load_le16(index) + count));
}

static void set_queues(void)
{
    for (uint16_t i = 0; i < device->identity.num_queues; i++) {
        const uint64_t iova = RING_IOVA + (uint64_t)i * RING_STEP;
        const struct vdpa_queue queue = {
            .size = ring_size,
            .desc_iova = iova,
            .driver_iova = iova + DRIVER_PART,
            .device_iova = iova + DEVICE_PART,
            .kick_fd = kick_fds[i],
            .call_fd = call_fd,
            .position =
                vdpa_queue_start(features & FEATURE(VIRTIO_F_RING_PACKED)),
        };

        device_fuzz_require(ops->set_queue(&device->backend, i, &queue) == 0);
        device_fuzz_require(ops->enable_queue(&device->backend, i, true) == 0);
    }
}

void device_fuzz_start(void)
{
    struct vdpa_backend *backend = &device->backend;

    device_fuzz_require(ops->set_status(backend, 0) == 0);
    check();
    drain(config_fd);
    device_fuzz_require(ops->set_status(backend, 3) == 0);
    device_fuzz_require(ops->set_features(backend, features) == 0);
    device_fuzz_require(ops->set_status(backend, 11) == 0);
    device_fuzz_require(ops->set_config_call(backend, config_fd) == 0);
    set_queues();
    device_fuzz_require(ops->set_status(backend, 15) == 0);
    check();
}

static void open_device(uint8_t kind)
{
    device = fuzzed->open(kind);
    device_fuzz_require(device->identity.num_queues <= DEVICE_FUZZ_MAX_QUEUES);
    ops = device->backend.ops;
    features = device->device_features;
    for (unsigned i = 0; i < ARRAY_SIZE(fuzzed->optional); i++)
        if (!(kind & 1U << i))
            features &= ~FEATURE(fuzzed->optional[i]);
    for (unsigned i = 0; i < ARRAY_SIZE(mappings); i++) {
        is_mapped[i] = false;
        device_fuzz_change_map(i);
    }
}

void device_fuzz(const struct device_fuzz_type *type, const uint8_t *bytes,
                 size_t size)
{
    size_t num_steps;

    if (size < HEADER_SIZE)
        return;
    num_steps = bytes[2] % MAX_STEPS;
    if (num_steps > size - HEADER_SIZE)
        num_steps = size - HEADER_SIZE;
    contents = bytes + HEADER_SIZE + num_steps;
    contents_size = size - HEADER_SIZE - num_steps;

    fuzzed = type;
    prepare_process();
    prepare_memory();
    ring_size = (uint16_t)(1U << bytes[1] % (MAX_SIZE_LOG + 1));
    open_device(bytes[0]);
    device_fuzz_start();
    for (size_t i = 0; i < num_steps; i++) {
        type->step(bytes[HEADER_SIZE + i] >> 5, bytes[HEADER_SIZE + i] & 0x1f);
        check();
    }
    ops->close(&device->backend);
}
