/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_guest_net.c: what --net says of the guest's side, and how it is told
 * the guest's first process.
 */
#include "vmm/guest_net.h"

#include "tests/support/check_main.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct guest_net net;
static char error[512];

/* A key of --net. */
typedef int setter(struct guest_net *net, const char *value, char *error,
                   size_t error_size);

static void accept(setter *set, const char *value)
{
    ck_assert_msg(set(&net, value, error, sizeof(error)) == 0, "%s: %s", value,
                  error);
}

static void refuse(setter *set, const char *value, const char *reason)
{
    ck_assert_msg(set(&net, value, error, sizeof(error)) == -EINVAL,
                  "\"%s\" was accepted", value);
    ck_assert_msg(strstr(error, reason) != NULL, "%s", error);
}

static void expect_record(bool has_dhcp, const char *record)
{
    char printed[GUEST_NET_MAX_RECORD];

    guest_net_print(&net, has_dhcp, 3, printed);
    ck_assert_str_eq(printed, record);
}

static void start_anew(void)
{
    memset(&net, 0, sizeof(net));
}

START_TEST(what_is_not_said_depends_on_the_network)
{
    start_anew();
    expect_record(true, "3 - dhcp - -");
    expect_record(false, "3 - none - -");
    ck_assert_ptr_null(guest_net_given_key(&net));
    accept(guest_net_set_ip, "none");
    expect_record(true, "3 - none - -");
    accept(guest_net_set_ip, "dhcp");
    expect_record(false, "3 - dhcp - -");
    ck_assert_str_eq(guest_net_given_key(&net), "ip");
}
END_TEST

START_TEST(all_that_is_said_is_told)
{
    start_anew();
    accept(guest_net_set_ip, "192.0.2.1/24");
    accept(guest_net_set_name, "lan0");
    accept(guest_net_set_gateway, "192.0.2.254");
    accept(guest_net_add_server, "198.51.100.1");
    accept(guest_net_add_server, "198.51.100.2");
    ck_assert_int_eq(guest_net_check(&net, error, sizeof(error)), 0);
    expect_record(true, "3 lan0 192.0.2.1/24 192.0.2.254 "
                        "198.51.100.1,198.51.100.2");
}
END_TEST

START_TEST(the_longest_record_fits)
{
    start_anew();
    accept(guest_net_set_ip, "203.100.113.254/24");
    accept(guest_net_set_name, "fifteen-letters");
    accept(guest_net_set_gateway, "203.100.113.253");
    for (unsigned i = 0; i < GUEST_NET_MAX_SERVERS; i++)
        accept(guest_net_add_server, "203.100.113.250");
    expect_record(true, "3 fifteen-letters 203.100.113.254/24 203.100.113.253 "
                        "203.100.113.250,203.100.113.250,203.100.113.250");
    refuse(guest_net_add_server, "192.0.2.1", "more than 3 times");
}
END_TEST

START_TEST(addresses_have_networks)
{
    static const char *const wrong[] = {
        "",
        "dhpc",
        "192.0.2.1",
        "192.0.2.1/",
        "192.0.2.1/0",
        "192.0.2.1/33",
        "192.0.2.1/24x",
        "192.0.2.1/ 24",
        "192.0.2.1/-1",
        "192.0.2/24",
        "192.0.2.256/24",
        "0.0.0.0/8",
        "224.0.0.1/8",
        "255.255.255.255/32",
        "2001:db8::1/64",
        "0000000000000000000000192.0.2.1/24",
        "/24",
    };

    start_anew();
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        refuse(guest_net_set_ip, wrong[i],
               "is neither dhcp nor none nor an IPv4 address");
    ck_assert_ptr_null(guest_net_given_key(&net));
    accept(guest_net_set_ip, "192.0.2.1/32");
    accept(guest_net_set_ip, "127.0.0.2/1");
}
END_TEST

START_TEST(names_are_those_that_linux_takes)
{
    static const char *const wrong[] = {
        "",    ".",   "..",    "lo", "a b",
        "a/b", "a:b", "eth%d", "-",  "sixteen-letters!",
    };

    start_anew();
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        refuse(guest_net_set_name, wrong[i], "is no name for the guest's");
    accept(guest_net_set_name, "e");
    ck_assert_str_eq(guest_net_given_key(&net), "name");
}
END_TEST

START_TEST(a_gateway_is_a_neighbour)
{
    start_anew();
    accept(guest_net_set_gateway, "192.0.2.254");
    refuse(guest_net_set_gateway, "gw", "is no host's IPv4 address");
    ck_assert_int_eq(guest_net_check(&net, error, sizeof(error)), -EINVAL);
    ck_assert_ptr_nonnull(strstr(error, "gateway needs an address"));
    accept(guest_net_set_ip, "192.0.2.1/25");
    ck_assert_int_eq(guest_net_check(&net, error, sizeof(error)), -EINVAL);
    ck_assert_ptr_nonnull(strstr(error, "outside the /25 network"));
    accept(guest_net_set_ip, "192.0.2.1/24");
    ck_assert_int_eq(guest_net_check(&net, error, sizeof(error)), 0);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, what_is_not_said_depends_on_the_network);
    tcase_add_test(tcase, all_that_is_said_is_told);
    tcase_add_test(tcase, the_longest_record_fits);
    tcase_add_test(tcase, addresses_have_networks);
    tcase_add_test(tcase, names_are_those_that_linux_takes);
    tcase_add_test(tcase, a_gateway_is_a_neighbour);
}

int main(void)
{
    return check_main("guest_net", add_tests);
}
