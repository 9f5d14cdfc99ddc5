/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * absent_device.c: stands in for a vDPA device that the host took away.
 *
 * Two threads: the caller's, and the loop's for the control queue.
 */
#include "vdpa/absent_device.h"

#include "vdpa/absent_control.h"
#include "vdpa/iova_map.h"
#include "vdpa/virtqueue.h"
#include "vmm/bytes.h"
#include "vmm/log.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>

#define FEATURE(bit) (1ULL << (bit))

struct absent_queue {
    uint16_t max_size;
    bool is_set, is_enabled;
    struct vdpa_queue setup;
};

struct absent_device {
    struct vdpa_backend backend;
    char *name;
    struct vdpa_identity identity;
    uint64_t offered, features;
    uint8_t *config; /* identity.config_size bytes */
    uint8_t status;
    bool was_reset;
    struct absent_queue *queues; /* identity.num_queues */

    struct absent_control control;
    struct iova_map memory; /* under the lock of `control` */
};

static struct absent_device *to_absent(struct vdpa_backend *backend)
{
    return container_of(backend, struct absent_device, backend);
}

static bool is_net(const struct absent_device *absent)
{
    return absent->identity.device_id == VIRTIO_ID_NET;
}

/* ---- The control queue ---- */

/* virtio 1.2, 5.1.2; NULL when there is none that runs. */
static const struct vdpa_queue *find_control(const struct absent_device *absent)
{
    const struct virtio_net_config *config = (const void *)absent->config;
    const uint64_t several_pairs =
        FEATURE(VIRTIO_NET_F_MQ) | FEATURE(VIRTIO_NET_F_RSS);
    const struct absent_queue *queue;
    unsigned index = 2;

    if (!is_net(absent) || !(absent->features & FEATURE(VIRTIO_NET_F_CTRL_VQ)))
        return NULL;
    if (absent->features & several_pairs &&
        absent->identity.config_size >= offsetof(struct virtio_net_config, mtu))
        index = 2U * load_le16(&config->max_virtqueue_pairs);
    if (index >= absent->identity.num_queues)
        return NULL;
    queue = &absent->queues[index];
    return queue->is_set && queue->is_enabled ? &queue->setup : NULL;
}

/* ---- The backend ---- */

static int refused(const struct absent_device *absent, const char *what,
                   int error)
{
    log_error("%s (gone): %s: %s", absent->name, what, strerror(-error));
    return error;
}

static int identify(struct vdpa_backend *backend,
                    struct vdpa_identity *identity)
{
    *identity = to_absent(backend)->identity;
    return 0;
}

static int get_queue_max_size(struct vdpa_backend *backend, uint16_t index,
                              uint16_t *size)
{
    const struct absent_device *absent = to_absent(backend);

    if (index >= absent->identity.num_queues)
        return refused(absent, "size of a queue", -EINVAL);
    *size = absent->queues[index].max_size;
    return 0;
}

static int map(struct vdpa_backend *backend,
               const struct vdpa_mapping *mappings, size_t count)
{
    struct absent_device *absent = to_absent(backend);
    int error = iova_map_check(&absent->identity, mappings, count);

    pthread_mutex_lock(&absent->control.lock);
    if (!error)
        error = iova_map_add(&absent->memory, mappings, count);
    pthread_mutex_unlock(&absent->control.lock);
    return error ? refused(absent, "mapping memory", error) : 0;
}

/* Not while it runs, so no queue is in use. */
static int unmap(struct vdpa_backend *backend,
                 const struct vdpa_mapping *mappings, size_t count)
{
    struct absent_device *absent = to_absent(backend);
    int error = iova_map_remove(&absent->memory, mappings, count);

    return error ? refused(absent, "unmapping memory", error) : 0;
}

static int get_features(struct vdpa_backend *backend, uint64_t *features)
{
    *features = to_absent(backend)->offered;
    return 0;
}

static int set_features(struct vdpa_backend *backend, uint64_t features)
{
    struct absent_device *absent = to_absent(backend);

    if (absent->status & VIRTIO_CONFIG_S_FEATURES_OK)
        return refused(absent, "features", -EBUSY);
    if (features & ~absent->offered ||
        absent->offered & ~features & FEATURE(VIRTIO_F_ACCESS_PLATFORM))
        return refused(absent, "features", -EINVAL);
    absent->features = features;
    return 0;
}

/* The one sign of its absence that a driver without a link gets. */
static int get_status(struct vdpa_backend *backend, uint8_t *status)
{
    const struct absent_device *absent = to_absent(backend);
    bool has_link =
        is_net(absent) && absent->features & FEATURE(VIRTIO_NET_F_STATUS);

    *status = absent->status;
    if (*status & VIRTIO_CONFIG_S_DRIVER_OK && !has_link)
        *status |= VIRTIO_CONFIG_S_NEEDS_RESET;
    return 0;
}

static void reset(struct absent_device *absent)
{
    absent_control_stop(&absent->control);
    absent->status = 0;
    absent->features = 0;
    absent->was_reset = true;
    for (unsigned i = 0; i < absent->identity.num_queues; i++)
        absent->queues[i].is_set = absent->queues[i].is_enabled = false;
}

static int set_status(struct vdpa_backend *backend, uint8_t status)
{
    struct absent_device *absent = to_absent(backend);
    uint8_t fresh = status & (uint8_t)~absent->status;
    const struct vdpa_queue *control;

    if (status == 0) {
        reset(absent);
        return 0;
    }
    if (absent->status & (uint8_t)~status)
        return refused(absent, "status", -EINVAL);
    if (absent->was_reset && !is_net(absent))
        status &= (uint8_t)~VIRTIO_CONFIG_S_FEATURES_OK;
    absent->status = status & (uint8_t)~VIRTIO_CONFIG_S_NEEDS_RESET;
    control = find_control(absent);
    if (fresh & VIRTIO_CONFIG_S_DRIVER_OK && control)
        absent_control_start(&absent->control, control, absent->features,
                             &absent->memory);
    return 0;
}

static bool is_in_config(const struct absent_device *absent, uint32_t offset,
                         uint32_t length)
{
    return length > 0 &&
           range_is_inside(offset, length, 0, absent->identity.config_size);
}

static int get_config(struct vdpa_backend *backend, uint32_t offset,
                      void *buffer, uint32_t length)
{
    const struct absent_device *absent = to_absent(backend);

    if (!is_in_config(absent, offset, length))
        return refused(absent, "reading the configuration", -EINVAL);
    memcpy(buffer, absent->config + offset, length);
    return 0;
}

static int set_config(struct vdpa_backend *backend, uint32_t offset,
                      const void *buffer, uint32_t length)
{
    const struct absent_device *absent = to_absent(backend);

    (void)buffer;
    if (!is_in_config(absent, offset, length))
        return refused(absent, "writing the configuration", -EINVAL);
    return 0;
}

/* Its configuration does not change. */
static int set_config_call(struct vdpa_backend *backend, int call_fd)
{
    (void)backend;
    (void)call_fd;
    return 0;
}

static bool queue_is_sound(const struct absent_device *absent, uint16_t index,
                           const struct vdpa_queue *queue)
{
    const bool packed = absent->features & FEATURE(VIRTIO_F_RING_PACKED);

    return index < absent->identity.num_queues &&
           is_power_of_two(queue->size) &&
           queue->size <= absent->queues[index].max_size &&
           virtqueue_is_aligned(queue, packed);
}

static int set_queue(struct vdpa_backend *backend, uint16_t index,
                     const struct vdpa_queue *queue)
{
    struct absent_device *absent = to_absent(backend);

    if (!queue_is_sound(absent, index, queue))
        return refused(absent, "setting a queue up", -EINVAL);
    absent->queues[index].setup = *queue;
    absent->queues[index].is_set = true;
    return 0;
}

static int enable_queue(struct vdpa_backend *backend, uint16_t index,
                        bool enable)
{
    struct absent_device *absent = to_absent(backend);

    if (index >= absent->identity.num_queues)
        return refused(absent, "enabling a queue", -EINVAL);
    absent->queues[index].is_enabled = enable;
    return 0;
}

/* Nothing moves. */
static int get_queue_position(struct vdpa_backend *backend, uint16_t index,
                              uint32_t *position)
{
    const struct absent_device *absent = to_absent(backend);

    if (index >= absent->identity.num_queues)
        return -EINVAL;
    *position = absent->queues[index].setup.position;
    return 0;
}

static int map_doorbell(struct vdpa_backend *backend, uint16_t index,
                        void **page)
{
    (void)page;
    return index < to_absent(backend)->identity.num_queues ? -ENOTSUP : -EINVAL;
}

/* It moves nothing as it is, and answers only who kicks it. */
static int stand_still(struct vdpa_backend *backend)
{
    (void)backend;
    return 0;
}

static int get_node_fd(struct vdpa_backend *backend)
{
    (void)backend;
    return -1;
}

/* It is not, for it was never there. */
static bool is_removed(struct vdpa_backend *backend)
{
    (void)backend;
    return false;
}

/* Also of a half-opened device. */
static void close_absent(struct vdpa_backend *backend)
{
    struct absent_device *absent = to_absent(backend);

    absent_control_destroy(&absent->control);
    free(absent->queues);
    free(absent->config);
    free(absent->name);
    free(absent);
}

static const struct vdpa_backend_ops absent_device_ops = {
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
    .suspend = stand_still,
    .resume = stand_still,
    .get_node_fd = get_node_fd,
    .is_removed = is_removed,
    .close = close_absent,
};

/* ---- Opening ---- */

/* virtio 1.2, 5.1.4: the status is there whether the driver looks or not. */
static void take_link_down(const struct absent_device *absent)
{
    struct virtio_net_config *config = (void *)absent->config;

    if (is_net(absent) &&
        absent->identity.config_size >=
            offsetof(struct virtio_net_config, max_virtqueue_pairs))
        store_le16(&config->status, load_le16(&config->status) &
                                        (uint16_t)~VIRTIO_NET_S_LINK_UP);
}

static int copy_queues(const struct absent_device *absent,
                       struct vdpa_backend *gone)
{
    int error = 0;

    for (uint16_t i = 0; i < absent->identity.num_queues && !error; i++)
        error =
            gone->ops->get_queue_max_size(gone, i, &absent->queues[i].max_size);
    return error;
}

static int copy_device(struct absent_device *absent, struct vdpa_backend *gone)
{
    uint32_t config_size;
    int error = gone->ops->identify(gone, &absent->identity);

    if (!error)
        error = gone->ops->get_features(gone, &absent->offered);
    if (error)
        return error;
    absent->identity.can_suspend = absent->identity.can_resume = true;
    config_size = absent->identity.config_size;
    absent->name = strdup(gone->name);
    absent->queues =
        calloc(absent->identity.num_queues, sizeof(*absent->queues));
    absent->config = calloc(1, config_size > 0 ? config_size : 1);
    if (!absent->name || !absent->queues || !absent->config) {
        log_error("%s: a device to stand in for it: %s", gone->name,
                  strerror(ENOMEM));
        return -ENOMEM;
    }
    absent->backend = (struct vdpa_backend){&absent_device_ops, absent->name};
    error = copy_queues(absent, gone);
    if (!error && config_size > 0)
        error = gone->ops->get_config(gone, 0, absent->config, config_size);
    if (!error)
        take_link_down(absent);
    return error;
}

int absent_device_open(struct vdpa_backend *gone, struct event_loop *loop,
                       struct vdpa_backend **backend)
{
    struct absent_device *absent = calloc(1, sizeof(*absent));
    int error;

    if (!absent) {
        log_error("%s: a device to stand in for it: %s", gone->name,
                  strerror(ENOMEM));
        return -ENOMEM;
    }
    absent_control_init(&absent->control, loop);
    error = copy_device(absent, gone);
    if (error) {
        close_absent(&absent->backend);
        return error;
    }
    *backend = &absent->backend;
    return 0;
}
