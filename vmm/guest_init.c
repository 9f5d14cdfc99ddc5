/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest_init.c: the guest's first process, as the build made it.
 */
#include "vmm/guest_init.h"

/* No #embed before C23. GUEST_INIT is the path of the program; tools that only
 * look at the source have none. */
#ifndef GUEST_INIT
#define GUEST_INIT "/dev/null"
#endif

__asm__(".pushsection .rodata\n"
        ".global guest_init_bytes, guest_init_size\n"
        "guest_init_bytes:\n"
        ".incbin \"" GUEST_INIT "\"\n"
        "0:\n"
        ".balign 8\n"
        "guest_init_size:\n"
        ".quad 0b - guest_init_bytes\n"
        ".popsection\n");

_Static_assert(sizeof(size_t) == 8, "the size is a .quad");
