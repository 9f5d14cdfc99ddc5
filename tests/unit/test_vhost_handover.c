/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_vhost_handover.c: devices that another program opened, and descriptors
 * that are none.
 */
#include "vdpa/vhost_handover.h"

#include "tests/support/check_main.h"
#include "tests/support/fake_vhost.h"
#include "tests/support/log_capture.h"
#include "tests/support/temp_tree.h"
#include "vdpa/vhost_vdpa.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct fake_vhost fake;
static struct log_capture capture;
static struct temp_tree tree;
static struct vdpa_backend *backend;
static int fd; /* of the device, opened by somebody else */

static void setup(void)
{
    log_capture_start(&capture);
    fake_vhost_init(&fake, &fake_vhost_sim);
    temp_tree_init(&tree);
    fake.syscalls.proc_dir = tree.root;
    backend = NULL;
    fd = fake.syscalls.open(fake.syscalls.context, FAKE_VHOST_PATH,
                            O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    fake_vhost_clear_log(&fake);
}

static void teardown(void)
{
    fake_vhost_destroy(&fake);
    temp_tree_destroy(&tree);
    log_capture_stop();
}

/* What /proc/self/fd says of a descriptor. */
static void add_entry(int number, const char *target)
{
    char entry[32];

    (void)snprintf(entry, sizeof(entry), "self/fd/%d", number);
    temp_tree_add_link(&tree, entry, target);
}

static void check_refused(int number, int error, const char *words)
{
    ck_assert_int_eq(vhost_vdpa_adopt(number, &fake.syscalls, &backend), error);
    ck_assert_ptr_null(backend);
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_msg(strstr(capture.last, words) != NULL, "no \"%s\" in: %s",
                  words, capture.last);
}

START_TEST(open_device_is_taken_over_and_reset)
{
    uint8_t status = 3;

    add_entry(fd, FAKE_VHOST_PATH);
    fake.status = 3; /* whoever opened it tried it */
    ck_assert_int_eq(vhost_vdpa_adopt(fd, &fake.syscalls, &backend), 0);
    ck_assert_str_eq(backend->name, FAKE_VHOST_PATH);
    ck_assert_ptr_null(strstr(fake.log, "open"));
    ck_assert(fake.is_owned);
    ck_assert_int_eq(backend->ops->get_status(backend, &status), 0);
    ck_assert_uint_eq(status, 0);
    backend->ops->close(backend);
    ck_assert_int_lt(fake.fd, 0);
    ck_assert_uint_eq(capture.lines, 0);
}
END_TEST

START_TEST(device_that_somebody_owns_is_refused)
{
    char words[128];

    add_entry(fd, FAKE_VHOST_PATH);
    (void)snprintf(words, sizeof(words), "%d/fd/3", getpid());
    temp_tree_add_link(&tree, words, FAKE_VHOST_PATH);
    temp_tree_add_link(&tree, "17/fd/5", FAKE_VHOST_PATH);
    temp_tree_add_file(&tree, "17/comm", "opener\n");
    fake.is_owned = true;
    check_refused(fd, -EBUSY,
                  FAKE_VHOST_PATH ": a process has become the device's owner "
                                  "already, perhaps process 17 (opener): ");
}
END_TEST

START_TEST(owner_that_cannot_be_seen_is_not_named)
{
    add_entry(fd, FAKE_VHOST_PATH);
    fake.is_owned = true;
    check_refused(fd, -EBUSY, "owner already: only the vmm may");
}
END_TEST

START_TEST(descriptor_that_is_not_open_is_refused)
{
    ck_assert_int_eq(vhost_handover_claim(999), -EBADF);
    ck_assert_ptr_nonnull(strstr(capture.last, "descriptor 999 is not open: "
                                               "open it in the shell, as in "
                                               "`vmm run ... 999<>/dev"));
    capture.lines = 0;
    check_refused(999, -EBADF, "descriptor 999 is not open: ");
}
END_TEST

START_TEST(other_files_are_refused)
{
    int file = open("/dev/null", O_RDWR | O_CLOEXEC);

    add_entry(file, tree.root);
    check_refused(file, -ENOTTY, "not a vhost-vdpa device: open it in the");
    ck_assert_int_eq(fcntl(file, F_GETFD), FD_CLOEXEC); /* not taken over */
    close(file);
}
END_TEST

START_TEST(device_for_reading_alone_is_refused)
{
    int file = open("/dev/null", O_RDONLY | O_CLOEXEC);

    add_entry(file, FAKE_VHOST_PATH);
    check_refused(file, -EACCES, "is not open for reading and writing: ");
    close(file);
}
END_TEST

START_TEST(device_whose_node_is_out_of_reach_is_known_by_its_descriptor)
{
    char path[PATH_MAX], expected[128];

    /* As after a change of the root: a character device, another node. */
    add_entry(fd, "/dev/null");
    ck_assert_int_eq(vhost_handover_find(fd, &fake.syscalls, path), 0);
    ck_assert_str_eq(path, "/dev/null");
    (void)snprintf(expected, sizeof(expected), "%s/self/fd/%d", tree.root, fd);
    (void)unlink(expected);
    temp_tree_add_link(&tree, "self/node", "/dev/null");
    add_entry(fd, "../node");
    ck_assert_int_eq(vhost_handover_find(fd, &fake.syscalls, path), 0);
    ck_assert_str_eq(path, expected);
}
END_TEST

START_TEST(claimed_descriptor_is_closed_for_programs_we_start)
{
    int file = open("/dev/null", O_RDWR); /* NOLINT: that is the point */

    ck_assert_int_eq(vhost_handover_claim(file), 0);
    ck_assert_int_eq(fcntl(file, F_GETFD), FD_CLOEXEC);
    close(file);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, open_device_is_taken_over_and_reset);
    tcase_add_test(tcase, device_that_somebody_owns_is_refused);
    tcase_add_test(tcase, owner_that_cannot_be_seen_is_not_named);
    tcase_add_test(tcase, descriptor_that_is_not_open_is_refused);
    tcase_add_test(tcase, other_files_are_refused);
    tcase_add_test(tcase, device_for_reading_alone_is_refused);
    tcase_add_test(
        tcase, device_whose_node_is_out_of_reach_is_known_by_its_descriptor);
    tcase_add_test(tcase, claimed_descriptor_is_closed_for_programs_we_start);
}

int main(void)
{
    return check_main("vhost_handover", add_tests);
}
