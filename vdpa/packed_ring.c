/* SPDX-License-Identifier: BSD-2-Clause */
/* packed_ring.c: the device's side of a packed virtqueue (virtio 1.2, 2.8). */
#include "vdpa/packed_ring.h"

#include "vdpa/ring_chain.h"
#include "vdpa/ring_memory.h"
#include "vmm/bytes.h"

#include <assert.h>
#include <linux/virtio_ring.h>
#include <stddef.h>

/* A descriptor's parts (2.8.13). */
#define DESCRIPTOR_LENGTH offsetof(struct vring_packed_desc, len)
#define DESCRIPTOR_ID     offsetof(struct vring_packed_desc, id)
#define DESCRIPTOR_FLAGS  offsetof(struct vring_packed_desc, flags)
/* An event suppression structure's parts (2.8.14). */
#define EVENT_POSITION offsetof(struct vring_packed_desc_event, off_wrap)
#define EVENT_FLAGS    offsetof(struct vring_packed_desc_event, flags)

#define FLAG_AVAILABLE (1U << VRING_PACKED_DESC_F_AVAIL)
#define FLAG_USED      (1U << VRING_PACKED_DESC_F_USED)
/* The wrap counter beside a slot number. */
#define WRAP      (1U << VRING_PACKED_EVENT_F_WRAP_CTR)
#define SLOT_MASK (WRAP - 1)

static_assert(sizeof(struct vring_packed_desc) == RING_DESCRIPTOR_SIZE, "2.8");

size_t packed_ring_driver_size(uint16_t size)
{
    (void)size;
    return sizeof(struct vring_packed_desc_event);
}

size_t packed_ring_device_size(uint16_t size)
{
    (void)size;
    return sizeof(struct vring_packed_desc_event);
}

/* A place in the ring: a slot, and the lap's wrap counter there. */
struct place {
    uint16_t slot;
    bool wrap;
};

/* `count` slots further, at most the ring's size. */
static struct place forward(const struct virtqueue *queue, struct place place,
                            unsigned count)
{
    unsigned slot = place.slot + count;

    if (slot >= queue->setup.size)
        return (struct place){(uint16_t)(slot - queue->setup.size),
                              !place.wrap};
    return (struct place){(uint16_t)slot, place.wrap};
}

static struct place next_available(const struct virtqueue *queue)
{
    return (struct place){queue->next_available, queue->available_wrap};
}

static uint8_t *descriptor_at(const struct virtqueue *queue, uint16_t slot)
{
    return queue->desc + RING_DESCRIPTOR_SIZE * (size_t)slot;
}

/* Slots that were taken and not yet returned. */
static unsigned num_taken(const struct virtqueue *queue)
{
    unsigned lap =
        queue->available_wrap == queue->used_wrap ? 0 : queue->setup.size;

    return lap + queue->next_available - queue->next_used;
}

bool packed_ring_start(struct virtqueue *queue, uint32_t position)
{
    uint16_t slot = (position >> 16) & SLOT_MASK;

    if (slot >= queue->setup.size)
        return ring_fail(queue, "a position outside the ring");
    queue->next_used = queue->next_available = slot;
    queue->used_wrap = queue->available_wrap = (position >> 16) & WRAP;
    return true;
}

/* ---- Taking ---- */

struct descriptor {
    uint64_t iova;
    uint32_t length;
    uint16_t id, flags;
};

static struct descriptor decode(const struct vring_packed_desc *raw)
{
    return (struct descriptor){
        .iova = le64toh(raw->addr),
        .length = le32toh(raw->len),
        .id = le16toh(raw->id),
        .flags = le16toh(raw->flags),
    };
}

/* 2.8.1: available when one flag is this lap's counter and the other not. */
static bool is_available(uint16_t flags, bool wrap)
{
    bool available = flags & FLAG_AVAILABLE, used = flags & FLAG_USED;

    return available == wrap && used != wrap;
}

/* 2.8.7: the whole table is the chain; no flag but WRITE counts in it. */
static bool add_table(struct virtqueue *queue, struct virtqueue_chain *chain,
                      const struct descriptor *outer)
{
    struct ring_table table;

    if (!ring_table_open(queue, &table, outer->iova, outer->length))
        return false;
    for (uint32_t i = 0; i < table.count; i++) {
        struct vring_packed_desc raw;
        struct descriptor inner;

        ring_table_read(&table, i, &raw);
        inner = decode(&raw);
        if (!ring_chain_add(queue, chain, inner.iova, inner.length,
                            inner.flags & VRING_DESC_F_WRITE))
            return false;
    }
    return true;
}

/* Adds one descriptor of the ring. */
static bool add(struct virtqueue *queue, struct virtqueue_chain *chain,
                const struct descriptor *descriptor, bool is_first)
{
    if (!(descriptor->flags & VRING_DESC_F_INDIRECT))
        return ring_chain_add(queue, chain, descriptor->iova,
                              descriptor->length,
                              descriptor->flags & VRING_DESC_F_WRITE);
    /* 2.8.19: a list is of one kind or the other. */
    if (descriptor->flags & VRING_DESC_F_NEXT)
        return ring_fail(queue, "an indirect descriptor that has a next one");
    if (!is_first)
        return ring_fail(queue,
                         "an indirect descriptor in a chain of direct ones");
    return add_table(queue, chain, descriptor);
}

static struct descriptor read_slot(const struct virtqueue *queue, uint16_t slot)
{
    struct vring_packed_desc raw;

    ring_copy(&raw, descriptor_at(queue, slot), sizeof(raw));
    return decode(&raw);
}

/* The head's flags were read before the rest of it; each is read once. */
static struct descriptor read_head(const struct virtqueue *queue, uint16_t slot,
                                   uint16_t flags)
{
    struct vring_packed_desc raw = {.flags = htole16(flags)};

    ring_copy(&raw, descriptor_at(queue, slot), DESCRIPTOR_FLAGS);
    return decode(&raw);
}

bool packed_ring_take(struct virtqueue *queue, struct virtqueue_chain *chain)
{
    unsigned free_slots = queue->setup.size - num_taken(queue), count = 0;
    struct place place = next_available(queue);
    struct descriptor descriptor;
    uint16_t flags;

    /* Pairs with the driver's release of a head's flags after all else. */
    flags = ring_load16_acquire(descriptor_at(queue, place.slot) +
                                DESCRIPTOR_FLAGS);
    if (!is_available(flags, place.wrap))
        /* What was put back was available once, and would be looked for again
         * and again. */
        return queue->num_put_back > 0 &&
               ring_fail(queue, "a buffer that the driver took back");
    ring_chain_start(chain);
    descriptor = read_head(queue, place.slot, flags);
    for (;;) {
        if (count == free_slots)
            return ring_fail(queue, "a descriptor chain longer than its ring");
        if (!add(queue, chain, &descriptor, count == 0))
            return false;
        place = forward(queue, place, 1);
        count++;
        if (!(descriptor.flags & VRING_DESC_F_NEXT))
            break;
        descriptor = read_slot(queue, place.slot);
    }
    chain->buffer.id = descriptor.id; /* 2.8.6: the last one's */
    chain->buffer.num_descriptors = (uint16_t)count;
    queue->next_available = place.slot;
    queue->available_wrap = place.wrap;
    queue->num_put_back =
        (uint16_t)(queue->num_put_back > count ? queue->num_put_back - count
                                               : 0);
    return true;
}

static unsigned count_slots(const struct virtqueue_buffer *buffers,
                            unsigned count)
{
    unsigned slots = 0;

    for (unsigned i = 0; i < count; i++)
        slots += buffers[i].num_descriptors;
    return slots;
}

void packed_ring_put_back(struct virtqueue *queue,
                          const struct virtqueue_buffer *buffers,
                          unsigned count)
{
    unsigned slots = count_slots(buffers, count);

    assert(slots <= num_taken(queue));
    if (queue->next_available < slots) {
        queue->next_available =
            (uint16_t)(queue->next_available + queue->setup.size);
        queue->available_wrap = !queue->available_wrap;
    }
    queue->next_available = (uint16_t)(queue->next_available - slots);
    queue->num_put_back = (uint16_t)(queue->num_put_back + slots);
}

/* ---- Returning ---- */

/* Writes a used descriptor but for its flags, which it returns. */
static uint16_t write_used(struct virtqueue *queue, struct place place,
                           const struct virtqueue_buffer *buffer)
{
    uint8_t *descriptor = descriptor_at(queue, place.slot);
    unsigned flags = place.wrap ? FLAG_AVAILABLE | FLAG_USED : 0;
    uint32_t length = htole32(buffer->written);
    uint16_t id = htole16(buffer->id);

    memcpy(descriptor + DESCRIPTOR_LENGTH, &length, sizeof(length));
    memcpy(descriptor + DESCRIPTOR_ID, &id, sizeof(id));
    if (buffer->written > 0)
        flags |= VRING_DESC_F_WRITE; /* 2.8.3 */
    return (uint16_t)flags;
}

void packed_ring_return(struct virtqueue *queue,
                        const struct virtqueue_buffer *buffers, unsigned count)
{
    struct place first = {queue->next_used, queue->used_wrap}, place;
    unsigned slots = count_slots(buffers, count);

    if (count == 0)
        return;
    assert(slots <= num_taken(queue));
    place = forward(queue, first, buffers[0].num_descriptors);
    for (unsigned i = 1; i < count; i++) {
        uint16_t flags = write_used(queue, place, &buffers[i]);

        ring_store16(descriptor_at(queue, place.slot) + DESCRIPTOR_FLAGS,
                     flags);
        place = forward(queue, place, buffers[i].num_descriptors);
    }
    /* The driver does not look behind the first: it makes all visible. Pairs
     * with the driver's acquire of these flags. */
    ring_store16_release(descriptor_at(queue, first.slot) + DESCRIPTOR_FLAGS,
                         write_used(queue, first, &buffers[0]));
    queue->next_used = place.slot;
    queue->used_wrap = place.wrap;
    queue->num_unsignalled += slots;
    if (queue->num_unsignalled > VIRTQUEUE_MANY)
        queue->num_unsignalled = VIRTQUEUE_MANY;
}

bool packed_ring_should_signal(struct virtqueue *queue)
{
    unsigned returned = queue->num_unsignalled, event, behind;
    uint16_t flags;

    if (returned == 0)
        return false;
    queue->num_unsignalled = 0;
    /* Pairs with the driver's fence between writing its wish and looking at
     * the ring once more: one of the two sees the other's store. */
    ring_full_fence();
    /* Pairs with the driver's release of the flags after the position. */
    flags = ring_load16_acquire(queue->driver + EVENT_FLAGS);
    if (flags == VRING_PACKED_EVENT_FLAG_DISABLE)
        return false;
    if (flags != VRING_PACKED_EVENT_FLAG_DESC || !queue->has_event_index ||
        returned > queue->setup.size)
        return true;
    /* 2.8.10: when the slot is among those returned. Laps are told apart by
     * the counter, so `behind` is right for up to a lap. */
    event = ring_load16(queue->driver + EVENT_POSITION);
    behind = queue->next_used - (event & SLOT_MASK);
    if ((bool)(event & WRAP) != queue->used_wrap)
        behind += queue->setup.size;
    return behind - 1 < returned;
}

/* ---- Notifications ---- */

bool packed_ring_want_kicks(struct virtqueue *queue, bool wanted)
{
    struct place seen =
        forward(queue, next_available(queue), queue->num_put_back);
    uint16_t flags = VRING_PACKED_EVENT_FLAG_ENABLE;

    if (!wanted) {
        ring_store16(queue->device + EVENT_FLAGS,
                     VRING_PACKED_EVENT_FLAG_DISABLE);
        return false;
    }
    if (queue->has_event_index) {
        flags = VRING_PACKED_EVENT_FLAG_DESC;
        ring_store16(queue->device + EVENT_POSITION,
                     (uint16_t)(seen.slot | (seen.wrap ? WRAP : 0)));
    }
    /* Pairs with the driver's acquire of these flags before the position. */
    ring_store16_release(queue->device + EVENT_FLAGS, flags);
    /* Pairs with the driver's fence between storing a head's flags and
     * reading our wish: either it sees the wish, or we see the head. */
    ring_full_fence();
    return is_available(
        ring_load16(descriptor_at(queue, seen.slot) + DESCRIPTOR_FLAGS),
        seen.wrap);
}

uint32_t packed_ring_position(const struct virtqueue *queue)
{
    uint32_t place = queue->next_used | (queue->used_wrap ? WRAP : 0);

    return place << 16 | place;
}
