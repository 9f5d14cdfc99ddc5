/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest_init.h: the guest's first process (guest/init), a static program, as
 * bytes of ours.
 */
#ifndef VMM_GUEST_INIT_H
#define VMM_GUEST_INIT_H

#include <stdint.h>

extern const uint8_t guest_init_begin[], guest_init_end[];

#endif
