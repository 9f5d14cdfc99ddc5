/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_file.c: frames written to a file that tcpdump and Wireshark read.
 *
 * Numbers are in host byte order, which the magic number tells.
 */
#include "vdpa/pcap_file.h"

#include "vmm/fd.h"
#include "vmm/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAGIC_NANOSECONDS 0xa1b23c4dU
#define LINK_ETHERNET     1
/* More than any frame has, and what tcpdump takes. */
#define MAX_FRAME 262144

struct file_header {
    uint32_t magic;
    uint16_t major, minor;
    uint32_t reserved[2];
    uint32_t max_frame, link_type;
};

struct frame_header {
    uint32_t seconds, nanoseconds;
    uint32_t captured, size; /* bytes: of those the frame had */
};

_Static_assert(sizeof(struct file_header) == 24 &&
                   sizeof(struct frame_header) == 16,
               "as the file has them");

int pcap_file_open(struct pcap_file *file, const char *path)
{
    const struct file_header header = {.magic = MAGIC_NANOSECONDS,
                                       .major = 2,
                                       .minor = 4,
                                       .max_frame = MAX_FRAME,
                                       .link_type = LINK_ETHERNET};
    ssize_t written;
    int error;

    /* Nobody waits for the reader of a pipe. */
    *file = (struct pcap_file){.path = path,
                               .fd = open(path,
                                          O_WRONLY | O_CREAT | O_TRUNC |
                                              O_APPEND | O_CLOEXEC | O_NONBLOCK,
                                          0600)};
    written = file->fd < 0 ? -1 : write(file->fd, &header, sizeof(header));
    if (written == (ssize_t)sizeof(header))
        return 0;
    error = written < 0 ? -errno : -ENOSPC;
    log_error("pcap %s: %s: give a file that can be written", path,
              strerror(-error));
    pcap_file_close(file);
    return error;
}

/* A frame that is there in part would spoil what comes after it. */
static void give_up(struct pcap_file *file, ssize_t written)
{
    log_error("pcap %s: %s: no more frames are captured", file->path,
              written < 0 ? strerror(errno) : "the file is full");
    pcap_file_close(file);
}

void pcap_file_add(struct pcap_file *file, const struct iovec *pieces,
                   unsigned count)
{
    struct frame_header header;
    struct iovec all[IOV_MAX];
    struct timespec now;
    size_t size = 0;
    ssize_t written;

    if (file->fd < 0 || count >= IOV_MAX)
        return;
    for (unsigned i = 0; i < count; i++)
        size += pieces[i].iov_len;
    clock_gettime(CLOCK_REALTIME, &now);
    header = (struct frame_header){.seconds = (uint32_t)now.tv_sec,
                                   .nanoseconds = (uint32_t)now.tv_nsec,
                                   .captured = (uint32_t)size,
                                   .size = (uint32_t)size};
    all[0] = (struct iovec){&header, sizeof(header)};
    memcpy(all + 1, pieces, count * sizeof(*pieces));
    written = writev(file->fd, all, (int)count + 1);
    if (written != (ssize_t)(sizeof(header) + size))
        give_up(file, written);
}

void pcap_file_close(struct pcap_file *file)
{
    close_fd(&file->fd);
}
