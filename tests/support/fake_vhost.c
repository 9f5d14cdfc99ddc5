/* SPDX-License-Identifier: BSD-2-Clause */
/* fake_vhost.c: open, close, limits and the profiles of the fake kernel. */
#include "tests/support/fake_vhost.h"

#include "vdpa/vhost_device.h"
#include "vdpa/vhost_uapi.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define BIT64(bit)     (1ULL << (bit))
#define PAGE           4096
#define NO_LIMIT       UINT64_MAX
#define FAKE_DEVICE_ID makedev(511, 0)

#define SIM_FEATURES                                                           \
    (BIT64(VIRTIO_NET_F_MTU) | BIT64(VIRTIO_NET_F_MAC) |                       \
     BIT64(VIRTIO_NET_F_STATUS) | BIT64(VIRTIO_NET_F_CTRL_VQ) |                \
     BIT64(VIRTIO_NET_F_CTRL_MAC_ADDR) | BIT64(VIRTIO_F_ANY_LAYOUT) |          \
     BIT64(VIRTIO_F_VERSION_1) | BIT64(VIRTIO_F_ACCESS_PLATFORM))

#define BASIC_BACKEND                                                          \
    (BIT64(VHOST_BACKEND_F_IOTLB_MSG_V2) |                                     \
     BIT64(VHOST_BACKEND_F_IOTLB_BATCH) | BIT64(VHOST_BACKEND_F_IOTLB_ASID))

#define SIM_BACKEND                                                            \
    (BASIC_BACKEND | BIT64(VHOST_BACKEND_F_SUSPEND) |                          \
     BIT64(VHOST_BACKEND_F_RESUME) |                                           \
     BIT64(VHOST_BACKEND_F_ENABLE_AFTER_DRIVER_OK))

const struct fake_vhost_profile fake_vhost_sim = {
    .name = "sim",
    .device_id = VIRTIO_ID_NET,
    .num_queues = 3,
    .vring_num = 256,
    .config_size = 24,
    .groups = 2,
    .address_spaces = 2,
    .features = SIM_FEATURES,
    .backend_features = SIM_BACKEND | BIT64(VHOST_BACKEND_F_IOTLB_PERSIST),
    .last_iova = NO_LIMIT,
    .has_set_map = true,
    .needs_platform = true,
    .reset_drops_maps = true,
};

const struct fake_vhost_profile fake_vhost_sim_forgets = {
    .name = "sim without IOTLB_PERSIST",
    .device_id = VIRTIO_ID_NET,
    .num_queues = 3,
    .vring_num = 256,
    .config_size = 24,
    .groups = 2,
    .address_spaces = 2,
    .features = SIM_FEATURES,
    .backend_features = SIM_BACKEND,
    .last_iova = NO_LIMIT,
    .has_set_map = true,
    .needs_platform = true,
    .reset_drops_maps = true,
};

/* Suspends, but does not resume. */
const struct fake_vhost_profile fake_vhost_sim_stays = {
    .name = "sim without RESUME",
    .device_id = VIRTIO_ID_NET,
    .num_queues = 3,
    .vring_num = 256,
    .config_size = 24,
    .groups = 2,
    .address_spaces = 2,
    .features = SIM_FEATURES,
    .backend_features = BASIC_BACKEND | BIT64(VHOST_BACKEND_F_SUSPEND),
    .last_iova = NO_LIMIT,
    .has_set_map = true,
    .needs_platform = true,
    .reset_drops_maps = true,
};

/* Behind an IOMMU; a virtio device that also does packed rings. */
const struct fake_vhost_profile fake_vhost_vp_vdpa = {
    .name = "vp_vdpa",
    .device_id = VIRTIO_ID_NET,
    .num_queues = 3,
    .vring_num = 256,
    .queue_size = 1024,
    .config_size = 24,
    .address_spaces = 1,
    .features = SIM_FEATURES | BIT64(VIRTIO_F_RING_PACKED) |
                BIT64(VIRTIO_F_ORDER_PLATFORM),
    .backend_features = BASIC_BACKEND | BIT64(VHOST_BACKEND_F_IOTLB_PERSIST),
    .first_iova = 0x10000,
    .last_iova = BIT64(39) - 1,
    .pins = true,
    .base_is_fixed = true,
    .has_doorbells = true,
};

const struct fake_vhost_profile fake_vhost_vduse = {
    .name = "VDUSE",
    .device_id = VIRTIO_ID_NET,
    .num_queues = 2,
    .vring_num = 1024,
    .queue_size = 512,
    .config_size = 24,
    .address_spaces = 1,
    .features = BIT64(VIRTIO_NET_F_MAC) | BIT64(VIRTIO_NET_F_STATUS) |
                BIT64(VIRTIO_F_VERSION_1) | BIT64(VIRTIO_F_ACCESS_PLATFORM) |
                BIT64(VIRTIO_F_RING_PACKED),
    .backend_features = BASIC_BACKEND,
    .last_iova = NO_LIMIT,
    .has_set_map = true,
};

const struct fake_vhost_profile fake_vhost_2020 = {
    .name = "Linux 5.7",
    .device_id = VIRTIO_ID_NET,
    .num_queues = 2,
    .vring_num = 256,
    .config_size = 24,
    .address_spaces = 1,
    .features = SIM_FEATURES,
    .last_iova = NO_LIMIT,
    .is_2020 = true,
    .has_set_map = true,
    .needs_platform = true,
    .reset_drops_maps = true,
};

void fake_vhost_log(struct fake_vhost *fake, const char *format, ...)
{
    size_t used = strlen(fake->log);
    va_list arguments;

    if (used > 0 && used + 1 < sizeof(fake->log))
        fake->log[used++] = ' ';
    va_start(arguments, format);
    (void)vsnprintf(fake->log + used, sizeof(fake->log) - used, format,
                    arguments);
    va_end(arguments);
}

void fake_vhost_clear_log(struct fake_vhost *fake)
{
    fake->log[0] = '\0';
}

bool fake_vhost_acked(const struct fake_vhost *fake, unsigned backend_feature)
{
    return (fake->backend_acked & BIT64(backend_feature)) != 0;
}

/* Nothing unless the device runs. */
static int set_suspended(struct fake_vhost *fake, unsigned backend_feature,
                         bool suspended)
{
    if (!(fake->status & VIRTIO_CONFIG_S_DRIVER_OK))
        return 0;
    /* Whether it was acked is not asked. */
    if (!(fake->profile.backend_features & BIT64(backend_feature)))
        return -EOPNOTSUPP;
    fake->is_suspended = suspended;
    return 0;
}

int fake_vhost_suspend(struct fake_vhost *fake, void *argument)
{
    (void)argument;
    return set_suspended(fake, VHOST_BACKEND_F_SUSPEND, true);
}

int fake_vhost_resume(struct fake_vhost *fake, void *argument)
{
    (void)argument;
    return set_suspended(fake, VHOST_BACKEND_F_RESUME, false);
}

void fake_vhost_reset(struct fake_vhost *fake)
{
    fake->status = 0;
    fake->features = 0;
    fake->features_are_set = false;
    fake->is_suspended = false;
    fake->config_call_fd = -1;
    for (unsigned i = 0; i < FAKE_VHOST_MAX_QUEUES; i++) {
        struct fake_vhost_queue *queue = &fake->queues[i];

        /* vhost itself goes on polling, and decodes bases as before. */
        *queue = (struct fake_vhost_queue){
            .kick_fd = queue->kick_fd,
            .acked_features = queue->acked_features,
            .call_fd = -1,
            .error_fd = -1,
        };
    }
    if (fake->profile.reset_drops_maps &&
        !fake_vhost_acked(fake, VHOST_BACKEND_F_IOTLB_PERSIST))
        fake->device_maps.count = 0;
}

/* Counts a call; its -errno when it is the one that is to fail. */
static int injected_error(struct fake_vhost *fake)
{
    fake->calls++;
    return fake->fail_at == fake->calls ? -fake->fail_error : 0;
}

static int result(int error)
{
    if (error == 0)
        return 0;
    errno = -error;
    return -1;
}

static int open_device(struct fake_vhost *fake, const char *path)
{
    int error = injected_error(fake);

    fake_vhost_log(fake, "open");
    if (error)
        return error;
    if (strcmp(path, FAKE_VHOST_PATH) != 0)
        return -ENOENT;
    if (fake->fd >= 0)
        return -EBUSY;
    if (fake->open_error)
        return -fake->open_error;
    fake_vhost_reset(fake);
    fake->fd = eventfd(0, EFD_CLOEXEC); /* any number that nobody else has */
    return fake->fd >= 0 ? 0 : -errno;
}

static int fake_open(void *context, const char *path, int flags)
{
    struct fake_vhost *fake = context;
    int error = open_device(fake, path);

    if (!error && flags != (O_RDWR | O_CLOEXEC))
        fake_vhost_log(fake, "flags(%#x)", (unsigned)flags);
    return error ? result(error) : fake->fd;
}

static void forget_file(struct fake_vhost *fake)
{
    fake->maps_at_close = fake->maps.count;
    fake->status_at_close = fake->status;
    fake_vhost_reset(fake);
    fake->maps.count = 0;
    fake->pinned = 0;
    fake->backend_acked = 0;
    fake->is_owned = false;
    fake->in_batch = false;
    fake->has_space = false;
    for (unsigned i = 0; i < FAKE_VHOST_MAX_QUEUES; i++)
        fake->queues[i].kick_fd = -1;
    fake->fd = -1;
}

static int fake_close(void *context, int fd)
{
    struct fake_vhost *fake = context;

    fake_vhost_log(fake, "close");
    if (fake->fd < 0 || fd != fake->fd)
        return result(-EBADF);
    (void)close(fake->fd);
    forget_file(fake);
    return result(-fake->close_error);
}

static int fake_ioctl(void *context, int fd, unsigned long request,
                      void *argument)
{
    struct fake_vhost *fake = context;
    int injected = injected_error(fake);

    if (fake->fd < 0 || fd != fake->fd)
        return result(-EBADF);
    return result(fake_vhost_do_ioctl(fake, request, argument, injected));
}

/* In the order of vhost_vdpa_mmap(). */
static int check_mmap(const struct fake_vhost *fake, size_t size,
                      int protection, int flags, off_t offset)
{
    if (fake->mmap_error)
        return -fake->mmap_error;
    if (fake->profile.is_2020)
        return -ENODEV;
    if (size != PAGE || !(flags & MAP_SHARED) || protection & PROT_READ)
        return -EINVAL;
    if (!fake->profile.has_doorbells)
        return -VHOST_ENOTSUPP;
    return offset / PAGE < fake->profile.num_queues ? 0 : -EINVAL;
}

static void *fake_mmap(void *context, size_t size, int protection, int flags,
                       int fd, off_t offset)
{
    struct fake_vhost *fake = context;
    int error = check_mmap(fake, size, protection, flags, offset);

    fake_vhost_log(fake, "mmap(%u)", (unsigned)(offset / PAGE));
    if (fake->fd < 0 || fd != fake->fd)
        error = -EBADF;
    if (error) {
        errno = -error;
        return MAP_FAILED;
    }
    fake->mapped_pages++;
    return mmap(NULL, size, protection, flags | MAP_ANONYMOUS, -1, 0);
}

/* The file stays open behind close() while a page is mapped. */
static int fake_munmap(void *context, void *address, size_t size)
{
    struct fake_vhost *fake = context;

    fake_vhost_log(fake, fake->fd < 0 ? "munmap-after-close" : "munmap");
    fake->mapped_pages--;
    return munmap(address, size);
}

/* Whatever is wrong with a whole message, the caller learns only EFAULT. */
static ssize_t fake_write(void *context, int fd, const void *bytes, size_t size)
{
    struct fake_vhost *fake = context;
    int injected = injected_error(fake);
    int error;

    if (fake->fd < 0 || fd != fake->fd)
        return result(-EBADF);
    if (size < 40)
        return result(-EINVAL);
    error = fake_vhost_do_message(fake, bytes, size, injected);
    fake->write_error = -error;
    return error ? result(-EFAULT) : (ssize_t)sizeof(struct vhost_msg_v2);
}

/* A symbolic link to the device is the device, as in /proc/<pid>/fd. */
static bool is_device(const char *path)
{
    char target[PATH_MAX];
    ssize_t length = readlink(path, target, sizeof(target) - 1);

    if (length < 0)
        return strcmp(path, FAKE_VHOST_PATH) == 0;
    target[length] = '\0';
    return strcmp(target, FAKE_VHOST_PATH) == 0;
}

static int fake_stat(void *context, const char *path, struct stat *status)
{
    const struct fake_vhost *fake = context;

    if (!is_device(path))
        return stat(path, status);
    *status = (struct stat){.st_mode = S_IFCHR | 0600,
                            .st_nlink = fake->node_is_deleted ? 0 : 1};
    status->st_rdev = FAKE_DEVICE_ID;
    return 0;
}

static int fake_get_memlock(void *context, struct rlimit *limit)
{
    const struct fake_vhost *fake = context;

    *limit = fake->memlock;
    return 0;
}

static int fake_set_memlock(void *context, const struct rlimit *limit)
{
    struct fake_vhost *fake = context;

    if (limit->rlim_cur > limit->rlim_max)
        return result(-EINVAL);
    if (limit->rlim_max > fake->memlock.rlim_max && !fake->may_raise_hard_limit)
        return result(-EPERM);
    fake->memlock = *limit;
    return 0;
}

void fake_vhost_forget(struct fake_vhost *fake, unsigned long request)
{
    unsigned number = _IOC_NR(request);

    fake->missing[number / 64] |= BIT64(number % 64);
}

/* All that came after the first release with vhost-vdpa. */
static void forget_since_2020(struct fake_vhost *fake)
{
    static const unsigned long later[] = {
        VHOST_SET_BACKEND_FEATURES, VHOST_GET_BACKEND_FEATURES,
        VHOST_VDPA_SET_CONFIG_CALL, VHOST_VDPA_GET_IOVA_RANGE,
        VHOST_VDPA_GET_CONFIG_SIZE, VHOST_VDPA_GET_AS_NUM,
        VHOST_VDPA_GET_VRING_GROUP, VHOST_VDPA_SET_GROUP_ASID,
        VHOST_VDPA_GET_VQS_COUNT,   VHOST_VDPA_GET_GROUP_NUM,
        VHOST_VDPA_GET_VRING_SIZE,  VHOST_VDPA_SUSPEND,
        VHOST_VDPA_RESUME,
    };

    for (size_t i = 0; i < ARRAY_SIZE(later); i++)
        fake_vhost_forget(fake, later[i]);
}

void fake_vhost_init(struct fake_vhost *fake,
                     const struct fake_vhost_profile *profile)
{
    *fake = (struct fake_vhost){
        .syscalls =
            {
                .context = fake,
                .open = fake_open,
                .close = fake_close,
                .ioctl = fake_ioctl,
                .mmap = fake_mmap,
                .munmap = fake_munmap,
                .write = fake_write,
                .stat = fake_stat,
                .get_memlock = fake_get_memlock,
                .set_memlock = fake_set_memlock,
                .dev_dir = "/nonexistent",
                .proc_dir = "/nonexistent",
                .sys_dir = "/nonexistent",
            },
        .profile = *profile,
        .fail_error = EIO,
        .memlock = {RLIM_INFINITY, RLIM_INFINITY},
        .fd = -1,
    };
    for (unsigned i = 0; i < FAKE_VHOST_MAX_QUEUES; i++)
        fake->queues[i].kick_fd = -1;
    for (uint8_t i = 0; i < FAKE_VHOST_CONFIG_SIZE; i++)
        fake->config[i] = i;
    if (profile->is_2020)
        forget_since_2020(fake);
    fake_vhost_reset(fake);
}

void fake_vhost_destroy(struct fake_vhost *fake)
{
    if (fake->fd >= 0)
        (void)close(fake->fd);
    fake->fd = -1;
}
