/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * system.c: file systems, kernel modules and the ports to the host.
 */
#include "guest/init/init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MODULES_PATH "/vmm/modules"
#define PORTS_PATH   "/sys/class/virtio-ports"

static const struct {
    const char *type, *path;
    bool is_needed;
} file_systems[] = {
    {"proc", "/proc", true},
    {"sysfs", "/sys", true},
    {"devtmpfs", "/dev", true},
    {"devpts", "/dev/pts", false},
    {"tmpfs", "/dev/shm", false},
    {"tmpfs", "/run", true},
    {"tmpfs", "/tmp", true},
    {"debugfs", "/sys/kernel/debug", false},
    {"cgroup2", "/sys/fs/cgroup", false},
};

void mount_all(void)
{
    for (size_t i = 0; i < sizeof(file_systems) / sizeof(file_systems[0]);
         i++) {
        const char *path = file_systems[i].path;
        const char *type = file_systems[i].type;

        (void)mkdir(path, 0755);
        if (mount(type, path, type, 0, NULL) != 0 &&
            file_systems[i].is_needed && errno != EBUSY)
            give_up("mounting %s at %s: %s", type, path, strerror(errno));
    }
    (void)chmod("/tmp", 01777);
    (void)symlink("/proc/self/fd", "/dev/fd");
    (void)symlink("/proc/self/fd/0", "/dev/stdin");
    (void)symlink("/proc/self/fd/1", "/dev/stdout");
    (void)symlink("/proc/self/fd/2", "/dev/stderr");
}

/* The first that failed. Told when there is a port to tell the host by, which
 * may be what a later module is for. */
static char module_failure[600];

static void load_module(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool is_loaded = fd >= 0 && (syscall(SYS_finit_module, fd, "", 0) == 0 ||
                                 errno == EEXIST);

    if (!is_loaded && module_failure[0] == '\0')
        snprintf(module_failure, sizeof(module_failure),
                 "module %s does not load: %s: give those of this very kernel",
                 path, strerror(errno));
    if (fd >= 0)
        close(fd);
}

/* Named 000-first.ko, 001-second.ko and so on, in the order to load them. */
void load_modules(void)
{
    struct dirent **entries;
    int count = scandir(MODULES_PATH, &entries, NULL, alphasort);

    for (int i = 0; i < count; i++) {
        char path[512];

        if (entries[i]->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", MODULES_PATH, entries[i]->d_name);
        load_module(path);
    }
}

/* The device of the port called `name`, or -1. */
static int open_port(const char *name)
{
    DIR *folder = opendir(PORTS_PATH);
    struct dirent *entry;
    int found = -1;

    while (folder && found < 0 && (entry = readdir(folder))) {
        char path[512], text[64] = "";
        int fd;

        snprintf(path, sizeof(path), "%s/%s/name", PORTS_PATH, entry->d_name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            continue;
        if (read(fd, text, sizeof(text) - 1) > 0)
            text[strcspn(text, "\n")] = '\0';
        close(fd);
        if (strcmp(text, name) != 0)
            continue;
        snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
        found = open(path, O_RDWR | O_CLOEXEC);
    }
    if (folder)
        closedir(folder);
    return found;
}

/* The driver learns of the ports by messages, which take a while. */
static int wait_for_port(const char *name)
{
    for (unsigned ms = 0; ms < 10000; ms++) {
        int fd = open_port(name);

        if (fd >= 0)
            return fd;
        usleep(1000);
    }
    give_up("%s", module_failure[0] ? module_failure
                                    : "there is no port to the host: is "
                                      "virtio_console in the kernel?");
}

void ports_open(struct ports *ports, bool has_files)
{
    ports->control = wait_for_port("vmm.control");
    if (module_failure[0])
        give_up("%s", module_failure);
    ports->in = wait_for_port("vmm.stdin");
    ports->out = wait_for_port("vmm.stdout");
    ports->error = wait_for_port("vmm.stderr");
    if (has_files)
        ports->files = wait_for_port("vmm.files");
}
