/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tap_interface.c: finding, making and watching a tap interface.
 */
#include "vdpa/tap_interface.h"

#include "vdpa/frame_port.h"
#include "vmm/fd.h"
#include "vmm/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define DEVICE "/dev/net/tun"

/* Newer than Debian 12's headers (Linux 6.2). */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

static const struct {
    unsigned offload, tun;
} offload_names[] = {
    {FRAME_OFFLOAD_CHECKSUM, TUN_F_CSUM},
    {FRAME_OFFLOAD_TSO4, TUN_F_TSO4},
    {FRAME_OFFLOAD_TSO6, TUN_F_TSO6},
    {FRAME_OFFLOAD_ECN, TUN_F_TSO_ECN},
    {FRAME_OFFLOAD_USO, TUN_F_USO4 | TUN_F_USO6},
};

/* ---- Opening ---- */

static void log_remedy(const struct tap_interface *interface,
                       const char *problem)
{
    log_error("%s: %s: %s: ip tuntap add dev %s mode tap user $USER && "
              "ip link set dev %s up",
              interface->owner, interface->name, problem, interface->name,
              interface->name);
}

static int open_device(struct tap_interface *interface)
{
    int error;

    interface->fd = open(DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (interface->fd >= 0)
        return 0;
    error = -errno;
    log_error("%s: opening " DEVICE ": %s%s", interface->owner,
              strerror(-error),
              error == -ENOENT || error == -ENODEV ? ": modprobe tun" : "");
    return error;
}

/* The kernel refused the name. */
static int explain(const struct tap_interface *interface, int error,
                   bool exists)
{
    switch (error) {
    case -EPERM:
        log_remedy(interface, exists ? "it is not yours; as root, make one "
                                       "that is"
                                     : "only root may make it");
        break;
    case -EBUSY:
        log_error("%s: %s is in use by another program", interface->owner,
                  interface->name);
        break;
    case -EINVAL:
        log_error("%s: %s is no tap interface: give one, or a new name",
                  interface->owner, interface->name);
        break;
    default:
        log_error("%s: %s: TUNSETIFF: %s", interface->owner, interface->name,
                  strerror(-error));
        break;
    }
    return error;
}

/* 0 or -errno; not logged. */
static int attach_with(const struct tap_interface *interface, int flags)
{
    struct ifreq request = {.ifr_flags = (short)flags};

    memcpy(request.ifr_name, interface->name, IFNAMSIZ);
    return ioctl(interface->fd, TUNSETIFF, &request) < 0 ? -errno : 0;
}

static int attach(struct tap_interface *interface, bool create)
{
    const int flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    bool exists = if_nametoindex(interface->name) != 0;
    int error;

    if (!exists && !create) {
        log_remedy(interface, "there is no such interface; as root");
        return -ENODEV;
    }
    error = attach_with(interface, flags);
    /* One with several queues is to be asked for as such. */
    if (error == -EINVAL && exists)
        error = attach_with(interface, flags | IFF_MULTI_QUEUE);
    if (error)
        return explain(interface, error, exists);
    interface->is_ours = !exists;
    return 0;
}

/* The form in which frames and their headers come. -errno, logged. */
static int set_format(const struct tap_interface *interface)
{
    int size = sizeof(struct virtio_net_hdr), error;

    if (ioctl(interface->fd, TUNSETVNETHDRSZ, &size) == 0)
        return 0;
    error = -errno;
    log_error("%s: %s: TUNSETVNETHDRSZ: %s", interface->owner, interface->name,
              strerror(-error));
    return error;
}

/* Its messages only say that it is time to look. -errno, logged. */
static int watch_links(struct tap_interface *interface)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK,
                                        .nl_groups = RTMGRP_LINK};
    int error;

    interface->query_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    interface->link_fd = socket(
        AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (interface->query_fd >= 0 && interface->link_fd >= 0 &&
        bind(interface->link_fd, (const struct sockaddr *)&address,
             sizeof(address)) == 0)
        return 0;
    error = -errno;
    log_error("%s: %s: watching its link: %s", interface->owner,
              interface->name, strerror(-error));
    return error;
}

int tap_interface_open(struct tap_interface *interface, const char *owner,
                       const char *name, bool create)
{
    int error;

    *interface = (struct tap_interface){
        .fd = -1, .link_fd = -1, .query_fd = -1, .owner = owner};
    if (name[0] == '\0' || strlen(name) >= IFNAMSIZ || strchr(name, '/')) {
        log_error("%s: \"%s\" is no name of an interface", owner, name);
        return -EINVAL;
    }
    (void)snprintf(interface->name, sizeof(interface->name), "%s", name);
    error = open_device(interface);
    if (!error)
        error = attach(interface, create);
    if (!error)
        error = set_format(interface);
    return error ? error : watch_links(interface);
}

int tap_interface_take(struct tap_interface *interface, const char *owner,
                       int fd)
{
    const int needed = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    struct ifreq request = {.ifr_flags = 0};
    int flags = fcntl(fd, F_GETFL);

    *interface = (struct tap_interface){
        .fd = fd, .link_fd = -1, .query_fd = -1, .owner = owner};
    if (flags < 0 || ioctl(fd, TUNGETIFF, &request) < 0) {
        log_error("%s: descriptor %d is no tap interface: %s", owner, fd,
                  strerror(errno));
        return -EINVAL;
    }
    memcpy(interface->name, request.ifr_name, IFNAMSIZ - 1);
    if ((request.ifr_flags & needed) != needed) {
        log_error("%s: descriptor %d: %s needs IFF_TAP, IFF_NO_PI and "
                  "IFF_VNET_HDR",
                  owner, fd, interface->name);
        return -EINVAL;
    }
    if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
        int error = -errno;

        log_error("%s: descriptor %d: fcntl: %s", owner, fd, strerror(-error));
        return error;
    }
    return set_format(interface);
}

void tap_interface_close(struct tap_interface *interface)
{
    close_fd(&interface->fd);
    close_fd(&interface->link_fd);
    close_fd(&interface->query_fd);
}

/* ---- Properties ---- */

/* The interface may be renamed: the tap knows its name. False when it is
 * gone. */
static bool query(const struct tap_interface *interface, unsigned long call,
                  struct ifreq *request)
{
    return ioctl(interface->fd, TUNGETIFF, request) == 0 &&
           ioctl(interface->query_fd, call, request) == 0;
}

bool tap_interface_is_up(const struct tap_interface *interface)
{
    struct ifreq request;

    if (interface->query_fd < 0)
        return true;
    return query(interface, SIOCGIFFLAGS, &request) &&
           request.ifr_flags & IFF_UP;
}

void tap_interface_take_changes(struct tap_interface *interface)
{
    char message[4096];

    /* ENOBUFS says that some were lost: all the same. */
    while (recv(interface->link_fd, message, sizeof(message), 0) > 0 ||
           errno == ENOBUFS)
        ;
}

static int set_up(const struct tap_interface *interface, uint16_t mtu)
{
    struct ifreq request;
    const char *call = "SIOCSIFMTU";
    int error;

    memcpy(request.ifr_name, interface->name, IFNAMSIZ);
    request.ifr_mtu = mtu;
    if (ioctl(interface->query_fd, SIOCSIFMTU, &request) < 0)
        goto fail;
    call = "SIOCGIFFLAGS";
    if (ioctl(interface->query_fd, SIOCGIFFLAGS, &request) < 0)
        goto fail;
    call = "SIOCSIFFLAGS";
    request.ifr_flags |= IFF_UP;
    if (ioctl(interface->query_fd, SIOCSIFFLAGS, &request) < 0)
        goto fail;
    return 0;

fail:
    error = -errno;
    log_error("%s: %s: %s: %s", interface->owner, interface->name, call,
              strerror(-error));
    return error;
}

int tap_interface_set_mtu(struct tap_interface *interface, uint16_t mtu)
{
    struct ifreq request;

    if (interface->is_ours)
        return set_up(interface, mtu);
    if (interface->query_fd >= 0 && query(interface, SIOCGIFMTU, &request) &&
        request.ifr_mtu > mtu)
        log_warning("%s: %s has an MTU of %d, the guest of %u: it loses what "
                    "is longer",
                    interface->owner, interface->name, request.ifr_mtu, mtu);
    return 0;
}

bool tap_interface_set_offloads(const struct tap_interface *interface,
                                unsigned offloads)
{
    unsigned long flags = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(offload_names); i++)
        if (offloads & offload_names[i].offload)
            flags |= offload_names[i].tun;
    return ioctl(interface->fd, TUNSETOFFLOAD, flags) == 0;
}
