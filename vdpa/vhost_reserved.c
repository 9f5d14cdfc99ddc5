/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_reserved.c: addresses that the host's IOMMU keeps for itself.
 *
 * Documentation/ABI/testing/sysfs-kernel-iommu_groups: a line "FIRST LAST TYPE"
 * for each region of a group of devices.
 */
#include "vdpa/vhost_reserved.h"

#include "vdpa/vhost_parent.h"
#include "vmm/log.h"
#include "vmm/text_numbers.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

struct region {
    uint64_t first, last; /* inclusive */
    char type[32];
};

/* The nearest device above the vDPA one that is in a group. */
static FILE *open_regions(const struct vhost_device *device)
{
    static const char name[] = "/iommu_group/reserved_regions";
    char path[PATH_MAX + sizeof(name)];
    FILE *file = NULL;
    char *end;

    if (!vhost_parent_find_directory(path, device->syscalls, device->path))
        return NULL;
    while (!file && (end = strrchr(path, '/')) != NULL) {
        memcpy(end, name, sizeof(name));
        file = fopen(path, "re");
        *end = '\0';
    }
    return file;
}

static void check(const struct vhost_device *device,
                  const struct vdpa_mapping *mapping,
                  const struct region *region)
{
    uint64_t last = mapping->iova + (mapping->size - 1);

    if (mapping->iova > region->last || region->first > last)
        return;
    log_warning("%s: guest memory at %#" PRIx64 " to %#" PRIx64
                " overlaps %#" PRIx64 " to %#" PRIx64
                ", which the host's IOMMU "
                "keeps (%s): the device may not reach it; give the guest less "
                "memory",
                device->path, mapping->iova, last, region->first, region->last,
                region->type);
}

/* "0x00000000fee00000 0x00000000feefffff msi" */
static bool parse(struct region *region, const char *line)
{
    const char *rest = text_read_number(line, 16, &region->first);

    rest = text_skip_words(text_read_number(rest, 16, &region->last), 0);
    if (!rest)
        return false;
    (void)snprintf(region->type, sizeof(region->type), "%.*s",
                   (int)strcspn(rest, " \n"), rest);
    return true;
}

void vhost_reserved_check(const struct vhost_device *device,
                          const struct vdpa_mapping *mappings, size_t count)
{
    FILE *file = open_regions(device);
    struct region region;
    char line[128];

    if (!file)
        return;
    while (fgets(line, sizeof(line), file)) {
        if (!parse(&region, line))
            continue;
        /* Used only by firmware that is done by now (Linux 5.3). */
        if (strcmp(region.type, "direct-relaxable") == 0)
            continue;
        for (size_t i = 0; i < count; i++)
            check(device, &mappings[i], &region);
    }
    (void)fclose(file);
}
