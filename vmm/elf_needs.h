/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf_needs.h: what a program or library says it needs to be loaded: a loader
 * and shared libraries (System V ABI, chapter 5).
 *
 * The file may be anything: each number of it is checked, each string bounded.
 */
#ifndef VMM_ELF_NEEDS_H
#define VMM_ELF_NEEDS_H

#include "vmm/compiler.h"

#define ELF_NEEDS_MAX_LIBRARIES 256
#define ELF_NEEDS_MAX_STRING    4096 /* bytes, with the final NUL */

struct elf_needs {
    unsigned machine;  /* EM_* */
    char *interpreter; /* the loader's path; NULL: none */
    /* Where to look first, folders with colons between them; NULL: nowhere. */
    char *rpath, *runpath;
    char *libraries[ELF_NEEDS_MAX_LIBRARIES]; /* names, or paths */
    unsigned num_libraries;
};

/*
 * Reads `fd`, a regular file, into `needs`; elf_needs_destroy() frees what it
 * got. -ENOEXEC: no ELF file of 64 bits in little endian; -EINVAL: a broken
 * one; -errno of a read. Not logged; then there is nothing to destroy.
 */
int elf_needs_read(int fd, struct elf_needs *needs) MUST_CHECK;
void elf_needs_destroy(struct elf_needs *needs);

#endif
