/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_log.c: finds panics and splats in what a Linux kernel prints.
 */
#include "vmm/kernel_log.h"

#include "vmm/log.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What guest/init prints on its console when it gives up. */
#define INIT_PREFIX "vmm init: "

/* A splat without an end of its own ends after so many lines. */
#define MAX_BLOCK_LINES 120

/* The more telling ones first: a KASAN report is a BUG, too. */
static const struct {
    const char *text, *kind;
} splats[] = {
    {"BUG: KASAN:", "KASAN"},
    {"BUG: KCSAN:", "KCSAN"},
    {"BUG: KMSAN:", "KMSAN"},
    {"BUG: KFENCE:", "KFENCE"},
    {"UBSAN:", "UBSAN"},
    {"possible circular locking dependency", "lockdep"},
    {"possible recursive locking", "lockdep"},
    {"possible irq lock inversion", "lockdep"},
    {"inconsistent lock state", "lockdep"},
    {"suspicious RCU usage", "lockdep"},
    {"held lock freed", "lockdep"},
    {"bad unlock balance", "lockdep"},
    {"lock held when returning to user space", "lockdep"},
    {"blocked for more than", "hung task"},
    {"detected stalls on CPUs", "RCU stall"},
    {"self-detected stall on CPU", "RCU stall"},
    {"BUG: workqueue lockup", "lockup"},
    {"BUG: soft lockup", "lockup"},
    {"hard LOCKUP", "lockup"},
    {"ref_tracker:", "ref_tracker"},
    {"new suspected memory leaks", "kmemleak"},
    {"unregister_netdevice: waiting for", "ref_tracker"},
    {"kernel BUG at", "BUG"},
    {"general protection fault", "Oops"},
    {"Unable to handle kernel", "Oops"},
    {"unable to handle page fault", "Oops"},
    {"NULL pointer dereference", "Oops"},
    {"Oops:", "Oops"},
    {"Internal error:", "Oops"},
    {"BUG:", "BUG"},
    {"WARNING:", "WARNING"},
};

/* ---- What does not count ---- */

static char *cut_line(char *line)
{
    line += strspn(line, " \t");
    line[strcspn(line, "\r\n")] = '\0';
    return line;
}

static int add_pattern(struct splat_list *list, const char *text)
{
    char **lines =
        realloc(list->lines, (list->count + 1) * sizeof(*list->lines));

    if (!lines)
        return -ENOMEM;
    list->lines = lines;
    list->lines[list->count] = strdup(text);
    if (!list->lines[list->count])
        return -ENOMEM;
    list->count++;
    return 0;
}

int splat_list_read(struct splat_list *list, const char *path)
{
    FILE *file = fopen(path, "re");
    char bytes[KERNEL_LOG_MAX_LINE];
    int error = 0;

    *list = (struct splat_list){.count = 0};
    if (!file) {
        error = -errno;
    } else {
        while (!error && fgets(bytes, sizeof(bytes), file)) {
            const char *line = cut_line(bytes);

            if (line[0] != '\0' && line[0] != '#')
                error = add_pattern(list, line);
        }
        if (!error && ferror(file))
            error = -EIO;
        fclose(file);
    }
    if (error) {
        log_error("--fail-on-splat %s: %s: give a file with a pattern a line",
                  path, strerror(-error));
        splat_list_destroy(list);
    }
    return error;
}

void splat_list_destroy(struct splat_list *list)
{
    for (unsigned i = 0; i < list->count; i++)
        free(list->lines[i]);
    free(list->lines);
    *list = (struct splat_list){.count = 0};
}

static bool is_allowed(const struct kernel_log *log, const char *text)
{
    for (unsigned i = 0; log->allowed && i < log->allowed->count; i++)
        if (strstr(text, log->allowed->lines[i]))
            return true;
    return false;
}

/* ---- Splats ---- */

/* Behind "[   12.345678] " and "[T123] " of CONFIG_PRINTK_CALLER. */
static const char *skip_stamp(const char *line)
{
    while (line[0] == '[') {
        const char *end = strchr(line, ']');

        if (!end || (end[1] != ' ' && end[1] != '['))
            break;
        line = end + 1;
        line += strspn(line, " ");
    }
    return line;
}

/* Not in the middle of a word: "DEBUG:" is no bug. */
static bool has_words(const char *line, const char *words)
{
    const char *found = strstr(line, words);

    while (found && found > line && isalnum((unsigned char)found[-1]))
        found = strstr(found + 1, words);
    return found != NULL;
}

static const char *kind_of(const char *line)
{
    for (size_t i = 0; i < ARRAY_SIZE(splats); i++)
        if (has_words(line, splats[i].text))
            return splats[i].kind;
    return NULL;
}

static void keep_line(struct kernel_log *log, const char *line)
{
    size_t length = strlen(line);

    if (log->block_size + length + 1 >= sizeof(log->block))
        return;
    memcpy(log->block + log->block_size, line, length);
    log->block[log->block_size + length] = '\n';
    log->block_size += length + 1;
    log->block[log->block_size] = '\0';
}

static void drop_block(struct kernel_log *log)
{
    log->in_block = log->in_trace = false;
    log->block_size = 0;
    log->num_frames = 0;
    log->splat_kind = NULL;
}

static void end_block(struct kernel_log *log)
{
    if (!log->in_block)
        return;
    for (unsigned i = 0; i < log->num_frames; i++) {
        if (is_allowed(log, log->frames[i])) {
            drop_block(log);
            return;
        }
    }
    log->in_block = false;
    log->saw_splat = true;
}

/* " func+0x12/0x34 [module]"; those with "? " may be leftovers. */
static void take_frame(struct kernel_log *log, const char *line)
{
    size_t length = strcspn(line, "+ ");

    if (line[0] == '?' || line[0] == '<' || line[length] != '+' ||
        length >= KERNEL_LOG_MAX_FRAME)
        return;
    memcpy(log->frames[log->num_frames], line, length);
    log->frames[log->num_frames][length] = '\0';
    log->num_frames++;
}

static void continue_block(struct kernel_log *log, const char *line)
{
    const char *text = skip_stamp(line);

    keep_line(log, line);
    if (strstr(text, "---[ end") || ++log->block_lines == MAX_BLOCK_LINES) {
        end_block(log);
        return;
    }
    if (strncmp(text, "Call Trace:", 11) == 0 ||
        strncmp(text, "Call trace:", 11) == 0)
        log->in_trace = true;
    else if (log->in_trace && log->num_frames < KERNEL_LOG_NUM_FRAMES)
        take_frame(log, text);
}

static void begin_block(struct kernel_log *log, const char *line,
                        const char *kind)
{
    log->in_block = true;
    log->in_trace = false;
    log->block_lines = 0;
    log->block_size = 0;
    log->num_frames = 0;
    log->splat_kind = kind;
    keep_line(log, line);
}

static void take_line(struct kernel_log *log, const char *line)
{
    const char *text = skip_stamp(line), *kind;

    if (strstr(text, "Kernel panic - not syncing"))
        log->saw_panic = true;
    if (strstr(text, "---[ end Kernel panic"))
        log->panic_is_complete = true;
    if (log->init_failure[0] == '\0' &&
        strncmp(line, INIT_PREFIX, strlen(INIT_PREFIX)) == 0)
        snprintf(log->init_failure, sizeof(log->init_failure), "%s",
                 line + strlen(INIT_PREFIX));
    if (log->saw_splat)
        return;
    if (log->in_block) {
        continue_block(log, line);
        return;
    }
    /* Not what a program prints about itself in the middle of a line. */
    kind = kind_of(text);
    if (kind && !is_allowed(log, text))
        begin_block(log, line, kind);
}

/* ---- Bytes ---- */

void kernel_log_init(struct kernel_log *log, const struct splat_list *allowed)
{
    memset(log, 0, sizeof(*log));
    log->allowed = allowed;
}

static void end_line(struct kernel_log *log)
{
    log->line[log->length] = '\0';
    log->length = 0;
    take_line(log, log->line);
}

void kernel_log_add(struct kernel_log *log, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        log->tail[log->total++ % sizeof(log->tail)] = (char)bytes[i];
        if (bytes[i] == '\n')
            end_line(log);
        else if (bytes[i] != '\r' && bytes[i] != '\0' &&
                 log->length < sizeof(log->line) - 1)
            log->line[log->length++] = (char)bytes[i];
    }
}

void kernel_log_end(struct kernel_log *log)
{
    if (log->length > 0)
        end_line(log);
    end_block(log);
}

size_t kernel_log_tail(const struct kernel_log *log, char *bytes, size_t size)
{
    uint64_t kept =
        log->total < sizeof(log->tail) ? log->total : sizeof(log->tail);

    if (size > kept)
        size = (size_t)kept;
    for (size_t i = 0; i < size; i++)
        bytes[i] = log->tail[(log->total - size + i) % sizeof(log->tail)];
    return size;
}
