/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_options.c: the command line as plain values, and what is wrong with it.
 */
#include "vmm/options.h"

#include "tests/support/check_main.h"
#include "vmm/bytes.h"
#include "vmm/compiler.h"
#include "vmm/usage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MAX_ARGUMENTS 32

static struct options options;
static char error[OPTIONS_MAX_ERROR];

/* Parses "vmm" and then the words of `line`, which are separated by blanks.
 * What the options borrow lives until the next call. */
static int parse(const char *line)
{
    static char copy[1024];
    static char program[] = "vmm", *argv[MAX_ARGUMENTS + 1] = {program};
    char *rest = copy;
    int argc = 1;

    ck_assert_uint_lt(strlen(line), sizeof(copy));
    memcpy(copy, line, strlen(line) + 1);
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        ck_assert_int_lt(argc, MAX_ARGUMENTS);
        argv[argc++] = word;
    }
    error[0] = '\0';
    return options_parse(&options, argc, argv, error, sizeof(error));
}

/* Parses a line that must be refused, and why. */
static void refuse(const char *line, const char *reason)
{
    ck_assert_msg(parse(line) == -EINVAL, "\"%s\" was accepted", line);
    ck_assert_str_eq(error, reason);
}

START_TEST(defaults_are_a_small_machine_without_network)
{
    ck_assert_int_eq(parse("run bzImage"), 0);
    ck_assert_int_eq(options.command, COMMAND_RUN);
    ck_assert_str_eq(options.kernel, "bzImage");
    ck_assert_ptr_null(options.initrd);
    ck_assert_str_eq(options.append, "");
    ck_assert_uint_eq(options.memory, 512 * MIB);
    ck_assert_uint_eq(options.page_size, 0);
    ck_assert(!options.is_preallocated);
    ck_assert_int_eq(options.numa_node, -1);
    ck_assert_uint_eq(options.cpus, 1);
    ck_assert_uint_eq(options.net_count, 0);
    ck_assert_int_eq(options.on_reset, ON_RESET_EXIT);
    ck_assert_int_eq(options.console, CONSOLE_STDIO);
    ck_assert_ptr_null(options.report);
    ck_assert_int_eq(options.log_level, LOG_LEVEL_INFO);
}
END_TEST

START_TEST(every_spelling_means_the_same)
{
    static const char *const lines[] = {
        "run -k K -i I -a A -m 1024 -c 4 -n vdpa=/d -q",
        "run -kK -iI -aA -m1024 -c4 -nvdpa=/d -q",
        "run K --initrd I --append A --memory 1G --cpus 4 --net /d --quiet",
        "run --kernel=K --initrd=I --cmdline=A --memory=1GiB -c4 --net=/d -vq",
        "run -q -m 1048576K -p A --net vdpa=/d --cpus 4 K --initrd=I",
    };

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        ck_assert_msg(parse(lines[i]) == 0, "%s: %s", lines[i], error);
        ck_assert_str_eq(options.kernel, "K");
        ck_assert_str_eq(options.initrd, "I");
        ck_assert_str_eq(options.append, "A");
        ck_assert_uint_eq(options.memory, GIB);
        ck_assert_uint_eq(options.cpus, 4);
        ck_assert_uint_eq(options.net_count, 1);
        ck_assert_str_eq(options.nets[0].name, "/d");
        ck_assert_int_eq(options.log_level, LOG_LEVEL_ERROR);
    }
}
END_TEST

START_TEST(memory_is_a_number_of_pages)
{
    ck_assert_int_eq(parse("run K -m 12KiB"), 0);
    ck_assert_uint_eq(options.memory, 12 * KIB);
    refuse("run K --memory=12Q",
           "--memory: \"12Q\" is not a size: give a number of MiB or a number "
           "with K, M, G or T");
    refuse("run K -m 0", "--memory: \"0\" is not a number of 4 KiB pages: give "
                         "one such as 512M");
    refuse("run K -m 5K", "--memory: \"5K\" is not a number of 4 KiB pages: "
                          "give one such as 512M");
}
END_TEST

START_TEST(control_command_is_its_own_request)
{
    ck_assert_int_eq(parse("status /s"), 0);
    ck_assert_int_eq(options.command, COMMAND_CONTROL);
    ck_assert_str_eq(options.control.request, "status");
    ck_assert_str_eq(options.control.socket, "/s");
    ck_assert_int_eq(parse("run K --control=/s"), 0);
    ck_assert_str_eq(options.control_socket, "/s");
    refuse("status", "no socket: give that of a \"vmm run --control SOCKET\"");
    refuse("status a b", "unexpected \"b\": the socket is \"a\" already");
}
END_TEST

START_TEST(help_is_a_command_too)
{
    ck_assert_int_eq(parse("help"), 0);
    ck_assert(options.wants_help);
    ck_assert_int_eq(options.command, COMMAND_NONE);
    ck_assert_int_eq(parse("help vduse"), 0);
    ck_assert(options.wants_help);
    ck_assert_int_eq(options.command, COMMAND_VDUSE);
    refuse("help vdus", "unknown command \"vdus\": did you mean \"vduse\"? "
                        "\"vmm --help\" says more");
    refuse("help run net",
           "unexpected \"net\": \"vmm help\" takes one command");
}
END_TEST

START_TEST(doctor_prints_text_unless_asked_for_json)
{
    ck_assert_int_eq(parse("doctor"), 0);
    ck_assert_int_eq(options.command, COMMAND_DOCTOR);
    ck_assert(!options.doctor.wants_json);
    ck_assert_int_eq(parse("doctor --json"), 0);
    ck_assert(options.doctor.wants_json);
    refuse("doctor --json=x", "--json takes no value, but got \"x\"");
    refuse("doctor --jsno", "unknown option \"--jsno\": did you mean "
                            "\"--json\"? \"vmm doctor --help\" lists the "
                            "options");
}
END_TEST

START_TEST(net_command_is_a_request_with_an_argument)
{
    ck_assert_int_eq(parse("net add /s user"), 0);
    ck_assert_int_eq(options.command, COMMAND_NET);
    ck_assert_str_eq(options.control.request, "net add");
    ck_assert_str_eq(options.control.socket, "/s");
    ck_assert_str_eq(options.control.argument, "user");
    ck_assert_int_eq(parse("net remove /s net1"), 0);
    ck_assert_str_eq(options.control.request, "net remove");
    ck_assert_str_eq(options.control.argument, "net1");
    ck_assert_int_eq(parse("net remove --force /s net1"), 0);
    ck_assert_str_eq(options.control.request, "net remove --force");
    ck_assert_str_eq(options.control.argument, "net1");
    ck_assert_int_eq(parse("net --help"), 0);
    ck_assert(options.wants_help);
    ck_assert_int_eq(options.command, COMMAND_NET);
    refuse("net remvoe /s net1",
           "net: unknown \"remvoe\": did you mean \"remove\"?");
    refuse("net add /s user,mac=1",
           "net add: mac \"1\" is not six hexadecimal bytes such as "
           "52:54:00:12:34:56");
}
END_TEST

START_TEST(cpus_are_1_to_255)
{
    ck_assert_int_eq(parse("run K -c 255"), 0);
    ck_assert_uint_eq(options.cpus, 255);
    refuse("run K -c 0", "--cpus: \"0\" is not a number from 1 to 255");
    refuse("run K -c 256", "--cpus: \"256\" is not a number from 1 to 255");
    refuse("run K -c 2x", "--cpus: \"2x\" is not a number from 1 to 255");
    refuse("run K -c -1", "--cpus: \"-1\" is not a number from 1 to 255");
    refuse("run K -c 18446744073709551617",
           "--cpus: \"18446744073709551617\" is not a number from 1 to 255");
}
END_TEST

START_TEST(appended_strings_are_joined)
{
    ck_assert_int_eq(parse("run K -a a=1 --cmdline b -p c --params d"), 0);
    ck_assert_str_eq(options.append, "a=1 b c d");
    ck_assert_int_eq(parse("run K --append= -a --verbosely"), 0);
    ck_assert_str_eq(options.append, "--verbosely");
}
END_TEST

START_TEST(command_line_has_a_limit)
{
    char text[OPTIONS_MAX_APPEND + 1];
    char *argv[] = {
        (char[]){"vmm"}, (char[]){"run"}, (char[]){"K"}, (char[]){"-a"}, text,
        (char[]){"-ab"}};

    memset(text, 'a', sizeof(text));
    text[OPTIONS_MAX_APPEND - 1] = '\0';
    ck_assert_int_eq(options_parse(&options, 5, argv, error, sizeof(error)), 0);
    ck_assert_str_eq(options.append, text);
    ck_assert_int_eq(options_parse(&options, 6, argv, error, sizeof(error)),
                     -EINVAL);
    ck_assert_str_eq(error, "--append: the kernel command line is longer than "
                            "4095 bytes");

    text[OPTIONS_MAX_APPEND - 1] = 'a';
    text[OPTIONS_MAX_APPEND] = '\0';
    ck_assert_int_eq(options_parse(&options, 5, argv, error, sizeof(error)),
                     -EINVAL);
}
END_TEST

START_TEST(each_net_is_another_card)
{
    ck_assert_int_eq(parse("run K -n /dev/0 --net=user,mac=52:54:00:00:00:01"),
                     0);
    ck_assert_uint_eq(options.net_count, 2);
    ck_assert_int_eq(options.nets[0].kind, NET_VDPA);
    ck_assert(!options.nets[0].has_mac);
    ck_assert_int_eq(options.nets[1].kind, NET_USER);
    ck_assert(options.nets[1].has_mac);
    refuse("run K --net", "--net needs a value, such as vdpa=/dev/vhost-vdpa-0 "
                          "or user");
    refuse("run K --net --memory 1G",
           "--net needs a value, such as vdpa=/dev/vhost-vdpa-0 or user");
    refuse("run K --net user,mtu=1", "--net: mtu \"1\" is not a number from 68 "
                                     "to 65520");
}
END_TEST

START_TEST(net_has_a_limit)
{
    ck_assert_int_eq(
        parse("run K -n /1 -n /2 -n /3 -n /4 -n /5 -n /6 -n /7 -n /8"), 0);
    ck_assert_uint_eq(options.net_count, 8);
    refuse("run K -n /1 -n /2 -n /3 -n /4 -n /5 -n /6 -n /7 -n /8 -n /9",
           "--net: more than 8 network cards");
}
END_TEST

START_TEST(hugepages_divide_the_memory)
{
    ck_assert_int_eq(parse("run K --hugepages"), 0);
    ck_assert_uint_eq(options.page_size, 2 * MIB);
    ck_assert_int_eq(parse("run --hugepages K"), 0);
    ck_assert_str_eq(options.kernel, "K");
    ck_assert_int_eq(parse("run K --hugepages=2M -m 2"), 0);
    ck_assert_int_eq(parse("run K --hugepages=1G -m 3G"), 0);
    ck_assert_uint_eq(options.page_size, GIB);
    refuse("run K --hugepages=1G", "--memory: not a multiple of the 1024 MiB "
                                   "pages of --hugepages");
    refuse("run K --hugepages -m 3", "--memory: not a multiple of the 2 MiB "
                                     "pages of --hugepages");
    refuse("run K --hugepages=4K", "--hugepages: \"4K\" is neither 2M nor 1G");
}
END_TEST

START_TEST(memory_has_a_place)
{
    ck_assert_int_eq(parse("run K --prealloc --debug-exit"), 0);
    ck_assert(options.has_debug_exit);
    ck_assert(options.is_preallocated);
    ck_assert_int_eq(options.numa_node, -1);
    ck_assert_int_eq(parse("run K --numa-node 0"), 0);
    ck_assert_int_eq(options.numa_node, 0);
    ck_assert(!options.is_preallocated);
    ck_assert_int_eq(parse("run K --numa-node=1023"), 0);
    ck_assert_int_eq(options.numa_node, 1023);
    refuse("run K --numa-node 1024",
           "--numa-node: \"1024\" is not a number from 0 to 1023");
    refuse("run K --numa-node -1",
           "--numa-node: \"-1\" is not a number from 0 to 1023");
    refuse("run K --numa-node 1x",
           "--numa-node: \"1x\" is not a number from 0 to 1023");
    refuse("run K --prealloc=on", "--prealloc takes no value, but got \"on\"");
}
END_TEST

/* Else a page that the node has not got would end the process. */
START_TEST(huge_pages_of_a_node_are_allocated_at_once)
{
    ck_assert_int_eq(parse("run K --numa-node 0 --hugepages"), 0);
    ck_assert(options.is_preallocated);
}
END_TEST

START_TEST(choices_are_words)
{
    ck_assert_int_eq(parse("run K --on-reset exit --console none"), 0);
    ck_assert_int_eq(options.on_reset, ON_RESET_EXIT);
    ck_assert_int_eq(options.console, CONSOLE_NONE);
    ck_assert_int_eq(parse("run K --on-reset=restart --console=stdio"), 0);
    ck_assert_int_eq(options.on_reset, ON_RESET_RESTART);
    ck_assert_int_eq(options.console, CONSOLE_STDIO);
    refuse("run K --on-reset halt",
           "--on-reset: \"halt\" is neither exit nor restart");
    ck_assert_uint_eq(options.escape_key, 1);
    ck_assert_int_eq(parse("run K --escape ^]"), 0);
    ck_assert_uint_eq(options.escape_key, 0x1d);
    ck_assert_int_eq(parse("run K --escape none"), 0);
    ck_assert_uint_eq(options.escape_key, 0);
    refuse("run K --escape a", "--escape: \"a\" is no control key: give one "
                               "such as ^A or ^], or none");
    refuse("run K --console tty",
           "--console: \"tty\" is neither stdio nor none");
}
END_TEST

START_TEST(report_and_verbosity_are_kept)
{
    ck_assert_int_eq(parse("run K --report out --counts figures -v"), 0);
    ck_assert_str_eq(options.report, "out");
    ck_assert_str_eq(options.counts, "figures");
    ck_assert_int_eq(options.log_level, LOG_LEVEL_DEBUG);
    ck_assert_int_eq(parse("run K -qv"), 0);
    ck_assert_int_eq(options.log_level, LOG_LEVEL_DEBUG);
}
END_TEST

START_TEST(requirements_add_up)
{
    ck_assert_int_eq(parse("run K -n /dev/0"), 0);
    ck_assert_uint_eq(options.required, 0);
    ck_assert_int_eq(parse("run K -n /dev/0 --require bypass"), 0);
    ck_assert_uint_eq(options.required, REQUIRE_BYPASS);
    ck_assert_int_eq(parse("run K --require bypass,bypass -n /dev/0 "
                           "--require=bypass"),
                     0);
    ck_assert_uint_eq(options.required, REQUIRE_BYPASS);
    refuse("run K --require by", "--require: \"by\" is nothing that can be "
                                 "required: give bypass");
    refuse("run K --require bypass,", "--require: \"\" is nothing that can be "
                                      "required: give bypass");
}
END_TEST

START_TEST(what_cannot_bypass_is_refused)
{
    refuse("run K --require bypass",
           "--require bypass: the guest has no device to show it: give --net "
           "vdpa=PATH");
    refuse("run K -n /dev/0 -n user --require bypass",
           "--require bypass: network card 2 is a device in software, whose "
           "data this process carries: give vDPA devices alone");
}
END_TEST

START_TEST(kernel_is_needed_once)
{
    refuse("run", "no kernel: give one with --kernel FILE; \"vmm run --help\" "
                  "lists the options");
    refuse("run a b", "unexpected \"b\": the kernel is \"a\" already");
    refuse("run -k a b", "unexpected \"b\": the kernel is \"a\" already");
    refuse("run --kernel=", "--kernel: the value is empty; give one such as "
                            "bzImage");
    refuse("run -m 1 ", "the kernel's name is empty");
}
END_TEST

START_TEST(unknown_options_name_the_nearest)
{
    refuse("run K --memroy 1", "unknown option \"--memroy\": did you mean "
                               "\"--memory\"? \"vmm run --help\" lists the "
                               "options");
    refuse("run K --cpu=2", "unknown option \"--cpu\": did you mean "
                            "\"--cpus\"? \"vmm run --help\" lists the options");
    refuse("run -kernel K", "unknown option \"-kernel\": did you mean "
                            "\"--kernel\"? \"vmm run --help\" lists the "
                            "options");
    refuse("run K --floppy a",
           "unknown option \"--floppy\": \"vmm run --help\" lists the options");
    refuse("run K -x",
           "unknown option \"-x\": \"vmm run --help\" lists the options");
    refuse("run K -qx",
           "unknown option \"-qx\": \"vmm run --help\" lists the options");
    refuse("run K --", "no command after \"--\": give one, as in \"vmm run "
                       "bzImage -- uname\"");
}
END_TEST

START_TEST(command_needs_no_kernel)
{
    ck_assert_int_eq(parse("run -- uname -r"), 0);
    ck_assert_ptr_null(options.kernel);
    ck_assert_int_eq(parse("run -k 6.12 --modules M --module a --module b -- "
                           "true"),
                     0);
    ck_assert_str_eq(options.kernel, "6.12");
    ck_assert_str_eq(options.module_folder, "M");
    ck_assert_uint_eq(options.num_modules, 2);
    ck_assert_str_eq(options.modules[1], "b");
    refuse("run K --modules M", "--modules: there is no command that it could "
                                "be for: give one after \"--\"");
    refuse("run K --module a", "--module: there is no command that it could "
                               "be for: give one after \"--\"");
}
END_TEST

START_TEST(a_run_may_be_given_an_end)
{
    ck_assert_int_eq(parse("run K -t 1500ms --on-timeout kill"), 0);
    ck_assert_uint_eq(options.timeout_ms, 1500);
    ck_assert_int_eq(options.on_timeout, ON_TIMEOUT_KILL);
    ck_assert_int_eq(parse("run K --timeout 2m --boot-timeout 20 -- ls"), 0);
    ck_assert_uint_eq(options.timeout_ms, 120000);
    ck_assert_uint_eq(options.boot_timeout_ms, 20000);
    ck_assert_int_eq(options.on_timeout, ON_TIMEOUT_SYSRQ);
    refuse("run K -t 0", "--timeout: \"0\" is not a time: give a number of "
                         "seconds, or one with ms, s, m or h");
    refuse("run K -t 5000000", "--timeout: \"5000000\" is not a time: give a "
                               "number of seconds, or one with ms, s, m or h");
}
END_TEST

START_TEST(words_after_two_dashes_are_the_command)
{
    ck_assert_int_eq(parse("run K -- ls -l --memory x"), 0);
    ck_assert_int_eq(options.command_argc, 4);
    ck_assert_str_eq(options.command_argv[0], "ls");
    ck_assert_str_eq(options.command_argv[3], "x");
    ck_assert_int_eq(options.console, CONSOLE_NONE);
    refuse("run K --console stdio -- ls",
           "--console stdio: standard input and output are the command's: use "
           "--kmsg for the kernel's messages");
    refuse("run K --cwd /tmp",
           "--cwd: there is no command that it could be for: give one after "
           "\"--\"");
    ck_assert_int_eq(parse("run K"), 0);
    ck_assert_ptr_null(options.command_argv);
    refuse("vduse net0 -- ls",
           "unknown option \"--\": \"vmm vduse --help\" lists the options");
}
END_TEST

START_TEST(values_stand_where_they_belong)
{
    refuse("run K --quiet=yes", "--quiet takes no value, but got \"yes\"");
    refuse("run K -m", "--memory needs a value, such as 512M");
    refuse("run K --memory=",
           "--memory: the value is empty; give one such as 512M");
}
END_TEST

START_TEST(vduse_makes_a_user_network_of_a_name)
{
    ck_assert_int_eq(parse("vduse net0"), 0);
    ck_assert_int_eq(options.command, COMMAND_VDUSE);
    ck_assert_str_eq(options.vduse.name, "net0");
    ck_assert_int_eq(options.vduse.net.kind, NET_USER);
    ck_assert_str_eq(options.vduse.net.name, "user");
    ck_assert(!options.vduse.net.has_mac);
    ck_assert(!options.vduse.reconnect);
    ck_assert_int_eq(options.vduse.ready_fd, -1);
    ck_assert_int_eq(options.log_level, LOG_LEVEL_INFO);
}
END_TEST

START_TEST(vduse_has_options_of_its_own)
{
    ck_assert_int_eq(parse("vduse -q --reconnect --ready-fd=7 -ntap=t a.b"), 0);
    ck_assert_str_eq(options.vduse.name, "a.b");
    ck_assert(options.vduse.reconnect);
    ck_assert_int_eq(options.vduse.ready_fd, 7);
    ck_assert_int_eq(options.vduse.net.kind, NET_TAP);
    ck_assert_int_eq(options.log_level, LOG_LEVEL_ERROR);
    refuse("vduse n --ready-fd x",
           "--ready-fd: \"x\" is not the number of a descriptor");
    refuse("vduse n --ready-fd=2147483648",
           "--ready-fd: \"2147483648\" is not the number of a descriptor");
    refuse("vduse n -m 512", "unknown option \"-m\": \"vmm vduse --help\" "
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
        ck_assert_msg(parse(lines[i]) == 0, "%s: %s", lines[i], error);
        ck_assert(options.vduse.net.has_mac);
        ck_assert_uint_eq(options.vduse.net.mac[5], 0x56);
        ck_assert_uint_eq(options.vduse.net.mtu, 9000);
        ck_assert_int_eq(options.vduse.net.polling, NET_POLLING_OFF);
    }
    refuse("vduse n --mtu 9000 --net user,mtu=1500",
           "--net: mtu \"1500\" is a second MTU: give one");
    refuse("vduse n --net user,poll=on --poll on",
           "--poll: \"on\" is a second choice: give one");
    refuse("vduse n --mac 52:54:00:12:34:56 --mac 52:54:00:12:34:57",
           "--mac: \"52:54:00:12:34:57\" is a second address: give one");
    refuse("vduse n --mtu 1", "--mtu: \"1\" is not a number from 68 to 65520");
}
END_TEST

START_TEST(vduse_has_one_network_in_software)
{
    refuse("vduse n --net vdpa=/d",
           "--net: \"vdpa=/d\" is a vDPA device already, for \"vmm run\": "
           "give user, tap=tap0 or peer=/run/net0.sock");
    refuse("vduse n --net user -n tap=t",
           "--net: \"tap=t\" is a second network: a device has one");
    refuse("vduse n --net", "--net needs a value, such as user");
    refuse("vduse n --net user,foo",
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
        refuse(line, expected);
    }
    refuse("vduse", "no device: give its name, as in \"vmm vduse net0\"; "
                    "\"vmm vduse --help\" lists the options");
    refuse("vduse a b", "unexpected \"b\": the device's name is \"a\" already");

    memset(line + 6, 'a', OPTIONS_MAX_DEVICE_NAME + 1);
    line[6 + OPTIONS_MAX_DEVICE_NAME] = '\0';
    ck_assert_int_eq(parse(line), 0);
    line[6 + OPTIONS_MAX_DEVICE_NAME] = 'a';
    line[6 + OPTIONS_MAX_DEVICE_NAME + 1] = '\0';
    refuse(line, "the device's name is longer than 255 bytes");
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
        ck_assert_msg(parse(cases[i].line) == 0, "%s", cases[i].line);
        ck_assert_int_eq(options.command, cases[i].command);
        ck_assert(options.wants_help == (cases[i].command != COMMAND_VERSION));
    }
}
END_TEST

START_TEST(command_is_needed)
{
    char *argv[] = {(char[]){"vmm"}};

    ck_assert_int_eq(options_parse(&options, 1, argv, error, sizeof(error)),
                     -EINVAL);
    ck_assert_str_eq(error, "no command: \"vmm run KERNEL\" starts a guest, "
                            "\"vmm --help\" says more");
    ck_assert_int_eq(options_parse(&options, 0, argv, error, sizeof(error)),
                     -EINVAL);
    refuse("vdues", "unknown command \"vdues\": did you mean \"vduse\"? "
                    "\"vmm --help\" says more");
    refuse("start", "unknown command \"start\": \"vmm run KERNEL\" starts a "
                    "guest, \"vmm --help\" says more");
}
END_TEST

START_TEST(errors_are_one_line)
{
    refuse("run K -m 1\n2", "--memory: \"1?2\" is not a size: give a number "
                            "of MiB or a number with K, M, G or T");
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
        (void)parse(line);
        ck_assert_msg(strstr(error, "unknown option") == NULL, "%s", error);
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
    tcase_add_test(tcase, defaults_are_a_small_machine_without_network);
    tcase_add_test(tcase, every_spelling_means_the_same);
    tcase_add_test(tcase, memory_is_a_number_of_pages);
    tcase_add_test(tcase, control_command_is_its_own_request);
    tcase_add_test(tcase, help_is_a_command_too);
    tcase_add_test(tcase, doctor_prints_text_unless_asked_for_json);
    tcase_add_test(tcase, net_command_is_a_request_with_an_argument);
    tcase_add_test(tcase, cpus_are_1_to_255);
    tcase_add_test(tcase, appended_strings_are_joined);
    tcase_add_test(tcase, command_line_has_a_limit);
    tcase_add_test(tcase, each_net_is_another_card);
    tcase_add_test(tcase, net_has_a_limit);
    tcase_add_test(tcase, hugepages_divide_the_memory);
    tcase_add_test(tcase, memory_has_a_place);
    tcase_add_test(tcase, huge_pages_of_a_node_are_allocated_at_once);
    tcase_add_test(tcase, choices_are_words);
    tcase_add_test(tcase, report_and_verbosity_are_kept);
    tcase_add_test(tcase, requirements_add_up);
    tcase_add_test(tcase, what_cannot_bypass_is_refused);
    tcase_add_test(tcase, kernel_is_needed_once);
    tcase_add_test(tcase, unknown_options_name_the_nearest);
    tcase_add_test(tcase, command_needs_no_kernel);
    tcase_add_test(tcase, a_run_may_be_given_an_end);
    tcase_add_test(tcase, words_after_two_dashes_are_the_command);
    tcase_add_test(tcase, values_stand_where_they_belong);
    tcase_add_test(tcase, vduse_makes_a_user_network_of_a_name);
    tcase_add_test(tcase, vduse_has_options_of_its_own);
    tcase_add_test(tcase, vduse_takes_card_values_in_either_place);
    tcase_add_test(tcase, vduse_has_one_network_in_software);
    tcase_add_test(tcase, vduse_needs_a_name);
    tcase_add_test(tcase, help_and_version_end_the_line);
    tcase_add_test(tcase, command_is_needed);
    tcase_add_test(tcase, errors_are_one_line);
    tcase_add_test(tcase, help_lists_only_real_options);
    tcase_add_test(tcase, each_request_for_a_text_has_one);
}

int main(void)
{
    return check_main("options", add_tests);
}
