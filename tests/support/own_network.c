/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * own_network.c: a network namespace for the running test.
 */
#include "tests/support/own_network.h"

#include "tests/support/check_main.h"
#include "vmm/fd.h"

#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

bool own_network_enter(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd;

    if (unshare(CLONE_NEWNET) != 0) {
        skip_test("a network of its own: %s: run the tests as root",
                  strerror(errno));
        return false;
    }
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &request), 0);
    close_fd(&fd);
    return true;
}
