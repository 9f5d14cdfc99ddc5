/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_thread_times.c: what the kernel says of threads, and sums of it.
 */
#include "vmm/thread_times.h"

#include "tests/support/check_main.h"
#include "tests/support/emulator.h"
#include "tests/support/temp_tree.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static struct temp_tree tree;
static struct thread_times from, to, total;

static void setup(void)
{
    temp_tree_init(&tree);
}

static void teardown(void)
{
    thread_times_destroy(&from);
    thread_times_destroy(&to);
    thread_times_destroy(&total);
    temp_tree_destroy(&tree);
}

/* Times in clock ticks, of which 100 are a second; `user` with the guest's, as
 * the kernel has it. */
static void set_thread(int tid, const char *name, unsigned user,
                       unsigned system, unsigned guest)
{
    char path[32], text[512];

    ck_assert_int_eq(sysconf(_SC_CLK_TCK), 100);
    (void)snprintf(path, sizeof(path), "task/%d/stat", tid);
    (void)snprintf(text, sizeof(text),
                   "%d (%s) S 1 2 3 4 -1 6 7 8 9 10 %u %u 11 12 20 0 3 0 123 "
                   "4 5 18446744073709551615 1 1 0 0 0 0 1 2 3 4 5 6 17 1 0 0 "
                   "0 %u 0 0 0 0 0 0 0 0 0\n",
                   tid, name, user, system, guest);
    temp_tree_add_file(&tree, path, text);
}

static void read_into(struct thread_times *times)
{
    char path[96];

    (void)snprintf(path, sizeof(path), "%s/task", tree.root);
    ck_assert_int_eq(thread_times_read(times, path), 0);
}

static void expect(const struct thread_time *thread, const char *name,
                   uint64_t guest_ms, uint64_t user_ms, uint64_t system_ms)
{
    ck_assert_str_eq(thread->name, name);
    ck_assert_uint_eq(thread->guest_ms, guest_ms);
    ck_assert_uint_eq(thread->user_ms, user_ms);
    ck_assert_uint_eq(thread->system_ms, system_ms);
}

START_TEST(time_in_a_guest_is_apart)
{
    set_thread(7, "vcpu-0", 150, 25, 120);
    read_into(&to);
    ck_assert_uint_eq(to.count, 1);
    ck_assert_int_eq(to.threads[0].tid, 7);
    expect(&to.threads[0], "vcpu-0", 1200, 300, 250);
}
END_TEST

START_TEST(time_in_a_guest_may_be_rounded_up)
{
    set_thread(7, "vcpu-0", 119, 0, 120);
    read_into(&to);
    expect(&to.threads[0], "vcpu-0", 1200, 0, 0);
}
END_TEST

START_TEST(names_may_hold_anything)
{
    set_thread(7, "a) R (b", 1, 2, 0);
    read_into(&to);
    expect(&to.threads[0], "a) R (b", 0, 10, 20);
}
END_TEST

START_TEST(lines_of_another_kind_are_no_threads)
{
    temp_tree_add_file(&tree, "task/1/stat", "");
    temp_tree_add_file(&tree, "task/2/stat", "2 name S 1 2 3\n");
    temp_tree_add_file(&tree, "task/3/stat", "3 ) name ( S 1 2 3\n");
    temp_tree_add_file(&tree, "task/4/stat", "4 (name) S 1 2 3\n");
    temp_tree_add_folder(&tree, "task/5");
    read_into(&to);
    ck_assert_uint_eq(to.count, 0);
    ck_assert_int_eq(thread_times_read(&to, "/nowhere"), -ENOENT);
}
END_TEST

START_TEST(differences_add_up_by_thread)
{
    set_thread(7, "vcpu-0", 100, 50, 80);
    read_into(&from);
    temp_tree_destroy(&tree);
    temp_tree_init(&tree);
    set_thread(7, "vcpu-0", 130, 51, 105);
    read_into(&to);
    ck_assert_int_eq(thread_times_add(&total, &from, &to), 0);
    ck_assert_uint_eq(total.count, 1);
    expect(&total.threads[0], "vcpu-0", 250, 50, 10);
    ck_assert_int_eq(thread_times_add(&total, &from, &to), 0);
    ck_assert_uint_eq(total.count, 1);
    expect(&total.threads[0], "vcpu-0", 500, 100, 20);
}
END_TEST

START_TEST(thread_that_started_since_counts_from_its_start)
{
    set_thread(7, "net", 3, 4, 0);
    read_into(&to);
    ck_assert_int_eq(thread_times_add(&total, &from, &to), 0);
    expect(&total.threads[0], "net", 0, 30, 40);
}
END_TEST

START_TEST(parts_that_go_back_count_as_nothing)
{
    set_thread(7, "net", 3, 4, 0);
    read_into(&from);
    temp_tree_destroy(&tree);
    temp_tree_init(&tree);
    set_thread(7, "net", 2, 5, 0);
    read_into(&to);
    ck_assert_int_eq(thread_times_add(&total, &from, &to), 0);
    expect(&total.threads[0], "net", 0, 0, 10);
}
END_TEST

static void *wait_for_end(void *end)
{
    (void)pthread_mutex_lock(end);
    return NULL;
}

START_TEST(threads_of_this_process_are_found)
{
    pthread_mutex_t end = PTHREAD_MUTEX_INITIALIZER;
    pthread_t thread;

    if (emulator_lacks("processes without threads of its own"))
        return;
    (void)pthread_mutex_lock(&end);
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_end, &end), 0);
    (void)pthread_setname_np(thread, "helper");
    ck_assert_int_eq(thread_times_read(&to, "/proc/self/task"), 0);
    (void)pthread_mutex_unlock(&end);
    (void)pthread_join(thread, NULL);
    ck_assert_uint_eq(to.count, 2);
    ck_assert_str_eq(to.threads[0].name, "I/O");
    ck_assert_int_eq(to.threads[0].tid, getpid());
    ck_assert_str_eq(to.threads[1].name, "helper");
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, time_in_a_guest_is_apart);
    tcase_add_test(tcase, time_in_a_guest_may_be_rounded_up);
    tcase_add_test(tcase, names_may_hold_anything);
    tcase_add_test(tcase, lines_of_another_kind_are_no_threads);
    tcase_add_test(tcase, differences_add_up_by_thread);
    tcase_add_test(tcase, thread_that_started_since_counts_from_its_start);
    tcase_add_test(tcase, parts_that_go_back_count_as_nothing);
    tcase_add_test(tcase, threads_of_this_process_are_found);
}

int main(void)
{
    return check_main("thread_times", add_tests);
}
