/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options_command.c: the options of "vmm run" about the guest's command and
 * what makes its run a failure.
 */
#include "vmm/options_private.h"

#include "vmm/arch.h"
#include "vmm/option_values.h"

#include <errno.h>
#include <string.h>

int options_set_command(struct option_parser *parser, int count,
                        char *const *arguments)
{
    struct options *options = parser->results;

    if (count == 0)
        return option_parser_fail(parser, "no command after \"--\": give one, "
                                          "as in \"vmm run bzImage -- uname\"");
    options->command_argv = arguments;
    options->command_argc = count;
    return 0;
}

int options_set_kmsg(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    options->kmsg = value;
    return 0;
}

static int set_duration(struct option_parser *parser, const char *value,
                        uint32_t *ms)
{
    if (option_read_duration(value, ms))
        return 0;
    return option_parser_fail(parser,
                              "--%s: \"%s\" is not a time: give a number of "
                              "seconds, or one with ms, s, m or h, up to "
                              "1193h",
                              parser->option, value);
}

int options_set_timeout(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    return set_duration(parser, value, &options->timeout_ms);
}

int options_set_boot_timeout(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    return set_duration(parser, value, &options->boot_timeout_ms);
}

int options_set_on_timeout(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;
    static const char *const words[] = {
        [ON_TIMEOUT_SYSRQ] = "sysrq",
        [ON_TIMEOUT_NMI] = "nmi",
        [ON_TIMEOUT_KILL] = "kill",
    };
    int choice = option_parser_choose(parser, value, words, ARRAY_SIZE(words));

    if (choice < 0)
        return choice;
    if (choice == ON_TIMEOUT_NMI && !arch_machine_layout()->has_nmi)
        return option_parser_fail(parser,
                                  "--on-timeout: processors of this "
                                  "architecture have no NMI: give sysrq");
    options->on_timeout = (enum options_on_timeout)choice;
    return 0;
}

int options_set_fail_on_splat(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    options->fails_on_splat = true;
    options->allowed_splats = value;
    return 0;
}

int options_set_tty(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    (void)value;
    options->has_tty = true;
    return 0;
}

int options_set_directory(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    options->directory = value;
    return 0;
}

int options_set_user(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    options->user = value;
    return 0;
}

int options_add_environment(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    if (value[0] == '=' || strchr(value, '=') == NULL)
        return option_parser_fail(parser,
                                  "--env: \"%s\" is no variable: give one "
                                  "such as TERM=linux",
                                  value);
    if (options->num_environment == OPTIONS_MAX_ENVIRONMENT)
        return option_parser_fail(parser, "--env: more than %d variables",
                                  OPTIONS_MAX_ENVIRONMENT);
    options->environment[options->num_environment++] = value;
    return 0;
}

int options_set_module_folder(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    options->module_folder = value;
    return 0;
}

int options_add_module(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    if (options->num_modules == OPTIONS_MAX_MODULES)
        return option_parser_fail(parser, "--module: more than %d modules",
                                  OPTIONS_MAX_MODULES);
    options->modules[options->num_modules++] = value;
    return 0;
}

int options_add_inject(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;
    const char *colon = strrchr(value, ':');

    if (colon == value || (colon && colon[1] == '\0'))
        return option_parser_fail(parser,
                                  "--inject: \"%s\" lacks a path: give one "
                                  "such as ./test or ./test:/root/test",
                                  value);
    if (options->num_injects == OPTIONS_MAX_INJECTS)
        return option_parser_fail(parser,
                                  "--inject: more than %d: give a folder",
                                  OPTIONS_MAX_INJECTS);
    options->injects[options->num_injects++] = value;
    return 0;
}

int options_add_collect(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;
    const char *colon = strchr(value, ':');

    if (!colon || colon == value || colon[1] == '\0')
        return option_parser_fail(parser,
                                  "--collect: \"%s\" lacks a path: give that "
                                  "in the guest and that here, as in "
                                  "/tmp/log:log",
                                  value);
    if (options->num_collects == OPTIONS_MAX_COLLECTS)
        return option_parser_fail(parser,
                                  "--collect: more than %d: give a folder",
                                  OPTIONS_MAX_COLLECTS);
    options->collects[options->num_collects++] = value;
    return 0;
}

/* Those that mean nothing without a command. */
static const char *option_for_command(const struct options *options)
{
    if (options->boot_timeout_ms != 0)
        return "--boot-timeout";
    if (options->module_folder != NULL)
        return "--modules";
    if (options->num_modules > 0)
        return "--module";
    if (options->has_tty)
        return "--tty";
    if (options->directory != NULL)
        return "--cwd";
    if (options->user != NULL)
        return "--user";
    if (options->num_injects > 0)
        return "--inject";
    if (options->num_collects > 0)
        return "--collect";
    return options->num_environment > 0 ? "--env" : NULL;
}

/* Without a command the guest's own programs set its network up. */
static int check_stray(struct option_parser *parser,
                       const struct options *options)
{
    const char *stray = option_for_command(options);

    if (stray != NULL)
        return option_parser_fail(parser,
                                  "%s: there is no command that it could be "
                                  "for: give one after \"--\"",
                                  stray);
    for (unsigned i = 0; i < options->net_count; i++) {
        stray = guest_net_given_key(&options->nets[i].guest);
        if (stray != NULL)
            return option_parser_fail(
                parser,
                "--net: %s: it is for a guest that runs a command: give one "
                "after \"--\", or set the network up in the guest",
                stray);
    }
    return 0;
}

static int check_names(struct option_parser *parser,
                       const struct options *options)
{
    for (unsigned i = 0; i < options->net_count; i++) {
        const char *name = options->nets[i].guest.name;

        for (unsigned j = 0; j < i; j++)
            if (name[0] != '\0' &&
                strcmp(name, options->nets[j].guest.name) == 0)
                return option_parser_fail(
                    parser, "--net: name \"%s\" is that of two cards", name);
    }
    return 0;
}

int options_check_command(struct option_parser *parser)
{
    struct options *options = parser->results;

    if (options->command_argv == NULL)
        return check_stray(parser, options);
    if (check_names(parser, options) < 0)
        return -EINVAL;
    if (options->has_console && options->console == CONSOLE_STDIO)
        return option_parser_fail(
            parser, "--console stdio: standard input and output are the "
                    "command's: use --kmsg for the kernel's messages");
    options->console = CONSOLE_NONE;
    return 0;
}
