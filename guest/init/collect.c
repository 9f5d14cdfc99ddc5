/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * collect.c: sends the host the files that it wants to have, in the records of
 * vmm/collect_input.h.
 */
#include "guest/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_SIZE 8
#define MAX_PAYLOAD 65536
#define MAX_FILES   16 /* that the walk has open */

/* nftw() has no argument for its function. */
static int port;
static unsigned item;
static size_t root_length; /* of the path of the item itself */
static uint8_t record[HEADER_SIZE + MAX_PAYLOAD];

/* The payload is in `record` already. */
static void send_record(char type, unsigned mode, size_t size)
{
    record[0] = (uint8_t)type;
    record[1] = (uint8_t)item;
    record[2] = (uint8_t)mode;
    record[3] = (uint8_t)(mode >> 8);
    for (unsigned i = 0; i < 4; i++)
        record[4 + i] = (uint8_t)(size >> (8 * i));
    write_all(port, (const char *)record, HEADER_SIZE + size);
}

static void send_name(char type, unsigned mode, const char *name)
{
    size_t size = strnlen(name, MAX_PAYLOAD);

    memcpy(record + HEADER_SIZE, name, size);
    send_record(type, mode, size);
}

static void send_link(const char *path, const char *name)
{
    size_t length = strlen(name);
    char *target = (char *)record + HEADER_SIZE + length + 1;
    ssize_t size = readlink(path, target, PATH_MAX);

    if (size < 0) {
        send_name('x', (unsigned)errno, name);
        return;
    }
    memcpy(record + HEADER_SIZE, name, length + 1);
    send_record('l', 0, length + 1 + (size_t)size);
}

/* Whatever size it has: those of debugfs, for instance, say 0. */
static void send_file(const char *path, const char *name, mode_t mode)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t size = -1;

    if (fd >= 0)
        send_name('f', mode & 07777, name);
    while (fd >= 0 && (size = read(fd, record + HEADER_SIZE, MAX_PAYLOAD)) > 0)
        send_record('b', 0, (size_t)size);
    if (size < 0)
        send_name('x', (unsigned)errno, name);
    if (fd >= 0)
        close(fd);
}

static int send_entry(const char *path, const struct stat *status, int type,
                      struct FTW *where)
{
    const char *name = path + root_length;

    (void)where;
    name += strspn(name, "/");
    if (type == FTW_D)
        send_name('d', status->st_mode & 07777, name);
    else if (type == FTW_DNR || type == FTW_NS)
        send_name('x', EACCES, name);
    else if (type == FTW_SL)
        send_link(path, name);
    else if (S_ISREG(status->st_mode))
        send_file(path, name, status->st_mode);
    else if (*name == '\0') /* of the others, those below are left out */
        send_name('x', EINVAL, name);
    return 0;
}

static void send_item(const char *path)
{
    char real[PATH_MAX];

    if (!realpath(path, real)) {
        send_name('x', (unsigned)errno, "");
    } else {
        root_length = strlen(real);
        if (nftw(real, send_entry, MAX_FILES, FTW_PHYS) != 0)
            send_name('x', (unsigned)errno, "");
    }
    send_record('e', 0, 0);
}

void collect_files(const struct config *config, const struct ports *ports)
{
    port = ports->files;
    for (item = 0; config->collects[item]; item++)
        send_item(config->collects[item]);
}
