/* SPDX-License-Identifier: BSD-2-Clause */
/* plain_device.c: a software device of no type, with its driver. */
#include "tests/support/plain_device.h"

#include "tests/support/loop_steps.h"

#include <check.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define FEATURE(bit) (1ULL << (bit))
#define DATA         PLAIN_DEVICE_NUM_QUEUES /* of the mappings */

/* ---- The type ---- */

static struct plain_device_bed *bed_of(struct soft_device *device)
{
    return container_of(device, struct plain_device, device)->bed;
}

static int start(struct soft_device *device)
{
    struct plain_device_bed *bed = bed_of(device);
    int error = bed->start_error;

    bed->starts++;
    bed->start_error = 0;
    for (unsigned i = 0; i < PLAIN_DEVICE_NUM_QUEUES && !error; i++)
        if (device->queues[i].is_set && device->queues[i].is_enabled)
            error = soft_device_start_queue(device, i);
    return error;
}

static void stop(struct soft_device *device)
{
    bed_of(device)->stops++;
}

static void resumed(struct soft_device *device)
{
    bed_of(device)->resumes++;
}

static void kicked(struct soft_device *device, unsigned index)
{
    static struct virtqueue_chain chain;
    struct soft_queue *queue = &device->queues[index];

    bed_of(device)->kicks[index]++;
    while (virtqueue_take(&queue->ring, &chain)) {
        chain.buffer.written = 0;
        virtqueue_return(&queue->ring, &chain.buffer, 1);
        queue->must_signal = true;
    }
    soft_device_signal(device, index);
    soft_device_check_rings(device);
}

static void destroy(struct soft_device *device)
{
    bed_of(device)->destroys++;
    soft_device_destroy(device);
    free(container_of(device, struct plain_device, device));
}

static const struct soft_device_ops plain_ops = {
    .start = start,
    .stop = stop,
    .resumed = resumed,
    .kicked = kicked,
    .destroy = destroy,
};

/* ---- Life ---- */

static struct driver_ring_setup ring_setup(const struct plain_device_bed *bed)
{
    return (struct driver_ring_setup){.size = PLAIN_DEVICE_MAX_SIZE,
                                      .packed = bed->packed};
}

static void map_memory(struct plain_device_bed *bed)
{
    const struct driver_ring_setup setup = ring_setup(bed);

    for (unsigned i = 0; i <= PLAIN_DEVICE_NUM_QUEUES; i++) {
        size_t size = i == DATA ? 4096 : driver_ring_bytes(&setup);

        ck_assert_uint_le(size, PLAIN_DEVICE_RING_STEP);
        bed->mappings[i] = (struct vdpa_mapping){
            .iova = i == DATA ? PLAIN_DEVICE_DATA_IOVA
                              : PLAIN_DEVICE_RING_IOVA +
                                    (uint64_t)i * PLAIN_DEVICE_RING_STEP,
            .size = size,
            .host = driver_ring_map_memory(size),
        };
        ck_assert_ptr_nonnull(bed->mappings[i].host);
    }
    ck_assert_int_eq(
        bed->ops->map(bed->backend, bed->mappings, PLAIN_DEVICE_NUM_QUEUES + 1),
        0);
}

void plain_device_open(struct plain_device_bed *bed, bool packed)
{
    const struct vdpa_identity identity = {
        .device_id = VIRTIO_ID_RNG,
        .config_size = sizeof(PLAIN_DEVICE_CONFIG),
        .num_queues = PLAIN_DEVICE_NUM_QUEUES,
        .max_queue_size = PLAIN_DEVICE_MAX_SIZE,
        .last_iova = UINT64_MAX,
    };
    struct plain_device *plain = calloc(1, sizeof(*plain));

    ck_assert_ptr_nonnull(plain);
    memset(bed, 0, sizeof(*bed));
    log_capture_start(&bed->capture);
    plain->bed = bed;
    plain->device.device_features =
        FEATURE(VIRTIO_F_VERSION_1) | FEATURE(VIRTIO_F_ACCESS_PLATFORM) |
        FEATURE(VIRTIO_F_RING_PACKED) | FEATURE(VIRTIO_RING_F_EVENT_IDX);
    ck_assert_int_eq(soft_device_init(&plain->device, &plain_ops, "plain",
                                      &identity,
                                      (const uint8_t *)PLAIN_DEVICE_CONFIG),
                     0);
    bed->plain = plain;
    bed->device = &plain->device;
    bed->backend = &plain->device.backend;
    bed->ops = bed->backend->ops;
    bed->packed = packed;
    for (unsigned i = 0; i < PLAIN_DEVICE_NUM_QUEUES; i++) {
        bed->kick_fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        bed->call_fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    }
    bed->config_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    map_memory(bed);
}

void plain_device_close(struct plain_device_bed *bed)
{
    if (bed->backend)
        bed->ops->close(bed->backend);
    ck_assert_uint_eq(bed->destroys, 1);
    for (unsigned i = 0; i < PLAIN_DEVICE_NUM_QUEUES; i++) {
        ck_assert_msg(bed->rings[i].fault == NULL, "%s", bed->rings[i].fault);
        (void)close(bed->kick_fds[i]);
        (void)close(bed->call_fds[i]);
    }
    (void)close(bed->config_fd);
    for (unsigned i = 0; i <= PLAIN_DEVICE_NUM_QUEUES; i++)
        munmap(bed->mappings[i].host, bed->mappings[i].size);
    log_capture_stop();
}

static void set_status(struct plain_device_bed *bed, uint8_t status)
{
    ck_assert_int_eq(bed->ops->set_status(bed->backend, status), 0);
}

void plain_device_negotiate(struct plain_device_bed *bed)
{
    const struct driver_ring_setup setup = ring_setup(bed);

    set_status(bed, 0);
    for (unsigned i = 0; i < PLAIN_DEVICE_NUM_QUEUES; i++)
        driver_ring_init(&bed->rings[i], &setup, bed->mappings[i].host,
                         bed->mappings[i].iova);
    set_status(bed, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
    ck_assert_int_eq(
        bed->ops->set_features(bed->backend,
                               FEATURE(VIRTIO_F_ACCESS_PLATFORM) |
                                   driver_ring_features(&bed->rings[0])),
        0);
    set_status(bed,
               plain_device_status(bed) | (uint8_t)VIRTIO_CONFIG_S_FEATURES_OK);
    ck_assert_int_eq(bed->ops->set_config_call(bed->backend, bed->config_fd),
                     0);
}

struct vdpa_queue plain_device_queue(const struct plain_device_bed *bed,
                                     uint16_t index)
{
    struct vdpa_queue queue = driver_ring_queue(&bed->rings[index]);

    queue.kick_fd = bed->kick_fds[index];
    queue.call_fd = bed->call_fds[index];
    queue.position = vdpa_queue_start(bed->packed);
    return queue;
}

void plain_device_set_queue(struct plain_device_bed *bed, uint16_t index)
{
    const struct vdpa_queue queue = plain_device_queue(bed, index);

    ck_assert_int_eq(bed->ops->set_queue(bed->backend, index, &queue), 0);
    ck_assert_int_eq(bed->ops->enable_queue(bed->backend, index, true), 0);
}

void plain_device_start(struct plain_device_bed *bed)
{
    set_status(bed,
               plain_device_status(bed) | (uint8_t)VIRTIO_CONFIG_S_DRIVER_OK);
}

void plain_device_run(struct plain_device_bed *bed)
{
    plain_device_negotiate(bed);
    for (uint16_t i = 0; i < PLAIN_DEVICE_NUM_QUEUES; i++)
        plain_device_set_queue(bed, i);
    plain_device_start(bed);
    ck_assert(plain_device_status(bed) & VIRTIO_CONFIG_S_DRIVER_OK);
}

uint8_t plain_device_status(const struct plain_device_bed *bed)
{
    uint8_t status = 0xff;

    ck_assert_int_eq(bed->ops->get_status(bed->backend, &status), 0);
    return status;
}

/* ---- Data ---- */

void plain_device_add(struct plain_device_bed *bed, uint16_t index)
{
    const struct driver_piece piece = {PLAIN_DEVICE_DATA_IOVA, 16, false};

    ck_assert(driver_ring_add(&bed->rings[index], &piece, 1, index));
    ck_assert_int_eq(eventfd_write(bed->kick_fds[index], 1), 0);
}

unsigned plain_device_serve(const struct plain_device_bed *bed)
{
    return loop_serve_ready(&bed->device->loop);
}

bool plain_device_collect(struct plain_device_bed *bed, uint16_t index)
{
    struct driver_used used;

    if (!driver_ring_collect(&bed->rings[index], &used))
        return false;
    ck_assert_uint_eq(used.token, index);
    return true;
}

uint64_t plain_device_signals(int eventfd)
{
    eventfd_t count = 0;

    return eventfd_read(eventfd, &count) == 0 ? count : 0;
}

void plain_device_expect_works(struct plain_device_bed *bed)
{
    for (uint16_t i = 0; i < PLAIN_DEVICE_NUM_QUEUES; i++) {
        (void)plain_device_signals(bed->call_fds[i]);
        plain_device_add(bed, i);
        ck_assert_uint_eq(plain_device_serve(bed), 1);
        ck_assert(plain_device_collect(bed, i));
        ck_assert_uint_eq(plain_device_signals(bed->call_fds[i]), 1);
    }
}
