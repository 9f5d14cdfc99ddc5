/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_module_index.c: the lists of kernel modules, as depmod and the kernel's
 * build write them, and what a module needs.
 */
#include "tests/support/check_main.h"
#include "vmm/module_index.h"

#include <stdlib.h>
#include <string.h>

static char path[MODULE_MAX_PATH];

/* The text ends where its memory does, for sanitizers to see. */
static bool find(const char *text, const char *name)
{
    size_t size = strlen(text);
    char *exact = malloc(size ? size : 1);
    bool found;

    ck_assert_ptr_nonnull(exact);
    memcpy(exact, text, size);
    found = module_index_find(exact, size, name, path);
    free(exact);
    return found;
}

static void check_found(const char *text, const char *name, const char *wanted)
{
    ck_assert_msg(find(text, name), "no %s in: %s", name, text);
    ck_assert_str_eq(path, wanted);
}

START_TEST(each_kind_of_list_is_understood)
{
    check_found("kernel/a/one.ko.xz: kernel/b/two.ko.xz\n"
                "kernel/b/two.ko.xz:\n",
                "two", "kernel/b/two.ko.xz");
    check_found("kernel/a/one.ko\nkernel/b/two.ko\n", "two", "kernel/b/two.ko");
    check_found("drivers/net/virtio_net.o\n", "virtio_net",
                "drivers/net/virtio_net.ko");
    check_found("/elsewhere/two.ko.zst:", "two", "/elsewhere/two.ko.zst");
    check_found("two.ko.gz", "two", "two.ko.gz");
}
END_TEST

START_TEST(dashes_are_as_good_as_underscores)
{
    check_found("kernel/pvpanic-pci.ko:\n", "pvpanic_pci",
                "kernel/pvpanic-pci.ko");
}
END_TEST

START_TEST(names_are_taken_whole)
{
    ck_assert(!find("kernel/virtio_net.ko\n", "virtio"));
    ck_assert(!find("kernel/virtio_net.ko\n", "net"));
    ck_assert(!find("kernel/a.ko: kernel/b.ko\n", "b"));
    ck_assert(!find("kernel/a.kobold\n", "a"));
    ck_assert(!find("kernel/a/\n", "a"));
    ck_assert(!find("", "a"));
    ck_assert(!find("\n\n:\n", "a"));
    ck_assert(!module_index_find(NULL, 0, "a", path));
}
END_TEST

START_TEST(paths_that_are_too_long_are_left_out)
{
    char text[MODULE_MAX_PATH + 16];

    memset(text, 'x', sizeof(text));
    memcpy(text + MODULE_MAX_PATH, "/a.ko", sizeof("/a.ko"));
    ck_assert(!find(text, "a"));
}
END_TEST

START_TEST(names_are_checked)
{
    char name[MODULE_MAX_NAME], longest[MODULE_MAX_NAME];

    ck_assert(module_name_take(name, "virtio-net2,", 11));
    ck_assert_str_eq(name, "virtio_net2");
    ck_assert(!module_name_take(name, "", 0));
    ck_assert(!module_name_take(name, "../a", 4));
    ck_assert(!module_name_take(name, "a b", 3));
    ck_assert(!module_name_take(name, "a\0b", 3));
    memset(longest, 'a', sizeof(longest));
    ck_assert(module_name_take(name, longest, sizeof(longest) - 1));
    ck_assert(!module_name_take(name, longest, sizeof(longest)));
}
END_TEST

START_TEST(module_says_what_it_needs)
{
    static const char module[] = "softdepends=no\0license=GPL\0"
                                 "depends=net_failover,failover\0name=x";
    static const char first[] = "depends=\0";
    const char *needs;
    size_t length;

    ck_assert(module_find_needs(module, sizeof(module), &needs, &length));
    ck_assert_uint_eq(length, 21);
    ck_assert_mem_eq(needs, "net_failover,failover", length);
    ck_assert(module_find_needs(first, sizeof(first), &needs, &length));
    ck_assert_uint_eq(length, 0);
    /* Without its end. */
    ck_assert(!module_find_needs(first, strlen(first), &needs, &length));
    ck_assert(!module_find_needs(NULL, 0, &needs, &length));
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, each_kind_of_list_is_understood);
    tcase_add_test(tcase, dashes_are_as_good_as_underscores);
    tcase_add_test(tcase, names_are_taken_whole);
    tcase_add_test(tcase, paths_that_are_too_long_are_left_out);
    tcase_add_test(tcase, names_are_checked);
    tcase_add_test(tcase, module_says_what_it_needs);
}

int main(void)
{
    return check_main("module_index", add_tests);
}
