/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_trace_check.c: any text as a trace; its first line is given.
 */
#include "vdpa/trace_check.h"

#include "vmm/trace.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Unlike assert(), not compiled out and seen by the fuzzer as a crash. */
static void require(int claim)
{
    if (!claim)
        abort();
}

static void take_breach(void *owner, unsigned long line, const char *rule,
                        const char *text)
{
    unsigned long *last_line = owner;

    require(line >= *last_line && line > 1);
    require(rule[0] != '\0');
    require(strstr(text, "; expected ") != NULL || strlen(text) > 400);
    *last_line = line;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = calloc(1, size + 1), *rest = text;
    unsigned long last_line = 0;
    struct trace_check check;
    int error;

    require(text != NULL);
    if (size > 0)
        memcpy(text, bytes, size);
    trace_check_init(&check, take_breach, &last_line);
    error = trace_check_line(&check, "# " TRACE_TITLE);
    while (!error && rest != NULL)
        error = trace_check_line(&check, strsep(&rest, "\n"));
    require(!error || check.reason != NULL);
    trace_check_destroy(&check);
    free(text);
    return 0;
}
