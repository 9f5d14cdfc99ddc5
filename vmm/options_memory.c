/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options_memory.c: the options of "vmm run" on guest memory.
 */
#include "vmm/options_private.h"

#include "vmm/bytes.h"
#include "vmm/option_values.h"

#include <string.h>

#define SMALLEST_PAGE (4 * KIB)
#define LAST_NODE     1023 /* of a Linux built for the most */

int options_set_memory(struct option_parser *parser, const char *value)
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

int options_set_hugepages(struct option_parser *parser, const char *value)
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

int options_set_prealloc(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    (void)value;
    options->is_preallocated = true;
    return 0;
}

int options_set_numa_node(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;
    uint64_t node;
    const char *rest = option_read_number(value, &node);

    if (rest == NULL || *rest != '\0' || node > LAST_NODE)
        return option_parser_fail(
            parser, "--numa-node: \"%s\" is not a number from 0 to %d", value,
            LAST_NODE);
    options->numa_node = (int)node;
    return 0;
}

int options_check_memory(struct option_parser *parser)
{
    struct options *options = parser->results;

    if (options->page_size == 0)
        return 0;
    if (!is_aligned(options->memory, options->page_size))
        return option_parser_fail(
            parser,
            "--memory: not a multiple of the %llu MiB pages of --hugepages",
            (unsigned long long)(options->page_size / MIB));
    /* Huge pages are reserved on the host, not on a node: who touched one that
     * the node has not got would be ended by SIGBUS. */
    if (options->numa_node >= 0)
        options->is_preallocated = true;
    return 0;
}
