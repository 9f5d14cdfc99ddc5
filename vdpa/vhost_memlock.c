/* SPDX-License-Identifier: BSD-2-Clause */
/* vhost_memlock.c: the limit on memory that devices may pin. */
#include "vdpa/vhost_memlock.h"

#include "vmm/log.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static uint64_t needed_for(const struct vhost_device *device, uint64_t size)
{
    uint64_t needed;

    if (__builtin_add_overflow(pinned_now(device->syscalls), size, &needed))
        return UINT64_MAX;
    return needed;
}

/* RLIM_INFINITY is the largest rlim_t, so it compares as any other limit. */
static struct rlimit current_limit(const struct vhost_device *device)
{
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY,
                           .rlim_max = RLIM_INFINITY};

    if (device->syscalls->get_memlock(device->syscalls->context, &limit) < 0)
        log_warning("%s: getrlimit(RLIMIT_MEMLOCK): %s", device->path,
                    strerror(errno));
    return limit;
}

bool vhost_memlock_is_short(const struct vhost_device *device, uint64_t size)
{
    return device->parent.pinning != VHOST_PINNING_NEVER &&
           needed_for(device, size) > current_limit(device).rlim_cur;
}

void vhost_memlock_log_short(const struct vhost_device *device, uint64_t size)
{
    bool is_known = device->parent.pinning == VHOST_PINNING_ALWAYS;

    log_error("%s: %s%s pins guest memory: %" PRIu64
              " KiB needed, RLIMIT_MEMLOCK allows %" PRIu64
              " KiB; raise it with `ulimit -l unlimited`, systemd's "
              "LimitMEMLOCK=infinity or `prlimit --memlock=unlimited`",
              device->path, is_known ? "driver " : "device probably",
              is_known ? device->parent.driver : "",
              vhost_kib(needed_for(device, size)),
              vhost_kib(current_limit(device).rlim_cur));
}

/* Within the hard limit anyone may; beyond it a privileged process. */
static bool raise_to(const struct vhost_device *device, uint64_t needed)
{
    struct rlimit limit = current_limit(device);

    limit.rlim_cur = needed;
    if (limit.rlim_max < needed)
        limit.rlim_max = needed;
    return device->syscalls->set_memlock(device->syscalls->context, &limit) ==
           0;
}

int vhost_memlock_reserve(const struct vhost_device *device, uint64_t size)
{
    if (!vhost_memlock_is_short(device, size))
        return 0;
    if (raise_to(device, needed_for(device, size))) {
        log_debug("%s: RLIMIT_MEMLOCK raised for %" PRIu64 " KiB more",
                  device->path, vhost_kib(size));
        return 0;
    }
    if (device->parent.pinning == VHOST_PINNING_UNKNOWN)
        return 0; /* may well never pin: map() will tell */
    vhost_memlock_log_short(device, size);
    return -ENOMEM;
}
