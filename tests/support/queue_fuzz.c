/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue_fuzz.c: a device at work on a ring that is whatever the fuzzer says.
 *
 * The device's memory is a few pages, each between inaccessible ones, so that
 * whatever it touches beside them ends the process. Buffers may lie anywhere
 * in it, also on the ring: the device then changes what it reads next.
 *
 * Set-up byte: bit 0 event index, bit 1 indirect, bits 4 to 6 the size's
 * logarithm. A step: bits 5 to 7 what, bits 0 to 4 how often or which.
 */
#include "tests/support/queue_fuzz.h"

#include "vdpa/virtqueue.h"
#include "vmm/bytes.h"

#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096U
/* Two pages with the ring and room for tables and buffers, then one whose
 * host address is elsewhere, one behind a hole, and the very last. */
#define RING_IOVA   0x0U
#define SEAM_IOVA   0x2000U
#define BEHIND_IOVA 0x4000U
#define LAST_IOVA   (UINT64_MAX - PAGE + 1)
/* Of the ring's parts; 32 descriptors fit in front of the next. */
#define DRIVER_IOVA  0x200U
#define DEVICE_IOVA  0x280U
#define MAX_SIZE_LOG 5U
#define MAX_TAKEN    64U /* more than there can be */

#define HEADER_SIZE 6U

static const struct {
    uint64_t iova;
    unsigned first, count; /* pages of the reservation */
} layout[] = {
    {RING_IOVA, 1, 2},
    {SEAM_IOVA, 6, 1},
    {BEHIND_IOVA, 4, 1},
    {LAST_IOVA, 8, 1},
};
#define NUM_PAGES 10U

static struct iova_map map;
static struct virtqueue queue;
static struct virtqueue_chain chain;
static struct virtqueue_buffer taken[MAX_TAKEN]; /* oldest first */
static unsigned num_taken;
static const uint8_t *contents; /* of memory, as the input has it */
static size_t contents_size;

/* Unlike assert(), not compiled out and seen by the fuzzer as a crash. */
static void require(bool claim)
{
    if (!claim)
        abort();
}

/* Once: mapping is slow. */
static void reserve_memory(void)
{
    static uint8_t *pages;

    if (pages)
        return;
    pages = mmap(NULL, NUM_PAGES * (size_t)PAGE, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(pages != MAP_FAILED);
    for (unsigned i = 0; i < ARRAY_SIZE(layout); i++) {
        struct vdpa_mapping mapping = {
            .iova = layout[i].iova,
            .size = (uint64_t)layout[i].count * PAGE,
            .host = pages + (size_t)layout[i].first * PAGE,
        };

        require(mprotect(mapping.host, mapping.size, PROT_READ | PROT_WRITE) ==
                0);
        require(iova_map_add(&map, &mapping, 1) == 0);
    }
}

/* Memory as it is at the start, which the driver may repeat. */
static void fill_memory(void)
{
    size_t done = 0;

    for (unsigned i = 0; i < map.count && done < contents_size; i++) {
        size_t length = (size_t)map.mappings[i].size;

        if (length > contents_size - done)
            length = contents_size - done;
        memcpy(map.mappings[i].host, contents + done, length);
        done += length;
    }
}

static void clear_memory(void)
{
    for (unsigned i = 0; i < map.count; i++)
        memset(map.mappings[i].host, 0, (size_t)map.mappings[i].size);
}

/* ---- What must be true ---- */

static bool is_mapped(const struct iovec *piece)
{
    for (unsigned i = 0; i < map.count; i++)
        if (range_is_inside((uintptr_t)piece->iov_base, piece->iov_len,
                            (uintptr_t)map.mappings[i].host,
                            map.mappings[i].size))
            return true;
    return false;
}

static void check_chain(void)
{
    unsigned count = chain.num_readable + chain.num_writable;
    uint64_t sizes[2] = {0, 0};

    require(count > 0 && count <= VIRTQUEUE_MAX_PIECES);
    for (unsigned i = 0; i < count; i++) {
        require(chain.pieces[i].iov_len > 0 && is_mapped(&chain.pieces[i]));
        sizes[i < chain.num_readable] += chain.pieces[i].iov_len;
    }
    require(sizes[1] == chain.readable_size);
    require(sizes[0] == chain.writable_size);
    require(chain.buffer.num_descriptors > 0);
    require(chain.buffer.num_descriptors <= queue.setup.size);
}

static void check_broken(void)
{
    require(queue.fault != NULL);
    require(!virtqueue_take(&queue, &chain));
    require(!virtqueue_should_signal(&queue));
    require(!virtqueue_want_kicks(&queue, true));
    require(virtqueue_remap(&queue) != 0);
}

/* ---- Steps ---- */

/* Reads what is to be read and writes as much again. */
static void use_chain(uint8_t argument)
{
    static uint8_t bytes[2 * PAGE];
    size_t read = virtqueue_read(&chain, argument, bytes, sizeof(bytes));

    require(read <= chain.readable_size);
    taken[num_taken] = chain.buffer;
    taken[num_taken].written =
        (uint32_t)virtqueue_write(&chain, argument, bytes, read);
    require(taken[num_taken].written <= chain.writable_size);
}

static void take(uint8_t argument)
{
    for (unsigned i = 0; i <= argument; i++) {
        if (!virtqueue_take(&queue, &chain))
            return;
        check_chain();
        /* However often the driver says that there are more. */
        require(num_taken < queue.setup.size);
        use_chain(argument);
        num_taken++;
    }
}

static void return_some(uint8_t argument)
{
    unsigned count = argument < num_taken ? argument : num_taken;

    virtqueue_return(&queue, taken, count);
    num_taken -= count;
    memmove(taken, taken + count, num_taken * sizeof(taken[0]));
}

static void put_back(uint8_t argument)
{
    unsigned count = argument < num_taken ? argument : num_taken;

    num_taken -= count;
    virtqueue_put_back(&queue, taken + num_taken, count);
}

/* The driver goes on: another lap, or some more buffers. */
static void advance_driver(uint8_t argument)
{
    uint8_t *desc = iova_map_at(&map, RING_IOVA, PAGE);
    uint8_t *index = desc + DRIVER_IOVA + 2;

    if (queue.is_packed)
        for (unsigned i = 0; i < queue.setup.size; i++)
            desc[16 * (size_t)i + 14 + argument % 2] ^= 0x80;
    else
        store_le16(index, (uint16_t)(load_le16(index) + argument));
}

static void start(uint64_t features, uint32_t position)
{
    struct vdpa_queue setup = queue.setup;

    num_taken = 0;
    if (virtqueue_init(&queue, &setup, features, position, &map) != 0)
        require(queue.is_broken);
}

static void step(uint8_t byte, uint64_t features)
{
    uint8_t argument = byte & 0x1f;

    switch (byte >> 5) {
    case 0:
        take(argument);
        break;
    case 1:
        return_some(argument);
        break;
    case 2:
        put_back(argument);
        break;
    case 3:
        (void)virtqueue_want_kicks(&queue, argument & 1);
        break;
    case 4:
        (void)virtqueue_should_signal(&queue);
        break;
    case 5:
        advance_driver(argument);
        break;
    case 6:
        fill_memory();
        break;
    default:
        if (argument & 1)
            start(features, virtqueue_position(&queue));
        else
            require(virtqueue_remap(&queue) == 0 || queue.is_broken);
        break;
    }
    if (queue.is_broken)
        check_broken();
}

void queue_fuzz(const uint8_t *data, size_t size, bool is_packed)
{
    uint64_t features = is_packed ? UINT64_C(1) << VIRTIO_F_RING_PACKED : 0;
    size_t num_steps;

    if (size < HEADER_SIZE)
        return;
    if (data[0] & 1)
        features |= UINT64_C(1) << VIRTIO_RING_F_EVENT_IDX;
    if (data[0] & 2)
        features |= UINT64_C(1) << VIRTIO_RING_F_INDIRECT_DESC;
    num_steps = data[5];
    if (num_steps > size - HEADER_SIZE)
        num_steps = size - HEADER_SIZE;
    contents = data + HEADER_SIZE + num_steps;
    contents_size = size - HEADER_SIZE - num_steps;

    reserve_memory();
    clear_memory();
    fill_memory();
    queue.setup = (struct vdpa_queue){
        .size = (uint16_t)(1U << (data[0] >> 4) % (MAX_SIZE_LOG + 1)),
        .desc_iova = RING_IOVA,
        .driver_iova = DRIVER_IOVA,
        .device_iova = DEVICE_IOVA,
        .kick_fd = -1,
        .call_fd = -1,
    };
    start(features, load_le32(data + 1));
    for (size_t i = 0; i < num_steps; i++)
        step(data[HEADER_SIZE + i], features);
}
