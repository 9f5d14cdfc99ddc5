/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpio_archive.c: writes an initramfs.
 */
#include "vmm/cpio_archive.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct entry {
    const char *path;
    mode_t mode; /* with the type */
    uint64_t size;
    unsigned major, minor; /* of a device */
};

static void keep_error(struct cpio_archive *archive, int error)
{
    if (!archive->error)
        archive->error = error;
}

static void write_bytes(struct cpio_archive *archive, const void *bytes,
                        size_t size)
{
    if (!archive->error && fwrite(bytes, 1, size, archive->file) != size)
        keep_error(archive, -errno);
}

/* Headers and contents begin at multiples of 4 bytes. */
static void pad(struct cpio_archive *archive, uint64_t written)
{
    static const char zeroes[4];

    write_bytes(archive, zeroes, (size_t)(-written & 3));
}

static void write_header(struct cpio_archive *archive,
                         const struct entry *entry)
{
    size_t path_size = strlen(entry->path) + 1;
    char header[6 + 13 * 8 + 1]; /* a magic, then 8 digits a field */
    const uint32_t fields[13] = {++archive->num_entries,
                                 entry->mode,
                                 0, /* owner */
                                 0, /* group */
                                 1, /* links */
                                 0, /* time */
                                 (uint32_t)entry->size,
                                 0, /* device it is on, major and minor */
                                 0,
                                 entry->major,
                                 entry->minor,
                                 (uint32_t)path_size,
                                 0}; /* checksum: none */

    if (entry->size > UINT32_MAX) {
        keep_error(archive, -EFBIG);
        return;
    }
    memcpy(header, "070701", 6);
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        snprintf(header + 6 + 8 * i, 9, "%08" PRIX32, fields[i]);
    write_bytes(archive, header, sizeof(header) - 1);
    write_bytes(archive, entry->path, path_size);
    pad(archive, sizeof(header) - 1 + path_size);
}

void cpio_archive_begin(struct cpio_archive *archive, FILE *file)
{
    *archive = (struct cpio_archive){.file = file};
}

void cpio_archive_add_bytes(struct cpio_archive *archive, const char *path,
                            mode_t mode, const void *bytes, size_t size)
{
    const struct entry entry = {
        .path = path, .mode = S_IFREG | (mode & 07777), .size = size};

    write_header(archive, &entry);
    write_bytes(archive, bytes, size);
    pad(archive, size);
}

void cpio_archive_add_folder(struct cpio_archive *archive, const char *path,
                             mode_t mode)
{
    const struct entry entry = {.path = path, .mode = S_IFDIR | (mode & 07777)};

    write_header(archive, &entry);
}

void cpio_archive_add_link(struct cpio_archive *archive, const char *path,
                           const char *target)
{
    const struct entry entry = {
        .path = path, .mode = S_IFLNK | 0777, .size = strlen(target)};

    write_header(archive, &entry);
    write_bytes(archive, target, strlen(target));
    pad(archive, strlen(target));
}

void cpio_archive_add_device(struct cpio_archive *archive, const char *path,
                             mode_t mode, unsigned major, unsigned minor)
{
    const struct entry entry = {.path = path,
                                .mode = S_IFCHR | (mode & 07777),
                                .major = major,
                                .minor = minor};

    write_header(archive, &entry);
}

/* Exactly `size` bytes, which the header has promised. */
static void copy_file(struct cpio_archive *archive, int fd, uint64_t size)
{
    char bytes[65536];
    uint64_t done = 0;

    while (done < size && !archive->error) {
        size_t next =
            size - done < sizeof(bytes) ? (size_t)(size - done) : sizeof(bytes);
        ssize_t got = pread(fd, bytes, next, (off_t)done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            keep_error(archive, got < 0 ? -errno : -EIO);
            break;
        }
        write_bytes(archive, bytes, (size_t)got);
        done += (uint64_t)got;
    }
}

void cpio_archive_add_file(struct cpio_archive *archive, const char *path,
                           mode_t mode, int fd)
{
    struct entry entry = {.path = path, .mode = S_IFREG | (mode & 07777)};
    struct stat status;

    if (fstat(fd, &status) != 0) {
        keep_error(archive, -errno);
        return;
    }
    entry.size = (uint64_t)status.st_size;
    write_header(archive, &entry);
    copy_file(archive, fd, entry.size);
    pad(archive, entry.size);
}

int cpio_archive_end(struct cpio_archive *archive)
{
    const struct entry trailer = {.path = "TRAILER!!!"};

    write_header(archive, &trailer);
    if (fflush(archive->file) != 0)
        keep_error(archive, -errno);
    return archive->error;
}
