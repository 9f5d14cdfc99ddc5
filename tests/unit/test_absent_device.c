/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_absent_device.c: what stands in for a device that is gone. What it
 * shares with every backend is in the contract suite.
 */
#include "tests/support/check_main.h"
#include "tests/support/fake_backend.h"
#include "tests/support/log_capture.h"
#include "tests/support/loop_steps.h"
#include "tests/support/open_fds.h"
#include "tests/support/queue_bed.h"
#include "vdpa/absent_device.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define FEATURE(bit)  (UINT64_C(1) << (bit))
#define DRIVER        (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER)
#define NEGOTIATED    (DRIVER | VIRTIO_CONFIG_S_FEATURES_OK)
#define RUNNING       (NEGOTIATED | VIRTIO_CONFIG_S_DRIVER_OK)
#define CONTROL_QUEUE 2
#define ACK_IOVA      (QUEUE_BED_DATA + 256)

static struct fake_backend gone;
static struct event_loop loop;
static struct log_capture capture;
static struct vdpa_backend *absent;
static struct queue_bed bed;
static int kick_fd, call_fd;

static void open_absent(void)
{
    ck_assert_int_eq(absent_device_open(&gone.backend, &loop, &absent), 0);
}

static void setup(void)
{
    log_capture_start(&capture);
    ck_assert_int_eq(event_loop_init(&loop), 0);
    fake_backend_init(&gone);
    kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

static void teardown(void)
{
    absent->ops->close(absent);
    ck_assert_str_eq(fake_backend_violation(&gone), "");
    close(kick_fd);
    close(call_fd);
    event_loop_destroy(&loop);
    log_capture_stop();
}

static unsigned get_status(void)
{
    uint8_t status = 0xff;

    ck_assert_int_eq(absent->ops->get_status(absent, &status), 0);
    return status;
}

static int set_status(unsigned status)
{
    return absent->ops->set_status(absent, (uint8_t)status);
}

static void negotiate(uint64_t features)
{
    ck_assert_int_eq(set_status(DRIVER), 0);
    ck_assert_int_eq(absent->ops->set_features(
                         absent, features | FEATURE(VIRTIO_F_ACCESS_PLATFORM)),
                     0);
    ck_assert_int_eq(set_status(NEGOTIATED), 0);
}

static uint64_t take(int eventfd)
{
    eventfd_t count = 0;

    return eventfd_read(eventfd, &count) == 0 ? count : 0;
}

/* ---- What a driver sees -------------------------------------------------- */

START_TEST(it_is_the_device_of_before_without_a_link)
{
    struct virtio_net_config before, after;
    struct vdpa_identity identity;
    uint64_t features = 0;
    uint16_t size = 0;

    gone.queues[1].max_size = 64;
    open_absent();
    ck_assert_str_eq(absent->name, gone.backend.name);
    ck_assert_int_eq(absent->ops->identify(absent, &identity), 0);
    ck_assert_uint_eq(identity.device_id, gone.identity.device_id);
    ck_assert_uint_eq(identity.config_size, gone.identity.config_size);
    ck_assert_uint_eq(identity.num_queues, gone.identity.num_queues);
    ck_assert_uint_eq(identity.last_iova, gone.identity.last_iova);
    ck_assert_int_eq(absent->ops->get_features(absent, &features), 0);
    ck_assert_uint_eq(features, gone.offered);
    ck_assert_int_eq(absent->ops->get_queue_max_size(absent, 1, &size), 0);
    ck_assert_uint_eq(size, 64);
    memcpy(&before, gone.config, sizeof(before));
    ck_assert_int_eq(absent->ops->get_config(absent, 0, &after, sizeof(after)),
                     0);
    ck_assert_uint_eq(load_le16(&before.status), VIRTIO_NET_S_LINK_UP);
    ck_assert_uint_eq(load_le16(&after.status), 0);
    after.status = before.status;
    ck_assert_int_eq(memcmp(&before, &after, sizeof(before)), 0);
}
END_TEST

START_TEST(nobody_can_write_its_configuration)
{
    const uint8_t up = VIRTIO_NET_S_LINK_UP;
    uint8_t status = 0xff;

    open_absent();
    ck_assert_int_eq(absent->ops->set_config(absent, 6, &up, 1), 0);
    ck_assert_int_eq(absent->ops->get_config(absent, 6, &status, 1), 0);
    ck_assert_uint_eq(status, 0);
}
END_TEST

START_TEST(a_short_configuration_has_no_link_to_take_down)
{
    uint8_t bytes[7];

    gone.identity.config_size = sizeof(bytes);
    open_absent();
    ck_assert_int_eq(absent->ops->get_config(absent, 0, bytes, sizeof(bytes)),
                     0);
    ck_assert_int_eq(memcmp(bytes, gone.config, sizeof(bytes)), 0);
}
END_TEST

START_TEST(it_runs_quietly_for_a_driver_that_looks_at_the_link)
{
    open_absent();
    negotiate(FEATURE(VIRTIO_F_VERSION_1) | FEATURE(VIRTIO_NET_F_STATUS));
    ck_assert_int_eq(set_status(RUNNING), 0);
    ck_assert_uint_eq(get_status(), RUNNING);
}
END_TEST

START_TEST(it_needs_a_reset_for_a_driver_that_does_not)
{
    open_absent();
    negotiate(FEATURE(VIRTIO_F_VERSION_1));
    ck_assert_uint_eq(get_status(), NEGOTIATED);
    ck_assert_int_eq(set_status(RUNNING), 0);
    ck_assert_uint_eq(get_status(), RUNNING | VIRTIO_CONFIG_S_NEEDS_RESET);
    ck_assert_int_eq(set_status(0), 0);
    ck_assert_uint_eq(get_status(), 0);
}
END_TEST

START_TEST(another_type_than_network_starts_once_but_not_again)
{
    gone.identity.device_id = VIRTIO_ID_BLOCK;
    open_absent();
    negotiate(FEATURE(VIRTIO_F_VERSION_1));
    ck_assert_int_eq(set_status(RUNNING), 0);
    ck_assert_uint_eq(get_status(), RUNNING | VIRTIO_CONFIG_S_NEEDS_RESET);
    ck_assert_int_eq(set_status(0), 0);
    ck_assert_int_eq(set_status(DRIVER), 0);
    ck_assert_int_eq(absent->ops->set_features(
                         absent, FEATURE(VIRTIO_F_VERSION_1) |
                                     FEATURE(VIRTIO_F_ACCESS_PLATFORM)),
                     0);
    ck_assert_int_eq(set_status(NEGOTIATED), 0);
    ck_assert_uint_eq(get_status(), DRIVER);
}
END_TEST

START_TEST(what_it_cannot_learn_fails_and_leaves_nothing)
{
    static const char *const calls[] = {"identify", "get_features",
                                        "get_queue_max_size", "get_config"};
    unsigned fds = count_open_fds();

    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        fake_backend_fail_call(&gone, calls[i], -EIO);
        ck_assert_int_eq(absent_device_open(&gone.backend, &loop, &absent),
                         -EIO);
    }
    ck_assert_uint_eq(count_open_fds(), fds);
    open_absent();
}
END_TEST

/* ---- The control queue --------------------------------------------------- */

/* A driver with a control queue, of that variation, at DRIVER_OK. */
static void start_control(int variation)
{
    struct driver_ring_setup ring = queue_bed_setup(variation, 16);
    struct vdpa_queue queue;

    queue_bed_open(&bed, ring);
    gone.offered |= driver_ring_features(&bed.driver);
    open_absent();
    ck_assert_int_eq(absent->ops->map(absent, bed.map.mappings, bed.map.count),
                     0);
    negotiate(driver_ring_features(&bed.driver) | FEATURE(VIRTIO_NET_F_STATUS) |
              FEATURE(VIRTIO_NET_F_CTRL_VQ));
    queue = driver_ring_queue(&bed.driver);
    queue.kick_fd = kick_fd;
    queue.call_fd = call_fd;
    queue.position = vdpa_queue_start(ring.packed);
    ck_assert_int_eq(absent->ops->set_queue(absent, CONTROL_QUEUE, &queue), 0);
    ck_assert_int_eq(absent->ops->enable_queue(absent, CONTROL_QUEUE, true), 0);
    ck_assert_int_eq(set_status(RUNNING), 0);
}

/* Two bytes of header, one of data, one for the answer. */
static void add_command(uint64_t token)
{
    const struct driver_piece pieces[] = {
        {.iova = QUEUE_BED_DATA, .length = 2},
        {.iova = QUEUE_BED_DATA + 16, .length = 1},
        {.iova = ACK_IOVA, .length = 1, .writable = true},
    };

    *queue_bed_at(&bed, ACK_IOVA) = 0xee;
    ck_assert(driver_ring_add(&bed.driver, pieces, 3, token));
}

static void collect_refusal(uint64_t token)
{
    struct driver_used used = {.token = 0};

    ck_assert(driver_ring_collect(&bed.driver, &used));
    ck_assert_uint_eq(used.token, token);
    ck_assert_uint_eq(used.written, 1);
    ck_assert_uint_eq(*queue_bed_at(&bed, ACK_IOVA), VIRTIO_NET_ERR);
}

START_TEST(a_command_is_answered_with_an_error)
{
    start_control(_i);
    for (uint64_t token = 1; token < 40; token++) {
        driver_ring_want_signals(&bed.driver, true);
        add_command(token);
        ck_assert(driver_ring_should_kick(&bed.driver));
        ck_assert_int_eq(eventfd_write(kick_fd, 1), 0);
        ck_assert_uint_ge(loop_serve_ready(&loop), 1);
        collect_refusal(token);
        ck_assert_uint_eq(take(call_fd), 1);
    }
    queue_bed_close(&bed);
}
END_TEST

/* As when the device went with a command half-way. */
START_TEST(a_command_from_before_is_answered_where_the_split_ring_stands)
{
    struct driver_ring_setup ring = queue_bed_setup(0, 16);
    struct vdpa_queue queue;

    queue_bed_open(&bed, ring);
    queue_bed_add(&bed, 1);
    queue_bed_use(&bed);
    queue_bed_collect(&bed, 1);
    add_command(2);
    queue_bed_take(&bed); /* and never returned */
    open_absent();
    ck_assert_int_eq(absent->ops->map(absent, bed.map.mappings, bed.map.count),
                     0);
    negotiate(FEATURE(VIRTIO_F_VERSION_1) | FEATURE(VIRTIO_NET_F_CTRL_VQ));
    queue = driver_ring_queue(&bed.driver);
    queue.kick_fd = kick_fd;
    queue.call_fd = call_fd;
    ck_assert_int_eq(absent->ops->set_queue(absent, CONTROL_QUEUE, &queue), 0);
    ck_assert_int_eq(absent->ops->enable_queue(absent, CONTROL_QUEUE, true), 0);
    ck_assert_int_eq(set_status(RUNNING), 0);
    ck_assert_int_eq(eventfd_write(kick_fd, 1), 0);
    loop_serve_ready(&loop);
    collect_refusal(2);
    queue_bed_close(&bed);
}
END_TEST

START_TEST(a_command_without_room_for_an_answer_comes_back)
{
    struct driver_used used = {.token = 0};

    start_control(0);
    queue_bed_add(&bed, 7);
    ck_assert_int_eq(eventfd_write(kick_fd, 1), 0);
    loop_serve_ready(&loop);
    ck_assert(driver_ring_collect(&bed.driver, &used));
    ck_assert_uint_eq(used.token, 7);
    ck_assert_uint_eq(used.written, 0);
    queue_bed_close(&bed);
}
END_TEST

START_TEST(after_a_reset_the_ring_is_not_touched)
{
    struct driver_used used;

    start_control(0);
    ck_assert_int_eq(set_status(0), 0);
    add_command(1);
    ck_assert_int_eq(eventfd_write(kick_fd, 1), 0);
    ck_assert_uint_eq(loop_serve_ready(&loop), 0);
    ck_assert(!driver_ring_collect(&bed.driver, &used));
    ck_assert_uint_eq(take(kick_fd), 1);
    queue_bed_close(&bed);
}
END_TEST

/* Hostile: a ring with nonsense in it neither crashes nor keeps the thread. */
START_TEST(a_broken_ring_is_left_alone)
{
    uint16_t index = htole16(1000);

    start_control(0);
    memcpy(bed.driver.driver + 2, &index, sizeof(index));
    ck_assert_int_eq(eventfd_write(kick_fd, 1), 0);
    ck_assert_uint_eq(loop_serve_ready(&loop), 1);
    ck_assert_uint_eq(take(call_fd), 0);
    queue_bed_close(&bed);
}
END_TEST

START_TEST(with_many_queue_pairs_the_control_queue_is_behind_them)
{
    struct driver_ring_setup ring = queue_bed_setup(0, 16);
    struct vdpa_queue queue;

    gone.identity.num_queues = 5;
    gone.config[8] = 2; /* max_virtqueue_pairs */
    gone.offered |= FEATURE(VIRTIO_NET_F_MQ);
    queue_bed_open(&bed, ring);
    open_absent();
    ck_assert_int_eq(absent->ops->map(absent, bed.map.mappings, bed.map.count),
                     0);
    negotiate(FEATURE(VIRTIO_F_VERSION_1) | FEATURE(VIRTIO_NET_F_CTRL_VQ) |
              FEATURE(VIRTIO_NET_F_MQ));
    queue = driver_ring_queue(&bed.driver);
    queue.kick_fd = kick_fd;
    queue.call_fd = call_fd;
    ck_assert_int_eq(absent->ops->set_queue(absent, 4, &queue), 0);
    ck_assert_int_eq(absent->ops->enable_queue(absent, 4, true), 0);
    ck_assert_int_eq(set_status(RUNNING), 0);
    add_command(1);
    ck_assert_int_eq(eventfd_write(kick_fd, 1), 0);
    loop_serve_ready(&loop);
    collect_refusal(1);
    queue_bed_close(&bed);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, it_is_the_device_of_before_without_a_link);
    tcase_add_test(tcase, nobody_can_write_its_configuration);
    tcase_add_test(tcase, a_short_configuration_has_no_link_to_take_down);
    tcase_add_test(tcase, it_runs_quietly_for_a_driver_that_looks_at_the_link);
    tcase_add_test(tcase, it_needs_a_reset_for_a_driver_that_does_not);
    tcase_add_test(tcase, another_type_than_network_starts_once_but_not_again);
    tcase_add_test(tcase, what_it_cannot_learn_fails_and_leaves_nothing);
    tcase_add_loop_test(tcase, a_command_is_answered_with_an_error, 0,
                        QUEUE_BED_VARIATIONS);
    tcase_add_test(
        tcase, a_command_from_before_is_answered_where_the_split_ring_stands);
    tcase_add_test(tcase, a_command_without_room_for_an_answer_comes_back);
    tcase_add_test(tcase, after_a_reset_the_ring_is_not_touched);
    tcase_add_test(tcase, a_broken_ring_is_left_alone);
    tcase_add_test(tcase,
                   with_many_queue_pairs_the_control_queue_is_behind_them);
}

int main(void)
{
    return check_main("absent_device", add_tests);
}
