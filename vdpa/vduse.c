/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vduse.c: answers the kernel's requests for a VDUSE device by calls on a
 * vdpa_backend.
 *
 * The kernel stands between: it keeps the driver's status, queues and memory,
 * and asks here only when the status changes, when memory changes and for the
 * state of a queue. So a process may end and another one go on.
 */
#include "vdpa/vduse.h"

#include "vmm/bytes.h"
#include "vmm/fd.h"
#include "vmm/log.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Some drivers (QEMU's network client) enable their queues only after
 * DRIVER_OK, of which the kernel sends no word: look again after this time. */
#define READY_POLL_MS 5

#define MAX_CONFIG_SIZE 256

static void end(struct vduse *vduse)
{
    event_loop_remove(vduse->loop, &vduse->requests);
    vduse->ended(vduse->owner);
}

/* ---- Status ---- */

static bool is_packed(struct vduse *vduse)
{
    uint64_t features;

    return vduse_device_get_features(&vduse->device, &features) == 0 &&
           features & 1ULL << VIRTIO_F_RING_PACKED;
}

static uint32_t position_of(const struct vduse_vq_info *info, bool packed)
{
    if (!packed)
        return info->split.avail_index;
    return (uint32_t)info->packed.last_avail_idx |
           (uint32_t)(info->packed.last_avail_counter & 1) << 15 |
           (uint32_t)info->packed.last_used_idx << 16 |
           (uint32_t)(info->packed.last_used_counter & 1) << 31;
}

/* Where a successor goes on. A split ring says itself how much was returned,
 * whatever is set; for a packed one the predecessor took notes. */
static int resume_position(struct vduse *vduse, uint16_t index,
                           const struct vduse_vq_info *info, uint32_t *position)
{
    const uint8_t *descriptors = vduse_memory_at(
        &vduse->memory, info->desc_addr, 16ULL * info->num /* 2.8.13 */);

    if (!descriptors)
        return -EFAULT;
    *position = queue_record_resume(&vduse->records[index], descriptors,
                                    (uint16_t)info->num);
    return 0;
}

static int set_queue(struct vduse *vduse, uint16_t index,
                     const struct vduse_vq_info *info, bool takes_over)
{
    const struct vdpa_backend_ops *ops = vduse->backend->ops;
    bool packed = is_packed(vduse);
    struct vdpa_queue queue = {
        .size = (uint16_t)info->num,
        .desc_iova = info->desc_addr,
        .driver_iova = info->driver_addr,
        .device_iova = info->device_addr,
        .kick_fd = vduse->kick_fds[index],
        .call_fd = -1, /* vduse_call() instead */
        .position = position_of(info, packed),
    };
    int error = 0;

    if (info->num > UINT16_MAX)
        return -EINVAL;
    if (takes_over && packed)
        error = resume_position(vduse, index, info, &queue.position);
    if (!error)
        error = ops->set_queue(vduse->backend, index, &queue);
    if (!error)
        error = ops->enable_queue(vduse->backend, index, true);
    if (!error)
        error = vduse_device_set_kick(&vduse->device, index,
                                      vduse->kick_fds[index]);
    return error;
}

/* Sets up the queues that the driver has set up; `*waiting` when one of them
 * is not enabled yet. */
static int set_queues(struct vduse *vduse, bool takes_over, bool *waiting)
{
    int error = 0;

    *waiting = false;
    for (uint16_t i = 0; i < vduse->identity.num_queues && !error; i++) {
        struct vduse_vq_info info;

        error = vduse_device_get_queue(&vduse->device, i, &info);
        if (error || info.num == 0 || info.desc_addr == 0)
            continue;
        *waiting = *waiting || !info.ready;
        error = set_queue(vduse, i, &info, takes_over);
    }
    return error;
}

static void set_ready_timer(struct vduse *vduse)
{
    const struct itimerspec when = {
        .it_value = {.tv_nsec = READY_POLL_MS * 1000000L}};

    if (timerfd_settime(vduse->ready_timer.fd, 0, &when, NULL) != 0)
        log_error("%s: timerfd_settime: %s", vduse->device.name,
                  strerror(errno));
}

/* After the kernel knows that the device runs: what was signalled before was
 * refused, what was kicked before may be lost. */
static void signal_all(struct vduse *vduse)
{
    for (uint16_t i = 0; i < vduse->identity.num_queues; i++) {
        (void)vduse_device_call(&vduse->device, i);
        if (eventfd_write(vduse->kick_fds[i], 1) != 0)
            log_error("%s: eventfd: %s", vduse->device.name, strerror(errno));
    }
}

/* Lets the backend run once the driver's queues are enabled. */
static int run_backend(struct vduse *vduse)
{
    const struct vdpa_backend_ops *ops = vduse->backend->ops;
    uint8_t status = 0;
    int error = ops->set_status(vduse->backend, vduse->status);

    if (!error)
        error = ops->get_status(vduse->backend, &status);
    if (!error && !(status & VIRTIO_CONFIG_S_DRIVER_OK))
        error = -EIO;
    vduse->is_running = !error;
    return error;
}

static int start_running(struct vduse *vduse, bool takes_over)
{
    int error = vduse_memory_update(&vduse->memory);

    if (!error)
        error = vduse->backend->ops->set_config_call(vduse->backend,
                                                     vduse->config_call.fd);
    if (!error)
        error = set_queues(vduse, takes_over, &vduse->waits_for_queues);
    if (error)
        return error;
    if (vduse->waits_for_queues) {
        set_ready_timer(vduse);
        return 0;
    }
    return run_backend(vduse);
}

static int set_features(struct vduse *vduse)
{
    uint64_t features;
    int error = vduse_device_get_features(&vduse->device, &features);

    return error ? error
                 : vduse->backend->ops->set_features(vduse->backend, features);
}

static void reset(struct vduse *vduse)
{
    vduse->status = 0;
    vduse->is_running = vduse->waits_for_queues = false;
    if (vduse->backend->ops->set_status(vduse->backend, 0) != 0)
        log_error("%s: the device does not reset", vduse->device.name);
    vduse_memory_clear(&vduse->memory);
}

/* Only new bits are judged: drivers come by different ways (QEMU sets 8 and
 * 12 without 1 and 2). */
static int set_status(struct vduse *vduse, uint8_t status)
{
    uint8_t fresh = status & (uint8_t)~vduse->status;
    int error = 0;

    if (status == 0) {
        reset(vduse);
        return 0;
    }
    if (fresh & VIRTIO_CONFIG_S_FEATURES_OK)
        error = set_features(vduse);
    if (!error && fresh & ~VIRTIO_CONFIG_S_DRIVER_OK)
        error = vduse->backend->ops->set_status(
            vduse->backend, status & (uint8_t)~VIRTIO_CONFIG_S_DRIVER_OK);
    if (error)
        return error;
    vduse->status = status;
    if (fresh & VIRTIO_CONFIG_S_DRIVER_OK)
        error = start_running(vduse, false);
    if (error)
        vduse->status &= (uint8_t)~VIRTIO_CONFIG_S_DRIVER_OK;
    return error;
}

static void ready_timer_expired(void *owner, uint32_t events)
{
    struct vduse *vduse = owner;
    uint64_t count;
    bool waiting;

    (void)events;
    if (read(vduse->ready_timer.fd, &count, sizeof(count)) < 0 ||
        !vduse->waits_for_queues)
        return;
    if (set_queues(vduse, false, &waiting) != 0)
        return;
    if (waiting) {
        set_ready_timer(vduse);
        return;
    }
    vduse->waits_for_queues = false;
    if (run_backend(vduse) == 0)
        signal_all(vduse);
}

/* ---- Requests ---- */

static int get_queue_state(struct vduse *vduse, struct vduse_vq_state *state)
{
    uint32_t position;
    int error = vduse->backend->ops->get_queue_position(
        vduse->backend, (uint16_t)state->index, &position);

    if (error)
        return error;
    if (is_packed(vduse))
        state->packed = (struct vduse_vq_state_packed){
            .last_avail_counter = position >> 15 & 1,
            .last_avail_idx = position & 0x7fff,
            .last_used_counter = (uint16_t)(position >> 31),
            .last_used_idx = position >> 16 & 0x7fff,
        };
    else
        state->split.avail_index = (uint16_t)position;
    return 0;
}

static void answer(struct vduse *vduse, const struct vduse_dev_request *request)
{
    struct vduse_dev_response response = {.request_id = request->request_id};
    int error;

    switch (request->type) {
    case VDUSE_SET_STATUS:
        error = set_status(vduse, request->s.status);
        break;
    case VDUSE_UPDATE_IOTLB:
        /* Before the device runs, memory is read when it starts to. */
        error = vduse->is_running ? vduse_memory_update(&vduse->memory) : 0;
        break;
    case VDUSE_GET_VQ_STATE:
        response.vq_state.index = request->vq_state.index;
        error = get_queue_state(vduse, &response.vq_state);
        break;
    default:
        error = -EOPNOTSUPP;
        break;
    }
    response.result = error ? VDUSE_REQ_RESULT_FAILED : VDUSE_REQ_RESULT_OK;
    if (write(vduse->device.fd, &response, sizeof(response)) < 0)
        log_error("%s: answering the kernel: %s", vduse->device.name,
                  strerror(errno));
    else if (request->type == VDUSE_SET_STATUS && vduse->is_running)
        signal_all(vduse);
}

/* On the loop. */
static void request_ready(void *owner, uint32_t events)
{
    struct vduse *vduse = owner;
    struct vduse_dev_request request;

    if (read(vduse->device.fd, &request, sizeof(request)) ==
        (ssize_t)sizeof(request)) {
        answer(vduse, &request);
        return;
    }
    if (events & EPOLLERR) {
        log_error("%s: the kernel gave the device up, after it was not "
                  "answered in time: remove it and make it anew",
                  vduse->device.name);
        end(vduse);
    }
}

/* On the loop: the backend's configuration changed. */
static void config_called(void *owner, uint32_t events)
{
    struct vduse *vduse = owner;
    uint8_t config[MAX_CONFIG_SIZE];
    uint32_t size = vduse->identity.config_size;
    eventfd_t count;

    (void)events;
    if (eventfd_read(vduse->config_call.fd, &count) != 0)
        return;
    if (vduse->backend->ops->get_config(vduse->backend, 0, config, size) == 0 &&
        vduse_device_set_config(&vduse->device, config, size) == 0)
        (void)vduse_device_call_config(&vduse->device);
}

void vduse_call(void *vduse, uint16_t index)
{
    struct vduse *self = vduse;

    (void)vduse_device_call(&self->device, index);
}

/* ---- Life ---- */

void vduse_init(struct vduse *vduse)
{
    *vduse = (struct vduse){.device = {.control_fd = -1, .fd = -1},
                            .requests.fd = -1,
                            .config_call.fd = -1,
                            .ready_timer.fd = -1};
    for (unsigned i = 0; i < VDUSE_MAX_QUEUES; i++)
        vduse->kick_fds[i] = -1;
}

static int create(struct vduse *vduse, const char *name)
{
    const struct vdpa_backend_ops *ops = vduse->backend->ops;
    uint8_t config[MAX_CONFIG_SIZE];
    struct vduse_setup setup = {
        .device_id = vduse->identity.device_id,
        .config = config,
        .config_size = vduse->identity.config_size,
        .num_queues = vduse->identity.num_queues,
    };
    int error = ops->get_features(vduse->backend, &setup.features);

    if (!error)
        error = ops->get_config(vduse->backend, 0, config, setup.config_size);
    if (!error)
        error = vduse_device_create(&vduse->device, name, &setup);
    return error;
}

static int set_max_sizes(struct vduse *vduse)
{
    int error = 0;

    for (uint16_t i = 0; i < vduse->identity.num_queues && !error; i++) {
        uint16_t size;

        error =
            vduse->backend->ops->get_queue_max_size(vduse->backend, i, &size);
        if (!error)
            error = vduse_device_set_max_size(&vduse->device, i, size);
    }
    return error;
}

static int open_descriptors(struct vduse *vduse)
{
    bool failed = false;

    for (unsigned i = 0; i < vduse->identity.num_queues; i++) {
        vduse->kick_fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        failed = failed || vduse->kick_fds[i] < 0;
    }
    vduse->config_call =
        (struct event_source){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                              .events = EPOLLIN,
                              .ready = config_called,
                              .owner = vduse};
    vduse->ready_timer = (struct event_source){
        .fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
        .events = EPOLLIN,
        .ready = ready_timer_expired,
        .owner = vduse};
    if (!failed && vduse->config_call.fd >= 0 && vduse->ready_timer.fd >= 0)
        return 0;
    log_error("eventfd and timerfd: %s", strerror(errno));
    return -EMFILE;
}

static int watch(struct vduse *vduse)
{
    int error;

    vduse->requests = (struct event_source){.fd = vduse->device.fd,
                                            .events = EPOLLIN,
                                            .ready = request_ready,
                                            .owner = vduse};
    error = event_loop_add(vduse->loop, &vduse->config_call);
    if (!error)
        error = event_loop_add(vduse->loop, &vduse->ready_timer);
    if (!error)
        error = event_loop_add(vduse->loop, &vduse->requests);
    return error;
}

/* A configuration interrupt is refused unless the driver runs: the one way to
 * ask. Brings the backend to where its predecessor was. */
static int take_over(struct vduse *vduse)
{
    const uint8_t negotiated = VIRTIO_CONFIG_S_ACKNOWLEDGE |
                               VIRTIO_CONFIG_S_DRIVER |
                               VIRTIO_CONFIG_S_FEATURES_OK;
    int error = vduse_device_call_config(&vduse->device);

    if (error == -EINVAL)
        return 0; /* idle: the next driver starts from nothing */
    if (error) {
        log_error("%s: the kernel gave the device up: remove it (vdpa dev del "
                  "%s) and make it anew",
                  vduse->device.name, vduse->device.name);
        return error;
    }
    error = set_features(vduse);
    if (!error)
        error = vduse->backend->ops->set_status(vduse->backend, negotiated);
    vduse->status = negotiated | VIRTIO_CONFIG_S_DRIVER_OK;
    if (!error)
        error = start_running(vduse, true);
    if (!error)
        signal_all(vduse);
    return error;
}

int vduse_start(struct vduse *vduse, const char *name, bool reconnect,
                struct vdpa_backend *backend, struct queue_record *records,
                struct event_loop *loop)
{
    int error;

    vduse->backend = backend;
    vduse->memory =
        (struct vduse_memory){.device = &vduse->device, .backend = backend};
    vduse->records = records;
    vduse->loop = loop;
    error = backend->ops->identify(backend, &vduse->identity);
    if (!error && (vduse->identity.num_queues > VDUSE_MAX_QUEUES ||
                   vduse->identity.config_size > MAX_CONFIG_SIZE))
        error = -ENOTSUP;
    if (!error)
        error = open_descriptors(vduse);
    if (!error)
        error = reconnect ? vduse_device_open(&vduse->device, name)
                          : create(vduse, name);
    if (!error)
        error = set_max_sizes(vduse);
    if (!error && reconnect)
        error = take_over(vduse);
    if (!error)
        error = watch(vduse);
    if (error)
        vduse_stop(vduse, !reconnect);
    return error;
}

void vduse_stop(struct vduse *vduse, bool remove)
{
    if (vduse->requests.fd >= 0) {
        event_loop_remove(vduse->loop, &vduse->requests);
        event_loop_remove(vduse->loop, &vduse->config_call);
        event_loop_remove(vduse->loop, &vduse->ready_timer);
    }
    if (vduse->backend)
        reset(vduse);
    if (remove && vduse->device.fd >= 0)
        vduse_device_destroy(&vduse->device);
    vduse_device_close(&vduse->device);
    for (unsigned i = 0; i < VDUSE_MAX_QUEUES; i++)
        close_fd(&vduse->kick_fds[i]);
    close_fd(&vduse->config_call.fd);
    close_fd(&vduse->ready_timer.fd);
}
