/* SPDX-License-Identifier: BSD-2-Clause */
/* vhost_trace.c: a table of system calls that traces those of another one. */
#include "vdpa/vhost_trace.h"

#include "vdpa/vhost_device.h"
#include "vdpa/vhost_requests.h"
#include "vdpa/vhost_uapi.h"
#include "vmm/bit_names.h"
#include "vmm/feature_names.h"
#include "vmm/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_ids.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Of a configuration; a network device has 24. */
#define MAX_CONFIG_BYTES 64

/* A descriptor and what it is for. */
struct vhost_trace_file {
    int fd;
    const char *role;
    uint32_t index;  /* of the queue */
    unsigned number; /* 1 for the first with role and index */
};

/* A line in the making. */
struct text {
    char bytes[2048];
    size_t used;
};

static void append(struct text *text, const char *format, ...)
    PRINTF_FORMAT(2, 3);
static void append(struct text *text, const char *format, ...)
{
    size_t room = sizeof(text->bytes) - text->used;
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text->bytes + text->used, room, format, arguments);
    va_end(arguments);
    if (length > 0)
        text->used += (size_t)length < room ? (size_t)length : room - 1;
}

const char *vhost_trace_error_name(int error, char room[static 16])
{
    const char *name = strerrorname_np(error);

    if (error == VHOST_ENOTSUPP)
        return "ENOTSUPP";
    if (name)
        return name;
    (void)snprintf(room, 16, "E%d", error);
    return room;
}

/* ---- Arguments ---- */

static void append_bits(struct text *text, const char *key, bit_name *name,
                        uint32_t device_id, uint64_t bits)
{
    char names[BIT_NAMES_SIZE];

    bit_names_print(name, device_id, bits, names);
    append(text, " %s=%s", key, names);
}

/* NULL when there is no memory for another one. */
static const struct vhost_trace_file *
find_file(struct vhost_trace *trace, int fd, const char *role, uint32_t index)
{
    struct vhost_trace_file *files;
    unsigned number = 1;

    for (size_t i = 0; i < trace->num_files; i++) {
        const struct vhost_trace_file *file = &trace->files[i];

        if (file->fd == fd)
            return file;
        if (file->index == index && strcmp(file->role, role) == 0)
            number++;
    }
    files = reallocarray(trace->files, trace->num_files + 1, sizeof(*files));
    if (!files)
        return NULL;
    trace->files = files;
    files[trace->num_files] = (struct vhost_trace_file){
        .fd = fd, .role = role, .index = index, .number = number};
    return &files[trace->num_files++];
}

static void append_file(struct vhost_trace *trace, struct text *text, int fd,
                        const char *role, uint32_t index)
{
    const struct vhost_trace_file *file;

    if (fd == VHOST_FILE_UNBIND) {
        append(text, " fd=none");
        return;
    }
    file = find_file(trace, fd, role, index);
    append(text, " fd=%s", file ? file->role : "?");
    if (file && strcmp(file->role, "config") != 0)
        append(text, "%" PRIu32, file->index);
    if (file && file->number > 1)
        append(text, "#%u", file->number);
}

static void append_config(struct text *text,
                          const struct vhost_vdpa_config *config,
                          bool has_bytes)
{
    append(text, " offset=%" PRIu32 " length=%" PRIu32, config->off,
           config->len);
    if (!has_bytes)
        return;
    append(text, " bytes=");
    for (uint32_t i = 0; i < config->len && i < MAX_CONFIG_BYTES; i++)
        append(text, "%02x", config->buf[i]);
    if (config->len > MAX_CONFIG_BYTES)
        append(text, "...");
}

static void append_state(struct text *text,
                         const struct vhost_request_info *info,
                         const struct vhost_vring_state *state, bool has_value)
{
    bool is_hex = strcmp(info->key, "base") == 0;

    append(text, " %s=%u",
           info->argument == VHOST_ARGUMENT_GROUP ? "group" : "queue",
           state->index);
    if (has_value)
        append(text, is_hex ? " %s=%#x" : " %s=%u", info->key, state->num);
}

static void append_addresses(struct text *text, struct text *varying,
                             const struct vhost_vring_addr *addresses)
{
    append(text, " queue=%u flags=%#x", addresses->index, addresses->flags);
    append(varying, "desc=%#llx avail=%#llx used=%#llx",
           (unsigned long long)addresses->desc_user_addr,
           (unsigned long long)addresses->avail_user_addr,
           (unsigned long long)addresses->used_user_addr);
}

/* Numbers and sets: what an ioctl is answered with if it succeeds, or told. */
static void append_value(struct vhost_trace *trace, struct text *text,
                         const struct vhost_request_info *info,
                         const void *argument)
{
    union {
        uint8_t u8;
        uint16_t u16;
        uint32_t u32;
        uint64_t u64;
        struct vhost_vdpa_iova_range range;
    } value = {.u64 = 0};

    memcpy(&value, argument, _IOC_SIZE(info->number));
    switch ((int)info->argument) {
    case VHOST_ARGUMENT_U8:
        append(text, " %s=%u", info->key, value.u8);
        break;
    case VHOST_ARGUMENT_U16:
        append(text, " %s=%u", info->key, value.u16);
        break;
    case VHOST_ARGUMENT_U32:
        append(text, " %s=%" PRIu32, info->key, value.u32);
        break;
    case VHOST_ARGUMENT_STATUS:
        append_bits(text, "status", bit_names_status, 0, value.u8);
        break;
    case VHOST_ARGUMENT_FEATURES:
        append_bits(text, "features", feature_names_get, trace->device_id,
                    value.u64);
        break;
    case VHOST_ARGUMENT_BACKEND_FEATURES:
        append_bits(text, "features", bit_names_backend, 0, value.u64);
        break;
    case VHOST_ARGUMENT_RANGE:
        append(text, " first=%#llx last=%#llx",
               (unsigned long long)value.range.first,
               (unsigned long long)value.range.last);
        break;
    default:
        break;
    }
}

static void append_argument(struct vhost_trace *trace, struct text *text,
                            struct text *varying,
                            const struct vhost_request_info *info,
                            const void *argument, bool succeeded)
{
    bool has_value = succeeded || !info->answers;
    const struct vhost_vring_file *file = argument;
    int fd;

    switch (info->argument) {
    case VHOST_ARGUMENT_NONE:
    case VHOST_ARGUMENT_OTHER:
        break;
    case VHOST_ARGUMENT_CONFIG:
        append_config(text, argument, has_value);
        break;
    case VHOST_ARGUMENT_STATE:
    case VHOST_ARGUMENT_GROUP:
        append_state(text, info, argument, has_value);
        break;
    case VHOST_ARGUMENT_ADDRESSES:
        append_addresses(text, varying, argument);
        break;
    case VHOST_ARGUMENT_FD:
        memcpy(&fd, argument, sizeof(fd));
        append_file(trace, text, fd, info->key, 0);
        break;
    case VHOST_ARGUMENT_FILE:
        append(text, " queue=%u", file->index);
        append_file(trace, text, file->fd, info->key, file->index);
        break;
    case VHOST_ARGUMENT_U8:
    case VHOST_ARGUMENT_U16:
    case VHOST_ARGUMENT_U32:
    case VHOST_ARGUMENT_STATUS:
    case VHOST_ARGUMENT_FEATURES:
    case VHOST_ARGUMENT_BACKEND_FEATURES:
    case VHOST_ARGUMENT_RANGE:
        if (has_value)
            append_value(trace, text, info, argument);
        break;
    }
}

static void append_message(struct text *text, struct text *varying,
                           const struct vhost_msg_v2 *message)
{
    static const char *const accesses[] = {"0", "ro", "wo", "rw"};
    const struct vhost_iotlb_msg *iotlb = &message->iotlb;
    const char *name = vhost_message_name(iotlb->type);

    if (name)
        append(text, "%s", name);
    else
        append(text, "write type=%u", iotlb->type);
    /* The second word of messages of version 1 is padding. */
    append(text, " asid=%" PRIu32,
           message->type == VHOST_IOTLB_MSG_V2 ? message->asid : 0);
    if (iotlb->type == VHOST_IOTLB_BATCH_BEGIN ||
        iotlb->type == VHOST_IOTLB_BATCH_END)
        return;
    append(text, " iova=%#llx size=%#llx", (unsigned long long)iotlb->iova,
           (unsigned long long)iotlb->size);
    if (iotlb->type != VHOST_IOTLB_UPDATE)
        return;
    if (iotlb->perm < ARRAY_SIZE(accesses))
        append(text, " perm=%s", accesses[iotlb->perm]);
    else
        append(text, " perm=%u", iotlb->perm);
    append(varying, "uaddr=%#llx", (unsigned long long)iotlb->uaddr);
}

/* ---- Calls ---- */

/* `error` is 0 or a positive errno. */
static void emit(const struct vhost_trace *trace, int64_t started,
                 struct text *text, const struct text *varying, int error)
{
    char room[16];

    if (error)
        append(text, " = %s", vhost_trace_error_name(error, room));
    else
        append(text, " = 0");
    trace_call(trace->name, started, text->bytes,
               varying ? varying->bytes : "");
}

static int traced_open(void *context, const char *path, int flags)
{
    struct vhost_trace *trace = context;
    struct text text = {.used = 0};
    int64_t started = trace_now();
    int fd = trace->inner->open(trace->inner->context, path, flags);
    int saved_errno = errno;

    trace->opens++;
    append(&text, "open path=");
    for (; *path; path++)
        append(&text, "%c", *path > ' ' ? *path : '?'); /* stays one word */
    emit(trace, started, &text, NULL, fd < 0 ? saved_errno : 0);
    errno = saved_errno;
    return fd;
}

static int traced_close(void *context, int fd)
{
    struct vhost_trace *trace = context;
    struct text text = {.used = 0};
    int64_t started = trace_now();
    int result = trace->inner->close(trace->inner->context, fd);
    int saved_errno = errno;

    trace->closes++;
    append(&text, "close");
    emit(trace, started, &text, NULL, result < 0 ? saved_errno : 0);
    trace_comment("%s: %lu calls: open %lu, ioctl %lu, write %lu, mmap %lu, "
                  "munmap %lu, close %lu",
                  basename(trace->name),
                  trace->opens + trace->ioctls + trace->writes + trace->mmaps +
                      trace->munmaps + trace->closes,
                  trace->opens, trace->ioctls, trace->writes, trace->mmaps,
                  trace->munmaps, trace->closes);
    errno = saved_errno;
    return result;
}

static int traced_ioctl(void *context, int fd, unsigned long request,
                        void *argument)
{
    struct vhost_trace *trace = context;
    const struct vhost_request_info *info = vhost_request_by_number(request);
    struct text text = {.used = 0}, varying = {.used = 0};
    int64_t started = trace_now();
    int result =
        trace->inner->ioctl(trace->inner->context, fd, request, argument);
    int saved_errno = errno;

    trace->ioctls++;
    if (request == VHOST_VDPA_GET_DEVICE_ID && result == 0)
        memcpy(&trace->device_id, argument, sizeof(trace->device_id));
    if (info)
        append(&text, "%s", info->name);
    else
        append(&text, "ioctl number=%#lx", request);
    if (info && argument)
        append_argument(trace, &text, &varying, info, argument, result == 0);
    emit(trace, started, &text, &varying, result < 0 ? saved_errno : 0);
    errno = saved_errno;
    return result;
}

static ssize_t traced_write(void *context, int fd, const void *bytes,
                            size_t size)
{
    struct vhost_trace *trace = context;
    struct text text = {.used = 0}, varying = {.used = 0};
    int64_t started = trace_now();
    ssize_t written =
        trace->inner->write(trace->inner->context, fd, bytes, size);
    int saved_errno = errno;
    int error = 0;

    trace->writes++;
    if (size == sizeof(struct vhost_msg_v2))
        append_message(&text, &varying, bytes);
    else
        append(&text, "write size=%zu", size);
    if (written < 0)
        error = saved_errno;
    else if ((size_t)written != size)
        error = EIO;
    emit(trace, started, &text, &varying, error);
    errno = saved_errno;
    return written;
}

/* A page is the doorbell of the queue whose number the offset is, in pages. */
static void *traced_mmap(void *context, size_t size, int protection, int flags,
                         int fd, off_t offset)
{
    struct vhost_trace *trace = context;
    struct text text = {.used = 0}, varying = {.used = 0};
    int64_t started = trace_now();
    void *address = trace->inner->mmap(trace->inner->context, size, protection,
                                       flags, fd, offset);
    int saved_errno = errno;

    trace->mmaps++;
    append(&text, "mmap queue=%lld", (long long)offset / sysconf(_SC_PAGESIZE));
    if (address != MAP_FAILED)
        append(&varying, "address=%p", address);
    emit(trace, started, &text, &varying,
         address == MAP_FAILED ? saved_errno : 0);
    errno = saved_errno;
    return address;
}

static int traced_munmap(void *context, void *address, size_t size)
{
    struct vhost_trace *trace = context;
    struct text text = {.used = 0}, varying = {.used = 0};
    int64_t started = trace_now();
    int result = trace->inner->munmap(trace->inner->context, address, size);
    int saved_errno = errno;

    trace->munmaps++;
    append(&text, "munmap");
    append(&varying, "address=%p", address);
    emit(trace, started, &text, &varying, result < 0 ? saved_errno : 0);
    errno = saved_errno;
    return result;
}

/* Not of the file, and so not traced. */

static int plain_stat(void *context, const char *path, struct stat *status)
{
    const struct vhost_trace *trace = context;

    return trace->inner->stat(trace->inner->context, path, status);
}

static int plain_get_memlock(void *context, struct rlimit *limit)
{
    const struct vhost_trace *trace = context;

    return trace->inner->get_memlock(trace->inner->context, limit);
}

static int plain_set_memlock(void *context, const struct rlimit *limit)
{
    const struct vhost_trace *trace = context;

    return trace->inner->set_memlock(trace->inner->context, limit);
}

void vhost_trace_init(struct vhost_trace *trace,
                      const struct vhost_syscalls *inner, const char *name)
{
    *trace = (struct vhost_trace){
        .syscalls =
            {
                .context = trace,
                .open = traced_open,
                .close = traced_close,
                .ioctl = traced_ioctl,
                .mmap = traced_mmap,
                .munmap = traced_munmap,
                .write = traced_write,
                .stat = plain_stat,
                .get_memlock = plain_get_memlock,
                .set_memlock = plain_set_memlock,
                .dev_dir = inner->dev_dir,
                .proc_dir = inner->proc_dir,
                .sys_dir = inner->sys_dir,
            },
        .inner = inner,
        .name = name,
        .device_id = VIRTIO_ID_NET,
    };
}

void vhost_trace_destroy(struct vhost_trace *trace)
{
    free(trace->files);
    trace->files = NULL;
    trace->num_files = 0;
}
