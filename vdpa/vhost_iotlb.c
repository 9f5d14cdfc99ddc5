/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_iotlb.c: IOTLB messages to vhost-vdpa and the list of what is mapped.
 *
 * One write() is one message. Only address space 0 is used: without
 * VHOST_VDPA_SET_GROUP_ASID every queue of a device is in it.
 */
#include "vdpa/vhost_iotlb.h"

#include "vdpa/vhost_memlock.h"
#include "vdpa/vhost_uapi.h"
#include "vmm/bytes.h"
#include "vmm/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t last_iova_of(const struct vdpa_mapping *mapping)
{
    return mapping->iova + (mapping->size - 1);
}

static bool overlaps(const struct vdpa_mapping *a, const struct vdpa_mapping *b)
{
    return a->iova <= last_iova_of(b) && b->iova <= last_iova_of(a);
}

static bool is_same_range(const struct vdpa_mapping *a,
                          const struct vdpa_mapping *b)
{
    return a->iova == b->iova && a->size == b->size;
}

static const char *message_name(uint8_t type)
{
    switch (type) {
    case VHOST_IOTLB_UPDATE:
        return "map";
    case VHOST_IOTLB_INVALIDATE:
        return "unmap";
    case VHOST_IOTLB_BATCH_BEGIN:
        return "batch begin";
    default:
        return "batch end";
    }
}

/* 0 or -errno, which is -EFAULT whatever the cause; logged by the caller. */
static int send_message(const struct vhost_iotlb *iotlb, uint8_t type,
                        const struct vdpa_mapping *mapping)
{
    const struct vhost_device *device = iotlb->device;
    struct vhost_msg_v2 message = {
        .type = VHOST_IOTLB_MSG_V2,
        .asid = 0,
        .iotlb =
            {
                .iova = mapping->iova,
                .size = mapping->size,
                .uaddr = (uintptr_t)mapping->host,
                .perm = VHOST_ACCESS_RW,
                .type = type,
            },
    };
    ssize_t written = device->syscalls->write(
        device->syscalls->context, device->fd, &message, sizeof(message));
    int error = 0;

    if (written < 0)
        error = -errno;
    else if ((size_t)written != sizeof(message))
        error = -EIO;
    log_debug("%s: %s iova %#" PRIx64 " size %#" PRIx64 ": %s", device->path,
              message_name(type), mapping->iova, mapping->size,
              error ? strerror(-error) : "ok");
    return error;
}

static int send_batch(const struct vhost_iotlb *iotlb, uint8_t type)
{
    static const struct vdpa_mapping nothing;
    int error;

    if (!iotlb->batches)
        return 0;
    error = send_message(iotlb, type, &nothing);
    if (error)
        log_error("%s: %s of mappings: %s", iotlb->device->path,
                  message_name(type), strerror(-error));
    return error;
}

/* The kernel gives no reason: name the ones that are left. */
static int explain_refused_map(const struct vhost_iotlb *iotlb,
                               const struct vdpa_mapping *mapping)
{
    const struct vhost_device *device = iotlb->device;

    if (vhost_memlock_is_short(device, mapping->size)) {
        vhost_memlock_log_short(device, mapping->size);
        return -ENOMEM;
    }
    log_error("%s: mapping %" PRIu64 " KiB at %#" PRIx64
              " was refused without a reason; possible are: this process is "
              "not the one that opened the device; the IOMMU is out of space; "
              "memory in too many pieces for vhost_vdpa.max_iotlb_entries (use "
              "huge pages); the kernel log (dmesg) may tell",
              device->path, vhost_kib(mapping->size), mapping->iova);
    return -EFAULT;
}

static int add(const struct vhost_iotlb *iotlb,
               const struct vdpa_mapping *mapping)
{
    int error = send_message(iotlb, VHOST_IOTLB_UPDATE, mapping);

    if (error == -EFAULT)
        return explain_refused_map(iotlb, mapping);
    if (error)
        log_error("%s: mapping %" PRIu64 " KiB at %#" PRIx64 ": %s",
                  iotlb->device->path, vhost_kib(mapping->size), mapping->iova,
                  strerror(-error));
    return error;
}

static int remove_mapping(const struct vhost_iotlb *iotlb,
                          const struct vdpa_mapping *mapping)
{
    int error = send_message(iotlb, VHOST_IOTLB_INVALIDATE, mapping);

    if (error)
        log_error("%s: unmapping %" PRIu64 " KiB at %#" PRIx64 ": %s",
                  iotlb->device->path, vhost_kib(mapping->size), mapping->iova,
                  strerror(-error));
    return error;
}

/* One batch. Goes on after an error, and returns the first. */
static int remove_all(const struct vhost_iotlb *iotlb,
                      const struct vdpa_mapping *mappings, size_t count)
{
    int error, result;

    if (count == 0)
        return 0;
    result = send_batch(iotlb, VHOST_IOTLB_BATCH_BEGIN);
    for (size_t i = 0; i < count; i++) {
        error = remove_mapping(iotlb, &mappings[i]);
        if (!result)
            result = error;
    }
    error = send_batch(iotlb, VHOST_IOTLB_BATCH_END);
    return result ? result : error;
}

/* One batch; what a failure leaves behind is removed again. */
static int add_all(const struct vhost_iotlb *iotlb,
                   const struct vdpa_mapping *mappings, size_t count)
{
    size_t added = 0;
    int end_error;
    int error = send_batch(iotlb, VHOST_IOTLB_BATCH_BEGIN);

    if (error)
        return error;
    while (added < count) {
        error = add(iotlb, &mappings[added]);
        if (error)
            break;
        added++;
    }
    if (error) {
        for (size_t i = 0; i < added; i++)
            (void)remove_mapping(iotlb, &mappings[i]); /* logged */
    }
    /* Also after a failure: an open batch would swallow all that follows. */
    end_error = send_batch(iotlb, VHOST_IOTLB_BATCH_END);
    if (!error && end_error) {
        (void)remove_all(iotlb, mappings, count); /* logged */
        error = end_error;
    }
    return error;
}

static int check_one(const struct vhost_iotlb *iotlb,
                     const struct vdpa_mapping *mapping)
{
    const char *path = iotlb->device->path;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t bits =
        mapping->iova | mapping->size | (uint64_t)(uintptr_t)mapping->host;

    if (mapping->size == 0 || !is_aligned(bits, page)) {
        log_error("%s: cannot map %#" PRIx64 " bytes of %p at %#" PRIx64
                  ": all three must be whole pages of %" PRIu64 " bytes",
                  path, mapping->size, mapping->host, mapping->iova, page);
        return -EINVAL;
    }
    if (mapping->iova >= iotlb->first_iova &&
        mapping->iova <= iotlb->last_iova &&
        mapping->size - 1 <= iotlb->last_iova - mapping->iova)
        return 0;
    /* Guest memory begins at an address that nobody can choose. */
    log_error("%s: cannot map guest memory at %#" PRIx64 " to %#" PRIx64
              ": the device reaches only %#" PRIx64 " to %#" PRIx64 "; %s",
              path, mapping->iova, last_iova_of(mapping), iotlb->first_iova,
              iotlb->last_iova,
              mapping->iova < iotlb->first_iova ? "no guest can use it"
                                                : "give the guest less memory");
    return -ERANGE;
}

static int check_disjoint(const struct vhost_iotlb *iotlb,
                          const struct vdpa_mapping *mapping,
                          const struct vdpa_mapping *others, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!overlaps(mapping, &others[i]))
            continue;
        log_error("%s: cannot map %" PRIu64 " KiB at %#" PRIx64
                  ": overlaps the %" PRIu64 " KiB mapped at %#" PRIx64
                  "; unmap those first",
                  iotlb->device->path, vhost_kib(mapping->size), mapping->iova,
                  vhost_kib(others[i].size), others[i].iova);
        return -EEXIST;
    }
    return 0;
}

static int check_all(const struct vhost_iotlb *iotlb,
                     const struct vdpa_mapping *mappings, size_t count)
{
    int error = 0;

    for (size_t i = 0; i < count && !error; i++) {
        error = check_one(iotlb, &mappings[i]);
        if (!error)
            error = check_disjoint(iotlb, &mappings[i], iotlb->mappings,
                                   iotlb->count);
        if (!error)
            error = check_disjoint(iotlb, &mappings[i], mappings, i);
    }
    return error;
}

static int reserve(struct vhost_iotlb *iotlb, size_t count)
{
    struct vdpa_mapping *mappings;
    size_t capacity = iotlb->count + count;

    if (capacity <= iotlb->capacity)
        return 0;
    mappings = reallocarray(iotlb->mappings, capacity, sizeof(*mappings));
    if (!mappings) {
        log_error("%s: list of %zu mappings: %s", iotlb->device->path, capacity,
                  strerror(ENOMEM));
        return -ENOMEM;
    }
    iotlb->mappings = mappings;
    iotlb->capacity = capacity;
    return 0;
}

int vhost_iotlb_map(struct vhost_iotlb *iotlb,
                    const struct vdpa_mapping *mappings, size_t count)
{
    int error;

    if (count == 0)
        return 0;
    error = check_all(iotlb, mappings, count);
    if (!error)
        error = reserve(iotlb, count);
    if (!error)
        error = add_all(iotlb, mappings, count);
    if (error)
        return error;
    memcpy(&iotlb->mappings[iotlb->count], mappings, count * sizeof(*mappings));
    iotlb->count += count;
    return 0;
}

static bool holds(const struct vdpa_mapping *mappings, size_t count,
                  const struct vdpa_mapping *wanted)
{
    for (size_t i = 0; i < count; i++) {
        if (is_same_range(&mappings[i], wanted))
            return true;
    }
    return false;
}

static void forget(struct vhost_iotlb *iotlb,
                   const struct vdpa_mapping *mappings, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < iotlb->count; i++) {
        if (!holds(mappings, count, &iotlb->mappings[i]))
            iotlb->mappings[kept++] = iotlb->mappings[i];
    }
    iotlb->count = kept;
}

int vhost_iotlb_unmap(struct vhost_iotlb *iotlb,
                      const struct vdpa_mapping *mappings, size_t count)
{
    int error;

    /* The kernel removes every entry that a range touches: pass it only
     * ranges that it was given. */
    for (size_t i = 0; i < count; i++) {
        if (holds(iotlb->mappings, iotlb->count, &mappings[i]) &&
            !holds(mappings, i, &mappings[i]))
            continue;
        log_error("%s: cannot unmap %#" PRIx64 " bytes at %#" PRIx64
                  ": not mapped as such",
                  iotlb->device->path, mappings[i].size, mappings[i].iova);
        return -ENOENT;
    }
    error = remove_all(iotlb, mappings, count);
    /* After an error they stay listed, so that destroy tries once more. */
    if (!error)
        forget(iotlb, mappings, count);
    return error;
}

int vhost_iotlb_restore(struct vhost_iotlb *iotlb)
{
    int error, end_error;

    if (iotlb->count == 0)
        return 0;
    error = send_batch(iotlb, VHOST_IOTLB_BATCH_BEGIN);
    if (error)
        return error;
    for (size_t i = 0; i < iotlb->count && !error; i++)
        error = remove_mapping(iotlb, &iotlb->mappings[i]);
    for (size_t i = 0; i < iotlb->count && !error; i++)
        error = add(iotlb, &iotlb->mappings[i]);
    end_error = send_batch(iotlb, VHOST_IOTLB_BATCH_END);
    return error ? error : end_error;
}

void vhost_iotlb_destroy(struct vhost_iotlb *iotlb)
{
    (void)remove_all(iotlb, iotlb->mappings, iotlb->count); /* logged */
    free(iotlb->mappings);
    iotlb->mappings = NULL;
    iotlb->count = 0;
    iotlb->capacity = 0;
}
