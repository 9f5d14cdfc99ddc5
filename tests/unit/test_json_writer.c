/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_json_writer.c: what a reader of JSON gets, whatever is to be written.
 */
#include "vmm/json_writer.h"

#include "tests/support/check_main.h"

#include <stdlib.h>
#include <string.h>

static char *text;
static size_t size;
static struct json_writer writer;

static void setup(void)
{
    writer = (struct json_writer){.file = open_memstream(&text, &size)};
    ck_assert_ptr_nonnull(writer.file);
}

static void teardown(void)
{
    (void)fclose(writer.file);
    free(text);
    text = NULL;
}

static void expect(const char *expected)
{
    ck_assert_int_eq(fflush(writer.file), 0);
    ck_assert_str_eq(text, expected);
}

START_TEST(members_are_separated_and_indented)
{
    json_writer_begin_object(&writer, NULL);
    json_writer_string(&writer, "a", "x");
    json_writer_begin_array(&writer, "b");
    json_writer_number(&writer, NULL, UINT64_MAX);
    json_writer_begin_object(&writer, NULL);
    json_writer_bool(&writer, "yes", true);
    json_writer_bool(&writer, "no", false);
    json_writer_end(&writer);
    json_writer_end(&writer);
    json_writer_null(&writer, "c");
    json_writer_end(&writer);
    expect("{\n  \"a\": \"x\",\n  \"b\": [\n    18446744073709551615,\n"
           "    {\n      \"yes\": true,\n      \"no\": false\n    }\n  ],\n"
           "  \"c\": null\n}\n");
}
END_TEST

START_TEST(empty_ones_take_no_line)
{
    json_writer_begin_object(&writer, NULL);
    json_writer_begin_array(&writer, "a");
    json_writer_end(&writer);
    json_writer_begin_object(&writer, "b");
    json_writer_end(&writer);
    json_writer_end(&writer);
    expect("{\n  \"a\": [],\n  \"b\": {}\n}\n");
}
END_TEST

START_TEST(thousandths_keep_their_zeros)
{
    json_writer_begin_array(&writer, NULL);
    json_writer_thousandths(&writer, NULL, 0);
    json_writer_thousandths(&writer, NULL, 7);
    json_writer_thousandths(&writer, NULL, 12050);
    json_writer_end(&writer);
    expect("[\n  0.000,\n  0.007,\n  12.050\n]\n");
}
END_TEST

START_TEST(no_text_is_null)
{
    json_writer_string(&writer, NULL, NULL);
    expect("null");
}
END_TEST

/* Bytes, and what they become. */
static const struct {
    const char *bytes, *written;
} hostile[] = {
    {"\"\\/", "\"\\\"\\\\/\""},
    {"\n\t\r\b", "\"\\n\\t\\u000d\\u0008\""},
    {"\033[2J\177", "\"\\u001b[2J\\u007f\""},
    {"\xc3\xa4", "\"\\u00e4\""},
    {"\xe2\x82\xac", "\"\\u20ac\""},
    {"\xf0\x9f\x98\x80", "\"\\ud83d\\ude00\""},
    {"\xf4\x8f\xbf\xbf", "\"\\udbff\\udfff\""},
    /* No UTF-8: alone, cut, longer than need be, half of a pair, too high. */
    {"\x80", "\"\\ufffd\""},
    {"a\xff", "\"a\\ufffd\""},
    {"\xe2\x82", "\"\\ufffd\\ufffd\""},
    {"\xc0\x80", "\"\\ufffd\\ufffd\""},
    {"\xc1\xbf", "\"\\ufffd\\ufffd\""},
    {"\xe0\x80\xaf", "\"\\ufffd\\ufffd\\ufffd\""},
    {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
    {"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
    {"\xf8\x88\x80\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\""},
    {"\xc3(", "\"\\ufffd(\""},
};

START_TEST(whatever_a_guest_wrote_is_ascii)
{
    json_writer_string(&writer, NULL, hostile[_i].bytes);
    expect(hostile[_i].written);
}
END_TEST

START_TEST(bytes_may_hold_zeros_and_are_read_no_further)
{
    static const char bytes[] = {'a', '\0', '\xf0', '\x9f', 'x'};

    json_writer_bytes(&writer, NULL, bytes, 4);
    expect("\"a\\u0000\\ufffd\\ufffd\"");
}
END_TEST

START_TEST(keys_are_escaped_too)
{
    json_writer_begin_object(&writer, NULL);
    json_writer_number(&writer, "\"\n", 1);
    json_writer_end(&writer);
    expect("{\n  \"\\\"\\n\": 1\n}\n");
}
END_TEST

static const char *name_of_bit(uint32_t device_id, unsigned bit)
{
    return bit == 63 && device_id == 5 ? "last" : NULL;
}

START_TEST(bits_are_their_names_or_their_numbers)
{
    json_writer_begin_object(&writer, NULL);
    json_writer_bits(&writer, "a", name_of_bit, 5, 1ULL << 63 | 2);
    json_writer_bits(&writer, "b", name_of_bit, 5, 0);
    json_writer_end(&writer);
    expect("{\n  \"a\": [\n    \"bit1\",\n    \"last\"\n  ],\n"
           "  \"b\": []\n}\n");
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, members_are_separated_and_indented);
    tcase_add_test(tcase, empty_ones_take_no_line);
    tcase_add_test(tcase, thousandths_keep_their_zeros);
    tcase_add_test(tcase, no_text_is_null);
    tcase_add_loop_test(tcase, whatever_a_guest_wrote_is_ascii, 0,
                        ARRAY_SIZE(hostile));
    tcase_add_test(tcase, bytes_may_hold_zeros_and_are_read_no_further);
    tcase_add_test(tcase, keys_are_escaped_too);
    tcase_add_test(tcase, bits_are_their_names_or_their_numbers);
}

int main(void)
{
    return check_main("json_writer", add_tests);
}
