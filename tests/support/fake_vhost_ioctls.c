/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_vhost_ioctls.c: ioctls of the fake kernel.
 *
 * As in the kernel, requests of vhost-vdpa itself need no owner; those that
 * vhost shares with its other users do, and then name an existing queue.
 */
#include "tests/support/fake_vhost.h"

#include "vdpa/vhost_uapi.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BIT64(bit) (1ULL << (bit))

/* How an argument is logged. */
enum argument_kind {
    ARGUMENT_NONE, /* or an answer, or a descriptor */
    ARGUMENT_STATUS,
    ARGUMENT_FEATURES,
    ARGUMENT_CONFIG,
    ARGUMENT_QUEUE,
    ARGUMENT_QUEUE_VALUE,
    ARGUMENT_ADDRESSES,
};

struct request {
    unsigned long number;
    const char *name;
    enum argument_kind kind;
    bool is_of_queue; /* and so needs an owner */
    int (*handle)(struct fake_vhost *fake, void *argument);
};

static struct fake_vhost_queue *queue_of(struct fake_vhost *fake,
                                         const void *argument)
{
    uint32_t index;

    memcpy(&index, argument, sizeof(index)); /* first in all structs */
    return &fake->queues[index];
}

static int get_device_id(struct fake_vhost *fake, void *argument)
{
    memcpy(argument, &fake->profile.device_id, sizeof(uint32_t));
    return 0;
}

static int set_owner(struct fake_vhost *fake, void *argument)
{
    (void)argument;
    if (fake->is_owned)
        return -EBUSY;
    fake->is_owned = true;
    return 0;
}

static int get_backend_features(struct fake_vhost *fake, void *argument)
{
    memcpy(argument, &fake->profile.backend_features, sizeof(uint64_t));
    return 0;
}

static int set_backend_features(struct fake_vhost *fake, void *argument)
{
    uint64_t features;

    memcpy(&features, argument, sizeof(features));
    if (features & ~fake->profile.backend_features)
        return -EOPNOTSUPP;
    if ((features & BIT64(VHOST_BACKEND_F_DESC_ASID)) &&
        !(features & BIT64(VHOST_BACKEND_F_IOTLB_ASID)))
        return -EINVAL;
    fake->backend_acked = features;
    return 0;
}

static int get_features(struct fake_vhost *fake, void *argument)
{
    memcpy(argument, &fake->profile.features, sizeof(uint64_t));
    return 0;
}

/* A device drops what it does not know without a word. */
static int set_features(struct fake_vhost *fake, void *argument)
{
    uint64_t features;

    memcpy(&features, argument, sizeof(features));
    if (fake->status & VIRTIO_CONFIG_S_FEATURES_OK)
        return -EBUSY;
    if (fake->profile.needs_platform &&
        !(features & BIT64(VIRTIO_F_ACCESS_PLATFORM)))
        return -EINVAL;
    fake->features = features & fake->profile.features;
    fake->features_are_set = true;
    for (unsigned i = 0; i < FAKE_VHOST_MAX_QUEUES; i++)
        fake->queues[i].acked_features = fake->features;
    return 0;
}

static int get_status(struct fake_vhost *fake, void *argument)
{
    memcpy(argument, &fake->status, 1);
    return 0;
}

/* A device that refuses says so only by the byte that is read back. */
static int set_status(struct fake_vhost *fake, void *argument)
{
    uint8_t status;

    memcpy(&status, argument, 1);
    if (status == 0) {
        fake_vhost_reset(fake);
        return -fake->reset_error;
    }
    if (fake->status & ~status)
        return -EINVAL;
    if (fake->refuses_features_ok && (status & VIRTIO_CONFIG_S_FEATURES_OK))
        return 0;
    if (fake->refuses_driver_ok && (status & VIRTIO_CONFIG_S_DRIVER_OK))
        return 0;
    fake->status = status;
    return 0;
}

static int check_config(const struct fake_vhost *fake,
                        const struct vhost_vdpa_config *config)
{
    uint32_t size = fake->profile.config_size;

    return config->len == 0 || config->off > size ||
                   config->len > size - config->off
               ? -EINVAL
               : 0;
}

static int get_config(struct fake_vhost *fake, void *argument)
{
    struct vhost_vdpa_config *config = argument;
    int error = check_config(fake, config);

    if (error)
        return error;
    if (!fake->features_are_set)
        fake->features = 0;
    memcpy(config->buf, fake->config + config->off, config->len);
    return 0;
}

static int set_config(struct fake_vhost *fake, void *argument)
{
    const struct vhost_vdpa_config *config = argument;
    int error = check_config(fake, config);

    if (!error)
        memcpy(fake->config + config->off, config->buf, config->len);
    return error;
}

/* -1 unbinds. */
static int check_eventfd(int fd)
{
    char link[64];
    char target[64];
    ssize_t length;

    if (fd == -1)
        return 0;
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    length = readlink(link, target, sizeof(target) - 1);
    if (length < 0)
        return -EBADF;
    target[length] = '\0';
    return strstr(target, "[eventfd]") ? 0 : -EINVAL;
}

/* A bad descriptor has already dropped the old one. */
static int set_config_call(struct fake_vhost *fake, void *argument)
{
    int fd;
    int error;

    memcpy(&fd, argument, sizeof(fd));
    error = check_eventfd(fd);
    fake->config_call_fd = error ? -1 : fd;
    return error;
}

static int get_vring_num(struct fake_vhost *fake, void *argument)
{
    memcpy(argument, &fake->profile.vring_num, sizeof(uint16_t));
    return 0;
}

static int get_vring_size(struct fake_vhost *fake, void *argument)
{
    struct vhost_vring_state *state = argument;
    uint32_t size = queue_of(fake, argument)->size;

    if (fake->profile.queue_size == 0)
        return -EOPNOTSUPP;
    if (state->index >= 3 && fake->profile.grows_by_mq &&
        !(fake->features & BIT64(VIRTIO_NET_F_MQ)))
        state->num = 0;
    else
        state->num = size ? size : fake->profile.queue_size;
    return 0;
}

static int get_vring_group(struct fake_vhost *fake, void *argument)
{
    struct vhost_vring_state *state = argument;

    if (fake->profile.groups == 0)
        return -EOPNOTSUPP;
    state->num = 0;
    return 0;
}

static int get_iova_range(struct fake_vhost *fake, void *argument)
{
    struct vhost_vdpa_iova_range *range = argument;

    range->first = fake->profile.first_iova;
    range->last = fake->profile.last_iova;
    return 0;
}

static int get_config_size(struct fake_vhost *fake, void *argument)
{
    memcpy(argument, &fake->profile.config_size, sizeof(uint32_t));
    return 0;
}

static int get_as_num(struct fake_vhost *fake, void *argument)
{
    memcpy(argument, &fake->profile.address_spaces, sizeof(uint32_t));
    return 0;
}

static int get_group_num(struct fake_vhost *fake, void *argument)
{
    memcpy(argument, &fake->profile.groups, sizeof(uint32_t));
    return 0;
}

static int get_vqs_count(struct fake_vhost *fake, void *argument)
{
    memcpy(argument, &fake->profile.num_queues, sizeof(uint32_t));
    return 0;
}

static bool is_running(const struct fake_vhost *fake)
{
    return (fake->status & VIRTIO_CONFIG_S_DRIVER_OK) != 0;
}

static int set_vring_num(struct fake_vhost *fake, void *argument)
{
    const struct vhost_vring_state *state = argument;

    if (!is_power_of_two(state->num) || state->num > 32768)
        return -EINVAL;
    queue_of(fake, argument)->size = state->num;
    return 0;
}

/* The descriptor table's alignment and the mappings are not looked at. */
static int set_vring_addr(struct fake_vhost *fake, void *argument)
{
    const struct vhost_vring_addr *addr = argument;
    struct fake_vhost_queue *queue = queue_of(fake, argument);

    if (addr->flags & ~BIT64(VHOST_VRING_F_LOG))
        return -EOPNOTSUPP;
    if (!is_aligned(addr->avail_user_addr, 2) ||
        !is_aligned(addr->used_user_addr, 4))
        return -EINVAL;
    if (is_running(fake) && !fake->is_suspended)
        return -EINVAL;
    queue->desc = addr->desc_user_addr;
    queue->driver = addr->avail_user_addr;
    queue->device = addr->used_user_addr;
    return 0;
}

/* Whether a base is one of a packed ring depends on the features set before. */
static int set_vring_base(struct fake_vhost *fake, void *argument)
{
    const struct vhost_vring_state *state = argument;
    struct fake_vhost_queue *queue = queue_of(fake, argument);
    bool is_packed = !fake->profile.is_2020 &&
                     (queue->acked_features & BIT64(VIRTIO_F_RING_PACKED)) != 0;

    if (!is_packed && state->num > 0xffff)
        return -EINVAL;
    if (is_running(fake) && !fake->is_suspended)
        return -EINVAL;
    if (fake->profile.base_is_fixed &&
        (state->num != (is_packed ? 0x80008000 : 0) || queue->enabled ||
         !(fake->status & VIRTIO_CONFIG_S_FEATURES_OK)))
        return -EOPNOTSUPP;
    queue->base = state->num;
    return 0;
}

static int get_vring_base(struct fake_vhost *fake, void *argument)
{
    struct vhost_vring_state *state = argument;

    if (fake->profile.base_is_fixed)
        return -EOPNOTSUPP;
    state->num = queue_of(fake, argument)->base;
    return 0;
}

static int set_vring_kick(struct fake_vhost *fake, void *argument)
{
    const struct vhost_vring_file *file = argument;
    int error = check_eventfd(file->fd);

    if (!error)
        queue_of(fake, argument)->kick_fd = file->fd;
    return error;
}

static int set_vring_call(struct fake_vhost *fake, void *argument)
{
    const struct vhost_vring_file *file = argument;
    int error = check_eventfd(file->fd);

    if (!error)
        queue_of(fake, argument)->call_fd = file->fd;
    return error;
}

static int set_vring_err(struct fake_vhost *fake, void *argument)
{
    const struct vhost_vring_file *file = argument;
    int error = check_eventfd(file->fd);

    if (!error)
        queue_of(fake, argument)->error_fd = file->fd;
    return error;
}

static int set_vring_enable(struct fake_vhost *fake, void *argument)
{
    const struct vhost_vring_state *state = argument;

    if (is_running(fake))
        fake->enables_while_running++;
    queue_of(fake, argument)->enabled = state->num != 0;
    return 0;
}

#define OF_DEVICE(name, kind, handle)                                          \
    {                                                                          \
        VHOST_##name, #name, kind, false, handle                               \
    }
#define OF_QUEUE(name, kind, handle)                                           \
    {                                                                          \
        VHOST_##name, #name, kind, true, handle                                \
    }

/* Logged without "VDPA_". */
static const struct request requests[] = {
    OF_DEVICE(SET_OWNER, ARGUMENT_NONE, set_owner),
    OF_DEVICE(GET_BACKEND_FEATURES, ARGUMENT_NONE, get_backend_features),
    OF_DEVICE(SET_BACKEND_FEATURES, ARGUMENT_FEATURES, set_backend_features),
    OF_DEVICE(GET_FEATURES, ARGUMENT_NONE, get_features),
    OF_DEVICE(SET_FEATURES, ARGUMENT_FEATURES, set_features),
    OF_DEVICE(VDPA_GET_DEVICE_ID, ARGUMENT_NONE, get_device_id),
    OF_DEVICE(VDPA_GET_STATUS, ARGUMENT_NONE, get_status),
    OF_DEVICE(VDPA_SET_STATUS, ARGUMENT_STATUS, set_status),
    OF_DEVICE(VDPA_GET_CONFIG, ARGUMENT_CONFIG, get_config),
    OF_DEVICE(VDPA_SET_CONFIG, ARGUMENT_CONFIG, set_config),
    OF_DEVICE(VDPA_SET_CONFIG_CALL, ARGUMENT_NONE, set_config_call),
    OF_DEVICE(VDPA_GET_VRING_NUM, ARGUMENT_NONE, get_vring_num),
    OF_DEVICE(VDPA_GET_IOVA_RANGE, ARGUMENT_NONE, get_iova_range),
    OF_DEVICE(VDPA_GET_CONFIG_SIZE, ARGUMENT_NONE, get_config_size),
    OF_DEVICE(VDPA_GET_AS_NUM, ARGUMENT_NONE, get_as_num),
    OF_DEVICE(VDPA_GET_GROUP_NUM, ARGUMENT_NONE, get_group_num),
    OF_DEVICE(VDPA_GET_VQS_COUNT, ARGUMENT_NONE, get_vqs_count),
    OF_DEVICE(VDPA_SUSPEND, ARGUMENT_NONE, fake_vhost_suspend),
    OF_DEVICE(VDPA_RESUME, ARGUMENT_NONE, fake_vhost_resume),
    OF_QUEUE(VDPA_GET_VRING_SIZE, ARGUMENT_QUEUE, get_vring_size),
    OF_QUEUE(VDPA_GET_VRING_GROUP, ARGUMENT_QUEUE, get_vring_group),
    OF_QUEUE(VDPA_SET_VRING_ENABLE, ARGUMENT_QUEUE_VALUE, set_vring_enable),
    OF_QUEUE(SET_VRING_NUM, ARGUMENT_QUEUE_VALUE, set_vring_num),
    OF_QUEUE(SET_VRING_BASE, ARGUMENT_QUEUE_VALUE, set_vring_base),
    OF_QUEUE(GET_VRING_BASE, ARGUMENT_QUEUE_VALUE, get_vring_base),
    OF_QUEUE(SET_VRING_ADDR, ARGUMENT_ADDRESSES, set_vring_addr),
    OF_QUEUE(SET_VRING_CALL, ARGUMENT_QUEUE, set_vring_call),
    OF_QUEUE(SET_VRING_KICK, ARGUMENT_QUEUE, set_vring_kick),
    OF_QUEUE(SET_VRING_ERR, ARGUMENT_QUEUE, set_vring_err),
};

/* NULL for one that this kernel does not know. */
static const struct request *find_request(const struct fake_vhost *fake,
                                          unsigned long number)
{
    unsigned bit = _IOC_NR(number);

    if (fake->missing[bit / 64] & BIT64(bit % 64))
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        if (requests[i].number == number)
            return &requests[i];
    }
    return NULL;
}

static const char *short_name(const struct request *request)
{
    size_t prefix = strlen("VDPA_");

    return strncmp(request->name, "VDPA_", prefix) == 0 ? request->name + prefix
                                                        : request->name;
}

static void log_queue_argument(struct fake_vhost *fake,
                               const struct request *request,
                               const void *argument)
{
    struct vhost_vring_state state;
    struct vhost_vring_addr addr;

    if (request->kind == ARGUMENT_ADDRESSES) {
        memcpy(&addr, argument, sizeof(addr));
        fake_vhost_log(fake, "%s(%u,%#llx,%#llx,%#llx)", short_name(request),
                       addr.index, addr.desc_user_addr, addr.avail_user_addr,
                       addr.used_user_addr);
        return;
    }
    memcpy(&state, argument, sizeof(state));
    if (request->kind == ARGUMENT_QUEUE)
        fake_vhost_log(fake, "%s(%u)", short_name(request), state.index);
    else
        fake_vhost_log(fake, "%s(%u,%#x)", short_name(request), state.index,
                       state.num);
}

static void log_request(struct fake_vhost *fake, const struct request *request,
                        const void *argument)
{
    struct vhost_vdpa_config config;
    uint64_t features;
    uint8_t status;

    switch (request->kind) {
    case ARGUMENT_NONE:
        fake_vhost_log(fake, "%s", short_name(request));
        break;
    case ARGUMENT_STATUS:
        memcpy(&status, argument, sizeof(status));
        fake_vhost_log(fake, "%s(%u)", short_name(request), status);
        break;
    case ARGUMENT_FEATURES:
        memcpy(&features, argument, sizeof(features));
        fake_vhost_log(fake, "%s(%#" PRIx64 ")", short_name(request), features);
        break;
    case ARGUMENT_CONFIG:
        memcpy(&config, argument, sizeof(config));
        fake_vhost_log(fake, "%s(%u,%u)", short_name(request), config.off,
                       config.len);
        break;
    case ARGUMENT_QUEUE:
    case ARGUMENT_QUEUE_VALUE:
    case ARGUMENT_ADDRESSES:
        log_queue_argument(fake, request, argument);
        break;
    }
}

static int check_queue_index(const struct fake_vhost *fake,
                             const void *argument)
{
    uint32_t index;

    if (!argument)
        return -EFAULT;
    memcpy(&index, argument, sizeof(index));
    return index < fake->profile.num_queues ? 0 : -ENOBUFS;
}

int fake_vhost_do_ioctl(struct fake_vhost *fake, unsigned long number,
                        void *argument, int injected)
{
    const struct request *request = find_request(fake, number);
    int error = 0;

    if (request)
        log_request(fake, request, argument);
    else
        fake_vhost_log(fake, "UNKNOWN(%#x)", (unsigned)_IOC_NR(number));
    if (injected)
        return injected;
    /* What the kernel does not know it takes for a request to a queue. */
    if ((!request || request->is_of_queue) &&
        (!fake->is_owned || fake->owner_is_other))
        return -EPERM;
    if (!request || request->is_of_queue)
        error = check_queue_index(fake, argument);
    if (error)
        return error;
    return request ? request->handle(fake, argument) : -ENOTTY;
}
