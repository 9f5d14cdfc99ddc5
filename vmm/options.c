/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.c: the command line as plain values.
 *
 * One table row and one small function per option. Not getopt_long(): that
 * has global state, takes "-kernel" for "-k ernel" and knows no near misses.
 */
#include "vmm/options.h"

#include "vmm/bytes.h"
#include "vmm/key_value.h"
#include "vmm/nearest_word.h"
#include "vmm/option_values.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SMALLEST_PAGE (4 * KIB)
#define SEE_RUN_HELP  "\"vmm run --help\" lists the options"

struct parser {
    struct options *options;
    int argc;
    char *const *argv;
    int next;           /* index of the argument that is read next */
    const char *option; /* long name, without "--", of the current one */
    bool done;          /* the rest of the line does not matter */
    char *error;
    size_t error_size;
};

enum option_takes {
    TAKES_NOTHING,
    TAKES_VALUE,
    TAKES_TEXT,     /* a value that may be empty */
    MAY_TAKE_VALUE, /* after "=" only */
};

struct option_rule {
    const char *name;
    char letter; /* 0: none */
    enum option_takes takes;
    const char *example; /* of a value */
    /* `value` is NULL when there is none. 0 or -EINVAL. */
    int (*apply)(struct parser *parser, const char *value);
};

/* Leaves the message; a control character would break its one line. */
PRINTF_FORMAT(2, 3)
static int fail(struct parser *parser, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(parser->error, parser->error_size, format, arguments);
    va_end(arguments);
    for (char *c = parser->error; *c != '\0'; c++) {
        if (iscntrl((unsigned char)*c))
            *c = '?';
    }
    return -EINVAL;
}

/* The index of `value` among `words`, or -EINVAL. */
static int read_choice(struct parser *parser, const char *value,
                       const char *const words[2])
{
    for (int i = 0; i < 2; i++) {
        if (strcmp(value, words[i]) == 0)
            return i;
    }
    return fail(parser, "--%s: \"%s\" is neither %s nor %s", parser->option,
                value, words[0], words[1]);
}

/* ---- One function per option -------------------------------------------- */

static int set_kernel(struct parser *parser, const char *value)
{
    if (value[0] == '\0')
        return fail(parser, "the kernel's name is empty");
    if (parser->options->kernel != NULL)
        return fail(parser, "unexpected \"%s\": the kernel is \"%s\" already",
                    value, parser->options->kernel);
    parser->options->kernel = value;
    return 0;
}

static int set_initrd(struct parser *parser, const char *value)
{
    parser->options->initrd = value;
    return 0;
}

static int set_append(struct parser *parser, const char *value)
{
    char *append = parser->options->append;
    size_t used = strlen(append);
    int length = snprintf(append + used, OPTIONS_MAX_APPEND - used, "%s%s",
                          used == 0 ? "" : " ", value);

    if (length < 0 || (size_t)length >= OPTIONS_MAX_APPEND - used)
        return fail(parser,
                    "--%s: the kernel command line is longer than %d "
                    "bytes",
                    parser->option, OPTIONS_MAX_APPEND - 1);
    return 0;
}

static int set_memory(struct parser *parser, const char *value)
{
    uint64_t bytes;

    if (!option_read_size(value, &bytes))
        return fail(parser,
                    "--memory: \"%s\" is not a size: give a number of MiB or "
                    "a number with K, M, G or T",
                    value);
    if (bytes == 0 || !is_aligned(bytes, SMALLEST_PAGE))
        return fail(parser,
                    "--memory: \"%s\" is not a number of 4 KiB pages: give "
                    "one such as 512M",
                    value);
    parser->options->memory = bytes;
    return 0;
}

static int set_cpus(struct parser *parser, const char *value)
{
    uint64_t cpus;
    const char *rest = option_read_number(value, &cpus);

    if (rest == NULL || *rest != '\0' || cpus < 1 || cpus > OPTIONS_MAX_CPUS)
        return fail(parser, "--cpus: \"%s\" is not a number from 1 to %d",
                    value, OPTIONS_MAX_CPUS);
    parser->options->cpus = (unsigned)cpus;
    return 0;
}

static int set_hugepages(struct parser *parser, const char *value)
{
    if (value == NULL || strcmp(value, "2M") == 0)
        parser->options->page_size = 2 * MIB;
    else if (strcmp(value, "1G") == 0)
        parser->options->page_size = GIB;
    else
        return fail(parser, "--hugepages: \"%s\" is neither 2M nor 1G", value);
    return 0;
}

static int set_net_mac(struct parser *parser, struct options_net *net,
                       const char *value)
{
    static const uint8_t zero[6];

    if (value == NULL || !option_read_mac(value, net->mac))
        return fail(parser,
                    "--net: mac \"%s\" is not six hexadecimal bytes "
                    "such as 52:54:00:12:34:56",
                    value == NULL ? "" : value);
    if ((net->mac[0] & 1) != 0 || memcmp(net->mac, zero, sizeof(zero)) == 0)
        return fail(parser,
                    "--net: mac \"%s\" is a group's or nobody's; a "
                    "card's begins with an even byte",
                    value);
    net->has_mac = true;
    return 0;
}

static int add_net(struct parser *parser, const char *value)
{
    static const char *const keys[] = {"vdpa", "mac"};
    struct options *options = parser->options;
    struct options_net *net = &options->nets[options->net_count];
    struct key_value_list list;
    const struct key_value *item;
    char reason[OPTIONS_MAX_ERROR];

    if (options->net_count == OPTIONS_MAX_NETS)
        return fail(parser, "--net: more than %d network cards",
                    OPTIONS_MAX_NETS);
    /* A path may stand alone; another word is for other kinds of network. */
    if (key_value_parse(&list, value, value[0] == '/' ? "vdpa" : NULL, keys,
                        ARRAY_SIZE(keys), reason, sizeof(reason)) < 0)
        return fail(parser, "--net: %s", reason);

    item = key_value_find(&list, "vdpa");
    if (item == NULL || item->value == NULL || item->value[0] == '\0')
        return fail(parser,
                    "--net: \"%s\" names no device: give "
                    "vdpa=/dev/vhost-vdpa-0 or another path",
                    value);
    if (strlen(item->value) >= sizeof(net->vdpa))
        return fail(parser, "--net: the path is longer than %d bytes",
                    OPTIONS_MAX_PATH - 1);
    memcpy(net->vdpa, item->value, strlen(item->value) + 1);
    item = key_value_find(&list, "mac");
    if (item != NULL && set_net_mac(parser, net, item->value) < 0)
        return -EINVAL;
    options->net_count++;
    return 0;
}

static int set_on_reset(struct parser *parser, const char *value)
{
    static const char *const words[] = {
        [ON_RESET_EXIT] = "exit",
        [ON_RESET_RESTART] = "restart",
    };
    int choice = read_choice(parser, value, words);

    if (choice < 0)
        return choice;
    parser->options->on_reset = (enum options_on_reset)choice;
    return 0;
}

static int set_console(struct parser *parser, const char *value)
{
    static const char *const words[] = {
        [CONSOLE_STDIO] = "stdio",
        [CONSOLE_NONE] = "none",
    };
    int choice = read_choice(parser, value, words);

    if (choice < 0)
        return choice;
    parser->options->console = (enum options_console)choice;
    return 0;
}

static int set_report(struct parser *parser, const char *value)
{
    parser->options->report = value;
    return 0;
}

static int set_quiet(struct parser *parser, const char *value)
{
    (void)value;
    parser->options->log_level = LOG_LEVEL_ERROR;
    return 0;
}

static int set_verbose(struct parser *parser, const char *value)
{
    (void)value;
    parser->options->log_level = LOG_LEVEL_DEBUG;
    return 0;
}

static int ask_for_help(struct parser *parser, const char *value)
{
    (void)value;
    parser->options->command = COMMAND_RUN_HELP;
    parser->done = true;
    return 0;
}

static int ask_for_version(struct parser *parser, const char *value)
{
    (void)value;
    parser->options->command = COMMAND_VERSION;
    parser->done = true;
    return 0;
}

#define A_NET "vdpa=/dev/vhost-vdpa-0[,mac=52:54:00:12:34:56]"

static const struct option_rule rules[] = {
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

/* ---- The line ----------------------------------------------------------- */

static const struct option_rule *find_by_name(const char *name, size_t length)
{
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        if (strlen(rules[i].name) == length &&
            strncmp(rules[i].name, name, length) == 0)
            return &rules[i];
    }
    return NULL;
}

static const struct option_rule *find_by_letter(char letter)
{
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        if (letter != '\0' && rules[i].letter == letter)
            return &rules[i];
    }
    return NULL;
}

static bool must_have_value(const struct option_rule *rule)
{
    return rule->takes == TAKES_VALUE || rule->takes == TAKES_TEXT;
}

static int fail_unknown(struct parser *parser, const char *argument,
                        size_t length)
{
    const char *names[ARRAY_SIZE(rules)];
    const char *name = argument + strspn(argument, "-");
    char typed[OPTIONS_MAX_PATH];
    const char *nearest;

    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        names[i] = rules[i].name;
    snprintf(typed, sizeof(typed), "%.*s",
             (int)(length - (size_t)(name - argument)), name);
    nearest = nearest_word(typed, names, ARRAY_SIZE(rules));
    if (nearest != NULL)
        return fail(
            parser,
            "unknown option \"%.*s\": did you mean \"--%s\"? " SEE_RUN_HELP,
            (int)length, argument, nearest);
    return fail(parser, "unknown option \"%.*s\": " SEE_RUN_HELP, (int)length,
                argument);
}

/* The argument after an option that must have one; NULL when the line ends or
 * goes on with another option. */
static const char *next_value(struct parser *parser)
{
    const char *argument;

    if (parser->next >= parser->argc)
        return NULL;
    argument = parser->argv[parser->next];
    if (strncmp(argument, "--", 2) == 0 &&
        find_by_name(argument + 2, strcspn(argument + 2, "=")) != NULL)
        return NULL;
    parser->next++;
    return argument;
}

/* `attached` is the value in the same argument, NULL when there is none. */
static int apply_rule(struct parser *parser, const struct option_rule *rule,
                      const char *attached)
{
    const char *value = attached;

    parser->option = rule->name;
    if (rule->takes == TAKES_NOTHING && attached != NULL)
        return fail(parser, "--%s takes no value, but got \"%s\"", rule->name,
                    attached);
    if (must_have_value(rule) && value == NULL)
        value = next_value(parser);
    if (must_have_value(rule) && value == NULL)
        return fail(parser, "--%s needs a value, such as %s", rule->name,
                    rule->example);
    if (rule->takes == TAKES_VALUE && value[0] == '\0')
        return fail(parser, "--%s: the value is empty; give one such as %s",
                    rule->name, rule->example);
    return rule->apply(parser, value);
}

/* "--name", "--name=value" */
static int parse_long(struct parser *parser, const char *argument)
{
    size_t length = strcspn(argument, "=");
    const struct option_rule *rule = find_by_name(argument + 2, length - 2);

    if (rule == NULL)
        return fail_unknown(parser, argument, length);
    return apply_rule(parser, rule,
                      argument[length] == '=' ? argument + length + 1 : NULL);
}

/* "-q", "-qv", "-m512", "-m" with the value in the next argument */
static int parse_short(struct parser *parser, const char *argument)
{
    /* "-kernel" is QEMU's spelling, not a kernel called "ernel". */
    if (find_by_name(argument + 1, strlen(argument + 1)) != NULL)
        return fail_unknown(parser, argument, strlen(argument));

    for (const char *letter = argument + 1; *letter != '\0'; letter++) {
        const struct option_rule *rule = find_by_letter(*letter);
        int error;

        if (rule == NULL)
            return fail_unknown(parser, argument, strlen(argument));
        if (must_have_value(rule))
            return apply_rule(parser, rule,
                              letter[1] != '\0' ? letter + 1 : NULL);
        error = apply_rule(parser, rule, NULL);
        if (error < 0 || parser->done)
            return error;
    }
    return 0;
}

static int parse_run(struct parser *parser)
{
    struct options *options = parser->options;

    while (parser->next < parser->argc) {
        const char *argument = parser->argv[parser->next++];
        int error;

        if (argument[0] != '-' || argument[1] == '\0')
            error = set_kernel(parser, argument);
        else if (argument[1] == '-')
            error = parse_long(parser, argument);
        else
            error = parse_short(parser, argument);
        if (error < 0 || parser->done)
            return error;
    }
    if (options->kernel == NULL)
        return fail(parser,
                    "no kernel: give one with --kernel FILE; " SEE_RUN_HELP);
    if (options->page_size != 0 &&
        !is_aligned(options->memory, options->page_size))
        return fail(parser,
                    "--memory: not a multiple of the %llu MiB pages "
                    "of --hugepages",
                    (unsigned long long)(options->page_size / MIB));
    return 0;
}

int options_parse(struct options *options, int argc, char *const argv[],
                  char *error, size_t error_size)
{
    struct parser parser = {
        .options = options,
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
        return fail(&parser, "no command: \"vmm run KERNEL\" starts a guest, "
                             "\"vmm --help\" says more");
    if (strcmp(command, "run") == 0)
        return parse_run(&parser);
    if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0)
        options->command = COMMAND_HELP;
    else if (strcmp(command, "--version") == 0 || strcmp(command, "-V") == 0)
        options->command = COMMAND_VERSION;
    else
        return fail(&parser,
                    "unknown command \"%s\": \"vmm run KERNEL\" "
                    "starts a guest, \"vmm --help\" says more",
                    command);
    return 0;
}
