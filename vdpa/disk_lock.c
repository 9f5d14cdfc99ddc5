/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disk_lock.c: nobody else writes to an image that is used.
 *
 * The lock is one of the open file, not of the process, so that a disk that is
 * given twice is noticed, too.
 */
#include "vdpa/disk_lock.h"

#include "vmm/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first line of a file of /proc that begins with `start`; "" is any. */
static bool read_line(const char *path, const char *start, char *line, int size)
{
    FILE *file = fopen(path, "re");
    bool found = false;

    if (!file)
        return false;
    while (!found && fgets(line, size, file))
        found = strncmp(line, start, strlen(start)) == 0;
    (void)fclose(file);
    if (found)
        line[strcspn(line, "\n")] = '\0';
    return found;
}

/* The next name in a directory that this thread alone reads; else NULL. */
static const char *next_number(DIR *directory)
{
    const struct dirent *entry;

    /* cppcheck-suppress readdirCalled; safe on a stream of one's own */
    while ((entry = readdir(directory)) != NULL)
        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
            return entry->d_name;
    return NULL;
}

/* Whether the process has the file open, `but` apart, and a lock on it. */
static bool process_holds(const char *pid, const struct stat *file, int but)
{
    char path[64 + 2 * NAME_MAX], line[256];
    struct stat status;
    const char *name;
    bool found = false;
    DIR *directory;

    (void)snprintf(path, sizeof(path), "/proc/%s/fd", pid);
    directory = opendir(path);
    if (!directory)
        return false;
    while (!found && (name = next_number(directory)) != NULL) {
        if (strtol(pid, NULL, 10) == getpid() && strtol(name, NULL, 10) == but)
            continue;
        (void)snprintf(path, sizeof(path), "/proc/%s/fd/%s", pid, name);
        if (stat(path, &status) != 0 || status.st_dev != file->st_dev ||
            status.st_ino != file->st_ino)
            continue;
        (void)snprintf(path, sizeof(path), "/proc/%s/fdinfo/%s", pid, name);
        found = read_line(path, "lock:", line, sizeof(line));
    }
    (void)closedir(directory);
    return found;
}

/* Who has it, in words. Of other users' processes only root can tell. */
static void name_holder(int fd, char *text, size_t size)
{
    char path[64 + NAME_MAX], command[32];
    struct stat file;
    const char *pid;
    DIR *processes = opendir("/proc");

    (void)snprintf(text, size, "another process");
    while (processes && fstat(fd, &file) == 0 &&
           (pid = next_number(processes)) != NULL) {
        if (!process_holds(pid, &file, fd))
            continue;
        (void)snprintf(path, sizeof(path), "/proc/%s/comm", pid);
        if (strtol(pid, NULL, 10) == getpid())
            (void)snprintf(text, size, "another --disk");
        else if (read_line(path, "", command, sizeof(command)))
            (void)snprintf(text, size, "process %s (%s)", pid, command);
        break;
    }
    if (processes)
        (void)closedir(processes);
}

int disk_lock(int fd, const char *path, bool is_writer)
{
    struct flock lock = {
        .l_type = is_writer ? F_WRLCK : F_RDLCK,
        .l_whence = SEEK_SET,
    };
    char holder[NAME_MAX + 64];

    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return 0;
    if (errno != EAGAIN && errno != EACCES) {
        log_warning("%s: locking: %s: take care that nobody else writes to it",
                    path, strerror(errno));
        return 0;
    }
    name_holder(fd, holder, sizeof(holder));
    log_error("%s: in use by %s: %s", path, holder,
              is_writer ? "end that, or give a copy; several may share it if "
                          "all give ,ro or ,snapshot"
                        : "it writes to it: end that, or give a copy");
    return -EBUSY;
}
