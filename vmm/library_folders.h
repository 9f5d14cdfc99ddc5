/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * library_folders.h: where this machine keeps its shared libraries.
 */
#ifndef VMM_LIBRARY_FOLDERS_H
#define VMM_LIBRARY_FOLDERS_H

#include <stdbool.h>
#include <stddef.h>

/* The folders of `conf`, such as /etc/ld.so.conf, and of what that includes,
 * then the usual ones, with colons between them. To be freed; NULL without
 * memory. */
char *library_folders_read(const char *conf);

/* Whether a loader looks into `folder`, `length` bytes, without being told. */
bool library_folders_is_usual(const char *folder, size_t length);

#endif
