/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_machine_ready.c: --ready-fd and --pidfile, for who started the program.
 */
#include "vmm/machine_ready.h"

#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/temp_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLOSED_FD 1000 /* a number that nothing here gets */

static struct temp_tree tree;
static struct log_capture capture;
static struct options options;
static struct machine_ready ready;
static char pidfile[128], waiting[160];

static void setup(void)
{
    log_capture_start(&capture);
    temp_tree_init(&tree);
    (void)snprintf(pidfile, sizeof(pidfile), "%s/vmm.pid", tree.root);
    (void)snprintf(waiting, sizeof(waiting), "%s.%d", pidfile, getpid());
    memset(&ready, 0, sizeof(ready));
    options = (struct options){.ready_fd = -1, .pidfile = pidfile};
}

static void teardown(void)
{
    machine_ready_destroy(&ready);
    temp_tree_destroy(&tree);
    log_capture_stop();
}

/* Claims that the file has our number, and a line's end. */
static void expect_pid(const char *path)
{
    char expected[32], text[64] = "";
    FILE *file = fopen(path, "r");

    ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
    ck_assert_ptr_nonnull(fgets(text, sizeof(text), file));
    (void)fclose(file);
    (void)snprintf(expected, sizeof(expected), "%d\n", getpid());
    ck_assert_str_eq(text, expected);
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* ---- The pidfile ---- */

START_TEST(a_pidfile_appears_when_the_guest_is_there)
{
    ck_assert_int_eq(machine_ready_init(&ready, &options), 0);
    ck_assert(!is_there(pidfile));
    expect_pid(waiting);
    machine_ready_tell(&ready);
    expect_pid(pidfile);
    ck_assert(!is_there(waiting));
    machine_ready_destroy(&ready);
    ck_assert(!is_there(pidfile));
    ck_assert_uint_eq(capture.lines, 0);
}
END_TEST

START_TEST(a_run_without_a_guest_leaves_no_pidfile)
{
    ck_assert_int_eq(machine_ready_init(&ready, &options), 0);
    machine_ready_destroy(&ready);
    ck_assert(!is_there(waiting));
    ck_assert(!is_there(pidfile));
}
END_TEST

START_TEST(an_older_pidfile_goes_at_once)
{
    temp_tree_add_file(&tree, "vmm.pid", "1\n");
    ck_assert_int_eq(machine_ready_init(&ready, &options), 0);
    ck_assert(!is_there(pidfile));
    machine_ready_tell(&ready);
    expect_pid(pidfile);
}
END_TEST

/* As one that another program was started over. */
START_TEST(what_is_in_the_way_is_not_followed)
{
    char name[64];

    (void)snprintf(name, sizeof(name), "vmm.pid.%d", getpid());
    temp_tree_add_file(&tree, "precious", "text");
    temp_tree_add_link(&tree, name, "precious");
    ck_assert_int_eq(machine_ready_init(&ready, &options), -EEXIST);
    ck_assert_ptr_nonnull(strstr(capture.last, "--pidfile"));
    machine_ready_destroy(&ready);
    ck_assert(is_there(waiting)); /* not ours */
}
END_TEST

START_TEST(a_pidfile_that_cannot_be_is_refused)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/none/vmm.pid", tree.root);
    options.pidfile = path;
    ck_assert_int_eq(machine_ready_init(&ready, &options), -ENOENT);
    ck_assert_ptr_nonnull(strstr(capture.last, path));
    options.pidfile = tree.root;
    ck_assert_int_ne(machine_ready_init(&ready, &options), 0);
    memset(path, 'x', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    options.pidfile = path;
    ck_assert_int_eq(machine_ready_init(&ready, &options), -ENAMETOOLONG);
    ck_assert_uint_eq(capture.lines, 3);
    machine_ready_destroy(&ready);
    options.pidfile = NULL;
    ck_assert_int_eq(machine_ready_init(&ready, &options), 0);
    machine_ready_tell(&ready);
    ck_assert_uint_eq(capture.lines, 3);
}
END_TEST

START_TEST(a_pidfile_whose_folder_went_is_said)
{
    ck_assert_int_eq(machine_ready_init(&ready, &options), 0);
    ck_assert_int_eq(unlink(waiting), 0);
    machine_ready_tell(&ready);
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_ptr_nonnull(strstr(capture.last, pidfile));
}
END_TEST

/* ---- The descriptor ---- */

START_TEST(a_descriptor_is_told_once_and_closed)
{
    char text[64] = "";
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    options = (struct options){.ready_fd = fds[1]};
    ck_assert_int_eq(machine_ready_claim(&options), 0);
    ck_assert_int_eq(machine_ready_init(&ready, &options), 0);
    machine_ready_tell(&ready);
    machine_ready_tell(&ready);
    /* To its end. */
    ck_assert_int_eq(read(fds[0], text, sizeof(text)), 6);
    ck_assert_str_eq(text, "ready\n");
    ck_assert_int_eq(read(fds[0], text, sizeof(text)), 0);
    (void)close(fds[0]);
    ck_assert_uint_eq(capture.lines, 0);
}
END_TEST

START_TEST(a_descriptor_must_be_one_to_write_to)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    options.ready_fd = -1;
    ck_assert_int_eq(machine_ready_claim(&options), 0);
    options.ready_fd = fd;
    ck_assert_int_eq(machine_ready_claim(&options), -EBADF);
    ck_assert_ptr_nonnull(strstr(capture.last, "open for reading"));
    options.ready_fd = CLOSED_FD;
    ck_assert_int_eq(machine_ready_claim(&options), -EBADF);
    ck_assert_ptr_nonnull(strstr(capture.last, "Bad file descriptor"));
    ck_assert_uint_eq(capture.lines, 2);
    options.ready_fd = -1;
    (void)close(fd);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_pidfile_appears_when_the_guest_is_there);
    tcase_add_test(tcase, a_run_without_a_guest_leaves_no_pidfile);
    tcase_add_test(tcase, an_older_pidfile_goes_at_once);
    tcase_add_test(tcase, what_is_in_the_way_is_not_followed);
    tcase_add_test(tcase, a_pidfile_that_cannot_be_is_refused);
    tcase_add_test(tcase, a_pidfile_whose_folder_went_is_said);
    tcase_add_test(tcase, a_descriptor_is_told_once_and_closed);
    tcase_add_test(tcase, a_descriptor_must_be_one_to_write_to);
}

int main(void)
{
    return check_main("machine_ready", add_tests);
}
