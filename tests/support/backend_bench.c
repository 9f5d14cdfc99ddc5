/* SPDX-License-Identifier: BSD-2-Clause */
/* backend_bench.c: any backend, with memory and eventfds to give to it. */
#include "tests/support/backend_bench.h"

#include "tests/support/echo_port.h"
#include "vdpa/absent_device.h"
#include "vdpa/soft_block.h"
#include "vdpa/soft_console.h"
#include "vdpa/soft_net.h"
#include "vdpa/vhost_vdpa.h"
#include "vmm/bytes.h"

#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define BIT64(bit) (1ULL << (bit))

static int open_fake(struct bench *bench, const void *unused)
{
    (void)unused;
    fake_backend_init(&bench->fake);
    bench->backend = &bench->fake.backend;
    return 0;
}

static int open_vhost(struct bench *bench, const void *profile)
{
    fake_vhost_init(&bench->vhost, profile);
    return vhost_vdpa_open(FAKE_VHOST_PATH, &bench->vhost.syscalls,
                           &bench->backend);
}

static int open_soft_net(struct bench *bench, const void *unused)
{
    const struct soft_net_options options = {
        .name = "soft_net",
        .mac = {0x52, 0x54, 0, 0x12, 0x34, 0x56},
        .mtu = SOFT_NET_DEFAULT_MTU,
    };

    (void)unused;
    return soft_net_open(&options, echo_port_open(), &bench->backend);
}

static int open_soft_block(struct bench *bench, const void *unused)
{
    static char path[64]; /* borrowed until the device is closed */
    const struct disk_image_options options = {.path = path};
    int fd = memfd_create("disk", MFD_CLOEXEC), error;

    (void)unused;
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    ck_assert_int_eq(ftruncate(fd, 1 << 20), 0);
    error = soft_block_open(&options, &bench->backend);
    (void)close(fd);
    return error;
}

/* Nothing here moves data, and no port has any. */
static int open_soft_console(struct bench *bench, const void *unused)
{
    static const struct soft_console_port_options ports[] = {
        {"first", -1, -1},
        {"second", -1, -1},
    };
    static const struct soft_console_client client = {.received = NULL};
    const struct soft_console_options options = {
        .name = "soft_console",
        .ports = ports,
        .num_ports = ARRAY_SIZE(ports),
        .client = &client,
    };

    (void)unused;
    return soft_console_open(&options, &bench->backend);
}

static int open_absent(struct bench *bench, const void *unused)
{
    int error = event_loop_init(&bench->loop);

    (void)unused;
    fake_backend_init(&bench->fake);
    if (!error)
        error = absent_device_open(&bench->fake.backend, &bench->loop,
                                   &bench->backend);
    return error;
}

static const char *real_device(void)
{
    return getenv("VMM_VHOST_VDPA");
}

static int open_real(struct bench *bench, const void *unused)
{
    (void)unused;
    return vhost_vdpa_open(real_device(), &vhost_host_syscalls,
                           &bench->backend);
}

/* Small enough for any device, and for rings of a page. */
#define TEST_QUEUE_SIZE 64

static const struct subject {
    const char *name;
    int (*open)(struct bench *bench, const void *argument);
    const void *argument;
} subjects[] = {
    {"fake_backend", open_fake, NULL},
    {"vhost on sim", open_vhost, &fake_vhost_sim},
    {"vhost on sim without IOTLB_PERSIST", open_vhost, &fake_vhost_sim_forgets},
    {"vhost on sim without RESUME", open_vhost, &fake_vhost_sim_stays},
    {"vhost on vp_vdpa", open_vhost, &fake_vhost_vp_vdpa},
    {"vhost on VDUSE", open_vhost, &fake_vhost_vduse},
    {"vhost on Linux 5.7", open_vhost, &fake_vhost_2020},
    {"soft_net", open_soft_net, NULL},
    {"soft_block", open_soft_block, NULL},
    {"soft_console", open_soft_console, NULL},
    {"absent_device", open_absent, NULL},
    {"real device", open_real, NULL}, /* last: left out when there is none */
};

int bench_count(void)
{
    return (int)ARRAY_SIZE(subjects) - (bench_has_real_device() ? 0 : 1);
}

bool bench_has_real_device(void)
{
    return real_device() != NULL;
}

void bench_claim_result(const struct bench *bench, int result, int expected,
                        const char *call)
{
    ck_assert_msg(result == expected, "%s: %s is %d (%s), not %d", bench->name,
                  call, result, strerror(-result), expected);
}

static uint8_t *make_memory(void)
{
    int fd = memfd_create("guest memory", MFD_CLOEXEC);
    uint8_t *memory;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, BENCH_MEMORY_SIZE), 0);
    memory = mmap(NULL, BENCH_MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                  fd, 0);
    ck_assert_ptr_ne(memory, MAP_FAILED);
    ck_assert_int_eq(close(fd), 0);
    return memory;
}

struct bench *bench_open(int index)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    ck_assert_ptr_nonnull(bench);
    bench->loop.epoll_fd = bench->loop.wake_fd = -1;
    log_capture_start(&bench->capture);
    bench->name = subjects[index].name;
    ck_assert_msg(subjects[index].open(bench, subjects[index].argument) == 0,
                  "%s: does not open: %s", bench->name, bench->capture.last);
    bench->ops = bench->backend->ops;
    CLAIM_RESULT(bench, bench->ops->identify(bench->backend, &bench->identity),
                 0);
    bench->memory = make_memory();
    for (unsigned i = 0; i < BENCH_MAX_QUEUES; i++) {
        bench->kick_fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        bench->call_fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    }
    return bench;
}

void bench_close(struct bench *bench)
{
    bench->ops->close(bench->backend);
    event_loop_destroy(&bench->loop);
    CLAIM(bench, bench->fake.violation[0] == '\0');
    for (unsigned i = 0; i < BENCH_MAX_QUEUES; i++) {
        (void)close(bench->kick_fds[i]);
        (void)close(bench->call_fds[i]);
    }
    munmap(bench->memory, BENCH_MEMORY_SIZE);
    log_capture_stop();
    free(bench);
}

struct vdpa_mapping bench_pages(const struct bench *bench, uint64_t first,
                                uint64_t count)
{
    return (struct vdpa_mapping){
        .iova = align_up(bench->identity.first_iova, BENCH_PAGE) +
                first * BENCH_PAGE,
        .size = count * BENCH_PAGE,
        .host = bench->memory + first * BENCH_PAGE,
    };
}

int bench_map(const struct bench *bench, struct vdpa_mapping mapping)
{
    return bench->ops->map(bench->backend, &mapping, 1);
}

int bench_unmap(const struct bench *bench, struct vdpa_mapping mapping)
{
    return bench->ops->unmap(bench->backend, &mapping, 1);
}

int bench_set_status(const struct bench *bench, unsigned status)
{
    return bench->ops->set_status(bench->backend, (uint8_t)status);
}

unsigned bench_status(const struct bench *bench)
{
    uint8_t status = 0xff;

    CLAIM_RESULT(bench, bench->ops->get_status(bench->backend, &status), 0);
    return status;
}

uint64_t bench_offered(const struct bench *bench)
{
    uint64_t features = 0;

    CLAIM_RESULT(bench, bench->ops->get_features(bench->backend, &features), 0);
    return features;
}

uint64_t bench_basic_features(const struct bench *bench)
{
    uint64_t basic =
        BIT64(VIRTIO_F_VERSION_1) | BIT64(VIRTIO_F_ACCESS_PLATFORM);

    /* A stand-in tells by the link that it is one. */
    if (bench->identity.device_id == VIRTIO_ID_NET)
        basic |= BIT64(VIRTIO_NET_F_STATUS);
    return bench_offered(bench) & basic;
}

int bench_set_features(const struct bench *bench, uint64_t features)
{
    return bench->ops->set_features(bench->backend, features);
}

void bench_negotiate(const struct bench *bench)
{
    CLAIM_RESULT(bench, bench_set_status(bench, VIRTIO_CONFIG_S_ACKNOWLEDGE),
                 0);
    CLAIM_RESULT(bench, bench_set_status(bench, BENCH_ACKNOWLEDGED), 0);
    CLAIM_RESULT(bench, bench_set_features(bench, bench_basic_features(bench)),
                 0);
    CLAIM_RESULT(bench, bench_set_status(bench, BENCH_NEGOTIATED), 0);
    CLAIM(bench, bench_status(bench) == BENCH_NEGOTIATED);
}

static uint16_t queue_size_of(const struct bench *bench, uint16_t index)
{
    uint16_t size = 0;

    CLAIM_RESULT(
        bench, bench->ops->get_queue_max_size(bench->backend, index, &size), 0);
    return size < TEST_QUEUE_SIZE ? size : TEST_QUEUE_SIZE;
}

struct vdpa_queue bench_queue(const struct bench *bench, uint16_t index)
{
    uint64_t iova = bench_pages(bench, 3ULL * index, 1).iova;

    return (struct vdpa_queue){
        .size = queue_size_of(bench, index),
        .desc_iova = iova,
        .driver_iova = iova + BENCH_PAGE,
        .device_iova = iova + 2 * BENCH_PAGE,
        .kick_fd = bench->kick_fds[index],
        .call_fd = bench->call_fds[index],
    };
}

int bench_set_queue(const struct bench *bench, uint16_t index,
                    struct vdpa_queue queue)
{
    return bench->ops->set_queue(bench->backend, index, &queue);
}

void bench_bring_up(const struct bench *bench)
{
    bench_negotiate(bench);
    for (uint16_t i = 0; i < bench->identity.num_queues && i < BENCH_MAX_QUEUES;
         i++) {
        CLAIM_RESULT(bench, bench_set_queue(bench, i, bench_queue(bench, i)),
                     0);
        CLAIM_RESULT(bench, bench->ops->enable_queue(bench->backend, i, true),
                     0);
    }
    CLAIM_RESULT(bench, bench_set_status(bench, BENCH_RUNNING), 0);
    CLAIM(bench, bench_status(bench) == BENCH_RUNNING);
}
