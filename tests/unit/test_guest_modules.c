/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_guest_modules.c: which modules come into an initramfs, in which order.
 */
#include "tests/support/boot_image.h"
#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/open_fds.h"
#include "vmm/fd.h"
#include "vmm/guest_modules.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static struct log_capture capture;
static struct options options;
static struct boot_file kernel;
static char folder[32], path[256];
static char *archive_bytes;
static size_t archive_size;
static unsigned fds_before;

static const char *at(const char *name)
{
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(at(name), "we");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    (void)fclose(file);
}

static void write_text(const char *name, const char *text)
{
    write_file(name, text, strlen(text));
}

/* A module is little more here than what it needs. */
static void write_module(const char *name, const char *needs)
{
    char bytes[256] = "ELF";
    int length = snprintf(bytes + 4, sizeof(bytes) - 4, "depends=%s", needs);

    write_file(name, bytes, 4 + (size_t)length + 1);
}

static void setup(void)
{
    fds_before = count_open_fds();
    log_capture_start(&capture);
    log_set_level(LOG_LEVEL_INFO);
    (void)snprintf(folder, sizeof(folder), "/tmp/guest-modules-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    kernel = boot_image_open("\177ELF", 4);
    options = (struct options){.module_folder = folder};
    capture.lines = 0;
}

static int remove_one(const char *name, const struct stat *status, int kind,
                      struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(name);
}

static void teardown(void)
{
    (void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    close_fd(&kernel.fd);
    free(archive_bytes);
    archive_bytes = NULL;
    log_capture_stop();
    ck_assert_uint_eq(count_open_fds(), fds_before);
}

static int add(void)
{
    struct cpio_archive archive;
    FILE *file;
    int error;

    free(archive_bytes);
    file = open_memstream(&archive_bytes, &archive_size);
    ck_assert_ptr_nonnull(file);
    cpio_archive_begin(&archive, file);
    error = guest_modules_add(&options, &kernel, &archive);
    ck_assert_int_eq(cpio_archive_end(&archive), 0);
    (void)fclose(file);
    return error;
}

/* Exactly these, in that order. */
static void check_added(const char *const *names, size_t count)
{
    const char *next, *end;

    ck_assert_int_eq(add(), 0);
    next = archive_bytes;
    end = archive_bytes + archive_size;
    for (size_t i = 0; i < count; i++) {
        char full[128];

        (void)snprintf(full, sizeof(full), "vmm/modules/%03zu-%s.ko", i,
                       names[i]);
        next = memmem(next, (size_t)(end - next), full, strlen(full) + 1);
        ck_assert_msg(next != NULL, "no %s", full);
    }
    next = archive_bytes;
    for (size_t i = 0; i <= count; i++) {
        next = memmem(next, (size_t)(end - next), "vmm/modules/", 12);
        ck_assert(i < count ? next != NULL : next == NULL);
        next = next ? next + 12 : NULL;
    }
    ck_assert_uint_eq(capture.lines, 0);
}

static void check_refused(int error, const char *words)
{
    capture.lines = 0;
    ck_assert_int_eq(add(), error);
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_msg(strstr(capture.last, words) != NULL, "no \"%s\" in: %s",
                  words, capture.last);
}

/* As Debian's: what a card needs comes before its driver. */
static void write_network(void)
{
    write_text("modules.dep", "virtio_net.ko: net_failover.ko failover.ko\n"
                              "net_failover.ko: failover.ko\n"
                              "failover.ko:\n"
                              "other.ko:\n");
    write_text("modules.builtin",
               "kernel/virtio_pci.ko\nkernel/virtio_console.ko\n");
    write_module("virtio_net.ko", "net_failover,failover");
    write_module("net_failover.ko", "failover");
    write_module("failover.ko", "");
    write_module("other.ko", "");
}

START_TEST(modules_come_after_those_they_need)
{
    static const char *const names[] = {"failover", "net_failover",
                                        "virtio_net"};

    write_network();
    options.net_count = 1;
    check_added(names, ARRAY_SIZE(names));
}
END_TEST

START_TEST(disks_have_a_driver_of_their_own)
{
    static const char *const names[] = {"virtio_blk"};

    write_text("modules.order", "virtio_net.ko\nvirtio_blk.ko\n");
    write_module("virtio_blk.ko", "");
    options.disk_count = 1;
    check_added(names, ARRAY_SIZE(names));
}
END_TEST

START_TEST(what_is_built_in_is_no_module)
{
    write_network();
    check_added(NULL, 0);
    options.modules[options.num_modules++] = "virtio-console";
    check_added(NULL, 0);
}
END_TEST

START_TEST(modules_may_be_asked_for)
{
    static const char *const names[] = {"other"};

    write_network();
    options.modules[options.num_modules++] = "other";
    options.modules[options.num_modules++] = "other";
    check_added(names, ARRAY_SIZE(names));
    options.modules[options.num_modules++] = "none";
    check_refused(-ENOENT, "--module: there is no module none in /tmp/guest-");
    options.modules[options.num_modules - 1] = "../x";
    check_refused(-EINVAL, "\"../x\" is no module's name: give one");
}
END_TEST

START_TEST(tree_lists_its_modules_in_the_order_it_builds_them)
{
    static const char *const names[] = {"failover", "net_failover",
                                        "virtio_net"};

    write_network();
    ck_assert_int_eq(unlink(at("modules.dep")), 0);
    write_text("modules.order", "virtio_net.o\nnet_failover.o\nfailover.ko\n");
    options.net_count = 1;
    check_added(names, ARRAY_SIZE(names));
}
END_TEST

START_TEST(compressed_modules_are_unpacked)
{
    static const char bytes[] = "ELF\0depends=\0and more";
    static const char *const names[] = {"virtio_console"};
    gzFile file;

    write_text("modules.order", "virtio_console.ko\n");
    file = gzopen(at("virtio_console.ko.gz"), "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(gzwrite(file, bytes, sizeof(bytes)), sizeof(bytes));
    ck_assert_int_eq(gzclose(file), Z_OK);
    check_added(names, ARRAY_SIZE(names));
    ck_assert_ptr_nonnull(
        memmem(archive_bytes, archive_size, bytes, sizeof(bytes)));
}
END_TEST

START_TEST(kernel_without_a_console_is_warned_of)
{
    write_network();
    write_text("modules.builtin", "kernel/virtio_pci.ko\n");
    ck_assert_int_eq(add(), 0);
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_int_eq(capture.last_level, LOG_LEVEL_WARNING);
    ck_assert_ptr_nonnull(strstr(capture.last, "has no virtio_console"));
}
END_TEST

START_TEST(modules_that_are_not_there_are_refused)
{
    write_network();
    options.net_count = 1;
    ck_assert_int_eq(unlink(at("failover.ko")), 0);
    check_refused(-ENOENT, "failover.ko: No such file or directory: build");
    write_text("modules.dep", "virtio_net.ko:\n");
    check_refused(-ENOENT, "virtio_net: there is no module net_failover in");
}
END_TEST

/* depmod finds such, but this is no place to rely on it. */
START_TEST(modules_that_need_each_other_are_refused)
{
    write_text("modules.order", "a.ko\nb.ko\n");
    write_module("a.ko", "b");
    write_module("b.ko", "a");
    options.modules[options.num_modules++] = "a";
    check_refused(-ELOOP, "some need each other");
}
END_TEST

START_TEST(endless_needs_are_refused)
{
    char name[16], needs[16], text[8192];
    size_t used = 0;

    for (unsigned i = 0; i < 300; i++) {
        (void)snprintf(name, sizeof(name), "m%u.ko", i);
        (void)snprintf(needs, sizeof(needs), "m%u", i + 1);
        write_module(name, needs);
        used +=
            (size_t)snprintf(text + used, sizeof(text) - used, "%s\n", name);
    }
    write_text("modules.order", text);
    options.modules[options.num_modules++] = "m0";
    check_refused(-E2BIG, "with it there are more than 256");
}
END_TEST

START_TEST(without_a_folder_all_is_taken_to_be_built_in)
{
    options.module_folder = NULL;
    check_added(NULL, 0);
    options.modules[options.num_modules++] = "pktgen";
    check_refused(-ENOENT, "--module pktgen: there is no folder");
    options.module_folder = "/none";
    check_refused(-ENOENT, "modules /none: no modules.dep");
}
END_TEST

START_TEST(lists_are_files_of_a_sane_size)
{
    write_network();
    ck_assert_int_eq(truncate(at("modules.dep"), 17 << 20), 0);
    check_refused(-EFBIG, "modules.dep: File too large");
    ck_assert_int_eq(unlink(at("modules.dep")), 0);
    ck_assert_int_eq(mkdir(at("modules.dep"), 0755), 0);
    check_refused(-EINVAL, "modules.dep: Invalid argument");
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, modules_come_after_those_they_need);
    tcase_add_test(tcase, disks_have_a_driver_of_their_own);
    tcase_add_test(tcase, what_is_built_in_is_no_module);
    tcase_add_test(tcase, modules_may_be_asked_for);
    tcase_add_test(tcase, tree_lists_its_modules_in_the_order_it_builds_them);
    tcase_add_test(tcase, compressed_modules_are_unpacked);
    tcase_add_test(tcase, kernel_without_a_console_is_warned_of);
    tcase_add_test(tcase, modules_that_are_not_there_are_refused);
    tcase_add_test(tcase, modules_that_need_each_other_are_refused);
    tcase_add_test(tcase, endless_needs_are_refused);
    tcase_add_test(tcase, without_a_folder_all_is_taken_to_be_built_in);
    tcase_add_test(tcase, lists_are_files_of_a_sane_size);
}

int main(void)
{
    return check_main("guest_modules", add_tests);
}
