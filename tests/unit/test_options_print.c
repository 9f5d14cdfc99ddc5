/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_options_print.c: a shell reads from a printed line what was given, and
 * the defaults of what was not.
 */
#include "vmm/options_print.h"

#include "tests/support/check_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct options options;
static char *text;
static size_t size;
static FILE *file;

static void setup(void)
{
    file = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(file);
}

static void teardown(void)
{
    free(text);
    text = NULL;
}

#define PRINT(...)                                                             \
    print((char *[]){(char[]){"vmm"}, (char[]){"run"}, __VA_ARGS__, NULL})

static const char *print(char *const *arguments)
{
    char error[OPTIONS_MAX_ERROR];
    int count = 0;

    while (arguments[count])
        count++;
    ck_assert_msg(
        options_parse(&options, count, arguments, error, sizeof(error)) == 0,
        "%s", error);
    options_print_run(&options, "vmm", options.kernel, file);
    ck_assert_int_eq(fclose(file), 0);
    return text;
}

/* What a shell reads a word as. */
static void expect_read_back(const char *word)
{
    char back[256] = "";
    char command[512];
    FILE *shell;

    options_print_word(word, file);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_ptr_null(strchr(text, '\n'));
    ck_assert_int_lt(
        snprintf(command, sizeof(command),
                 "exec bash -c 'eval \"printf %%s \"$(cat)' <<'E'\n"
                 "%s\nE\n",
                 text),
        (int)sizeof(command));
    shell = popen(command, "re"); /* NOLINT(cert-env33-c): it is the point */
    ck_assert_ptr_nonnull(shell);
    (void)!fread(back, 1, sizeof(back) - 1, shell);
    ck_assert_int_eq(pclose(shell), 0);
    ck_assert_str_eq(back, word);
}

static const char *const words[] = {
    "plain",           "",     "two words",    "it's",
    "$HOME `x` \"y\"", "a\\b", "line\nnext",   "\033[2J'\\",
    "*?~#;&|",         "-",    "\303\244\t\1", "a=b,c:d",
};

START_TEST(a_shell_reads_the_same_word)
{
    expect_read_back(words[_i]);
}
END_TEST

START_TEST(defaults_are_spelled_out)
{
    ck_assert_str_eq(PRINT((char[]){"bzImage"}, (char[]){"--dry-run"}),
                     "vmm run --kernel=bzImage --memory=512M --cpus=1 "
                     "--console=stdio --on-reset=exit\n");
}
END_TEST

START_TEST(what_was_given_is_kept)
{
    ck_assert_str_eq(
        PRINT((char[]){"-k"}, (char[]){"bzImage"}, (char[]){"-m"},
              (char[]){"6144K"}, (char[]){"-a"}, (char[]){"a b"},
              (char[]){"-a"}, (char[]){""}, (char[]){"--hugepages"},
              (char[]){"--fail-on-splat=known"}, (char[]){"-qc2"}),
        "vmm run --kernel=bzImage --memory=6M --cpus=2 --console=stdio "
        "--on-reset=exit --append='a b' --append='' --hugepages "
        "--fail-on-splat=known --quiet\n");
}
END_TEST

START_TEST(networks_get_their_defaults)
{
    ck_assert_str_eq(
        PRINT((char[]){"k"}, (char[]){"--net"},
              (char[]){"user,poll=on,forward=tcp:1:2"}, (char[]){"--net"},
              (char[]){"vdpa=/dev/vhost-vdpa-0"}, (char[]){"--net"},
              (char[]){"tap=mtu"}),
        "vmm run --kernel=k --memory=512M --cpus=1 --console=stdio "
        "--on-reset=exit "
        "--net=user,poll=on,forward=tcp:1:2,mtu=1500,restrict=off "
        "--net=vdpa=/dev/vhost-vdpa-0,doorbell=auto "
        "--net=tap=mtu,mtu=1500,poll=auto\n");
}
END_TEST

START_TEST(the_command_comes_last)
{
    ck_assert_str_eq(PRINT((char[]){"k"}, (char[]){"--"}, (char[]){"sh"},
                           (char[]){"-c"}, (char[]){"exit 7"}),
                     "vmm run --kernel=k --memory=512M --cpus=1 "
                     "--console=none --on-reset=exit -- sh -c 'exit 7'\n");
}
END_TEST

START_TEST(a_printed_line_is_as_good_as_the_first)
{
    char first[1024];

    (void)snprintf(first, sizeof(first), "%s",
                   PRINT((char[]){"k"}, (char[]){"--net=user"},
                         (char[]){
                             "--",
                         },
                         (char[]){"true"}));
    teardown();
    setup();
    ck_assert_str_eq(
        PRINT((char[]){"--kernel=k"}, (char[]){"--memory=512M"},
              (char[]){"--cpus=1"}, (char[]){"--console=none"},
              (char[]){"--on-reset=exit"},
              (char[]){"--net=user,mtu=1500,poll=auto,restrict=off"},
              (char[]){"--"}, (char[]){"true"}),
        first);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_shell_reads_the_same_word, 0,
                        ARRAY_SIZE(words));
    tcase_add_test(tcase, defaults_are_spelled_out);
    tcase_add_test(tcase, what_was_given_is_kept);
    tcase_add_test(tcase, networks_get_their_defaults);
    tcase_add_test(tcase, the_command_comes_last);
    tcase_add_test(tcase, a_printed_line_is_as_good_as_the_first);
}

int main(void)
{
    return check_main("options_print", add_tests);
}
