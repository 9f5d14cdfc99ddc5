/* SPDX-License-Identifier: BSD-2-Clause */
/* vhost_diagnose.c: why a vhost-vdpa device does not open, and what to do. */
#include "vdpa/vhost_diagnose.h"

#include "vdpa/vhost_device.h"
#include "vdpa/vhost_holder.h"
#include "vmm/log.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEVICE_PREFIX "vhost-vdpa-"
#define LIST_SIZE     256

/* Appends " <dir>/<name>"; "..." once when the list is full. */
static void append_name(char *list, const char *directory, const char *name)
{
    size_t used = strlen(list);
    size_t needed = strlen(directory) + strlen(name) + strlen(" / ...") + 1;

    if (used + needed <= LIST_SIZE)
        (void)snprintf(list + used, LIST_SIZE - used, " %s/%s", directory,
                       name);
    else if (used >= 3 && strcmp(list + used - 3, "...") != 0)
        (void)snprintf(list + used, LIST_SIZE - used, " ...");
}

/* The next name in a directory that this thread alone reads; else NULL. */
static const char *next_name(DIR *directory)
{
    /* cppcheck-suppress readdirCalled; safe on a stream of one's own */
    const struct dirent *entry = readdir(directory);

    return entry ? entry->d_name : NULL;
}

/* The devices that are there, " a b c", or "" for none. */
static void list_devices(char list[static LIST_SIZE], const char *dev_dir)
{
    const char *name;
    DIR *directory = opendir(dev_dir);

    list[0] = '\0';
    if (!directory)
        return;
    while ((name = next_name(directory)) != NULL) {
        if (strncmp(name, DEVICE_PREFIX, strlen(DEVICE_PREFIX)) == 0)
            append_name(list, dev_dir, name);
    }
    (void)closedir(directory);
}

static void explain_missing(const struct vhost_syscalls *syscalls,
                            const char *path, int error)
{
    char devices[LIST_SIZE];

    list_devices(devices, syscalls->dev_dir);
    if (devices[0])
        log_error("%s: %s; there is%s", path, strerror(error), devices);
    else
        log_error("%s: %s, and there is no other vhost-vdpa device; "
                  "`modprobe vhost_vdpa`, then `vdpa dev add name NAME mgmtdev "
                  "PARENT` makes one (`vdpa mgmtdev show` lists parents)",
                  path, strerror(error));
}

static void explain_busy(const struct vhost_syscalls *syscalls,
                         const char *path)
{
    char command[32];
    pid_t holder =
        vhost_find_holder(command, sizeof(command), syscalls, path, 0);

    if (holder == 0)
        log_error("%s: in use by a process that is not visible from here; "
                  "`fuser -v %s` as root tells which: end it or take another "
                  "device",
                  path, path);
    else if (holder == getpid())
        log_error("%s: in use by this process already; a device has one user "
                  "at a time: name it once, or take another device",
                  path);
    else
        log_error("%s: in use by process %d (%s); a device has one user at a "
                  "time: end that process or take another device",
                  path, (int)holder, command);
}

void vhost_diagnose_open(const struct vhost_syscalls *syscalls,
                         const char *path, int error)
{
    switch (error) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
        explain_missing(syscalls, path, error);
        break;
    case EACCES:
    case EPERM:
        log_error("%s: %s for user %u; run as root, or give that user the "
                  "device: `chown %u %s`",
                  path, strerror(error), (unsigned)geteuid(),
                  (unsigned)geteuid(), path);
        break;
    case EBUSY:
        explain_busy(syscalls, path);
        break;
    case EIO:
        log_error("%s: the device does not answer its reset; if a VDUSE "
                  "process serves it, that process is gone or hangs: start it "
                  "again",
                  path);
        break;
    case VHOST_ENOTSUPP:
        log_error("%s: %s (error %d): its DMA needs an IOMMU that keeps caches "
                  "coherent; enable the IOMMU in the firmware and on the "
                  "kernel command line (intel_iommu=on)",
                  path, vhost_strerror(error), error);
        break;
    default:
        log_error("%s: open: %s: give a vhost-vdpa device, such as "
                  "/dev/" DEVICE_PREFIX "0",
                  path, strerror(error));
        break;
    }
}

void vhost_diagnose_stranger(const struct vhost_syscalls *syscalls,
                             const char *path, int error)
{
    char devices[LIST_SIZE];

    list_devices(devices, syscalls->dev_dir);
    log_error("%s: not a vhost-vdpa device (VHOST_VDPA_GET_DEVICE_ID: %s); "
              "there is%s",
              path, vhost_strerror(error),
              devices[0] ? devices
                         : " none: \"vmm doctor\" says what it takes");
}

void vhost_diagnose_owned(const struct vhost_syscalls *syscalls,
                          const char *path)
{
    char command[32], who[96] = "";
    pid_t holder =
        vhost_find_holder(command, sizeof(command), syscalls, path, getpid());

    if (holder != 0)
        (void)snprintf(who, sizeof(who), ", perhaps process %d (%s)",
                       (int)holder, command);
    log_error("%s: a process has become the device's owner already%s: only the "
              "vmm may, so hand the device over before VHOST_SET_OWNER",
              path, who);
}
