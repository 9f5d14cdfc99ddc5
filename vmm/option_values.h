/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * option_values.h: numbers, sizes and addresses as people type them.
 */
#ifndef VMM_OPTION_VALUES_H
#define VMM_OPTION_VALUES_H

#include "vmm/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads the decimal digits, at least one, that `text` begins with. Returns
 * what follows them; NULL when there are none or the number is too large. */
const char *option_read_number(const char *text, uint64_t *number);

/* "512", "512M", "512MiB", "1G", ... to bytes; a bare number is MiB. False
 * when it is no size or more than 2^64 bytes. */
bool option_read_size(const char *text, uint64_t *bytes);

/* "60", "60s", "500ms", "5m" or "1h" to milliseconds, 1 to UINT32_MAX; a bare
 * number is seconds. */
bool option_read_duration(const char *text, uint32_t *ms);

/* "52:54:00:12:34:56" */
bool option_read_mac(const char *text, uint8_t mac[6]);

/* The index of `text` among the `count` words, at least two; -EINVAL with the
 * reason, such as `"of" is neither on nor off: did you mean "off"?`, in
 * `error`.
 */
int option_read_choice(const char *text, const char *const *words,
                       unsigned count, char *error,
                       size_t error_size) MUST_CHECK;

#endif
