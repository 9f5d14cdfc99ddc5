/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_key_value.c: lists of keys and values, and near misses.
 */
#include "vmm/key_value.h"

#include "tests/support/check_main.h"
#include "vmm/compiler.h"
#include "vmm/nearest_word.h"

#include <errno.h>
#include <string.h>

static const struct key_value_rule rules[] = {
    {"vdpa", false}, {"mac", false}, {"queues", false}, {"forward", true}};

static struct key_value_list list;
static char error[256];

static int parse(const char *text, const char *first_key)
{
    error[0] = '\0';
    return key_value_parse(&list, text, first_key, rules, ARRAY_SIZE(rules),
                           error, sizeof(error));
}

START_TEST(items_are_found_by_key)
{
    ck_assert_int_eq(parse("vdpa=/dev/a,mac=b=c", NULL), 0);
    ck_assert_uint_eq(list.count, 2);
    ck_assert_str_eq(key_value_find(&list, "vdpa")->value, "/dev/a");
    ck_assert_str_eq(key_value_find(&list, "mac")->value, "b=c");
    ck_assert_ptr_null(key_value_find(&list, "queues"));
}
END_TEST

START_TEST(first_key_may_be_left_out)
{
    ck_assert_int_eq(parse("/dev/a,mac=b", "vdpa"), 0);
    ck_assert_str_eq(key_value_find(&list, "vdpa")->value, "/dev/a");
    ck_assert_int_eq(parse("mac=b,vdpa=/dev/a", "vdpa"), 0);
    ck_assert_str_eq(key_value_find(&list, "vdpa")->value, "/dev/a");
}
END_TEST

START_TEST(bare_key_is_a_flag)
{
    ck_assert_int_eq(parse("vdpa=a,queues", NULL), 0);
    ck_assert_ptr_nonnull(key_value_find(&list, "queues"));
    ck_assert_ptr_null(key_value_find(&list, "queues")->value);
}
END_TEST

START_TEST(value_may_be_empty)
{
    ck_assert_int_eq(parse("vdpa=", NULL), 0);
    ck_assert_str_eq(key_value_find(&list, "vdpa")->value, "");
}
END_TEST

START_TEST(unknown_key_names_the_nearest_and_all)
{
    ck_assert_int_eq(parse("vdpa=a,mca=b", NULL), -EINVAL);
    ck_assert_str_eq(error, "unknown key \"mca\": did you mean \"mac\"? "
                            "Known are vdpa, mac, queues, forward");
    ck_assert_int_eq(parse("bridge=a", NULL), -EINVAL);
    ck_assert_str_eq(
        error, "unknown key \"bridge\": known are vdpa, mac, queues, forward");
}
END_TEST

START_TEST(key_may_stand_only_once)
{
    ck_assert_int_eq(parse("vdpa=a,vdpa=b", NULL), -EINVAL);
    ck_assert_str_eq(error, "\"vdpa\" is given twice");
    ck_assert_int_eq(parse("/dev/a,vdpa=b", "vdpa"), -EINVAL);
}
END_TEST

START_TEST(some_keys_may_repeat)
{
    ck_assert_int_eq(parse("forward=a,mac=b,forward=c,forward", NULL), 0);
    ck_assert_uint_eq(list.count, 4);
    ck_assert_str_eq(key_value_find(&list, "forward")->value, "a");
    ck_assert_str_eq(list.items[2].key, "forward");
    ck_assert_str_eq(list.items[2].value, "c");
    ck_assert_int_eq(parse("forward=a,mac=b,forward=c,mac=d", NULL), -EINVAL);
    ck_assert_str_eq(error, "\"mac\" is given twice");
}
END_TEST

START_TEST(items_have_a_limit)
{
    static const char item[] = "forward,";
    char text[(KEY_VALUE_MAX_ITEMS + 1) * sizeof(item)] = "";
    size_t size = sizeof(item) - 1;

    for (unsigned i = 0; i <= KEY_VALUE_MAX_ITEMS; i++)
        memcpy(text + i * size, item, size);
    text[KEY_VALUE_MAX_ITEMS * size - 1] = '\0';
    ck_assert_int_eq(parse(text, NULL), 0);
    ck_assert_uint_eq(list.count, KEY_VALUE_MAX_ITEMS);

    text[KEY_VALUE_MAX_ITEMS * size - 1] = ',';
    text[(KEY_VALUE_MAX_ITEMS + 1) * size - 1] = '\0';
    ck_assert_int_eq(parse(text, NULL), -EINVAL);
    ck_assert_str_eq(error, "more than 32 items");
}
END_TEST

START_TEST(empty_items_are_errors)
{
    static const char *const texts[] = {"", ",", "vdpa=a,", ",vdpa=a",
                                        "vdpa=a,,mac=b"};

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        ck_assert_int_eq(parse(texts[i], "vdpa"), -EINVAL);
        ck_assert_ptr_nonnull(strstr(error, "has an empty item"));
    }
}
END_TEST

START_TEST(longest_text_fits_and_longer_is_an_error)
{
    char text[KEY_VALUE_MAX_TEXT + 1];

    memset(text, 'a', sizeof(text));
    memcpy(text, "vdpa=", strlen("vdpa="));
    text[KEY_VALUE_MAX_TEXT - 1] = '\0';
    ck_assert_int_eq(parse(text, NULL), 0);
    ck_assert_str_eq(key_value_find(&list, "vdpa")->value, text + 5);

    text[KEY_VALUE_MAX_TEXT - 1] = 'a';
    text[KEY_VALUE_MAX_TEXT] = '\0';
    ck_assert_int_eq(parse(text, NULL), -EINVAL);
    ck_assert_str_eq(error, "longer than 1023 bytes");
}
END_TEST

START_TEST(error_fits_any_buffer)
{
    char small[8] = "xxxxxxx";

    ck_assert_int_eq(key_value_parse(&list, "unknown", NULL, rules,
                                     ARRAY_SIZE(rules), small, sizeof(small)),
                     -EINVAL);
    ck_assert_str_eq(small, "unknown");
}
END_TEST

START_TEST(nearest_word_is_found)
{
    static const char *const words[] = {"memory", "kernel", "cpus", "net",
                                        "hugepages"};
    static const struct {
        const char *typed, *nearest;
    } cases[] = {
        {"memroy", "memory"},
        {"mem", "memory"},
        {"kernal", "kernel"},
        {"cpu", "cpus"},
        {"nte", "net"},
        {"huge-pages", "hugepages"},
        {"disk", NULL},
        {"x", NULL},
        {"", NULL},
        {"memory", "memory"},
        {"hugetlbpage", NULL},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        ck_assert_pstr_eq(
            nearest_word(cases[i].typed, words, ARRAY_SIZE(words)),
            cases[i].nearest);
}
END_TEST

START_TEST(long_words_are_near_nothing)
{
    static const char *const words[] = {"memory"};
    char typed[1000];

    memset(typed, 'm', sizeof(typed) - 1);
    typed[sizeof(typed) - 1] = '\0';
    ck_assert_ptr_null(nearest_word(typed, words, ARRAY_SIZE(words)));
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, items_are_found_by_key);
    tcase_add_test(tcase, first_key_may_be_left_out);
    tcase_add_test(tcase, bare_key_is_a_flag);
    tcase_add_test(tcase, value_may_be_empty);
    tcase_add_test(tcase, unknown_key_names_the_nearest_and_all);
    tcase_add_test(tcase, key_may_stand_only_once);
    tcase_add_test(tcase, some_keys_may_repeat);
    tcase_add_test(tcase, items_have_a_limit);
    tcase_add_test(tcase, empty_items_are_errors);
    tcase_add_test(tcase, longest_text_fits_and_longer_is_an_error);
    tcase_add_test(tcase, error_fits_any_buffer);
    tcase_add_test(tcase, nearest_word_is_found);
    tcase_add_test(tcase, long_words_are_near_nothing);
}

int main(void)
{
    return check_main("key_value", add_tests);
}
