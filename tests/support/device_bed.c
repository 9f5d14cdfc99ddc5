/* SPDX-License-Identifier: BSD-2-Clause */
/* device_bed.c: a virtio device over a fake backend, with its driver. */
#include "tests/support/device_bed.h"

#include "tests/support/open_fds.h"
#include "vmm/bytes.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void note_running(void *owner, bool running)
{
    struct device_bed *bed = owner;
    size_t used = strlen(bed->runs);

    /* Told before the device may move data, and after it may not. */
    if (running)
        ck_assert_uint_eq(bed->fake.status & VIRTIO_CONFIG_S_DRIVER_OK, 0);
    (void)snprintf(bed->runs + used, sizeof(bed->runs) - used,
                   running ? "+" : "-");
}

int device_bed_make(struct device_bed *bed)
{
    int error = virtio_device_init(&bed->device, &bed->fake.backend,
                                   &bed->options, &bed->memory, &bed->loop);

    if (error)
        return error;
    for (unsigned i = 0;
         i < bed->device.num_queues && i < DEVICE_BED_MAX_QUEUES; i++)
        virtio_device_connect_queue(&bed->device, i, bed->call_fds[i]);
    bed->device.running_changed = note_running;
    bed->device.owner = bed;
    return virtio_device_connect_config(&bed->device, bed->config_fd);
}

static void make_surroundings(struct device_bed *bed)
{
    const struct guest_memory_range ranges[] = {
        {.gpa = 0, .size = DEVICE_BED_LOW_SIZE},
        {.gpa = 4 * GIB, .size = 64 * KIB},
    };

    log_capture_start(&bed->capture);
    bed->runs[0] = '\0';
    ck_assert_int_eq(guest_memory_init(&bed->memory, ranges, 2, 0), 0);
    ck_assert_int_eq(event_loop_init(&bed->loop), 0);
    for (unsigned i = 0; i < DEVICE_BED_MAX_QUEUES; i++)
        bed->call_fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bed->config_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bed->fds_before = count_open_fds();
    fake_backend_init(&bed->fake);
    bed->options = (struct virtio_device_options){.queue_pairs = 0};
}

void device_bed_setup(struct device_bed *bed)
{
    make_surroundings(bed);
    ck_assert_int_eq(device_bed_make(bed), 0);
}

static void drop_surroundings(struct device_bed *bed)
{
    for (unsigned i = 0; i < DEVICE_BED_MAX_QUEUES; i++)
        close(bed->call_fds[i]);
    close(bed->config_fd);
    event_loop_destroy(&bed->loop);
    guest_memory_destroy(&bed->memory);
    log_capture_stop();
}

void device_bed_destroy(struct device_bed *bed)
{
    virtio_device_destroy(&bed->device);
    ck_assert_str_eq(fake_backend_violation(&bed->fake), "");
    ck_assert(bed->fake.is_closed);
    ck_assert_uint_eq(count_open_fds(), bed->fds_before);
}

void device_bed_renew(struct device_bed *bed)
{
    device_bed_destroy(bed);
    fake_backend_init(&bed->fake);
}

void device_bed_expect_refusal(struct device_bed *bed, int error,
                               const char *words)
{
    bed->capture.last[0] = '\0';
    ck_assert_int_eq(device_bed_make(bed), error);
    ck_assert_msg(strstr(bed->capture.last, words) != NULL, "no \"%s\" in: %s",
                  words, bed->capture.last);
    device_bed_renew(bed);
}

void device_bed_teardown(struct device_bed *bed)
{
    device_bed_destroy(bed);
    virtio_device_destroy(&bed->device); /* may be called twice */
    ck_assert_str_eq(fake_backend_violation(&bed->fake), "");
    drop_surroundings(bed);
}

void device_bed_set_status(struct device_bed *bed, unsigned status)
{
    virtio_device_set_status(&bed->device, (uint8_t)status);
}

unsigned device_bed_status(struct device_bed *bed)
{
    return virtio_device_get_status(&bed->device);
}

void device_bed_accept(struct device_bed *bed, uint64_t features)
{
    virtio_device_accept(&bed->device, 0, (uint32_t)features);
    virtio_device_accept(&bed->device, 1, (uint32_t)(features >> 32));
}

void device_bed_set_queue(struct device_bed *bed, unsigned index,
                          enum virtio_queue_field field, uint64_t value)
{
    virtio_device_set_queue(&bed->device, index, field, value);
}

uint64_t device_bed_get_queue(struct device_bed *bed, unsigned index,
                              enum virtio_queue_field field)
{
    return virtio_device_get_queue(&bed->device, index, field);
}

void device_bed_place_queue(struct device_bed *bed, unsigned index,
                            uint64_t size)
{
    uint64_t gpa = DEVICE_BED_QUEUE_GPA(index);

    device_bed_set_queue(bed, index, VIRTIO_QUEUE_SIZE, size);
    device_bed_set_queue(bed, index, VIRTIO_QUEUE_DESC, gpa);
    device_bed_set_queue(bed, index, VIRTIO_QUEUE_DRIVER, gpa + 0x2000);
    device_bed_set_queue(bed, index, VIRTIO_QUEUE_DEVICE, gpa + 0x4000);
}

void device_bed_enable_queue(struct device_bed *bed, unsigned index)
{
    device_bed_set_queue(bed, index, VIRTIO_QUEUE_ENABLE, 1);
}

void device_bed_negotiate(struct device_bed *bed, uint64_t features)
{
    device_bed_set_status(bed, 0);
    device_bed_set_status(bed, ACKNOWLEDGE);
    device_bed_set_status(bed, DRIVER);
    device_bed_accept(bed, features);
    device_bed_set_status(bed, NEGOTIATED);
}

void device_bed_bring_up(struct device_bed *bed)
{
    device_bed_negotiate(bed, GUEST_BITS);
    for (unsigned i = 0; i < 2; i++) {
        device_bed_place_queue(bed, i, 128);
        device_bed_enable_queue(bed, i);
    }
    device_bed_set_status(bed, RUNNING);
}

uint64_t device_bed_take(int eventfd)
{
    eventfd_t count = 0;

    return eventfd_read(eventfd, &count) == 0 ? count : 0;
}
