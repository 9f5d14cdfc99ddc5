/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dhcp_packet.c: the queries of a client, and what it takes for an
 * answer.
 */
#include "guest/init/dhcp_packet.h"

#include "tests/support/check_main.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS 240

static const struct dhcp_query query = {.type = DHCP_DISCOVER,
                                        .id = 0x01020304,
                                        .mac = {0x52, 0x54, 0, 0x12, 0x34, 1},
                                        .seconds = 0x0506};

static uint8_t bytes[512];
static size_t size;

/* An answer to the query, with `options` from its own on. */
static void answer(const void *options, size_t options_size)
{
    static const uint8_t mine[] = {192, 0, 2, 77}, end = 255;

    memset(bytes, 0, sizeof(bytes));
    dhcp_packet_write(&query, bytes);
    bytes[0] = 2;
    memcpy(bytes + 16, mine, sizeof(mine));
    memset(bytes + OPTIONS, 0, sizeof(bytes) - OPTIONS);
    memcpy(bytes + OPTIONS, options, options_size);
    size = OPTIONS + options_size;
    bytes[size++] = end;
}

#define ANSWER(...)                                                            \
    answer((const uint8_t[]){__VA_ARGS__},                                     \
           sizeof((const uint8_t[]){__VA_ARGS__}))

/* From memory that ends where the bytes do. */
static bool read_answer(struct dhcp_answer *result)
{
    uint8_t *copy = malloc(size ? size : 1);
    bool is_one;

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, size);
    is_one = dhcp_packet_read(&query, copy, size, result);
    free(copy);
    return is_one;
}

static void expect_address(struct in_addr address, const char *text)
{
    ck_assert_str_eq(inet_ntoa(address), text);
}

START_TEST(a_query_says_who_asks)
{
    dhcp_packet_write(&query, bytes);
    ck_assert_mem_eq(bytes, "\1\1\6\0\1\2\3\4\5\6\200\0", 12);
    ck_assert_mem_eq(bytes + 28, query.mac, 6);
    ck_assert_mem_eq(bytes + 236, "c\202Sc\65\1\1", 7);
    ck_assert_ptr_null(memmem(bytes, DHCP_QUERY_SIZE, "\62\4", 2));
}
END_TEST

START_TEST(a_request_names_the_offer)
{
    struct dhcp_query request = query;

    request.type = DHCP_REQUEST;
    request.address.s_addr = inet_addr("192.0.2.77");
    request.server.s_addr = inet_addr("192.0.2.1");
    dhcp_packet_write(&request, bytes);
    ck_assert_ptr_nonnull(memmem(bytes, DHCP_QUERY_SIZE,
                                 "\62\4\300\0\2\115\66\4\300\0\2\1\377", 13));
}
END_TEST

START_TEST(an_offer_is_read)
{
    struct dhcp_answer offer;

    ANSWER(53, 1, 2, 0, 54, 4, 192, 0, 2, 1, 1, 4, 255, 255, 255, 0, 3, 8, 192,
           0, 2, 254, 192, 0, 2, 253, 6, 16, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3,
           4, 4, 4, 4, 12, 2, 'h', 'i');
    ck_assert(read_answer(&offer));
    ck_assert_int_eq(offer.type, DHCP_OFFER);
    expect_address(offer.address, "192.0.2.77");
    expect_address(offer.server, "192.0.2.1");
    expect_address(offer.mask, "255.255.255.0");
    expect_address(offer.gateway, "192.0.2.254");
    ck_assert_uint_eq(offer.num_name_servers, DHCP_MAX_SERVERS);
    expect_address(offer.name_servers[2], "3.3.3.3");
}
END_TEST

START_TEST(what_is_not_said_is_absent)
{
    struct dhcp_answer ack;

    ANSWER(53, 1, 5, 6, 3, 1, 1, 1);
    ck_assert(read_answer(&ack));
    ck_assert_int_eq(ack.type, DHCP_ACK);
    ck_assert_uint_eq(ack.mask.s_addr, 0);
    ck_assert_uint_eq(ack.gateway.s_addr, 0);
    ck_assert_uint_eq(ack.num_name_servers, 0);
}
END_TEST

START_TEST(a_refusal_needs_no_address)
{
    struct dhcp_answer nak;

    ANSWER(53, 1, 6);
    memset(bytes + 16, 0, 4);
    ck_assert(read_answer(&nak));
    ck_assert_int_eq(nak.type, DHCP_NAK);
}
END_TEST

START_TEST(answers_to_others_are_none)
{
    /* Of the fixed part: op, hardware, id, MAC, cookie. */
    static const unsigned parts[] = {0, 1, 2, 4, 7, 28, 33, 236, 239};
    struct dhcp_answer none;

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        ANSWER(53, 1, 2);
        ck_assert(read_answer(&none));
        bytes[parts[i]] ^= 1;
        ck_assert_msg(!read_answer(&none), "byte %u", parts[i]);
    }
}
END_TEST

START_TEST(queries_of_others_are_no_answers)
{
    static const uint8_t types[] = {0, 1, 3, 4, 7, 8, 255};
    struct dhcp_answer none;

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        ANSWER(53, 1, types[i]);
        ck_assert_msg(!read_answer(&none), "type %u", types[i]);
    }
    ANSWER(53, 2, 2, 2);
    ck_assert(!read_answer(&none));
}
END_TEST

START_TEST(impossible_addresses_are_refused)
{
    static const uint8_t first[] = {0, 127, 224, 255};
    struct dhcp_answer none;

    for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
        ANSWER(53, 1, 2);
        bytes[16] = first[i];
        ck_assert_msg(!read_answer(&none), "%u.0.2.77", first[i]);
    }
    ANSWER(53, 1, 2, 1, 4, 255, 0, 255, 0);
    ck_assert(!read_answer(&none));
}
END_TEST

START_TEST(one_that_ends_early_is_read_as_far_as_it_goes)
{
    struct dhcp_answer offer;
    size_t whole;

    ANSWER(53, 1, 2, 3, 4, 192, 0, 2, 254, 6, 4, 1, 1, 1, 1);
    whole = size;
    for (size = 0; size < whole; size++) {
        bool is_one = read_answer(&offer);

        ck_assert_int_eq(is_one, size >= OPTIONS + 3);
        ck_assert_int_eq(offer.gateway.s_addr != 0, size >= OPTIONS + 9);
        ck_assert_uint_eq(offer.num_name_servers, size >= OPTIONS + 15);
    }
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, a_query_says_who_asks);
    tcase_add_test(tcase, a_request_names_the_offer);
    tcase_add_test(tcase, an_offer_is_read);
    tcase_add_test(tcase, what_is_not_said_is_absent);
    tcase_add_test(tcase, a_refusal_needs_no_address);
    tcase_add_test(tcase, answers_to_others_are_none);
    tcase_add_test(tcase, queries_of_others_are_no_answers);
    tcase_add_test(tcase, impossible_addresses_are_refused);
    tcase_add_test(tcase, one_that_ends_early_is_read_as_far_as_it_goes);
}

int main(void)
{
    return check_main("dhcp_packet", add_tests);
}
