/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * driver_ring.c: the driver's side of a virtqueue.
 *
 * Of the device's side it shares the fence alone, so that a misreading of
 * virtio 1.2, 2.7 and 2.8, would have to be made twice.
 */
#include "tests/support/driver_ring.h"

#include "vdpa/ring_memory.h"
#include "vmm/bytes.h"

#include <endian.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE            4096U
#define DESCRIPTOR_SIZE 16U
#define TABLE_SIZE      (DRIVER_RING_MAX_INDIRECT * (size_t)DESCRIPTOR_SIZE)

#define FLAG_AVAILABLE (1U << VRING_PACKED_DESC_F_AVAIL)
#define FLAG_USED      (1U << VRING_PACKED_DESC_F_USED)
#define WRAP           (1U << VRING_PACKED_EVENT_F_WRAP_CTR)

/* ---- Shared words ---- */

static uint16_t load(const uint8_t *at)
{
    const uint16_t *word = (const void *)at;

    /* Pairs with the device's release of whatever this is. */
    return le16toh(__atomic_load_n(word, __ATOMIC_ACQUIRE));
}

static void store(uint8_t *at, uint16_t value)
{
    uint16_t *word = (void *)at;

    /* Pairs with the device's acquire of whatever this is. */
    __atomic_store_n(word, htole16(value), __ATOMIC_RELEASE);
}

/* ---- Layout ---- */

static size_t round_up(size_t size)
{
    return (size_t)align_up(size, PAGE);
}

static size_t desc_bytes(const struct driver_ring_setup *setup)
{
    return round_up(DESCRIPTOR_SIZE * (size_t)setup->size);
}

static size_t driver_bytes(const struct driver_ring_setup *setup)
{
    return round_up(6 + 2 * (size_t)setup->size);
}

static size_t device_bytes(const struct driver_ring_setup *setup)
{
    return round_up(6 + 8 * (size_t)setup->size);
}

static size_t tables_bytes(const struct driver_ring_setup *setup)
{
    return setup->indirect ? round_up(TABLE_SIZE * setup->size) : 0;
}

size_t driver_ring_bytes(const struct driver_ring_setup *setup)
{
    return desc_bytes(setup) + driver_bytes(setup) + device_bytes(setup) +
           tables_bytes(setup);
}

void driver_ring_init(struct driver_ring *ring,
                      const struct driver_ring_setup *setup, void *memory,
                      uint64_t iova)
{
    memset(memory, 0, driver_ring_bytes(setup));
    *ring = (struct driver_ring){
        .setup = *setup,
        .desc = memory,
        .iova = iova,
        .available_wrap = true,
        .used_wrap = true,
        .num_free = setup->size,
        .num_free_ids = setup->size,
    };
    ring->driver = ring->desc + desc_bytes(setup);
    ring->device = ring->driver + driver_bytes(setup);
    ring->tables = ring->device + device_bytes(setup);
    for (uint16_t i = 0; i < setup->size; i++)
        ring->free_ids[i] = (uint16_t)(setup->size - 1 - i);
}

struct vdpa_queue driver_ring_queue(const struct driver_ring *ring)
{
    return (struct vdpa_queue){
        .size = ring->setup.size,
        .desc_iova = ring->iova,
        .driver_iova = ring->iova + (uint64_t)(ring->driver - ring->desc),
        .device_iova = ring->iova + (uint64_t)(ring->device - ring->desc),
        .kick_fd = -1,
        .call_fd = -1,
    };
}

uint64_t driver_ring_features(const struct driver_ring *ring)
{
    const struct driver_ring_setup *setup = &ring->setup;
    uint64_t features = UINT64_C(1) << VIRTIO_F_VERSION_1;

    if (setup->packed)
        features |= UINT64_C(1) << VIRTIO_F_RING_PACKED;
    if (setup->event_index)
        features |= UINT64_C(1) << VIRTIO_RING_F_EVENT_IDX;
    if (setup->indirect)
        features |= UINT64_C(1) << VIRTIO_RING_F_INDIRECT_DESC;
    return features;
}

void *driver_ring_descriptor(const struct driver_ring *ring, uint16_t slot)
{
    return ring->desc + DESCRIPTOR_SIZE * (size_t)slot;
}

void *driver_ring_table(const struct driver_ring *ring, uint16_t id)
{
    return ring->tables + TABLE_SIZE * id;
}

static uint64_t table_iova(const struct driver_ring *ring, uint16_t id)
{
    return ring->iova + (uint64_t)(ring->tables - ring->desc) + TABLE_SIZE * id;
}

static uint8_t *used_event(const struct driver_ring *ring)
{
    return ring->driver + 4 + 2 * (size_t)ring->setup.size;
}

static uint8_t *available_event(const struct driver_ring *ring)
{
    return ring->device + 4 + 8 * (size_t)ring->setup.size;
}

/* ---- Adding ---- */

static struct vring_desc split_descriptor(const struct driver_piece *piece,
                                          bool is_last, uint16_t next)
{
    unsigned flags = (piece->writable ? VRING_DESC_F_WRITE : 0U) |
                     (is_last ? 0U : VRING_DESC_F_NEXT);

    return (struct vring_desc){
        .addr = htole64(piece->iova),
        .len = htole32(piece->length),
        .flags = htole16((uint16_t)flags),
        .next = htole16(is_last ? 0 : next),
    };
}

static void fill_table(const struct driver_ring *ring, uint16_t id,
                       const struct driver_piece *pieces, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint8_t *at = (uint8_t *)driver_ring_table(ring, id) +
                      (size_t)DESCRIPTOR_SIZE * i;

        if (ring->setup.packed) {
            struct vring_packed_desc packed = {
                .addr = htole64(pieces[i].iova),
                .len = htole32(pieces[i].length),
                .flags = htole16(pieces[i].writable ? VRING_DESC_F_WRITE : 0),
            };
            memcpy(at, &packed, sizeof(packed));
        } else {
            struct vring_desc split =
                split_descriptor(&pieces[i], i + 1 == count, (uint16_t)(i + 1));
            memcpy(at, &split, sizeof(split));
        }
    }
}

/* Ids serve as descriptor indices; a chain takes as many as it is long, the
 * first of which names the buffer. */
static void add_split(struct driver_ring *ring,
                      const struct driver_piece *pieces, unsigned count,
                      uint16_t flags)
{
    uint8_t *entry = ring->driver + 4 +
                     2 * (size_t)(ring->next_available % ring->setup.size);
    const uint16_t *id = &ring->free_ids[ring->num_free_ids - 1];

    store(entry, *id);
    for (unsigned i = 0; i < count; i++, id--) {
        bool is_last = i + 1 == count;
        struct vring_desc descriptor =
            split_descriptor(&pieces[i], is_last, is_last ? 0 : *(id - 1));

        descriptor.flags |= htole16(flags);
        memcpy(driver_ring_descriptor(ring, *id), &descriptor,
               sizeof(descriptor));
    }
    ring->num_free_ids = (uint16_t)(ring->num_free_ids - count);
    store(ring->driver + 2, ++ring->next_available);
    ring->num_unkicked++;
}

static void advance(const struct driver_ring *ring, uint16_t *slot, bool *wrap,
                    unsigned count)
{
    unsigned next = *slot + count;

    if (next >= ring->setup.size) {
        next -= ring->setup.size;
        *wrap = !*wrap;
    }
    *slot = (uint16_t)next;
}

static void add_packed(struct driver_ring *ring, uint16_t id,
                       const struct driver_piece *pieces, unsigned count,
                       uint16_t flags)
{
    uint8_t *head = driver_ring_descriptor(ring, ring->next_available);
    uint16_t head_flags = 0;

    for (unsigned i = 0; i < count; i++) {
        uint8_t *at = driver_ring_descriptor(ring, ring->next_available);
        struct vring_packed_desc descriptor = {
            .addr = htole64(pieces[i].iova),
            .len = htole32(pieces[i].length),
            .id = htole16(id),
        };
        unsigned all = flags |
                       (ring->available_wrap ? FLAG_AVAILABLE : FLAG_USED) |
                       (pieces[i].writable ? VRING_DESC_F_WRITE : 0U) |
                       (i + 1 < count ? VRING_DESC_F_NEXT : 0U);

        memcpy(at, &descriptor, 14);
        if (i == 0)
            head_flags = (uint16_t)all;
        else
            store(at + 14, (uint16_t)all);
        advance(ring, &ring->next_available, &ring->available_wrap, 1);
    }
    store(head + 14, head_flags);
    ring->num_unkicked = (uint16_t)(ring->num_unkicked + count);
}

bool driver_ring_add(struct driver_ring *ring,
                     const struct driver_piece *pieces, unsigned count,
                     uint64_t token)
{
    struct driver_piece table;
    uint16_t id, flags = 0;

    if (count == 0 || ring->num_free_ids == 0)
        return false;
    id = ring->free_ids[ring->num_free_ids - 1];
    if (ring->setup.indirect && count <= DRIVER_RING_MAX_INDIRECT) {
        fill_table(ring, id, pieces, count);
        table = (struct driver_piece){
            .iova = table_iova(ring, id),
            .length = count * DESCRIPTOR_SIZE,
        };
        pieces = &table;
        count = 1;
        flags = VRING_DESC_F_INDIRECT;
    }
    if (count > ring->num_free)
        return false;
    ring->num_free = (uint16_t)(ring->num_free - count);
    ring->tokens[id] = token;
    ring->lengths[id] = (uint16_t)count;
    if (ring->setup.packed) {
        ring->num_free_ids--;
        add_packed(ring, id, pieces, count, flags);
    } else {
        add_split(ring, pieces, count, flags);
    }
    return true;
}

static bool split_should_kick(const struct driver_ring *ring, uint16_t added)
{
    uint16_t event;

    if (!ring->setup.event_index)
        return !(load(ring->device) & VRING_USED_F_NO_NOTIFY);
    event = load(available_event(ring));
    return (uint16_t)(ring->next_available - event - 1) < added;
}

static bool packed_should_kick(const struct driver_ring *ring, uint16_t added)
{
    uint16_t flags = load(ring->device + 2), event;
    uint16_t slot = ring->next_available;
    bool wrap = ring->available_wrap;

    if (flags != VRING_PACKED_EVENT_FLAG_DESC)
        return flags == VRING_PACKED_EVENT_FLAG_ENABLE;
    event = load(ring->device);
    /* Was the slot of the event, on that lap, among those added? */
    for (unsigned i = 0; i < added; i++) {
        wrap = slot == 0 ? !wrap : wrap;
        slot = (uint16_t)((slot == 0 ? ring->setup.size : slot) - 1);
        if (event == (slot | (wrap ? WRAP : 0)))
            return true;
    }
    return false;
}

bool driver_ring_should_kick(struct driver_ring *ring)
{
    uint16_t added = ring->num_unkicked;

    ring->num_unkicked = 0;
    /* Pairs with the device's fence between writing its wish and looking at
     * the ring once more (2.7.13.4.1, 2.8.21.3.1). */
    ring_full_fence();
    if (added == 0)
        return false;
    return ring->setup.packed ? packed_should_kick(ring, added)
                              : split_should_kick(ring, added);
}

/* ---- Collecting ---- */

static bool split_has_used(const struct driver_ring *ring)
{
    return load(ring->device + 2) != ring->next_used;
}

static bool packed_has_used(const struct driver_ring *ring)
{
    const uint8_t *at = driver_ring_descriptor(ring, ring->next_used);
    uint16_t flags = load(at + 14);

    return (bool)(flags & FLAG_AVAILABLE) == ring->used_wrap &&
           (bool)(flags & FLAG_USED) == ring->used_wrap;
}

static bool has_used(const struct driver_ring *ring)
{
    return ring->setup.packed ? packed_has_used(ring) : split_has_used(ring);
}

/* Puts the descriptors of a split chain back. */
static void free_chain(struct driver_ring *ring, uint16_t head)
{
    uint16_t index = head;

    for (uint16_t i = 0; i < ring->lengths[head]; i++) {
        struct vring_desc descriptor;

        memcpy(&descriptor, driver_ring_descriptor(ring, index),
               sizeof(descriptor));
        ring->free_ids[ring->num_free_ids++] = index;
        index = le16toh(descriptor.next);
    }
}

/* False when it is not one that the device had. */
static bool release(struct driver_ring *ring, uint32_t id)
{
    if (id >= ring->setup.size || ring->lengths[id] == 0) {
        ring->fault = "a buffer was returned that the device did not have";
        return false;
    }
    if (ring->setup.packed) {
        ring->free_ids[ring->num_free_ids++] = (uint16_t)id;
        advance(ring, &ring->next_used, &ring->used_wrap, ring->lengths[id]);
    } else {
        free_chain(ring, (uint16_t)id);
        ring->next_used++;
    }
    ring->num_free = (uint16_t)(ring->num_free + ring->lengths[id]);
    ring->lengths[id] = 0;
    return true;
}

bool driver_ring_collect(struct driver_ring *ring, struct driver_used *used)
{
    uint32_t id;

    if (ring->fault || !has_used(ring))
        return false;
    if (ring->setup.packed) {
        const uint8_t *at = driver_ring_descriptor(ring, ring->next_used);

        id = load_le16(at + 12);
        /* 2.8.4: the length counts only when something was written. */
        used->written =
            (load(at + 14) & VRING_DESC_F_WRITE) ? load_le32(at + 8) : 0;
    } else {
        const uint8_t *element =
            ring->device + 4 + 8 * (size_t)(ring->next_used % ring->setup.size);

        id = load_le32(element);
        used->written = load_le32(element + 4);
    }
    if (!release(ring, id))
        return false;
    used->token = ring->tokens[id];
    return true;
}

bool driver_ring_want_signal_after(struct driver_ring *ring, unsigned count)
{
    uint16_t slot = ring->next_used;
    bool wrap = ring->used_wrap;

    if (ring->setup.packed) {
        advance(ring, &slot, &wrap, count - 1);
        store(ring->driver, (uint16_t)(slot | (wrap ? WRAP : 0)));
        store(ring->driver + 2, VRING_PACKED_EVENT_FLAG_DESC);
    } else {
        store(used_event(ring), (uint16_t)(ring->next_used + count - 1));
    }
    /* Pairs with the device's fence between returning and reading our wish. */
    ring_full_fence();
    return has_used(ring);
}

bool driver_ring_want_signals(struct driver_ring *ring, bool wanted)
{
    if (wanted && ring->setup.event_index)
        return driver_ring_want_signal_after(ring, 1);
    if (ring->setup.packed)
        store(ring->driver + 2, wanted ? VRING_PACKED_EVENT_FLAG_ENABLE
                                       : VRING_PACKED_EVENT_FLAG_DISABLE);
    else if (ring->setup.event_index)
        store(used_event(ring), (uint16_t)(ring->next_used - 1));
    else
        store(ring->driver, wanted ? 0 : VRING_AVAIL_F_NO_INTERRUPT);
    if (!wanted)
        return false;
    ring_full_fence(); /* as above */
    return has_used(ring);
}

/* ---- Memory ---- */

void *driver_ring_map_memory(size_t size)
{
    int fd = memfd_create("driver ring", MFD_CLOEXEC);
    void *memory;

    if (fd < 0)
        return NULL;
    if (ftruncate(fd, (off_t)size) != 0) {
        (void)close(fd);
        return NULL;
    }
    memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    if (memory == MAP_FAILED)
        return NULL;
    return memory;
}
