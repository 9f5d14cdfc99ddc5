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
        ".global guest_init_begin, guest_init_end\n"
        "guest_init_begin:\n"
        ".incbin \"" GUEST_INIT "\"\n"
        "guest_init_end:\n"
        ".byte 0\n"
        ".popsection\n");
