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
    char *argv[MAX_ARGUMENTS + 1] = {(char[]){"vmm"}};
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

START_TEST(sizes_are_mib_or_have_a_unit)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {
        {"1", MIB},
        {"0512", 512 * MIB},
        {"4K", 4 * KIB},
        {"4k", 4 * KIB},
        {"3M", 3 * MIB},
        {"3m", 3 * MIB},
        {"3MiB", 3 * MIB},
        {"2G", 2 * GIB},
        {"2GiB", 2 * GIB},
        {"1T", 1024 * GIB},
        {"1TiB", 1024 * GIB},
        {"12KiB", 12 * KIB},
        {"16777215T", 16777215 * (1024 * GIB)},
    };
    char line[64];

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        snprintf(line, sizeof(line), "run K -m %s", cases[i].text);
        ck_assert_msg(parse(line) == 0, "%s: %s", line, error);
        ck_assert_uint_eq(options.memory, cases[i].bytes);
    }
}
END_TEST

START_TEST(other_sizes_are_refused)
{
    static const char *const texts[] = {
        "12Q",  "M",    "1MB",       "-1",  "+1",
        "0x10", "1.5G", "16777216T", "1Mi", "1iB",
        "1MM",  "1Gib", "1B",        "K4",  "18446744073709551616",
    };
    char line[64];

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        char expected[128];

        snprintf(line, sizeof(line), "run K --memory=%s", texts[i]);
        snprintf(expected, sizeof(expected),
                 "--memory: \"%s\" is not a size: give a number of MiB or a "
                 "number with K, M, G or T",
                 texts[i]);
        refuse(line, expected);
    }
    refuse("run K -m 0", "--memory: \"0\" is not a number of 4 KiB pages: give "
                         "one such as 512M");
    refuse("run K -m 5K", "--memory: \"5K\" is not a number of 4 KiB pages: "
                          "give one such as 512M");
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
    refuse("run K --console tty",
           "--console: \"tty\" is neither stdio nor none");
}
END_TEST

START_TEST(report_and_verbosity_are_kept)
{
    ck_assert_int_eq(parse("run K --report out -v"), 0);
    ck_assert_str_eq(options.report, "out");
    ck_assert_int_eq(options.log_level, LOG_LEVEL_DEBUG);
    ck_assert_int_eq(parse("run K -qv"), 0);
    ck_assert_int_eq(options.log_level, LOG_LEVEL_DEBUG);
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
    refuse("run K --disk a",
           "unknown option \"--disk\": \"vmm run --help\" lists the options");
    refuse("run K -x",
           "unknown option \"-x\": \"vmm run --help\" lists the options");
    refuse("run K -qx",
           "unknown option \"-qx\": \"vmm run --help\" lists the options");
    refuse("run K --",
           "unknown option \"--\": \"vmm run --help\" lists the options");
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

START_TEST(help_and_version_end_the_line)
{
    static const struct {
        const char *line;
        enum options_command command;
    } cases[] = {
        {"--help", COMMAND_HELP},
        {"-h", COMMAND_HELP},
        {"--version", COMMAND_VERSION},
        {"-V", COMMAND_VERSION},
        {"run --help", COMMAND_RUN_HELP},
        {"run -h", COMMAND_RUN_HELP},
        {"run K -qh --unknown", COMMAND_RUN_HELP},
        {"run -V", COMMAND_VERSION},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        ck_assert_msg(parse(cases[i].line) == 0, "%s", cases[i].line);
        ck_assert_int_eq(options.command, cases[i].command);
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

/* Every "--word" of the help is an option that the parser knows. */
START_TEST(help_lists_only_real_options)
{
    const char *help = usage_text(COMMAND_RUN_HELP);
    unsigned found = 0;

    for (const char *c = help; (c = strstr(c, "--")) != NULL; found++) {
        char line[64];
        size_t length = strspn(c + 2, "abcdefghijklmnopqrstuvwxyz-") + 2;

        snprintf(line, sizeof(line), "run %.*s", (int)length, c);
        (void)parse(line);
        ck_assert_msg(strstr(error, "unknown option") == NULL, "%s", error);
        c += length;
    }
    ck_assert_uint_ge(found, 15);
}
END_TEST

START_TEST(each_request_for_a_text_has_one)
{
    ck_assert_ptr_nonnull(strstr(usage_text(COMMAND_HELP), "usage: vmm run"));
    ck_assert_str_eq(usage_text(COMMAND_VERSION), "vmm " VMM_VERSION "\n");
    ck_assert_ptr_null(usage_text(COMMAND_RUN));
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, defaults_are_a_small_machine_without_network);
    tcase_add_test(tcase, every_spelling_means_the_same);
    tcase_add_test(tcase, sizes_are_mib_or_have_a_unit);
    tcase_add_test(tcase, other_sizes_are_refused);
    tcase_add_test(tcase, cpus_are_1_to_255);
    tcase_add_test(tcase, appended_strings_are_joined);
    tcase_add_test(tcase, command_line_has_a_limit);
    tcase_add_test(tcase, each_net_is_another_card);
    tcase_add_test(tcase, net_has_a_limit);
    tcase_add_test(tcase, hugepages_divide_the_memory);
    tcase_add_test(tcase, choices_are_words);
    tcase_add_test(tcase, report_and_verbosity_are_kept);
    tcase_add_test(tcase, kernel_is_needed_once);
    tcase_add_test(tcase, unknown_options_name_the_nearest);
    tcase_add_test(tcase, values_stand_where_they_belong);
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
