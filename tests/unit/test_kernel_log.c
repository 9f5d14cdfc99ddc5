/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_kernel_log.c: what the kernel's messages say, whatever pieces they come
 * in.
 */
#include "vmm/kernel_log.h"

#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/temp_tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct kernel_log kernel_log;
static struct splat_list list;

static void setup(void)
{
    kernel_log_init(&kernel_log, NULL);
}

static void add(const char *text)
{
    kernel_log_add(&kernel_log, (const uint8_t *)text, strlen(text));
}

/* Reads `text` as the file of patterns and begins a log. */
static void allow(const char *text)
{
    struct temp_tree tree;
    char path[128];

    temp_tree_init(&tree);
    temp_tree_add_file(&tree, "allow", text);
    (void)snprintf(path, sizeof(path), "%s/allow", tree.root);
    ck_assert_int_eq(splat_list_read(&list, path), 0);
    temp_tree_destroy(&tree);
    kernel_log_init(&kernel_log, &list);
}

static const char warning[] =
    "[    1.000000] ------------[ cut here ]------------\r\n"
    "[    1.000001] WARNING: CPU: 0 PID: 1 at net/core/dev.c:1 netdev_f+0x1\r\n"
    "[    1.000002] Modules linked in: left_module(O)\r\n"
    "[    1.000003] Call Trace:\r\n"
    "[    1.000004]  <TASK>\r\n"
    "[    1.000005]  ? leftover+0x1/0x2\r\n"
    "[    1.000006]  first_frame+0x12/0x34\r\n"
    "[    1.000007]  second_frame+0x12/0x34 [left_module]\r\n"
    "[    1.000008]  </TASK>\r\n"
    "[    1.000009] ---[ end trace 0000000000000000 ]---\r\n";

/* ---- Splats ---- */

START_TEST(a_warning_is_kept_with_its_backtrace)
{
    add("[    0.000000] Linux version 6.12\r\n");
    ck_assert(!kernel_log.saw_splat);
    add(warning);
    ck_assert(kernel_log.saw_splat);
    ck_assert_str_eq(kernel_log.splat_kind, "WARNING");
    ck_assert_uint_eq(kernel_log.num_frames, 2);
    ck_assert_str_eq(kernel_log.frames[0], "first_frame");
    ck_assert_str_eq(kernel_log.frames[1], "second_frame");
    ck_assert_ptr_nonnull(strstr(kernel_log.block, "net/core/dev.c"));
    ck_assert_ptr_nonnull(strstr(kernel_log.block, "end trace"));
    ck_assert_ptr_null(strstr(kernel_log.block, "Linux version"));
    ck_assert(!kernel_log.saw_panic);
}
END_TEST

START_TEST(first_process_says_why_it_gives_up)
{
    add("[    1.0] vmm init: not at the start of a line\n");
    ck_assert_str_eq(kernel_log.init_failure, "");
    add("vmm init: module a does not load\r\nvmm init: another\n");
    ck_assert_str_eq(kernel_log.init_failure, "module a does not load");
}
END_TEST

START_TEST(pieces_do_not_matter)
{
    for (size_t i = 0; i < strlen(warning); i++)
        kernel_log_add(&kernel_log, (const uint8_t *)warning + i, 1);
    ck_assert(kernel_log.saw_splat);
    ck_assert_str_eq(kernel_log.frames[1], "second_frame");
}
END_TEST

static const struct {
    const char *line, *kind;
} kinds[] = {
    {"BUG: KASAN: slab-use-after-free in f+0x1/0x2", "KASAN"},
    {"BUG: KCSAN: data-race in a / b", "KCSAN"},
    {"BUG: KMSAN: uninit-value in f", "KMSAN"},
    {"BUG: KFENCE: out-of-bounds read in f", "KFENCE"},
    {"UBSAN: array-index-out-of-bounds in f.c:1:2", "UBSAN"},
    {"WARNING: possible circular locking dependency detected", "lockdep"},
    {"WARNING: possible recursive locking detected", "lockdep"},
    {"WARNING: inconsistent lock state", "lockdep"},
    {"WARNING: suspicious RCU usage", "lockdep"},
    {"INFO: task sh:1 blocked for more than 120 seconds.", "hung task"},
    {"rcu: INFO: rcu_sched self-detected stall on CPU", "RCU stall"},
    {"rcu: INFO: rcu_sched detected stalls on CPUs/tasks:", "RCU stall"},
    {"watchdog: BUG: soft lockup - CPU#0 stuck for 22s!", "lockup"},
    {"Watchdog detected hard LOCKUP on cpu 0", "lockup"},
    {"kmemleak: 3 new suspected memory leaks", "kmemleak"},
    {"unregister_netdevice: waiting for lo to become free", "ref_tracker"},
    {"kernel BUG at mm/slub.c:1!", "BUG"},
    {"BUG: kernel NULL pointer dereference, address: 0", "Oops"},
    {"BUG: unable to handle page fault for address: ffff", "Oops"},
    {"general protection fault, probably for non-canonical", "Oops"},
    {"Internal error: Oops: 0000000096000004 [#1] SMP", "Oops"},
    {"BUG: scheduling while atomic: sh/1/0x2", "BUG"},
    {"WARNING: CPU: 0 PID: 1 at a.c:1 f+0x1/0x2", "WARNING"},
};

START_TEST(each_kind_of_splat_is_known)
{
    add("[   12.345678][    T1] ");
    add(kinds[_i].line);
    add("\n");
    kernel_log_end(&kernel_log);
    ck_assert(kernel_log.saw_splat);
    ck_assert_str_eq(kernel_log.splat_kind, kinds[_i].kind);
}
END_TEST

START_TEST(other_words_are_none)
{
    add("[    1.0] Warning: a driver is old\n"
        "[    1.0] DEBUG: nothing\n"
        "[    1.0] oops, said a program\n"
        "[    1.0] virtio_net: warnings are off\n");
    kernel_log_end(&kernel_log);
    ck_assert(!kernel_log.saw_splat);
    ck_assert(!kernel_log.saw_panic);
}
END_TEST

START_TEST(a_splat_that_is_cut_off_counts_at_the_end)
{
    add("WARNING: CPU: 0 PID: 1 at a.c:1");
    ck_assert(!kernel_log.saw_splat);
    kernel_log_end(&kernel_log);
    ck_assert(kernel_log.saw_splat);
    ck_assert_str_eq(kernel_log.block, "WARNING: CPU: 0 PID: 1 at a.c:1\n");
}
END_TEST

START_TEST(a_splat_without_an_end_ends)
{
    add("WARNING: CPU: 0\n");
    for (unsigned i = 0; i < 1000; i++)
        add("and so on\n");
    ck_assert(kernel_log.saw_splat);
}
END_TEST

START_TEST(the_first_splat_is_the_one)
{
    add(warning);
    add("BUG: KASAN: later\n");
    kernel_log_end(&kernel_log);
    ck_assert_str_eq(kernel_log.splat_kind, "WARNING");
}
END_TEST

/* ---- What does not count ---- */

START_TEST(a_pattern_is_part_of_the_first_line)
{
    allow("# a remark, WARNING\n\n  net/core/dev.c:1 \n");
    add("BUG: sleeping\n");
    kernel_log_end(&kernel_log);
    ck_assert(kernel_log.saw_splat);
    kernel_log_init(&kernel_log, &list);
    add(warning);
    kernel_log_end(&kernel_log);
    ck_assert(!kernel_log.saw_splat);
    splat_list_destroy(&list);
}
END_TEST

START_TEST(a_pattern_is_a_frame)
{
    allow("second_frame\n");
    add(warning);
    ck_assert(!kernel_log.saw_splat);
    /* The next is looked at as if nothing had been. */
    add("BUG: KASAN: in f\n");
    kernel_log_end(&kernel_log);
    ck_assert_str_eq(kernel_log.splat_kind, "KASAN");
    ck_assert_uint_eq(kernel_log.num_frames, 0);
    splat_list_destroy(&list);
}
END_TEST

START_TEST(leftovers_of_the_stack_are_no_frames)
{
    allow("leftover\n");
    add(warning);
    ck_assert(kernel_log.saw_splat);
    splat_list_destroy(&list);
}
END_TEST

START_TEST(a_list_that_cannot_be_read_is_named)
{
    struct log_capture capture;

    log_capture_start(&capture);
    ck_assert_int_eq(splat_list_read(&list, "/no/such/file"), -ENOENT);
    ck_assert_ptr_nonnull(strstr(capture.last, "/no/such/file"));
    ck_assert_int_eq(splat_list_read(&list, "/"), -EISDIR);
    ck_assert_int_eq(splat_list_read(&list, "/dev/zero"), -EFBIG);
    ck_assert_uint_eq(capture.lines, 3);
    log_capture_stop();
    ck_assert_uint_eq(list.count, 0);
}
END_TEST

/* ---- Panics ---- */

START_TEST(a_panic_is_complete_with_its_last_line)
{
    add("[    1.0] Kernel panic - not syncing: sysrq triggered crash\r\n");
    ck_assert(kernel_log.saw_panic);
    ck_assert(!kernel_log.panic_is_complete);
    add("[    1.0] ---[ end Kernel panic - not syncing: sysrq triggered crash "
        "]---\r\n");
    ck_assert(kernel_log.panic_is_complete);
    ck_assert(!kernel_log.saw_splat);
}
END_TEST

START_TEST(a_halt_is_told_from_other_ends)
{
    kernel_log_init(&kernel_log, NULL);
    add("[    2.199206] reboot: Restarting system\n"
        "[    2.199206] reboot: Power down\n"
        "the program says: reboot: System halted\n");
    ck_assert(!kernel_log.saw_halt);
    add("[    2.199206] reboot: System halted\n");
    ck_assert(kernel_log.saw_halt);
    kernel_log_init(&kernel_log, NULL);
    add("reboot: Power off not available: System halted instead\n");
    ck_assert(kernel_log.saw_halt);
}
END_TEST

START_TEST(a_panic_within_a_splat_is_seen)
{
    add("BUG: kernel NULL pointer dereference, address: 0\n"
        "Kernel panic - not syncing: Fatal exception\n");
    ck_assert(kernel_log.saw_panic);
    kernel_log_end(&kernel_log);
    ck_assert_str_eq(kernel_log.splat_kind, "Oops");
}
END_TEST

/* ---- Bytes ---- */

START_TEST(only_the_begin_of_a_long_line_is_looked_at)
{
    for (unsigned i = 0; i < KERNEL_LOG_MAX_LINE; i++)
        add("x");
    add("WARNING: too late\n");
    kernel_log_end(&kernel_log);
    ck_assert(!kernel_log.saw_splat);
    add("WARNING: in time\n");
    kernel_log_end(&kernel_log);
    ck_assert(kernel_log.saw_splat);
}
END_TEST

START_TEST(a_splat_of_long_lines_is_kept_in_part)
{
    add("WARNING: begin\n");
    for (unsigned i = 0; i < 100; i++) {
        for (unsigned j = 0; j < KERNEL_LOG_MAX_LINE; j++)
            add("y");
        add("\n");
    }
    kernel_log_end(&kernel_log);
    ck_assert(kernel_log.saw_splat);
    ck_assert_uint_lt(kernel_log.block_size, KERNEL_LOG_MAX_BLOCK);
    ck_assert_uint_eq(strlen(kernel_log.block), kernel_log.block_size);
}
END_TEST

START_TEST(zeroes_do_not_hide_a_splat)
{
    static const uint8_t bytes[] = "WAR\0NING: with zeroes\n";

    kernel_log_add(&kernel_log, bytes, sizeof(bytes) - 1);
    kernel_log_end(&kernel_log);
    ck_assert(kernel_log.saw_splat);
}
END_TEST

START_TEST(the_tail_is_what_came_last)
{
    static char tail[KERNEL_LOG_MAX_TAIL + 100];

    ck_assert_uint_eq(kernel_log_tail(&kernel_log, tail, sizeof(tail)), 0);
    add("abc");
    ck_assert_uint_eq(kernel_log_tail(&kernel_log, tail, sizeof(tail)), 3);
    ck_assert_mem_eq(tail, "abc", 3);
    for (unsigned i = 0; i < 3 * KERNEL_LOG_MAX_TAIL; i++)
        add(i % 2 ? "1" : "0");
    add("the end");
    ck_assert_uint_eq(kernel_log_tail(&kernel_log, tail, 9), 9);
    ck_assert_mem_eq(tail, "01the end", 9);
    ck_assert_uint_eq(kernel_log_tail(&kernel_log, tail, sizeof(tail)),
                      KERNEL_LOG_MAX_TAIL);
    ck_assert_mem_eq(tail + KERNEL_LOG_MAX_TAIL - 7, "the end", 7);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, a_warning_is_kept_with_its_backtrace);
    tcase_add_test(tcase, first_process_says_why_it_gives_up);
    tcase_add_test(tcase, pieces_do_not_matter);
    tcase_add_loop_test(tcase, each_kind_of_splat_is_known, 0,
                        (int)ARRAY_SIZE(kinds));
    tcase_add_test(tcase, other_words_are_none);
    tcase_add_test(tcase, a_splat_that_is_cut_off_counts_at_the_end);
    tcase_add_test(tcase, a_splat_without_an_end_ends);
    tcase_add_test(tcase, the_first_splat_is_the_one);
    tcase_add_test(tcase, a_pattern_is_part_of_the_first_line);
    tcase_add_test(tcase, a_pattern_is_a_frame);
    tcase_add_test(tcase, leftovers_of_the_stack_are_no_frames);
    tcase_add_test(tcase, a_list_that_cannot_be_read_is_named);
    tcase_add_test(tcase, a_panic_is_complete_with_its_last_line);
    tcase_add_test(tcase, a_halt_is_told_from_other_ends);
    tcase_add_test(tcase, a_panic_within_a_splat_is_seen);
    tcase_add_test(tcase, only_the_begin_of_a_long_line_is_looked_at);
    tcase_add_test(tcase, a_splat_of_long_lines_is_kept_in_part);
    tcase_add_test(tcase, zeroes_do_not_hide_a_splat);
    tcase_add_test(tcase, the_tail_is_what_came_last);
}

int main(void)
{
    return check_main("kernel_log", add_tests);
}
