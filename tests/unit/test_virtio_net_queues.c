/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_virtio_net_queues.c: which queue is which, by the numbers alone and in
 * a device.
 */
#include "devices/virtio_net_queues.h"

#include "devices/virtio_device.h"
#include "tests/support/check_main.h"
#include "tests/support/fake_backend.h"
#include "tests/support/log_capture.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <string.h>

#define BIT64(bit)   (UINT64_C(1) << (bit))
#define DRIVER       (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER)
#define NEGOTIATED   (DRIVER | VIRTIO_CONFIG_S_FEATURES_OK)
#define RUNNING      (NEGOTIATED | VIRTIO_CONFIG_S_DRIVER_OK)
#define CONTROL      BIT64(VIRTIO_NET_F_CTRL_VQ)
#define MQ           BIT64(VIRTIO_NET_F_MQ)
#define RSS          BIT64(VIRTIO_NET_F_RSS)
#define ONE_PAIR     (BIT64(VIRTIO_F_VERSION_1) | CONTROL)
#define MULTIPLE     (ONE_PAIR | MQ)
#define QUEUE_GPA(i) (UINT64_C(0x10000) * (1U + (i)))

static struct log_capture capture;

/* ---- By the numbers ------------------------------------------------------ */

static struct virtio_net_queues queues;

static int plan(uint64_t features, unsigned num_queues, unsigned max_pairs,
                unsigned limit)
{
    const struct virtio_net_queues_facts facts = {
        .name = "net",
        .features = features,
        .num_queues = num_queues,
        .max_pairs = max_pairs,
        .limit = limit,
    };

    return virtio_net_queues_plan(&queues, &facts);
}

static unsigned number_of(uint64_t accepted, unsigned index)
{
    return virtio_net_queues_device_index(&queues, accepted, index);
}

static void check_roles(uint64_t accepted, const char *expected)
{
    char roles[16] = "";

    for (unsigned i = 0; i < queues.count; i++) {
        const char *role = virtio_net_queues_role(&queues, accepted, i);

        roles[i] = role[0];
        if (roles[i] == '\0')
            roles[i] = '-';
    }
    ck_assert_str_eq(roles, expected);
}

START_TEST(roles_follow_what_was_negotiated)
{
    ck_assert_int_eq(plan(CONTROL | MQ | RSS, 7, 3, 0), 0);
    ck_assert_uint_eq(queues.count, 7);
    check_roles(CONTROL | MQ, "rtrtrtc");
    check_roles(CONTROL | RSS, "rtrtrtc");
    check_roles(CONTROL, "rtc----");
    check_roles(0, "rt-----");
    check_roles(MQ, "rt-----"); /* which is not legal without CTRL_VQ */
}
END_TEST

START_TEST(queues_without_a_use_are_not_shown)
{
    ck_assert_int_eq(plan(CONTROL, 9, 4, 0), 0);
    ck_assert_uint_eq(queues.count, 3);
    ck_assert_int_eq(plan(0, 9, 4, 0), 0);
    ck_assert_uint_eq(queues.count, 2);
    ck_assert_int_eq(plan(0, 1, 0, 0), 0);
    ck_assert_uint_eq(queues.count, 1);
}
END_TEST

START_TEST(control_queue_that_is_not_there_is_not_offered)
{
    ck_assert_int_eq(plan(CONTROL | MQ, 2, 1, 0), 0);
    ck_assert_uint_eq(queues.unusable, CONTROL | MQ | RSS);
    ck_assert_uint_eq(queues.count, 2);
    ck_assert_ptr_nonnull(strstr(capture.last, "net: the device offers a "
                                               "control queue, but has 2"));
}
END_TEST

START_TEST(no_number_leads_beyond_the_devices_queues)
{
    static const uint64_t sets[] = {0, CONTROL, MQ, CONTROL | MQ,
                                    CONTROL | MQ | RSS};

    for (unsigned num_queues = 1; num_queues < 12; num_queues++)
        for (unsigned claimed = 0; claimed < 8; claimed++)
            for (unsigned limit = 0; limit < 8; limit++) {
                if (plan(CONTROL | MQ | RSS, num_queues, claimed, limit) != 0)
                    continue;
                ck_assert_uint_ge(queues.count, 1);
                ck_assert_uint_le(queues.count, num_queues);
                for (unsigned i = 0; i < 5 * queues.count; i++)
                    ck_assert_uint_lt(number_of(sets[i % 5], i / 5),
                                      num_queues);
            }
}
END_TEST

START_TEST(zeroed_queues_keep_their_numbers_and_have_no_roles)
{
    queues = (struct virtio_net_queues){.pairs = 0};
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_uint_eq(number_of(UINT64_MAX, i), i);
        ck_assert_str_eq(virtio_net_queues_role(&queues, UINT64_MAX, i), "");
    }
}
END_TEST

/* ---- In a device --------------------------------------------------------- */

static struct fake_backend fake;
static struct virtio_device device;
static struct virtio_device_options options;
static struct guest_memory memory;
static struct event_loop loop;

static void setup(void)
{
    const struct guest_memory_range range = {.size = MIB};

    log_capture_start(&capture);
    ck_assert_int_eq(guest_memory_init(&memory, &range, 1, 0), 0);
    ck_assert_int_eq(event_loop_init(&loop), 0);
    options = (struct virtio_device_options){.queue_pairs = 0};
    device = (struct virtio_device){.config_call_fd = -1};
    fake_backend_init(&fake);
    fake.offered |= MQ;
}

static void teardown(void)
{
    if (device.loop)
        virtio_device_destroy(&device);
    ck_assert_str_eq(fake_backend_violation(&fake), "");
    event_loop_destroy(&loop);
    guest_memory_destroy(&memory);
    log_capture_stop();
}

static int make(void)
{
    return virtio_device_init(&device, &fake.backend, &options, &memory, &loop);
}

static void offer_pairs(uint16_t pairs, uint16_t count)
{
    store_le16(fake.config + 8, pairs);
    fake.identity.num_queues = count;
}

static uint64_t get_offered(void)
{
    return virtio_device_get_offered(&device, 0) |
           (uint64_t)virtio_device_get_offered(&device, 1) << 32;
}

static unsigned get_size(unsigned index)
{
    return (unsigned)virtio_device_get_queue(&device, index, VIRTIO_QUEUE_SIZE);
}

static void set_size(unsigned index, unsigned size)
{
    virtio_device_set_queue(&device, index, VIRTIO_QUEUE_SIZE, size);
}

static void negotiate(uint64_t features)
{
    virtio_device_set_status(&device, DRIVER);
    virtio_device_accept(&device, 0, (uint32_t)features);
    virtio_device_accept(&device, 1, (uint32_t)(features >> 32));
    virtio_device_set_status(&device, NEGOTIATED);
}

/* Of 3 pairs and a control queue, smaller than the rest, as a guest is to see
 * it. */
static void make_three_pairs(unsigned limit)
{
    offer_pairs(3, 7);
    fake.queues[6].max_size = 64;
    options.queue_pairs = limit;
    ck_assert_int_eq(make(), 0);
}

/* All queues, by a driver that accepted `features`. */
static void bring_all_up(uint64_t features)
{
    negotiate(features);
    for (unsigned i = 0; i < device.num_queues; i++) {
        set_size(i, 32);
        for (unsigned field = VIRTIO_QUEUE_DESC; field <= VIRTIO_QUEUE_DEVICE;
             field++)
            virtio_device_set_queue(&device, i, field,
                                    QUEUE_GPA(i) + UINT64_C(0x2000) * field);
        virtio_device_connect_queue(&device, i, device.queues[i].kick_fd);
        virtio_device_set_queue(&device, i, VIRTIO_QUEUE_ENABLE, 1);
    }
    virtio_device_set_status(&device, RUNNING);
    ck_assert_uint_eq(virtio_device_get_status(&device), RUNNING);
}

/* The guest's queue is the backend's queue of that number. */
static void check_number(unsigned index, unsigned number)
{
    ck_assert(fake.queues[number].is_enabled);
    ck_assert_uint_eq(fake.queues[number].set.desc_iova,
                      QUEUE_GPA(index) + UINT64_C(0x2000) * VIRTIO_QUEUE_DESC);
    ck_assert_int_eq(fake.queues[number].set.kick_fd,
                     device.queues[index].kick_fd);
    ck_assert_uint_eq(virtio_device_backend_index(&device, index), number);
}

START_TEST(all_pairs_are_relayed_as_they_are)
{
    make_three_pairs(0);
    ck_assert_uint_eq(device.num_queues, 7);
    ck_assert_uint_eq(virtio_device_read_config(&device, 8, 2), 3);
    bring_all_up(MULTIPLE);
    for (unsigned i = 0; i < 7; i++)
        check_number(i, i);
    ck_assert_str_eq(virtio_device_queue_role(&device, 5), "transmit");
    ck_assert_str_eq(virtio_device_queue_role(&device, 6), "control");
}
END_TEST

START_TEST(control_queue_of_fewer_pairs_is_the_devices_last)
{
    make_three_pairs(2);
    ck_assert_uint_eq(device.num_queues, 5);
    ck_assert_uint_eq(virtio_device_read_config(&device, 8, 2), 2);
    ck_assert_uint_eq(get_offered() & MQ, MQ);
    bring_all_up(MULTIPLE);
    for (unsigned i = 0; i < 4; i++)
        check_number(i, i);
    check_number(4, 6);
    ck_assert(!fake.queues[4].is_enabled);
    ck_assert_str_eq(virtio_device_queue_role(&device, 4), "control");
    /* Once more, by a driver that knows one pair alone. */
    virtio_device_set_status(&device, 0);
    bring_all_up(ONE_PAIR);
    check_number(2, 2);
    check_number(4, 4);
    ck_assert(!fake.queues[6].is_enabled);
    ck_assert_str_eq(virtio_device_queue_role(&device, 2), "control");
    ck_assert_str_eq(virtio_device_queue_role(&device, 4), "");
}
END_TEST

START_TEST(queue_sizes_follow_the_queues)
{
    make_three_pairs(2);
    ck_assert_uint_eq(get_size(4), 256);
    set_size(4, 128);
    negotiate(MULTIPLE);
    ck_assert_uint_eq(get_size(3), 256);
    ck_assert_uint_eq(get_size(4), 64);
    set_size(4, 128);
    ck_assert_uint_eq(get_size(4), 64);
    /* A queue that only comes with several pairs. */
    virtio_device_set_status(&device, 0);
    fake.queues[3].max_size = 0;
    negotiate(ONE_PAIR);
    ck_assert_uint_eq(get_size(3), 0);
    ck_assert_uint_eq(get_size(4), 256);
    virtio_device_set_queue(&device, 3, VIRTIO_QUEUE_ENABLE, 1);
    ck_assert_uint_eq(virtio_device_get_queue(&device, 3, VIRTIO_QUEUE_ENABLE),
                      0);
    ck_assert_ptr_nonnull(strstr(capture.last, "queue 3 with no descriptors"));
    virtio_device_set_status(&device, 0);
    fake.queues[3].max_size = 128;
    negotiate(MULTIPLE);
    ck_assert_uint_eq(get_size(3), 128);
    virtio_device_set_status(&device, 0);
    /* A backend that fails to tell is not used. */
    fake_backend_fail_call(&fake, "get_queue_max_size", -EIO);
    negotiate(MULTIPLE);
    ck_assert_uint_eq(virtio_device_get_status(&device),
                      NEGOTIATED | VIRTIO_CONFIG_S_NEEDS_RESET);
}
END_TEST

START_TEST(one_pair_alone_is_no_choice)
{
    make_three_pairs(1);
    ck_assert_uint_eq(device.num_queues, 3);
    ck_assert_uint_eq(virtio_device_read_config(&device, 8, 2), 1);
    ck_assert_uint_eq(get_offered() & MQ, 0);
    negotiate(MULTIPLE);
    ck_assert_uint_eq(virtio_device_get_status(&device), DRIVER);
    virtio_device_set_status(&device, 0);
    bring_all_up(ONE_PAIR);
    check_number(2, 2);
}
END_TEST

START_TEST(more_pairs_than_there_are_are_refused)
{
    offer_pairs(3, 7);
    options.queue_pairs = 4;
    ck_assert_int_eq(make(), -ERANGE);
    ck_assert_ptr_nonnull(
        strstr(capture.last, "fake: queues=4 is more than the device has: 3"));
    fake_backend_init(&fake);
    options.queue_pairs = 2;
    ck_assert_int_eq(make(), -ERANGE);
    ck_assert_ptr_nonnull(strstr(
        capture.last, "queues=2 is more than the device has: 1 pair of"));
    fake_backend_init(&fake);
    options.queue_pairs = 1;
    ck_assert_int_eq(make(), 0);
}
END_TEST

START_TEST(devices_that_lie_about_their_pairs_get_one)
{
    static const struct {
        uint16_t pairs, count;
    } lies[] = {{0, 7}, {4, 7}, {0x8000, 7}, {65535, 7}, {3, 6}};

    for (unsigned i = 0; i < ARRAY_SIZE(lies); i++) {
        fake_backend_init(&fake);
        fake.offered |= MQ;
        offer_pairs(lies[i].pairs, lies[i].count);
        ck_assert_int_eq(make(), 0);
        ck_assert_ptr_nonnull(strstr(capture.last, "gets one pair"));
        ck_assert_uint_eq(device.num_queues, 3);
        ck_assert_uint_eq(get_offered() & MQ, 0);
        ck_assert_uint_eq(virtio_device_read_config(&device, 8, 2), 1);
        virtio_device_destroy(&device);
        ck_assert_str_eq(fake_backend_violation(&fake), "");
    }
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, roles_follow_what_was_negotiated);
    tcase_add_test(tcase, queues_without_a_use_are_not_shown);
    tcase_add_test(tcase, control_queue_that_is_not_there_is_not_offered);
    tcase_add_test(tcase, no_number_leads_beyond_the_devices_queues);
    tcase_add_test(tcase, zeroed_queues_keep_their_numbers_and_have_no_roles);
    tcase_add_test(tcase, all_pairs_are_relayed_as_they_are);
    tcase_add_test(tcase, control_queue_of_fewer_pairs_is_the_devices_last);
    tcase_add_test(tcase, queue_sizes_follow_the_queues);
    tcase_add_test(tcase, one_pair_alone_is_no_choice);
    tcase_add_test(tcase, more_pairs_than_there_are_are_refused);
    tcase_add_test(tcase, devices_that_lie_about_their_pairs_get_one);
}

int main(void)
{
    return check_main("virtio_net_queues", add_tests);
}
