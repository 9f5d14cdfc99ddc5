/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_parent.c: which vDPA device and driver is behind /dev/vhost-vdpa-N.
 *
 * In sysfs the vhost device is a child of the vDPA device, which is a child
 * of whatever made it:
 *   /sys/devices/v0/vhost-vdpa-0                             vdpa_sim
 *   /sys/devices/virtual/vduse/v0/v0/vhost-vdpa-0            VDUSE
 *   /sys/devices/pci0000:00/0000:00:03.0/v0/vhost-vdpa-0     vp_vdpa, mlx5, ...
 */
#include "vdpa/vhost_parent.h"

#include "vmm/text_numbers.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Cuts the last component off `path` and returns it; "" when there is none. */
static const char *cut_last(char *path)
{
    char *slash = strrchr(path, '/');

    if (!slash)
        return "";
    *slash = '\0';
    return slash + 1;
}

static void copy_name(char *name, const char *from)
{
    (void)snprintf(name, VHOST_NAME_SIZE, "%s", from);
}

/* The name that the symbolic link `directory`/`link` points at. */
static bool read_link_name(char *name, const char *directory, const char *link)
{
    char path[PATH_MAX + VHOST_NAME_SIZE];
    char target[PATH_MAX];
    ssize_t length;

    (void)snprintf(path, sizeof(path), "%s/%s", directory, link);
    length = readlink(path, target, sizeof(target) - 1);
    if (length < 0)
        return false;
    target[length] = '\0';
    copy_name(name, cut_last(target));
    return true;
}

/* The simulator pins memory only when loaded with use_va=0. */
static enum vhost_pinning simulator_pinning(const char *sys_dir)
{
    char path[PATH_MAX];
    FILE *file;
    int answer;

    (void)snprintf(path, sizeof(path), "%s/module/vdpa_sim/parameters/use_va",
                   sys_dir);
    file = fopen(path, "re");
    if (!file)
        return VHOST_PINNING_UNKNOWN; /* before Linux 6.4 */
    answer = fgetc(file);
    (void)fclose(file);
    return answer == 'Y' ? VHOST_PINNING_NEVER : VHOST_PINNING_ALWAYS;
}

/* `directory` is the parent of the vDPA device; overwritten. */
static void name_driver(struct vhost_parent *parent, char *directory,
                        const char *sys_dir)
{
    char subsystem[VHOST_NAME_SIZE] = "";

    if (read_link_name(subsystem, directory, "subsystem") &&
        strcmp(subsystem, "vduse") == 0) {
        copy_name(parent->driver, subsystem);
        parent->pinning = VHOST_PINNING_NEVER;
    } else if (read_link_name(parent->driver, directory, "driver")) {
        parent->pinning = VHOST_PINNING_ALWAYS;
    } else if (strcmp(cut_last(directory), "devices") == 0) {
        copy_name(parent->driver, "vdpa_sim");
        parent->pinning = simulator_pinning(sys_dir);
    }
}

bool vhost_parent_find_directory(char directory[PATH_MAX],
                                 const struct vhost_syscalls *syscalls,
                                 const char *path)
{
    struct stat status;
    char link[PATH_MAX];

    if (syscalls->stat(syscalls->context, path, &status) < 0 ||
        !S_ISCHR(status.st_mode))
        return false;
    (void)snprintf(link, sizeof(link), "%s/dev/char/%u:%u", syscalls->sys_dir,
                   major(status.st_rdev), minor(status.st_rdev));
    return realpath(link, directory) != NULL;
}

void vhost_parent_find(struct vhost_parent *parent,
                       const struct vhost_syscalls *syscalls, const char *path)
{
    char directory[PATH_MAX];

    *parent = (struct vhost_parent){.pinning = VHOST_PINNING_UNKNOWN};
    if (!vhost_parent_find_directory(directory, syscalls, path))
        return;
    (void)cut_last(directory); /* vhost-vdpa-N */
    copy_name(parent->device, cut_last(directory));
    name_driver(parent, directory, syscalls->sys_dir);
}

bool vhost_parent_needs_shared_memory(const struct vhost_syscalls *syscalls,
                                      const char *path)
{
    struct vhost_parent parent;

    vhost_parent_find(&parent, syscalls, path);
    return parent.pinning != VHOST_PINNING_ALWAYS;
}

/* The interrupt's counts, one a processor: "12,0,3". */
static bool add_counts(uint64_t *sum, const char *sys_dir, const char *irq)
{
    char path[PATH_MAX], *line = NULL;
    const char *rest = NULL;
    size_t capacity = 0;
    uint64_t count;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/kernel/irq/%s/per_cpu_count",
                   sys_dir, irq);
    file = fopen(path, "re");
    if (!file)
        return false;
    if (getline(&line, &capacity, file) > 0)
        rest = line;
    while ((rest = text_read_number(rest, 10, &count)) != NULL) {
        *sum += count;
        if (*rest == ',')
            rest++;
    }
    free(line);
    (void)fclose(file);
    return true;
}

/* Cuts `directory` to the nearest PCI device above it. */
static bool find_pci_device(char *directory)
{
    char subsystem[VHOST_NAME_SIZE];

    while (cut_last(directory)[0] != '\0')
        if (read_link_name(subsystem, directory, "subsystem") &&
            strcmp(subsystem, "pci") == 0)
            return true;
    return false;
}

bool vhost_parent_count_interrupts(char name[VHOST_NAME_SIZE], uint64_t *count,
                                   const struct vhost_syscalls *syscalls,
                                   const char *path)
{
    char directory[PATH_MAX], msi_irqs[PATH_MAX + sizeof("/msi_irqs")];
    struct dirent *entry;
    bool is_known = true;
    DIR *interrupts;

    *count = 0;
    if (!vhost_parent_find_directory(directory, syscalls, path) ||
        !find_pci_device(directory))
        return false;
    (void)snprintf(msi_irqs, sizeof(msi_irqs), "%s/msi_irqs", directory);
    interrupts = opendir(msi_irqs);
    if (!interrupts)
        return false;
    copy_name(name, cut_last(directory));
    /* cppcheck-suppress readdirCalled; safe on a stream of one's own */
    while (is_known && (entry = readdir(interrupts)) != NULL)
        if (entry->d_name[0] != '.')
            is_known = add_counts(count, syscalls->sys_dir, entry->d_name);
    (void)closedir(interrupts);
    return is_known;
}
