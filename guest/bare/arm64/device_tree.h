/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * device_tree.h: reads the device tree; Devicetree Specification 0.4, 5.
 */
#ifndef GUEST_BARE_ARM64_DEVICE_TREE_H
#define GUEST_BARE_ARM64_DEVICE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* At the start, before anything is asked for. */
void device_tree_use(const void *blob);

/* Property `name` of the `index`th child of the root whose name begins with
 * `node`; NULL where there is none. */
const void *device_tree_find(const char *node, unsigned index, const char *name,
                             uint32_t *size);

/* A number of one or two cells. */
uint64_t device_tree_number(const void *cells, unsigned count);

#endif
