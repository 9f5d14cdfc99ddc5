/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_kernel_log_traces.c: which functions a splat is about, in the forms in
 * which kernels print them.
 */
#include "vmm/kernel_log.h"

#include "tests/support/check_main.h"

#include <string.h>

static struct kernel_log kernel_log;

static void setup(void)
{
    kernel_log_init(&kernel_log, NULL);
}

static void add(const char *text)
{
    kernel_log_add(&kernel_log, (const uint8_t *)text, strlen(text));
}

static const char x86_without_frames[] =
    "[    1.0] ------------[ cut here ]------------\n"
    "[    1.0] WARNING: CPU: 0 PID: 1 at fs/a.c:12 culprit+0x8d/0x150 [mod]\n"
    "[    1.0] Modules linked in: mod(O)\n"
    "[    1.0] CPU: 0 UID: 0 PID: 1 Comm: sh Not tainted 6.12.0 #1\n"
    "[    1.0] RIP: 0010:culprit+0x8d/0x150 [mod]\n"
    "[    1.0] Code: 00 <0f> 0b c3\n"
    "[    1.0] RSP: 0018:ffffc90000013e28 EFLAGS: 00010246\n"
    "[    1.0] Call Trace:\n"
    "[    1.0]  <TASK>\n"
    "[    1.0]  ? __warn+0x8d/0x150\n"
    "[    1.0]  ? guessed_caller+0x12/0x34 [mod]\n"
    "[    1.0] RIP: 0033:0x7f00deadbeef\n"
    "[    1.0]  </TASK>\n"
    "[    1.0] ---[ end trace 0000000000000000 ]---\n";

static const char x86_oops[] =
    "[    1.0] BUG: kernel NULL pointer dereference, address: "
    "0000000000000000\n"
    "[    1.0] #PF: supervisor write access in kernel mode\n"
    "[    1.0] Oops: Oops: 0002 [#1] PREEMPT SMP\n"
    "[    1.0] RIP: 0010:sysrq_handle_crash+0x16/0x20\n"
    "[    1.0] Call Trace:\n"
    "[    1.0]  <TASK>\n"
    "[    1.0]  ? __die_body+0x1a/0x60\n"
    "[    1.0]  __handle_sysrq+0x9b/0x170\n"
    "[    1.0]  write_sysrq_trigger+0x23/0x40\n"
    "[    1.0]  </TASK>\n"
    "[    1.0] ---[ end trace 0000000000000000 ]---\n";

static const char x86_call_of_nothing[] =
    "BUG: kernel NULL pointer dereference, address: 0000000000000000\n"
    "RIP: 0010:0x0\n"
    "Call Trace:\n"
    " caller+0x1/0x2\n"
    "---[ end trace 0000000000000000 ]---\n";

static const char arm64_warning[] =
    "[    1.0] WARNING: CPU: 1 PID: 1 at fs/a.c:12 culprit+0x18/0x20\n"
    "[    1.0] Hardware name: linux,dummy-virt (DT)\n"
    "[    1.0] pstate: 60000005 (nZCv daif -PAN -UAO -TCO -DIT -SSBS "
    "BTYPE=--)\n"
    "[    1.0] pc : culprit+0x18/0x20\n"
    "[    1.0] lr : caller+0x24/0x40\n"
    "[    1.0] sp : ffff800080013d40\n"
    "[    1.0] x29: ffff800080013d40 x28: 0000000000000000\n"
    "[    1.0] Call trace:\n"
    "[    1.0]  culprit+0x18/0x20 (P)\n"
    "[    1.0]  caller+0x24/0x40 (L)\n"
    "[    1.0]  do_one_initcall+0x40/0x1c0\n"
    "[    1.0] ---[ end trace 0000000000000000 ]---\n";

static const char arm64_oops[] =
    "[    1.0] Unable to handle kernel NULL pointer dereference at virtual "
    "address 0000000000000000\n"
    "[    1.0] Mem abort info:\n"
    "[    1.0]   ESR = 0x0000000096000044\n"
    "[    1.0] Internal error: Oops: 0000000096000044 [#1] PREEMPT SMP\n"
    "[    1.0] pc : sysrq_handle_crash+0x10/0x18\n"
    "[    1.0] lr : sysrq_handle_crash+0x8/0x18\n"
    "[    1.0] Call trace:\n"
    "[    1.0]  sysrq_handle_crash+0x10/0x18\n"
    "[    1.0]  __handle_sysrq+0x80/0x190\n"
    "[    1.0] Code: d503233f b9400000 (b900001f)\n"
    "[    1.0] ---[ end trace 0000000000000000 ]---\n";

static const char arm64_bug[] =
    "[    1.0] kernel BUG at fs/a.c:12!\n"
    "[    1.0] Internal error: Oops - BUG: 00000000f2000800 [#1] SMP\n"
    "[    1.0] pc : culprit+0x18/0x20 [mod]\n"
    "[    1.0] Call trace:\n"
    "[    1.0]  caller+0x24/0x40 [mod]\n"
    "[    1.0] ---[ end trace 0000000000000000 ]---\n";

static const char kasan[] =
    "[    1.0] BUG: KASAN: slab-out-of-bounds in culprit+0xa8/0xbc [mod]\n"
    "[    1.0] Write of size 1 at addr ffff888000000000 by task sh/1\n"
    "[    1.0] Call Trace:\n"
    "[    1.0]  dump_stack_lvl+0x68/0xa0\n"
    "[    1.0]  print_report+0xcf/0x610\n";

static const char kcsan[] =
    "[    1.0] BUG: KCSAN: data-race in writer / reader\n"
    "[    1.0] write to 0xffffffff8009a0c8 of 4 bytes by task 12 on cpu 0:\n"
    "[    1.0]  writer+0x1/0x2\n"
    "[    1.0]  kthread+0x1/0x2\n";

static const char leaks[] =
    "[    9.0] kmemleak: 2 new suspected memory leaks (see "
    "/sys/kernel/debug/kmemleak)\n"
    "[    9.1] Call Trace:\n"
    "[    9.1]  of_another+0x1/0x2\n";

static const char verbose_leaks[] =
    "[    9.0] kmemleak: unreferenced object 0xffff888004f3a1c0 (size 64):\n"
    "[    9.0] kmemleak:   comm \"sh\", pid 12, jiffies 4294893\n"
    "[    9.0] kmemleak:   hex dump (first 32 bytes):\n"
    "[    9.0] kmemleak:     00 00 00 00 00 00 00 00  ........\n"
    "[    9.0] kmemleak:   backtrace (crc 1f2e3d4c):\n"
    "[    9.0] kmemleak:     [<00000000deadbeef>] allocate+0x1/0x2 [mod]\n"
    "[    9.0] kmemleak:     do_one_initcall+0x40/0x1c0\n"
    "[    9.0] kmemleak: 1 new suspected memory leaks (see "
    "/sys/kernel/debug/kmemleak)\n"
    "[    9.1] of_another+0x1/0x2\n";

static const char references[] =
    "[    9.0] ref_tracker: net notrefcnt@000000001f2e3d4c has 1/1 users at\n"
    "[    9.0]      sk_alloc+0x1/0x2\n"
    "[    9.0]      inet_create+0x1/0x2\n"
    "[    9.0] \n"
    "[    9.0] ------------[ cut here ]------------\n"
    "[    9.0] WARNING: CPU: 0 PID: 1 at lib/ref_tracker.c:223 of_another+0x1\n"
    "[    9.0] RIP: 0010:of_another+0x1/0x2\n";

static const char waiting[] =
    "[    9.0] unregister_netdevice: waiting for tap0 to become free. Usage "
    "count = 2\n"
    "[    9.0] ref_tracker: leaked reference.\n"
    "[    9.0]  dev_hold_track+0x1/0x2\n";

static const char released_twice[] =
    "[    9.0] ref_tracker: reference already released.\n"
    "[    9.0] ref_tracker: allocated in:\n"
    "[    9.0]  allocate+0x1/0x2\n"
    "[    9.0] ref_tracker: freed in:\n"
    "[    9.0]  release+0x1/0x2\n";

static const struct {
    const char *text, *kind, *frames[3];
} backtraces[] = {
    {x86_without_frames, "WARNING", {"culprit", "__warn", "guessed_caller"}},
    {x86_oops,
     "Oops",
     {"sysrq_handle_crash", "__handle_sysrq", "write_sysrq_trigger"}},
    {x86_call_of_nothing, "Oops", {"caller"}},
    {arm64_warning, "WARNING", {"culprit", "caller", "do_one_initcall"}},
    {arm64_oops, "Oops", {"sysrq_handle_crash", "__handle_sysrq"}},
    {arm64_bug, "BUG", {"culprit", "caller"}},
    {kasan, "KASAN", {"culprit", "dump_stack_lvl", "print_report"}},
    {kcsan, "KCSAN", {"writer", "kthread"}},
    {leaks, "kmemleak", {NULL}},
    {verbose_leaks, "kmemleak", {"allocate", "do_one_initcall"}},
    {references, "ref_tracker", {"sk_alloc", "inet_create"}},
    {waiting, "ref_tracker", {"dev_hold_track"}},
    {released_twice, "ref_tracker", {"allocate", "release"}},
};

START_TEST(a_backtrace_is_the_culprit_and_its_callers)
{
    unsigned count = 0;

    add(backtraces[_i].text);
    kernel_log_end(&kernel_log);
    ck_assert(kernel_log.saw_splat);
    ck_assert_str_eq(kernel_log.splat_kind, backtraces[_i].kind);
    while (count < 3 && backtraces[_i].frames[count]) {
        ck_assert_uint_lt(count, kernel_log.num_frames);
        ck_assert_str_eq(kernel_log.frames[count],
                         backtraces[_i].frames[count]);
        count++;
    }
    ck_assert_uint_eq(kernel_log.num_frames, count);
}
END_TEST

START_TEST(frames_are_at_most_five)
{
    add("WARNING: CPU: 0\nRIP: 0010:culprit+0x1/0x2\nCall Trace:\n");
    for (unsigned i = 0; i < 10; i++)
        add(" caller+0x1/0x2\n ? guess+0x1/0x2\n");
    kernel_log_end(&kernel_log);
    ck_assert_uint_eq(kernel_log.num_frames, KERNEL_LOG_NUM_FRAMES);
    ck_assert_str_eq(kernel_log.frames[0], "culprit");
    ck_assert_str_eq(kernel_log.frames[4], "caller");
}
END_TEST

START_TEST(a_pattern_is_the_culprit)
{
    static char pattern[] = "culprit", *patterns[] = {pattern};
    static const struct splat_list list = {.lines = patterns, .count = 1};

    kernel_log_init(&kernel_log, &list);
    add(arm64_warning);
    ck_assert(!kernel_log.saw_splat);
    add(x86_oops);
    ck_assert(kernel_log.saw_splat);
    ck_assert_str_eq(kernel_log.frames[0], "sysrq_handle_crash");
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_loop_test(tcase, a_backtrace_is_the_culprit_and_its_callers, 0,
                        (int)ARRAY_SIZE(backtraces));
    tcase_add_test(tcase, frames_are_at_most_five);
    tcase_add_test(tcase, a_pattern_is_the_culprit);
}

int main(void)
{
    return check_main("kernel_log_traces", add_tests);
}
