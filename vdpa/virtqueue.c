/* SPDX-License-Identifier: BSD-2-Clause */
/* virtqueue.c: the device's side of a virtqueue, whatever its ring. */
#include "vdpa/virtqueue.h"

#include "vdpa/packed_ring.h"
#include "vdpa/ring_chain.h"
#include "vdpa/ring_memory.h"
#include "vdpa/split_ring.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <string.h>

static bool has_feature(uint64_t features, unsigned bit)
{
    return features & UINT64_C(1) << bit;
}

static int init_fails(struct virtqueue *queue, const char *fault)
{
    virtqueue_break(queue, fault);
    return -EINVAL;
}

bool virtqueue_is_aligned(const struct vdpa_queue *setup, bool is_packed)
{
    return is_aligned(setup->desc_iova, 16) &&
           is_aligned(setup->driver_iova, is_packed ? 4 : 2) &&
           is_aligned(setup->device_iova, 4);
}

int virtqueue_init(struct virtqueue *queue, const struct vdpa_queue *setup,
                   uint64_t features, uint32_t position,
                   const struct iova_map *map)
{
    bool started;

    *queue = (struct virtqueue){
        .map = map,
        .setup = *setup,
        .is_packed = has_feature(features, VIRTIO_F_RING_PACKED),
        .has_event_index = has_feature(features, VIRTIO_RING_F_EVENT_IDX),
        .has_indirect = has_feature(features, VIRTIO_RING_F_INDIRECT_DESC),
        .num_unsignalled = VIRTQUEUE_MANY,
    };
    if (!is_power_of_two(setup->size))
        return init_fails(queue, "a size that is no power of two");
    if (!virtqueue_is_aligned(setup, queue->is_packed))
        return init_fails(queue, "a misaligned address");
    if (virtqueue_remap(queue) != 0)
        return -EINVAL;
    started = queue->is_packed ? packed_ring_start(queue, position)
                               : split_ring_start(queue, position);
    return started ? 0 : -EINVAL;
}

int virtqueue_remap(struct virtqueue *queue)
{
    const struct vdpa_queue *setup = &queue->setup;
    uint16_t size = setup->size;
    size_t driver_size = queue->is_packed ? packed_ring_driver_size(size)
                                          : split_ring_driver_size(size);
    size_t device_size = queue->is_packed ? packed_ring_device_size(size)
                                          : split_ring_device_size(size);

    if (queue->is_broken)
        return -EFAULT;
    queue->desc = iova_map_at(queue->map, setup->desc_iova,
                              RING_DESCRIPTOR_SIZE * (uint64_t)size);
    queue->driver = iova_map_at(queue->map, setup->driver_iova, driver_size);
    queue->device = iova_map_at(queue->map, setup->device_iova, device_size);
    if (queue->desc && queue->driver && queue->device)
        return 0;
    virtqueue_break(queue, "a ring outside the memory of the device");
    return -EFAULT;
}

void virtqueue_break(struct virtqueue *queue, const char *fault)
{
    if (!queue->is_broken)
        queue->fault = fault;
    queue->is_broken = true;
}

bool virtqueue_take(struct virtqueue *queue, struct virtqueue_chain *chain)
{
    if (queue->is_broken)
        return false;
    return queue->is_packed ? packed_ring_take(queue, chain)
                            : split_ring_take(queue, chain);
}

void virtqueue_put_back(struct virtqueue *queue,
                        const struct virtqueue_buffer *buffers, unsigned count)
{
    if (queue->is_broken)
        return;
    if (queue->is_packed)
        packed_ring_put_back(queue, buffers, count);
    else
        split_ring_put_back(queue, buffers, count);
}

void virtqueue_return(struct virtqueue *queue,
                      const struct virtqueue_buffer *buffers, unsigned count)
{
    if (queue->is_broken)
        return;
    if (queue->is_packed)
        packed_ring_return(queue, buffers, count);
    else
        split_ring_return(queue, buffers, count);
}

bool virtqueue_should_signal(struct virtqueue *queue)
{
    if (queue->is_broken)
        return false;
    return queue->is_packed ? packed_ring_should_signal(queue)
                            : split_ring_should_signal(queue);
}

bool virtqueue_want_kicks(struct virtqueue *queue, bool wanted)
{
    if (queue->is_broken)
        return false;
    return queue->is_packed ? packed_ring_want_kicks(queue, wanted)
                            : split_ring_want_kicks(queue, wanted);
}

uint32_t virtqueue_position(const struct virtqueue *queue)
{
    return queue->is_packed ? packed_ring_position(queue)
                            : split_ring_position(queue);
}

size_t virtqueue_read(const struct virtqueue_chain *chain, size_t skip,
                      void *bytes, size_t size)
{
    return ring_pieces_read(chain->pieces, chain->num_readable, skip, bytes,
                            size);
}

size_t virtqueue_write(const struct virtqueue_chain *chain, size_t skip,
                       const void *bytes, size_t size)
{
    const struct iovec *pieces = &chain->pieces[chain->num_readable];
    size_t done = 0;

    for (unsigned i = 0; i < chain->num_writable && done < size; i++) {
        uint8_t *part;
        size_t length = ring_piece_part(&pieces[i], &skip, size - done, &part);

        memcpy(part, (const uint8_t *)bytes + done, length);
        done += length;
    }
    return done;
}
