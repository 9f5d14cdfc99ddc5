/* SPDX-License-Identifier: BSD-2-Clause */
/* vhost_holder.c: which process has a vhost-vdpa device open. */
#include "vdpa/vhost_holder.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The next name in a directory that this thread alone reads; else NULL. */
static const char *next_name(DIR *directory)
{
    /* cppcheck-suppress readdirCalled; safe on a stream of one's own */
    const struct dirent *entry = readdir(directory);

    return entry ? entry->d_name : NULL;
}

/* Whether the process of `fd_dir` ("/proc/1/fd") has the device open. */
static bool process_holds(const struct vhost_syscalls *syscalls,
                          const char *fd_dir, dev_t device)
{
    char path[PATH_MAX + NAME_MAX + 2];
    struct stat status;
    const char *name;
    bool found = false;
    DIR *directory = opendir(fd_dir);

    if (!directory)
        return false;
    while (!found && (name = next_name(directory)) != NULL) {
        if (!isdigit((unsigned char)name[0]))
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", fd_dir, name);
        found = syscalls->stat(syscalls->context, path, &status) == 0 &&
                S_ISCHR(status.st_mode) && status.st_rdev == device;
    }
    (void)closedir(directory);
    return found;
}

static void read_command(char *command, int size, const char *proc_dir,
                         const char *pid)
{
    char path[PATH_MAX];
    FILE *file;

    (void)snprintf(command, (size_t)size, "?");
    (void)snprintf(path, sizeof(path), "%s/%s/comm", proc_dir, pid);
    file = fopen(path, "re");
    if (!file)
        return;
    if (fgets(command, size, file))
        command[strcspn(command, "\n")] = '\0';
    (void)fclose(file);
}

pid_t vhost_find_holder(char *command, int size,
                        const struct vhost_syscalls *syscalls, const char *path,
                        pid_t but)
{
    char fd_dir[PATH_MAX];
    struct stat status;
    const char *name;
    pid_t holder = 0;
    DIR *processes;

    if (syscalls->stat(syscalls->context, path, &status) < 0)
        return 0;
    processes = opendir(syscalls->proc_dir);
    if (!processes)
        return 0;
    while (holder == 0 && (name = next_name(processes)) != NULL) {
        if (!isdigit((unsigned char)name[0]) ||
            strtol(name, NULL, 10) == (long)but)
            continue;
        (void)snprintf(fd_dir, sizeof(fd_dir), "%s/%s/fd", syscalls->proc_dir,
                       name);
        if (!process_holds(syscalls, fd_dir, status.st_rdev))
            continue;
        holder = (pid_t)strtol(name, NULL, 10);
        read_command(command, size, syscalls->proc_dir, name);
    }
    (void)closedir(processes);
    return holder;
}
