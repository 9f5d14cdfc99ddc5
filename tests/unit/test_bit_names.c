/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_bit_names.c: sets of bits to words and back.
 */
#include "vmm/bit_names.h"

#include "tests/support/check_main.h"
#include "vmm/feature_names.h"

#include <linux/virtio_ids.h>

static const struct {
    bit_name *name;
    uint64_t bits;
    const char *text;
} sets[] = {
    {bit_names_status, 0, "0"},
    {bit_names_status, 1, "ACKNOWLEDGE"},
    {bit_names_status, 0xcf,
     "ACKNOWLEDGE|DRIVER|DRIVER_OK|FEATURES_OK|NEEDS_RESET|FAILED"},
    {bit_names_status, 0x11, "ACKNOWLEDGE|bit4"},
    {bit_names_backend, 0x1fe,
     "iotlb_msg_v2|iotlb_batch|iotlb_asid|suspend|resume|"
     "enable_after_driver_ok|desc_asid|iotlb_persist"},
    {bit_names_backend, 1ULL << 63, "bit63"},
    {feature_names_get, 1ULL << 5 | 1ULL << 32 | 1ULL << 48,
     "mac|version_1|bit48"},
};

START_TEST(sets_go_to_words_and_back)
{
    char text[BIT_NAMES_SIZE];
    uint64_t bits;

    bit_names_print(sets[_i].name, VIRTIO_ID_NET, sets[_i].bits, text);
    ck_assert_str_eq(text, sets[_i].text);
    ck_assert(bit_names_parse(sets[_i].name, VIRTIO_ID_NET, text, &bits));
    ck_assert_uint_eq(bits, sets[_i].bits);
}
END_TEST

START_TEST(all_bits_fit)
{
    char text[BIT_NAMES_SIZE];
    uint64_t bits;

    bit_names_print(feature_names_get, VIRTIO_ID_NET, UINT64_MAX, text);
    ck_assert(bit_names_parse(feature_names_get, VIRTIO_ID_NET, text, &bits));
    ck_assert_uint_eq(bits, UINT64_MAX);
}
END_TEST

static const char *const wrong[] = {
    "", "1", "mac|", "|mac", "MAC", "macs", "ma", "bit64", "bit5 ", "mac,mtu",
};

START_TEST(other_words_are_no_names)
{
    uint64_t bits;

    ck_assert(
        !bit_names_parse(feature_names_get, VIRTIO_ID_NET, wrong[_i], &bits));
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_loop_test(tcase, sets_go_to_words_and_back, 0, ARRAY_SIZE(sets));
    tcase_add_test(tcase, all_bits_fit);
    tcase_add_loop_test(tcase, other_words_are_no_names, 0, ARRAY_SIZE(wrong));
}

int main(void)
{
    return check_main("bit_names", add_tests);
}
