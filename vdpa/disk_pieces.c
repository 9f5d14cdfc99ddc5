/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disk_pieces.c: pieces of memory that are filled, or emptied, one part after
 * the other.
 */
#include "vdpa/disk_pieces.h"

#include <errno.h>

/* Of one call; Linux takes UIO_MAXIOV, which is as many. */
#define MAX_PARTS 1024

void disk_pieces_skip(struct disk_pieces *pieces, size_t size)
{
    pieces->skip += size;
    while (pieces->count > 0 && pieces->skip >= pieces->pieces[0].iov_len) {
        pieces->skip -= pieces->pieces[0].iov_len;
        pieces->pieces++;
        pieces->count--;
    }
}

/* The next `size` bytes, or as many as one call takes. */
static int cut(const struct disk_pieces *pieces, uint64_t size,
               struct iovec parts[MAX_PARTS])
{
    size_t skip = pieces->skip;
    unsigned count = 0;

    while (size > 0 && count < pieces->count && count < MAX_PARTS) {
        const struct iovec *piece = &pieces->pieces[count];
        size_t length = piece->iov_len - skip;

        if (length > size)
            length = (size_t)size;
        parts[count++] =
            (struct iovec){(uint8_t *)piece->iov_base + skip, length};
        skip = 0;
        size -= length;
    }
    return (int)count;
}

static int move(struct disk_pieces *pieces, int fd, uint64_t offset,
                uint64_t size, bool is_write)
{
    struct iovec parts[MAX_PARTS];

    while (size > 0) {
        int count = cut(pieces, size, parts);
        ssize_t done = is_write ? pwritev(fd, parts, count, (off_t)offset)
                                : preadv(fd, parts, count, (off_t)offset);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -errno;
        if (done == 0)
            return -ENODATA;
        disk_pieces_skip(pieces, (size_t)done);
        offset += (uint64_t)done;
        size -= (uint64_t)done;
    }
    return 0;
}

int disk_pieces_read(struct disk_pieces *pieces, int fd, uint64_t offset,
                     uint64_t size)
{
    return move(pieces, fd, offset, size, false);
}

int disk_pieces_write(struct disk_pieces *pieces, int fd, uint64_t offset,
                      uint64_t size)
{
    return move(pieces, fd, offset, size, true);
}
