/* SPDX-License-Identifier: BSD-2-Clause */
/* split_ring.c: the device's side of a split virtqueue (virtio 1.2, 2.7). */
#include "vdpa/split_ring.h"

#include "vdpa/ring_chain.h"
#include "vdpa/ring_memory.h"
#include "vmm/bytes.h"

#include <assert.h>
#include <linux/virtio_ring.h>

/* The available ring (2.7.6) in the driver's area; the used event follows
 * the ring. */
#define AVAILABLE_FLAGS 0U
#define AVAILABLE_INDEX 2U
#define AVAILABLE_RING  4U
/* The used ring (2.7.8) in the device's area; the available event follows
 * the ring. */
#define USED_FLAGS 0U
#define USED_INDEX 2U
#define USED_RING  4U

static_assert(sizeof(struct vring_desc) == RING_DESCRIPTOR_SIZE, "2.7.5");
static_assert(sizeof(struct vring_used_elem) == 8, "2.7.8");

size_t split_ring_driver_size(uint16_t size)
{
    return AVAILABLE_RING + 2 * (size_t)size + 2;
}

size_t split_ring_device_size(uint16_t size)
{
    return USED_RING + sizeof(struct vring_used_elem) * (size_t)size + 2;
}

static uint8_t *used_event(const struct virtqueue *queue)
{
    return queue->driver + AVAILABLE_RING + 2 * (size_t)queue->setup.size;
}

static uint8_t *available_event(const struct virtqueue *queue)
{
    return queue->device + USED_RING +
           sizeof(struct vring_used_elem) * (size_t)queue->setup.size;
}

static uint16_t slot_of(const struct virtqueue *queue, uint16_t index)
{
    return index & (uint16_t)(queue->setup.size - 1);
}

static uint16_t num_taken(const struct virtqueue *queue)
{
    return (uint16_t)(queue->next_available - queue->next_used);
}

bool split_ring_start(struct virtqueue *queue, uint32_t position)
{
    /* Nobody but us writes it, and we return in order. */
    (void)position;
    queue->next_used = ring_load16(queue->device + USED_INDEX);
    queue->next_available = queue->next_used;
    queue->seen_available = queue->next_used;
    return true;
}

/* ---- Taking ---- */

/* Looks at the driver's index only when it must: the driver's core is about
 * to write there. */
static bool is_available(struct virtqueue *queue)
{
    uint16_t index, ahead;

    if (queue->seen_available != queue->next_available)
        return true;
    /* Pairs with the driver's release of its index after the ring entry and
     * the descriptors. */
    index = ring_load16_acquire(queue->driver + AVAILABLE_INDEX);
    ahead = (uint16_t)(index - queue->next_available);
    if (ahead > queue->setup.size - num_taken(queue))
        return ring_fail(queue, "an available index beyond its ring");
    queue->seen_available = index;
    return ahead > 0;
}

struct descriptor {
    uint64_t iova;
    uint32_t length;
    uint16_t flags, next;
};

static struct descriptor read_descriptor(const struct ring_table *table,
                                         uint32_t index)
{
    struct vring_desc raw;

    ring_table_read(table, index, &raw);
    return (struct descriptor){
        .iova = le64toh(raw.addr),
        .length = le32toh(raw.len),
        .flags = le16toh(raw.flags),
        .next = le16toh(raw.next),
    };
}

/* Goes on in the indirect table that `descriptor` refers to. */
static bool enter_table(struct virtqueue *queue, struct ring_table *table,
                        const struct descriptor *descriptor, bool is_inside)
{
    if (is_inside)
        return ring_fail(queue, "an indirect table inside an indirect table");
    if (descriptor->flags & VRING_DESC_F_NEXT)
        return ring_fail(queue, "an indirect descriptor that has a next one");
    return ring_table_open(queue, table, descriptor->iova, descriptor->length);
}

/* 2.7.5.3.2: direct descriptors, then at most one indirect table. */
static bool walk(struct virtqueue *queue, struct virtqueue_chain *chain,
                 uint16_t head)
{
    struct ring_table table = {
        .parts = {{.iov_base = queue->desc,
                   .iov_len =
                       RING_DESCRIPTOR_SIZE * (size_t)queue->setup.size}},
        .num_parts = 1,
        .count = queue->setup.size,
    };
    uint32_t left = table.count; /* steps until it must have ended */
    bool is_inside = false;
    uint16_t index = head;

    while (left-- > 0) {
        struct descriptor descriptor;

        if (index >= table.count)
            return ring_fail(queue, "a descriptor index outside its table");
        descriptor = read_descriptor(&table, index);
        if (descriptor.flags & VRING_DESC_F_INDIRECT) {
            if (!enter_table(queue, &table, &descriptor, is_inside))
                return false;
            is_inside = true;
            left = table.count;
            index = 0;
            continue;
        }
        if (!ring_chain_add(queue, chain, descriptor.iova, descriptor.length,
                            descriptor.flags & VRING_DESC_F_WRITE))
            return false;
        if (!(descriptor.flags & VRING_DESC_F_NEXT))
            return true;
        index = descriptor.next;
    }
    return ring_fail(queue, "a descriptor chain that loops");
}

bool split_ring_take(struct virtqueue *queue, struct virtqueue_chain *chain)
{
    uint16_t head;

    if (!is_available(queue))
        return false;
    head = ring_load16(queue->driver + AVAILABLE_RING +
                       2 * (size_t)slot_of(queue, queue->next_available));
    ring_chain_start(chain);
    if (!walk(queue, chain, head))
        return false;
    chain->buffer.id = head;
    queue->next_available++;
    if (queue->num_put_back > 0)
        queue->num_put_back--;
    return true;
}

void split_ring_put_back(struct virtqueue *queue,
                         const struct virtqueue_buffer *buffers, unsigned count)
{
    (void)buffers;
    assert(count <= num_taken(queue));
    queue->next_available = (uint16_t)(queue->next_available - count);
    queue->num_put_back = (uint16_t)(queue->num_put_back + count);
}

/* ---- Returning ---- */

void split_ring_return(struct virtqueue *queue,
                       const struct virtqueue_buffer *buffers, unsigned count)
{
    uint16_t index = queue->next_used;

    assert(count <= num_taken(queue));
    for (unsigned i = 0; i < count; i++, index++) {
        struct vring_used_elem element = {
            .id = htole32(buffers[i].id),
            .len = htole32(buffers[i].written),
        };

        memcpy(queue->device + USED_RING +
                   sizeof(element) * (size_t)slot_of(queue, index),
               &element, sizeof(element));
    }
    queue->next_used = index;
    /* Pairs with the driver's acquire of this index: it then sees the entries
     * and what we wrote into the buffers. */
    ring_store16_release(queue->device + USED_INDEX, index);
    queue->num_unsignalled += count;
    if (queue->num_unsignalled > VIRTQUEUE_MANY)
        queue->num_unsignalled = VIRTQUEUE_MANY;
}

bool split_ring_should_signal(struct virtqueue *queue)
{
    uint32_t returned = queue->num_unsignalled;
    uint16_t flags, behind;

    if (returned == 0)
        return false;
    queue->num_unsignalled = 0;
    /* Pairs with the driver's fence between writing its wish and looking at
     * the used index once more: one of the two sees the other's store. */
    ring_full_fence();
    if (!queue->has_event_index) {
        flags = ring_load16(queue->driver + AVAILABLE_FLAGS);
        return !(flags & VRING_AVAIL_F_NO_INTERRUPT);
    }
    /* 2.7.7.2: when the entry at the used event is among those returned. */
    behind = (uint16_t)(queue->next_used - 1 - ring_load16(used_event(queue)));
    return behind < returned;
}

/* ---- Notifications ---- */

bool split_ring_want_kicks(struct virtqueue *queue, bool wanted)
{
    uint16_t seen = (uint16_t)(queue->next_available + queue->num_put_back);

    /* 2.7.10: the event is the entry to be notified of; one that the driver
     * has written already comes again only 65,535 entries later. */
    if (queue->has_event_index)
        ring_store16(available_event(queue),
                     wanted ? seen : (uint16_t)(seen - 1));
    else
        ring_store16(queue->device + USED_FLAGS,
                     wanted ? 0 : VRING_USED_F_NO_NOTIFY);
    if (!wanted)
        return false;
    /* Pairs with the driver's fence between storing its index and reading
     * our wish: either it sees the wish, or we see the index. */
    ring_full_fence();
    return ring_load16(queue->driver + AVAILABLE_INDEX) != seen;
}

uint32_t split_ring_position(const struct virtqueue *queue)
{
    return queue->next_used;
}
