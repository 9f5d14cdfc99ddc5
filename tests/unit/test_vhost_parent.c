/* SPDX-License-Identifier: BSD-2-Clause */
/* test_vhost_parent.c: devices as sysfs shows them. */
#include "vdpa/vhost_parent.h"

#include "tests/support/check_main.h"
#include "tests/support/fake_vhost.h"
#include "tests/support/temp_tree.h"

/* The number that fake_vhost gives its device. */
#define CHAR_LINK "dev/char/511:0"

struct sysfs {
    struct temp_tree tree;
    struct fake_vhost fake;
    struct vhost_parent parent;
    bool needs_shared_memory;
};

static void start(struct sysfs *sysfs)
{
    temp_tree_init(&sysfs->tree);
    fake_vhost_init(&sysfs->fake, &fake_vhost_sim);
    sysfs->fake.syscalls.sys_dir = sysfs->tree.root;
}

static void look(struct sysfs *sysfs)
{
    vhost_parent_find(&sysfs->parent, &sysfs->fake.syscalls, FAKE_VHOST_PATH);
    sysfs->needs_shared_memory = vhost_parent_needs_shared_memory(
        &sysfs->fake.syscalls, FAKE_VHOST_PATH);
    temp_tree_destroy(&sysfs->tree);
}

static void add_simulator(struct sysfs *sysfs)
{
    temp_tree_add_folder(&sysfs->tree, "devices/v0/vhost-vdpa-0");
    temp_tree_add_link(&sysfs->tree, CHAR_LINK,
                       "../../devices/v0/vhost-vdpa-0");
}

START_TEST(the_simulator_pins_nothing)
{
    struct sysfs sysfs;

    start(&sysfs);
    add_simulator(&sysfs);
    temp_tree_add_file(&sysfs.tree, "module/vdpa_sim/parameters/use_va", "Y\n");
    look(&sysfs);
    ck_assert_str_eq(sysfs.parent.device, "v0");
    ck_assert_str_eq(sysfs.parent.driver, "vdpa_sim");
    ck_assert_int_eq(sysfs.parent.pinning, VHOST_PINNING_NEVER);
    ck_assert(sysfs.needs_shared_memory);
}
END_TEST

START_TEST(the_simulator_pins_when_told_to)
{
    struct sysfs sysfs;

    start(&sysfs);
    add_simulator(&sysfs);
    temp_tree_add_file(&sysfs.tree, "module/vdpa_sim/parameters/use_va", "N\n");
    look(&sysfs);
    ck_assert_int_eq(sysfs.parent.pinning, VHOST_PINNING_ALWAYS);
    ck_assert(!sysfs.needs_shared_memory);
}
END_TEST

START_TEST(an_old_simulator_does_not_say_whether_it_pins)
{
    struct sysfs sysfs;

    start(&sysfs);
    add_simulator(&sysfs);
    look(&sysfs);
    ck_assert_str_eq(sysfs.parent.driver, "vdpa_sim");
    ck_assert_int_eq(sysfs.parent.pinning, VHOST_PINNING_UNKNOWN);
    ck_assert(sysfs.needs_shared_memory);
}
END_TEST

START_TEST(a_vduse_device_pins_nothing)
{
    struct sysfs sysfs;

    start(&sysfs);
    temp_tree_add_folder(&sysfs.tree,
                         "devices/virtual/vduse/n0/n0/vhost-vdpa-0");
    temp_tree_add_link(&sysfs.tree, "devices/virtual/vduse/n0/subsystem",
                       "../../../../class/vduse");
    temp_tree_add_link(&sysfs.tree, CHAR_LINK,
                       "../../devices/virtual/vduse/n0/n0/vhost-vdpa-0");
    look(&sysfs);
    ck_assert_str_eq(sysfs.parent.device, "n0");
    ck_assert_str_eq(sysfs.parent.driver, "vduse");
    ck_assert_int_eq(sysfs.parent.pinning, VHOST_PINNING_NEVER);
    ck_assert(sysfs.needs_shared_memory);
}
END_TEST

START_TEST(a_pci_device_pins)
{
    struct sysfs sysfs;

    start(&sysfs);
    temp_tree_add_folder(&sysfs.tree,
                         "devices/pci0000:00/0000:00:03.0/vdpa0/vhost-vdpa-0");
    temp_tree_add_link(&sysfs.tree, "devices/pci0000:00/0000:00:03.0/subsystem",
                       "../../../bus/pci");
    temp_tree_add_link(&sysfs.tree, "devices/pci0000:00/0000:00:03.0/driver",
                       "../../../bus/pci/drivers/vp-vdpa");
    temp_tree_add_link(
        &sysfs.tree, CHAR_LINK,
        "../../devices/pci0000:00/0000:00:03.0/vdpa0/vhost-vdpa-0");
    look(&sysfs);
    ck_assert_str_eq(sysfs.parent.device, "vdpa0");
    ck_assert_str_eq(sysfs.parent.driver, "vp-vdpa");
    ck_assert_int_eq(sysfs.parent.pinning, VHOST_PINNING_ALWAYS);
    ck_assert(!sysfs.needs_shared_memory);
}
END_TEST

START_TEST(without_sysfs_nothing_is_known)
{
    struct sysfs sysfs;

    start(&sysfs);
    look(&sysfs);
    ck_assert_str_eq(sysfs.parent.device, "");
    ck_assert_str_eq(sysfs.parent.driver, "");
    ck_assert_int_eq(sysfs.parent.pinning, VHOST_PINNING_UNKNOWN);
    ck_assert(sysfs.needs_shared_memory);
}
END_TEST

START_TEST(a_regular_file_has_no_parent)
{
    struct vhost_parent parent;

    vhost_parent_find(&parent, &vhost_host_syscalls, "/etc/passwd");
    ck_assert_str_eq(parent.device, "");
    ck_assert_int_eq(parent.pinning, VHOST_PINNING_UNKNOWN);
}
END_TEST

/* A card with two interrupts below a bridge with one of its own. */
static void add_card(struct sysfs *sysfs)
{
#define BRIDGE "devices/pci0000:00/0000:00:01.0"
#define CARD   BRIDGE "/0000:01:00.0"
    temp_tree_add_folder(&sysfs->tree, CARD "/v0/vhost-vdpa-0");
    temp_tree_add_link(&sysfs->tree, CHAR_LINK,
                       "../../" CARD "/v0/vhost-vdpa-0");
    temp_tree_add_link(&sysfs->tree, CARD "/subsystem", "../../bus/pci");
    temp_tree_add_link(&sysfs->tree, CARD "/v0/subsystem", "../../bus/vdpa");
    temp_tree_add_link(&sysfs->tree, BRIDGE "/subsystem", "../../bus/pci");
    temp_tree_add_file(&sysfs->tree, BRIDGE "/msi_irqs/24", "msi\n");
    temp_tree_add_file(&sysfs->tree, "kernel/irq/24/per_cpu_count", "999\n");
}

/* Whether the interrupts of the device are known. */
static bool count_interrupts(struct sysfs *sysfs, char name[VHOST_NAME_SIZE],
                             uint64_t *count)
{
    bool is_known = vhost_parent_count_interrupts(
        name, count, &sysfs->fake.syscalls, FAKE_VHOST_PATH);

    temp_tree_destroy(&sysfs->tree);
    return is_known;
}

START_TEST(interrupts_of_the_card_are_added_up)
{
    char name[VHOST_NAME_SIZE];
    struct sysfs sysfs;
    uint64_t count;

    start(&sysfs);
    add_card(&sysfs);
    temp_tree_add_file(&sysfs.tree, CARD "/msi_irqs/25", "msix\n");
    temp_tree_add_file(&sysfs.tree, CARD "/msi_irqs/126", "msix\n");
    temp_tree_add_file(&sysfs.tree, "kernel/irq/25/per_cpu_count",
                       "10,0,4294967295\n");
    temp_tree_add_file(&sysfs.tree, "kernel/irq/126/per_cpu_count", "2\n");
    ck_assert(count_interrupts(&sysfs, name, &count));
    ck_assert_uint_eq(count, 4294967307);
    ck_assert_str_eq(name, "0000:01:00.0");
}
END_TEST

START_TEST(a_card_without_interrupts_has_not_its_bridges)
{
    char name[VHOST_NAME_SIZE];
    struct sysfs sysfs;
    uint64_t count;

    start(&sysfs);
    add_card(&sysfs);
    ck_assert(!count_interrupts(&sysfs, name, &count));
    ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(interrupts_that_the_kernel_does_not_count_are_unknown)
{
    char name[VHOST_NAME_SIZE];
    struct sysfs sysfs;
    uint64_t count;

    start(&sysfs);
    add_card(&sysfs);
    temp_tree_add_file(&sysfs.tree, CARD "/msi_irqs/25", "msix\n");
    ck_assert(!count_interrupts(&sysfs, name, &count));
}
END_TEST

START_TEST(the_simulator_has_no_interrupts)
{
    char name[VHOST_NAME_SIZE];
    struct sysfs sysfs;
    uint64_t count;

    start(&sysfs);
    add_simulator(&sysfs);
    ck_assert(!count_interrupts(&sysfs, name, &count));
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, the_simulator_pins_nothing);
    tcase_add_test(tcase, the_simulator_pins_when_told_to);
    tcase_add_test(tcase, an_old_simulator_does_not_say_whether_it_pins);
    tcase_add_test(tcase, a_vduse_device_pins_nothing);
    tcase_add_test(tcase, a_pci_device_pins);
    tcase_add_test(tcase, without_sysfs_nothing_is_known);
    tcase_add_test(tcase, a_regular_file_has_no_parent);
    tcase_add_test(tcase, interrupts_of_the_card_are_added_up);
    tcase_add_test(tcase, a_card_without_interrupts_has_not_its_bridges);
    tcase_add_test(tcase,
                   interrupts_that_the_kernel_does_not_count_are_unknown);
    tcase_add_test(tcase, the_simulator_has_no_interrupts);
}

int main(void)
{
    return check_main("vhost_parent", add_tests);
}
