/* SPDX-License-Identifier: BSD-2-Clause */
/* disk_overlay.c: sectors that were written on top of an image. */
#include "vdpa/disk_overlay.h"

#include "vmm/fd.h"
#include "vmm/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* With a name for a moment, as not every file system has files without. */
static int open_unnamed(const char *image)
{
    const char *folder = getenv("TMPDIR");
    char path[PATH_MAX];
    int fd, length;

    if (!folder || folder[0] == '\0')
        folder = "/var/tmp";
    length = snprintf(path, sizeof(path), "%s/vmm-disk-XXXXXX", folder);
    errno = ENAMETOOLONG;
    fd = length < (int)sizeof(path) ? mkostemp(path, O_CLOEXEC) : -1;
    if (fd < 0) {
        int error = -errno;

        log_error("%s: snapshot: a file in %s: %s: set TMPDIR to a folder that "
                  "can take what the guest writes",
                  image, folder, strerror(-error));
        return error;
    }
    (void)unlink(path);
    return fd;
}

int disk_overlay_open(struct disk_overlay *overlay, const char *path,
                      uint64_t size)
{
    const uint64_t bits = size / DISK_SECTOR;
    void *written;

    *overlay = (struct disk_overlay){.fd = -1};
    overlay->fd = open_unnamed(path);
    if (overlay->fd < 0)
        return overlay->fd;
    written = mmap(NULL, bits / CHAR_BIT + 1, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (written == MAP_FAILED) {
        int error = -errno;

        log_error("%s: snapshot: no memory to note which sectors were written: "
                  "%s: give a smaller image",
                  path, strerror(-error));
        return error;
    }
    overlay->written = written;
    overlay->written_size = bits / CHAR_BIT + 1;
    return 0;
}

void disk_overlay_close(struct disk_overlay *overlay)
{
    if (overlay->written)
        munmap(overlay->written, overlay->written_size);
    overlay->written = NULL;
    close_fd(&overlay->fd);
}

static bool is_written(const struct disk_overlay *overlay, uint64_t sector)
{
    return overlay->written[sector / CHAR_BIT] & 1U << sector % CHAR_BIT;
}

int disk_overlay_read(struct disk_overlay *overlay, int image_fd,
                      struct disk_pieces *pieces, uint64_t offset,
                      uint64_t size)
{
    const uint64_t end = offset + size;
    int error = 0;

    while (offset < end && !error) {
        const uint64_t start = offset;
        bool is_here = is_written(overlay, start / DISK_SECTOR);

        while (offset < end &&
               is_written(overlay, offset / DISK_SECTOR) == is_here)
            offset += DISK_SECTOR;
        error = disk_pieces_read(pieces, is_here ? overlay->fd : image_fd,
                                 start, offset - start);
    }
    return error;
}

int disk_overlay_write(struct disk_overlay *overlay, struct disk_pieces *pieces,
                       uint64_t offset, uint64_t size)
{
    int error = disk_pieces_write(pieces, overlay->fd, offset, size);

    if (error)
        return error;
    for (uint64_t at = offset; at < offset + size; at += DISK_SECTOR) {
        uint64_t sector = at / DISK_SECTOR;

        overlay->written[sector / CHAR_BIT] |=
            (uint8_t)(1U << sector % CHAR_BIT);
    }
    return 0;
}
