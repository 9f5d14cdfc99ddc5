/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest_image.c: the initramfs of a guest that runs one command.
 */
#include "vmm/guest_image.h"

#include "vmm/cpio_archive.h"
#include "vmm/fd.h"
#include "vmm/guest_init.h"
#include "vmm/guest_modules.h"
#include "vmm/guest_path.h"
#include "vmm/inject.h"
#include "vmm/log.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_PATH 512 /* bytes, with the final NUL */

/* A record of the file that our first process reads. */
static void write_record(FILE *file, const char *key, const char *value)
{
    fprintf(file, "%s=%s%c", key, value, '\0');
}

static void write_nets(const struct options *options, const uint8_t *slots,
                       FILE *file)
{
    for (unsigned i = 0; i < options->net_count; i++) {
        const struct net_options *net = &options->nets[i];
        char record[GUEST_NET_MAX_RECORD];

        /* Whoever asks for no kind of device in particular sees to it. */
        if (net->is_any_type)
            continue;
        guest_net_print(&net->guest, net->kind == NET_USER, slots[i], record);
        write_record(file, "net", record);
    }
}

static void write_collects(const struct options *options, FILE *file)
{
    for (unsigned i = 0; i < options->num_collects; i++) {
        const char *path = options->collects[i];
        char *guest = strndup(path, strcspn(path, ":")), *absolute = NULL;

        if (guest)
            absolute = guest_path_from(options->directory, guest);
        /* A record that is missing would be another one's number. */
        write_record(file, "collect", absolute ? absolute : "");
        free(guest);
        free(absolute);
    }
}

static void write_records(const struct options *options, const uint8_t *slots,
                          FILE *file)
{
    for (int i = 0; i < options->command_argc; i++)
        write_record(file, "arg", options->command_argv[i]);
    write_record(file, "env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin");
    write_record(file, "env", "HOME=/root");
    write_record(file, "env", "TERM=linux");
    for (unsigned i = 0; i < options->num_environment; i++)
        write_record(file, "env", options->environment[i]);
    if (options->directory)
        write_record(file, "cwd", options->directory);
    if (options->user)
        write_record(file, "user", options->user);
    if (options->has_tty)
        write_record(file, "terminal", "yes");
    write_nets(options, slots, file);
    write_collects(options, file);
}

static void add_config(const struct options *options, const uint8_t *slots,
                       struct cpio_archive *archive)
{
    char *bytes = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&bytes, &size);

    if (!file) {
        archive->error = -errno;
        return;
    }
    write_records(options, slots, file);
    if (fclose(file) != 0)
        archive->error = -errno;
    cpio_archive_add_bytes(archive, "vmm/config", 0600, bytes, size);
    free(bytes);
}

/* Starts `busybox --list`, whose output the result is; NULL with errno. */
static FILE *list_commands(const char *busybox, pid_t *child)
{
    char *const arguments[] = {(char[]){"busybox"}, (char[]){"--list"}, NULL};
    posix_spawn_file_actions_t actions;
    int pipe_fds[2], error;

    if (pipe2(pipe_fds, O_CLOEXEC) != 0)
        return NULL;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], STDOUT_FILENO);
    error = posix_spawn(child, busybox, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(pipe_fds[1]);
    if (error) {
        close(pipe_fds[0]);
        errno = error;
        return NULL;
    }
    return fdopen(pipe_fds[0], "r");
}

/* One line of the list is one command that it can be. */
static void add_busybox_links(struct cpio_archive *archive,
                              struct program_needs *needs, const char *busybox)
{
    char line[128], path[MAX_PATH];
    pid_t child;
    int status;
    FILE *list = list_commands(busybox, &child);

    if (!list) {
        log_warning("%s --list: %s: its commands are not in the guest", busybox,
                    strerror(errno));
        return;
    }
    while (fgets(line, sizeof(line), list)) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, "busybox") == 0 || line[0] == '\0')
            continue;
        snprintf(path, sizeof(path), "/bin/%s", line);
        cpio_archive_add_link(archive, path + 1, "busybox");
        program_needs_add_given(needs, NULL, path);
    }
    fclose(list);
    if (waitpid(child, &status, 0) != child || status != 0)
        log_warning("%s --list failed: its commands are not in the guest",
                    busybox);
}

static void add_busybox(struct cpio_archive *archive,
                        struct program_needs *needs)
{
    static const char *const places[] = {"/usr/bin/busybox", "/bin/busybox"};

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        int fd = open(places[i], O_RDONLY | O_CLOEXEC);

        if (fd < 0)
            continue;
        cpio_archive_add_file(archive, "bin/busybox", 0755, fd);
        program_needs_add_given(needs, places[i], "/bin/busybox");
        add_busybox_links(archive, needs, places[i]);
        close(fd);
        return;
    }
    log_warning("there is no busybox here, so that the guest has no shell and "
                "no commands: install busybox-static");
}

/* What the user's initrd has otherwise. A folder here would take the place of
 * a link there, such as that of /bin to /usr/bin. */
static void add_system(struct cpio_archive *archive,
                       struct program_needs *needs)
{
    static const char *const folders[] = {
        "bin", "dev",  "proc", "sys", "run",
        "tmp", "root", "etc",  "usr", "usr/bin",
    };

    for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
        cpio_archive_add_folder(archive, folders[i], 0755);
    /* Before /dev is mounted the kernel gives our process its console. */
    cpio_archive_add_device(archive, "dev/console", 0600, 5, 1);
    cpio_archive_add_bytes(archive, "etc/passwd", 0644,
                           "root:x:0:0:root:/root:/bin/sh\n"
                           "nobody:x:65534:65534:nobody:/:/bin/sh\n",
                           68);
    add_busybox(archive, needs);
}

static void add_everything(const struct options *options, const uint8_t *slots,
                           struct cpio_archive *archive,
                           struct program_needs *needs)
{
    cpio_archive_add_folder(archive, "vmm", 0755);
    cpio_archive_add_bytes(archive, "vmm/init", 0755, guest_init_bytes,
                           guest_init_size);
    if (!options->initrd)
        add_system(archive, needs);
    add_config(options, slots, archive);
}

/* What the user brings comes first, padded: archives begin at multiples of 4
 * bytes, and the kernel skips zeroes between them. */
static int copy_initrd(const char *path, FILE *file)
{
    char bytes[65536];
    size_t size, total = 0;
    FILE *from = fopen(path, "re");
    int error = 0;

    if (!from) {
        error = -errno;
        log_error("initrd %s: %s: give a file that can be read with --initrd",
                  path, strerror(-error));
        return error;
    }
    while ((size = fread(bytes, 1, sizeof(bytes), from)) > 0) {
        fwrite(bytes, 1, size, file);
        total += size;
    }
    if (ferror(from)) {
        error = -EIO;
        log_error("initrd %s: %s", path, strerror(EIO));
    }
    fclose(from);
    for (; total % 4 != 0; total++)
        fputc(0, file);
    return error;
}

static int write_archive(const struct options *options,
                         const struct boot_file *kernel, const uint8_t *slots,
                         FILE *file)
{
    struct program_needs needs;
    struct cpio_archive archive;
    int error, write_error;

    program_needs_init(&needs);
    cpio_archive_begin(&archive, file);
    add_everything(options, slots, &archive, &needs);
    error = guest_modules_add(options, kernel, &archive);
    if (!error && !archive.error)
        error = inject_add_all(options, &archive, &needs);
    program_needs_destroy(&needs);
    write_error = cpio_archive_end(&archive);
    if (error)
        return error;
    if (write_error)
        log_error("writing the guest's image: %s", strerror(-write_error));
    return write_error;
}

int guest_image_build(const struct options *options,
                      const struct boot_file *kernel, const uint8_t *slots,
                      int *fd)
{
    FILE *file = NULL;
    int error = 0, copy;

    *fd = memfd_create("guest image", MFD_CLOEXEC);
    /* fclose() takes its descriptor along. */
    copy = *fd < 0 ? -1 : dup(*fd);
    if (copy >= 0)
        file = fdopen(copy, "w");
    if (!file) {
        error = -errno;
        log_error("making the guest's image: %s", strerror(-error));
        close_fd(&copy);
        close_fd(fd);
        return error;
    }
    if (options->initrd)
        error = copy_initrd(options->initrd, file);
    if (!error)
        error = write_archive(options, kernel, slots, file);
    fclose(file);
    if (error)
        close_fd(fd);
    return error;
}
