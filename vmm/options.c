/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.c: the command line as plain values.
 *
 * One table row and one small function per option.
 */
#include "vmm/options.h"

#include "vmm/bytes.h"
#include "vmm/nearest_word.h"
#include "vmm/option_parser.h"
#include "vmm/option_values.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define SMALLEST_PAGE (4 * KIB)

/* ---- vmm run: one function per option ----------------------------------- */

static int set_kernel(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    if (value[0] == '\0')
        return option_parser_fail(parser, "the kernel's name is empty");
    if (options->kernel != NULL)
        return option_parser_fail(
            parser, "unexpected \"%s\": the kernel is \"%s\" already", value,
            options->kernel);
    options->kernel = value;
    return 0;
}

static int set_initrd(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    options->initrd = value;
    return 0;
}

static int set_append(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;
    char *append = options->append;
    size_t used = strlen(append);
    int length = snprintf(append + used, OPTIONS_MAX_APPEND - used, "%s%s",
                          used == 0 ? "" : " ", value);

    if (length < 0 || (size_t)length >= OPTIONS_MAX_APPEND - used)
        return option_parser_fail(
            parser, "--%s: the kernel command line is longer than %d bytes",
            parser->option, OPTIONS_MAX_APPEND - 1);
    return 0;
}

static int set_memory(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;
    uint64_t bytes;

    if (!option_read_size(value, &bytes))
        return option_parser_fail(
            parser,
            "--memory: \"%s\" is not a size: give a number of MiB or "
            "a number with K, M, G or T",
            value);
    if (bytes == 0 || !is_aligned(bytes, SMALLEST_PAGE))
        return option_parser_fail(parser,
                                  "--memory: \"%s\" is not a number of 4 KiB "
                                  "pages: give one such as 512M",
                                  value);
    options->memory = bytes;
    return 0;
}

static int set_cpus(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;
    uint64_t cpus;
    const char *rest = option_read_number(value, &cpus);

    if (rest == NULL || *rest != '\0' || cpus < 1 || cpus > OPTIONS_MAX_CPUS)
        return option_parser_fail(parser,
                                  "--cpus: \"%s\" is not a number from 1 to %d",
                                  value, OPTIONS_MAX_CPUS);
    options->cpus = (unsigned)cpus;
    return 0;
}

static int set_hugepages(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    if (value == NULL || strcmp(value, "2M") == 0)
        options->page_size = 2 * MIB;
    else if (strcmp(value, "1G") == 0)
        options->page_size = GIB;
    else
        return option_parser_fail(
            parser, "--hugepages: \"%s\" is neither 2M nor 1G", value);
    return 0;
}

static int add_net(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;
    char reason[OPTIONS_MAX_ERROR];

    if (options->net_count == OPTIONS_MAX_NETS)
        return option_parser_fail(parser, "--net: more than %d network cards",
                                  OPTIONS_MAX_NETS);
    if (net_options_parse(&options->nets[options->net_count], value, reason,
                          sizeof(reason)) < 0)
        return option_parser_fail(parser, "--net: %s", reason);
    options->net_count++;
    return 0;
}

static int set_on_reset(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;
    static const char *const words[] = {
        [ON_RESET_EXIT] = "exit",
        [ON_RESET_RESTART] = "restart",
    };
    int choice = option_parser_choose(parser, value, words, ARRAY_SIZE(words));

    if (choice < 0)
        return choice;
    options->on_reset = (enum options_on_reset)choice;
    return 0;
}

static int set_console(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;
    static const char *const words[] = {
        [CONSOLE_STDIO] = "stdio",
        [CONSOLE_NONE] = "none",
    };
    int choice = option_parser_choose(parser, value, words, ARRAY_SIZE(words));

    if (choice < 0)
        return choice;
    options->console = (enum options_console)choice;
    return 0;
}

static int set_report(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    options->report = value;
    return 0;
}

static int set_quiet(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    (void)value;
    options->log_level = LOG_LEVEL_ERROR;
    return 0;
}

static int set_verbose(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    (void)value;
    options->log_level = LOG_LEVEL_DEBUG;
    return 0;
}

static int ask_for_help(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    (void)value;
    options->command = options->command == COMMAND_VDUSE ? COMMAND_VDUSE_HELP
                                                         : COMMAND_RUN_HELP;
    parser->done = true;
    return 0;
}

static int ask_for_version(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    (void)value;
    options->command = COMMAND_VERSION;
    parser->done = true;
    return 0;
}

#define A_NET "vdpa=/dev/vhost-vdpa-0 or user"

static const struct option_rule run_rules[] = {
    {"kernel", 'k', TAKES_VALUE, "bzImage", set_kernel},
    {"initrd", 'i', TAKES_VALUE, "initrd.cpio", set_initrd},
    {"append", 'a', TAKES_TEXT, "\"console=ttyS0\"", set_append},
    {"cmdline", 0, TAKES_TEXT, "\"console=ttyS0\"", set_append},
    {"params", 'p', TAKES_TEXT, "\"console=ttyS0\"", set_append},
    {"memory", 'm', TAKES_VALUE, "512M", set_memory},
    {"cpus", 'c', TAKES_VALUE, "2", set_cpus},
    {"net", 'n', TAKES_VALUE, A_NET, add_net},
    {"hugepages", 0, MAY_TAKE_VALUE, "2M", set_hugepages},
    {"on-reset", 0, TAKES_VALUE, "restart", set_on_reset},
    {"report", 0, TAKES_VALUE, "report.txt", set_report},
    {"console", 0, TAKES_VALUE, "stdio", set_console},
    {"quiet", 'q', TAKES_NOTHING, NULL, set_quiet},
    {"verbose", 'v', TAKES_NOTHING, NULL, set_verbose},
    {"help", 'h', TAKES_NOTHING, NULL, ask_for_help},
    {"version", 'V', TAKES_NOTHING, NULL, ask_for_version},
};

/* ---- vmm vduse ---------------------------------------------------------- */

static int set_name(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    if (options->vduse.name != NULL)
        return option_parser_fail(parser,
                                  "unexpected \"%s\": the device's name is "
                                  "\"%s\" already",
                                  value, options->vduse.name);
    if (value[0] == '\0' || value[0] == '-' || value[0] == '.' ||
        strchr(value, '/') != NULL)
        return option_parser_fail(parser,
                                  "\"%s\" is no device's name: give one such "
                                  "as net0, without \"/\", that begins "
                                  "neither with \"-\" nor \".\"",
                                  value);
    if (strlen(value) > OPTIONS_MAX_DEVICE_NAME)
        return option_parser_fail(parser,
                                  "the device's name is longer than %d bytes",
                                  OPTIONS_MAX_DEVICE_NAME);
    options->vduse.name = value;
    return 0;
}

static int set_vduse_net(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;
    struct net_options *net = &options->vduse.net;
    char reason[OPTIONS_MAX_ERROR];

    if (net->name[0] != '\0')
        return option_parser_fail(parser,
                                  "--net: \"%s\" is a second network: a "
                                  "device has one",
                                  value);
    if (net_options_parse(net, value, reason, sizeof(reason)) < 0)
        return option_parser_fail(parser, "--net: %s", reason);
    if (net->kind == NET_VDPA)
        return option_parser_fail(
            parser,
            "--net: \"%s\" is a vDPA device already, for \"vmm run\": "
            "give user, tap=tap0 or peer=/run/net0.sock",
            value);
    return 0;
}

/* For the options that may as well stand in --net. */
static int set_in_net(struct option_parser *parser, const char *value,
                      int (*set)(struct net_options *net, const char *value,
                                 char *error, size_t error_size))
{
    struct options *options = parser->results;
    char reason[OPTIONS_MAX_ERROR];

    if (set(&options->vduse.net, value, reason, sizeof(reason)) < 0)
        return option_parser_fail(parser, "--%s: %s", parser->option, reason);
    return 0;
}

static int set_mac(struct option_parser *parser, const char *value)
{
    return set_in_net(parser, value, net_options_set_mac);
}

static int set_mtu(struct option_parser *parser, const char *value)
{
    return set_in_net(parser, value, net_options_set_mtu);
}

static int set_polling(struct option_parser *parser, const char *value)
{
    return set_in_net(parser, value, net_options_set_polling);
}

static int set_reconnect(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    (void)value;
    options->vduse.reconnect = true;
    return 0;
}

static int set_ready_fd(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;
    uint64_t fd;
    const char *rest = option_read_number(value, &fd);

    if (rest == NULL || *rest != '\0' || fd > INT_MAX)
        return option_parser_fail(
            parser, "--ready-fd: \"%s\" is not the number of a descriptor",
            value);
    options->vduse.ready_fd = (int)fd;
    return 0;
}

static const struct option_rule vduse_rules[] = {
    {"net", 'n', TAKES_VALUE, "user", set_vduse_net},
    {"mac", 0, TAKES_VALUE, "52:54:00:12:34:56", set_mac},
    {"mtu", 0, TAKES_VALUE, "1500", set_mtu},
    {"poll", 0, TAKES_VALUE, "auto", set_polling},
    {"reconnect", 0, TAKES_NOTHING, NULL, set_reconnect},
    {"ready-fd", 0, TAKES_VALUE, "3", set_ready_fd},
    {"quiet", 'q', TAKES_NOTHING, NULL, set_quiet},
    {"verbose", 'v', TAKES_NOTHING, NULL, set_verbose},
    {"help", 'h', TAKES_NOTHING, NULL, ask_for_help},
};

/* ---- The commands ------------------------------------------------------- */

static int parse_run(struct option_parser *parser)
{
    const struct options *options = parser->results;
    int error;

    parser->command = "run";
    parser->rules = run_rules;
    parser->num_rules = ARRAY_SIZE(run_rules);
    parser->add_operand = set_kernel;
    error = option_parser_run(parser);
    if (error < 0 || parser->done)
        return error;

    if (options->kernel == NULL)
        return option_parser_fail(parser,
                                  "no kernel: give one with --kernel FILE; "
                                  "\"vmm run --help\" lists the options");
    if (options->page_size != 0 &&
        !is_aligned(options->memory, options->page_size))
        return option_parser_fail(
            parser,
            "--memory: not a multiple of the %llu MiB pages of --hugepages",
            (unsigned long long)(options->page_size / MIB));
    return 0;
}

static int parse_vduse(struct option_parser *parser)
{
    struct options *options = parser->results;
    struct vduse_options *vduse = &options->vduse;
    int error;

    options->command = COMMAND_VDUSE;
    vduse->ready_fd = -1;
    parser->command = "vduse";
    parser->rules = vduse_rules;
    parser->num_rules = ARRAY_SIZE(vduse_rules);
    parser->add_operand = set_name;
    error = option_parser_run(parser);
    if (error < 0 || parser->done)
        return error;

    if (vduse->name == NULL)
        return option_parser_fail(
            parser, "no device: give its name, as in \"vmm vduse net0\"; "
                    "\"vmm vduse --help\" lists the options");
    if (vduse->net.name[0] == '\0')
        return set_vduse_net(parser, "user");
    return 0;
}

static int fail_unknown_command(struct option_parser *parser,
                                const char *command)
{
    static const char *const commands[] = {"run", "vduse"};
    const char *nearest = nearest_word(command, commands, ARRAY_SIZE(commands));

    if (nearest != NULL)
        return option_parser_fail(parser,
                                  "unknown command \"%s\": did you mean "
                                  "\"%s\"? \"vmm --help\" says more",
                                  command, nearest);
    return option_parser_fail(parser,
                              "unknown command \"%s\": \"vmm run KERNEL\" "
                              "starts a guest, \"vmm --help\" says more",
                              command);
}

int options_parse(struct options *options, int argc, char *const argv[],
                  char *error, size_t error_size)
{
    struct option_parser parser = {
        .results = options,
        .argc = argc,
        .argv = argv,
        .next = 2,
        .error_size = error_size,
    };
    const char *command = argc > 1 ? argv[1] : NULL;

    parser.error = error;
    *options = (struct options){
        .memory = 512 * MIB,
        .cpus = 1,
        .log_level = LOG_LEVEL_INFO,
    };
    if (command == NULL)
        return option_parser_fail(
            &parser, "no command: \"vmm run KERNEL\" starts a guest, "
                     "\"vmm --help\" says more");
    if (strcmp(command, "run") == 0)
        return parse_run(&parser);
    if (strcmp(command, "vduse") == 0)
        return parse_vduse(&parser);
    if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0)
        options->command = COMMAND_HELP;
    else if (strcmp(command, "--version") == 0 || strcmp(command, "-V") == 0)
        options->command = COMMAND_VERSION;
    else
        return fail_unknown_command(&parser, command);
    return 0;
}
