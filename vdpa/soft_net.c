/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soft_net.c: the software network device as a vdpa_backend: status,
 * configuration, memory. What it offers is soft_net_features.c, the data path
 * soft_net_queues.c and soft_net_receive.c.
 */
#include "vdpa/soft_net.h"

#include "vdpa/soft_net_private.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#define FEATURE(bit) (1ULL << (bit))

static struct soft_net *to_net(struct vdpa_backend *backend)
{
    return container_of(backend, struct soft_net, backend);
}

static void signal_config(struct soft_net *net)
{
    if (net->config_call_fd >= 0 && net->status & VIRTIO_CONFIG_S_DRIVER_OK &&
        eventfd_write(net->config_call_fd, 1) != 0)
        log_error("%s: eventfd: %s", net->options.name, strerror(errno));
}

void soft_net_need_reset(struct soft_net *net)
{
    soft_net_stop_queues(net);
    net->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
    signal_config(net);
}

/* On the device's thread, lock held, as all of the port's callbacks. */
void soft_net_link_changed(void *owner, bool up)
{
    struct soft_net *net = owner;
    uint16_t status = up ? VIRTIO_NET_S_LINK_UP : 0;

    store_le16(&net->config.status, status);
    signal_config(net);
}

/* ---- vdpa_backend_ops; each takes the lock where there is state ---- */

static int identify(struct vdpa_backend *backend,
                    struct vdpa_identity *identity)
{
    (void)backend;
    *identity = (struct vdpa_identity){
        .device_id = VIRTIO_ID_NET,
        .config_size = sizeof(struct virtio_net_config),
        .num_queues = SOFT_NET_NUM_QUEUES,
        .max_queue_size = SOFT_NET_QUEUE_SIZE,
        .first_iova = 0,
        .last_iova = UINT64_MAX,
    };
    return 0;
}

static int get_queue_max_size(struct vdpa_backend *backend, uint16_t index,
                              uint16_t *size)
{
    (void)backend;
    if (index >= SOFT_NET_NUM_QUEUES)
        return -EINVAL;
    *size = SOFT_NET_QUEUE_SIZE;
    return 0;
}

/* Every IOVA there is can be used, but none beyond. */
static int check_end(const struct vdpa_mapping *mappings, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (mappings[i].size > 0 &&
            mappings[i].size - 1 > UINT64_MAX - mappings[i].iova)
            return -ERANGE;
    return 0;
}

static int map(struct vdpa_backend *backend,
               const struct vdpa_mapping *mappings, size_t count)
{
    struct soft_net *net = to_net(backend);
    int error = check_end(mappings, count);

    pthread_mutex_lock(&net->lock);
    if (!error)
        error = iova_map_add(&net->map, mappings, count);
    if (!error)
        soft_net_remap_queues(net);
    pthread_mutex_unlock(&net->lock);
    if (error)
        log_error("%s: mapping memory: %s", net->options.name,
                  strerror(-error));
    return error;
}

static int unmap(struct vdpa_backend *backend,
                 const struct vdpa_mapping *mappings, size_t count)
{
    struct soft_net *net = to_net(backend);
    int error;

    pthread_mutex_lock(&net->lock);
    error = iova_map_remove(&net->map, mappings, count);
    if (!error)
        soft_net_remap_queues(net);
    pthread_mutex_unlock(&net->lock);
    if (error)
        log_error("%s: unmapping memory: %s", net->options.name,
                  strerror(-error));
    return error;
}

static int get_features(struct vdpa_backend *backend, uint64_t *features)
{
    *features = to_net(backend)->device_features;
    return 0;
}

static int set_features(struct vdpa_backend *backend, uint64_t features)
{
    const uint64_t needed =
        FEATURE(VIRTIO_F_VERSION_1) | FEATURE(VIRTIO_F_ACCESS_PLATFORM);
    struct soft_net *net = to_net(backend);
    int error = 0;

    pthread_mutex_lock(&net->lock);
    if (net->status & VIRTIO_CONFIG_S_FEATURES_OK)
        error = -EBUSY;
    else if (features & ~net->device_features || (features & needed) != needed)
        error = -EINVAL;
    else
        net->features = features;
    pthread_mutex_unlock(&net->lock);
    if (error)
        log_error("%s: features 0x%" PRIx64 ": %s", net->options.name, features,
                  strerror(-error));
    return error;
}

static int get_status(struct vdpa_backend *backend, uint8_t *status)
{
    struct soft_net *net = to_net(backend);

    pthread_mutex_lock(&net->lock);
    *status = net->status;
    pthread_mutex_unlock(&net->lock);
    return 0;
}

static void reset(struct soft_net *net)
{
    soft_net_stop_queues(net);
    net->status = 0;
    net->features = 0;
    net->config_call_fd = -1;
    for (unsigned i = 0; i < SOFT_NET_NUM_QUEUES; i++)
        net->queues[i].is_set = net->queues[i].is_enabled = false;
}

/* DRIVER_OK; a queue that cannot run leaves it unset, as a refusal. */
static void start(struct soft_net *net, uint8_t status)
{
    net->port->ops->set_offloads(net->port,
                                 soft_net_receive_offloads(net->features));
    net->status = status;
    if (soft_net_start_queues(net) != 0)
        net->status &= (uint8_t)~VIRTIO_CONFIG_S_DRIVER_OK;
}

static int set_status(struct vdpa_backend *backend, uint8_t status)
{
    struct soft_net *net = to_net(backend);
    int error = 0;

    pthread_mutex_lock(&net->lock);
    if (status == 0)
        reset(net);
    else if (net->status & (uint8_t)~status)
        error = -EINVAL;
    else if (status & (uint8_t)~net->status & VIRTIO_CONFIG_S_DRIVER_OK)
        start(net, status);
    else
        net->status = status;
    pthread_mutex_unlock(&net->lock);
    if (error)
        log_error("%s: status 0x%x: clears bits without a reset",
                  net->options.name, status);
    return error;
}

static bool config_range_is_valid(uint32_t offset, uint32_t length)
{
    return length > 0 &&
           range_is_inside(offset, length, 0, sizeof(struct virtio_net_config));
}

static int get_config(struct vdpa_backend *backend, uint32_t offset,
                      void *buffer, uint32_t length)
{
    struct soft_net *net = to_net(backend);

    if (!config_range_is_valid(offset, length))
        return -EINVAL;
    pthread_mutex_lock(&net->lock);
    memcpy(buffer, (const uint8_t *)&net->config + offset, length);
    pthread_mutex_unlock(&net->lock);
    return 0;
}

/* Nothing in it is the driver's to write (virtio 1.2, 5.1.4). */
static int set_config(struct vdpa_backend *backend, uint32_t offset,
                      const void *buffer, uint32_t length)
{
    (void)backend;
    (void)buffer;
    return config_range_is_valid(offset, length) ? 0 : -EINVAL;
}

static int set_config_call(struct vdpa_backend *backend, int call_fd)
{
    struct soft_net *net = to_net(backend);

    pthread_mutex_lock(&net->lock);
    net->config_call_fd = call_fd;
    pthread_mutex_unlock(&net->lock);
    return 0;
}

static int check_queue(const struct soft_net *net, uint16_t index,
                       const struct vdpa_queue *queue)
{
    const bool packed = net->features & FEATURE(VIRTIO_F_RING_PACKED);

    if (index >= SOFT_NET_NUM_QUEUES || !is_power_of_two(queue->size) ||
        queue->size > SOFT_NET_QUEUE_SIZE)
        return -EINVAL;
    /* virtio 1.2, 2.7 and 2.8.10.1. */
    if (!is_aligned(queue->desc_iova, 16) ||
        !is_aligned(queue->driver_iova, packed ? 4 : 2) ||
        !is_aligned(queue->device_iova, 4))
        return -EINVAL;
    return net->is_running ? -EBUSY : 0;
}

static int set_queue(struct vdpa_backend *backend, uint16_t index,
                     const struct vdpa_queue *queue)
{
    struct soft_net *net = to_net(backend);
    int error;

    pthread_mutex_lock(&net->lock);
    error = check_queue(net, index, queue);
    if (!error) {
        net->queues[index].setup = *queue;
        net->queues[index].is_set = true;
    }
    pthread_mutex_unlock(&net->lock);
    if (error)
        log_error("%s: setting queue %u up: %s", net->options.name, index,
                  strerror(-error));
    return error;
}

static int enable_queue(struct vdpa_backend *backend, uint16_t index,
                        bool enable)
{
    struct soft_net *net = to_net(backend);

    if (index >= SOFT_NET_NUM_QUEUES)
        return -EINVAL;
    pthread_mutex_lock(&net->lock);
    net->queues[index].is_enabled = enable;
    pthread_mutex_unlock(&net->lock);
    return 0;
}

/* Its kicks are eventfds alone. */
static int map_doorbell(struct vdpa_backend *backend, uint16_t index,
                        void **page)
{
    (void)backend;
    (void)page;
    return index < SOFT_NET_NUM_QUEUES ? -ENOTSUP : -EINVAL;
}

static int get_queue_position(struct vdpa_backend *backend, uint16_t index,
                              uint32_t *position)
{
    struct soft_net *net = to_net(backend);

    if (index >= SOFT_NET_NUM_QUEUES)
        return -EINVAL;
    pthread_mutex_lock(&net->lock);
    *position = net->is_running ? virtqueue_position(&net->queues[index].ring)
                                : net->queues[index].setup.position;
    pthread_mutex_unlock(&net->lock);
    return 0;
}

/* Also of a half-opened device. */
static void close_net(struct vdpa_backend *backend)
{
    struct soft_net *net = to_net(backend);

    if (net->has_thread) {
        event_loop_stop(&net->loop);
        pthread_join(net->thread, NULL);
    }
    soft_net_stop_queues(net);
    soft_net_destroy_queues(net);
    net->port->ops->close(net->port);
    event_loop_destroy(&net->loop);
    pthread_mutex_destroy(&net->lock);
    free(net);
}

static const struct vdpa_backend_ops soft_net_ops = {
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
    .close = close_net,
};

/* ---- Opening ---- */

static void *net_thread(void *argument)
{
    struct soft_net *net = argument;

    if (event_loop_run(&net->loop) != 0)
        log_error("%s: the guest's network stands still", net->options.name);
    return NULL;
}

static int start_thread(struct soft_net *net)
{
    int error = pthread_create(&net->thread, NULL, net_thread, net);

    if (error) {
        log_error("%s: starting its thread: %s", net->options.name,
                  strerror(error));
        return -error;
    }
    net->has_thread = true;
    pthread_setname_np(net->thread, "net");
    return 0;
}

static void init_config(struct soft_net *net)
{
    struct virtio_net_config *config = &net->config;

    memcpy(config->mac, net->options.mac, sizeof(config->mac));
    store_le16(&config->mtu, net->options.mtu);
    store_le16(&config->max_virtqueue_pairs, 1);
    store_le16(&config->status,
               net->port->link_is_up ? VIRTIO_NET_S_LINK_UP : 0);
}

int soft_net_prepare(const struct soft_net_options *options,
                     struct frame_port *port, struct soft_net **prepared)
{
    struct soft_net *net = calloc(1, sizeof(*net));
    int error;

    if (!net) {
        port->ops->close(port);
        return -ENOMEM;
    }
    net->backend = (struct vdpa_backend){&soft_net_ops, options->name};
    net->options = *options;
    net->port = port;
    net->config_call_fd = -1;
    net->poll_timer.fd = -1;
    pthread_mutex_init(&net->lock, NULL);
    error = event_loop_init(&net->loop);
    net->loop.lock = &net->lock;
    if (!error)
        error = soft_net_init_queues(net);
    if (!error)
        error = soft_net_init_features(net);
    if (!error && options->mtu > port->max_mtu) {
        log_error("%s: an MTU of %u is more than %s can carry (%u)",
                  options->name, options->mtu, port->name, port->max_mtu);
        error = -EINVAL;
    }
    if (!error)
        error = port->ops->start(port, &net->loop, &soft_net_client, net,
                                 options->mtu);
    init_config(net);
    if (error) {
        close_net(&net->backend);
        return error;
    }
    *prepared = net;
    return 0;
}

int soft_net_open(const struct soft_net_options *options,
                  struct frame_port *port, struct vdpa_backend **backend)
{
    struct soft_net *net;
    int error = soft_net_prepare(options, port, &net);

    if (error)
        return error;
    error = start_thread(net);
    if (error) {
        close_net(&net->backend);
        return error;
    }
    *backend = &net->backend;
    return 0;
}

void soft_net_get_counters(struct vdpa_backend *backend,
                           struct soft_net_counters *counters)
{
    struct soft_net *net = to_net(backend);

    pthread_mutex_lock(&net->lock);
    *counters = net->counters;
    pthread_mutex_unlock(&net->lock);
}
