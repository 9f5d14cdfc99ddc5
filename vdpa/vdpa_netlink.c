/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vdpa_netlink.c: the vdpa family of generic netlink, by libmnl.
 *
 * Linux include/uapi/linux/vdpa.h and genetlink.h.
 */
#include "vdpa/vdpa_netlink.h"

#include "vmm/log.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/vdpa.h>
#include <string.h>

#define BUFFER_SIZE 8192 /* libmnl's recommendation for a message */

static int find_family_id(const struct nlattr *attribute, void *data)
{
    uint16_t *family = data;

    if (mnl_attr_get_type(attribute) == CTRL_ATTR_FAMILY_ID &&
        mnl_attr_validate(attribute, MNL_TYPE_U16) >= 0)
        *family = mnl_attr_get_u16(attribute);
    return MNL_CB_OK;
}

static int take_family(const struct nlmsghdr *message, void *data)
{
    return mnl_attr_parse(message, sizeof(struct genlmsghdr), find_family_id,
                          data);
}

static struct nlmsghdr *begin(void *buffer, uint16_t family, uint8_t command,
                              uint8_t version)
{
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
    struct genlmsghdr *header;

    message->nlmsg_type = family;
    message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    message->nlmsg_seq = 1;
    header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
    header->cmd = command;
    header->version = version;
    return message;
}

/* Sends, and reads until the acknowledgement; 0 or -errno. */
static int exchange(struct mnl_socket *socket, struct nlmsghdr *message,
                    mnl_cb_t callback, void *data)
{
    unsigned port = mnl_socket_get_portid(socket);
    char buffer[BUFFER_SIZE];
    int result = 1;

    if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
        return -errno;
    while (result > 0) {
        ssize_t size = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));

        if (size < 0)
            return -errno;
        result = mnl_cb_run(buffer, (size_t)size, 1, port, callback, data);
    }
    return result < 0 ? -errno : 0;
}

static int find_family(struct mnl_socket *socket, uint16_t *family)
{
    char buffer[BUFFER_SIZE];
    struct nlmsghdr *message =
        begin(buffer, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
    int error;

    *family = 0;
    mnl_attr_put_strz(message, CTRL_ATTR_FAMILY_NAME, VDPA_GENL_NAME);
    error = exchange(socket, message, take_family, family);
    return !error && *family == 0 ? -ENOENT : error;
}

static struct mnl_socket *open_socket(int *error)
{
    struct mnl_socket *socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);

    if (socket && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0)
        return socket;
    *error = -errno;
    if (socket)
        mnl_socket_close(socket);
    return NULL;
}

/* `parent` is NULL for commands without one. */
static int send_command(uint8_t command, const char *name, const char *parent)
{
    char buffer[BUFFER_SIZE];
    struct nlmsghdr *message;
    uint16_t family;
    int error;
    struct mnl_socket *socket = open_socket(&error);

    if (!socket)
        return error;
    error = find_family(socket, &family);
    if (!error) {
        message = begin(buffer, family, command, VDPA_GENL_VERSION);
        mnl_attr_put_strz(message, VDPA_ATTR_DEV_NAME, name);
        if (parent)
            mnl_attr_put_strz(message, VDPA_ATTR_MGMTDEV_DEV_NAME, parent);
        error = exchange(socket, message, NULL, NULL);
    }
    mnl_socket_close(socket);
    return error;
}

static const char *remedy_of(int error)
{
    switch (error) {
    case -EPERM:
        return ": needs CAP_NET_ADMIN: run it as root";
    case -ENOENT:
        return ": load the module: modprobe vdpa";
    case -EEXIST:
        return ": that name is on the vdpa bus already: see 'vdpa dev show'";
    default:
        return "";
    }
}

int vdpa_netlink_add(const char *name, const char *parent)
{
    int error = send_command(VDPA_CMD_DEV_NEW, name, parent);

    if (error)
        log_error("%s: adding it to the vdpa bus: %s%s", name, strerror(-error),
                  remedy_of(error));
    return error;
}

int vdpa_netlink_remove(const char *name)
{
    int error = send_command(VDPA_CMD_DEV_DEL, name, NULL);

    if (error && error != -ENODEV)
        log_error("%s: taking it from the vdpa bus: %s%s", name,
                  strerror(-error), remedy_of(error));
    return error;
}
