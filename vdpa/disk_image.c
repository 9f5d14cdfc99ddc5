/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disk_image.c: a file or block device of the host that holds the bytes of a
 * guest's disk.
 */
#include "vdpa/disk_image.h"

#include "vdpa/disk_lock.h"
#include "vmm/bytes.h"
#include "vmm/fd.h"
#include "vmm/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Opening ---- */

static bool is_writer(const struct disk_image *image)
{
    return !image->options.is_read_only && !image->options.is_snapshot;
}

static const char *remedy_of(int error, bool writes)
{
    if (error == ENOENT)
        return "make it with \"truncate -s 1G FILE\", or give another";
    if (writes && (error == EACCES || error == EROFS || error == EPERM ||
                   error == ETXTBSY))
        return "give it ,ro or ,snapshot, or the right to write to it";
    return "give a file or a block device that can be read";
}

static int open_file(struct disk_image *image)
{
    const char *path = image->options.path;
    bool writes = is_writer(image);

    /* Not to wait for the other end of a pipe. */
    image->fd = open(path, (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC |
                               O_NONBLOCK | O_NOCTTY);
    if (image->fd < 0) {
        int error = errno;

        log_error("%s: %s: %s", path, strerror(error),
                  remedy_of(error, writes));
        return -error;
    }
    return 0;
}

static int refuse(const struct disk_image *image, const char *why)
{
    log_error("%s: %s", image->options.path, why);
    return -EINVAL;
}

static int read_size(struct disk_image *image)
{
    struct stat status;
    int block_size;
    off_t end;

    if (fstat(image->fd, &status) != 0 ||
        (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)))
        return refuse(image, "neither a file nor a block device: give one that "
                             "holds the bytes of a disk");
    end = lseek(image->fd, 0, SEEK_END);
    if (end <= 0)
        return refuse(image, "empty: it has no room for a disk: give it some "
                             "with \"truncate -s 1G FILE\"");
    if (end % DISK_SECTOR != 0) {
        log_error("%s: %" PRIu64 " bytes are no multiple of %u, as a disk's "
                  "are: \"truncate -s %%%u FILE\" adds what is missing",
                  image->options.path, (uint64_t)end, DISK_SECTOR, DISK_SECTOR);
        return -EINVAL;
    }
    image->size = (uint64_t)end;
    image->block_size = DISK_SECTOR;
    image->is_block_device = S_ISBLK(status.st_mode);
    if (image->is_block_device &&
        ioctl(image->fd, BLKSSZGET, &block_size) == 0 &&
        block_size > (int)DISK_SECTOR && is_power_of_two((uint64_t)block_size))
        image->block_size = (uint32_t)block_size;
    return 0;
}

/* The bytes of such a file are no disk, but a guest may write them to one. */
static void warn_of_other_formats(const struct disk_image *image)
{
    static const char qcow[] = {'Q', 'F', 'I', '\xfb'};
    char start[sizeof(qcow)];

    if (pread(image->fd, start, sizeof(start), 0) == sizeof(start) &&
        memcmp(start, qcow, sizeof(qcow)) == 0)
        log_warning("%s: looks like a qcow2 image, but is used as it is: make "
                    "a raw one of it with \"qemu-img convert -O raw\"",
                    image->options.path);
}

int disk_image_open(struct disk_image *image,
                    const struct disk_image_options *options)
{
    int error;

    *image = (struct disk_image){.options = *options, .fd = -1};
    image->overlay.fd = -1;
    error = open_file(image);
    if (!error)
        error = read_size(image);
    if (!error)
        error = disk_lock(image->fd, options->path, is_writer(image));
    if (!error && options->is_snapshot)
        error = disk_overlay_open(&image->overlay, options->path, image->size);
    if (!error)
        warn_of_other_formats(image);
    return error;
}

void disk_image_close(struct disk_image *image)
{
    disk_overlay_close(&image->overlay);
    close_fd(&image->fd);
}

/* ---- Use ---- */

/* A disk that is full or broken fails again and again. */
static int tell(struct disk_image *image, const char *what, int error)
{
    if (error && error != image->last_error) {
        image->last_error = error;
        log_error("%s: %s: %s: the guest gets I/O errors", image->options.path,
                  what,
                  error == -ENODATA ? "it was made shorter" : strerror(-error));
    }
    return error;
}

int disk_image_read(struct disk_image *image, struct disk_pieces *pieces,
                    uint64_t offset, uint64_t size)
{
    int error = image->options.is_snapshot
                    ? disk_overlay_read(&image->overlay, image->fd, pieces,
                                        offset, size)
                    : disk_pieces_read(pieces, image->fd, offset, size);

    return tell(image, "read", error);
}

int disk_image_write(struct disk_image *image, struct disk_pieces *pieces,
                     uint64_t offset, uint64_t size)
{
    int error = image->options.is_snapshot
                    ? disk_overlay_write(&image->overlay, pieces, offset, size)
                    : disk_pieces_write(pieces, image->fd, offset, size);

    return tell(image, "write", error);
}

int disk_image_flush(struct disk_image *image)
{
    if (!is_writer(image))
        return 0;
    return tell(image, "fdatasync", fdatasync(image->fd) == 0 ? 0 : -errno);
}

/* -EOPNOTSUPP, not logged, where the host cannot. */
static int allocate(struct disk_image *image, int mode, uint64_t offset,
                    uint64_t size)
{
    int result;

    if (image->options.is_snapshot)
        return -EOPNOTSUPP;
    do
        result = fallocate(image->fd, mode | FALLOC_FL_KEEP_SIZE, (off_t)offset,
                           (off_t)size);
    while (result != 0 && errno == EINTR);
    if (result == 0)
        return 0;
    /* As block devices say it. */
    if (errno == EINVAL || errno == ENOSYS)
        errno = EOPNOTSUPP;
    return -errno;
}

int disk_image_discard(struct disk_image *image, uint64_t offset, uint64_t size)
{
    int error = allocate(image, FALLOC_FL_PUNCH_HOLE, offset, size);

    /* It is no more than a hint. */
    return error == -EOPNOTSUPP ? 0 : tell(image, "fallocate", error);
}

static int write_zeros(struct disk_image *image, uint64_t offset, uint64_t size)
{
    static uint8_t zeros[64 * 1024]; /* never written */
    int error = 0;

    for (uint64_t done = 0; done < size && !error; done += sizeof(zeros)) {
        const uint64_t left = size - done;
        const struct iovec piece = {zeros, sizeof(zeros)};
        struct disk_pieces pieces = {&piece, 1, 0};

        error = disk_image_write(image, &pieces, offset + done,
                                 left < sizeof(zeros) ? left : sizeof(zeros));
    }
    return error;
}

int disk_image_zero(struct disk_image *image, uint64_t offset, uint64_t size,
                    bool may_unmap)
{
    int error =
        allocate(image, may_unmap ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE,
                 offset, size);

    if (error == -EOPNOTSUPP)
        return write_zeros(image, offset, size);
    return tell(image, "fallocate", error);
}
