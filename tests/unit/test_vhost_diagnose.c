/* SPDX-License-Identifier: BSD-2-Clause */
/* test_vhost_diagnose.c: what a user reads when a device does not open. */
#include "vdpa/vhost_diagnose.h"

#include "tests/support/check_main.h"
#include "tests/support/emulator.h"
#include "tests/support/fake_vhost.h"
#include "tests/support/log_capture.h"
#include "tests/support/temp_tree.h"
#include "vdpa/vhost_device.h"
#include "vdpa/vhost_vdpa.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct bed {
    struct fake_vhost fake;
    struct log_capture capture;
    struct vdpa_backend *backend;
    struct temp_tree tree;
};

static void start(struct bed *bed)
{
    fake_vhost_init(&bed->fake, &fake_vhost_sim);
    bed->backend = NULL;
    temp_tree_init(&bed->tree);
    log_capture_start(&bed->capture);
}

/* One line that begins with the path, and an error that is passed on. */
static void claim_error(struct bed *bed, const char *path, int expected)
{
    int error = vhost_vdpa_open(path, &bed->fake.syscalls, &bed->backend);

    ck_assert_int_eq(error, expected);
    ck_assert_ptr_null(bed->backend);
    ck_assert_uint_eq(bed->capture.lines, 1);
    ck_assert_int_eq(bed->capture.last_level, LOG_LEVEL_ERROR);
    ck_assert_ptr_nonnull(strstr(bed->capture.last, path));
    ck_assert_ptr_null(strchr(bed->capture.last, '\n'));
    temp_tree_destroy(&bed->tree);
}

static void claim_says(const struct bed *bed, const char *text)
{
    ck_assert_msg(strstr(bed->capture.last, text) != NULL,
                  "\"%s\" does not say \"%s\"", bed->capture.last, text);
}

START_TEST(a_missing_device_lists_the_ones_there_are)
{
    struct bed bed;

    start(&bed);
    temp_tree_add_file(&bed.tree, "vhost-vdpa-3", "");
    temp_tree_add_file(&bed.tree, "vhost-net", "");
    bed.fake.syscalls.dev_dir = bed.tree.root;
    claim_error(&bed, "/dev/vhost-vdpa-9", -ENOENT);
    claim_says(&bed, "/vhost-vdpa-3");
    ck_assert_ptr_null(strstr(bed.capture.last, "vhost-net"));
}
END_TEST

START_TEST(a_long_list_of_devices_ends_in_dots)
{
    struct bed bed;
    char name[32];

    start(&bed);
    for (unsigned i = 0; i < 100; i++) {
        (void)snprintf(name, sizeof(name), "vhost-vdpa-%u", i);
        temp_tree_add_file(&bed.tree, name, "");
    }
    bed.fake.syscalls.dev_dir = bed.tree.root;
    claim_error(&bed, "/dev/vhost-vdpa-900", -ENOENT);
    claim_says(&bed, " ...");
}
END_TEST

START_TEST(without_any_device_it_says_how_to_make_one)
{
    struct bed bed;

    start(&bed);
    claim_error(&bed, "/dev/vhost-vdpa-9", -ENOENT);
    claim_says(&bed, "modprobe vhost_vdpa");
    claim_says(&bed, "vdpa dev add name");
}
END_TEST

START_TEST(a_forbidden_device_names_user_and_remedy)
{
    struct bed bed;

    start(&bed);
    bed.fake.open_error = EACCES;
    claim_error(&bed, FAKE_VHOST_PATH, -EACCES);
    claim_says(&bed, "Permission denied for user ");
    claim_says(&bed, "chown");
}
END_TEST

START_TEST(a_busy_device_names_who_has_it)
{
    struct bed bed;

    start(&bed);
    temp_tree_add_file(&bed.tree, "1/comm", "init\n");
    temp_tree_add_link(&bed.tree, "1/fd/0", "/dev/null");
    temp_tree_add_file(&bed.tree, "4711/comm", "qemu-system-x86\n");
    temp_tree_add_link(&bed.tree, "4711/fd/0", "/dev/null");
    temp_tree_add_link(&bed.tree, "4711/fd/12", FAKE_VHOST_PATH);
    bed.fake.syscalls.proc_dir = bed.tree.root;
    bed.fake.open_error = EBUSY;
    claim_error(&bed, FAKE_VHOST_PATH, -EBUSY);
    claim_says(&bed, "process 4711 (qemu-system-x86)");
}
END_TEST

START_TEST(a_device_that_is_named_twice_is_told_so)
{
    struct bed bed;
    char link[32];

    start(&bed);
    (void)snprintf(link, sizeof(link), "%d/fd/9", (int)getpid());
    temp_tree_add_link(&bed.tree, link, FAKE_VHOST_PATH);
    bed.fake.syscalls.proc_dir = bed.tree.root;
    bed.fake.open_error = EBUSY;
    claim_error(&bed, FAKE_VHOST_PATH, -EBUSY);
    claim_says(&bed, "by this process already");
    claim_says(&bed, "name it once");
}
END_TEST

START_TEST(a_busy_device_of_someone_unseen_says_how_to_look)
{
    struct bed bed;

    start(&bed);
    temp_tree_add_file(&bed.tree, "1/comm", "init\n");
    temp_tree_add_link(&bed.tree, "1/fd/0", "/dev/null");
    bed.fake.syscalls.proc_dir = bed.tree.root;
    bed.fake.open_error = EBUSY;
    claim_error(&bed, FAKE_VHOST_PATH, -EBUSY);
    claim_says(&bed, "not visible");
    claim_says(&bed, "fuser -v " FAKE_VHOST_PATH);
}
END_TEST

START_TEST(a_dead_device_process_is_told_from_other_errors)
{
    struct bed bed;

    start(&bed);
    bed.fake.open_error = EIO;
    claim_error(&bed, FAKE_VHOST_PATH, -EIO);
    claim_says(&bed, "VDUSE");
    claim_says(&bed, "start it again");
}
END_TEST

START_TEST(a_missing_iommu_is_told_from_other_errors)
{
    struct bed bed;

    start(&bed);
    bed.fake.open_error = VHOST_ENOTSUPP;
    claim_error(&bed, FAKE_VHOST_PATH, -VHOST_ENOTSUPP);
    claim_says(&bed, "IOMMU");
    claim_says(&bed, "intel_iommu=on");
    ck_assert_ptr_null(strstr(bed.capture.last, "Unknown error"));
}
END_TEST

START_TEST(any_other_error_is_named)
{
    struct bed bed;

    start(&bed);
    bed.fake.open_error = EMFILE;
    claim_error(&bed, FAKE_VHOST_PATH, -EMFILE);
    claim_says(&bed, strerror(EMFILE));
}
END_TEST

START_TEST(a_file_that_is_no_vdpa_device_is_refused)
{
    struct bed bed;

    start(&bed);
    bed.fake.fail_at = 2; /* GET_DEVICE_ID */
    bed.fake.fail_error = ENOTTY;
    claim_error(&bed, FAKE_VHOST_PATH, -ENOTTY);
    claim_says(&bed, "not a vhost-vdpa device");
    ck_assert_int_eq(bed.fake.fd, -1);
}
END_TEST

START_TEST(the_real_null_device_is_refused)
{
    struct bed bed;

    if (emulator_lacks("vhost requests"))
        return;
    start(&bed);
    ck_assert_int_eq(
        vhost_vdpa_open("/dev/null", &vhost_host_syscalls, &bed.backend),
        -ENOTTY);
    claim_says(&bed, "/dev/null: not a vhost-vdpa device");
    temp_tree_destroy(&bed.tree);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, a_missing_device_lists_the_ones_there_are);
    tcase_add_test(tcase, a_long_list_of_devices_ends_in_dots);
    tcase_add_test(tcase, without_any_device_it_says_how_to_make_one);
    tcase_add_test(tcase, a_forbidden_device_names_user_and_remedy);
    tcase_add_test(tcase, a_busy_device_names_who_has_it);
    tcase_add_test(tcase, a_device_that_is_named_twice_is_told_so);
    tcase_add_test(tcase, a_busy_device_of_someone_unseen_says_how_to_look);
    tcase_add_test(tcase, a_dead_device_process_is_told_from_other_errors);
    tcase_add_test(tcase, a_missing_iommu_is_told_from_other_errors);
    tcase_add_test(tcase, any_other_error_is_named);
    tcase_add_test(tcase, a_file_that_is_no_vdpa_device_is_refused);
    tcase_add_test(tcase, the_real_null_device_is_refused);
}

int main(void)
{
    return check_main("vhost_diagnose", add_tests);
}
