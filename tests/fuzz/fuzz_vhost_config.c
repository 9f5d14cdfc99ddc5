/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_vhost_config.c: a kernel device that says anything about itself.
 *
 * Input: 48 bytes of what it says, then one byte for each call that fails, as
 * the number of calls that go well before. Whatever it says, it is refused or
 * its guest can be told; nothing is left open.
 */
#include "devices/virtio_device.h"
#include "tests/support/fake_vhost.h"
#include "tests/support/log_capture.h"
#include "tests/support/open_fds.h"
#include "vdpa/vhost_vdpa.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <stdlib.h>

#define PROFILE_SIZE 48U
#define MEMORY_SIZE  (256 * KIB)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct guest_memory memory;
static struct event_loop loop;
static struct fake_vhost fake;
static struct log_capture capture;

/* Unlike assert(), not compiled out and seen by the fuzzer as a crash. */
static void require(bool claim)
{
    if (!claim)
        abort();
}

/* Made once: nothing that is tested here changes them. */
static void make_surroundings(void)
{
    const struct guest_memory_range range = {.size = MEMORY_SIZE};

    if (memory.count > 0)
        return;
    require(guest_memory_init(&memory, &range, 1, 0) == 0);
    require(event_loop_init(&loop) == 0);
}

/* More queues than the fake has room for are a matter of unit tests. */
static void lie(struct fake_vhost_profile *profile, const uint8_t *data)
{
    profile->device_id = load_le32(data);
    profile->num_queues = data[4] % (FAKE_VHOST_MAX_QUEUES + 1);
    profile->vring_num = load_le16(data + 8);
    profile->queue_size = load_le16(data + 10);
    profile->config_size = load_le16(data + 12);
    profile->features = load_le64(data + 16);
    profile->backend_features = data[24];
    if (data[40] & 1)
        profile->first_iova = load_le64(data + 25);
    if (data[40] & 2)
        profile->last_iova = load_le64(data + 32);
    profile->is_2020 = data[40] & 4;
    profile->has_set_map = data[40] & 8;
    profile->needs_platform = data[40] & 16;
    profile->groups = data[41] % 4;
    profile->address_spaces = data[42] % 4;
}

static void drive(struct virtio_device *device)
{
    virtio_device_set_status(device, 0);
    virtio_device_set_status(device, 3);
    for (uint32_t word = 0; word < 2; word++)
        virtio_device_accept(device, word,
                             virtio_device_get_offered(device, word));
    virtio_device_set_status(device, 11);
    for (unsigned i = 0; i < device->num_queues; i++) {
        virtio_device_connect_queue(device, i, device->config_call_fd);
        virtio_device_set_queue(device, i, VIRTIO_QUEUE_DRIVER, 0x10000);
        virtio_device_set_queue(device, i, VIRTIO_QUEUE_DEVICE, 0x20000);
        virtio_device_set_queue(device, i, VIRTIO_QUEUE_ENABLE, 1);
    }
    virtio_device_set_status(device, 15);
    for (uint64_t offset = 0; offset < 264; offset += 8)
        (void)virtio_device_read_config(device, offset, 8);
    virtio_device_write_config(device, 0, 8, 1);
    (void)virtio_device_get_generation(device);
    (void)virtio_device_get_status(device);
    virtio_device_set_status(device, 0);
    require(virtio_device_get_status(device) == 0);
}

static void live(unsigned limit, const uint8_t *failures, size_t count)
{
    const struct virtio_device_options options = {.queue_pairs = limit};
    struct virtio_device device;
    struct vdpa_backend *backend;

    if (count > 0)
        fake.fail_at = failures[0];
    if (vhost_vdpa_open(FAKE_VHOST_PATH, &fake.syscalls, &backend) != 0)
        return;
    if (virtio_device_init(&device, backend, &options, &memory, &loop) != 0)
        return;
    require(device.num_queues >= 1);
    require(device.num_queues <= VIRTIO_DEVICE_MAX_QUEUES);
    for (size_t i = 1; i <= count; i++) {
        fake.fail_at = i < count ? fake.calls + failures[i] : 0;
        drive(&device);
    }
    virtio_device_destroy(&device);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fake_vhost_profile profile = fake_vhost_sim;
    unsigned fds_before;

    if (size < PROFILE_SIZE)
        return 0;
    log_capture_start(&capture);
    make_surroundings();
    fds_before = count_open_fds();
    lie(&profile, data);
    fake_vhost_init(&fake, &profile);
    fake.fail_error = EIO;
    /* max_virtqueue_pairs */
    fake.config[8] = data[43];
    fake.config[9] = data[44];
    live(data[45] % 8, data + PROFILE_SIZE,
         size - PROFILE_SIZE > 8 ? 8 : size - PROFILE_SIZE);
    require(fake.fd < 0); /* closed, and nothing left in it */
    require(fake.maps.count == 0);
    fake_vhost_destroy(&fake);
    require(count_open_fds() == fds_before);
    log_capture_stop();
    return 0;
}
