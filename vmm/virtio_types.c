/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_types.c: virtio's device types by name.
 */
#include "vmm/virtio_types.h"

#include "vmm/compiler.h"

#include <inttypes.h>
#include <linux/virtio_ids.h>
#include <stddef.h>
#include <stdio.h>

/* virtio 1.3, chapter 5: those that vDPA devices are made of, by the names of
 * Linux's drivers. */
static const char *const names[] = {
    [VIRTIO_ID_NET] = "net",         [VIRTIO_ID_BLOCK] = "blk",
    [VIRTIO_ID_CONSOLE] = "console", [VIRTIO_ID_RNG] = "rng",
    [VIRTIO_ID_SCSI] = "scsi",       [VIRTIO_ID_GPU] = "gpu",
    [VIRTIO_ID_INPUT] = "input",     [VIRTIO_ID_VSOCK] = "vsock",
    [VIRTIO_ID_CRYPTO] = "crypto",   [VIRTIO_ID_PMEM] = "pmem",
    [VIRTIO_ID_FS] = "fs",
};

void virtio_types_print(uint32_t device_id, char name[VIRTIO_TYPES_MAX_NAME])
{
    if (device_id < ARRAY_SIZE(names) && names[device_id] != NULL)
        snprintf(name, VIRTIO_TYPES_MAX_NAME, "virtio-%s", names[device_id]);
    else
        snprintf(name, VIRTIO_TYPES_MAX_NAME, "virtio-%" PRIu32, device_id);
}
