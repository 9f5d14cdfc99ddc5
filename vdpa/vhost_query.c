/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_query.c: what a vhost-vdpa device and its kernel can do.
 *
 * vhost-vdpa grew from Linux 5.7 on: each later request may be missing, and
 * then there is another way to know or a value that is always right.
 */
#include "vdpa/vhost_query.h"

#include "vdpa/vhost_diagnose.h"
#include "vdpa/vhost_uapi.h"
#include "vmm/bytes.h"
#include "vmm/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BIT64(bit) (1ULL << (bit))

/* The largest configuration space of any vDPA device, that of VDUSE. */
#define MAX_CONFIG_SIZE 4096
/* virtio 1.2, 2.7: largest queue; vhost refuses more as well. */
#define MAX_QUEUE_SIZE 32768

/* A kernel that does not know a request looks at its first word before it
 * says so, as if it were a queue index: give it room, and zeroes. */
union answer {
    uint8_t room[64];
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    struct vhost_vring_state vring;
    struct vhost_vdpa_iova_range range;
};

static bool is_unknown(int error)
{
    return error == -ENOTTY || error == -EOPNOTSUPP;
}

/* Logs where VHOST_TRY failed for another reason than not being there. */
static int failed(const struct vhost_device *device, const char *request_name,
                  int error)
{
    log_error("%s: %s: %s", device->path, request_name, vhost_strerror(-error));
    return error;
}

/* Whether a device has `n` of something: 1, 0 or -errno. */
typedef int has_many(const struct vhost_device *device, uint32_t n);

/* The most that it has, up to `limit`, or -errno. */
static int count_of(const struct vhost_device *device, has_many *has,
                    uint32_t limit, uint32_t *count)
{
    uint32_t too_many = limit + 1;

    *count = 0;
    while (too_many - *count > 1) {
        uint32_t middle = *count + (too_many - *count) / 2;
        int result = has(device, middle);

        if (result < 0)
            return result;
        if (result)
            *count = middle;
        else
            too_many = middle;
    }
    return 0;
}

static int take_ownership(const struct vhost_device *device,
                          struct vdpa_identity *identity)
{
    union answer answer = {.room = {0}};
    int error = VHOST_TRY(device, VHOST_VDPA_GET_DEVICE_ID, &answer);

    if (error) {
        vhost_diagnose_stranger(device->syscalls, device->path, -error);
        return error;
    }
    identity->device_id = answer.u32;
    error = VHOST_TRY(device, VHOST_SET_OWNER, NULL);
    if (error == -EBUSY)
        vhost_diagnose_owned(device->syscalls, device->path);
    else if (error)
        return failed(device, "VHOST_SET_OWNER", error);
    return error;
}

/* Before the first message and the first reset: both depend on them. Without
 * IOTLB_ASID all messages mean address space 0, the only one that is used. */
static int agree_on_backend(const struct vhost_device *device,
                            struct vhost_capabilities *capabilities)
{
    uint64_t wanted = BIT64(VHOST_BACKEND_F_IOTLB_MSG_V2) |
                      BIT64(VHOST_BACKEND_F_IOTLB_BATCH) |
                      BIT64(VHOST_BACKEND_F_IOTLB_PERSIST) |
                      BIT64(VHOST_BACKEND_F_SUSPEND) |
                      BIT64(VHOST_BACKEND_F_RESUME);
    union answer answer = {.room = {0}};
    int error = VHOST_TRY(device, VHOST_GET_BACKEND_FEATURES, &answer);

    if (is_unknown(error))
        return 0;
    if (error)
        return failed(device, "VHOST_GET_BACKEND_FEATURES", error);
    capabilities->backend_offered = answer.u64;
    wanted &= answer.u64;
    if (wanted == 0)
        return 0;
    error = VHOST_REQUEST(device, VHOST_SET_BACKEND_FEATURES, &wanted);
    if (!error)
        capabilities->backend_acked = wanted;
    return error;
}

/* An index beyond the last queue is ENOBUFS before anything else is looked
 * at, so any per-queue request that changes nothing tells. */
static int has_queues(const struct vhost_device *device, uint32_t count)
{
    union answer answer = {.vring = {.index = count - 1}};
    int error = VHOST_TRY(device, VHOST_VDPA_GET_VRING_GROUP, &answer);

    if (error == -ENOBUFS)
        return 0;
    if (error && !is_unknown(error))
        return failed(device, "VHOST_VDPA_GET_VRING_GROUP", error);
    return 1;
}

static int query_queue_count(const struct vhost_device *device,
                             struct vdpa_identity *identity)
{
    union answer answer = {.room = {0}};
    int error = VHOST_TRY(device, VHOST_VDPA_GET_VQS_COUNT, &answer);
    uint32_t count = answer.u32;

    if (is_unknown(error))
        error = count_of(device, has_queues, UINT16_MAX, &count);
    else if (error)
        return failed(device, "VHOST_VDPA_GET_VQS_COUNT", error);
    if (error)
        return error;
    if (count == 0) {
        log_error("%s: device has no queues", device->path);
        return -ENODEV;
    }
    identity->num_queues = count < UINT16_MAX ? (uint16_t)count : UINT16_MAX;
    return 0;
}

/* Queues have power-of-two sizes; a device may say otherwise. */
static uint16_t usable_queue_size(uint32_t size)
{
    uint32_t usable = MAX_QUEUE_SIZE;

    while (usable > size)
        usable /= 2;
    return (uint16_t)usable;
}

/* A card behind vp_vdpa may not have a queue until its driver takes the
 * feature that brings it (QEMU's with MQ): 0 until then. */
int vhost_query_queue_sizes(const struct vhost_device *device,
                            struct vhost_capabilities *capabilities)
{
    struct vdpa_identity *identity = &capabilities->identity;

    for (unsigned i = 0; i < identity->num_queues; i++) {
        union answer answer = {.vring = {.index = i}};
        uint32_t size = capabilities->common_queue_size;
        int error = -ENOTTY;
        uint16_t usable;

        if (capabilities->has_queue_sizes)
            error = VHOST_TRY(device, VHOST_VDPA_GET_VRING_SIZE, &answer);
        if (!error)
            size = answer.vring.num;
        else if (is_unknown(error))
            capabilities->has_queue_sizes = false;
        else
            return failed(device, "VHOST_VDPA_GET_VRING_SIZE", error);
        usable = usable_queue_size(size);
        capabilities->queue_sizes[i] = usable;
        if (usable > identity->max_queue_size)
            identity->max_queue_size = usable;
    }
    return 0;
}

static int query_first_queue_sizes(const struct vhost_device *device,
                                   struct vhost_capabilities *capabilities)
{
    union answer answer = {.room = {0}};
    int error = VHOST_REQUEST(device, VHOST_VDPA_GET_VRING_NUM, &answer);

    if (error)
        return error;
    capabilities->common_queue_size = answer.u16;
    capabilities->has_queue_sizes = true;
    capabilities->queue_sizes = calloc(capabilities->identity.num_queues,
                                       sizeof(*capabilities->queue_sizes));
    if (!capabilities->queue_sizes)
        return failed(device, "sizes of queues", -ENOMEM);
    return vhost_query_queue_sizes(device, capabilities);
}

/* The kernel refuses to read beyond the end. */
static int has_config(const struct vhost_device *device, uint32_t size)
{
    union {
        struct vhost_vdpa_config config;
        uint8_t room[sizeof(struct vhost_vdpa_config) + MAX_CONFIG_SIZE];
    } buffer = {.config = {.off = 0, .len = size}};
    int error = VHOST_TRY(device, VHOST_VDPA_GET_CONFIG, &buffer);

    if (error && error != -EINVAL)
        return failed(device, "VHOST_VDPA_GET_CONFIG", error);
    return error == 0;
}

static int query_config_size(const struct vhost_device *device,
                             struct vdpa_identity *identity)
{
    union answer answer = {.room = {0}};
    int error = VHOST_TRY(device, VHOST_VDPA_GET_CONFIG_SIZE, &answer);

    identity->config_size = answer.u32;
    if (is_unknown(error))
        return count_of(device, has_config, MAX_CONFIG_SIZE,
                        &identity->config_size);
    if (error)
        return failed(device, "VHOST_VDPA_GET_CONFIG_SIZE", error);
    if (answer.u32 > MAX_CONFIG_SIZE) {
        log_error("%s: the device claims %" PRIu32 " bytes of configuration; "
                  "up to %d can be served",
                  device->path, answer.u32, MAX_CONFIG_SIZE);
        return -ENOTSUP;
    }
    return 0;
}

static int query_iova_range(const struct vhost_device *device,
                            struct vdpa_identity *identity)
{
    union answer answer = {.room = {0}};
    int error = VHOST_TRY(device, VHOST_VDPA_GET_IOVA_RANGE, &answer);

    if (is_unknown(error))
        answer.range = (struct vhost_vdpa_iova_range){0, UINT64_MAX};
    else if (error)
        return failed(device, "VHOST_VDPA_GET_IOVA_RANGE", error);
    identity->first_iova = answer.range.first;
    identity->last_iova = answer.range.last;
    return 0;
}

int vhost_query(const struct vhost_device *device,
                struct vhost_capabilities *capabilities)
{
    struct vdpa_identity *identity = &capabilities->identity;
    int error = take_ownership(device, identity);

    if (!error)
        error = agree_on_backend(device, capabilities);
    if (!error)
        error =
            VHOST_REQUEST(device, VHOST_GET_FEATURES, &capabilities->features);
    if (!error)
        error = query_queue_count(device, identity);
    if (!error)
        error = query_first_queue_sizes(device, capabilities);
    if (!error)
        error = query_config_size(device, identity);
    if (!error)
        error = query_iova_range(device, identity);
    identity->can_suspend =
        capabilities->backend_acked & BIT64(VHOST_BACKEND_F_SUSPEND);
    identity->can_resume =
        capabilities->backend_acked & BIT64(VHOST_BACKEND_F_RESUME);
    if (!error)
        log_debug("%s: virtio id %" PRIu32 ", %u queues of %u, config %" PRIu32
                  " bytes, features %#" PRIx64 ", backend %#" PRIx64,
                  device->path, identity->device_id, identity->num_queues,
                  identity->max_queue_size, identity->config_size,
                  capabilities->features, capabilities->backend_acked);
    return error;
}

void vhost_capabilities_destroy(struct vhost_capabilities *capabilities)
{
    free(capabilities->queue_sizes);
    capabilities->queue_sizes = NULL;
}
