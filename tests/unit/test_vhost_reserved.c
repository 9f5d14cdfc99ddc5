/* SPDX-License-Identifier: BSD-2-Clause */
/* test_vhost_reserved.c: guest memory where an IOMMU wants none. */
#include "vdpa/vhost_reserved.h"

#include "tests/support/check_main.h"
#include "tests/support/fake_vhost.h"
#include "tests/support/log_capture.h"
#include "tests/support/temp_tree.h"
#include "vmm/bytes.h"

#include <string.h>

#define CARD "devices/pci0000:00/0000:00:03.0"

static struct temp_tree sys;
static struct fake_vhost fake;
static struct log_capture capture;
static char path[] = FAKE_VHOST_PATH;

static void setup(void)
{
    temp_tree_init(&sys);
    temp_tree_add_folder(&sys, CARD "/v0/vhost-vdpa-0");
    /* The number that fake_vhost gives its device. */
    temp_tree_add_link(&sys, "dev/char/511:0",
                       "../../" CARD "/v0/vhost-vdpa-0");
    fake_vhost_init(&fake, &fake_vhost_vp_vdpa);
    fake.syscalls.sys_dir = sys.root;
    log_capture_start(&capture);
}

static void teardown(void)
{
    temp_tree_destroy(&sys);
    fake_vhost_destroy(&fake);
}

/* How many warnings a mapping gives. */
static unsigned check(uint64_t iova, uint64_t size)
{
    const struct vhost_device device = {
        .syscalls = &fake.syscalls, .fd = -1, .path = path};
    const struct vdpa_mapping mappings[] = {{.iova = 0, .size = 0xa0000},
                                            {.iova = iova, .size = size}};
    unsigned before = capture.lines;

    vhost_reserved_check(&device, mappings, 2);
    return capture.lines - before;
}

static void set_regions(const char *text)
{
    temp_tree_add_file(&sys, CARD "/iommu_group/reserved_regions", text);
}

START_TEST(overlap_is_told_with_both_ranges)
{
    set_regions("0x00000000fee00000 0x00000000feefffff msi\n"
                "0x000000fd00000000 0x000000ffffffffff reserved\n");
    ck_assert_uint_eq(check(MIB, 3 * GIB), 0);
    ck_assert_uint_eq(check(MIB, 0xfee00000 - MIB), 0);
    ck_assert_uint_eq(check(0xfef00000, GIB), 0);
    ck_assert_uint_eq(check(0xfeeff000, 4096), 1);
    ck_assert_uint_eq(check(MIB, 4 * GIB), 1);
    ck_assert_ptr_nonnull(strstr(capture.last, FAKE_VHOST_PATH
                                 ": guest memory at 0x100000 to 0x1000fffff "
                                 "overlaps 0xfee00000 to 0xfeefffff, which the "
                                 "host's IOMMU keeps (msi)"));
    ck_assert_ptr_nonnull(strstr(capture.last, "less memory"));
    ck_assert_uint_eq(check(MIB, 2048 * GIB), 2);
}
END_TEST

START_TEST(regions_that_only_firmware_used_are_free)
{
    set_regions("0x0000000000100000 0x00000000001fffff direct-relaxable\n"
                "0x0000000000200000 0x00000000002fffff direct\n");
    ck_assert_uint_eq(check(MIB, MIB), 0);
    ck_assert_uint_eq(check(2 * MIB, MIB), 1);
}
END_TEST

START_TEST(text_of_another_kind_reserves_nothing)
{
    set_regions("nothing that is known\n");
    ck_assert_uint_eq(check(0, 1024 * GIB), 0);
}
END_TEST

START_TEST(device_without_an_iommu_has_no_regions)
{
    ck_assert_uint_eq(check(0, 1024 * GIB), 0);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, overlap_is_told_with_both_ranges);
    tcase_add_test(tcase, regions_that_only_firmware_used_are_free);
    tcase_add_test(tcase, text_of_another_kind_reserves_nothing);
    tcase_add_test(tcase, device_without_an_iommu_has_no_regions);
}

int main(void)
{
    return check_main("vhost_reserved", add_tests);
}
