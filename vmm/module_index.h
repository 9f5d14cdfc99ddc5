/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * module_index.h: what a folder of kernel modules lists, and what a module says
 * of itself.
 */
#ifndef VMM_MODULE_INDEX_H
#define VMM_MODULE_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#define MODULE_MAX_NAME 56  /* bytes with the final NUL, as in the kernel */
#define MODULE_MAX_PATH 512 /* the same, of a path in a list */

/* Takes a module's name over, with "_" for each "-", as the kernel has it.
 * False when it is no name. */
bool module_name_take(char name[MODULE_MAX_NAME], const char *text,
                      size_t length);

/*
 * Finds module `name`, which module_name_take() made, in the text of
 * modules.dep, modules.order or modules.builtin: lines with a path each, up to
 * a ":". Writes its path; of a .o, the .ko.
 */
bool module_index_find(const char *text, size_t size, const char *name,
                       char path[MODULE_MAX_PATH]);

/* Finds the modules, by names with "," between, that the one with these bytes
 * needs: what modinfo calls "depends". False when it says nothing. */
bool module_find_needs(const char *bytes, size_t size, const char **needs,
                       size_t *length);

#endif
