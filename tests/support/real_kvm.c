/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * real_kvm.c: does this machine have KVM for the tests that need it?
 */
#include "tests/support/real_kvm.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool real_kvm_is_there(void)
{
    int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    bool answers;

    if (fd < 0)
        return false;
    /* qemu-user opens the host's, but passes no request on. */
    answers = ioctl(fd, KVM_GET_API_VERSION, 0) == KVM_API_VERSION;
    close(fd);
    return answers;
}
