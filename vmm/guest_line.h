/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest_line.h: what the guest's first process tells the host, in lines on the
 * port "vmm.control". Pure.
 *
 *   init                 it runs
 *   command              the command starts
 *   cannot-run N WHAT    ... but could not, by errno N
 *   exit N               the command ended with this status, 0 to 255
 *   signal N             a signal killed it, 1 to 127
 *   failed WHY           there is no going on
 *   warning WHAT         something that was asked for is not so
 *   anything else        is for people
 *
 * The guest is not to be trusted with any of it.
 */
#ifndef VMM_GUEST_LINE_H
#define VMM_GUEST_LINE_H

enum guest_line_kind {
    GUEST_LINE_OTHER,
    GUEST_LINE_INIT,
    GUEST_LINE_COMMAND,
    GUEST_LINE_CANNOT_RUN,
    GUEST_LINE_EXIT,
    GUEST_LINE_SIGNAL,
    GUEST_LINE_FAILED,
    GUEST_LINE_WARNING,
};

struct guest_line {
    enum guest_line_kind kind;
    unsigned number;  /* N, within its range */
    const char *text; /* behind the words above; of OTHER, the whole line */
};

/* `text` is without its newline; the result points into it. */
struct guest_line guest_line_parse(const char *text);

#endif
