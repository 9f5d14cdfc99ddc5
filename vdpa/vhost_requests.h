/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_requests.h: what may be asked of a vhost-vdpa file, by name: the words
 * that a trace is made of. Pure.
 */
#ifndef VDPA_VHOST_REQUESTS_H
#define VDPA_VHOST_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>

/* What the argument of an ioctl is. */
enum vhost_argument {
    VHOST_ARGUMENT_NONE,
    VHOST_ARGUMENT_U8,
    VHOST_ARGUMENT_U16,
    VHOST_ARGUMENT_U32,
    VHOST_ARGUMENT_STATUS,           /* u8 */
    VHOST_ARGUMENT_FEATURES,         /* u64, virtio's */
    VHOST_ARGUMENT_BACKEND_FEATURES, /* u64 */
    VHOST_ARGUMENT_RANGE,            /* struct vhost_vdpa_iova_range */
    VHOST_ARGUMENT_CONFIG,           /* struct vhost_vdpa_config */
    VHOST_ARGUMENT_FD,               /* int */
    VHOST_ARGUMENT_STATE,            /* struct vhost_vring_state */
    VHOST_ARGUMENT_GROUP,            /* the same; a group, not a queue */
    VHOST_ARGUMENT_ADDRESSES,        /* struct vhost_vring_addr */
    VHOST_ARGUMENT_FILE,             /* struct vhost_vring_file */
    VHOST_ARGUMENT_OTHER,            /* not shown */
};

struct vhost_request_info {
    unsigned long number;
    const char *name;
    /* What a number is called, "size" in "queue=0 size=256", or whose file it
     * is, "kick" in "queue=0 fd=kick0". NULL where the kind says it. */
    const char *key;
    enum vhost_argument argument;
    bool answers; /* the kernel writes the argument, all or its `num` */
    bool needs_owner;
};

/* NULL for one that no kernel has for vhost-vdpa. */
const struct vhost_request_info *vhost_request_by_number(unsigned long number);
const struct vhost_request_info *vhost_request_by_name(const char *name);

/* "VHOST_IOTLB_UPDATE" and the like; NULL for other types. */
const char *vhost_message_name(uint8_t type);
/* 0 for what is no name. */
uint8_t vhost_message_by_name(const char *name);

#endif
