/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_options_commands.c: the command lines of all but `vmm run`, and the
 * texts that say what there is.
 */
#include "tests/support/check_main.h"
#include "tests/support/options_bed.h"
#include "vmm/compiler.h"
#include "vmm/usage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct options_bed bed;

START_TEST(control_command_is_its_own_request)
{
    ck_assert_int_eq(options_bed_parse(&bed, "status /s"), 0);
    ck_assert_int_eq(bed.options.command, COMMAND_CONTROL);
    ck_assert_str_eq(bed.options.control.request, "status");
    ck_assert_str_eq(bed.options.control.socket, "/s");
    ck_assert_int_eq(options_bed_parse(&bed, "run K --control=/s"), 0);
    ck_assert_str_eq(bed.options.control_socket, "/s");
    options_bed_refuse(
        &bed, "status",
        "no socket: give that of a \"vmm run --control SOCKET\"");
    options_bed_refuse(&bed, "status a b",
                       "unexpected \"b\": the socket is \"a\" already");
}
END_TEST

START_TEST(help_is_a_command_too)
{
    ck_assert_int_eq(options_bed_parse(&bed, "help"), 0);
    ck_assert(bed.options.wants_help);
    ck_assert_int_eq(bed.options.command, COMMAND_NONE);
    ck_assert_int_eq(options_bed_parse(&bed, "help vduse"), 0);
    ck_assert(bed.options.wants_help);
    ck_assert_int_eq(bed.options.command, COMMAND_VDUSE);
    options_bed_refuse(&bed, "help vdus",
                       "unknown command \"vdus\": did you mean \"vduse\"? "
                       "\"vmm --help\" says more");
    options_bed_refuse(&bed, "help run net",
                       "unexpected \"net\": \"vmm help\" takes one command");
}
END_TEST

START_TEST(doctor_prints_text_unless_asked_for_json)
{
    ck_assert_int_eq(options_bed_parse(&bed, "doctor"), 0);
    ck_assert_int_eq(bed.options.command, COMMAND_DOCTOR);
    ck_assert(!bed.options.doctor.wants_json);
    ck_assert_int_eq(options_bed_parse(&bed, "doctor --json"), 0);
    ck_assert(bed.options.doctor.wants_json);
    options_bed_refuse(&bed, "doctor --json=x",
                       "--json takes no value, but got \"x\"");
    options_bed_refuse(&bed, "doctor --jsno",
                       "unknown option \"--jsno\": did you mean "
                       "\"--json\"? \"vmm doctor --help\" lists the "
                       "options");
}
END_TEST

START_TEST(net_command_is_a_request_with_an_argument)
{
    ck_assert_int_eq(options_bed_parse(&bed, "net add /s user"), 0);
    ck_assert_int_eq(bed.options.command, COMMAND_NET);
    ck_assert_str_eq(bed.options.control.request, "net add");
    ck_assert_str_eq(bed.options.control.socket, "/s");
    ck_assert_str_eq(bed.options.control.argument, "user");
    ck_assert_int_eq(options_bed_parse(&bed, "net remove /s net1"), 0);
    ck_assert_str_eq(bed.options.control.request, "net remove");
    ck_assert_str_eq(bed.options.control.argument, "net1");
    ck_assert_int_eq(options_bed_parse(&bed, "net remove --force /s net1"), 0);
    ck_assert_str_eq(bed.options.control.request, "net remove --force");
    ck_assert_str_eq(bed.options.control.argument, "net1");
    ck_assert_int_eq(options_bed_parse(&bed, "net --help"), 0);
    ck_assert(bed.options.wants_help);
    ck_assert_int_eq(bed.options.command, COMMAND_NET);
    options_bed_refuse(&bed, "net remvoe /s net1",
                       "net: unknown \"remvoe\": did you mean \"remove\"?");
    options_bed_refuse(
        &bed, "net add /s user,mac=1",
        "net add: mac \"1\" is not six hexadecimal bytes such as "
        "52:54:00:12:34:56");
}
END_TEST

START_TEST(vduse_makes_a_user_network_of_a_name)
{
    ck_assert_int_eq(options_bed_parse(&bed, "vduse net0"), 0);
    ck_assert_int_eq(bed.options.command, COMMAND_VDUSE);
    ck_assert_str_eq(bed.options.vduse.name, "net0");
    ck_assert_int_eq(bed.options.vduse.net.kind, NET_USER);
    ck_assert_str_eq(bed.options.vduse.net.name, "user");
    ck_assert(!bed.options.vduse.net.has_mac);
    ck_assert(!bed.options.vduse.reconnect);
    ck_assert_int_eq(bed.options.vduse.ready_fd, -1);
    ck_assert_int_eq(bed.options.log_level, LOG_LEVEL_INFO);
}
END_TEST

START_TEST(vduse_has_options_of_its_own)
{
    ck_assert_int_eq(options_bed_parse(
                         &bed, "vduse -q --reconnect --ready-fd=7 -ntap=t a.b"),
                     0);
    ck_assert_str_eq(bed.options.vduse.name, "a.b");
    ck_assert(bed.options.vduse.reconnect);
    ck_assert_int_eq(bed.options.vduse.ready_fd, 7);
    ck_assert_int_eq(bed.options.vduse.net.kind, NET_TAP);
    ck_assert_int_eq(bed.options.log_level, LOG_LEVEL_ERROR);
    options_bed_refuse(&bed, "vduse n --ready-fd x",
                       "--ready-fd: \"x\" is not the number of a descriptor");
    options_bed_refuse(
        &bed, "vduse n --ready-fd=2147483648",
        "--ready-fd: \"2147483648\" is not the number of a descriptor");
    options_bed_refuse(&bed, "vduse n -m 512",
                       "unknown option \"-m\": \"vmm vduse --help\" "
                       "lists the options");
}
END_TEST

START_TEST(vduse_takes_card_values_in_either_place)
{
    static const char *const lines[] = {
        "vduse n --mac 52:54:00:12:34:56 --mtu 9000 --poll off",
        "vduse n --net user,mac=52:54:00:12:34:56,mtu=9000,poll=off",
        "vduse n --poll=off --net user,mac=52:54:00:12:34:56 --mtu=9000",
    };

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        ck_assert_msg(options_bed_parse(&bed, lines[i]) == 0, "%s: %s",
                      lines[i], bed.error);
        ck_assert(bed.options.vduse.net.has_mac);
        ck_assert_uint_eq(bed.options.vduse.net.mac[5], 0x56);
        ck_assert_uint_eq(bed.options.vduse.net.mtu, 9000);
        ck_assert_int_eq(bed.options.vduse.net.polling, NET_POLLING_OFF);
    }
    options_bed_refuse(&bed, "vduse n --mtu 9000 --net user,mtu=1500",
                       "--net: mtu \"1500\" is a second MTU: give one");
    options_bed_refuse(&bed, "vduse n --net user,poll=on --poll on",
                       "--poll: \"on\" is a second choice: give one");
    options_bed_refuse(
        &bed, "vduse n --mac 52:54:00:12:34:56 --mac 52:54:00:12:34:57",
        "--mac: \"52:54:00:12:34:57\" is a second address: give one");
    options_bed_refuse(&bed, "vduse n --mtu 1",
                       "--mtu: \"1\" is not a number from 68 to 65520");
}
END_TEST

START_TEST(vduse_has_one_network_in_software)
{
    options_bed_refuse(
        &bed, "vduse n --net vdpa=/d",
        "--net: \"vdpa=/d\" is a vDPA device already, for \"vmm run\": "
        "give user, tap=tap0 or peer=/run/net0.sock");
    options_bed_refuse(
        &bed, "vduse n --net user -n tap=t",
        "--net: \"tap=t\" is a second network: a device has one");
    options_bed_refuse(&bed, "vduse n --net",
                       "--net needs a value, such as user");
    options_bed_refuse(&bed, "vduse n --net user,foo",
                       "--net: unknown key \"foo\": known are "
                       "user, mac, features, mtu, poll, forward, hostfwd, "
                       "restrict, ip, name, gateway, dns, pcap");
}
END_TEST

START_TEST(vduse_needs_a_name)
{
    static const char *const names[] = {"", ".", "..", ".a", "-", "a/b", "/"};
    char line[300] = "vduse ";

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char expected[128];

        snprintf(line, sizeof(line), "vduse %s", names[i]);
        snprintf(expected, sizeof(expected),
                 "\"%s\" is no device's name: give one such as net0, without "
                 "\"/\", that begins neither with \"-\" nor \".\"",
                 names[i]);
        options_bed_refuse(&bed, line, expected);
    }
    options_bed_refuse(&bed, "vduse",
                       "no device: give its name, as in \"vmm vduse net0\"; "
                       "\"vmm vduse --help\" lists the options");
    options_bed_refuse(&bed, "vduse a b",
                       "unexpected \"b\": the device's name is \"a\" already");

    memset(line + 6, 'a', OPTIONS_MAX_DEVICE_NAME + 1);
    line[6 + OPTIONS_MAX_DEVICE_NAME] = '\0';
    ck_assert_int_eq(options_bed_parse(&bed, line), 0);
    line[6 + OPTIONS_MAX_DEVICE_NAME] = 'a';
    line[6 + OPTIONS_MAX_DEVICE_NAME + 1] = '\0';
    options_bed_refuse(&bed, line,
                       "the device's name is longer than 255 bytes");
}
END_TEST

START_TEST(help_and_version_end_the_line)
{
    static const struct {
        const char *line;
        enum options_command command;
    } cases[] = {
        {"--help", COMMAND_NONE},
        {"-h", COMMAND_NONE},
        {"--version", COMMAND_VERSION},
        {"-V", COMMAND_VERSION},
        {"run --help", COMMAND_RUN},
        {"run -h", COMMAND_RUN},
        {"run K -qh --unknown", COMMAND_RUN},
        {"run -V", COMMAND_VERSION},
        {"vduse --help", COMMAND_VDUSE},
        {"vduse -qh", COMMAND_VDUSE},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        ck_assert_msg(options_bed_parse(&bed, cases[i].line) == 0, "%s",
                      cases[i].line);
        ck_assert_int_eq(bed.options.command, cases[i].command);
        ck_assert(bed.options.wants_help ==
                  (cases[i].command != COMMAND_VERSION));
    }
}
END_TEST

START_TEST(command_is_needed)
{
    char *argv[] = {(char[]){"vmm"}};

    ck_assert_int_eq(
        options_parse(&bed.options, 1, argv, bed.error, sizeof(bed.error)),
        -EINVAL);
    ck_assert_str_eq(bed.error,
                     "no command: \"vmm run KERNEL\" starts a guest, "
                     "\"vmm --help\" says more");
    ck_assert_int_eq(
        options_parse(&bed.options, 0, argv, bed.error, sizeof(bed.error)),
        -EINVAL);
    options_bed_refuse(&bed, "vdues",
                       "unknown command \"vdues\": did you mean \"vduse\"? "
                       "\"vmm --help\" says more");
    options_bed_refuse(&bed, "start",
                       "unknown command \"start\": \"vmm run KERNEL\" starts a "
                       "guest, \"vmm --help\" says more");
}
END_TEST

/* How often `help` has "--word", which must be an option of the command. */
static unsigned count_real_options(const char *command, const char *help)
{
    unsigned found = 0;

    for (const char *c = help; (c = strstr(c, "--")) != NULL; found++) {
        char line[64];
        size_t length = strspn(c + 2, "abcdefghijklmnopqrstuvwxyz-") + 2;

        snprintf(line, sizeof(line), "%s %.*s", command, (int)length, c);
        (void)options_bed_parse(&bed, line);
        ck_assert_msg(strstr(bed.error, "unknown option") == NULL, "%s",
                      bed.error);
        c += length;
    }
    return found;
}

START_TEST(help_lists_only_real_options)
{
    ck_assert_uint_ge(count_real_options("run", usage_text(COMMAND_RUN)), 15);
    ck_assert_uint_ge(count_real_options("vduse", usage_text(COMMAND_VDUSE)),
                      9);
}
END_TEST

START_TEST(each_request_for_a_text_has_one)
{
    ck_assert_ptr_nonnull(strstr(usage_text(COMMAND_NONE), "usage: vmm run"));
    ck_assert_str_eq(usage_text(COMMAND_VERSION), "vmm " VMM_VERSION "\n");
    ck_assert_ptr_nonnull(strstr(usage_text(COMMAND_RUN), "usage: vmm run"));
    ck_assert_ptr_nonnull(
        strstr(usage_text(COMMAND_VDUSE), "usage: vmm vduse"));
}
END_TEST

static void add_tests(TCase *tcase)
{
    const TTest *const claims[] = {
        control_command_is_its_own_request,
        help_is_a_command_too,
        doctor_prints_text_unless_asked_for_json,
        net_command_is_a_request_with_an_argument,
        vduse_makes_a_user_network_of_a_name,
        vduse_has_options_of_its_own,
        vduse_takes_card_values_in_either_place,
        vduse_has_one_network_in_software,
        vduse_needs_a_name,
        help_and_version_end_the_line,
        command_is_needed,
        help_lists_only_real_options,
        each_request_for_a_text_has_one,
    };

    for (size_t i = 0; i < ARRAY_SIZE(claims); i++)
        tcase_add_test(tcase, claims[i]);
}

int main(void)
{
    return check_main("options_commands", add_tests);
}
