/* SPDX-License-Identifier: BSD-2-Clause */
/* fake_backend.c: a scripted vdpa_backend for tests. */
#include "tests/support/fake_backend.h"

#include "vmm/bytes.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BIT64(bit) (1ULL << (bit))
#define PAGE_SIZE  4096

static struct fake_backend *to_fake(struct vdpa_backend *backend)
{
    return container_of(backend, struct fake_backend, backend);
}

static PRINTF_FORMAT(2, 3) void write_log(struct fake_backend *fake,
                                          const char *format, ...)
{
    size_t used = strlen(fake->log);
    va_list arguments;

    if (used > 0 && used + 1 < sizeof(fake->log))
        fake->log[used++] = ' ';
    va_start(arguments, format);
    (void)vsnprintf(fake->log + used, sizeof(fake->log) - used, format,
                    arguments);
    va_end(arguments);
}

/* Remembers the first; -EPROTO. */
static int violated(struct fake_backend *fake, const char *call,
                    const char *rule)
{
    if (!fake->violation[0])
        (void)snprintf(fake->violation, sizeof(fake->violation), "%s: %s", call,
                       rule);
    return -EPROTO;
}

/* At the start of every call: 0, or what the call is to fail with. */
static int enter(struct fake_backend *fake, const char *call)
{
    bool is_named = fake->fail_call && strcmp(fake->fail_call, call) == 0;
    bool is_nth = fake->fail_at == 1;

    fake->calls++;
    if (fake->is_closed)
        return violated(fake, call, "after close");
    if (fake->fail_at > 0)
        fake->fail_at--;
    if (is_named)
        fake->fail_call = NULL;
    return is_named || is_nth ? fake->fail_error : 0;
}

static bool has_status(const struct fake_backend *fake, unsigned bit)
{
    return (fake->status & bit) != 0;
}

static int identify(struct vdpa_backend *backend,
                    struct vdpa_identity *identity)
{
    struct fake_backend *fake = to_fake(backend);
    int error = enter(fake, "identify");

    write_log(fake, "identify");
    if (!error)
        *identity = fake->identity;
    return error;
}

static int get_queue_max_size(struct vdpa_backend *backend, uint16_t index,
                              uint16_t *size)
{
    struct fake_backend *fake = to_fake(backend);
    int error = enter(fake, "get_queue_max_size");

    write_log(fake, "get_queue_max_size(%u)", index);
    if (error)
        return error;
    if (index >= fake->identity.num_queues)
        return -EINVAL;
    *size = fake->queues[index].max_size;
    return 0;
}

static uint64_t last_of(const struct vdpa_mapping *mapping)
{
    return mapping->iova + (mapping->size - 1);
}

static int check_mapping(const struct fake_backend *fake,
                         const struct vdpa_mapping *mapping)
{
    uint64_t bits =
        mapping->iova | mapping->size | (uint64_t)(uintptr_t)mapping->host;

    if (mapping->size == 0 || !is_aligned(bits, PAGE_SIZE))
        return -EINVAL;
    if (last_of(mapping) < mapping->iova ||
        mapping->iova < fake->identity.first_iova ||
        last_of(mapping) > fake->identity.last_iova)
        return -ERANGE;
    for (size_t i = 0; i < fake->map_count; i++) {
        if (mapping->iova <= last_of(&fake->maps[i]) &&
            fake->maps[i].iova <= last_of(mapping))
            return -EEXIST;
    }
    return fake->map_count < FAKE_BACKEND_MAX_MAPS ? 0 : -ENOMEM;
}

static int map(struct vdpa_backend *backend,
               const struct vdpa_mapping *mappings, size_t count)
{
    struct fake_backend *fake = to_fake(backend);
    size_t count_before = fake->map_count;
    int error = enter(fake, "map");

    for (size_t i = 0; i < count; i++)
        write_log(fake, "map(%#" PRIx64 ",%#" PRIx64 ")", mappings[i].iova,
                  mappings[i].size);
    for (size_t i = 0; i < count && !error; i++) {
        error = check_mapping(fake, &mappings[i]);
        if (!error)
            fake->maps[fake->map_count++] = mappings[i];
    }
    if (error)
        fake->map_count = count_before;
    return error;
}

/* The index of exactly that range, or map_count. */
static size_t find_mapping(const struct fake_backend *fake,
                           const struct vdpa_mapping *mapping)
{
    size_t i = 0;

    while (i < fake->map_count && (fake->maps[i].iova != mapping->iova ||
                                   fake->maps[i].size != mapping->size))
        i++;
    return i;
}

static int unmap(struct vdpa_backend *backend,
                 const struct vdpa_mapping *mappings, size_t count)
{
    struct fake_backend *fake = to_fake(backend);
    struct vdpa_mapping before[FAKE_BACKEND_MAX_MAPS];
    size_t count_before = fake->map_count;
    int error = enter(fake, "unmap");

    for (size_t i = 0; i < count; i++)
        write_log(fake, "unmap(%#" PRIx64 ",%#" PRIx64 ")", mappings[i].iova,
                  mappings[i].size);
    if (error)
        return error;
    if (has_status(fake, VIRTIO_CONFIG_S_DRIVER_OK))
        return violated(fake, "unmap", "while the device runs");
    memcpy(before, fake->maps, sizeof(before));
    for (size_t i = 0; i < count; i++) {
        size_t found = find_mapping(fake, &mappings[i]);

        if (found == fake->map_count) {
            memcpy(fake->maps, before, sizeof(before));
            fake->map_count = count_before;
            return -ENOENT;
        }
        fake->maps[found] = fake->maps[--fake->map_count];
    }
    return 0;
}

static int get_features(struct vdpa_backend *backend, uint64_t *features)
{
    struct fake_backend *fake = to_fake(backend);
    int error = enter(fake, "get_features");

    write_log(fake, "get_features");
    if (!error)
        *features = fake->offered;
    return error;
}

static int set_features(struct vdpa_backend *backend, uint64_t features)
{
    struct fake_backend *fake = to_fake(backend);
    int error = enter(fake, "set_features");

    write_log(fake, "set_features(%#" PRIx64 ")", features);
    if (error)
        return error;
    if (has_status(fake, VIRTIO_CONFIG_S_FEATURES_OK))
        return -EBUSY;
    if ((features & ~fake->offered) ||
        (fake->offered & ~features & BIT64(VIRTIO_F_ACCESS_PLATFORM)))
        return -EINVAL;
    fake->features = features;
    return 0;
}

static int get_status(struct vdpa_backend *backend, uint8_t *status)
{
    struct fake_backend *fake = to_fake(backend);
    int error = enter(fake, "get_status");

    write_log(fake, "get_status");
    if (!error)
        *status = fake->status;
    return error;
}

static void reset(struct fake_backend *fake)
{
    fake->status = 0;
    fake->features = 0;
    fake->is_suspended = false;
    fake->config_call_fd = -1;
    for (unsigned i = 0; i < FAKE_BACKEND_MAX_QUEUES; i++) {
        fake->queues[i].is_set = false;
        fake->queues[i].is_enabled = false;
        fake->queues[i].set = (struct vdpa_queue){
            .kick_fd = -1,
            .call_fd = -1,
        };
    }
}

static int set_status(struct vdpa_backend *backend, uint8_t status)
{
    struct fake_backend *fake = to_fake(backend);
    int error = enter(fake, "set_status");

    write_log(fake, "set_status(%u)", status);
    if (error)
        return error;
    if (status == 0) {
        reset(fake);
        return 0;
    }
    if (fake->status & ~status)
        return -EINVAL;
    if (fake->refuses_features_ok)
        status &= (uint8_t)~VIRTIO_CONFIG_S_FEATURES_OK;
    if (fake->refuses_driver_ok)
        status &= (uint8_t)~VIRTIO_CONFIG_S_DRIVER_OK;
    fake->status |= status;
    return 0;
}

static bool is_in_config(const struct fake_backend *fake, uint32_t offset,
                         uint32_t length)
{
    return length != 0 &&
           (uint64_t)offset + length <= fake->identity.config_size;
}

static int get_config(struct vdpa_backend *backend, uint32_t offset,
                      void *buffer, uint32_t length)
{
    struct fake_backend *fake = to_fake(backend);
    int error = enter(fake, "get_config");

    write_log(fake, "get_config(%" PRIu32 ",%" PRIu32 ")", offset, length);
    if (error)
        return error;
    if (!is_in_config(fake, offset, length))
        return -EINVAL;
    memcpy(buffer, fake->config + offset, length);
    return 0;
}

static int set_config(struct vdpa_backend *backend, uint32_t offset,
                      const void *buffer, uint32_t length)
{
    struct fake_backend *fake = to_fake(backend);
    int error = enter(fake, "set_config");

    write_log(fake, "set_config(%" PRIu32 ",%" PRIu32 ")", offset, length);
    if (error)
        return error;
    if (!is_in_config(fake, offset, length))
        return -EINVAL;
    memcpy(fake->config + offset, buffer, length);
    return 0;
}

static int set_config_call(struct vdpa_backend *backend, int call_fd)
{
    struct fake_backend *fake = to_fake(backend);
    int error = enter(fake, "set_config_call");

    write_log(fake, call_fd < 0 ? "set_config_call(-1)" : "set_config_call");
    if (error)
        return error;
    if (has_status(fake, VIRTIO_CONFIG_S_DRIVER_OK))
        return violated(fake, "set_config_call", "while the device runs");
    fake->config_call_fd = call_fd;
    return 0;
}

static bool is_queue_sound(const struct fake_backend *fake, uint16_t index,
                           const struct vdpa_queue *queue)
{
    bool is_packed = (fake->features & BIT64(VIRTIO_F_RING_PACKED)) != 0;

    return is_power_of_two(queue->size) &&
           queue->size <= fake->queues[index].max_size &&
           is_aligned(queue->desc_iova, 16) &&
           is_aligned(queue->driver_iova, is_packed ? 4 : 2) &&
           is_aligned(queue->device_iova, 4);
}

static int check_set_queue(struct fake_backend *fake,
                           const struct fake_backend_queue *before,
                           const struct vdpa_queue *queue)
{
    if (!has_status(fake, VIRTIO_CONFIG_S_FEATURES_OK))
        return violated(fake, "set_queue", "before FEATURES_OK");
    if (has_status(fake, VIRTIO_CONFIG_S_DRIVER_OK))
        return violated(fake, "set_queue", "while the device runs");
    if (before->kick_fd >= 0 && (before->kick_fd != queue->kick_fd ||
                                 before->call_fd != queue->call_fd))
        return violated(fake, "set_queue", "other eventfds than before");
    return 0;
}

static int set_queue(struct vdpa_backend *backend, uint16_t index,
                     const struct vdpa_queue *queue)
{
    struct fake_backend *fake = to_fake(backend);
    int error = enter(fake, "set_queue");

    write_log(fake, "set_queue(%u,%u)", index, queue->size);
    if (error)
        return error;
    if (index >= fake->identity.num_queues ||
        !is_queue_sound(fake, index, queue))
        return -EINVAL;
    error = check_set_queue(fake, &fake->queues[index], queue);
    if (error)
        return error;
    fake->queues[index].is_set = true;
    fake->queues[index].set = *queue;
    fake->queues[index].kick_fd = queue->kick_fd;
    fake->queues[index].call_fd = queue->call_fd;
    return 0;
}

static int enable_queue(struct vdpa_backend *backend, uint16_t index,
                        bool enable)
{
    struct fake_backend *fake = to_fake(backend);
    int error = enter(fake, "enable_queue");

    write_log(fake, "enable_queue(%u,%d)", index, enable);
    if (error)
        return error;
    if (index >= fake->identity.num_queues)
        return -EINVAL;
    if (!fake->queues[index].is_set)
        return violated(fake, "enable_queue", "before set_queue");
    if (has_status(fake, VIRTIO_CONFIG_S_DRIVER_OK))
        return violated(fake, "enable_queue", "while the device runs");
    fake->queues[index].is_enabled = enable;
    return 0;
}

static int get_queue_position(struct vdpa_backend *backend, uint16_t index,
                              uint32_t *position)
{
    struct fake_backend *fake = to_fake(backend);
    int error = enter(fake, "get_queue_position");

    write_log(fake, "get_queue_position(%u)", index);
    if (error)
        return error;
    if (index >= fake->identity.num_queues)
        return -EINVAL;
    *position = fake->queues[index].set.position;
    return 0;
}

static int map_doorbell(struct vdpa_backend *backend, uint16_t index,
                        void **page)
{
    struct fake_backend *fake = to_fake(backend);
    int error = enter(fake, "map_doorbell");

    write_log(fake, "map_doorbell(%u)", index);
    if (error)
        return error;
    if (index >= fake->identity.num_queues)
        return -EINVAL;
    if (!fake->has_doorbells)
        return -ENOTSUP;
    *page = fake_backend_doorbell(index);
    return 0;
}

static int get_node_fd(struct vdpa_backend *backend)
{
    return to_fake(backend)->node_fd;
}

static bool is_removed(struct vdpa_backend *backend)
{
    return to_fake(backend)->is_removed;
}

static int suspend(struct vdpa_backend *backend)
{
    struct fake_backend *fake = to_fake(backend);
    int error = enter(fake, "suspend");

    write_log(fake, "suspend");
    if (error)
        return error;
    if (!fake->identity.can_suspend)
        return -EOPNOTSUPP;
    if (fake->is_suspended)
        return violated(fake, "suspend", "while suspended");
    fake->is_suspended = has_status(fake, VIRTIO_CONFIG_S_DRIVER_OK);
    return 0;
}

static int resume(struct vdpa_backend *backend)
{
    struct fake_backend *fake = to_fake(backend);
    int error = enter(fake, "resume");

    write_log(fake, "resume");
    if (error)
        return error;
    if (!fake->identity.can_resume)
        return -EOPNOTSUPP;
    fake->is_suspended = false;
    return 0;
}

static void close_fake(struct vdpa_backend *backend)
{
    struct fake_backend *fake = to_fake(backend);

    write_log(fake, "close");
    if (fake->is_closed)
        (void)violated(fake, "close", "after close");
    reset(fake);
    fake->map_count = 0;
    fake->is_closed = true;
}

static const struct vdpa_backend_ops fake_backend_ops = {
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
    .get_node_fd = get_node_fd,
    .is_removed = is_removed,
    .suspend = suspend,
    .resume = resume,
    .close = close_fake,
};

void fake_backend_init(struct fake_backend *fake)
{
    *fake = (struct fake_backend){
        .backend = {.ops = &fake_backend_ops, .name = "fake"},
        .identity =
            {
                .device_id = VIRTIO_ID_NET,
                .config_size = 24,
                .num_queues = 3,
                .max_queue_size = 256,
                .first_iova = 0,
                .last_iova = UINT64_MAX,
                .can_suspend = true,
                .can_resume = true,
            },
        .offered = BIT64(VIRTIO_NET_F_MAC) | BIT64(VIRTIO_NET_F_STATUS) |
                   BIT64(VIRTIO_NET_F_CTRL_VQ) | BIT64(VIRTIO_F_VERSION_1) |
                   BIT64(VIRTIO_F_ACCESS_PLATFORM),
        .node_fd = -1,
        .config = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56, VIRTIO_NET_S_LINK_UP},
    };
    for (unsigned i = 0; i < FAKE_BACKEND_MAX_QUEUES; i++) {
        fake->queues[i].max_size = 256;
        fake->queues[i].kick_fd = -1;
        fake->queues[i].call_fd = -1;
    }
    reset(fake);
}
