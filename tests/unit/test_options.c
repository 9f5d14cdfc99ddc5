/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_options.c: the command line of `vmm run` as plain values, and what is
 * wrong with it.
 */
#include "tests/support/check_main.h"
#include "tests/support/options_bed.h"
#include "vmm/bytes.h"
#include "vmm/compiler.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct options_bed bed;

START_TEST(defaults_are_a_small_machine_without_network)
{
    ck_assert_int_eq(options_bed_parse(&bed, "run bzImage"), 0);
    ck_assert_int_eq(bed.options.command, COMMAND_RUN);
    ck_assert_str_eq(bed.options.kernel, "bzImage");
    ck_assert_ptr_null(bed.options.initrd);
    ck_assert_str_eq(bed.options.append, "");
    ck_assert_uint_eq(bed.options.memory, 512 * MIB);
    ck_assert_uint_eq(bed.options.page_size, 0);
    ck_assert(!bed.options.is_preallocated);
    ck_assert_int_eq(bed.options.numa_node, -1);
    ck_assert_uint_eq(bed.options.cpus, 1);
    ck_assert_uint_eq(bed.options.net_count, 0);
    ck_assert_int_eq(bed.options.on_reset, ON_RESET_EXIT);
    ck_assert_int_eq(bed.options.console, CONSOLE_STDIO);
    ck_assert_ptr_null(bed.options.report);
    ck_assert_int_eq(bed.options.log_level, LOG_LEVEL_INFO);
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
        ck_assert_msg(options_bed_parse(&bed, lines[i]) == 0, "%s: %s",
                      lines[i], bed.error);
        ck_assert_str_eq(bed.options.kernel, "K");
        ck_assert_str_eq(bed.options.initrd, "I");
        ck_assert_str_eq(bed.options.append, "A");
        ck_assert_uint_eq(bed.options.memory, GIB);
        ck_assert_uint_eq(bed.options.cpus, 4);
        ck_assert_uint_eq(bed.options.net_count, 1);
        ck_assert_str_eq(bed.options.nets[0].name, "/d");
        ck_assert_int_eq(bed.options.log_level, LOG_LEVEL_ERROR);
    }
}
END_TEST

START_TEST(memory_is_a_number_of_pages)
{
    ck_assert_int_eq(options_bed_parse(&bed, "run K -m 12KiB"), 0);
    ck_assert_uint_eq(bed.options.memory, 12 * KIB);
    options_bed_refuse(
        &bed, "run K --memory=12Q",
        "--memory: \"12Q\" is not a size: give a number of MiB or a number "
        "with K, M, G or T");
    options_bed_refuse(&bed, "run K -m 0",
                       "--memory: \"0\" is not a number of 4 KiB pages: give "
                       "one such as 512M");
    options_bed_refuse(&bed, "run K -m 5K",
                       "--memory: \"5K\" is not a number of 4 KiB pages: "
                       "give one such as 512M");
}
END_TEST

START_TEST(cpus_are_1_to_255)
{
    ck_assert_int_eq(options_bed_parse(&bed, "run K -c 255"), 0);
    ck_assert_uint_eq(bed.options.cpus, 255);
    options_bed_refuse(&bed, "run K -c 0",
                       "--cpus: \"0\" is not a number from 1 to 255");
    options_bed_refuse(&bed, "run K -c 256",
                       "--cpus: \"256\" is not a number from 1 to 255");
    options_bed_refuse(&bed, "run K -c 2x",
                       "--cpus: \"2x\" is not a number from 1 to 255");
    options_bed_refuse(&bed, "run K -c -1",
                       "--cpus: \"-1\" is not a number from 1 to 255");
    options_bed_refuse(
        &bed, "run K -c 18446744073709551617",
        "--cpus: \"18446744073709551617\" is not a number from 1 to 255");
}
END_TEST

START_TEST(appended_strings_are_joined)
{
    ck_assert_int_eq(
        options_bed_parse(&bed, "run K -a a=1 --cmdline b -p c --params d"), 0);
    ck_assert_str_eq(bed.options.append, "a=1 b c d");
    ck_assert_int_eq(options_bed_parse(&bed, "run K --append= -a --verbosely"),
                     0);
    ck_assert_str_eq(bed.options.append, "--verbosely");
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
    ck_assert_int_eq(
        options_parse(&bed.options, 5, argv, bed.error, sizeof(bed.error)), 0);
    ck_assert_str_eq(bed.options.append, text);
    ck_assert_int_eq(
        options_parse(&bed.options, 6, argv, bed.error, sizeof(bed.error)),
        -EINVAL);
    ck_assert_str_eq(bed.error,
                     "--append: the kernel command line is longer than "
                     "4095 bytes");

    text[OPTIONS_MAX_APPEND - 1] = 'a';
    text[OPTIONS_MAX_APPEND] = '\0';
    ck_assert_int_eq(
        options_parse(&bed.options, 5, argv, bed.error, sizeof(bed.error)),
        -EINVAL);
}
END_TEST

START_TEST(each_net_is_another_card)
{
    ck_assert_int_eq(
        options_bed_parse(&bed,
                          "run K -n /dev/0 --net=user,mac=52:54:00:00:00:01"),
        0);
    ck_assert_uint_eq(bed.options.net_count, 2);
    ck_assert_int_eq(bed.options.nets[0].kind, NET_VDPA);
    ck_assert(!bed.options.nets[0].has_mac);
    ck_assert_int_eq(bed.options.nets[1].kind, NET_USER);
    ck_assert(bed.options.nets[1].has_mac);
    options_bed_refuse(&bed, "run K --net",
                       "--net needs a value, such as vdpa=/dev/vhost-vdpa-0 "
                       "or user");
    options_bed_refuse(
        &bed, "run K --net --memory 1G",
        "--net needs a value, such as vdpa=/dev/vhost-vdpa-0 or user");
    options_bed_refuse(&bed, "run K --net user,mtu=1",
                       "--net: mtu \"1\" is not a number from 68 "
                       "to 65520");
}
END_TEST

START_TEST(net_has_a_limit)
{
    ck_assert_int_eq(
        options_bed_parse(
            &bed, "run K -n /1 -n /2 -n /3 -n /4 -n /5 -n /6 -n /7 -n /8"),
        0);
    ck_assert_uint_eq(bed.options.net_count, 8);
    options_bed_refuse(
        &bed, "run K -n /1 -n /2 -n /3 -n /4 -n /5 -n /6 -n /7 -n /8 -n /9",
        "--net: more than 8 network cards");
}
END_TEST

START_TEST(hugepages_divide_the_memory)
{
    ck_assert_int_eq(options_bed_parse(&bed, "run K --hugepages"), 0);
    ck_assert_uint_eq(bed.options.page_size, 2 * MIB);
    ck_assert_int_eq(options_bed_parse(&bed, "run --hugepages K"), 0);
    ck_assert_str_eq(bed.options.kernel, "K");
    ck_assert_int_eq(options_bed_parse(&bed, "run K --hugepages=2M -m 2"), 0);
    ck_assert_int_eq(options_bed_parse(&bed, "run K --hugepages=1G -m 3G"), 0);
    ck_assert_uint_eq(bed.options.page_size, GIB);
    options_bed_refuse(&bed, "run K --hugepages=1G",
                       "--memory: not a multiple of the 1024 MiB "
                       "pages of --hugepages");
    options_bed_refuse(&bed, "run K --hugepages -m 3",
                       "--memory: not a multiple of the 2 MiB "
                       "pages of --hugepages");
    options_bed_refuse(&bed, "run K --hugepages=4K",
                       "--hugepages: \"4K\" is neither 2M nor 1G");
}
END_TEST

START_TEST(memory_has_a_place)
{
    ck_assert_int_eq(options_bed_parse(&bed, "run K --prealloc --debug-exit"),
                     0);
    ck_assert(bed.options.has_debug_exit);
    ck_assert(bed.options.is_preallocated);
    ck_assert_int_eq(bed.options.numa_node, -1);
    ck_assert_int_eq(options_bed_parse(&bed, "run K --numa-node 0"), 0);
    ck_assert_int_eq(bed.options.numa_node, 0);
    ck_assert(!bed.options.is_preallocated);
    ck_assert_int_eq(options_bed_parse(&bed, "run K --numa-node=1023"), 0);
    ck_assert_int_eq(bed.options.numa_node, 1023);
    options_bed_refuse(&bed, "run K --numa-node 1024",
                       "--numa-node: \"1024\" is not a number from 0 to 1023");
    options_bed_refuse(&bed, "run K --numa-node -1",
                       "--numa-node: \"-1\" is not a number from 0 to 1023");
    options_bed_refuse(&bed, "run K --numa-node 1x",
                       "--numa-node: \"1x\" is not a number from 0 to 1023");
    options_bed_refuse(&bed, "run K --prealloc=on",
                       "--prealloc takes no value, but got \"on\"");
}
END_TEST

/* Else a page that the node has not got would end the process. */
START_TEST(huge_pages_of_a_node_are_allocated_at_once)
{
    ck_assert_int_eq(options_bed_parse(&bed, "run K --numa-node 0 --hugepages"),
                     0);
    ck_assert(bed.options.is_preallocated);
}
END_TEST

START_TEST(choices_are_words)
{
    ck_assert_int_eq(
        options_bed_parse(&bed, "run K --on-reset exit --console none"), 0);
    ck_assert_int_eq(bed.options.on_reset, ON_RESET_EXIT);
    ck_assert_int_eq(bed.options.console, CONSOLE_NONE);
    ck_assert_int_eq(
        options_bed_parse(&bed, "run K --on-reset=restart --console=stdio"), 0);
    ck_assert_int_eq(bed.options.on_reset, ON_RESET_RESTART);
    ck_assert_int_eq(bed.options.console, CONSOLE_STDIO);
    options_bed_refuse(&bed, "run K --on-reset halt",
                       "--on-reset: \"halt\" is neither exit nor restart");
    ck_assert_uint_eq(bed.options.escape_key, 1);
    ck_assert_int_eq(options_bed_parse(&bed, "run K --escape ^]"), 0);
    ck_assert_uint_eq(bed.options.escape_key, 0x1d);
    ck_assert_int_eq(options_bed_parse(&bed, "run K --escape none"), 0);
    ck_assert_uint_eq(bed.options.escape_key, 0);
    options_bed_refuse(&bed, "run K --escape a",
                       "--escape: \"a\" is no control key: give one "
                       "such as ^A or ^], or none");
    options_bed_refuse(&bed, "run K --console tty",
                       "--console: \"tty\" is neither stdio nor none");
}
END_TEST

START_TEST(report_and_verbosity_are_kept)
{
    ck_assert_int_eq(
        options_bed_parse(&bed, "run K --report out --counts figures -v"), 0);
    ck_assert_str_eq(bed.options.report, "out");
    ck_assert_str_eq(bed.options.counts, "figures");
    ck_assert_int_eq(bed.options.log_level, LOG_LEVEL_DEBUG);
    ck_assert_int_eq(options_bed_parse(&bed, "run K -qv"), 0);
    ck_assert_int_eq(bed.options.log_level, LOG_LEVEL_DEBUG);
}
END_TEST

START_TEST(requirements_add_up)
{
    ck_assert_int_eq(options_bed_parse(&bed, "run K -n /dev/0"), 0);
    ck_assert_uint_eq(bed.options.required, 0);
    ck_assert_int_eq(
        options_bed_parse(&bed, "run K -n /dev/0 --require bypass"), 0);
    ck_assert_uint_eq(bed.options.required, REQUIRE_BYPASS);
    ck_assert_int_eq(
        options_bed_parse(&bed, "run K --require bypass,bypass -n /dev/0 "
                                "--require=bypass"),
        0);
    ck_assert_uint_eq(bed.options.required, REQUIRE_BYPASS);
    options_bed_refuse(&bed, "run K --require by",
                       "--require: \"by\" is nothing that can be "
                       "required: give bypass");
    options_bed_refuse(&bed, "run K --require bypass,",
                       "--require: \"\" is nothing that can be "
                       "required: give bypass");
}
END_TEST

START_TEST(what_cannot_bypass_is_refused)
{
    options_bed_refuse(
        &bed, "run K --require bypass",
        "--require bypass: the guest has no device to show it: give --net "
        "vdpa=PATH");
    options_bed_refuse(
        &bed, "run K -n /dev/0 -n user --require bypass",
        "--require bypass: network card 2 is a device in software, whose "
        "data this process carries: give vDPA devices alone");
}
END_TEST

START_TEST(kernel_is_needed_once)
{
    options_bed_refuse(
        &bed, "run",
        "no kernel: give one with --kernel FILE; \"vmm run --help\" "
        "lists the options");
    options_bed_refuse(&bed, "run a b",
                       "unexpected \"b\": the kernel is \"a\" already");
    options_bed_refuse(&bed, "run -k a b",
                       "unexpected \"b\": the kernel is \"a\" already");
    options_bed_refuse(&bed, "run --kernel=",
                       "--kernel: the value is empty; give one such as "
                       "bzImage");
    options_bed_refuse(&bed, "run -m 1 ", "the kernel's name is empty");
}
END_TEST

START_TEST(unknown_options_name_the_nearest)
{
    options_bed_refuse(&bed, "run K --memroy 1",
                       "unknown option \"--memroy\": did you mean "
                       "\"--memory\"? \"vmm run --help\" lists the "
                       "options");
    options_bed_refuse(&bed, "run K --cpu=2",
                       "unknown option \"--cpu\": did you mean "
                       "\"--cpus\"? \"vmm run --help\" lists the options");
    options_bed_refuse(&bed, "run -kernel K",
                       "unknown option \"-kernel\": did you mean "
                       "\"--kernel\"? \"vmm run --help\" lists the "
                       "options");
    options_bed_refuse(
        &bed, "run K --floppy a",
        "unknown option \"--floppy\": \"vmm run --help\" lists the options");
    options_bed_refuse(
        &bed, "run K -x",
        "unknown option \"-x\": \"vmm run --help\" lists the options");
    options_bed_refuse(
        &bed, "run K -qx",
        "unknown option \"-qx\": \"vmm run --help\" lists the options");
    options_bed_refuse(&bed, "run K --",
                       "no command after \"--\": give one, as in \"vmm run "
                       "bzImage -- uname\"");
}
END_TEST

START_TEST(command_needs_no_kernel)
{
    ck_assert_int_eq(options_bed_parse(&bed, "run -- uname -r"), 0);
    ck_assert_ptr_null(bed.options.kernel);
    ck_assert_int_eq(
        options_bed_parse(&bed,
                          "run -k 6.12 --modules M --module a --module b -- "
                          "true"),
        0);
    ck_assert_str_eq(bed.options.kernel, "6.12");
    ck_assert_str_eq(bed.options.module_folder, "M");
    ck_assert_uint_eq(bed.options.num_modules, 2);
    ck_assert_str_eq(bed.options.modules[1], "b");
    options_bed_refuse(&bed, "run K --modules M",
                       "--modules: there is no command that it could "
                       "be for: give one after \"--\"");
    options_bed_refuse(&bed, "run K --module a",
                       "--module: there is no command that it could "
                       "be for: give one after \"--\"");
}
END_TEST

START_TEST(a_run_may_be_given_an_end)
{
    ck_assert_int_eq(
        options_bed_parse(&bed, "run K -t 1500ms --on-timeout kill"), 0);
    ck_assert_uint_eq(bed.options.timeout_ms, 1500);
    ck_assert_int_eq(bed.options.on_timeout, ON_TIMEOUT_KILL);
    ck_assert_int_eq(
        options_bed_parse(&bed, "run K --timeout 2m --boot-timeout 20 -- ls"),
        0);
    ck_assert_uint_eq(bed.options.timeout_ms, 120000);
    ck_assert_uint_eq(bed.options.boot_timeout_ms, 20000);
    ck_assert_int_eq(bed.options.on_timeout, ON_TIMEOUT_SYSRQ);
    options_bed_refuse(&bed, "run K -t 0",
                       "--timeout: \"0\" is not a time: give a number of "
                       "seconds, or one with ms, s, m or h, up to 1193h");
    options_bed_refuse(&bed, "run K -t 5000000",
                       "--timeout: \"5000000\" is not a time: give a "
                       "number of seconds, or one with ms, s, m or h, up to "
                       "1193h");
}
END_TEST

START_TEST(words_after_two_dashes_are_the_command)
{
    ck_assert_int_eq(options_bed_parse(&bed, "run K -- ls -l --memory x"), 0);
    ck_assert_int_eq(bed.options.command_argc, 4);
    ck_assert_str_eq(bed.options.command_argv[0], "ls");
    ck_assert_str_eq(bed.options.command_argv[3], "x");
    ck_assert_int_eq(bed.options.console, CONSOLE_NONE);
    options_bed_refuse(
        &bed, "run K --console stdio -- ls",
        "--console stdio: standard input and output are the command's: use "
        "--kmsg for the kernel's messages");
    options_bed_refuse(
        &bed, "run K --cwd /tmp",
        "--cwd: there is no command that it could be for: give one after "
        "\"--\"");
    ck_assert_int_eq(options_bed_parse(&bed, "run K"), 0);
    ck_assert_ptr_null(bed.options.command_argv);
    options_bed_refuse(
        &bed, "vduse net0 -- ls",
        "unknown option \"--\": \"vmm vduse --help\" lists the options");
}
END_TEST

START_TEST(values_stand_where_they_belong)
{
    options_bed_refuse(&bed, "run K --quiet=yes",
                       "--quiet takes no value, but got \"yes\"");
    options_bed_refuse(&bed, "run K -m",
                       "--memory needs a value, such as 512M");
    options_bed_refuse(&bed, "run K --memory=",
                       "--memory: the value is empty; give one such as 512M");
}
END_TEST

START_TEST(errors_are_one_line)
{
    options_bed_refuse(&bed, "run K -m 1\n2",
                       "--memory: \"1?2\" is not a size: give a number "
                       "of MiB or a number with K, M, G or T");
}
END_TEST

static void add_tests(TCase *tcase)
{
    const TTest *const claims[] = {
        defaults_are_a_small_machine_without_network,
        every_spelling_means_the_same,
        memory_is_a_number_of_pages,
        cpus_are_1_to_255,
        appended_strings_are_joined,
        command_line_has_a_limit,
        each_net_is_another_card,
        net_has_a_limit,
        hugepages_divide_the_memory,
        memory_has_a_place,
        huge_pages_of_a_node_are_allocated_at_once,
        choices_are_words,
        report_and_verbosity_are_kept,
        requirements_add_up,
        what_cannot_bypass_is_refused,
        kernel_is_needed_once,
        unknown_options_name_the_nearest,
        command_needs_no_kernel,
        a_run_may_be_given_an_end,
        words_after_two_dashes_are_the_command,
        values_stand_where_they_belong,
        errors_are_one_line,
    };

    for (size_t i = 0; i < ARRAY_SIZE(claims); i++)
        tcase_add_test(tcase, claims[i]);
}

int main(void)
{
    return check_main("options", add_tests);
}
