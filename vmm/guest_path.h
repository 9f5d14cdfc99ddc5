/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest_path.h: paths of files that are yet to be in a guest: names alone,
 * no file system is asked.
 */
#ifndef VMM_GUEST_PATH_H
#define VMM_GUEST_PATH_H

#include <stddef.h>

/* `path` as it is from `folder`, NULL for "/": absolute, and without "." and
 * ".." and doubled slashes. To be freed; NULL without memory. */
char *guest_path_from(const char *folder, const char *path);

/* The length of the folder that `path`, an absolute one, is in: of
 * "/usr/bin/env" that of "/usr/bin"; 0 in "/". */
size_t guest_path_folder_length(const char *path);

#endif
