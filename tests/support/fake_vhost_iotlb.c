/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_vhost_iotlb.c: IOTLB messages to the fake kernel.
 *
 * vhost keeps a list of its own. A device with set_map gets a copy of it, at
 * once or at the end of a batch; another device gets each change.
 */
#include "tests/support/fake_vhost.h"

#include "vdpa/vhost_uapi.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static uint64_t last_of(uint64_t iova, uint64_t size)
{
    return iova + (size - 1);
}

static bool overlaps(const struct fake_vhost_map *map, uint64_t iova,
                     uint64_t last)
{
    return map->iova <= last && iova <= last_of(map->iova, map->size);
}

/* Whole entries, even those that the range only touches. */
static uint64_t remove_range(struct fake_vhost_maps *list, uint64_t iova,
                             uint64_t last)
{
    uint64_t removed = 0;
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++) {
        if (overlaps(&list->maps[i], iova, last))
            removed += list->maps[i].size;
        else
            list->maps[kept++] = list->maps[i];
    }
    list->count = kept;
    return removed;
}

static int push(struct fake_vhost *fake)
{
    if (fake->refuses_set_map)
        return -EIO;
    fake->device_maps = fake->maps;
    return 0;
}

/* After a change to vhost's list by the device's own operations. */
static int tell_device(struct fake_vhost *fake,
                       const struct fake_vhost_map *added, uint64_t iova,
                       uint64_t last)
{
    if (fake->profile.has_set_map)
        return fake->in_batch ? 0 : push(fake);
    if (added)
        fake->device_maps.maps[fake->device_maps.count++] = *added;
    else
        (void)remove_range(&fake->device_maps, iova, last);
    return 0;
}

static int check_update(const struct fake_vhost *fake,
                        const struct vhost_iotlb_msg *message)
{
    const struct fake_vhost_profile *profile = &fake->profile;
    uint64_t last = last_of(message->iova, message->size);

    if (message->size == 0 || last < message->iova ||
        message->iova < profile->first_iova || last > profile->last_iova)
        return -EINVAL;
    for (size_t i = 0; i < fake->maps.count; i++) {
        if (overlaps(&fake->maps.maps[i], message->iova, last))
            return -EEXIST;
    }
    if (fake->maps.count == FAKE_VHOST_MAX_MAPS ||
        (profile->max_entries && fake->maps.count >= profile->max_entries))
        return -ENOSPC;
    if (profile->pins && fake->pinned + message->size > fake->memlock.rlim_cur)
        return -ENOMEM;
    return 0;
}

static int update(struct fake_vhost *fake,
                  const struct vhost_iotlb_msg *message)
{
    struct fake_vhost_map map = {
        .iova = message->iova,
        .size = message->size,
        .host = message->uaddr,
        .perm = message->perm,
    };
    uint64_t last = last_of(map.iova, map.size);
    int error = check_update(fake, message);

    if (error)
        return error;
    fake->maps.maps[fake->maps.count++] = map;
    if (fake->profile.pins)
        fake->pinned += map.size;
    error = tell_device(fake, &map, map.iova, last);
    if (error)
        (void)remove_range(&fake->maps, map.iova, last);
    return error;
}

static int invalidate(struct fake_vhost *fake,
                      const struct vhost_iotlb_msg *message)
{
    bool is_all = message->iova == 0 && message->size == 0;
    uint64_t last = is_all ? UINT64_MAX : last_of(message->iova, message->size);
    uint64_t removed = remove_range(&fake->maps, message->iova, last);

    if (fake->profile.pins)
        fake->pinned -= removed;
    return tell_device(fake, NULL, message->iova, last);
}

static int begin_batch(struct fake_vhost *fake)
{
    fake->in_batch = true;
    return 0;
}

/* The kernel does not look whether the device took the mappings. */
static int end_batch(struct fake_vhost *fake)
{
    if (fake->in_batch && fake->profile.has_set_map)
        (void)push(fake);
    fake->in_batch = false;
    return 0;
}

static void log_message(struct fake_vhost *fake,
                        const struct vhost_iotlb_msg *message)
{
    switch (message->type) {
    case VHOST_IOTLB_UPDATE:
        fake_vhost_log(fake, "UPDATE(%#" PRIx64 ",%#" PRIx64 ")",
                       (uint64_t)message->iova, (uint64_t)message->size);
        break;
    case VHOST_IOTLB_INVALIDATE:
        fake_vhost_log(fake, "INVALIDATE(%#" PRIx64 ",%#" PRIx64 ")",
                       (uint64_t)message->iova, (uint64_t)message->size);
        break;
    case VHOST_IOTLB_BATCH_BEGIN:
        fake_vhost_log(fake, "BATCH_BEGIN");
        break;
    case VHOST_IOTLB_BATCH_END:
        fake_vhost_log(fake, "BATCH_END");
        break;
    default:
        fake_vhost_log(fake, "MESSAGE(%u)", message->type);
        break;
    }
}

/* Only address space 0 is ever looked at; UPDATE and BATCH_BEGIN make it. */
static int check_space(struct fake_vhost *fake, uint32_t asid, uint8_t type)
{
    bool makes = type == VHOST_IOTLB_UPDATE || type == VHOST_IOTLB_BATCH_BEGIN;

    if (!fake_vhost_acked(fake, VHOST_BACKEND_F_IOTLB_ASID))
        asid = 0;
    if (asid >= fake->profile.address_spaces)
        return -EINVAL;
    if (makes && asid == 0)
        fake->has_space = true;
    return asid == 0 && fake->has_space ? 0 : -EINVAL;
}

static int dispatch(struct fake_vhost *fake,
                    const struct vhost_iotlb_msg *message)
{
    bool is_batch = message->type == VHOST_IOTLB_BATCH_BEGIN ||
                    message->type == VHOST_IOTLB_BATCH_END;

    if (is_batch && fake->profile.is_2020)
        return -EINVAL;
    switch (message->type) {
    case VHOST_IOTLB_UPDATE:
        return update(fake, message);
    case VHOST_IOTLB_INVALIDATE:
        return invalidate(fake, message);
    case VHOST_IOTLB_BATCH_BEGIN:
        return begin_batch(fake);
    case VHOST_IOTLB_BATCH_END:
        return end_batch(fake);
    default:
        return -EINVAL;
    }
}

int fake_vhost_do_message(struct fake_vhost *fake, const void *bytes,
                          size_t size, int injected)
{
    struct vhost_msg_v2 message = {0};
    int error;

    memcpy(&message, bytes, size < sizeof(message) ? size : sizeof(message));
    if (message.type != VHOST_IOTLB_MSG_V2)
        return -EINVAL;
    log_message(fake, &message.iotlb);
    if (injected)
        return injected;
    if (!fake->is_owned || fake->owner_is_other)
        return -EPERM;
    error = check_space(fake, message.asid, message.iotlb.type);
    return error ? error : dispatch(fake, &message.iotlb);
}
