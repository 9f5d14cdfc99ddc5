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

/* Of what kernel/reboot.c says last. */
#define HALT_PREFIX "reboot: "

/* A splat without an end of its own ends after so many lines. */
#define MAX_BLOCK_LINES 120

/* Of a file of patterns: /dev/zero has no last one. */
#define MAX_PATTERN_LINES 10000

/* kmemleak's count, after the leaks if it prints those. */
#define LAST_OF_KMEMLEAK "new suspected memory leaks"

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
    {"unreferenced object", "kmemleak"},
    {LAST_OF_KMEMLEAK, "kmemleak"},
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

/* What a backtrace begins with, in a line of its own or at the end of one. */
static const char *const trace_beginnings[] = {
    "Call Trace:",       /* x86 */
    "Call trace:",       /* arm64 */
    " users at",         /* ref_tracker */
    "leaked reference.", /* an older one */
    "allocated in:",     /* its "released already" */
    "backtrace",         /* kmemleak: "backtrace (crc 1234):" */
    " bytes by ",        /* KCSAN */
};

/* Where the function stands that a report is about: before the registers'
 * values on x86, and on arm64. */
static const char *const function_beginnings[] = {"RIP: ", "pc : "};

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

static int read_patterns(struct splat_list *list, FILE *file)
{
    char bytes[KERNEL_LOG_MAX_LINE];
    unsigned count = 0;

    while (fgets(bytes, sizeof(bytes), file)) {
        const char *line = cut_line(bytes);

        if (++count > MAX_PATTERN_LINES)
            return -EFBIG;
        if (line[0] != '\0' && line[0] != '#' && add_pattern(list, line) != 0)
            return -ENOMEM;
    }
    return ferror(file) ? -errno : 0;
}

int splat_list_read(struct splat_list *list, const char *path)
{
    FILE *file = fopen(path, "re");
    int error = file ? 0 : -errno;

    *list = (struct splat_list){.count = 0};
    if (file) {
        error = read_patterns(list, file);
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
    log->num_frames = log->num_guesses = 0;
    log->function[0] = '\0';
    log->splat_kind = NULL;
}

/* The function that the report is about, then the frames that are sure; those
 * that may be leftovers where there is no other. */
static void settle_frames(struct kernel_log *log)
{
    if (log->num_frames == 0) {
        memcpy(log->frames, log->guesses, sizeof(log->frames));
        log->num_frames = log->num_guesses;
    }
    /* arm64 has it in the backtrace, too. */
    if (log->function[0] == '\0' ||
        (log->num_frames > 0 && strcmp(log->frames[0], log->function) == 0))
        return;
    if (log->num_frames < KERNEL_LOG_NUM_FRAMES)
        log->num_frames++;
    memmove(log->frames[1], log->frames[0],
            (log->num_frames - 1) * sizeof(log->frames[0]));
    memcpy(log->frames[0], log->function, sizeof(log->frames[0]));
}

static void end_block(struct kernel_log *log)
{
    if (!log->in_block)
        return;
    settle_frames(log);
    for (unsigned i = 0; i < log->num_frames; i++) {
        if (is_allowed(log, log->frames[i])) {
            drop_block(log);
            return;
        }
    }
    log->in_block = false;
    log->saw_splat = true;
}

/* Of "func+0x12/0x34 [module]"; false when the text begins otherwise. */
static bool read_function(const char *text, char name[KERNEL_LOG_MAX_FRAME])
{
    size_t length = strcspn(text, "+ ");

    if (length == 0 || length >= KERNEL_LOG_MAX_FRAME ||
        strncmp(text + length, "+0x", 3) != 0)
        return false;
    memcpy(name, text, length);
    name[length] = '\0';
    return true;
}

/* "? func+0x12/0x34" may be a leftover of the stack. */
static void take_frame(struct kernel_log *log, const char *text)
{
    static const char prefix[] = "kmemleak: "; /* of each line of its */

    if (strncmp(text, prefix, strlen(prefix)) == 0)
        text += strlen(prefix);
    text = skip_stamp(text + strspn(text, " "));
    if (strncmp(text, "? ", 2) == 0) {
        if (log->num_guesses < KERNEL_LOG_NUM_FRAMES &&
            read_function(text + 2, log->guesses[log->num_guesses]))
            log->num_guesses++;
    } else if (log->num_frames < KERNEL_LOG_NUM_FRAMES &&
               read_function(text, log->frames[log->num_frames])) {
        log->num_frames++;
    }
}

/* "RIP: 0010:func+0x12/0x34", "pc : func+0x12/0x34"; a program's has no name.
 */
static void take_function(struct kernel_log *log, const char *text)
{
    for (size_t i = 0; i < ARRAY_SIZE(function_beginnings); i++) {
        size_t length = strlen(function_beginnings[i]);

        if (log->function[0] != '\0' ||
            strncmp(text, function_beginnings[i], length) != 0)
            continue;
        text += length;
        text += strspn(text, "0123456789abcdef") == 4 && text[4] == ':' ? 5 : 0;
        if (!read_function(text, log->function))
            log->function[0] = '\0';
        return;
    }
}

static bool begins_trace(const char *text)
{
    for (size_t i = 0; i < ARRAY_SIZE(trace_beginnings); i++)
        if (strstr(text, trace_beginnings[i]))
            return true;
    return false;
}

static void continue_block(struct kernel_log *log, const char *line)
{
    const char *text = skip_stamp(line);

    /* Of another one, which is not to lend its frames to this. */
    if (strstr(text, "---[ cut here ]---")) {
        end_block(log);
        return;
    }
    keep_line(log, line);
    if (strstr(text, "---[ end") || strstr(text, LAST_OF_KMEMLEAK) ||
        ++log->block_lines == MAX_BLOCK_LINES) {
        end_block(log);
        return;
    }
    take_function(log, text);
    if (begins_trace(text))
        log->in_trace = true;
    else if (log->in_trace)
        take_frame(log, text);
}

static void begin_block(struct kernel_log *log, const char *line,
                        const char *kind)
{
    const char *function;

    drop_block(log);
    log->in_block = true;
    log->in_trace = begins_trace(line);
    log->block_lines = 0;
    log->splat_kind = kind;
    keep_line(log, line);
    /* "BUG: KASAN: slab-use-after-free in func+0x12/0x34" */
    function = strstr(line, " in ");
    if (function && !read_function(function + 4, log->function))
        log->function[0] = '\0';
    if (strstr(line, LAST_OF_KMEMLEAK))
        end_block(log);
}

static void take_line(struct kernel_log *log, const char *line)
{
    const char *text = skip_stamp(line), *kind;

    if (strstr(text, "Kernel panic - not syncing"))
        log->saw_panic = true;
    if (strstr(text, "---[ end Kernel panic"))
        log->panic_is_complete = true;
    if (strncmp(text, HALT_PREFIX, strlen(HALT_PREFIX)) == 0 &&
        strstr(text, "System halted"))
        log->saw_halt = true;
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
