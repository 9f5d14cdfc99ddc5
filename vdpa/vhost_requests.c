/* SPDX-License-Identifier: BSD-2-Clause */
/* vhost_requests.c: what may be asked of a vhost-vdpa file, by name. */
#include "vdpa/vhost_requests.h"

#include "vdpa/vhost_uapi.h"
#include "vmm/compiler.h"

#include <stddef.h>
#include <string.h>

#define ASK(request, argument, key)                                            \
    {                                                                          \
        request, #request, key, VHOST_ARGUMENT_##argument, true, false         \
    }
#define TELL(request, argument, key)                                           \
    {                                                                          \
        request, #request, key, VHOST_ARGUMENT_##argument, false, false        \
    }
/* Those that the kernel takes only from the process that owns the device:
 * what it has in common with the rest of vhost. */
#define OWNER_ASK(request, argument, key)                                      \
    {                                                                          \
        request, #request, key, VHOST_ARGUMENT_##argument, true, true          \
    }
#define OWNER_TELL(request, argument, key)                                     \
    {                                                                          \
        request, #request, key, VHOST_ARGUMENT_##argument, false, true         \
    }

static const struct vhost_request_info requests[] = {
    TELL(VHOST_SET_OWNER, NONE, NULL),
    OWNER_TELL(VHOST_RESET_OWNER, NONE, NULL),
    ASK(VHOST_GET_FEATURES, FEATURES, NULL),
    TELL(VHOST_SET_FEATURES, FEATURES, NULL),
    ASK(VHOST_GET_BACKEND_FEATURES, BACKEND_FEATURES, NULL),
    TELL(VHOST_SET_BACKEND_FEATURES, BACKEND_FEATURES, NULL),
    OWNER_TELL(VHOST_SET_MEM_TABLE, OTHER, NULL),
    TELL(VHOST_SET_LOG_BASE, OTHER, NULL),
    TELL(VHOST_SET_LOG_FD, OTHER, NULL),
    OWNER_TELL(VHOST_SET_VRING_NUM, STATE, "num"),
    OWNER_TELL(VHOST_SET_VRING_ADDR, ADDRESSES, NULL),
    OWNER_TELL(VHOST_SET_VRING_BASE, STATE, "base"),
    OWNER_ASK(VHOST_GET_VRING_BASE, STATE, "base"),
    OWNER_TELL(VHOST_SET_VRING_KICK, FILE, "kick"),
    OWNER_TELL(VHOST_SET_VRING_CALL, FILE, "call"),
    OWNER_TELL(VHOST_SET_VRING_ERR, FILE, "err"),
    OWNER_TELL(VHOST_SET_VRING_ENDIAN, STATE, "endian"),
    OWNER_TELL(VHOST_GET_VRING_ENDIAN, STATE, "endian"),
    OWNER_TELL(VHOST_SET_VRING_BUSYLOOP_TIMEOUT, STATE, "timeout"),
    OWNER_TELL(VHOST_GET_VRING_BUSYLOOP_TIMEOUT, STATE, "timeout"),
    ASK(VHOST_VDPA_GET_DEVICE_ID, U32, "id"),
    ASK(VHOST_VDPA_GET_STATUS, STATUS, NULL),
    TELL(VHOST_VDPA_SET_STATUS, STATUS, NULL),
    ASK(VHOST_VDPA_GET_CONFIG, CONFIG, NULL),
    TELL(VHOST_VDPA_SET_CONFIG, CONFIG, NULL),
    OWNER_TELL(VHOST_VDPA_SET_VRING_ENABLE, STATE, "enable"),
    ASK(VHOST_VDPA_GET_VRING_NUM, U16, "num"),
    TELL(VHOST_VDPA_SET_CONFIG_CALL, FD, "config"),
    ASK(VHOST_VDPA_GET_IOVA_RANGE, RANGE, NULL),
    ASK(VHOST_VDPA_GET_CONFIG_SIZE, U32, "size"),
    ASK(VHOST_VDPA_GET_AS_NUM, U32, "count"),
    OWNER_ASK(VHOST_VDPA_GET_VRING_GROUP, STATE, "group"),
    OWNER_TELL(VHOST_VDPA_SET_GROUP_ASID, GROUP, "asid"),
    TELL(VHOST_VDPA_SUSPEND, NONE, NULL),
    TELL(VHOST_VDPA_RESUME, NONE, NULL),
    OWNER_ASK(VHOST_VDPA_GET_VRING_DESC_GROUP, STATE, "group"),
    ASK(VHOST_VDPA_GET_VQS_COUNT, U32, "count"),
    ASK(VHOST_VDPA_GET_GROUP_NUM, U32, "count"),
    OWNER_ASK(VHOST_VDPA_GET_VRING_SIZE, STATE, "size"),
};

static const char *const messages[] = {
    [VHOST_IOTLB_MISS] = "VHOST_IOTLB_MISS",
    [VHOST_IOTLB_UPDATE] = "VHOST_IOTLB_UPDATE",
    [VHOST_IOTLB_INVALIDATE] = "VHOST_IOTLB_INVALIDATE",
    [VHOST_IOTLB_ACCESS_FAIL] = "VHOST_IOTLB_ACCESS_FAIL",
    [VHOST_IOTLB_BATCH_BEGIN] = "VHOST_IOTLB_BATCH_BEGIN",
    [VHOST_IOTLB_BATCH_END] = "VHOST_IOTLB_BATCH_END",
};

const struct vhost_request_info *vhost_request_by_number(unsigned long number)
{
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
        if (requests[i].number == number)
            return &requests[i];
    return NULL;
}

const struct vhost_request_info *vhost_request_by_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
        if (strcmp(requests[i].name, name) == 0)
            return &requests[i];
    return NULL;
}

const char *vhost_message_name(uint8_t type)
{
    return type < ARRAY_SIZE(messages) ? messages[type] : NULL;
}

uint8_t vhost_message_by_name(const char *name)
{
    for (size_t type = 1; type < ARRAY_SIZE(messages); type++)
        if (strcmp(messages[type], name) == 0)
            return (uint8_t)type;
    return 0;
}
