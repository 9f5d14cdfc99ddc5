/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_reset.c: a reset starts the guest again, with RAM as it was and the
 * image as new.
 */
#include "guest/bare/guest.h"
#include "guest/bare/platform.h"

#include <machine.h>

#define MARK 0x5265736574546564ULL

static volatile uint32_t in_data = 1, in_bss;

void run_case(void)
{
    check(in_data == 1 && in_bss == 0, "the image is as it was built");
    if (mmio_read64(FREE_RAM_GPA) == MARK) {
        check(true, "RAM keeps its contents over a reset");
        return;
    }
    mmio_write64(FREE_RAM_GPA, MARK);
    in_data = in_bss = 2;
    platform_try_reset();
    platform_reset();
    check(false, "a reset resets");
}
