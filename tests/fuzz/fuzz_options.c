/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_options.c: any command line, its arguments separated by NUL bytes.
 */
#include "vmm/options.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ARGUMENTS 64

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Aborts, whatever NDEBUG says. */
static void require(int claim)
{
    if (!claim)
        abort();
}

static void check_accepted(const struct options *options)
{
    if (options->command != COMMAND_RUN)
        return;
    require(options->kernel != NULL && options->kernel[0] != '\0');
    require(options->memory != 0 && options->memory % 4096 == 0);
    require(options->cpus >= 1 && options->cpus <= OPTIONS_MAX_CPUS);
    require(options->net_count <= OPTIONS_MAX_NETS);
    require(memchr(options->append, '\0', sizeof(options->append)) != NULL);
    for (unsigned i = 0; i < options->net_count; i++) {
        require(options->nets[i].vdpa[0] != '\0');
        require(memchr(options->nets[i].vdpa, '\0', NET_OPTIONS_MAX_PATH) !=
                NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = calloc(1, size + 1);
    char *argv[MAX_ARGUMENTS] = {NULL};
    char error[OPTIONS_MAX_ERROR] = "";
    struct options options;
    int argc = 0;

    require(text != NULL);
    if (size > 0)
        memcpy(text, bytes, size);
    for (size_t at = 0; at < size && argc < MAX_ARGUMENTS - 1;
         at += strlen(text + at) + 1)
        argv[argc++] = text + at;

    if (options_parse(&options, argc, argv, error, sizeof(error)) == 0)
        check_accepted(&options);
    else
        require(error[0] != '\0' && strchr(error, '\n') == NULL);
    free(text);
    return 0;
}
