/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * emulator.c: tests of another architecture, which qemu-user runs.
 */
#include "tests/support/emulator.h"

#include "tests/support/check_main.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* It refuses requests that it does not know before any file is asked; a real
 * kernel says ENOTTY. */
static bool is_emulated(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    bool refused;

    if (fd < 0)
        return false;
    refused = ioctl(fd, KVM_GET_API_VERSION, 0) < 0 && errno == ENOSYS;
    close(fd);
    return refused;
}

bool emulator_lacks(const char *what)
{
    if (!is_emulated())
        return false;
    skip_test("qemu-user has no %s", what);
    return true;
}
