/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_vhost_survey.c: all that there is to know of a device, and which devices
 * there are.
 */
#include "vdpa/vhost_survey.h"

#include "tests/support/check_main.h"
#include "tests/support/fake_vhost.h"
#include "tests/support/log_capture.h"
#include "tests/support/temp_tree.h"
#include "vdpa/vhost_uapi.h"

#include <errno.h>
#include <linux/virtio_ids.h>
#include <stdio.h>
#include <string.h>

static struct fake_vhost fake;
static struct temp_tree tree;
static struct log_capture capture;
static struct vhost_survey survey;

static void begin(const struct fake_vhost_profile *profile)
{
    log_capture_start(&capture);
    temp_tree_init(&tree);
    fake_vhost_init(&fake, profile);
    fake.syscalls.sys_dir = fake.syscalls.proc_dir = tree.root;
    fake.syscalls.dev_dir = tree.root;
}

/* Whatever was asked, the device is idle then. */
static void end(void)
{
    vhost_survey_destroy(&survey);
    ck_assert_int_eq(fake.fd, -1);
    ck_assert_uint_eq(fake.mapped_pages, 0);
    fake_vhost_destroy(&fake);
    temp_tree_destroy(&tree);
    log_capture_stop();
}

static void look(void)
{
    vhost_survey_device(&survey, &fake.syscalls, FAKE_VHOST_PATH);
}

/* ---- A device ---- */

START_TEST(an_idle_device_tells_everything)
{
    begin(&fake_vhost_sim);
    memset(fake.config, 0x5a, sizeof(fake.config));
    temp_tree_add_folder(&tree, "devices/v0/vhost-vdpa-0");
    temp_tree_add_link(&tree, "dev/char/511:0",
                       "../../devices/v0/vhost-vdpa-0");
    look();
    ck_assert_int_eq(survey.error, 0);
    ck_assert_str_eq(survey.path, FAKE_VHOST_PATH);
    ck_assert_str_eq(survey.parent.device, "v0");
    ck_assert_str_eq(survey.parent.driver, "vdpa_sim");
    ck_assert_uint_eq(survey.capabilities.identity.device_id, VIRTIO_ID_NET);
    ck_assert_uint_eq(survey.capabilities.identity.num_queues, 3);
    ck_assert_uint_eq(survey.config_size, 24);
    ck_assert_uint_eq(survey.config[0], 0x5a);
    ck_assert_uint_eq(survey.config[23], 0x5a);
    ck_assert_uint_eq(survey.config[24], 0);
    ck_assert_uint_eq(survey.num_groups, 2);
    ck_assert_uint_eq(survey.num_address_spaces, 2);
    ck_assert_uint_eq(survey.num_doorbells, 0);
    ck_assert_int_eq(survey.holder, 0);
    ck_assert_uint_eq(capture.lines, 0);
    end();
}
END_TEST

START_TEST(doorbell_pages_are_counted)
{
    begin(&fake_vhost_vp_vdpa);
    look();
    ck_assert_int_eq(survey.error, 0);
    ck_assert_uint_eq(survey.num_doorbells, 3);
    end();
}
END_TEST

/* Which has none of the newer requests. */
START_TEST(an_old_kernel_tells_what_it_can)
{
    begin(&fake_vhost_2020);
    look();
    ck_assert_int_eq(survey.error, 0);
    ck_assert_uint_eq(survey.num_groups, 0);
    ck_assert_uint_eq(survey.num_address_spaces, 0);
    end();
}
END_TEST

START_TEST(a_configuration_that_cannot_be_read_is_left_out)
{
    begin(&fake_vhost_sim);
    fake_vhost_forget(&fake, VHOST_VDPA_GET_CONFIG);
    look();
    ck_assert_int_eq(survey.error, 0);
    ck_assert_uint_eq(survey.config_size, 0);
    ck_assert_uint_eq(survey.num_groups, 2);
    end();
}
END_TEST

START_TEST(what_cannot_be_opened_tells_why)
{
    begin(&fake_vhost_sim);
    vhost_survey_device(&survey, &fake.syscalls, "/dev/vhost-vdpa-9");
    ck_assert_int_eq(survey.error, -ENOENT);
    vhost_survey_destroy(&survey);
    fake.open_error = EACCES;
    look();
    ck_assert_int_eq(survey.error, -EACCES);
    ck_assert_int_eq(survey.holder, 0);
    ck_assert_uint_eq(capture.lines, 0);
    end();
}
END_TEST

/* What sysfs and /proc tell is there all the same. */
START_TEST(a_busy_device_tells_who_has_it)
{
    begin(&fake_vhost_sim);
    temp_tree_add_folder(&tree, "devices/v0/vhost-vdpa-0");
    temp_tree_add_link(&tree, "dev/char/511:0",
                       "../../devices/v0/vhost-vdpa-0");
    temp_tree_add_link(&tree, "41/fd/3", "/dev/null");
    temp_tree_add_link(&tree, "42/fd/7", FAKE_VHOST_PATH);
    temp_tree_add_file(&tree, "42/comm", "qemu\n");
    fake.open_error = EBUSY;
    look();
    ck_assert_int_eq(survey.error, -EBUSY);
    ck_assert_int_eq(survey.holder, 42);
    ck_assert_str_eq(survey.holder_command, "qemu");
    ck_assert_str_eq(survey.parent.driver, "vdpa_sim");
    end();
}
END_TEST

START_TEST(a_path_that_is_too_long_is_none)
{
    char path[VHOST_SURVEY_MAX_PATH + 1];

    begin(&fake_vhost_sim);
    memset(path, 'x', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    vhost_survey_device(&survey, &fake.syscalls, path);
    ck_assert_int_eq(survey.error, -ENAMETOOLONG);
    ck_assert_uint_eq(fake.calls, 0);
    end();
}
END_TEST

START_TEST(failure_of_any_call_leaves_nothing_open)
{
    bool has_failed = true;

    for (unsigned n = 1; has_failed; n++) {
        begin(&fake_vhost_vp_vdpa);
        fake.fail_at = n;
        fake.fail_error = EIO;
        look();
        has_failed = fake.calls >= n;
        ck_assert(survey.error == 0 || survey.error == -EIO);
        end();
    }
}
END_TEST

/* ---- All of them ---- */

START_TEST(devices_are_listed_by_their_numbers)
{
    static const char *const names[] = {"vhost-vdpa-10", "vhost-vdpa-9",
                                        "vhost-net", "vhost-vdpa-0", "null"};
    static const char *const expected[] = {"vhost-vdpa-0", "vhost-vdpa-9",
                                           "vhost-vdpa-10"};
    char **paths;

    begin(&fake_vhost_sim);
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        temp_tree_add_file(&tree, names[i], "");
    ck_assert_int_eq(vhost_survey_list(&fake.syscalls, &paths), 3);
    for (unsigned i = 0; i < ARRAY_SIZE(expected); i++) {
        char path[128];

        (void)snprintf(path, sizeof(path), "%s/%s", tree.root, expected[i]);
        ck_assert_str_eq(paths[i], path);
    }
    vhost_survey_free_list(paths, 3);
    end();
}
END_TEST

START_TEST(there_may_be_no_device)
{
    char **paths;

    begin(&fake_vhost_sim);
    ck_assert_int_eq(vhost_survey_list(&fake.syscalls, &paths), 0);
    vhost_survey_free_list(paths, 0);
    fake.syscalls.dev_dir = "/nonexistent";
    ck_assert_int_eq(vhost_survey_list(&fake.syscalls, &paths), 0);
    vhost_survey_free_list(paths, 0);
    end();
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, an_idle_device_tells_everything);
    tcase_add_test(tcase, doorbell_pages_are_counted);
    tcase_add_test(tcase, an_old_kernel_tells_what_it_can);
    tcase_add_test(tcase, a_configuration_that_cannot_be_read_is_left_out);
    tcase_add_test(tcase, what_cannot_be_opened_tells_why);
    tcase_add_test(tcase, a_busy_device_tells_who_has_it);
    tcase_add_test(tcase, a_path_that_is_too_long_is_none);
    tcase_add_test(tcase, failure_of_any_call_leaves_nothing_open);
    tcase_add_test(tcase, devices_are_listed_by_their_numbers);
    tcase_add_test(tcase, there_may_be_no_device);
}

int main(void)
{
    return check_main("vhost_survey", add_tests);
}
