/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_uapi.h: <linux/vhost.h>, with what Debian 12's copy lacks.
 *
 * Debian 12 ships the headers of Linux 6.1, which stop at VHOST_VDPA_SUSPEND
 * and VHOST_BACKEND_F_SUSPEND. The kernels this runs on are newer. Numbers
 * and layouts are the kernel's ABI; each is dropped once the oldest supported
 * headers have it.
 */
#ifndef VDPA_VHOST_UAPI_H
#define VDPA_VHOST_UAPI_H

#include <linux/vhost.h>

/* Linux 6.3: continue a suspended device. */
#ifndef VHOST_VDPA_RESUME
#define VHOST_VDPA_RESUME _IO(VHOST_VIRTIO, 0x7E)
#endif

/* Linux 6.7: group of a queue's rings where it differs from its buffers'. */
#ifndef VHOST_VDPA_GET_VRING_DESC_GROUP
#define VHOST_VDPA_GET_VRING_DESC_GROUP                                        \
    _IOWR(VHOST_VIRTIO, 0x7F, struct vhost_vring_state)
#endif

/* Linux 6.9: largest size of one queue; GET_VRING_NUM is device-wide. */
#ifndef VHOST_VDPA_GET_VRING_SIZE
#define VHOST_VDPA_GET_VRING_SIZE                                              \
    _IOWR(VHOST_VIRTIO, 0x82, struct vhost_vring_state)
#endif

/* Backend feature bits are bit numbers, not masks. */

/* Linux 6.3: VHOST_VDPA_RESUME works. */
#ifndef VHOST_BACKEND_F_RESUME
#define VHOST_BACKEND_F_RESUME 0x5
#endif

/* Linux 6.6: queues may be enabled while the device runs. */
#ifndef VHOST_BACKEND_F_ENABLE_AFTER_DRIVER_OK
#define VHOST_BACKEND_F_ENABLE_AFTER_DRIVER_OK 0x6
#endif

/* Linux 6.7: VHOST_VDPA_GET_VRING_DESC_GROUP works. */
#ifndef VHOST_BACKEND_F_DESC_ASID
#define VHOST_BACKEND_F_DESC_ASID 0x7
#endif

/* Linux 6.7: a reset leaves the device's mappings alone. */
#ifndef VHOST_BACKEND_F_IOTLB_PERSIST
#define VHOST_BACKEND_F_IOTLB_PERSIST 0x8
#endif

#endif
