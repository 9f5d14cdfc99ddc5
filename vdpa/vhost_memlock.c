/* SPDX-License-Identifier: BSD-2-Clause */
/* vhost_memlock.c: the limit on memory that devices may pin. */
#include "vdpa/vhost_memlock.h"

#include "vdpa/vhost_parent.h"
#include "vmm/log.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REMEDY                                                                 \
    "raise it with `ulimit -l unlimited`, systemd's LimitMEMLOCK=infinity or " \
    "`prlimit --memlock=unlimited`"

/* Bytes that devices of this process have pinned; 0 when unknown. */
static uint64_t pinned_now(const struct vhost_syscalls *syscalls)
{
    static const char key[] = "VmPin:";
    char path[PATH_MAX];
    char line[128];
    uint64_t kib = 0;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/self/status", syscalls->proc_dir);
    file = fopen(path, "re");
    if (!file)
        return 0;
    while (fgets(line, sizeof(line), file)) {
        if (strncmp(line, key, strlen(key)) == 0) {
            kib = strtoull(line + strlen(key), NULL, 10);
            break;
        }
    }
    (void)fclose(file);
    return kib << 10;
}

/* Together with what is pinned already. */
static uint64_t needed_for(const struct vhost_syscalls *syscalls, uint64_t size)
{
    uint64_t needed;

    if (__builtin_add_overflow(pinned_now(syscalls), size, &needed))
        return UINT64_MAX;
    return needed;
}

/* RLIM_INFINITY is the largest rlim_t, so it compares as any other limit. */
static struct rlimit current_limit(const struct vhost_syscalls *syscalls)
{
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY,
                           .rlim_max = RLIM_INFINITY};

    if (syscalls->get_memlock(syscalls->context, &limit) < 0)
        log_warning("getrlimit(RLIMIT_MEMLOCK): %s", strerror(errno));
    return limit;
}

bool vhost_memlock_is_short(const struct vhost_device *device, uint64_t size)
{
    return device->parent.pinning != VHOST_PINNING_NEVER &&
           needed_for(device->syscalls, size) >
               current_limit(device->syscalls).rlim_cur;
}

void vhost_memlock_log_short(const struct vhost_device *device, uint64_t size)
{
    bool is_known = device->parent.pinning == VHOST_PINNING_ALWAYS;

    log_error("%s: %s%s pins guest memory: %" PRIu64
              " KiB needed, RLIMIT_MEMLOCK allows %" PRIu64 " KiB; " REMEDY,
              device->path, is_known ? "driver " : "device probably",
              is_known ? device->parent.driver : "",
              vhost_kib(needed_for(device->syscalls, size)),
              vhost_kib(current_limit(device->syscalls).rlim_cur));
}

/* Within the hard limit anyone may; beyond it a privileged process. */
static bool raise_to(const struct vhost_syscalls *syscalls, uint64_t needed)
{
    struct rlimit limit = current_limit(syscalls);

    limit.rlim_cur = needed;
    if (limit.rlim_max < needed)
        limit.rlim_max = needed;
    return syscalls->set_memlock(syscalls->context, &limit) == 0;
}

int vhost_memlock_reserve(const struct vhost_device *device, uint64_t size)
{
    if (!vhost_memlock_is_short(device, size))
        return 0;
    if (raise_to(device->syscalls, needed_for(device->syscalls, size))) {
        log_debug("%s: RLIMIT_MEMLOCK raised for %" PRIu64 " KiB more",
                  device->path, vhost_kib(size));
        return 0;
    }
    if (device->parent.pinning == VHOST_PINNING_UNKNOWN)
        return 0; /* may well never pin: map() will tell */
    vhost_memlock_log_short(device, size);
    return -ENOMEM;
}

/* Devices of one command line that pin, or may. */
struct pinning_devices {
    char names[256]; /* of those that do */
    unsigned certain, possible;
};

static void add_device(struct pinning_devices *devices,
                       const struct vhost_syscalls *syscalls, const char *path)
{
    size_t used = strlen(devices->names);
    struct vhost_parent parent;

    vhost_parent_find(&parent, syscalls, path);
    if (parent.pinning == VHOST_PINNING_UNKNOWN)
        devices->possible++;
    if (parent.pinning != VHOST_PINNING_ALWAYS)
        return;
    devices->certain++;
    (void)snprintf(devices->names + used, sizeof(devices->names) - used,
                   "%s%s (%s)", used ? ", " : "", path, parent.driver);
}

static uint64_t needed_by(const struct vhost_syscalls *syscalls,
                          unsigned num_devices, uint64_t size)
{
    uint64_t sum;

    if (__builtin_mul_overflow(num_devices, size, &sum))
        return UINT64_MAX;
    return needed_for(syscalls, sum);
}

static void log_plan(const struct pinning_devices *devices, uint64_t needed,
                     rlim_t limit)
{
    char allowed[32] = "any";

    if (limit != RLIM_INFINITY)
        (void)snprintf(allowed, sizeof(allowed), "%" PRIu64 " KiB",
                       vhost_kib(limit));
    log_debug("guest memory is pinned by %u devices%s%s, perhaps by %u more: "
              "%" PRIu64 " KiB needed, RLIMIT_MEMLOCK allows %s",
              devices->certain, devices->names[0] ? ": " : "", devices->names,
              devices->possible, vhost_kib(needed), allowed);
}

int vhost_memlock_reserve_all(const struct vhost_syscalls *syscalls,
                              const char *const *paths, unsigned count,
                              uint64_t size)
{
    struct pinning_devices devices = {.names = ""};
    rlim_t limit = current_limit(syscalls).rlim_cur;
    uint64_t needed;

    for (unsigned i = 0; i < count; i++)
        add_device(&devices, syscalls, paths[i]);
    if (devices.certain + devices.possible == 0)
        return 0;
    needed = needed_by(syscalls, devices.certain + devices.possible, size);
    log_plan(&devices, needed, limit);
    if (needed <= limit || raise_to(syscalls, needed))
        return 0;
    /* Those of which it is not known may well never pin: map() will tell. */
    needed = needed_by(syscalls, devices.certain, size);
    if (devices.certain == 0 || needed <= limit || raise_to(syscalls, needed))
        return 0;
    log_error("guest memory is pinned by %u device%s, %s: %" PRIu64
              " KiB needed, RLIMIT_MEMLOCK allows %" PRIu64 " KiB; " REMEDY,
              devices.certain, devices.certain == 1 ? "" : "s", devices.names,
              vhost_kib(needed), vhost_kib(limit));
    return -ENOMEM;
}
