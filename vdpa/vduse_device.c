/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vduse_device.c: the ioctls of /dev/vduse/control and /dev/vduse/NAME.
 */
#include "vdpa/vduse_device.h"

#include "vmm/fd.h"
#include "vmm/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define CONTROL_PATH "/dev/vduse/control"
/* The kernel wants a power of two of at most a page. */
#define QUEUE_ALIGNMENT 4096

static int try_call(int fd, unsigned long request, const void *argument)
{
    return ioctl(fd, request, argument) < 0 ? -errno : 0;
}

static int call_device(struct vduse_device *device, unsigned long request,
                       const char *request_name, const void *argument)
{
    int error = try_call(device->fd, request, argument);

    if (error == -EPERM)
        log_error("/dev/vduse/%s: the kernel gave the device up, after it was "
                  "not answered in time: make it anew",
                  device->name);
    else if (error)
        log_error("/dev/vduse/%s: %s: %s", device->name, request_name,
                  strerror(-error));
    return error;
}
#define CALL(device, request, argument)                                        \
    call_device(device, request, #request, argument)

static int open_control(struct vduse_device *device)
{
    uint64_t version = VDUSE_API_VERSION;
    int error;

    device->control_fd = open(CONTROL_PATH, O_RDWR | O_CLOEXEC);
    if (device->control_fd >= 0) {
        error = try_call(device->control_fd, VDUSE_SET_API_VERSION, &version);
        if (error)
            log_error(CONTROL_PATH ": VDUSE_SET_API_VERSION: %s",
                      strerror(-error));
        return error;
    }
    error = -errno;
    if (error == -ENOENT)
        log_error(CONTROL_PATH ": not there: load the module: modprobe vduse "
                               "(the kernel needs CONFIG_VDPA_USER)");
    else if (error == -EACCES)
        log_error(CONTROL_PATH ": no permission: making a device takes root; "
                               "serving one that is there does not");
    else
        log_error(CONTROL_PATH ": %s", strerror(-error));
    return error;
}

static int explain_create_failure(const char *name, int error)
{
    if (error == -EEXIST)
        log_error("%s: a VDUSE device of that name is there already: give "
                  "another name, or --reconnect to serve that one",
                  name);
    else if (error == -EPERM)
        log_error("%s: making a VDUSE network device needs CAP_NET_ADMIN: run "
                  "it as root",
                  name);
    else
        log_error("%s: VDUSE_CREATE_DEV: %s", name, strerror(-error));
    return error;
}

static int set_name(struct vduse_device *device, const char *name)
{
    *device = (struct vduse_device){.control_fd = -1, .fd = -1};
    if (name[0] == '\0' || strlen(name) >= sizeof(device->name) ||
        strchr(name, '/')) {
        log_error("\"%s\": not a device name: give 1 to %zu characters without "
                  "a slash",
                  name, sizeof(device->name) - 1);
        return -EINVAL;
    }
    memcpy(device->name, name, strlen(name) + 1);
    return 0;
}

static int open_device(struct vduse_device *device)
{
    char path[sizeof("/dev/vduse/") + VDUSE_NAME_MAX];
    int error;

    snprintf(path, sizeof(path), "/dev/vduse/%s", device->name);
    device->fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (device->fd >= 0)
        return 0;
    error = -errno;
    if (error == -EBUSY)
        log_error("%s: another process serves it: end that one first", path);
    else if (error == -EACCES)
        log_error("%s: no permission: give the file to this user (chown)",
                  path);
    else if (error == -ENOENT)
        log_error("%s: there is no such VDUSE device: make it by leaving "
                  "--reconnect out",
                  path);
    else
        log_error("%s: %s", path, strerror(-error));
    return error;
}

int vduse_device_create(struct vduse_device *device, const char *name,
                        const struct vduse_setup *setup)
{
    struct vduse_dev_config *config;
    int error = set_name(device, name);

    if (!error)
        error = open_control(device);
    if (error)
        goto fail;
    config = calloc(1, sizeof(*config) + setup->config_size);
    if (!config) {
        error = -ENOMEM;
        goto fail;
    }
    memcpy(config->name, device->name, sizeof(config->name));
    config->device_id = setup->device_id;
    config->features = setup->features;
    config->vq_num = setup->num_queues;
    config->vq_align = QUEUE_ALIGNMENT;
    config->config_size = setup->config_size;
    memcpy(config->config, setup->config, setup->config_size);
    error = try_call(device->control_fd, VDUSE_CREATE_DEV, config);
    free(config);
    if (error) {
        explain_create_failure(name, error);
        goto fail;
    }
    error = open_device(device);
    if (error) {
        vduse_device_destroy(device);
        return error;
    }
    return 0;

fail:
    vduse_device_close(device);
    return error;
}

int vduse_device_open(struct vduse_device *device, const char *name)
{
    int error = set_name(device, name);

    return error ? error : open_device(device);
}

void vduse_device_close(struct vduse_device *device)
{
    close_fd(&device->fd);
    close_fd(&device->control_fd);
}

void vduse_device_destroy(struct vduse_device *device)
{
    int error;

    close_fd(&device->fd);
    if (device->control_fd < 0 && open_control(device) != 0)
        return;
    error = try_call(device->control_fd, VDUSE_DESTROY_DEV, device->name);
    if (error)
        log_error("%s: VDUSE_DESTROY_DEV: %s", device->name, strerror(-error));
    close_fd(&device->control_fd);
}

int vduse_device_set_max_size(struct vduse_device *device, uint16_t index,
                              uint16_t max_size)
{
    const struct vduse_vq_config config = {.index = index,
                                           .max_size = max_size};

    return CALL(device, VDUSE_VQ_SETUP, &config);
}

int vduse_device_get_features(struct vduse_device *device, uint64_t *features)
{
    return CALL(device, VDUSE_DEV_GET_FEATURES, features);
}

int vduse_device_get_queue(struct vduse_device *device, uint16_t index,
                           struct vduse_vq_info *info)
{
    *info = (struct vduse_vq_info){.index = index};
    return CALL(device, VDUSE_VQ_GET_INFO, info);
}

int vduse_device_set_kick(struct vduse_device *device, uint16_t index,
                          int kick_fd)
{
    const struct vduse_vq_eventfd kick = {.index = index, .fd = kick_fd};

    return CALL(device, VDUSE_VQ_SETUP_KICKFD, &kick);
}

int vduse_device_call(struct vduse_device *device, uint16_t index)
{
    const uint32_t queue = index;

    return try_call(device->fd, VDUSE_VQ_INJECT_IRQ, &queue);
}

int vduse_device_call_config(struct vduse_device *device)
{
    return try_call(device->fd, VDUSE_DEV_INJECT_CONFIG_IRQ, NULL);
}

int vduse_device_set_config(struct vduse_device *device, const void *config,
                            uint32_t size)
{
    struct vduse_config_data *data = calloc(1, sizeof(*data) + size);
    int error;

    if (!data)
        return -ENOMEM;
    data->length = size;
    memcpy(data->buffer, config, size);
    error = CALL(device, VDUSE_DEV_SET_CONFIG, data);
    free(data);
    return error;
}

int vduse_device_map(struct vduse_device *device, uint64_t iova,
                     struct vdpa_mapping *mapping, uint64_t *inode)
{
    struct vduse_iotlb_entry entry = {.start = iova, .last = UINT64_MAX};
    struct stat status = {0};
    void *host;
    int fd = ioctl(device->fd, VDUSE_IOTLB_GET_FD, &entry);

    if (fd < 0)
        return errno == EINVAL ? -ENOENT : -errno;
    *mapping = (struct vdpa_mapping){.iova = entry.start,
                                     .size = entry.last - entry.start + 1};
    if (entry.perm != VDUSE_ACCESS_RW || fstat(fd, &status) != 0) {
        close_fd(&fd);
        return 0;
    }
    *inode = status.st_ino;
    host = mmap(NULL, mapping->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                (off_t)entry.offset);
    close_fd(&fd);
    if (host == MAP_FAILED) {
        int error = -errno;

        log_error("%s: mapping the driver's memory at 0x%llx: %s", device->name,
                  (unsigned long long)entry.start, strerror(-error));
        return error;
    }
    mapping->host = host;
    return 0;
}
