/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_vdpa.c: a kernel vDPA device, /dev/vhost-vdpa-N, as a vdpa_backend.
 *
 * Not thread-safe. The kernel serialises calls on one file, and a device that
 * another process serves (VDUSE) may take 30 s to answer any of them.
 */
#include "vdpa/vhost_vdpa_private.h"

#include "vdpa/vhost_node.h"
#include "vdpa/vhost_reserved.h"
#include "vmm/log.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_config.h>
#include <string.h>

#define FEATURE(bit) (1ULL << (bit))

/* Alignment of the three parts of a virtqueue, bytes. */
struct ring_alignment {
    uint64_t desc, driver, device;
};

/* virtio 1.2, 2.7 and 2.8.10.1 */
static const struct ring_alignment split_alignment = {16, 2, 4};
static const struct ring_alignment packed_alignment = {16, 4, 4};

static bool is_packed(const struct vhost_vdpa *vhost)
{
    return (vhost->features & FEATURE(VIRTIO_F_RING_PACKED)) != 0;
}

static int check_index(const struct vhost_vdpa *vhost, uint16_t index)
{
    unsigned num_queues = vhost->capabilities.identity.num_queues;

    if (index < num_queues)
        return 0;
    log_error("%s: there is no queue %u, only %u", vhost->device.path, index,
              num_queues);
    return -EINVAL;
}

static int identify(struct vdpa_backend *backend,
                    struct vdpa_identity *identity)
{
    *identity = vhost_vdpa_of(backend)->capabilities.identity;
    return 0;
}

static int get_queue_max_size(struct vdpa_backend *backend, uint16_t index,
                              uint16_t *size)
{
    const struct vhost_vdpa *vhost = vhost_vdpa_of(backend);
    int error = check_index(vhost, index);

    if (!error)
        *size = vhost->capabilities.queue_sizes[index];
    return error;
}

static int map(struct vdpa_backend *backend,
               const struct vdpa_mapping *mappings, size_t count)
{
    struct vhost_vdpa *vhost = vhost_vdpa_of(backend);

    vhost_reserved_check(&vhost->device, mappings, count);
    return vhost_iotlb_map(&vhost->iotlb, mappings, count);
}

static int unmap(struct vdpa_backend *backend,
                 const struct vdpa_mapping *mappings, size_t count)
{
    return vhost_iotlb_unmap(&vhost_vdpa_of(backend)->iotlb, mappings, count);
}

static int get_features(struct vdpa_backend *backend, uint64_t *features)
{
    *features = vhost_vdpa_of(backend)->capabilities.features;
    return 0;
}

/* Some devices take any set, and drop or misread what they did not offer. */
static int check_features(const struct vhost_vdpa *vhost, uint64_t features)
{
    uint64_t offered = vhost->capabilities.features;

    if (features & ~offered) {
        log_error("%s: features %#" PRIx64 " are not offered by the device",
                  vhost->device.path, features & ~offered);
        return -EINVAL;
    }
    if (offered & ~features & FEATURE(VIRTIO_F_ACCESS_PLATFORM)) {
        log_error("%s: features %#" PRIx64 " lack VIRTIO_F_ACCESS_PLATFORM, "
                  "which the device needs to use guest-physical addresses",
                  vhost->device.path, features);
        return -EINVAL;
    }
    return 0;
}

static int set_features(struct vdpa_backend *backend, uint64_t features)
{
    struct vhost_vdpa *vhost = vhost_vdpa_of(backend);
    int error = check_features(vhost, features);

    vhost->is_fresh = false;
    if (!error)
        error = VHOST_REQUEST(&vhost->device, VHOST_SET_FEATURES, &features);
    if (!error)
        vhost->features = features;
    return error;
}

static int get_status(struct vdpa_backend *backend, uint8_t *status)
{
    return VHOST_REQUEST(&vhost_vdpa_of(backend)->device, VHOST_VDPA_GET_STATUS,
                         status);
}

static int set_status(struct vdpa_backend *backend, uint8_t status)
{
    struct vhost_vdpa *vhost = vhost_vdpa_of(backend);
    int error;

    /* A driver begins with a reset, and the machine ends with one: to a
     * device in another process each is a dialogue. */
    if (status == 0 && vhost->is_fresh)
        return 0;
    vhost->is_fresh = false;
    error = VHOST_REQUEST(&vhost->device, VHOST_VDPA_SET_STATUS, &status);
    if (error)
        return error;
    /* A queue may have a size only once its feature was accepted. */
    if ((status & (VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK)) ==
        VIRTIO_CONFIG_S_FEATURES_OK)
        return vhost_query_queue_sizes(&vhost->device, &vhost->capabilities);
    if (status != 0)
        return 0;
    vhost->features = 0;
    vhost->config_call_fd = -1;
    if (!vhost_vdpa_keeps_mappings(vhost))
        error = vhost_iotlb_restore(&vhost->iotlb);
    vhost->is_fresh = !error;
    return error;
}

static int check_config_range(const struct vhost_vdpa *vhost, uint32_t offset,
                              uint32_t length)
{
    uint32_t config_size = vhost->capabilities.identity.config_size;

    if (length != 0 && (uint64_t)offset + length <= config_size)
        return 0;
    log_error("%s: cannot access %" PRIu32 " configuration bytes at %" PRIu32
              ": there are %" PRIu32,
              vhost->device.path, length, offset, config_size);
    return -EINVAL;
}

static int get_config(struct vdpa_backend *backend, uint32_t offset,
                      void *buffer, uint32_t length)
{
    struct vhost_vdpa *vhost = vhost_vdpa_of(backend);
    int error = check_config_range(vhost, offset, length);

    if (error)
        return error;
    vhost->config->off = offset;
    vhost->config->len = length;
    error = VHOST_REQUEST(&vhost->device, VHOST_VDPA_GET_CONFIG, vhost->config);
    if (!error)
        memcpy(buffer, vhost->config->buf, length);
    return error;
}

static int set_config(struct vdpa_backend *backend, uint32_t offset,
                      const void *buffer, uint32_t length)
{
    struct vhost_vdpa *vhost = vhost_vdpa_of(backend);
    int error = check_config_range(vhost, offset, length);

    if (error)
        return error;
    vhost->config->off = offset;
    vhost->config->len = length;
    memcpy(vhost->config->buf, buffer, length);
    vhost->is_fresh = false;
    return VHOST_REQUEST(&vhost->device, VHOST_VDPA_SET_CONFIG, vhost->config);
}

/* Missing before Linux 5.8, where configuration never changes. Such a kernel
 * takes the descriptor for the index of a queue before it says so. */
static int set_config_call(struct vdpa_backend *backend, int call_fd)
{
    struct vhost_vdpa *vhost = vhost_vdpa_of(backend);
    const struct vhost_device *device = &vhost->device;
    int error = VHOST_TRY(device, VHOST_VDPA_SET_CONFIG_CALL, &call_fd);

    vhost->config_call_fd = call_fd;
    if (error == -ENOTTY || error == -ENOBUFS)
        return 0;
    if (error)
        log_error("%s: VHOST_VDPA_SET_CONFIG_CALL: %s", device->path,
                  vhost_strerror(-error));
    return error;
}

static int check_queue(const struct vhost_vdpa *vhost, uint16_t index,
                       const struct vdpa_queue *queue)
{
    const struct ring_alignment *alignment =
        is_packed(vhost) ? &packed_alignment : &split_alignment;
    int error = check_index(vhost, index);

    if (error)
        return error;
    if (!is_power_of_two(queue->size) ||
        queue->size > vhost->capabilities.queue_sizes[index]) {
        log_error("%s: queue %u cannot have %u descriptors: needs a power of "
                  "two up to %u",
                  vhost->device.path, index, queue->size,
                  vhost->capabilities.queue_sizes[index]);
        return -EINVAL;
    }
    if (!is_aligned(queue->desc_iova, alignment->desc) ||
        !is_aligned(queue->driver_iova, alignment->driver) ||
        !is_aligned(queue->device_iova, alignment->device)) {
        log_error("%s: queue %u cannot be at %#" PRIx64 ", %#" PRIx64
                  ", %#" PRIx64 ": needs multiples of %" PRIu64 ", %" PRIu64
                  ", %" PRIu64,
                  vhost->device.path, index, queue->desc_iova,
                  queue->driver_iova, queue->device_iova, alignment->desc,
                  alignment->driver, alignment->device);
        return -EINVAL;
    }
    return 0;
}

/* A queue that cannot go on is told of as a change of configuration is: who
 * hears it reads the status. Not every kernel has this. */
static int set_error_call(const struct vhost_vdpa *vhost, uint16_t index)
{
    struct vhost_vring_file file = {.index = index,
                                    .fd = vhost->config_call_fd};
    int error = 0;

    if (file.fd >= 0)
        error = VHOST_TRY(&vhost->device, VHOST_SET_VRING_ERR, &file);
    if (error && error != -ENOTTY)
        log_error("%s: VHOST_SET_VRING_ERR: %s", vhost->device.path,
                  vhost_strerror(-error));
    return error == -ENOTTY ? 0 : error;
}

/* A device knows an interrupt only of queues that have their call eventfd
 * when it starts to run; the order of the rest follows the kernel's own. A
 * reset leaves every split queue at 0. */
static int set_queue(struct vdpa_backend *backend, uint16_t index,
                     const struct vdpa_queue *queue)
{
    const struct vhost_vdpa *vhost = vhost_vdpa_of(backend);
    const struct vhost_device *device = &vhost->device;
    struct vhost_vring_state num = {.index = index, .num = queue->size};
    struct vhost_vring_state base = {.index = index, .num = queue->position};
    struct vhost_vring_addr addr = {
        .index = index,
        .desc_user_addr = queue->desc_iova,
        .avail_user_addr = queue->driver_iova,
        .used_user_addr = queue->device_iova,
    };
    struct vhost_vring_file call = {.index = index, .fd = queue->call_fd};
    struct vhost_vring_file kick = {.index = index, .fd = queue->kick_fd};
    int error = check_queue(vhost, index, queue);

    if (!error)
        error = VHOST_REQUEST(device, VHOST_SET_VRING_NUM, &num);
    if (!error && queue->position != 0)
        error = VHOST_REQUEST(device, VHOST_SET_VRING_BASE, &base);
    if (!error)
        error = VHOST_REQUEST(device, VHOST_SET_VRING_ADDR, &addr);
    if (!error)
        error = VHOST_REQUEST(device, VHOST_SET_VRING_CALL, &call);
    if (!error)
        error = VHOST_REQUEST(device, VHOST_SET_VRING_KICK, &kick);
    if (!error)
        error = set_error_call(vhost, index);
    return error;
}

static int enable_queue(struct vdpa_backend *backend, uint16_t index,
                        bool enable)
{
    const struct vhost_vdpa *vhost = vhost_vdpa_of(backend);
    struct vhost_vring_state state = {.index = index, .num = enable};
    int error = check_index(vhost, index);

    if (!error)
        error =
            VHOST_REQUEST(&vhost->device, VHOST_VDPA_SET_VRING_ENABLE, &state);
    return error;
}

static int get_queue_position(struct vdpa_backend *backend, uint16_t index,
                              uint32_t *position)
{
    const struct vhost_vdpa *vhost = vhost_vdpa_of(backend);
    struct vhost_vring_state state = {.index = index};
    int error = check_index(vhost, index);

    if (!error)
        error = VHOST_TRY(&vhost->device, VHOST_GET_VRING_BASE, &state);
    if (error && error != -EOPNOTSUPP)
        log_error("%s: VHOST_GET_VRING_BASE: %s", vhost->device.path,
                  vhost_strerror(-error));
    if (!error)
        *position = state.num;
    return error;
}

static int map_doorbell(struct vdpa_backend *backend, uint16_t index,
                        void **page)
{
    struct vhost_vdpa *vhost = vhost_vdpa_of(backend);
    int error = check_index(vhost, index);

    if (!error)
        error = vhost_doorbells_map(&vhost->doorbells, index, page);
    return error;
}

static int suspend(struct vdpa_backend *backend)
{
    const struct vhost_vdpa *vhost = vhost_vdpa_of(backend);

    if (!vhost->capabilities.identity.can_suspend)
        return -EOPNOTSUPP;
    return VHOST_REQUEST(&vhost->device, VHOST_VDPA_SUSPEND, NULL);
}

static int resume(struct vdpa_backend *backend)
{
    const struct vhost_vdpa *vhost = vhost_vdpa_of(backend);

    if (!vhost->capabilities.identity.can_resume)
        return -EOPNOTSUPP;
    return VHOST_REQUEST(&vhost->device, VHOST_VDPA_RESUME, NULL);
}

static int get_node_fd(struct vdpa_backend *backend)
{
    return vhost_vdpa_of(backend)->device.fd;
}

static bool is_removed(struct vdpa_backend *backend)
{
    return vhost_node_is_removed(&vhost_vdpa_of(backend)->device);
}

const struct vdpa_backend_ops vhost_vdpa_ops = {
    .identify = identify,
    .get_queue_max_size = get_queue_max_size,
    .map = map,
    .unmap = unmap,
    .get_features = get_features,
    .set_features = set_features,
    .get_status = get_status,
    .set_status = set_status,
    .get_config = get_config,
    .set_config = set_config,
    .set_config_call = set_config_call,
    .set_queue = set_queue,
    .enable_queue = enable_queue,
    .get_queue_position = get_queue_position,
    .map_doorbell = map_doorbell,
    .suspend = suspend,
    .resume = resume,
    .get_node_fd = get_node_fd,
    .is_removed = is_removed,
    .close = vhost_vdpa_close,
};
