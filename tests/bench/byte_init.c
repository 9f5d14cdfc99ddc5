/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * byte_init.c: the least that can be the first process of a guest: writes the
 * byte that first_byte waits for and powers off. x86-64, without a library.
 */
#include <linux/reboot.h>
#include <stddef.h>
#include <sys/syscall.h>

static long call(long number, long a, const void *b, long c)
{
    __asm__ volatile("syscall"
                     : "+a"(number)
                     : "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return number;
}

_Noreturn void _start(void);

void _start(void)
{
    (void)call(SYS_write, 1, "@\n", 2);
    (void)call(SYS_reboot, (long)LINUX_REBOOT_MAGIC1,
               (const void *)LINUX_REBOOT_MAGIC2,
               (long)LINUX_REBOOT_CMD_POWER_OFF);
    for (;;)
        (void)call(SYS_pause, 0, NULL, 0);
}
