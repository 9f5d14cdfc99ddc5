/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue_record.c: notes of a packed ring's position for a successor.
 */
#include "vdpa/queue_record.h"

#include "vmm/bytes.h"
#include "vmm/fd.h"
#include "vmm/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define RECORDS_SIZE (QUEUE_RECORD_MAX_QUEUES * sizeof(struct queue_record))

/* virtio 1.2, 2.8.1 and 2.8.6: a descriptor's flags, and the wrap counter in
 * the top bit of an index. */
#define DESCRIPTOR_SIZE  16
#define DESCRIPTOR_FLAGS 14
#define FLAG_AVAILABLE   (1U << 7)
#define FLAG_USED        (1U << 15)
#define INDEX_BITS       0x7fffU
#define WRAP_BIT         0x8000U

/* Whoever may write there decides where we write in the ring. */
static int check_owner(int fd)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return -errno;
    if (status.st_uid != geteuid() && status.st_uid != 0)
        return -EPERM;
    return (status.st_mode & (S_IWGRP | S_IWOTH)) != 0 ? -EPERM : 0;
}

static int map_records(struct queue_records *records, int fd)
{
    void *memory;

    if (ftruncate(fd, (off_t)RECORDS_SIZE) != 0)
        return -errno;
    memory =
        mmap(NULL, RECORDS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return -errno;
    records->queues = memory;
    return 0;
}

int queue_records_open(struct queue_records *records, const char *name)
{
    int fd, error;

    records->queues = NULL;
    snprintf(records->name, sizeof(records->name), "/vmm-vduse-%.255s", name);
    fd = shm_open(records->name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    error = fd < 0 ? -errno : check_owner(fd);
    if (!error)
        error = map_records(records, fd);
    close_fd(&fd);
    if (error == -EACCES || error == -EPERM)
        log_error("/dev/shm%s: no permission: it has the positions of %s's "
                  "queues: give it and /dev/vduse/%s to this user (chown)",
                  records->name, name, name);
    else if (error)
        log_error("/dev/shm%s: %s: it is to keep the positions of %s's "
                  "queues: mount a tmpfs at /dev/shm",
                  records->name, strerror(-error), name);
    return error;
}

void queue_records_close(struct queue_records *records, bool remove)
{
    if (!records->queues)
        return;
    munmap(records->queues, RECORDS_SIZE);
    records->queues = NULL;
    if (remove)
        (void)shm_unlink(records->name);
}

void queue_record_begin(struct queue_record *record, uint16_t size,
                        unsigned num_descriptors)
{
    uint32_t used = record->position >> 16;
    uint32_t index = (used & INDEX_BITS) + num_descriptors;
    uint32_t wrap = used & WRAP_BIT;

    if (index >= size) {
        index -= size;
        wrap ^= WRAP_BIT;
    }
    used = index | wrap;
    /* The store is to be seen before the ring's; both are ours, and a process
     * that dies leaves them in order. */
    __atomic_store_n(&record->next, used << 16 | used, __ATOMIC_SEQ_CST);
}

void queue_record_end(struct queue_record *record)
{
    __atomic_store_n(&record->position, record->next, __ATOMIC_SEQ_CST);
}

uint32_t queue_record_resume(const struct queue_record *record,
                             const uint8_t *descriptors, uint16_t size)
{
    uint32_t used = record->position >> 16;
    uint32_t index = used & INDEX_BITS;
    uint16_t flags;
    bool wrap = used & WRAP_BIT;

    if (record->position == record->next || index >= size)
        return record->position;
    /* The first buffer becomes visible last: it stands for all. */
    flags = load_le16(descriptors + (size_t)DESCRIPTOR_SIZE * index +
                      DESCRIPTOR_FLAGS);
    if (!!(flags & FLAG_AVAILABLE) == wrap && !!(flags & FLAG_USED) == wrap)
        return record->next;
    return record->position;
}
