/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_vhost_trace.c: the calls of the vhost backend as lines, and held
 * against the rules.
 */
#include "vdpa/vhost_trace.h"

#include "tests/support/check_main.h"
#include "tests/support/temp_tree.h"
#include "tests/support/vhost_bed.h"
#include "vdpa/trace_check.h"
#include "vdpa/vhost_uapi.h"
#include "vmm/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct temp_tree tree;
static char path[128], text[32768];

static void start(void)
{
    temp_tree_init(&tree);
    (void)snprintf(path, sizeof(path), "%s/trace", tree.root);
    ck_assert_int_eq(trace_open(path), 0);
}

static void stop(void)
{
    size_t length;
    FILE *file;

    ck_assert_int_eq(trace_close(), 0);
    file = fopen(path, "re");
    ck_assert_ptr_nonnull(file);
    length = fread(text, 1, sizeof(text) - 1, file);
    ck_assert_uint_lt(length, sizeof(text) - 1);
    text[length] = '\0';
    (void)fclose(file);
    temp_tree_destroy(&tree);
}

/* The trace has a line that begins so, up to its tab. */
static void expect_line(const char *line)
{
    char wanted[512];

    (void)snprintf(wanted, sizeof(wanted), "\nvhost-vdpa-0   %s\t", line);
    ck_assert_msg(strstr(text, wanted) != NULL, "no line: %s", line);
}

static void take_breach(void *owner, unsigned long line, const char *rule,
                        const char *what)
{
    (void)owner;
    ck_abort_msg("line %lu: %s: %s", line, rule, what);
}

static void check_rules(void)
{
    struct trace_check check;
    char *rest = text;

    trace_check_init(&check, take_breach, NULL);
    while (*rest != '\0') {
        char *line = strsep(&rest, "\n");

        ck_assert_msg(trace_check_line(&check, line) == 0, "%s: %s",
                      check.reason, line);
    }
    trace_check_destroy(&check);
}

static const struct fake_vhost_profile *const profiles[] = {
    &fake_vhost_sim,   &fake_vhost_sim_forgets, &fake_vhost_vp_vdpa,
    &fake_vhost_vduse, &fake_vhost_2020,
};

/* Whoever tests the backend tests the rules too: neither may be wrong. */
START_TEST(the_backend_keeps_the_rules)
{
    struct vhost_bed bed;

    start();
    vhost_bed_start(&bed, profiles[_i]);
    ck_assert_int_eq(bed.ops->map(bed.backend, &vhost_bed_ram, 1), 0);
    for (unsigned run = 0; run < 2; run++) {
        ck_assert_int_eq(bed.ops->set_status(bed.backend, 0), 0);
        ck_assert_int_eq(vhost_bed_bring_up(&bed), 0);
    }
    ck_assert_int_eq(bed.ops->set_status(bed.backend, 0), 0);
    vhost_bed_stop(&bed);
    stop();
    check_rules();
}
END_TEST

START_TEST(calls_are_shown_by_name_with_their_arguments)
{
    uint32_t position;
    struct vhost_bed bed;
    uint8_t mac[6];

    start();
    vhost_bed_start(&bed, &fake_vhost_sim);
    ck_assert_int_eq(bed.ops->map(bed.backend, &vhost_bed_ram, 1), 0);
    ck_assert_int_eq(vhost_bed_bring_up(&bed), 0);
    ck_assert_int_eq(bed.ops->get_config(bed.backend, 0, mac, 6), 0);
    ck_assert_int_eq(bed.ops->get_queue_position(bed.backend, 1, &position), 0);
    vhost_bed_stop(&bed);
    stop();
    expect_line("open path=/dev/vhost-vdpa-0 = 0");
    expect_line("VHOST_SET_OWNER = 0");
    expect_line("VHOST_VDPA_GET_VQS_COUNT count=3 = 0");
    expect_line("VHOST_VDPA_GET_VRING_SIZE queue=0 = EOPNOTSUPP");
    expect_line("VHOST_VDPA_GET_IOVA_RANGE first=0 last=0xffffffffffffffff = "
                "0");
    expect_line("VHOST_IOTLB_BATCH_BEGIN asid=0 = 0");
    expect_line("VHOST_IOTLB_UPDATE asid=0 iova=0x100000 size=0x10000 perm=rw "
                "= 0");
    expect_line("VHOST_SET_FEATURES features=version_1|access_platform = 0");
    expect_line("VHOST_SET_VRING_NUM queue=1 num=128 = 0");
    expect_line("VHOST_SET_VRING_ERR queue=1 fd=config = 0");
    expect_line("VHOST_SET_VRING_ADDR queue=1 flags=0 = 0");
    expect_line("VHOST_SET_VRING_CALL queue=1 fd=call1 = 0");
    expect_line("VHOST_SET_VRING_KICK queue=1 fd=kick1 = 0");
    expect_line("VHOST_VDPA_SET_VRING_ENABLE queue=1 enable=1 = 0");
    expect_line("VHOST_VDPA_SET_CONFIG_CALL fd=config = 0");
    expect_line("VHOST_VDPA_SET_STATUS "
                "status=ACKNOWLEDGE|DRIVER|DRIVER_OK|FEATURES_OK = 0");
    expect_line("VHOST_VDPA_GET_CONFIG offset=0 length=6 bytes=000102030405 = "
                "0");
    expect_line("VHOST_GET_VRING_BASE queue=1 base=0 = 0");
    expect_line("close = 0");
    ck_assert_ptr_nonnull(strstr(text, "\tuaddr=0x7000\n"));
    ck_assert_ptr_nonnull(
        strstr(text, "\tdesc=0x104000 avail=0x105000 used=0x106000\n"));
}
END_TEST

START_TEST(the_end_counts_the_calls)
{
    struct vhost_trace trace;
    struct fake_vhost fake;
    int fd;

    start();
    fake_vhost_init(&fake, &fake_vhost_sim);
    vhost_trace_init(&trace, &fake.syscalls, FAKE_VHOST_PATH);
    fd = trace.syscalls.open(&trace, FAKE_VHOST_PATH, O_RDWR | O_CLOEXEC);
    ck_assert_int_eq(trace.syscalls.ioctl(&trace, fd, VHOST_SET_OWNER, NULL),
                     0);
    ck_assert_int_eq(trace.syscalls.close(&trace, fd), 0);
    vhost_trace_destroy(&trace);
    stop();
    ck_assert_ptr_nonnull(strstr(
        text, "\n# vhost-vdpa-0: 3 calls: open 1, ioctl 1, write 0, mmap "
              "0, munmap 0, close 1"));
}
END_TEST

START_TEST(doorbells_go_by_their_queue)
{
    struct vhost_bed bed;
    void *page;

    start();
    vhost_bed_start(&bed, &fake_vhost_vp_vdpa);
    ck_assert_int_eq(bed.ops->map_doorbell(bed.backend, 1, &page), 0);
    vhost_bed_stop(&bed);
    stop();
    expect_line("mmap queue=1 = 0");
    expect_line("munmap = 0");
}
END_TEST

START_TEST(failures_go_by_name_and_errno_is_kept)
{
    struct vhost_trace trace;
    struct fake_vhost fake;
    uint64_t room[8] = {0};
    int fd;

    start();
    fake_vhost_init(&fake, &fake_vhost_sim);
    vhost_trace_init(&trace, &fake.syscalls, FAKE_VHOST_PATH);
    ck_assert_int_lt(
        trace.syscalls.open(&trace, "/dev/no such", O_RDWR | O_CLOEXEC), 0);
    ck_assert_int_eq(errno, ENOENT);
    fd = trace.syscalls.open(&trace, FAKE_VHOST_PATH, O_RDWR | O_CLOEXEC);
    ck_assert_int_lt(trace.syscalls.ioctl(&trace, fd, 0xaf99, room), 0);
    ck_assert_int_lt(trace.syscalls.write(&trace, fd, room, 8), 0);
    ck_assert_int_eq(errno, EINVAL);
    fake_vhost_destroy(&fake);
    vhost_trace_destroy(&trace);
    stop();
    expect_line("open path=/dev/no?such = ENOENT");
    expect_line("write size=8 = EINVAL");
    ck_assert_ptr_nonnull(strstr(text, "ioctl number=0xaf99 = E"));
}
END_TEST

/* A queue's second eventfd is another one; its first stays the first. */
START_TEST(files_keep_their_role)
{
    static const struct {
        int fd;
        const char *line;
    } calls[] = {
        {7, "VHOST_SET_VRING_CALL queue=0 fd=call0 = EPERM"},
        {8, "VHOST_SET_VRING_CALL queue=0 fd=call0#2 = EPERM"},
        {7, "VHOST_SET_VRING_CALL queue=0 fd=call0 = EPERM"},
        {-1, "VHOST_SET_VRING_CALL queue=0 fd=none = EPERM"},
    };
    struct vhost_trace trace;
    struct fake_vhost fake;
    const char *at;
    int fd;

    start();
    fake_vhost_init(&fake, &fake_vhost_sim);
    vhost_trace_init(&trace, &fake.syscalls, FAKE_VHOST_PATH);
    fd = trace.syscalls.open(&trace, FAKE_VHOST_PATH, O_RDWR | O_CLOEXEC);
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        struct vhost_vring_file file = {.index = 0, .fd = calls[i].fd};

        (void)trace.syscalls.ioctl(&trace, fd, VHOST_SET_VRING_CALL, &file);
    }
    fake_vhost_destroy(&fake);
    vhost_trace_destroy(&trace);
    stop();
    at = text;
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        at = strstr(at, calls[i].line);
        ck_assert_msg(at != NULL, "no %s", calls[i].line);
        at++;
    }
}
END_TEST

START_TEST(errors_have_names)
{
    char room[16];

    ck_assert_str_eq(vhost_trace_error_name(EINVAL, room), "EINVAL");
    ck_assert_str_eq(vhost_trace_error_name(524, room), "ENOTSUPP");
    ck_assert_str_eq(vhost_trace_error_name(9999, room), "E9999");
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_loop_test(tcase, the_backend_keeps_the_rules, 0,
                        ARRAY_SIZE(profiles));
    tcase_add_test(tcase, calls_are_shown_by_name_with_their_arguments);
    tcase_add_test(tcase, the_end_counts_the_calls);
    tcase_add_test(tcase, doorbells_go_by_their_queue);
    tcase_add_test(tcase, failures_go_by_name_and_errno_is_kept);
    tcase_add_test(tcase, files_keep_their_role);
    tcase_add_test(tcase, errors_have_names);
}

int main(void)
{
    return check_main("vhost_trace", add_tests);
}
