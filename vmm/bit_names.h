/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bit_names.h: sets of bits as words, "ACKNOWLEDGE|DRIVER", and back. Pure.
 *
 * A set without bits is "0", a bit without a name "bitN".
 */
#ifndef VMM_BIT_NAMES_H
#define VMM_BIT_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Enough for 64 names. Bytes. */
#define BIT_NAMES_SIZE 1280

/* The name of a bit for devices of type `device_id` (VIRTIO_ID_*), or NULL.
 * feature_names_get() is one too. */
typedef const char *bit_name(uint32_t device_id, unsigned bit);

/* Of the device status field (virtio 1.2, 2.1), as the headers spell them. */
const char *bit_names_status(uint32_t device_id, unsigned bit);
/* VHOST_BACKEND_F_*, in lower case. */
const char *bit_names_backend(uint32_t device_id, unsigned bit);

void bit_names_print(bit_name *name, uint32_t device_id, uint64_t bits,
                     char text[BIT_NAMES_SIZE]);
/* False where a word is neither a name of a device of type `device_id` nor
 * "bitN". */
bool bit_names_parse(bit_name *name, uint32_t device_id, const char *text,
                     uint64_t *bits);

#endif
