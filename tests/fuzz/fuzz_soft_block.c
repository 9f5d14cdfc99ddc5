/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_soft_block.c: a software disk whose driver does anything: with its ring,
 * its requests and its control calls.
 *
 * Input: as device_fuzz.h has it; bits 4 and 5 of the first byte say what kind
 * of disk.
 */
#include "tests/support/device_fuzz.h"
#include "vdpa/soft_block_private.h"

#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DISK_SIZE (64U * DISK_SECTOR)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct soft_block *block;
static int disk_fd = -1;

static struct soft_device *open_disk(uint8_t kind)
{
    static char path[64]; /* borrowed until the device is closed */
    const struct disk_image_options options = {
        .path = path,
        .is_read_only = (kind & 0x30) == 0x10,
        .is_snapshot = (kind & 0x30) == 0x20,
    };

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", disk_fd);
    device_fuzz_require(soft_block_prepare(&options, &block) == 0);
    return &block->device;
}

static void check(void)
{
    struct stat file;

    device_fuzz_require(fstat(disk_fd, &file) == 0 &&
                        file.st_size == (off_t)DISK_SIZE);
}

static void control(uint8_t argument)
{
    const struct vdpa_backend_ops *ops = block->device.backend.ops;

    switch (argument) {
    case 0:
        device_fuzz_require(ops->set_status(&block->device.backend, 0) == 0);
        break;
    case 1:
        device_fuzz_start();
        break;
    case 2:
        device_fuzz_require(ops->suspend(&block->device.backend) == 0);
        break;
    case 3:
        (void)ops->resume(&block->device.backend);
        break;
    default:
        device_fuzz_change_map(argument % DEVICE_FUZZ_NUM_MAPS);
        break;
    }
}

static void step(unsigned what, uint8_t argument)
{
    switch (what) {
    case 0:
    case 1:
        device_fuzz_kick(0);
        break;
    case 2:
    case 3:
        device_fuzz_advance(0, argument);
        break;
    case 4:
    case 5:
        device_fuzz_advance(0, argument);
        device_fuzz_kick(0);
        break;
    case 6:
        device_fuzz_refill();
        break;
    default:
        control(argument);
        break;
    }
}

static bool disk_is_empty(void)
{
    uint8_t bytes[DISK_SIZE];

    device_fuzz_require(pread(disk_fd, bytes, sizeof(bytes), 0) ==
                        sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct device_fuzz_type disk = {
        .optional = {VIRTIO_F_RING_PACKED, VIRTIO_RING_F_EVENT_IDX,
                     VIRTIO_RING_F_INDIRECT_DESC, VIRTIO_BLK_F_FLUSH},
        .open = open_disk,
        .step = step,
        .check = check,
    };

    if (disk_fd < 0)
        disk_fd = memfd_create("disk", MFD_CLOEXEC);
    device_fuzz_require(ftruncate(disk_fd, 0) == 0 &&
                        ftruncate(disk_fd, (off_t)DISK_SIZE) == 0);
    device_fuzz(&disk, bytes, size);
    /* Of a file that is read-only, or of which there is a snapshot. */
    if (size > 0 && ((bytes[0] & 0x30) == 0x10 || (bytes[0] & 0x30) == 0x20))
        device_fuzz_require(disk_is_empty());
    return 0;
}
