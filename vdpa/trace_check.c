/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace_check.c: a trace held against what a vhost-vdpa device may be asked
 * for, and in which order.
 */
#include "vdpa/trace_check.h"

#include "vdpa/trace_line.h"
#include "vdpa/trace_rules.h"
#include "vmm/trace.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void trace_check_init(struct trace_check *check, trace_report *report,
                      void *owner)
{
    *check = (struct trace_check){.report = report, .owner = owner};
}

void trace_rules_destroy(struct trace_rules *rules)
{
    free(rules->queues);
    free(rules->mappings);
    rules->queues = NULL;
    rules->mappings = NULL;
    rules->queue_room = rules->num_mappings = 0;
}

void trace_check_destroy(struct trace_check *check)
{
    for (size_t i = 0; i < check->num_devices; i++)
        trace_rules_destroy(&check->devices[i]);
    free(check->devices);
    check->devices = NULL;
    check->num_devices = 0;
}

void trace_rules_breach(struct trace_rules *rules, const char *rule,
                        const char *format, ...)
{
    struct trace_check *check = rules->check;
    char text[512];
    va_list arguments;
    int used;

    used = snprintf(text, sizeof(text), "%s: ", rules->device);
    va_start(arguments, format);
    (void)vsnprintf(text + used, sizeof(text) - (size_t)used, format,
                    arguments);
    va_end(arguments);
    check->count++;
    check->report(check->owner, check->line, rule, text);
}

/* NULL without memory. */
static struct trace_rules *rules_of(struct trace_check *check,
                                    const char *device)
{
    struct trace_rules *devices, *rules;

    for (size_t i = 0; i < check->num_devices; i++)
        if (strcmp(check->devices[i].device, device) == 0)
            return &check->devices[i];
    devices =
        reallocarray(check->devices, check->num_devices + 1, sizeof(*devices));
    if (!devices)
        return NULL;
    check->devices = devices;
    rules = &devices[check->num_devices++];
    *rules = (struct trace_rules){.check = check};
    (void)snprintf(rules->device, sizeof(rules->device), "%s", device);
    return rules;
}

/* All that was known is the last file's. */
static void start_anew(struct trace_rules *rules)
{
    struct trace_rules fresh = {.check = rules->check};

    memcpy(fresh.device, rules->device, sizeof(fresh.device));
    trace_rules_destroy(rules);
    *rules = fresh;
}

static void close_file(struct trace_rules *rules)
{
    if (rules->status != 0)
        trace_rules_breach(rules, "reset-at-end",
                           "closed while the status is not 0; expected status "
                           "0 first, then to invalidate");
    trace_rules_close_memory(rules);
    start_anew(rules);
}

static int make_request(struct trace_rules *rules,
                        const struct trace_line *line)
{
    int error;

    if (line->request->needs_owner && !rules->is_owned)
        trace_rules_breach(rules, "owner-first",
                           "%s without an owner; expected VHOST_SET_OWNER "
                           "before it",
                           line->request->name);
    trace_rules_status(rules, line);
    error = trace_rules_queue(rules, line);
    return error ? error : trace_rules_memory(rules, line);
}

static int take_call(struct trace_check *check, const struct trace_line *line)
{
    struct trace_rules *rules = rules_of(check, line->device);

    if (!rules)
        return -ENOMEM;
    switch (line->call) {
    case TRACE_CALL_OPEN:
        start_anew(rules);
        return 0;
    case TRACE_CALL_CLOSE:
        close_file(rules);
        return 0;
    case TRACE_CALL_IOCTL:
        return make_request(rules, line);
    case TRACE_CALL_MESSAGE:
        return trace_rules_memory(rules, line);
    case TRACE_CALL_NONE:
    default:
        return 0;
    }
}

/* Whatever stands behind the title's tab. */
static bool is_title(const char *text)
{
    static const char title[] = "# " TRACE_TITLE;
    size_t length = strlen(title);

    return strncmp(text, title, length) == 0 &&
           (text[length] == '\t' || text[length] == '\0');
}

int trace_check_line(struct trace_check *check, const char *text)
{
    struct trace_line line;
    int error;

    check->line++;
    if (check->line == 1) {
        check->reason = "a trace begins with \"# " TRACE_TITLE "\"";
        return is_title(text) ? 0 : -EINVAL;
    }
    error = trace_line_parse(&line, text, &check->reason);
    if (error || line.call == TRACE_CALL_NONE)
        return error;
    return take_call(check, &line);
}
