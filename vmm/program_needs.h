/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * program_needs.h: what programs need beside them where they are to run: their
 * loader and shared libraries, or the interpreter of a script, and what those
 * need.
 *
 * Libraries are looked for as the loader of this machine does: RPATH,
 * LD_LIBRARY_PATH, RUNPATH, the folders of /etc/ld.so.conf, the usual ones.
 * One that RPATH or RUNPATH leads to keeps its place beside the program, and
 * the usual folders are the same there; any other library goes where the loader
 * itself is, since the guest has neither that file nor the variable.
 */
#ifndef VMM_PROGRAM_NEEDS_H
#define VMM_PROGRAM_NEEDS_H

#include "vmm/compiler.h"

#include <stdbool.h>

struct needed_file {
    struct needed_file *next;
    char *host, *guest;         /* paths, absolute ones */
    bool is_given;              /* it is in the guest without our doing */
    char *loader_folder;        /* of the program that needs it; NULL: none */
    char *rpath;                /* for what it needs, and they need; or NULL */
    struct needed_file *parent; /* who needs it first; NULL: nobody */
};

struct program_needs {
    struct needed_file *first, **end; /* each path of the guest once */
    char *folders;                    /* of libraries, with colons */
    int error;                        /* the first -errno */
};

void program_needs_init(struct program_needs *needs);

/* The file `host` is `guest` in the guest anyhow, whatever file it is; NULL:
 * one that needs nothing. It takes the place of an earlier one. */
void program_needs_add_given(struct program_needs *needs, const char *host,
                             const char *guest);
/* The file `host` is to be `guest`, with what it needs. */
void program_needs_add(struct program_needs *needs, const char *host,
                       const char *guest);

/* Adds what those added need, as files that are not given. What cannot be found
 * is logged as a warning. -errno, not logged. */
int program_needs_resolve(struct program_needs *needs) MUST_CHECK;

void program_needs_destroy(struct program_needs *needs);

#endif
