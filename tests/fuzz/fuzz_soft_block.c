/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_soft_block.c: a software disk whose driver does anything: with its ring,
 * its requests and its control calls.
 *
 * The device has no thread here; its loop is served step by step. Its memory is
 * a few pages, each between inaccessible ones, and a request may lie anywhere
 * in it, also on the ring: the device then changes what it reads next.
 *
 * Input: features and kind of disk (1), size of the ring (1), number of steps
 * (1), the steps, and what then lies in memory, from the descriptors on. A
 * step: bits 5 to 7 what, bits 0 to 4 how often or which.
 */
#include "vdpa/soft_block_private.h"
#include "vmm/bytes.h"

#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FEATURE(bit) (1ULL << (bit))
#define PAGE         4096U
/* Two pages with the ring and room for requests, then one whose host address
 * is elsewhere, and the very last. */
#define RING_IOVA    0x0U
#define SEAM_IOVA    0x2000U
#define LAST_IOVA    (UINT64_MAX - PAGE + 1)
#define DRIVER_PART  0x200U
#define DEVICE_PART  0x280U
#define MAX_SIZE_LOG 5U

#define HEADER_SIZE 3U
#define MAX_EVENTS  64U /* that one step may bring about */
#define DISK_SIZE   (64U * DISK_SECTOR)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct {
    uint64_t iova;
    unsigned first, count; /* pages of the reservation */
} layout[] = {
    {RING_IOVA, 1, 2},
    {SEAM_IOVA, 6, 1},
    {LAST_IOVA, 4, 1},
};
#define NUM_PAGES 8U

static struct vdpa_mapping mappings[ARRAY_SIZE(layout)];
static bool is_mapped[ARRAY_SIZE(layout)];
static int kick_fd, call_fd, config_fd, disk_fd;
static char disk_path[64];
static const uint8_t *contents; /* of memory, as the input has it */
static size_t contents_size;

static struct soft_block *block;
static const struct vdpa_backend_ops *ops;
static uint64_t features;
static uint16_t ring_size;

/* Unlike assert(), not compiled out and seen by the fuzzer as a crash. */
static void require(bool claim)
{
    if (!claim)
        abort();
}

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
    kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    config_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    disk_fd = memfd_create("disk", MFD_CLOEXEC);
    (void)snprintf(disk_path, sizeof(disk_path), "/proc/self/fd/%d", disk_fd);
    pages = mmap(NULL, NUM_PAGES * (size_t)PAGE, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(pages != MAP_FAILED);
    for (unsigned i = 0; i < ARRAY_SIZE(layout); i++) {
        mappings[i] = (struct vdpa_mapping){
            .iova = layout[i].iova,
            .size = (uint64_t)layout[i].count * PAGE,
            .host = pages + (size_t)layout[i].first * PAGE,
        };
        require(mprotect(mappings[i].host, mappings[i].size,
                         PROT_READ | PROT_WRITE) == 0);
    }
}

/* Memory as it is at the start, which the driver may repeat. */
static void fill_memory(void)
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

/* ---- What must be true ---- */

static uint32_t disk_sum(void)
{
    uint8_t bytes[DISK_SIZE];
    uint32_t sum = 0;

    require(pread(disk_fd, bytes, sizeof(bytes), 0) == sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        sum = sum * 31 + bytes[i];
    return sum;
}

static void check_device(void)
{
    struct stat file;
    uint8_t status = 0;
    uint32_t position;

    require(ops->get_status(&block->device.backend, &status) == 0);
    if (status & VIRTIO_CONFIG_S_NEEDS_RESET)
        require(!block->device.is_running);
    require(!block->device.is_running ||
            !block->device.queues[0].ring.is_broken);
    require(ops->get_queue_position(&block->device.backend, 0, &position) == 0);
    require(fstat(disk_fd, &file) == 0 && file.st_size == (off_t)DISK_SIZE);
}

/* ---- Steps ---- */

static void serve(void)
{
    struct epoll_event event = {.events = 0};

    for (unsigned i = 0; i < MAX_EVENTS; i++) {
        const struct event_source *source;

        if (epoll_wait(block->device.loop.epoll_fd, &event, 1, 0) != 1)
            return;
        source = event.data.ptr;
        source->ready(source->owner, event.events);
        check_device();
    }
}

static void kick(void)
{
    require(eventfd_write(kick_fd, 1) == 0);
    serve();
}

/* The driver goes on: another lap, or some more buffers. */
static void advance_driver(uint8_t argument)
{
    uint8_t *ring = mappings[0].host;
    uint8_t *index = ring + DRIVER_PART + 2;

    if (features & FEATURE(VIRTIO_F_RING_PACKED))
        for (unsigned i = 0; i < ring_size; i++)
            ring[16 * (size_t)i + 14 + argument % 2] ^= 0x80;
    else
        store_le16(index, (uint16_t)(load_le16(index) + argument));
}

/* From reset on. */
static void start(void)
{
    const struct vdpa_queue queue = {
        .size = ring_size,
        .desc_iova = RING_IOVA,
        .driver_iova = RING_IOVA + DRIVER_PART,
        .device_iova = RING_IOVA + DEVICE_PART,
        .kick_fd = kick_fd,
        .call_fd = call_fd,
        .position = vdpa_queue_start(features & FEATURE(VIRTIO_F_RING_PACKED)),
    };
    struct vdpa_backend *backend = &block->device.backend;

    require(ops->set_status(backend, 0) == 0);
    check_device();
    drain(config_fd);
    require(ops->set_status(backend, 3) == 0);
    require(ops->set_features(backend, features) == 0);
    require(ops->set_status(backend, 11) == 0);
    require(ops->set_config_call(backend, config_fd) == 0);
    require(ops->set_queue(backend, 0, &queue) == 0);
    require(ops->enable_queue(backend, 0, true) == 0);
    require(ops->set_status(backend, 15) == 0);
}

static void change_map(unsigned index)
{
    struct vdpa_backend *backend = &block->device.backend;
    int error = is_mapped[index] ? ops->unmap(backend, &mappings[index], 1)
                                 : ops->map(backend, &mappings[index], 1);

    require(error == 0);
    is_mapped[index] = !is_mapped[index];
}

static void control(uint8_t argument)
{
    switch (argument) {
    case 0:
        require(ops->set_status(&block->device.backend, 0) == 0);
        break;
    case 1:
        start();
        break;
    case 2:
        require(ops->suspend(&block->device.backend) == 0);
        break;
    case 3:
        (void)ops->resume(&block->device.backend);
        break;
    default:
        change_map(argument % ARRAY_SIZE(mappings));
        break;
    }
}

static void step(uint8_t byte)
{
    uint8_t argument = byte & 0x1f;

    switch (byte >> 5) {
    case 0:
    case 1:
        kick();
        break;
    case 2:
    case 3:
        advance_driver(argument);
        break;
    case 4:
    case 5:
        advance_driver(argument);
        kick();
        break;
    case 6:
        fill_memory();
        break;
    default:
        control(argument);
        break;
    }
    check_device();
}

static uint64_t choose_features(uint8_t byte, uint64_t offered)
{
    static const unsigned bits[] = {
        VIRTIO_F_RING_PACKED,
        VIRTIO_RING_F_EVENT_IDX,
        VIRTIO_RING_F_INDIRECT_DESC,
        VIRTIO_BLK_F_FLUSH,
    };
    uint64_t chosen = offered;

    for (unsigned i = 0; i < ARRAY_SIZE(bits); i++)
        if (!(byte & 1U << i))
            chosen &= ~FEATURE(bits[i]);
    return chosen;
}

static void open_device(uint8_t byte)
{
    const struct disk_image_options options = {
        .path = disk_path,
        .is_read_only = (byte & 0x30) == 0x10,
        .is_snapshot = (byte & 0x30) == 0x20,
    };

    require(soft_block_prepare(&options, &block) == 0);
    ops = block->device.backend.ops;
    features = choose_features(byte, block->device.device_features);
    for (unsigned i = 0; i < ARRAY_SIZE(mappings); i++) {
        is_mapped[i] = false;
        change_map(i);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    size_t num_steps;
    uint32_t sum;
    bool must_not_change;

    if (size < HEADER_SIZE)
        return 0;
    num_steps = bytes[2] % 64;
    if (num_steps > size - HEADER_SIZE)
        num_steps = size - HEADER_SIZE;
    contents = bytes + HEADER_SIZE + num_steps;
    contents_size = size - HEADER_SIZE - num_steps;

    prepare_process();
    for (unsigned i = 0; i < ARRAY_SIZE(mappings); i++)
        memset(mappings[i].host, 0, (size_t)mappings[i].size);
    fill_memory();
    drain(kick_fd);
    drain(call_fd);
    ring_size = (uint16_t)(1U << bytes[1] % (MAX_SIZE_LOG + 1));
    require(ftruncate(disk_fd, 0) == 0 &&
            ftruncate(disk_fd, (off_t)DISK_SIZE) == 0);

    open_device(bytes[0]);
    must_not_change =
        block->image.options.is_read_only || block->image.options.is_snapshot;
    sum = disk_sum();
    start();
    for (size_t i = 0; i < num_steps; i++)
        step(bytes[HEADER_SIZE + i]);
    require(!must_not_change || disk_sum() == sum);
    ops->close(&block->device.backend);
    return 0;
}
