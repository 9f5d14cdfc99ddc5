/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_vdpa_private.h: shared by the files of the vhost-vdpa backend:
 * vhost_vdpa.c has its operations, vhost_vdpa_life.c opens and closes it.
 */
#ifndef VDPA_VHOST_VDPA_PRIVATE_H
#define VDPA_VHOST_VDPA_PRIVATE_H

#include "vdpa/vhost_doorbells.h"
#include "vdpa/vhost_iotlb.h"
#include "vdpa/vhost_query.h"
#include "vdpa/vhost_trace.h"
#include "vdpa/vhost_uapi.h"
#include "vdpa/vhost_vdpa.h"
#include "vmm/bytes.h"

#include <stdbool.h>
#include <stdint.h>

struct vhost_vdpa {
    struct vdpa_backend backend;
    struct vhost_device device;
    struct vhost_trace trace; /* between the device and the kernel, or unused */
    struct vhost_capabilities capabilities;
    struct vhost_iotlb iotlb;
    struct vhost_doorbells doorbells;
    uint64_t features;  /* as set since the last reset */
    int config_call_fd; /* the same; borrowed, -1 for none */
    /* As open and every reset leave it: there is nothing to reset. What may
     * only follow a status need not clear it. */
    bool is_fresh;
    /* Scratch for configuration ioctls, with room for config_size bytes. */
    struct vhost_vdpa_config *config;
};

static inline struct vhost_vdpa *vhost_vdpa_of(struct vdpa_backend *backend)
{
    return container_of(backend, struct vhost_vdpa, backend);
}

static inline bool vhost_vdpa_keeps_mappings(const struct vhost_vdpa *vhost)
{
    return (vhost->capabilities.backend_acked &
            1ULL << VHOST_BACKEND_F_IOTLB_PERSIST) != 0;
}

extern const struct vdpa_backend_ops vhost_vdpa_ops;

/* The operation; frees `backend`. */
void vhost_vdpa_close(struct vdpa_backend *backend);

#endif
