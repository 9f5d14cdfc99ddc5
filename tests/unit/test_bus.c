/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_bus.c: which device an access reaches, and how.
 */
#include "tests/support/check_main.h"
#include "tests/support/sleep_ms.h"
#include "vmm/bus.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A device that is memory and writes down what it was asked. */
struct probe {
    struct bus_region region;
    uint8_t memory[256];
    char history[256]; /* "r OFFSET+SIZE " or "w OFFSET+SIZE " */
};

static void note(struct probe *probe, char kind, uint64_t offset, unsigned size)
{
    size_t used = strlen(probe->history);

    (void)snprintf(probe->history + used, sizeof(probe->history) - used,
                   "%c%u+%u ", kind, (unsigned)offset, size);
}

static uint64_t probe_read(void *device, uint64_t offset, unsigned size)
{
    struct probe *probe = device;

    note(probe, 'r', offset, size);
    /* The bus must drop what is above `size` bytes. */
    return load_le(probe->memory + offset, size) |
           (size < 8 ? UINT64_MAX << (8 * size) : 0);
}

static void probe_write(void *device, uint64_t offset, unsigned size,
                        uint64_t value)
{
    struct probe *probe = device;

    note(probe, 'w', offset, size);
    if (size < 8)
        ck_assert_uint_eq(value >> (8 * size), 0);
    store_le(probe->memory + offset, size, value);
}

static const struct bus_ops probe_ops = {
    .read = probe_read,
    .write = probe_write,
};

static void probe_init(struct probe *probe, uint64_t base, uint64_t size)
{
    *probe = (struct probe){
        .region = {.name = "probe",
                   .base = base,
                   .size = size,
                   .ops = &probe_ops,
                   .device = probe},
    };
    for (unsigned i = 0; i < sizeof(probe->memory); i++)
        probe->memory[i] = (uint8_t)i;
}

static struct bus bus;
static struct probe first, second;

static void setup(void)
{
    bus_init(&bus, "test");
}

static void teardown(void)
{
    bus_destroy(&bus);
}

static uint64_t read_at(uint64_t address, unsigned size)
{
    uint8_t bytes[8] = {0};

    bus_read(&bus, address, bytes, size);
    return load_le(bytes, size);
}

START_TEST(empty_bus_reads_as_ones)
{
    uint8_t bytes[10];

    memset(bytes, 0x55, sizeof(bytes));
    bus_read(&bus, 0x1000, bytes + 1, 8);
    ck_assert_uint_eq(bytes[0], 0x55);
    ck_assert_uint_eq(load_le64(bytes + 1), UINT64_MAX);
    ck_assert_uint_eq(bytes[9], 0x55);
    bus_write(&bus, 0x1000, bytes, 4);
}
END_TEST

START_TEST(access_reaches_the_region_at_its_offset)
{
    probe_init(&first, 0x1000, 16);
    probe_init(&second, 0x2000, 16);
    ck_assert_int_eq(bus_add(&bus, &second.region), 0);
    ck_assert_int_eq(bus_add(&bus, &first.region), 0);

    ck_assert_uint_eq(read_at(0x1000, 1), 0x00);
    ck_assert_uint_eq(read_at(0x1002, 2), 0x0302);
    ck_assert_uint_eq(read_at(0x200c, 4), 0x0f0e0d0c);
    ck_assert_uint_eq(read_at(0x2008, 8), 0x0f0e0d0c0b0a0908);
    ck_assert_str_eq(first.history, "r0+1 r2+2 ");
    ck_assert_str_eq(second.history, "r12+4 r8+8 ");
    ck_assert_uint_eq(first.region.accesses, 2);

    bus_write(&bus, 0x1004, (const uint8_t[]){0xaa, 0xbb}, 2);
    ck_assert_uint_eq(load_le16(first.memory + 4), 0xbbaa);
    ck_assert_uint_eq(first.memory[6], 6);
    ck_assert_uint_eq(first.region.accesses, 3);
}
END_TEST

START_TEST(access_over_either_edge_reaches_nothing)
{
    const uint8_t bytes[8] = {0};

    probe_init(&first, 0x1000, 16);
    probe_init(&second, 0x1010, 16);
    ck_assert_int_eq(bus_add(&bus, &first.region), 0);
    ck_assert_int_eq(bus_add(&bus, &second.region), 0);

    ck_assert_uint_eq(read_at(0x100e, 4), UINT32_MAX); /* into the second */
    ck_assert_uint_eq(read_at(0xfff, 2), UINT16_MAX);
    ck_assert_uint_eq(read_at(0x101f, 2), UINT16_MAX);
    ck_assert_uint_eq(read_at(0xfff, 1), UINT8_MAX);
    ck_assert_uint_eq(read_at(0x1020, 1), UINT8_MAX);
    bus_write(&bus, 0x100e, bytes, 4);
    ck_assert_str_eq(first.history, "");
    ck_assert_str_eq(second.history, "");
    ck_assert_uint_eq(first.region.accesses, 0);
}
END_TEST

START_TEST(odd_sizes_arrive_in_powers_of_two)
{
    uint8_t bytes[7] = {0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6};

    probe_init(&first, 0, 16);
    ck_assert_int_eq(bus_add(&bus, &first.region), 0);

    ck_assert_uint_eq(read_at(1, 3), 0x030201);
    ck_assert_uint_eq(read_at(2, 7), 0x08070605040302);
    bus_write(&bus, 9, bytes, 7);
    ck_assert_str_eq(first.history, "r1+2 r3+1 r2+4 r6+2 r8+1 w9+4 w13+2 "
                                    "w15+1 ");
    ck_assert_mem_eq(first.memory + 9, bytes, 7);
    /* Each was one access of the vCPU. */
    ck_assert_uint_eq(first.region.accesses, 3);
}
END_TEST

START_TEST(regions_may_touch)
{
    probe_init(&first, 0x1000, 16);
    probe_init(&second, 0x1010, 1);
    ck_assert_int_eq(bus_add(&bus, &first.region), 0);
    ck_assert_int_eq(bus_add(&bus, &second.region), 0);
    ck_assert_uint_eq(read_at(0x100f, 1), 0x0f);
    ck_assert_uint_eq(read_at(0x1010, 1), 0x00);
}
END_TEST

START_TEST(regions_may_not_overlap)
{
    static const struct {
        uint64_t base, size;
    } overlaps[] = {
        {0x1000, 16},
        {0x0fff, 2},
        {0x100f, 1},
        {0x1004, 4},
        {0x0800, 0x1000},
        {0, UINT64_MAX},
        {0x100f, UINT64_MAX - 0x100f},
    };

    probe_init(&first, 0x1000, 16);
    ck_assert_int_eq(bus_add(&bus, &first.region), 0);
    ck_assert_int_eq(bus_add(&bus, &first.region), -EEXIST);
    for (unsigned i = 0; i < ARRAY_SIZE(overlaps); i++) {
        probe_init(&second, overlaps[i].base, overlaps[i].size);
        ck_assert_int_eq(bus_add(&bus, &second.region), -EEXIST);
    }
    ck_assert_uint_eq(bus.count, 1);
    ck_assert_uint_eq(read_at(0x1001, 1), 0x01);
}
END_TEST

START_TEST(region_is_not_empty_and_does_not_wrap)
{
    probe_init(&first, 0x1000, 0);
    ck_assert_int_eq(bus_add(&bus, &first.region), -EINVAL);
    probe_init(&first, UINT64_MAX, 2);
    ck_assert_int_eq(bus_add(&bus, &first.region), -EINVAL);
    probe_init(&first, 2, UINT64_MAX);
    ck_assert_int_eq(bus_add(&bus, &first.region), -EINVAL);
    ck_assert_uint_eq(bus.count, 0);
}
END_TEST

START_TEST(region_may_end_at_the_last_address)
{
    probe_init(&first, UINT64_MAX - 15, 16);
    ck_assert_int_eq(bus_add(&bus, &first.region), 0);
    ck_assert_uint_eq(read_at(UINT64_MAX, 1), 0x0f);
    ck_assert_uint_eq(read_at(UINT64_MAX, 2), UINT16_MAX);
    ck_assert_uint_eq(read_at(UINT64_MAX - 3, 4), 0x0f0e0d0c);
}
END_TEST

START_TEST(removed_region_is_gone_and_may_return_elsewhere)
{
    probe_init(&first, 0x1000, 16);
    probe_init(&second, 0x2000, 16);
    ck_assert_int_eq(bus_add(&bus, &first.region), 0);
    ck_assert_int_eq(bus_add(&bus, &second.region), 0);

    bus_remove(&bus, &first.region);
    ck_assert_uint_eq(read_at(0x1000, 1), UINT8_MAX);
    ck_assert_uint_eq(read_at(0x2001, 1), 0x01);
    first.region.base = 0x3000;
    ck_assert_int_eq(bus_add(&bus, &first.region), 0);
    ck_assert_uint_eq(read_at(0x3002, 1), 0x02);
}
END_TEST

START_TEST(removing_an_absent_region_changes_nothing)
{
    probe_init(&first, 0x1000, 16);
    probe_init(&second, 0x1000, 16);
    ck_assert_int_eq(bus_add(&bus, &first.region), 0);
    bus_remove(&bus, &second.region);
    ck_assert_uint_eq(read_at(0x1001, 1), 0x01);
    bus_remove(&bus, &first.region);
    bus_remove(&bus, &first.region);
    ck_assert_uint_eq(bus.count, 0);
}
END_TEST

START_TEST(full_bus_refuses_until_one_leaves)
{
    static struct probe many[BUS_MAX_REGIONS + 1];

    /* From the top down, so that each has to be put before the others. */
    for (unsigned i = 0; i <= BUS_MAX_REGIONS; i++)
        probe_init(&many[i], (BUS_MAX_REGIONS - i) * UINT64_C(32), 16);
    for (unsigned i = 0; i < BUS_MAX_REGIONS; i++)
        ck_assert_int_eq(bus_add(&bus, &many[i].region), 0);
    ck_assert_int_eq(bus_add(&bus, &many[BUS_MAX_REGIONS].region), -ENOSPC);
    for (unsigned i = 0; i < BUS_MAX_REGIONS; i++) {
        ck_assert_uint_eq(read_at(many[i].region.base + 1, 1), 0x01);
        ck_assert_str_eq(many[i].history, "r1+1 ");
    }

    bus_remove(&bus, &many[100].region);
    ck_assert_int_eq(bus_add(&bus, &many[BUS_MAX_REGIONS].region), 0);
    ck_assert_uint_eq(read_at(1, 1), 0x01);
}
END_TEST

/* A device that moves itself while it is being written. */
static void moving_write(void *device, uint64_t offset, unsigned size,
                         uint64_t value)
{
    struct probe *probe = device;

    (void)offset;
    (void)size;
    bus_remove(&bus, &probe->region);
    probe->region.base = value;
    ck_assert_int_eq(bus_add(&bus, &probe->region), 0);
}

static const struct bus_ops moving_ops = {
    .read = probe_read,
    .write = moving_write,
};

START_TEST(device_may_move_itself_while_written)
{
    const uint8_t target[4] = {0x00, 0x20};

    probe_init(&first, 0x1000, 16);
    first.region.ops = &moving_ops;
    ck_assert_int_eq(bus_add(&bus, &first.region), 0);
    bus_write(&bus, 0x1000, target, 4);
    ck_assert_uint_eq(read_at(0x1001, 1), UINT8_MAX);
    ck_assert_uint_eq(read_at(0x2001, 1), 0x01);
}
END_TEST

static atomic_bool finished;

static uint64_t constant_read(void *device, uint64_t offset, unsigned size)
{
    (void)device;
    (void)size;
    return offset;
}

static void ignoring_write(void *device, uint64_t offset, unsigned size,
                           uint64_t value)
{
    (void)device;
    (void)offset;
    (void)size;
    (void)value;
}

static const struct bus_ops constant_ops = {
    .read = constant_read,
    .write = ignoring_write,
};

static const struct bus_ops other_ops = {
    .read = constant_read,
    .write = ignoring_write,
};

/* Reads what stays and what comes and goes. */
static void *access_bus(void *argument)
{
    unsigned wrong = 0;

    (void)argument;
    while (!atomic_load(&finished)) {
        uint64_t moving = read_at(0x5007, 1);

        if (read_at(0x1003, 1) != 3)
            wrong++;
        if (moving != 7 && moving != UINT8_MAX)
            wrong++;
        bus_write(&bus, 0x5000, (const uint8_t[]){1}, 1);
    }
    ck_assert_uint_eq(wrong, 0);
    return NULL;
}

START_TEST(vcpus_access_while_regions_come_and_go)
{
    pthread_t vcpus[2];

    atomic_store(&finished, false);
    probe_init(&first, 0x1000, 16);
    first.region.ops = &constant_ops;
    probe_init(&second, 0x5000, 16);
    second.region.ops = &constant_ops;
    ck_assert_int_eq(bus_add(&bus, &first.region), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(vcpus); i++)
        ck_assert_int_eq(pthread_create(&vcpus[i], NULL, access_bus, NULL), 0);
    for (unsigned i = 0; i < 2000; i++) {
        /* Below and above the region that stays, so that it shifts. */
        second.region.base = i % 2 ? 0x5000 : 0;
        ck_assert_int_eq(bus_add(&bus, &second.region), 0);
        bus_remove(&bus, &second.region);
        /* From here on it is the remover's alone. */
        bus_wait_idle(&second.region);
        second.region.ops = i % 2 ? &constant_ops : &other_ops;
    }
    atomic_store(&finished, true);
    for (unsigned i = 0; i < ARRAY_SIZE(vcpus); i++)
        ck_assert_int_eq(pthread_join(vcpus[i], NULL), 0);
}
END_TEST

static atomic_bool entered, may_leave, drained;

static uint64_t slow_read(void *device, uint64_t offset, unsigned size)
{
    (void)device;
    (void)size;
    atomic_store(&entered, true);
    while (!atomic_load(&may_leave))
        sleep_ms(1);
    ck_assert(!atomic_load(&drained));
    return offset;
}

static const struct bus_ops slow_ops = {
    .read = slow_read,
    .write = ignoring_write,
};

static void *read_slowly(void *argument)
{
    (void)argument;
    ck_assert_uint_eq(read_at(0x1002, 1), 2);
    return NULL;
}

static void *drain(void *argument)
{
    bus_wait_idle(argument);
    atomic_store(&drained, true);
    return NULL;
}

START_TEST(waiting_ends_when_the_last_access_does)
{
    pthread_t vcpu, remover;

    atomic_store(&entered, false);
    atomic_store(&may_leave, false);
    atomic_store(&drained, false);
    probe_init(&first, 0x1000, 16);
    first.region.ops = &slow_ops;
    ck_assert_int_eq(bus_add(&bus, &first.region), 0);
    ck_assert_int_eq(pthread_create(&vcpu, NULL, read_slowly, NULL), 0);
    while (!atomic_load(&entered))
        sleep_ms(1);
    bus_remove(&bus, &first.region);
    ck_assert_int_eq(pthread_create(&remover, NULL, drain, &first.region), 0);
    sleep_ms(20);
    ck_assert(!atomic_load(&drained));
    atomic_store(&may_leave, true);
    ck_assert_int_eq(pthread_join(remover, NULL), 0);
    ck_assert_int_eq(pthread_join(vcpu, NULL), 0);
    ck_assert(atomic_load(&drained));
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, empty_bus_reads_as_ones);
    tcase_add_test(tcase, access_reaches_the_region_at_its_offset);
    tcase_add_test(tcase, access_over_either_edge_reaches_nothing);
    tcase_add_test(tcase, odd_sizes_arrive_in_powers_of_two);
    tcase_add_test(tcase, regions_may_touch);
    tcase_add_test(tcase, regions_may_not_overlap);
    tcase_add_test(tcase, region_is_not_empty_and_does_not_wrap);
    tcase_add_test(tcase, region_may_end_at_the_last_address);
    tcase_add_test(tcase, removed_region_is_gone_and_may_return_elsewhere);
    tcase_add_test(tcase, removing_an_absent_region_changes_nothing);
    tcase_add_test(tcase, full_bus_refuses_until_one_leaves);
    tcase_add_test(tcase, device_may_move_itself_while_written);
    tcase_add_test(tcase, vcpus_access_while_regions_come_and_go);
    tcase_add_test(tcase, waiting_ends_when_the_last_access_does);
}

int main(void)
{
    return check_main("bus", add_tests);
}
