/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_collect_input.c: the records of a guest's files, in any pieces, and
 * those that no honest guest sends.
 */
#include "tests/support/check_main.h"
#include "vmm/bytes.h"
#include "vmm/collect_input.h"

#include <stdio.h>
#include <string.h>

static struct collect_input input;
static char taken[1024]; /* what came, as text */

static void take(void *owner, const struct collect_record *record)
{
    size_t length = strlen(taken);

    ck_assert_ptr_eq(owner, &input);
    if (record->type == COLLECT_BYTES)
        (void)snprintf(taken + length, sizeof(taken) - length, "%u b %zu;",
                       record->item, record->size);
    else
        (void)snprintf(taken + length, sizeof(taken) - length,
                       "%u %c %o %s%s%s;", record->item, (char)record->type,
                       record->mode, record->name ? record->name : "",
                       record->target ? " -> " : "",
                       record->target ? record->target : "");
}

static void setup(void)
{
    taken[0] = '\0';
    collect_input_init(&input, 2, take, &input);
}

/* One record's bytes; returns how many. */
static size_t make(uint8_t *bytes, char type, unsigned item, unsigned mode,
                   const char *payload, size_t size)
{
    bytes[0] = (uint8_t)type;
    bytes[1] = (uint8_t)item;
    store_le16(bytes + 2, (uint16_t)mode);
    store_le32(bytes + 4, (uint32_t)size);
    memcpy(bytes + COLLECT_HEADER_SIZE, payload, size);
    return COLLECT_HEADER_SIZE + size;
}

static void send(char type, const char *payload, size_t size)
{
    uint8_t bytes[8192];

    collect_input_receive(&input, bytes,
                          make(bytes, type, 0, 0644, payload, size));
}

START_TEST(records_come_in_any_pieces)
{
    uint8_t bytes[256];
    size_t size = make(bytes, 'd', 0, 0755, "", 0);

    size += make(bytes + size, 'f', 0, 0644, "a/b", 3);
    size += make(bytes + size, 'b', 0, 0, "hello", 5);
    size += make(bytes + size, 'b', 0, 0, "", 0);
    size += make(bytes + size, 'l', 0, 0, "a/c\0../b", 8);
    size += make(bytes + size, 'x', 1, 2, "", 0);
    size += make(bytes + size, 'e', 1, 0, "", 0);
    for (size_t at = 0; at < size; at += (size_t)_i) {
        size_t piece = size - at < (size_t)_i ? size - at : (size_t)_i;

        collect_input_receive(&input, bytes + at, piece);
    }
    ck_assert(collect_input_is_complete(&input));
    ck_assert_str_eq(taken, "0 d 755 ;0 f 644 a/b;0 b 5;0 b 0;"
                            "0 l 0 a/c -> ../b;1 x 2 ;1 e 0 ;");
}
END_TEST

START_TEST(a_part_of_a_record_is_not_complete)
{
    send('d', "", 0);
    ck_assert(collect_input_is_complete(&input));
    collect_input_receive(&input, (const uint8_t *)"b", 1);
    ck_assert(!collect_input_is_complete(&input));
}
END_TEST

#define TEXT(text) (text), sizeof(text) - 1

static const struct {
    char type;
    const char *payload;
    size_t size;
} lies[] = {
    {'f', TEXT("/etc/passwd")},
    {'f', TEXT("..")},
    {'f', TEXT("../a")},
    {'f', TEXT("a/../../b")},
    {'f', TEXT("a/..")},
    {'f', TEXT("a/./b")},
    {'d', TEXT(".")},
    {'d', TEXT("a//b")},
    {'d', TEXT("a/")},
    {'d', TEXT("a\0b")},
    {'x', TEXT("../a")},
    {'l', TEXT("a")},
    {'l', TEXT("a\0")},
    {'l', TEXT("\0a")},
    {'l', TEXT("../a\0b")},
    {'l', TEXT("a\0b\0c")},
    {'l', TEXT("a\0b\0")},
    {'e', TEXT("a")},
    {'?', TEXT("")},
    {'\0', TEXT("")},
};

START_TEST(lies_end_it)
{
    send(lies[_i].type, lies[_i].payload, lies[_i].size);
    ck_assert(input.is_broken);
    ck_assert_str_eq(taken, "");
    send('d', "", 0);
    ck_assert_str_eq(taken, "");
    ck_assert(!collect_input_is_complete(&input));
}
END_TEST

START_TEST(long_names_are_refused)
{
    char name[COLLECT_MAX_NAME];

    memset(name, 'a', sizeof(name));
    send('f', name, COLLECT_MAX_PART);
    ck_assert(!input.is_broken);
    send('f', name, COLLECT_MAX_PART + 1);
    ck_assert(input.is_broken);
    setup();
    for (size_t i = 1; i < sizeof(name); i += 2)
        name[i] = '/';
    send('f', name, sizeof(name) - 1);
    ck_assert(!input.is_broken);
    name[sizeof(name) - 1] = 'a';
    send('f', name, sizeof(name));
    ck_assert(input.is_broken);
}
END_TEST

START_TEST(only_items_that_were_asked_for_come)
{
    uint8_t bytes[16];

    collect_input_receive(&input, bytes, make(bytes, 'd', 1, 0, "", 0));
    ck_assert(!input.is_broken);
    collect_input_receive(&input, bytes, make(bytes, 'd', 2, 0, "", 0));
    ck_assert(input.is_broken);
}
END_TEST

START_TEST(a_payload_has_a_largest_size)
{
    uint8_t header[COLLECT_HEADER_SIZE] = "b";
    static const uint8_t zeroes[COLLECT_MAX_PAYLOAD];

    store_le32(header + 4, COLLECT_MAX_PAYLOAD);
    collect_input_receive(&input, header, sizeof(header));
    collect_input_receive(&input, zeroes, sizeof(zeroes));
    ck_assert_str_eq(taken, "0 b 65536;");
    store_le32(header + 4, COLLECT_MAX_PAYLOAD + 1);
    collect_input_receive(&input, header, sizeof(header));
    ck_assert(input.is_broken);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_loop_test(tcase, records_come_in_any_pieces, 1, 80);
    tcase_add_test(tcase, a_part_of_a_record_is_not_complete);
    tcase_add_loop_test(tcase, lies_end_it, 0, ARRAY_SIZE(lies));
    tcase_add_test(tcase, long_names_are_refused);
    tcase_add_test(tcase, only_items_that_were_asked_for_come);
    tcase_add_test(tcase, a_payload_has_a_largest_size);
}

int main(void)
{
    return check_main("collect_input", add_tests);
}
