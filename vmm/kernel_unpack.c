/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_unpack.c: kernels and their modules as distributions compress them.
 */
#include "vmm/kernel_unpack.h"

#include "vmm/bytes.h"
#include "vmm/decompressor.h"
#include "vmm/fd.h"
#include "vmm/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Of an EFI program that unpacks itself (Linux drivers/firmware/efi/libstub/
 * zboot-header.S): its second word, then where the compressed kernel is. */
#define ZBOOT_MAGIC        "zimg"
#define ZBOOT_MAGIC_OFFSET 4
#define ZBOOT_START_OFFSET 8
#define ZBOOT_SIZE_OFFSET  12
#define ZBOOT_HEADER_SIZE  16

struct unpacking {
    const char *what, *path;
    const struct decompressor *decompressor;
    void *state;
    int from, to;
    uint64_t from_offset, from_end, written, limit;
    struct decompressor_buffers buffers;
    uint8_t in[65536], out[131072];
};

static int fail_call(const struct unpacking *unpacking, const char *call)
{
    int error = -errno;

    log_error("%s %s: %s: %s", unpacking->what, unpacking->path, call,
              strerror(-error));
    return error;
}

static int refill(struct unpacking *unpacking)
{
    uint64_t left = unpacking->from_end - unpacking->from_offset;
    size_t size = sizeof(unpacking->in);
    ssize_t got;

    if (size > left)
        size = left;
    do
        got = pread(unpacking->from, unpacking->in, size,
                    (off_t)unpacking->from_offset);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return fail_call(unpacking, "read");
    unpacking->from_offset += (uint64_t)got;
    unpacking->buffers.in = unpacking->in;
    unpacking->buffers.in_size = (size_t)got;
    unpacking->buffers.in_is_last = got == 0;
    return 0;
}

static int write_out(struct unpacking *unpacking, size_t size)
{
    const uint8_t *next = unpacking->out;

    if (size > unpacking->limit - unpacking->written) {
        log_error("%s %s: its %s data unpack to more than %" PRIu64
                  " MiB: give a smaller one, with its debug information "
                  "stripped",
                  unpacking->what, unpacking->path,
                  unpacking->decompressor->name, unpacking->limit / MIB);
        return -EFBIG;
    }
    unpacking->written += size;
    while (size > 0) {
        ssize_t done = write(unpacking->to, next, size);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return fail_call(unpacking, "unpacking it into memory");
        next += done;
        size -= (size_t)done;
    }
    return 0;
}

static int refuse(const struct unpacking *unpacking, const char *why)
{
    log_error("%s %s: its %s data %s: copy it again", unpacking->what,
              unpacking->path, unpacking->decompressor->name, why);
    return -EBADMSG;
}

/* One buffer of output, at most. */
static int take_step(struct unpacking *unpacking, bool *ended)
{
    struct decompressor_buffers *buffers = &unpacking->buffers;
    enum decompressor_progress progress;
    size_t in_before = buffers->in_size, made;
    int error;

    buffers->out = unpacking->out;
    buffers->out_size = sizeof(unpacking->out);
    progress = unpacking->decompressor->step(unpacking->state, buffers);
    made = sizeof(unpacking->out) - buffers->out_size;
    error = write_out(unpacking, made);
    if (error)
        return error;
    if (progress == DECOMPRESSOR_FAILED_INPUT)
        return refuse(unpacking, "are damaged");
    *ended = progress == DECOMPRESSOR_ENDED;
    if (!*ended && made == 0 && buffers->in_size == in_before &&
        buffers->in_is_last)
        return refuse(unpacking, "end early");
    return 0;
}

static int unpack_all(struct unpacking *unpacking)
{
    bool ended = false;
    int error = 0;

    while (!ended && !error) {
        if (unpacking->buffers.in_size == 0 && !unpacking->buffers.in_is_last)
            error = refill(unpacking);
        if (!error)
            error = take_step(unpacking, &ended);
    }
    return error;
}

static int unpack(struct unpacking *unpacking)
{
    int error;

    unpacking->state = unpacking->decompressor->begin();
    if (!unpacking->state) {
        errno = ENOMEM;
        return fail_call(unpacking, "unpacking it");
    }
    unpacking->to = memfd_create(unpacking->what, MFD_CLOEXEC);
    error = unpacking->to < 0 ? fail_call(unpacking, "memfd_create")
                              : unpack_all(unpacking);
    unpacking->decompressor->end(unpacking->state);
    if (error)
        close_fd(&unpacking->to);
    return error;
}

/* Where in the file compressed data may be; all of it, unless it is an EFI
 * program. */
static void find_packed(int fd, uint64_t *start, uint64_t *end)
{
    uint8_t header[ZBOOT_HEADER_SIZE];

    *start = 0;
    *end = UINT64_MAX;
    if (pread(fd, header, sizeof(header), 0) != (ssize_t)sizeof(header) ||
        memcmp(header + ZBOOT_MAGIC_OFFSET, ZBOOT_MAGIC, 4) != 0)
        return;
    *start = load_le32(header + ZBOOT_START_OFFSET);
    *end = *start + load_le32(header + ZBOOT_SIZE_OFFSET);
}

int kernel_unpack(int *fd, const char *what, const char *path, uint64_t limit)
{
    uint8_t magic[DECOMPRESSOR_MAGIC_SIZE] = {0};
    const struct decompressor *decompressor;
    struct unpacking *unpacking;
    uint64_t start, end;
    int error;

    find_packed(*fd, &start, &end);
    /* A file that is too short, or does not let itself be read, is refused by
     * whoever reads it next. */
    if (pread(*fd, magic, sizeof(magic), (off_t)start) < 0)
        return 0;
    decompressor = decompressor_for(magic);
    if (!decompressor)
        return 0;
    unpacking = malloc(sizeof(*unpacking));
    if (!unpacking) {
        log_error("%s %s: unpacking it: %s", what, path, strerror(ENOMEM));
        return -ENOMEM;
    }
    *unpacking = (struct unpacking){.what = what,
                                    .path = path,
                                    .decompressor = decompressor,
                                    .from = *fd,
                                    .from_offset = start,
                                    .from_end = end,
                                    .to = -1,
                                    .limit = limit};
    error = unpack(unpacking);
    if (!error) {
        close_fd(fd);
        *fd = unpacking->to;
    }
    free(unpacking);
    return error;
}
