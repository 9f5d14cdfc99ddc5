/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest_init.h: the guest's first process (guest/init), a static program, as
 * bytes of ours.
 */
#ifndef VMM_GUEST_INIT_H
#define VMM_GUEST_INIT_H

#include <stddef.h>
#include <stdint.h>

extern const uint8_t guest_init_bytes[];
extern const size_t guest_init_size;

#endif
