/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_slirp_forward.c: forwards as users and QEMU write them, and near
 * misses.
 */
#include "vdpa/slirp_forward.h"

#include "tests/support/check_main.h"

#include <errno.h>
#include <string.h>

static struct slirp_forward forward;
static char error[256];

static int parse(const char *text)
{
    error[0] = '\0';
    return slirp_forward_parse(&forward, text, error, sizeof(error));
}

static void assert_reads(const char *text, const char *meaning)
{
    char printed[SLIRP_FORWARD_MAX_TEXT];

    ck_assert_msg(parse(text) == 0, "%s: %s", text, error);
    slirp_forward_print(&forward, printed);
    ck_assert_str_eq(printed, meaning);
    /* And once more by way of what is meant to be read again. */
    slirp_forward_spell(&forward, printed);
    ck_assert_int_eq(parse(printed), 0);
    slirp_forward_print(&forward, printed);
    ck_assert_str_eq(printed, meaning);
}

static void assert_refused(const char *text, const char *reason)
{
    ck_assert_msg(parse(text) == -EINVAL, "%s", text);
    ck_assert_msg(strstr(error, reason) != NULL, "%s", error);
    ck_assert_ptr_null(strchr(error, '\n'));
}

START_TEST(own_spelling_is_read)
{
    assert_reads("tcp:127.0.0.1:2222:22", "tcp 127.0.0.1:2222 -> :22");
    assert_reads("tcp:2222:22", "tcp 127.0.0.1:2222 -> :22");
    assert_reads("udp:0.0.0.0:53:5353", "udp 0.0.0.0:53 -> :5353");
    assert_reads("tcp:0:22", "tcp 127.0.0.1:0 -> :22");
    assert_reads("tcp:[::1]:2222:22", "tcp [::1]:2222 -> :22");
    assert_reads("udp:[fe80::1:2]:65535:65535",
                 "udp [fe80::1:2]:65535 -> :65535");
}
END_TEST

START_TEST(spelling_of_qemu_is_read)
{
    assert_reads("tcp:127.0.0.1:2222-:22", "tcp 127.0.0.1:2222 -> :22");
    assert_reads("tcp::2222-:22", "tcp 127.0.0.1:2222 -> :22");
    assert_reads("udp::0-:53", "udp 127.0.0.1:0 -> :53");
    assert_reads("tcp:[::]:80-:8080", "tcp [::]:80 -> :8080");
    assert_reads("tcp::2222-10.0.2.15:22", "tcp 127.0.0.1:2222 -> :22");
}
END_TEST

START_TEST(mistakes_are_named)
{
    assert_refused("", "neither \"tcp:\" nor \"udp:\"");
    assert_refused("sctp:1:2", "neither \"tcp:\" nor \"udp:\"");
    assert_refused("TCP:1:2", "neither \"tcp:\" nor \"udp:\"");
    assert_refused("tcp:2222", "guest port is missing");
    assert_refused("tcp:", "guest port is missing");
    assert_refused("tcp:2222:", "\"\" is no guest port");
    assert_refused("tcp:2222:0", "\"0\" is no guest port");
    assert_refused("tcp:2222:65536", "\"65536\" is no guest port");
    assert_refused("tcp:2222:-1", "\"2222\" is no IPv4 address");
    assert_refused("tcp:2222:+1", "\"+1\" is no guest port");
    assert_refused("tcp:2222: 1", "\" 1\" is no guest port");
    assert_refused("tcp:x:22", "\"x\" is no host port");
    assert_refused("tcp:99999:22", "\"99999\" is no host port");
    assert_refused("tcp:000001:22", "\"000001\" is no host port");
    assert_refused("tcp:localhost:2222:22", "\"localhost\" is no IPv4 address");
    assert_refused("tcp:1.2.3:2222:22", "\"1.2.3\" is no IPv4 address");
    assert_refused("tcp:::1:2222:22", "brackets");
    assert_refused("tcp:[::1:2222:22", "brackets");
    assert_refused("tcp:[::x]:2222:22", "\"::x\" is no IPv6 address");
    assert_refused("tcp:[]:2222:22", "\"\" is no IPv6 address");
    assert_refused("tcp::2222-22", "\":\" is missing");
    assert_refused("tcp::2222-10.0.2.16:22", "the guest is 10.0.2.15");
    assert_refused("tcp::2222-:22:23", "\"22:23\" is no guest port");
    assert_refused("tcp:-", "is no host port");
}
END_TEST

START_TEST(long_texts_are_refused_in_a_bounded_message)
{
    char text[4096];

    memset(text, '1', sizeof(text) - 1);
    memcpy(text, "tcp:", 4);
    text[sizeof(text) - 1] = '\0';
    assert_refused(text, "too long");
    text[127] = '\0';
    ck_assert_int_eq(parse(text), -EINVAL);
    /* However short the room. */
    ck_assert_int_eq(slirp_forward_parse(&forward, text, error, 8), -EINVAL);
    ck_assert_uint_eq(strlen(error), 7);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, own_spelling_is_read);
    tcase_add_test(tcase, spelling_of_qemu_is_read);
    tcase_add_test(tcase, mistakes_are_named);
    tcase_add_test(tcase, long_texts_are_refused_in_a_bounded_message);
}

int main(void)
{
    return check_main("slirp_forward", add_tests);
}
