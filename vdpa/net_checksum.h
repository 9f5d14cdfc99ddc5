/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_checksum.h: the checksums that a sender left to the device (virtio 1.2,
 * 5.1.6.2, VIRTIO_NET_HDR_F_NEEDS_CSUM).
 */
#ifndef VDPA_NET_CHECKSUM_H
#define VDPA_NET_CHECKSUM_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <sys/uio.h>

/*
 * Completes the checksum in place, if `header` asks for it, and takes the
 * request out of the header. The pieces must be memory of ours: of a guest's,
 * which it may change meanwhile, a copy. False when the header points out of
 * the frame; then nothing has changed.
 */
bool net_checksum_complete(struct virtio_net_hdr *header,
                           const struct iovec *pieces, unsigned count);

#endif
