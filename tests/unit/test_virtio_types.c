/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_virtio_types.c: names of device types.
 */
#include "vmm/virtio_types.h"

#include "tests/support/check_main.h"

#include <linux/virtio_ids.h>

static void check_name(uint32_t device_id, const char *expected)
{
    char name[VIRTIO_TYPES_MAX_NAME];

    virtio_types_print(device_id, name);
    ck_assert_str_eq(name, expected);
}

START_TEST(every_type_has_a_name_or_its_number)
{
    check_name(VIRTIO_ID_NET, "virtio-net");
    check_name(VIRTIO_ID_BLOCK, "virtio-blk");
    check_name(VIRTIO_ID_FS, "virtio-fs");
    check_name(0, "virtio-0");
    check_name(28, "virtio-28");
    check_name(UINT32_MAX, "virtio-4294967295");
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, every_type_has_a_name_or_its_number);
}

int main(void)
{
    return check_main("virtio_types", add_tests);
}
