/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_vdpa_life.c: opening and closing a kernel vDPA device.
 */
#include "vdpa/vhost_vdpa_private.h"

#include "vdpa/vhost_diagnose.h"
#include "vdpa/vhost_handover.h"
#include "vdpa/vhost_memlock.h"
#include "vdpa/vhost_parent.h"
#include "vmm/log.h"
#include "vmm/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define FEATURE(bit) (1ULL << (bit))

/* Also of a half-opened device. */
static void destroy(struct vhost_vdpa *vhost)
{
    const struct vhost_syscalls *syscalls = vhost->device.syscalls;

    vhost_iotlb_destroy(&vhost->iotlb);
    vhost_doorbells_destroy(&vhost->doorbells);
    vhost_capabilities_destroy(&vhost->capabilities);
    if (vhost->device.fd >= 0 &&
        syscalls->close(syscalls->context, vhost->device.fd) < 0)
        log_warning("%s: close: %s", vhost->device.path, strerror(errno));
    vhost_trace_destroy(&vhost->trace);
    free(vhost->config);
    free(vhost->device.path);
    free(vhost);
}

/* Stops the device before its memory goes, and takes the memory from it
 * before the file closes: closing alone leaves a VDUSE process in possession
 * of the guest's memory. */
void vhost_vdpa_close(struct vdpa_backend *backend)
{
    struct vhost_vdpa *vhost = vhost_vdpa_of(backend);
    uint8_t status = 0;
    int error = 0;

    if (!vhost->is_fresh)
        error = VHOST_TRY(&vhost->device, VHOST_VDPA_SET_STATUS, &status);
    if (error)
        log_warning("%s: reset before close: %s", vhost->device.path,
                    vhost_strerror(-error));
    destroy(vhost);
}

static int open_node(struct vhost_vdpa *vhost)
{
    const struct vhost_syscalls *syscalls = vhost->device.syscalls;
    int error;

    vhost->device.fd = syscalls->open(syscalls->context, vhost->device.path,
                                      O_RDWR | O_CLOEXEC);
    if (vhost->device.fd >= 0)
        return 0;
    error = -errno;
    vhost_diagnose_open(syscalls, vhost->device.path, -error);
    return error;
}

/* The part of opening that may fail half-way; destroy() undoes any of it. */
static int set_up(struct vhost_vdpa *vhost)
{
    const struct vhost_syscalls *syscalls = vhost->device.syscalls;
    const struct vdpa_identity *identity = &vhost->capabilities.identity;
    const bool was_open = vhost->device.fd >= 0;
    uint8_t status = 0;
    int error = 0;

    if (vhost->device.fd < 0)
        error = open_node(vhost);
    if (error)
        return error;
    error = vhost_query(&vhost->device, &vhost->capabilities);
    /* Opening resets; whoever opened it may have done more. */
    if (!error && was_open)
        error = VHOST_REQUEST(&vhost->device, VHOST_VDPA_SET_STATUS, &status);
    if (error)
        return error;
    vhost->config = calloc(1, sizeof(*vhost->config) + identity->config_size);
    if (!vhost->config) {
        log_error("%s: %" PRIu32 " bytes of configuration: %s",
                  vhost->device.path, identity->config_size, strerror(ENOMEM));
        return -ENOMEM;
    }
    error = vhost_doorbells_init(&vhost->doorbells, &vhost->device,
                                 identity->num_queues);
    if (error)
        return error;
    vhost_parent_find(&vhost->device.parent, syscalls, vhost->device.path);
    vhost->iotlb = (struct vhost_iotlb){
        .device = &vhost->device,
        .batches = (vhost->capabilities.backend_acked &
                    FEATURE(VHOST_BACKEND_F_IOTLB_BATCH)) != 0,
        .first_iova = identity->first_iova,
        .last_iova = identity->last_iova,
    };
    return 0;
}

/* Opens `path`, or takes `fd`, which is -1 or that device, over. */
static int make(const char *path, int fd, const struct vhost_syscalls *syscalls,
                struct vdpa_backend **backend)
{
    struct vhost_vdpa *vhost = calloc(1, sizeof(*vhost));
    int error;

    if (!vhost) {
        log_error("%s: %s", path, strerror(ENOMEM));
        return -ENOMEM;
    }
    vhost->device.syscalls = syscalls;
    vhost->device.fd = fd;
    vhost->config_call_fd = -1;
    vhost->device.path = strdup(path);
    if (vhost->device.path && trace_is_on()) {
        vhost_trace_init(&vhost->trace, syscalls, vhost->device.path);
        vhost->device.syscalls = &vhost->trace.syscalls;
        trace_event(path, "vmm: open");
    }
    if (vhost->device.path) {
        error = set_up(vhost);
    } else {
        log_error("%s: %s", path, strerror(ENOMEM));
        error = -ENOMEM;
    }
    if (error) {
        destroy(vhost);
        return error;
    }
    vhost->is_fresh = true;
    vhost->backend.ops = &vhost_vdpa_ops;
    vhost->backend.name = vhost->device.path;
    *backend = &vhost->backend;
    return 0;
}

int vhost_vdpa_open(const char *path, const struct vhost_syscalls *syscalls,
                    struct vdpa_backend **backend)
{
    return make(path, -1, syscalls, backend);
}

int vhost_vdpa_adopt(int fd, const struct vhost_syscalls *syscalls,
                     struct vdpa_backend **backend)
{
    char path[PATH_MAX];
    int error = vhost_handover_find(fd, syscalls, path);

    return error ? error : make(path, fd, syscalls, backend);
}

int vhost_vdpa_reserve_memlock(struct vdpa_backend *backend, uint64_t size)
{
    return vhost_memlock_reserve(&vhost_vdpa_of(backend)->device, size);
}

void vhost_vdpa_get_info(struct vdpa_backend *backend,
                         struct vhost_vdpa_info *info)
{
    const struct vhost_vdpa *vhost = vhost_vdpa_of(backend);

    *info = (struct vhost_vdpa_info){
        .backend_features_offered = vhost->capabilities.backend_offered,
        .backend_features = vhost->capabilities.backend_acked,
        .reset_keeps_mappings = vhost_vdpa_keeps_mappings(vhost),
        .device_name = vhost->device.parent.device,
        .driver = vhost->device.parent.driver,
        .pinning = vhost->device.parent.pinning,
    };
}

bool vhost_vdpa_count_interrupts(struct vdpa_backend *backend,
                                 char name[VHOST_NAME_SIZE], uint64_t *count)
{
    const struct vhost_device *device = &vhost_vdpa_of(backend)->device;

    return vhost_parent_count_interrupts(name, count, device->syscalls,
                                         device->path);
}
