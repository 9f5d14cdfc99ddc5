/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_run_phases.c: times since the process began, each taken once.
 */
#include "vmm/run_phases.h"

#include "tests/support/check_main.h"
#include "tests/support/sleep_ms.h"
#include "tests/support/temp_tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static struct temp_tree tree;
static struct run_phases phases;

static void setup(void)
{
    temp_tree_init(&tree);
}

static void teardown(void)
{
    temp_tree_destroy(&tree);
}

static uint64_t now_ticks(void)
{
    struct timespec now;

    ck_assert_int_eq(sysconf(_SC_CLK_TCK), 100);
    ck_assert_int_eq(clock_gettime(CLOCK_BOOTTIME, &now), 0);
    return (uint64_t)now.tv_sec * 100 + (uint64_t)now.tv_nsec / 10000000;
}

/* The process, which has a name to confuse, began at that tick. */
static void init_at(uint64_t ticks)
{
    char text[256], path[96];

    (void)snprintf(text, sizeof(text),
                   "7 (a) 1 (b) S 1 2 3 4 -1 6 7 8 9 10 11 12 13 14 20 0 3 0 "
                   "%" PRIu64 " 4 5 6\n",
                   ticks);
    temp_tree_add_file(&tree, "stat", text);
    (void)snprintf(path, sizeof(path), "%s/stat", tree.root);
    run_phases_init(&phases, path);
}

static uint64_t get(enum run_phase phase)
{
    uint64_t us;

    ck_assert(run_phases_get(&phases, phase, &us));
    return us;
}

START_TEST(time_runs_from_the_start_of_the_process)
{
    init_at(now_ticks() - 1000);
    run_phases_reach(&phases, RUN_PHASE_MAIN);
    ck_assert_uint_ge(get(RUN_PHASE_MAIN), 10000000);
    ck_assert_uint_lt(get(RUN_PHASE_MAIN), 70000000);
}
END_TEST

START_TEST(only_the_first_time_counts)
{
    uint64_t first;

    init_at(now_ticks());
    run_phases_reach(&phases, RUN_PHASE_INIT);
    first = get(RUN_PHASE_INIT);
    sleep_ms(2);
    run_phases_reach(&phases, RUN_PHASE_INIT);
    ck_assert_uint_eq(get(RUN_PHASE_INIT), first);
    run_phases_reach(&phases, RUN_PHASE_COMMAND);
    ck_assert_uint_gt(get(RUN_PHASE_COMMAND), first);
}
END_TEST

START_TEST(what_was_not_reached_has_no_time)
{
    uint64_t us;

    init_at(now_ticks());
    for (unsigned i = 0; i < RUN_NUM_PHASES; i++)
        ck_assert(!run_phases_get(&phases, (enum run_phase)i, &us));
}
END_TEST

START_TEST(without_a_start_it_is_now)
{
    if (_i == 0)
        run_phases_init(&phases, "/none/stat");
    else
        init_at(now_ticks() + 100000); /* in the time to come */
    run_phases_reach(&phases, RUN_PHASE_MAIN);
    ck_assert_uint_lt(get(RUN_PHASE_MAIN), 60000000);
}
END_TEST

START_TEST(every_phase_has_a_name)
{
    for (unsigned i = 0; i < RUN_NUM_PHASES; i++)
        ck_assert_ptr_nonnull(run_phases_name((enum run_phase)i));
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, time_runs_from_the_start_of_the_process);
    tcase_add_test(tcase, only_the_first_time_counts);
    tcase_add_test(tcase, what_was_not_reached_has_no_time);
    tcase_add_loop_test(tcase, without_a_start_it_is_now, 0, 2);
    tcase_add_test(tcase, every_phase_has_a_name);
}

int main(void)
{
    return check_main("run_phases", add_tests);
}
