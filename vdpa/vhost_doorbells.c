/* SPDX-License-Identifier: BSD-2-Clause */
/* vhost_doorbells.c: pages of a device to which a write is a kick. */
#include "vdpa/vhost_doorbells.h"

#include "vmm/log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

int vhost_doorbells_init(struct vhost_doorbells *doorbells,
                         const struct vhost_device *device, uint16_t count)
{
    *doorbells = (struct vhost_doorbells){.device = device};
    doorbells->pages = calloc(count, sizeof(*doorbells->pages));
    if (!doorbells->pages) {
        log_error("%s: doorbells of %u queues: %s", device->path, count,
                  strerror(ENOMEM));
        return -ENOMEM;
    }
    doorbells->count = count;
    return 0;
}

void vhost_doorbells_destroy(struct vhost_doorbells *doorbells)
{
    for (uint16_t i = 0; i < doorbells->count; i++) {
        const struct vhost_syscalls *syscalls = doorbells->device->syscalls;

        if (doorbells->pages[i])
            (void)syscalls->munmap(syscalls->context, doorbells->pages[i],
                                   page_size());
    }
    free(doorbells->pages);
    *doorbells = (struct vhost_doorbells){.count = 0};
}

/* How the kernel says that the device has no such page: none at all (524),
 * one that is not a page or shares it (EINVAL, 524), or, before Linux 5.8, no
 * way to map one (ENODEV). */
static bool says_none(int error)
{
    return error == VHOST_ENOTSUPP || error == EINVAL || error == ENODEV;
}

/* drivers/vhost/vdpa.c, vhost_vdpa_mmap(): one page, shared, and write-only,
 * at the queue's index in pages. */
int vhost_doorbells_map(struct vhost_doorbells *doorbells, uint16_t index,
                        void **page)
{
    const struct vhost_device *device = doorbells->device;
    const struct vhost_syscalls *syscalls = device->syscalls;
    size_t size = page_size();
    void *mapped = doorbells->pages[index];

    if (!mapped && doorbells->has_none)
        return -ENOTSUP;
    if (!mapped)
        mapped = syscalls->mmap(syscalls->context, size, PROT_WRITE, MAP_SHARED,
                                device->fd, (off_t)(index * size));
    if (mapped == MAP_FAILED) {
        int error = errno;

        log_debug("%s: mmap of the doorbell of queue %u: %s", device->path,
                  index, vhost_strerror(error));
        /* Of another queue than the first it says nothing: some devices have
         * none for their control queue alone. */
        if (index == 0 && error == VHOST_ENOTSUPP)
            doorbells->has_none = true;
        if (says_none(error))
            return -ENOTSUP;
        log_error("%s: mapping the doorbell of queue %u: %s", device->path,
                  index, strerror(error));
        return -error;
    }
    doorbells->pages[index] = mapped;
    *page = mapped;
    return 0;
}
