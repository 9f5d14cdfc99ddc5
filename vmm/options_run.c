/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options_run.c: the options of "vmm run".
 *
 * One table row and one small function per option.
 */
#include "vmm/options_private.h"

#include "vmm/bytes.h"
#include "vmm/escape_keys.h"
#include "vmm/option_values.h"

#include <stdio.h>
#include <string.h>

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

static int add_device(struct option_parser *parser, const char *value,
                      int (*parse)(struct net_options *net, const char *text,
                                   char *error, size_t error_size))
{
    struct options *options = parser->results;
    char reason[OPTIONS_MAX_ERROR];

    if (options->net_count == OPTIONS_MAX_NETS)
        return option_parser_fail(
            parser, "--%s: more than %d %s", parser->option, OPTIONS_MAX_NETS,
            parse == net_options_parse ? "network cards"
                                       : "devices, network cards included");
    if (parse(&options->nets[options->net_count], value, reason,
              sizeof(reason)) < 0)
        return option_parser_fail(parser, "--%s: %s", parser->option, reason);
    options->net_count++;
    return 0;
}

static int add_net(struct option_parser *parser, const char *value)
{
    return add_device(parser, value, net_options_parse);
}

static int add_vdpa(struct option_parser *parser, const char *value)
{
    return add_device(parser, value, net_options_parse_vdpa);
}

static int set_debug_exit(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    (void)value;
    options->has_debug_exit = true;
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
    options->has_console = true;
    return 0;
}

static int set_escape(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    if (escape_key_read(value, &options->escape_key))
        return 0;
    return option_parser_fail(parser,
                              "--escape: \"%s\" is no control key: give one "
                              "such as ^A or ^], or none",
                              value);
}

static int ask_for_version(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    (void)value;
    options->command = COMMAND_VERSION;
    parser->done = true;
    return 0;
}

static int set_report(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    options->report = value;
    return 0;
}

static int set_control(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    options->control_socket = value;
    return 0;
}

static int set_counts(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    options->counts = value;
    return 0;
}

/* A list, so that one --require can hold all that a run is to show. */
static int add_requirements(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;
    static const char *const words[] = {"bypass"};

    for (const char *word = value; word != NULL;) {
        size_t length = strcspn(word, ",");
        unsigned i = 0;

        while (i < ARRAY_SIZE(words) && (strlen(words[i]) != length ||
                                         strncmp(word, words[i], length) != 0))
            i++;
        if (i == ARRAY_SIZE(words))
            return option_parser_fail(
                parser,
                "--require: \"%.*s\" is nothing that can be required: "
                "give %s",
                (int)length, word, words[0]);
        options->required |= 1U << i;
        word = word[length] == ',' ? word + length + 1 : NULL;
    }
    return 0;
}

/* A descriptor is one device, which has one card; so has a file of frames. */
static int refuse_sharing(struct option_parser *parser,
                          const struct net_options *one,
                          const struct net_options *other)
{
    if (one->kind == NET_VDPA_FD && other->kind == NET_VDPA_FD &&
        one->fd == other->fd)
        return option_parser_fail(
            parser, "--net: %s is given twice: give each its own", one->name);
    if (one->pcap[0] != '\0' && strcmp(one->pcap, other->pcap) == 0)
        return option_parser_fail(
            parser, "--net: pcap=%s is given twice: give each its own",
            one->pcap);
    return 0;
}

static int check_sharing(struct option_parser *parser)
{
    const struct options *options = parser->results;
    int error = 0;

    for (unsigned i = 0; i < options->net_count && !error; i++)
        for (unsigned other = 0; other < i && !error; other++)
            error = refuse_sharing(parser, &options->nets[i],
                                   &options->nets[other]);
    return error;
}

/* What runs through this process cannot bypass it. */
static int check_requirements(struct option_parser *parser)
{
    const struct options *options = parser->results;

    if (!(options->required & REQUIRE_BYPASS))
        return 0;
    if (options->net_count == 0)
        return option_parser_fail(parser,
                                  "--require bypass: the guest has no device "
                                  "to show it: give --net vdpa=PATH");
    for (unsigned i = 0; i < options->net_count; i++)
        if (!net_kind_is_vdpa(options->nets[i].kind))
            return option_parser_fail(
                parser,
                "--require bypass: network card %u is a device in "
                "software, whose data this process carries: give vDPA "
                "devices alone",
                i + 1);
    return 0;
}

#define A_NET "vdpa=/dev/vhost-vdpa-0 or user"

static const struct option_rule run_rules[] = {
    {"kernel", 'k', TAKES_VALUE, "bzImage", set_kernel},
    {"modules", 0, TAKES_VALUE, "/lib/modules/6.12.0",
     options_set_module_folder},
    {"module", 0, TAKES_VALUE, "pktgen", options_add_module},
    {"initrd", 'i', TAKES_VALUE, "initrd.cpio", set_initrd},
    {"append", 'a', TAKES_TEXT, "\"console=ttyS0\"", set_append},
    {"cmdline", 0, TAKES_TEXT, "\"console=ttyS0\"", set_append},
    {"params", 'p', TAKES_TEXT, "\"console=ttyS0\"", set_append},
    {"memory", 'm', TAKES_VALUE, "512M", options_set_memory},
    {"cpus", 'c', TAKES_VALUE, "2", set_cpus},
    {"net", 'n', TAKES_VALUE, A_NET, add_net},
    {"vdpa", 0, TAKES_VALUE, "/dev/vhost-vdpa-0", add_vdpa},
    {"disk", 'd', TAKES_VALUE, "root.img,snapshot", options_add_disk},
    {"hugepages", 0, MAY_TAKE_VALUE, "2M", options_set_hugepages},
    {"debug-exit", 0, TAKES_NOTHING, NULL, set_debug_exit},
    {"prealloc", 0, TAKES_NOTHING, NULL, options_set_prealloc},
    {"numa-node", 0, TAKES_VALUE, "0", options_set_numa_node},
    {"on-reset", 0, TAKES_VALUE, "restart", set_on_reset},
    {"report", 0, TAKES_VALUE, "report.txt", set_report},
    {"kmsg", 0, TAKES_VALUE, "kernel.log", options_set_kmsg},
    {"tty", 0, TAKES_NOTHING, NULL, options_set_tty},
    {"cwd", 0, TAKES_VALUE, "/tmp", options_set_directory},
    {"user", 0, TAKES_VALUE, "nobody", options_set_user},
    {"env", 0, TAKES_VALUE, "TERM=linux", options_add_environment},
    {"inject", 0, TAKES_VALUE, "./test:/root/test", options_add_inject},
    {"collect", 0, TAKES_VALUE, "/tmp/log:log", options_add_collect},
    {"timeout", 't', TAKES_VALUE, "60s", options_set_timeout},
    {"boot-timeout", 0, TAKES_VALUE, "20s", options_set_boot_timeout},
    {"on-timeout", 0, TAKES_VALUE, "sysrq", options_set_on_timeout},
    {"fail-on-splat", 0, MAY_TAKE_VALUE, "known.txt",
     options_set_fail_on_splat},
    {"counts", 0, TAKES_VALUE, "counts.txt", set_counts},
    {"require", 0, TAKES_VALUE, "bypass", add_requirements},
    {"console", 0, TAKES_VALUE, "stdio", set_console},
    {"escape", 0, TAKES_VALUE, "^A", set_escape},
    {"control", 0, TAKES_VALUE, "/run/vmm.sock", set_control},
    {"trace", 0, TAKES_VALUE, "vdpa=trace.txt", options_set_trace},
    {"log", 0, TAKES_VALUE, "vmm.log", options_set_log},
    {"ready-fd", 0, TAKES_VALUE, "3", options_set_ready_fd},
    {"pidfile", 0, TAKES_VALUE, "/run/vmm.pid", options_set_pidfile},
    {"dump-dtb", 0, TAKES_VALUE, "machine.dtb", options_set_dump_dtb},
    {"pdeathsig", 0, TAKES_NOTHING, NULL, options_set_pdeathsig},
    {"dry-run", 0, TAKES_NOTHING, NULL, options_set_dry_run},
    {"quiet", 'q', TAKES_NOTHING, NULL, options_set_quiet},
    {"verbose", 'v', TAKES_NOTHING, NULL, options_set_verbose},
    {"help", 'h', TAKES_NOTHING, NULL, options_ask_for_help},
    {"version", 'V', TAKES_NOTHING, NULL, ask_for_version},
};

int options_parse_run(struct option_parser *parser)
{
    struct options *options = parser->results;
    int error;

    parser->command = "run";
    parser->rules = run_rules;
    parser->num_rules = ARRAY_SIZE(run_rules);
    parser->add_operand = set_kernel;
    parser->set_rest = options_set_command;
    parser->applied = options_note_given;
    error = option_parser_run(parser);
    if (error < 0 || parser->done)
        return error;

    if (options->kernel == NULL && options->command_argv == NULL)
        return option_parser_fail(parser,
                                  "no kernel: give one with --kernel FILE; "
                                  "\"vmm run --help\" lists the options");
    error = check_sharing(parser);
    if (!error)
        error = options_check_memory(parser);
    if (!error)
        error = options_check_command(parser);
    if (!error)
        error = options_check_dry_run(parser);
    if (!error)
        error = options_check_outputs(parser);
    return error ? error : check_requirements(parser);
}
