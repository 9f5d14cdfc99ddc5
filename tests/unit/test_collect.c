/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_collect.c: a guest's files in the host's folders, and nowhere else.
 */
#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/open_fds.h"
#include "tests/support/temp_tree.h"
#include "vmm/bytes.h"
#include "vmm/collect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct temp_tree tree;
static struct options options;
static struct collect collect;
static struct log_capture capture;
static unsigned fds_before;

static void setup(void)
{
    fds_before = count_open_fds();
    temp_tree_init(&tree);
    ck_assert_int_eq(chdir(tree.root), 0);
    (void)umask(022);
    log_capture_start(&capture);
    options = (struct options){.num_collects = 0};
}

static void teardown(void)
{
    collect_close(&collect);
    collect_close(&collect); /* may be called twice */
    log_capture_stop();
    temp_tree_destroy(&tree);
    ck_assert_uint_eq(count_open_fds(), fds_before);
}

static int begin(const char *first, const char *second)
{
    options.collects[0] = first;
    options.collects[1] = second;
    options.num_collects = second ? 2 : 1;
    return collect_open(&collect, &options);
}

static void send(char type, unsigned mode, const char *payload, size_t size)
{
    uint8_t bytes[1024] = {(uint8_t)type};

    store_le16(bytes + 2, (uint16_t)mode);
    store_le32(bytes + 4, (uint32_t)size);
    memcpy(bytes + COLLECT_HEADER_SIZE, payload, size);
    collect_receive(&collect, bytes, COLLECT_HEADER_SIZE + size);
}

static void send_file(const char *name, unsigned mode, const char *text)
{
    send('f', mode, name, strlen(name));
    send('b', 0, text, strlen(text));
}

static void send_folder(const char *name, unsigned mode)
{
    send('d', mode, name, strlen(name));
}

/* Claims that everything came. */
static void finish(void)
{
    send('e', 0, "", 0);
    ck_assert(collect_finish(&collect));
    ck_assert_uint_eq(capture.lines, 0);
}

/* Claims that the one line said has `line` in it. */
static void finish_badly(const char *line)
{
    send('e', 0, "", 0);
    ck_assert(!collect_finish(&collect));
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_msg(strstr(capture.last, line) != NULL, "%s", capture.last);
}

static void expect_file(const char *path, unsigned mode, const char *text)
{
    char bytes[64] = "";
    struct stat status;
    FILE *file = fopen(path, "re");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fread(bytes, 1, sizeof(bytes) - 1, file), strlen(text));
    (void)fclose(file);
    ck_assert_str_eq(bytes, text);
    ck_assert_int_eq(lstat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode, S_IFREG | mode);
}

START_TEST(a_file_becomes_the_one_that_was_named)
{
    ck_assert_int_eq(begin("/tmp/log:out", NULL), 0);
    ck_assert_int_ne(access("out", F_OK), 0);
    send_file("", 04777, "hello");
    finish();
    expect_file("out", 0755, "hello");
}
END_TEST

START_TEST(an_older_file_is_written_anew)
{
    temp_tree_add_file(&tree, "real", "something longer");
    temp_tree_add_link(&tree, "out", "real");
    ck_assert_int_eq(begin("/tmp/log:out", NULL), 0);
    send_file("", 0600, "hello");
    finish();
    expect_file("real", 0644, "hello");
}
END_TEST

START_TEST(a_file_goes_into_a_folder_that_is_there)
{
    temp_tree_add_folder(&tree, "out");
    temp_tree_add_file(&tree, "safe", "safe");
    temp_tree_add_link(&tree, "out/log", "../safe");
    ck_assert_int_eq(begin("/tmp/log/:out/", NULL), 0);
    send_file("", 0644, "hello");
    finish();
    expect_file("out/log", 0644, "hello");
    expect_file("safe", 0644, "safe");
}
END_TEST

START_TEST(folders_come_with_all_below)
{
    char target[16] = "";

    ck_assert_int_eq(begin("/a:out", NULL), 0);
    send_folder("", 0500);
    send_folder("b", 02711);
    send_file("b/c", 0640, "1");
    send('l', 0, "d\0/none", 7);
    send_file("e", 0, "2");
    finish();
    expect_file("out/b/c", 0640, "1");
    expect_file("out/e", 0, "2");
    ck_assert_int_eq(readlink("out/d", target, sizeof(target) - 1), 5);
    ck_assert_str_eq(target, "/none");
}
END_TEST

START_TEST(folders_that_are_there_are_added_to)
{
    temp_tree_add_file(&tree, "out/b/old", "old");
    temp_tree_add_file(&tree, "out/b/c", "something longer");
    ck_assert_int_eq(begin("/a:out", NULL), 0);
    send_folder("", 0755);
    send_folder("b", 0755);
    send_file("b/c", 0644, "new");
    finish();
    expect_file("out/b/c", 0644, "new");
    expect_file("out/b/old", 0644, "old");
}
END_TEST

START_TEST(links_of_the_guest_are_not_followed)
{
    temp_tree_add_file(&tree, "safe/x", "safe");
    ck_assert_int_eq(begin("/a:out", NULL), 0);
    send_folder("", 0755);
    send('l', 0, "b\0../safe", 9);
    send_file("b/x", 0644, "bad");
    finish_badly("/a:out: b/x: ");
    expect_file("safe/x", 0644, "safe");
}
END_TEST

START_TEST(links_are_no_folders)
{
    temp_tree_add_folder(&tree, "safe");
    temp_tree_add_link(&tree, "out/b", "../safe");
    ck_assert_int_eq(begin("/a:out", NULL), 0);
    send_folder("", 0755);
    send_folder("b", 0755);
    finish_badly("/a:out: b: Not a directory");
}
END_TEST

START_TEST(links_to_files_are_replaced)
{
    temp_tree_add_file(&tree, "safe", "safe");
    ck_assert_int_eq(begin("/a:out", NULL), 0);
    send_folder("", 0755);
    send('l', 0, "b\0../safe", 9);
    send_file("b", 0644, "new");
    finish();
    expect_file("out/b", 0644, "new");
    expect_file("safe", 0644, "safe");
}
END_TEST

START_TEST(the_item_comes_first_and_once)
{
    ck_assert_int_eq(begin("/a:out", NULL), 0);
    switch (_i) {
    case 0: /* before it, there is nothing to be below */
        send_file("b", 0644, "bad");
        break;
    case 1: /* a file has nothing below */
        send_file("", 0644, "1");
        send_file("b", 0644, "bad");
        break;
    case 2: /* would be written through */
        send('l', 0, "\0x", 2);
        break;
    case 3:
        send_file("", 0644, "1");
        send_file("", 0644, "2");
        break;
    case 4:
        send_folder("", 0755);
        send_folder("", 0755);
        break;
    default: /* bytes of no file */
        send('b', 0, "bad", 3);
        break;
    }
    send('e', 0, "", 0);
    ck_assert(!collect_finish(&collect));
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_int_ne(access("b", F_OK), 0);
}
END_TEST

START_TEST(nothing_comes_after_the_end)
{
    ck_assert_int_eq(begin("/a:out", NULL), 0);
    send_file("", 0644, "1");
    send('e', 0, "", 0);
    send('b', 0, "2", 1);
    finish_badly("the guest sends more after its end");
    expect_file("out", 0644, "1");
}
END_TEST

START_TEST(what_the_guest_lacks_is_said)
{
    ck_assert_int_eq(begin("/a:out", NULL), 0);
    send('x', ENOENT, "", 0);
    finish_badly("--collect /a:out: No such file or directory in the guest");
    ck_assert_int_ne(access("out", F_OK), 0);
}
END_TEST

START_TEST(what_does_not_come_is_said)
{
    ck_assert_int_eq(begin("/a:out", "/b:more"), 0);
    send_file("", 0644, "1");
    finish_badly("--collect /b:more: the guest did not send it");
    expect_file("out", 0644, "1");
}
END_TEST

START_TEST(a_guest_that_begins_anew_sends_all_again)
{
    ck_assert_int_eq(begin("/a:out", NULL), 0);
    send_folder("", 0755);
    send_file("b", 0644, "something longer");
    collect_receive(&collect, (const uint8_t *)"f", 1);
    collect_reset(&collect);
    send_folder("", 0755);
    send_file("b", 0644, "new");
    finish();
    expect_file("out/b", 0644, "new");
}
END_TEST

START_TEST(too_much_is_refused)
{
    ck_assert_int_eq(begin("/a:out", NULL), 0);
    send_file("", 0644, "1");
    collect.bytes = COLLECT_MAX_BYTES;
    send('b', 0, "2", 1);
    send('b', 0, "3", 1);
    finish_badly("the guest sends more than a run may");
    expect_file("out", 0644, "1");
}
END_TEST

START_TEST(places_are_looked_at_before)
{
    static const struct {
        const char *option, *line;
    } places[] = {
        {"/a:none/b", "none/b: No such file or directory: give a place"},
        {"/a:file/b", "file/b: Not a directory: give a place"},
        {"/a:/proc/b", "/proc/b: Permission denied: give a place"},
        {"/a:locked", "locked: Permission denied: give a place"},
    };

    temp_tree_add_file(&tree, "file", "");
    temp_tree_add_file(&tree, "locked", "");
    if (geteuid() == 0 && (chmod(tree.root, 0755) != 0 || seteuid(65534) != 0))
        skip_test("cannot be another user here");
    ck_assert_int_lt(begin(places[_i].option, NULL), 0);
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_msg(strstr(capture.last, places[_i].line) != NULL, "%s",
                  capture.last);
    if (getuid() == 0)
        ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_file_becomes_the_one_that_was_named);
    tcase_add_test(tcase, an_older_file_is_written_anew);
    tcase_add_test(tcase, a_file_goes_into_a_folder_that_is_there);
    tcase_add_test(tcase, folders_come_with_all_below);
    tcase_add_test(tcase, folders_that_are_there_are_added_to);
    tcase_add_test(tcase, links_of_the_guest_are_not_followed);
    tcase_add_test(tcase, links_are_no_folders);
    tcase_add_test(tcase, links_to_files_are_replaced);
    tcase_add_loop_test(tcase, the_item_comes_first_and_once, 0, 6);
    tcase_add_test(tcase, nothing_comes_after_the_end);
    tcase_add_test(tcase, what_the_guest_lacks_is_said);
    tcase_add_test(tcase, what_does_not_come_is_said);
    tcase_add_test(tcase, a_guest_that_begins_anew_sends_all_again);
    tcase_add_test(tcase, too_much_is_refused);
    tcase_add_loop_test(tcase, places_are_looked_at_before, 0, 4);
}

int main(void)
{
    return check_main("collect", add_tests);
}
