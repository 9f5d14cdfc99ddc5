/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_virtio_device.c: what a driver does to a device, and what the backend
 * hears of it.
 */
#include "devices/virtio_device.h"
#include "tests/support/check_main.h"
#include "tests/support/fake_backend.h"
#include "tests/support/log_capture.h"
#include "tests/support/loop_steps.h"
#include "tests/support/open_fds.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BIT64(bit)   (UINT64_C(1) << (bit))
#define ACKNOWLEDGE  VIRTIO_CONFIG_S_ACKNOWLEDGE
#define DRIVER       (ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER)
#define NEGOTIATED   (DRIVER | VIRTIO_CONFIG_S_FEATURES_OK)
#define RUNNING      (NEGOTIATED | VIRTIO_CONFIG_S_DRIVER_OK)
#define NEEDS_RESET  VIRTIO_CONFIG_S_NEEDS_RESET
#define FAILED       VIRTIO_CONFIG_S_FAILED
#define MAX_QUEUES   3U
#define LOW_SIZE     MIB
#define QUEUE_GPA(i) (UINT64_C(0x10000) * (1U + (i)))
#define GUEST_BITS                                                             \
    (BIT64(VIRTIO_F_VERSION_1) | BIT64(VIRTIO_NET_F_MAC) |                     \
     BIT64(VIRTIO_NET_F_STATUS))

static struct fake_backend fake;
static struct virtio_device device;
static struct virtio_device_options options;
static struct guest_memory memory;
static struct event_loop loop;
static struct log_capture capture;
static int call_fds[MAX_QUEUES], config_fd;
static unsigned fds_before;
static char runs[64];

static void note_running(void *owner, bool running)
{
    size_t used = strlen(runs);

    ck_assert_ptr_eq(owner, &device);
    /* Told before the device may move data, and after it may not. */
    if (running)
        ck_assert_uint_eq(fake.status & VIRTIO_CONFIG_S_DRIVER_OK, 0);
    (void)snprintf(runs + used, sizeof(runs) - used, running ? "+" : "-");
}

static int make_device(void)
{
    int error =
        virtio_device_init(&device, &fake.backend, &options, &memory, &loop);

    if (error)
        return error;
    for (unsigned i = 0; i < device.num_queues && i < MAX_QUEUES; i++)
        virtio_device_connect_queue(&device, i, call_fds[i]);
    device.running_changed = note_running;
    device.owner = &device;
    return virtio_device_connect_config(&device, config_fd);
}

static void make_surroundings(void)
{
    const struct guest_memory_range ranges[] = {
        {.gpa = 0, .size = LOW_SIZE},
        {.gpa = 4 * GIB, .size = 64 * KIB},
    };

    log_capture_start(&capture);
    runs[0] = '\0';
    ck_assert_int_eq(guest_memory_init(&memory, ranges, 2, 0), 0);
    ck_assert_int_eq(event_loop_init(&loop), 0);
    for (unsigned i = 0; i < MAX_QUEUES; i++)
        call_fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    config_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    fds_before = count_open_fds();
    fake_backend_init(&fake);
    options = (struct virtio_device_options){.queue_pairs = 0};
}

static void setup(void)
{
    make_surroundings();
    ck_assert_int_eq(make_device(), 0);
}

static void drop_surroundings(void)
{
    for (unsigned i = 0; i < MAX_QUEUES; i++)
        close(call_fds[i]);
    close(config_fd);
    event_loop_destroy(&loop);
    guest_memory_destroy(&memory);
    log_capture_stop();
}

/* Every test keeps the contract of the backend and leaves nothing behind. */
static void destroy_device(void)
{
    virtio_device_destroy(&device);
    ck_assert_str_eq(fake_backend_violation(&fake), "");
    ck_assert(fake.is_closed);
    ck_assert_uint_eq(count_open_fds(), fds_before);
}

static void teardown(void)
{
    destroy_device();
    virtio_device_destroy(&device); /* may be called twice */
    ck_assert_str_eq(fake_backend_violation(&fake), "");
    drop_surroundings();
}

static void set_status(unsigned status)
{
    virtio_device_set_status(&device, (uint8_t)status);
}

static unsigned get_status(void)
{
    return virtio_device_get_status(&device);
}

static void accept(uint64_t features)
{
    virtio_device_accept(&device, 0, (uint32_t)features);
    virtio_device_accept(&device, 1, (uint32_t)(features >> 32));
}

static void set_queue(unsigned index, enum virtio_queue_field field,
                      uint64_t value)
{
    virtio_device_set_queue(&device, index, field, value);
}

static uint64_t get_queue(unsigned index, enum virtio_queue_field field)
{
    return virtio_device_get_queue(&device, index, field);
}

static void place_queue(unsigned index, uint64_t size)
{
    uint64_t gpa = QUEUE_GPA(index);

    set_queue(index, VIRTIO_QUEUE_SIZE, size);
    set_queue(index, VIRTIO_QUEUE_DESC, gpa);
    set_queue(index, VIRTIO_QUEUE_DRIVER, gpa + 0x2000);
    set_queue(index, VIRTIO_QUEUE_DEVICE, gpa + 0x4000);
}

static void enable_queue(unsigned index)
{
    set_queue(index, VIRTIO_QUEUE_ENABLE, 1);
}

/* virtio 1.2, 3.1.1, steps 1 to 6. */
static void negotiate(uint64_t features)
{
    set_status(0);
    set_status(ACKNOWLEDGE);
    set_status(DRIVER);
    accept(features);
    set_status(NEGOTIATED);
}

/* All steps, with the queues 0 and 1. */
static void bring_up(void)
{
    negotiate(GUEST_BITS);
    for (unsigned i = 0; i < 2; i++) {
        place_queue(i, 128);
        enable_queue(i);
    }
    set_status(RUNNING);
}

static uint64_t take(int eventfd)
{
    eventfd_t count = 0;

    return eventfd_read(eventfd, &count) == 0 ? count : 0;
}

/* ---- Making one ---------------------------------------------------------- */

START_TEST(backend_is_asked_and_given_memory_once)
{
    ck_assert_str_eq(fake.log, "identify get_features get_queue_max_size(0) "
                               "get_queue_max_size(1) get_queue_max_size(2) "
                               "map(0,0x100000) map(0x100000000,0x10000)");
    ck_assert_ptr_eq(fake_backend_at(&fake, 4 * GIB, 64 * KIB),
                     guest_memory_at(&memory, 4 * GIB, 64 * KIB));
    bring_up();
    set_status(0);
    bring_up();
    ck_assert_ptr_null(strstr(fake.log + 130, "map"));
}
END_TEST

/* `fake` was changed so that no device can be made of it. */
static void check_refused(int error, const char *words)
{
    capture.last[0] = '\0';
    ck_assert_int_eq(make_device(), error);
    ck_assert_msg(strstr(capture.last, words) != NULL, "no \"%s\" in: %s",
                  words, capture.last);
    destroy_device();
    fake_backend_init(&fake);
}

/* A device with several pairs of queues, in all `count` queues. */
static void offer_pairs(uint16_t pairs, uint16_t count)
{
    fake.offered |= BIT64(VIRTIO_NET_F_MQ);
    store_le16(fake.config + 8, pairs);
    fake.identity.num_queues = count;
}

START_TEST(devices_that_cannot_be_relayed_are_refused)
{
    destroy_device();
    fake_backend_init(&fake);
    fake.offered &= ~BIT64(VIRTIO_F_VERSION_1);
    check_refused(-ENOTSUP, "does not offer VIRTIO_F_VERSION_1");
    fake.identity.num_queues = 0;
    check_refused(-ENOTSUP, "0 queues; 1 to 256");
    fake.identity.num_queues = 257;
    fake.identity.device_id = VIRTIO_ID_BLOCK;
    check_refused(-ENOTSUP, "257 queues; 1 to 256");
    offer_pairs(128, 257);
    check_refused(-ENOTSUP, "257 queues; 1 to 256 can be served: give queues=");
    fake.identity.last_iova = 0xffffffff;
    check_refused(-ERANGE, "");
    ck_assert_int_eq(make_device(), 0);
}
END_TEST

/* ---- Features ------------------------------------------------------------ */

START_TEST(offer_is_the_devices_without_what_stays_hidden)
{
    ck_assert_uint_eq(virtio_device_get_offered(&device, 0),
                      (uint32_t)fake.offered);
    ck_assert_uint_eq(virtio_device_get_offered(&device, 1), 1);
    for (uint32_t word = 2; word != 0; word <<= 1)
        ck_assert_uint_eq(virtio_device_get_offered(&device, word), 0);
    ck_assert_uint_eq(virtio_device_get_offered(&device, UINT32_MAX), 0);
}
END_TEST

/* A device that offers everything. */
static void offer_all(void)
{
    destroy_device();
    fake_backend_init(&fake);
    fake.offered = UINT64_MAX;
    ck_assert_int_eq(make_device(), 0);
}

static uint64_t get_offered(void)
{
    return virtio_device_get_offered(&device, 0) |
           (uint64_t)virtio_device_get_offered(&device, 1) << 32;
}

/* A device that offers everything but `hidden`, when it can be made. */
static int offer_all_but(uint64_t hidden)
{
    destroy_device();
    fake_backend_init(&fake);
    fake.offered = UINT64_MAX;
    options.features.hidden = hidden;
    return make_device();
}

START_TEST(hidden_features_are_neither_offered_nor_accepted)
{
    uint64_t before;

    offer_all();
    before = get_offered();
    ck_assert_int_eq(
        offer_all_but(BIT64(VIRTIO_NET_F_STATUS) | BIT64(VIRTIO_NET_F_MTU)), 0);
    /* Announcing needs the status. */
    ck_assert_uint_eq(get_offered(),
                      before & ~(BIT64(VIRTIO_NET_F_STATUS) |
                                 BIT64(VIRTIO_NET_F_MTU) |
                                 BIT64(VIRTIO_NET_F_GUEST_ANNOUNCE)));
    negotiate(GUEST_BITS);
    ck_assert_uint_eq(get_status(), DRIVER);
    negotiate(GUEST_BITS & ~BIT64(VIRTIO_NET_F_STATUS));
    ck_assert_uint_eq(get_status(), NEGOTIATED);
    /* For good. */
    set_status(0);
    negotiate(GUEST_BITS);
    ck_assert_uint_eq(get_status(), DRIVER);
}
END_TEST

START_TEST(what_depends_on_a_hidden_feature_goes_with_it)
{
    uint64_t rest;

    ck_assert_int_eq(offer_all_but(BIT64(VIRTIO_NET_F_CSUM)), 0);
    rest = get_offered();
    ck_assert_uint_eq(
        rest & (BIT64(VIRTIO_NET_F_HOST_TSO4) | BIT64(VIRTIO_NET_F_HOST_TSO6) |
                BIT64(VIRTIO_NET_F_HOST_ECN) | BIT64(VIRTIO_NET_F_HOST_UFO)),
        0);
    ck_assert_uint_ne(rest & BIT64(VIRTIO_NET_F_GUEST_TSO4), 0);
}
END_TEST

START_TEST(features_that_the_device_lacks_cannot_be_hidden)
{
    destroy_device();
    fake_backend_init(&fake);
    options.features.hidden = BIT64(VIRTIO_NET_F_MAC) | BIT64(VIRTIO_NET_F_MQ);
    check_refused(-ENOTSUP,
                  "refusing to hide feature 22 (mq): the device lacks it");
    options.features.hidden = BIT64(42);
    check_refused(-ENOTSUP, "fake: refusing to hide feature 42 (nameless)");
    options.features.hidden = 0;
    ck_assert_int_eq(make_device(), 0);
}
END_TEST

START_TEST(features_that_cannot_be_offered_cannot_be_insisted_on)
{
    destroy_device();
    fake_backend_init(&fake);
    options.features.required = BIT64(VIRTIO_NET_F_MAC) | BIT64(42);
    check_refused(-ENOTSUP, "fake: refusing to go without feature 42 "
                            "(nameless): the device lacks it");
    fake.offered |= BIT64(VIRTIO_F_RING_RESET);
    options.features.required = BIT64(VIRTIO_F_RING_RESET);
    check_refused(-ENOTSUP, "refusing to go without feature 40 (ring_reset): "
                            "the device has it, but it cannot be offered");
    fake.offered |= BIT64(VIRTIO_NET_F_CTRL_RX);
    options.features.required = BIT64(VIRTIO_NET_F_CTRL_RX);
    options.features.hidden = BIT64(VIRTIO_NET_F_CTRL_VQ);
    check_refused(-ENOTSUP, "go without feature 18 (ctrl_rx): the device has");
    options.features.hidden = 0;
    fake.offered |= BIT64(VIRTIO_NET_F_CTRL_RX);
    ck_assert_int_eq(make_device(), 0);
    ck_assert_uint_eq(get_offered() & BIT64(VIRTIO_NET_F_CTRL_RX),
                      BIT64(VIRTIO_NET_F_CTRL_RX));
}
END_TEST

START_TEST(features_may_be_written_again_until_they_are_accepted)
{
    set_status(DRIVER);
    accept(UINT64_MAX);
    virtio_device_accept(&device, 2, UINT32_MAX);
    virtio_device_accept(&device, UINT32_MAX, UINT32_MAX);
    ck_assert_uint_eq(virtio_device_get_accepted(&device, 1), UINT32_MAX);
    accept(GUEST_BITS);
    ck_assert_uint_eq(virtio_device_get_accepted(&device, 0),
                      (uint32_t)GUEST_BITS);
    ck_assert_uint_eq(virtio_device_get_accepted(&device, 1), 1);
    ck_assert_uint_eq(virtio_device_get_accepted(&device, 2), 0);

    set_status(NEGOTIATED);
    ck_assert_uint_eq(get_status(), NEGOTIATED);
    accept(0);
    ck_assert_uint_eq(virtio_device_get_accepted(&device, 0),
                      (uint32_t)GUEST_BITS);
    ck_assert_uint_eq(fake.features,
                      GUEST_BITS | BIT64(VIRTIO_F_ACCESS_PLATFORM));
    set_status(0);
    ck_assert_uint_eq(virtio_device_get_accepted(&device, 0), 0);
}
END_TEST

START_TEST(platform_addresses_are_accepted_for_the_guest_where_offered)
{
    destroy_device();
    fake_backend_init(&fake);
    fake.offered &= ~BIT64(VIRTIO_F_ACCESS_PLATFORM);
    ck_assert_int_eq(make_device(), 0);
    negotiate(GUEST_BITS);
    ck_assert_uint_eq(get_status(), NEGOTIATED);
    ck_assert_uint_eq(fake.features, GUEST_BITS);
}
END_TEST

START_TEST(features_that_were_not_offered_are_refused)
{
    negotiate(GUEST_BITS | BIT64(VIRTIO_NET_F_MQ));
    ck_assert_uint_eq(get_status(), DRIVER);
    /* Hidden though the device has it. */
    negotiate(GUEST_BITS | BIT64(VIRTIO_F_ACCESS_PLATFORM));
    ck_assert_uint_eq(get_status(), DRIVER);
    ck_assert_ptr_null(strstr(fake.log, "set_features"));
    /* Not the end: a driver may ask for less. */
    accept(GUEST_BITS);
    set_status(NEGOTIATED);
    ck_assert_uint_eq(get_status(), NEGOTIATED);
}
END_TEST

START_TEST(driver_of_before_virtio_1_is_refused)
{
    negotiate(BIT64(VIRTIO_NET_F_MAC));
    ck_assert_uint_eq(get_status(), DRIVER);
    ck_assert_ptr_nonnull(strstr(capture.last, "older than virtio 1.0"));
}
END_TEST

START_TEST(refusal_by_the_device_shows)
{
    fake.refuses_features_ok = true;
    negotiate(GUEST_BITS);
    ck_assert_uint_eq(get_status(), DRIVER);
    ck_assert_ptr_nonnull(strstr(capture.last, "refused features"));
    set_status(RUNNING);
    ck_assert_uint_eq(get_status(), DRIVER);
    ck_assert_str_eq(runs, "");
}
END_TEST

/* ---- Status -------------------------------------------------------------- */

START_TEST(bring_up_is_one_call_of_the_backend_for_each_thing)
{
    fake_backend_clear_log(&fake);
    bring_up();
    ck_assert_str_eq(fake.log,
                     "set_status(0) set_status(1) set_status(3) "
                     "set_features(0x300010020) set_status(11) "
                     "get_status get_queue_max_size(0) get_queue_max_size(1) "
                     "get_queue_max_size(2) set_config_call set_queue(0,128) "
                     "enable_queue(0,1) set_queue(1,128) enable_queue(1,1) "
                     "set_status(15) get_status");
    ck_assert_uint_eq(get_status(), RUNNING);
    ck_assert_str_eq(runs, "+");
    ck_assert_uint_eq(fake.queues[1].set.desc_iova, QUEUE_GPA(1));
    ck_assert_uint_eq(fake.queues[1].set.driver_iova, QUEUE_GPA(1) + 0x2000);
    ck_assert_uint_eq(fake.queues[1].set.device_iova, QUEUE_GPA(1) + 0x4000);
    ck_assert_int_eq(fake.queues[1].set.call_fd, call_fds[1]);
    ck_assert(!fake.queues[2].is_set);
    ck_assert_uint_eq(capture.lines, 0);
}
END_TEST

START_TEST(status_may_be_set_all_at_once)
{
    accept(GUEST_BITS);
    set_status(RUNNING); /* no queues: odd, but no harm */
    ck_assert_uint_eq(get_status(), RUNNING);
    ck_assert_uint_eq(fake.status, RUNNING);
}
END_TEST

START_TEST(status_bits_cannot_be_cleared_but_by_a_reset)
{
    bring_up();
    set_status(DRIVER);
    set_status(FAILED);
    ck_assert_uint_eq(get_status(), RUNNING);
    set_status(RUNNING);
    ck_assert_uint_eq(capture.lines, 2);
    ck_assert_uint_eq(fake.status, RUNNING);
    set_status(RUNNING | FAILED);
    ck_assert_uint_eq(get_status(), RUNNING | FAILED);
    set_status(0);
    ck_assert_uint_eq(get_status(), 0);
    ck_assert_uint_eq(fake.status, 0);
}
END_TEST

START_TEST(start_needs_accepted_features)
{
    set_status(DRIVER);
    accept(GUEST_BITS);
    set_status(DRIVER | VIRTIO_CONFIG_S_DRIVER_OK);
    ck_assert_uint_eq(get_status(), DRIVER);
    ck_assert_uint_eq(fake.status, DRIVER);
    ck_assert_str_eq(runs, "");
}
END_TEST

START_TEST(refused_start_asks_the_guest_for_a_reset)
{
    fake.refuses_driver_ok = true;
    bring_up();
    ck_assert_uint_eq(get_status(), RUNNING | NEEDS_RESET);
    ck_assert_uint_eq(take(config_fd), 1);
    ck_assert_str_eq(runs, "+-");
    /* Nothing but a reset helps. */
    fake_backend_clear_log(&fake);
    set_status(RUNNING | FAILED);
    ck_assert_str_eq(fake.log, "");
    fake.refuses_driver_ok = false;
    bring_up();
    ck_assert_uint_eq(get_status(), RUNNING);
    set_status(0);
    ck_assert_str_eq(runs, "+-+-");
}
END_TEST

START_TEST(device_that_breaks_while_it_runs_shows)
{
    bring_up();
    ck_assert_uint_eq(get_status(), RUNNING);
    fake_backend_break(&fake);
    ck_assert_uint_eq(get_status(), RUNNING | NEEDS_RESET);
    loop_serve_ready(&loop);
    ck_assert_uint_eq(take(config_fd), 1);
    set_status(0);
    ck_assert_uint_eq(get_status(), 0);
    bring_up();
    ck_assert_uint_eq(get_status(), RUNNING);
}
END_TEST

START_TEST(reset_reads_back_as_done_even_when_the_backend_fails)
{
    bring_up();
    fake_backend_fail_call(&fake, "set_status", -EIO);
    set_status(0);
    ck_assert_uint_eq(get_status(), 0);
    ck_assert_ptr_nonnull(strstr(capture.last, "does not reset"));
    ck_assert_str_eq(runs, "+-");
    bring_up();
    ck_assert_uint_eq(get_status(), RUNNING);
}
END_TEST

START_TEST(failed_start_ends_what_was_never_told_to_run_only_once)
{
    fake_backend_fail_call(&fake, "set_queue", -EIO);
    bring_up();
    ck_assert_uint_eq(get_status(), RUNNING | NEEDS_RESET);
    set_status(0);
    ck_assert_str_eq(runs, "");
    fake_backend_fail_call(&fake, "set_config_call", -EIO);
    bring_up();
    set_status(0);
    ck_assert_str_eq(runs, "");
}
END_TEST

/* ---- Queues -------------------------------------------------------------- */

START_TEST(queue_starts_at_the_devices_size_and_goes_back_to_it)
{
    ck_assert_uint_eq(get_queue(0, VIRTIO_QUEUE_SIZE), 256);
    bring_up();
    ck_assert_uint_eq(get_queue(0, VIRTIO_QUEUE_SIZE), 128);
    ck_assert_uint_eq(get_queue(0, VIRTIO_QUEUE_ENABLE), 1);
    ck_assert_uint_eq(get_queue(2, VIRTIO_QUEUE_ENABLE), 0);
    set_status(0);
    ck_assert_uint_eq(get_queue(0, VIRTIO_QUEUE_SIZE), 256);
    ck_assert_uint_eq(get_queue(0, VIRTIO_QUEUE_ENABLE), 0);
    ck_assert_uint_eq(get_queue(0, VIRTIO_QUEUE_DESC), 0);
    ck_assert_uint_eq(get_queue(0, VIRTIO_QUEUE_DEVICE), 0);
}
END_TEST

START_TEST(size_is_a_power_of_two_up_to_the_devices)
{
    const uint64_t wrong[] = {0, 3, 255, 257, 512, 65535, 65536, 65536 + 64};

    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        set_queue(0, VIRTIO_QUEUE_SIZE, wrong[i]);
        ck_assert_uint_eq(get_queue(0, VIRTIO_QUEUE_SIZE), 256);
    }
    for (uint64_t size = 1; size <= 256; size *= 2) {
        set_queue(0, VIRTIO_QUEUE_SIZE, size);
        ck_assert_uint_eq(get_queue(0, VIRTIO_QUEUE_SIZE), size);
    }
}
END_TEST

START_TEST(queue_that_does_not_exist_reads_as_zero)
{
    const unsigned indices[] = {3, 4, 0xffff};

    negotiate(GUEST_BITS);
    for (unsigned i = 0; i < ARRAY_SIZE(indices); i++) {
        place_queue(indices[i], 64);
        enable_queue(indices[i]);
        for (unsigned field = VIRTIO_QUEUE_SIZE; field <= VIRTIO_QUEUE_DEVICE;
             field++)
            ck_assert_uint_eq(get_queue(indices[i], field), 0);
        virtio_device_kick(&device, indices[i]);
    }
    ck_assert_uint_eq(get_status(), NEGOTIATED);
}
END_TEST

START_TEST(queue_is_enabled_between_features_and_start_alone)
{
    set_status(DRIVER);
    place_queue(0, 64);
    enable_queue(0);
    ck_assert_uint_eq(get_queue(0, VIRTIO_QUEUE_ENABLE), 0);
    negotiate(GUEST_BITS);
    place_queue(0, 64);
    set_queue(0, VIRTIO_QUEUE_ENABLE, 0);
    set_queue(0, VIRTIO_QUEUE_ENABLE, 2);
    ck_assert_uint_eq(get_queue(0, VIRTIO_QUEUE_ENABLE), 0);
    enable_queue(0);
    ck_assert_uint_eq(get_queue(0, VIRTIO_QUEUE_ENABLE), 1);
    set_status(RUNNING);
    place_queue(1, 64);
    enable_queue(1);
    ck_assert_uint_eq(get_queue(1, VIRTIO_QUEUE_ENABLE), 0);
    ck_assert_uint_eq(get_status(), RUNNING);
}
END_TEST

START_TEST(enabled_queue_cannot_be_changed)
{
    negotiate(GUEST_BITS);
    place_queue(0, 64);
    enable_queue(0);
    set_queue(0, VIRTIO_QUEUE_SIZE, 128);
    set_queue(0, VIRTIO_QUEUE_DESC, 0);
    set_queue(0, VIRTIO_QUEUE_ENABLE, 0);
    ck_assert_uint_eq(get_queue(0, VIRTIO_QUEUE_SIZE), 64);
    ck_assert_uint_eq(get_queue(0, VIRTIO_QUEUE_DESC), QUEUE_GPA(0));
    ck_assert_uint_eq(get_queue(0, VIRTIO_QUEUE_ENABLE), 1);
}
END_TEST

START_TEST(ring_in_a_bad_place_asks_for_a_reset)
{
    const struct {
        enum virtio_queue_field field;
        uint64_t gpa;
    } wrong[] = {
        {VIRTIO_QUEUE_DESC, 8},
        {VIRTIO_QUEUE_DRIVER, 1},
        {VIRTIO_QUEUE_DEVICE, 2},
        {VIRTIO_QUEUE_DESC, LOW_SIZE},
        {VIRTIO_QUEUE_DRIVER, LOW_SIZE - 2},
        {VIRTIO_QUEUE_DEVICE, UINT64_MAX - 3},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        negotiate(GUEST_BITS);
        place_queue(0, 64);
        set_queue(0, wrong[i].field, wrong[i].gpa);
        enable_queue(0);
        ck_assert_uint_eq(get_queue(0, VIRTIO_QUEUE_ENABLE), 0);
        ck_assert_uint_eq(get_status(), NEGOTIATED | NEEDS_RESET);
    }
    bring_up();
    ck_assert_uint_eq(get_status(), RUNNING);
}
END_TEST

/* ---- Kicks --------------------------------------------------------------- */

START_TEST(kick_reaches_the_device)
{
    bring_up();
    /* One each, as kicks may have come before it listened. */
    ck_assert_uint_eq(fake_backend_take_kicks(&fake, 0), 1);
    ck_assert_uint_eq(fake_backend_take_kicks(&fake, 1), 1);
    virtio_device_kick(&device, 1);
    ck_assert_uint_eq(fake_backend_take_kicks(&fake, 0), 0);
    ck_assert_uint_eq(fake_backend_take_kicks(&fake, 1), 1);
    ck_assert_uint_eq(atomic_load(&device.queues[1].kicks_by_vmm), 1);
    ck_assert_uint_eq(atomic_load(&device.queues[0].kicks_by_vmm), 0);
}
END_TEST

START_TEST(kicks_are_counted_and_forgotten_at_a_reset)
{
    bring_up();
    for (unsigned i = 0; i < 5; i++)
        virtio_device_kick(&device, 0);
    set_status(0);
    /* Without our own, see start(). */
    ck_assert_uint_eq(device.queues[0].kicks, 5);
    ck_assert_uint_eq(device.queues[1].kicks, 0);
    bring_up();
    ck_assert_uint_eq(fake_backend_take_kicks(&fake, 0), 1);
}
END_TEST

/* ---- Configuration ------------------------------------------------------- */

START_TEST(configuration_is_read_once)
{
    fake_backend_clear_log(&fake);
    ck_assert_uint_eq(virtio_device_read_config(&device, 0, 4), 0x12005452);
    ck_assert_uint_eq(virtio_device_read_config(&device, 4, 4), 0x00015634);
    ck_assert_uint_eq(virtio_device_read_config(&device, 6, 2), 1);
    ck_assert_uint_eq(virtio_device_read_config(&device, 5, 1), 0x56);
    ck_assert_uint_eq(virtio_device_read_config(&device, 0, 8),
                      0x0001563412005452);
    ck_assert_str_eq(fake.log, "get_config(0,24)");
}
END_TEST

START_TEST(configuration_beyond_the_devices_reads_as_zero)
{
    memset(fake.config, 0xee, sizeof(fake.config));
    ck_assert_uint_eq(virtio_device_read_config(&device, 20, 8), 0xeeeeeeee);
    ck_assert_uint_eq(virtio_device_read_config(&device, 24, 8), 0);
    ck_assert_uint_eq(virtio_device_read_config(&device, 248, 8), 0);
    ck_assert_uint_eq(virtio_device_read_config(&device, 249, 8), 0);
    ck_assert_uint_eq(virtio_device_read_config(&device, 256, 1), 0);
    ck_assert_uint_eq(virtio_device_read_config(&device, UINT64_MAX, 8), 0);
}
END_TEST

START_TEST(change_is_passed_on_and_is_a_new_generation)
{
    const uint8_t down = 0;
    uint8_t generation;

    bring_up();
    generation = virtio_device_get_generation(&device);
    ck_assert_uint_eq(virtio_device_read_config(&device, 6, 2), 1);
    ck_assert_uint_eq(virtio_device_get_generation(&device), generation);

    fake_backend_change_config(&fake, 6, &down, 1);
    ck_assert_uint_eq(loop_serve_ready(&loop), 1);
    ck_assert_uint_eq(take(config_fd), 1);
    ck_assert_uint_eq(virtio_device_get_generation(&device),
                      (uint8_t)(generation + 1));
    ck_assert_uint_eq(virtio_device_read_config(&device, 6, 2), 0);
    /* Told again, but the same: no new generation. */
    fake_backend_change_config(&fake, 6, &down, 1);
    loop_serve_ready(&loop);
    ck_assert_uint_eq(virtio_device_get_generation(&device),
                      (uint8_t)(generation + 1));
}
END_TEST

START_TEST(configuration_that_cannot_be_read_stays_as_it_was)
{
    ck_assert_uint_eq(virtio_device_read_config(&device, 5, 1), 0x56);
    set_status(0);
    fake.config[5] = 0x99;
    fake_backend_fail_call(&fake, "get_config", -EIO);
    ck_assert_uint_eq(virtio_device_read_config(&device, 5, 1), 0x56);
}
END_TEST

START_TEST(write_is_relayed_and_read_back_from_the_device)
{
    fake_backend_clear_log(&fake);
    virtio_device_write_config(&device, 4, 2, 0xbeef);
    ck_assert_str_eq(fake.log, "set_config(4,2)");
    ck_assert_uint_eq(fake.config[4], 0xef);
    ck_assert_uint_eq(fake.config[5], 0xbe);
    ck_assert_uint_eq(virtio_device_read_config(&device, 4, 2), 0xbeef);
    virtio_device_write_config(&device, 16, 8, 1);
    ck_assert_uint_eq(fake.config[16], 1);
}
END_TEST

START_TEST(write_beyond_the_devices_configuration_is_dropped)
{
    fake_backend_clear_log(&fake);
    virtio_device_write_config(&device, 24, 1, 1);
    virtio_device_write_config(&device, 17, 8, 1);
    virtio_device_write_config(&device, UINT64_MAX, 1, 1);
    ck_assert_str_eq(fake.log, "");
    ck_assert_uint_eq(capture.lines, 3);
}
END_TEST

START_TEST(device_without_configuration_is_never_asked)
{
    destroy_device();
    fake_backend_init(&fake);
    fake.identity.config_size = 0;
    ck_assert_int_eq(make_device(), 0);
    fake_backend_clear_log(&fake);
    ck_assert_uint_eq(virtio_device_read_config(&device, 0, 8), 0);
    virtio_device_write_config(&device, 0, 1, 1);
    ck_assert_str_eq(fake.log, "");
}
END_TEST

/* ---- Failure ------------------------------------------------------------- */

/* From power-on through a run, a reset and a second run. */
static void live(void)
{
    const uint8_t down = 0;

    bring_up();
    (void)virtio_device_read_config(&device, 0, 8);
    virtio_device_write_config(&device, 0, 1, 0x52);
    fake_backend_change_config(&fake, 6, &down, 1);
    loop_serve_ready(&loop);
    (void)virtio_device_get_generation(&device);
    (void)get_status();
    virtio_device_kick(&device, 0);
    bring_up();
}

START_TEST(failure_of_any_call_ends_nothing_and_leaks_nothing)
{
    bool has_failed = true;
    unsigned n = 0;

    destroy_device();
    while (has_failed) {
        int error;

        fake_backend_init(&fake);
        fake_backend_fail_nth(&fake, ++n, -EIO);
        error = make_device();
        if (!error) {
            live();
            /* Whatever it was, a reset mends it. */
            has_failed = fake.fail_at == 0;
            fake.fail_at = 0;
            bring_up();
            ck_assert_uint_eq(get_status(), RUNNING);
            ck_assert_uint_eq(fake.status, RUNNING);
        } else {
            ck_assert_int_eq(error, -EIO);
        }
        destroy_device();
    }
    ck_assert_uint_gt(n, 40);
    fake_backend_init(&fake);
    ck_assert_int_eq(make_device(), 0);
}
END_TEST

START_TEST(failing_backend_shows_as_a_reset_that_is_needed)
{
    const char *calls[] = {"set_features", "set_queue", "enable_queue",
                           "set_config_call", "get_status"};

    for (unsigned i = 0; i < ARRAY_SIZE(calls); i++) {
        fake_backend_fail_call(&fake, calls[i], -EIO);
        bring_up();
        ck_assert_msg(get_status() & NEEDS_RESET, "after %s", calls[i]);
        bring_up();
        ck_assert_uint_eq(get_status(), RUNNING);
    }
}
END_TEST

START_TEST(guest_that_errs_again_and_again_does_not_flood_the_log)
{
    for (unsigned i = 0; i < 1000; i++)
        set_queue(0, VIRTIO_QUEUE_SIZE, 3);
    ck_assert_uint_eq(capture.lines, 10);
}
END_TEST

static void add_status_tests(TCase *tcase)
{
    tcase_add_test(tcase, backend_is_asked_and_given_memory_once);
    tcase_add_test(tcase, devices_that_cannot_be_relayed_are_refused);
    tcase_add_test(tcase, offer_is_the_devices_without_what_stays_hidden);
    tcase_add_test(tcase, hidden_features_are_neither_offered_nor_accepted);
    tcase_add_test(tcase, what_depends_on_a_hidden_feature_goes_with_it);
    tcase_add_test(tcase, features_that_the_device_lacks_cannot_be_hidden);
    tcase_add_test(tcase,
                   features_that_cannot_be_offered_cannot_be_insisted_on);
    tcase_add_test(tcase,
                   features_may_be_written_again_until_they_are_accepted);
    tcase_add_test(tcase,
                   platform_addresses_are_accepted_for_the_guest_where_offered);
    tcase_add_test(tcase, features_that_were_not_offered_are_refused);
    tcase_add_test(tcase, driver_of_before_virtio_1_is_refused);
    tcase_add_test(tcase, refusal_by_the_device_shows);
    tcase_add_test(tcase, bring_up_is_one_call_of_the_backend_for_each_thing);
    tcase_add_test(tcase, status_may_be_set_all_at_once);
    tcase_add_test(tcase, status_bits_cannot_be_cleared_but_by_a_reset);
    tcase_add_test(tcase, start_needs_accepted_features);
    tcase_add_test(tcase, refused_start_asks_the_guest_for_a_reset);
    tcase_add_test(tcase, device_that_breaks_while_it_runs_shows);
    tcase_add_test(tcase, reset_reads_back_as_done_even_when_the_backend_fails);
    tcase_add_test(tcase,
                   failed_start_ends_what_was_never_told_to_run_only_once);
}

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    add_status_tests(tcase);
    tcase_add_test(tcase, queue_starts_at_the_devices_size_and_goes_back_to_it);
    tcase_add_test(tcase, size_is_a_power_of_two_up_to_the_devices);
    tcase_add_test(tcase, queue_that_does_not_exist_reads_as_zero);
    tcase_add_test(tcase, queue_is_enabled_between_features_and_start_alone);
    tcase_add_test(tcase, enabled_queue_cannot_be_changed);
    tcase_add_test(tcase, ring_in_a_bad_place_asks_for_a_reset);
    tcase_add_test(tcase, kick_reaches_the_device);
    tcase_add_test(tcase, kicks_are_counted_and_forgotten_at_a_reset);
    tcase_add_test(tcase, configuration_is_read_once);
    tcase_add_test(tcase, configuration_beyond_the_devices_reads_as_zero);
    tcase_add_test(tcase, change_is_passed_on_and_is_a_new_generation);
    tcase_add_test(tcase, configuration_that_cannot_be_read_stays_as_it_was);
    tcase_add_test(tcase, write_is_relayed_and_read_back_from_the_device);
    tcase_add_test(tcase, write_beyond_the_devices_configuration_is_dropped);
    tcase_add_test(tcase, device_without_configuration_is_never_asked);
    tcase_add_test(tcase, failure_of_any_call_ends_nothing_and_leaks_nothing);
    tcase_add_test(tcase, failing_backend_shows_as_a_reset_that_is_needed);
    tcase_add_test(tcase,
                   guest_that_errs_again_and_again_does_not_flood_the_log);
}

int main(void)
{
    return check_main("virtio_device", add_tests);
}
