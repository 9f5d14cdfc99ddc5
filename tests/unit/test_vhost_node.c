/* SPDX-License-Identifier: BSD-2-Clause */
/* test_vhost_node.c: devices that the host removes, as /proc and /sys show. */
#include "vdpa/vhost_node.h"

#include "tests/support/check_main.h"
#include "tests/support/fake_vhost.h"
#include "tests/support/temp_tree.h"
#include "vdpa/vhost_parent.h"

#include <stdio.h>
#include <unistd.h>

#define FD 7
/* The number that fake_vhost gives its device. */
#define CHAR_LINK "dev/char/511:0"

struct host {
    struct temp_tree tree;
    struct fake_vhost fake;
    struct vhost_device device;
};

/* A device at descriptor FD, which sysfs knows or not. */
static void start(struct host *host, bool is_in_sysfs)
{
    temp_tree_init(&host->tree);
    fake_vhost_init(&host->fake, &fake_vhost_sim);
    host->fake.syscalls.sys_dir = host->tree.root;
    host->fake.syscalls.proc_dir = host->tree.root;
    temp_tree_add_link(&host->tree, "self/fd/7", FAKE_VHOST_PATH);
    temp_tree_add_folder(&host->tree, "devices/v0/vhost-vdpa-0");
    if (is_in_sysfs)
        temp_tree_add_link(&host->tree, CHAR_LINK,
                           "../../devices/v0/vhost-vdpa-0");
    host->device =
        (struct vhost_device){.syscalls = &host->fake.syscalls, .fd = FD};
    vhost_parent_find(&host->device.parent, &host->fake.syscalls,
                      FAKE_VHOST_PATH);
}

static void leave_sysfs(const struct host *host)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/" CHAR_LINK, host->tree.root);
    ck_assert_int_eq(unlink(path), 0);
}

START_TEST(a_device_is_there_until_sysfs_forgets_it)
{
    struct host host;

    start(&host, true);
    ck_assert(!vhost_node_is_removed(&host.device));
    leave_sysfs(&host);
    ck_assert(vhost_node_is_removed(&host.device));
    temp_tree_destroy(&host.tree);
}
END_TEST

/* As when a container's folder of devices goes. */
START_TEST(a_deleted_node_of_a_device_that_stays_does_not_matter)
{
    struct host host;

    start(&host, true);
    host.fake.node_is_deleted = true;
    ck_assert(!vhost_node_is_removed(&host.device));
    temp_tree_destroy(&host.tree);
}
END_TEST

START_TEST(without_sysfs_the_node_tells)
{
    struct host host;

    start(&host, false);
    ck_assert(!vhost_node_is_removed(&host.device));
    host.fake.node_is_deleted = true;
    ck_assert(vhost_node_is_removed(&host.device));
    temp_tree_destroy(&host.tree);
}
END_TEST

START_TEST(without_proc_nothing_is_known)
{
    struct host host;

    start(&host, true);
    leave_sysfs(&host);
    host.fake.syscalls.proc_dir = "/nonexistent";
    ck_assert(!vhost_node_is_removed(&host.device));
    temp_tree_destroy(&host.tree);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, a_device_is_there_until_sysfs_forgets_it);
    tcase_add_test(tcase,
                   a_deleted_node_of_a_device_that_stays_does_not_matter);
    tcase_add_test(tcase, without_sysfs_the_node_tells);
    tcase_add_test(tcase, without_proc_nothing_is_known);
}

int main(void)
{
    return check_main("vhost_node", add_tests);
}
