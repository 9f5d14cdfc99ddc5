/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * boot_files.c: opening and reading the files a guest boots from.
 */
#include "vmm/boot_files.h"

#include "vmm/bytes.h"
#include "vmm/fd.h"
#include "vmm/kernel_unpack.h"
#include "vmm/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A vmlinux with all debug information has about 1 GiB. */
#define MAX_UNPACKED_KERNEL (4 * GIB)

static int open_file(struct boot_file *file, const char *path, const char *what)
{
    struct stat status;
    int error;

    /* Not blocking: a FIFO by mistake must not hang the start. */
    file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file->fd < 0) {
        error = -errno;
        log_error("%s %s: %s: give a file that can be read with --%s", what,
                  path, strerror(-error), what);
        return error;
    }
    if (fstat(file->fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        log_error("%s %s: not a regular file: give one with --%s", what, path,
                  what);
        close_fd(&file->fd);
        return -EINVAL;
    }
    if (status.st_size == 0) {
        log_error("%s %s: the file is empty: give another with --%s", what,
                  path, what);
        close_fd(&file->fd);
        return -EINVAL;
    }
    file->path = path;
    file->size = (uint64_t)status.st_size;
    return 0;
}

/* An initrd is for the guest's kernel to unpack. */
static int unpack_kernel(struct boot_file *kernel)
{
    struct stat status;
    int error =
        kernel_unpack(&kernel->fd, "kernel", kernel->path, MAX_UNPACKED_KERNEL);

    if (error)
        return error;
    if (fstat(kernel->fd, &status) != 0) {
        error = -errno;
        log_error("kernel %s: fstat: %s", kernel->path, strerror(-error));
        return error;
    }
    kernel->size = (uint64_t)status.st_size;
    return 0;
}

int boot_files_open(struct boot_files *files, const char *kernel_path,
                    const char *initrd_path, const char *command_line)
{
    int error;

    *files = (struct boot_files){
        .kernel.fd = -1, .initrd.fd = -1, .command_line = command_line};
    error = open_file(&files->kernel, kernel_path, "kernel");
    if (!error)
        error = unpack_kernel(&files->kernel);
    if (!error && initrd_path)
        error = open_file(&files->initrd, initrd_path, "initrd");
    if (error)
        boot_files_close(files);
    return error;
}

int boot_files_set_initrd(struct boot_files *files, int fd, const char *name)
{
    struct stat status;

    close_fd(&files->initrd.fd);
    files->initrd = (struct boot_file){.path = name, .fd = fd};
    if (fstat(fd, &status) != 0) {
        int error = -errno;

        log_error("%s: fstat: %s", name, strerror(-error));
        return error;
    }
    files->initrd.size = (uint64_t)status.st_size;
    return 0;
}

void boot_files_close(struct boot_files *files)
{
    close_fd(&files->kernel.fd);
    close_fd(&files->initrd.fd);
}

/* 0 when the file has [offset, offset + size). */
static int check_range(const struct boot_file *file, uint64_t offset,
                       uint64_t size)
{
    if (range_is_inside(offset, size, 0, file->size))
        return 0;
    log_error("%s: the file ends early: %" PRIu64 " bytes are due at offset "
              "%" PRIu64 ", it has %" PRIu64 ": copy it again",
              file->path, size, offset, file->size);
    return -EINVAL;
}

static void log_read_failure(const struct boot_file *file, uint64_t offset,
                             int error)
{
    log_error("%s: reading at offset %" PRIu64 ": %s", file->path, offset,
              strerror(-error));
}

int boot_file_read(const struct boot_file *file, uint64_t offset, void *bytes,
                   uint64_t size)
{
    uint8_t *next = bytes;
    int error = check_range(file, offset, size);

    while (size > 0 && !error) {
        ssize_t got = pread(file->fd, next, size, (off_t)offset);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            error = got < 0 ? -errno : -EIO;
            log_read_failure(file, offset, error);
            break;
        }
        next += got;
        offset += (uint64_t)got;
        size -= (uint64_t)got;
    }
    return error;
}

int boot_file_load(const struct boot_file *file, uint64_t offset,
                   const struct guest_memory *memory, uint64_t gpa,
                   uint64_t size)
{
    int error = check_range(file, offset, size);

    if (error)
        return error;
    if (!guest_memory_at(memory, gpa, size)) {
        log_error("%s: its %" PRIu64 " MiB at 0x%" PRIx64 " do not fit into "
                  "%" PRIu64 " MiB of guest memory: give more with --memory",
                  file->path, size / MIB + 1, gpa, memory->size / MIB);
        return -ENOSPC;
    }
    error = guest_memory_read_file(memory, gpa, file->fd, offset, size);
    if (error)
        log_read_failure(file, offset, error);
    return error;
}
