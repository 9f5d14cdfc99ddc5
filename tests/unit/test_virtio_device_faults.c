/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_virtio_device_faults.c: what befalls a device behind its guest's back,
 * and what its guest sees of it.
 */
#include "devices/virtio_device.h"
#include "devices/virtio_watch.h"
#include "tests/support/check_main.h"
#include "tests/support/fake_backend.h"
#include "tests/support/log_capture.h"
#include "tests/support/loop_steps.h"
#include "tests/support/sleep_ms.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define BIT64(bit)    (UINT64_C(1) << (bit))
#define DRIVER        (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER)
#define NEGOTIATED    (DRIVER | VIRTIO_CONFIG_S_FEATURES_OK)
#define RUNNING       (NEGOTIATED | VIRTIO_CONFIG_S_DRIVER_OK)
#define NEEDS_RESET   VIRTIO_CONFIG_S_NEEDS_RESET
#define STATUS_OFFSET offsetof(struct virtio_net_config, status)
#define GUEST_BITS    (BIT64(VIRTIO_F_VERSION_1) | BIT64(VIRTIO_NET_F_STATUS))
/* A thread is given this long to do something. */
#define PATIENCE_MS 5000U

static struct fake_backend fake, stand_in;
static struct virtio_device device;
static struct virtio_watch watch;
static struct guest_memory memory;
static struct event_loop loop;
static struct log_capture capture;
static int call_fd, config_fd;
static char runs[64];

static void note_running(void *owner, bool running)
{
    size_t used = strlen(runs);

    (void)owner;
    (void)snprintf(runs + used, sizeof(runs) - used, running ? "+" : "-");
}

static void setup(void)
{
    const struct virtio_device_options options = {.queue_pairs = 0};
    const struct guest_memory_range range = {.size = MIB};

    log_capture_start(&capture);
    runs[0] = '\0';
    ck_assert_int_eq(guest_memory_init(&memory, &range, 1, 0), 0);
    ck_assert_int_eq(event_loop_init(&loop), 0);
    call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    config_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    fake_backend_init(&fake);
    fake_backend_init(&stand_in);
    stand_in.config[STATUS_OFFSET] = 0;
    ck_assert_int_eq(
        virtio_device_init(&device, &fake.backend, &options, &memory, &loop),
        0);
    for (unsigned i = 0; i < device.num_queues; i++)
        virtio_device_connect_queue(&device, i, call_fd);
    ck_assert_int_eq(virtio_device_connect_config(&device, config_fd), 0);
    device.running_changed = note_running;
}

static void teardown(void)
{
    virtio_device_destroy(&device);
    virtio_watch_destroy(&watch);
    virtio_watch_destroy(&watch); /* may be called twice */
    ck_assert_str_eq(fake_backend_violation(&fake), "");
    ck_assert_str_eq(fake_backend_violation(&stand_in), "");
    ck_assert(fake.is_closed);
    close(call_fd);
    close(config_fd);
    event_loop_destroy(&loop);
    guest_memory_destroy(&memory);
    log_capture_stop();
}

static void set_status(unsigned status)
{
    virtio_device_set_status(&device, (uint8_t)status);
}

static unsigned get_status(void)
{
    return virtio_device_get_status(&device);
}

static void negotiate(uint64_t features)
{
    set_status(0);
    set_status(DRIVER);
    virtio_device_accept(&device, 0, (uint32_t)features);
    virtio_device_accept(&device, 1, (uint32_t)(features >> 32));
    set_status(NEGOTIATED);
}

/* With queues 0 and 1. */
static void bring_up(uint64_t features)
{
    negotiate(features);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t gpa = UINT64_C(0x10000) * (1 + i);

        virtio_device_set_queue(&device, i, VIRTIO_QUEUE_SIZE, 128);
        virtio_device_set_queue(&device, i, VIRTIO_QUEUE_DESC, gpa);
        virtio_device_set_queue(&device, i, VIRTIO_QUEUE_DRIVER, gpa + 0x2000);
        virtio_device_set_queue(&device, i, VIRTIO_QUEUE_DEVICE, gpa + 0x4000);
        virtio_device_set_queue(&device, i, VIRTIO_QUEUE_ENABLE, 1);
    }
    set_status(RUNNING);
}

static uint64_t take(int eventfd)
{
    eventfd_t count = 0;

    return eventfd_read(eventfd, &count) == 0 ? count : 0;
}

static unsigned link_status(void)
{
    return (unsigned)virtio_device_read_config(&device, STATUS_OFFSET, 2);
}

/* ---- Status -------------------------------------------------------------- */

START_TEST(a_device_that_says_nothing_is_found_to_need_a_reset)
{
    bring_up(GUEST_BITS);
    virtio_device_check(&device);
    ck_assert_uint_eq(take(config_fd), 0);
    fake.status |= NEEDS_RESET;
    virtio_device_check(&device);
    ck_assert_uint_eq(take(config_fd), 1);
    ck_assert_uint_eq(get_status(), RUNNING | NEEDS_RESET);
    ck_assert_ptr_nonnull(strstr(capture.last, "asks for a reset"));
}
END_TEST

START_TEST(a_device_that_stopped_is_found_to_have_stopped)
{
    bring_up(GUEST_BITS);
    fake.status &= (uint8_t)~VIRTIO_CONFIG_S_DRIVER_OK;
    virtio_device_check(&device);
    ck_assert_uint_eq(take(config_fd), 1);
    ck_assert_uint_eq(get_status(), RUNNING | NEEDS_RESET);
    ck_assert_ptr_nonnull(strstr(capture.last, "stopped by itself"));
}
END_TEST

START_TEST(it_is_said_once_and_again_after_a_reset)
{
    bring_up(GUEST_BITS);
    for (unsigned round = 1; round <= 3; round++) {
        fake.status |= NEEDS_RESET;
        for (unsigned i = 0; i < 4; i++) {
            virtio_device_check(&device);
            (void)get_status();
        }
        ck_assert_uint_eq(capture.lines, round);
        ck_assert_uint_eq(take(config_fd), 1);
        bring_up(GUEST_BITS);
        ck_assert_uint_eq(get_status(), RUNNING);
    }
}
END_TEST

START_TEST(a_device_that_does_not_run_is_not_asked)
{
    negotiate(GUEST_BITS);
    fake_backend_clear_log(&fake);
    virtio_device_check(&device);
    ck_assert_str_eq(fake.log, "");
}
END_TEST

START_TEST(a_status_that_cannot_be_read_says_nothing)
{
    bring_up(GUEST_BITS);
    fake_backend_fail_call(&fake, "get_status", -EIO);
    virtio_device_check(&device);
    ck_assert_uint_eq(take(config_fd), 0);
    ck_assert_uint_eq(get_status(), RUNNING);
}
END_TEST

/* ---- Replacement --------------------------------------------------------- */

static int open_stand_in(void *owner, struct vdpa_backend *gone,
                         struct vdpa_backend **backend)
{
    ck_assert_ptr_eq(owner, &stand_in);
    ck_assert_ptr_eq(gone, &fake.backend);
    ck_assert(!fake.is_closed);
    *backend = &stand_in.backend;
    return 0;
}

static void replace(void)
{
    ck_assert_int_eq(virtio_device_replace(&device, open_stand_in, &stand_in),
                     0);
    ck_assert(fake.is_closed);
}

START_TEST(a_running_device_goes_on_with_another_backend)
{
    bring_up(GUEST_BITS);
    ck_assert_uint_eq(link_status(), VIRTIO_NET_S_LINK_UP);
    replace();
    ck_assert_str_eq(runs, "+-");
    ck_assert_str_eq(stand_in.log,
                     "identify map(0,0x100000) set_status(3) "
                     "set_features(0x300010000) set_status(11) "
                     "set_queue(0,128) enable_queue(0,1) "
                     "set_queue(1,128) enable_queue(1,1) set_config_call "
                     "set_status(15) get_status");
    ck_assert_uint_eq(take(config_fd), 1);
    ck_assert_uint_eq(link_status(), 0);
    ck_assert_uint_eq(get_status(), RUNNING);
    ck_assert_uint_eq(stand_in.queues[1].set.desc_iova, 0x20000);
    /* What came too late for the one before. */
    ck_assert_uint_eq(fake_backend_take_kicks(&stand_in, 0), 1);
    ck_assert_str_eq(device.name, "fake");
}
END_TEST

START_TEST(a_driver_may_reset_and_start_what_was_replaced)
{
    bring_up(GUEST_BITS);
    replace();
    bring_up(GUEST_BITS);
    ck_assert_uint_eq(get_status(), RUNNING);
    ck_assert_uint_eq(stand_in.status, RUNNING);
    ck_assert_str_eq(runs, "+-+");
}
END_TEST

START_TEST(a_device_is_replaced_wherever_its_driver_is)
{
    static const struct {
        unsigned status;
        const char *log;
    } points[] = {
        {0, "identify map(0,0x100000)"},
        {VIRTIO_CONFIG_S_ACKNOWLEDGE, "identify map(0,0x100000) set_status(1)"},
        {NEGOTIATED, "identify map(0,0x100000) set_status(3) "
                     "set_features(0x300010000) set_status(11)"},
    };

    if (points[_i].status == NEGOTIATED)
        negotiate(GUEST_BITS);
    else
        set_status(points[_i].status);
    replace();
    ck_assert_str_eq(stand_in.log, points[_i].log);
    ck_assert_uint_eq(take(config_fd), 0);
    bring_up(GUEST_BITS);
    ck_assert_uint_eq(get_status(), RUNNING);
}
END_TEST

START_TEST(packed_rings_wait_for_the_driver_to_start_anew)
{
    virtio_device_destroy(&device);
    fake_backend_init(&fake);
    fake.offered |= BIT64(VIRTIO_F_RING_PACKED);
    stand_in.offered |= BIT64(VIRTIO_F_RING_PACKED);
    ck_assert_int_eq(
        virtio_device_init(&device, &fake.backend,
                           &(struct virtio_device_options){.queue_pairs = 0},
                           &memory, &loop),
        0);
    ck_assert_int_eq(virtio_device_connect_config(&device, config_fd), 0);
    bring_up(GUEST_BITS | BIT64(VIRTIO_F_RING_PACKED));
    replace();
    ck_assert_ptr_null(strstr(stand_in.log, "set_queue"));
    ck_assert_uint_eq(get_status(), RUNNING);
    bring_up(GUEST_BITS | BIT64(VIRTIO_F_RING_PACKED));
    ck_assert_ptr_nonnull(strstr(stand_in.log, "set_queue"));
}
END_TEST

START_TEST(a_stand_in_that_fails_asks_for_a_reset)
{
    static const char *const calls[] = {"map", "set_features", "set_status",
                                        "set_queue", "enable_queue"};

    bring_up(GUEST_BITS);
    fake_backend_fail_call(&stand_in, calls[_i], -EIO);
    replace();
    ck_assert_uint_ge(take(config_fd), 1);
    ck_assert_uint_eq(get_status(), RUNNING | NEEDS_RESET);
}
END_TEST

static int open_nothing(void *owner, struct vdpa_backend *gone,
                        struct vdpa_backend **backend)
{
    (void)owner;
    (void)gone;
    (void)backend;
    return -ENOMEM;
}

START_TEST(without_a_stand_in_the_device_stays)
{
    bring_up(GUEST_BITS);
    ck_assert_int_eq(virtio_device_replace(&device, open_nothing, NULL),
                     -ENOMEM);
    ck_assert(!fake.is_closed);
    ck_assert_uint_eq(get_status(), RUNNING);
    ck_assert_uint_eq(take(config_fd), 0);
}
END_TEST

/* ---- The watcher --------------------------------------------------------- */

static atomic_uint removals;

static void removed(void *owner)
{
    ck_assert_ptr_eq(owner, &watch);
    replace();
    atomic_fetch_add(&removals, 1);
}

/* A node in a folder of its own, at fake.node_fd. */
static char node_path[] = "/tmp/node-XXXXXX";

static void start_watching(void)
{
    strcpy(node_path, "/tmp/node-XXXXXX");
    fake.node_fd = mkstemp(node_path);
    ck_assert_int_ge(fake.node_fd, 0);
    atomic_store(&removals, 0);
    ck_assert_int_eq(virtio_watch_init(&watch, &device, removed, &watch), 0);
}

static void stop_watching(void)
{
    virtio_watch_stop(&watch);
    ck_assert_uint_eq(loop_serve_ready(&loop), 0);
    close(fake.node_fd);
    (void)unlink(node_path);
}

static bool happens(bool (*claim)(void))
{
    for (unsigned waited = 0; waited < PATIENCE_MS; waited += 10) {
        if (claim())
            return true;
        sleep_ms(10);
    }
    return false;
}

static bool was_removed(void)
{
    return atomic_load(&removals) > 0;
}

static bool interrupts(void)
{
    return take(config_fd) > 0;
}

static void take_away(void)
{
    pthread_mutex_lock(&device.lock);
    fake.is_removed = true;
    pthread_mutex_unlock(&device.lock);
}

START_TEST(a_device_whose_node_goes_is_replaced_at_once)
{
    bring_up(GUEST_BITS);
    start_watching();
    take_away();
    ck_assert_int_eq(unlink(node_path), 0);
    ck_assert(happens(was_removed));
    ck_assert_uint_eq(link_status(), 0);
    stop_watching();
    ck_assert_uint_eq(atomic_load(&removals), 1);
}
END_TEST

/* The kernel deletes the node a little before. */
START_TEST(a_device_that_goes_after_its_node_is_replaced_too)
{
    bring_up(GUEST_BITS);
    start_watching();
    ck_assert_int_eq(unlink(node_path), 0);
    sleep_ms(30);
    take_away();
    ck_assert(happens(was_removed));
    stop_watching();
}
END_TEST

START_TEST(a_change_of_a_node_that_stays_is_none_of_the_device)
{
    bring_up(GUEST_BITS);
    start_watching();
    ck_assert_int_eq(chmod(node_path, 0600), 0);
    sleep_ms(250);
    ck_assert(!was_removed());
    ck_assert_uint_eq(get_status(), RUNNING);
    stop_watching();
}
END_TEST

START_TEST(an_event_makes_the_watcher_look_at_the_status)
{
    bring_up(GUEST_BITS);
    start_watching();
    pthread_mutex_lock(&device.lock);
    fake_backend_break(&fake);
    pthread_mutex_unlock(&device.lock);
    ck_assert(happens(interrupts));
    stop_watching();
    ck_assert_ptr_nonnull(strstr(capture.last, "asks for a reset"));
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, a_device_that_says_nothing_is_found_to_need_a_reset);
    tcase_add_test(tcase, a_device_that_stopped_is_found_to_have_stopped);
    tcase_add_test(tcase, it_is_said_once_and_again_after_a_reset);
    tcase_add_test(tcase, a_device_that_does_not_run_is_not_asked);
    tcase_add_test(tcase, a_status_that_cannot_be_read_says_nothing);
    tcase_add_test(tcase, a_running_device_goes_on_with_another_backend);
    tcase_add_test(tcase, a_driver_may_reset_and_start_what_was_replaced);
    tcase_add_loop_test(tcase, a_device_is_replaced_wherever_its_driver_is, 0,
                        3);
    tcase_add_test(tcase, packed_rings_wait_for_the_driver_to_start_anew);
    tcase_add_loop_test(tcase, a_stand_in_that_fails_asks_for_a_reset, 0, 5);
    tcase_add_test(tcase, without_a_stand_in_the_device_stays);
    tcase_add_test(tcase, a_device_whose_node_goes_is_replaced_at_once);
    tcase_add_test(tcase, a_device_that_goes_after_its_node_is_replaced_too);
    tcase_add_test(tcase, a_change_of_a_node_that_stays_is_none_of_the_device);
    tcase_add_test(tcase, an_event_makes_the_watcher_look_at_the_status);
}

int main(void)
{
    return check_main("virtio_device_faults", add_tests);
}
