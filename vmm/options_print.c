/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options_print.c: a command line that a shell takes, of options.
 *
 * What was given is printed as it was, so that no option can be forgotten
 * here; the defaults, and what has several spellings, as it was understood.
 */
#include "vmm/options_print.h"

#include "vmm/bytes.h"
#include "vmm/net_options.h"

#include <inttypes.h>
#include <string.h>

static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                            "%+,-./:=@_^";

static bool has_control_characters(const char *word)
{
    for (; *word; word++)
        if ((unsigned char)*word < ' ' || *word == '\177')
            return true;
    return false;
}

void options_print_word(const char *word, FILE *file)
{
    bool is_escaped = has_control_characters(word);

    if (*word && strspn(word, plain) == strlen(word)) {
        fputs(word, file);
        return;
    }
    fputs(is_escaped ? "$'" : "'", file);
    for (; *word; word++) {
        if ((unsigned char)*word < ' ' || *word == '\177')
            fprintf(file, "\\%03o", (unsigned)*word);
        else if (is_escaped && (*word == '\'' || *word == '\\'))
            fprintf(file, "\\%c", *word);
        else if (*word == '\'')
            fputs("'\\''", file);
        else
            fputc(*word, file);
    }
    fputc('\'', file);
}

/* With "=", whatever a value begins with. */
static void print_option(const char *name, const char *value, FILE *file)
{
    fprintf(file, " --%s", name);
    if (!value)
        return;
    fputc('=', file);
    options_print_word(value, file);
}

static void print_memory(uint64_t bytes, FILE *file)
{
    if (bytes % MIB == 0)
        fprintf(file, " --memory=%" PRIu64 "M", bytes / MIB);
    else
        fprintf(file, " --memory=%" PRIu64 "K", bytes / KIB);
}

/* A key that was given is in the text: none is part of another. */
static void add_default(char *text, size_t size, const char *key,
                        const char *value)
{
    size_t used = strlen(text), length = strlen(key);

    for (const char *item = text; item; item = strchr(item, ',')) {
        item += *item == ',';
        if (strncmp(item, key, length) == 0 && item[length] == '=')
            return;
    }
    (void)snprintf(text + used, size - used, ",%s=%s", key, value);
}

static void print_net(const char *name, const char *value,
                      const struct net_options *net, FILE *file)
{
    char text[4096];

    if (strlen(value) + 64 > sizeof(text)) {
        print_option(name, value, file);
        return;
    }
    (void)snprintf(text, sizeof(text), "%s", value);
    if (net_kind_is_vdpa(net->kind)) {
        add_default(text, sizeof(text), "doorbell", "auto");
    } else {
        add_default(text, sizeof(text), "mtu", "1500");
        add_default(text, sizeof(text), "poll", "auto");
    }
    if (net->kind == NET_USER)
        add_default(text, sizeof(text), "restrict", "off");
    print_option(name, text, file);
}

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

static void print_given(const struct options *options, FILE *file)
{
    static const char *const understood[] = {
        "kernel", "memory", "cpus", "console", "on-reset", "dry-run", NULL};
    static const char *const cards[] = {"net", "vdpa", NULL};
    unsigned card = 0;

    for (unsigned i = 0; i < options->num_given; i++) {
        const struct given_option *given = &options->given[i];

        if (is_one_of(given->name, cards))
            print_net(given->name, given->value, &options->nets[card++], file);
        else if (!is_one_of(given->name, understood))
            print_option(given->name, given->value, file);
    }
}

void options_print_run(const struct options *options, const char *program,
                       const char *kernel, FILE *file)
{
    options_print_word(program, file);
    fputs(" run", file);
    print_option("kernel", kernel, file);
    print_memory(options->memory, file);
    fprintf(file, " --cpus=%u", options->cpus);
    print_option("console",
                 options->console == CONSOLE_STDIO ? "stdio" : "none", file);
    print_option("on-reset",
                 options->on_reset == ON_RESET_EXIT ? "exit" : "restart", file);
    print_given(options, file);
    for (int i = 0; i < options->command_argc; i++) {
        fputs(i == 0 ? " -- " : " ", file);
        options_print_word(options->command_argv[i], file);
    }
    fputc('\n', file);
}
