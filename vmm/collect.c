/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * collect.c: writes the files that a guest sends back.
 *
 * The guest chooses the names, so that each part of one is opened by itself, a
 * link never followed, and each file is a new one. Only what the user named may
 * be a link, or there before.
 */
#include "vmm/collect.h"

#include "vmm/fd.h"
#include "vmm/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FAILURES 10 /* lines about an item, however many there are */
#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#define FILE_FLAGS   (O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

static void fail(struct collect_item *item, const char *name, const char *why)
{
    /* One line is enough, but for what the guest could not read. */
    if (!item->has_failed)
        log_error("--collect %s: %s%s%s", item->option, name,
                  name[0] ? ": " : "", why);
    item->has_failed = true;
    close_fd(&item->file);
}

/* ---- Before the guest runs ---- */

static int refuse(const char *option, const char *path, int error)
{
    log_error("--collect %s: %s: %s: give a place in a folder that is there "
              "and can be written",
              option, path, strerror(-error));
    return error;
}

/* Whether `path` can become what the guest sends: it may be there. */
static int check_place(const struct collect_item *item)
{
    struct stat status;

    if (fstatat(item->parent, item->name, &status, 0) == 0)
        return faccessat(item->parent, item->name, W_OK, AT_EACCESS);
    return faccessat(item->parent, ".", W_OK | X_OK, AT_EACCESS);
}

/* Splits the path into a folder, which is opened, and a name in it. */
static int open_item(struct collect_item *item, const char *path)
{
    size_t length = strlen(path);
    char *copy, *slash;
    int error = 0;

    while (length > 1 && path[length - 1] == '/')
        length--;
    copy = strndup(path, length);
    if (!copy)
        return refuse(item->option, path, -ENOMEM);
    slash = strrchr(copy, '/');
    item->name = strdup(slash && slash[1] ? slash + 1 : slash ? "." : copy);
    if (slash)
        slash[slash == copy] = '\0';
    item->parent = open(slash ? copy : ".", O_PATH | FOLDER_FLAGS);
    if (!item->name)
        errno = ENOMEM;
    if (item->parent < 0 || !item->name || check_place(item) != 0)
        error = refuse(item->option, path, -errno);
    free(copy);
    return error;
}

/* ---- One record of the guest ---- */

/* The folder that `name` is in, for close(), and where the last part of it
 * begins; -1 with errno. */
static int open_folder_of(int folder, const char *name, const char **last)
{
    char part[COLLECT_MAX_PART + 1];
    int fd = dup(folder);

    while (fd >= 0) {
        size_t length = strcspn(name, "/");
        int next;

        if (name[length] == '\0')
            break;
        memcpy(part, name, length);
        part[length] = '\0';
        next = openat(fd, part, FOLDER_FLAGS | O_NOFOLLOW);
        close_fd(&fd);
        fd = next;
        name += length + 1;
    }
    *last = name;
    return fd;
}

/* What is in the way, unless it is a folder. */
static void remove_old(int folder, const char *name)
{
    (void)unlinkat(folder, name, 0);
}

static int make_folder(int parent, const char *name, unsigned mode)
{
    struct stat status;

    /* Whose files are ours to write. */
    if (mkdirat(parent, name, (mode & 0777) | 0700) == 0)
        return 0;
    if (errno != EEXIST ||
        fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return -1;
    if (S_ISDIR(status.st_mode))
        return 0;
    errno = ENOTDIR;
    return -1;
}

/* 0, or -1 with errno. */
static int make_entry(struct collect_item *item,
                      const struct collect_record *record)
{
    const char *name;
    int parent = open_folder_of(item->folder, record->name, &name), result;

    if (parent < 0)
        return -1;
    if (record->type == COLLECT_FOLDER) {
        result = make_folder(parent, name, record->mode);
    } else {
        remove_old(parent, name);
        if (record->type == COLLECT_LINK)
            result = symlinkat(record->target, parent, name);
        else
            result = item->file =
                openat(parent, name, FILE_FLAGS | O_EXCL | O_NOFOLLOW,
                       record->mode & 0777);
    }
    close_fd(&parent);
    return result < 0 ? -1 : 0;
}

/* The name in GUESTPATH, for a file that goes into a folder; to be freed. */
static char *guest_name(const struct collect_item *item)
{
    const char *end = strchr(item->option, ':'), *begin;

    while (end > item->option && end[-1] == '/')
        end--;
    for (begin = end; begin > item->option && begin[-1] != '/'; begin--)
        ;
    return strndup(begin, (size_t)(end - begin));
}

static int begin_file(struct collect_item *item, unsigned mode)
{
    int folder = openat(item->parent, item->name, O_PATH | FOLDER_FLAGS);
    char *name = folder >= 0 ? guest_name(item) : NULL;

    if (folder >= 0 && name) {
        remove_old(folder, name);
        item->file =
            openat(folder, name, FILE_FLAGS | O_EXCL | O_NOFOLLOW, mode & 0777);
    } else {
        item->file =
            openat(item->parent, item->name, FILE_FLAGS | O_TRUNC, mode & 0777);
    }
    free(name);
    close_fd(&folder);
    return item->file < 0 ? -1 : 0;
}

static int begin_folder(struct collect_item *item, unsigned mode)
{
    if (mkdirat(item->parent, item->name, (mode & 0777) | 0700) != 0 &&
        errno != EEXIST)
        return -1;
    item->folder = openat(item->parent, item->name, FOLDER_FLAGS);
    return item->folder < 0 ? -1 : 0;
}

/* The first record of an item is of itself, and what the guest sends of it
 * later is below it. */
static void take_entry(struct collect_item *item,
                       const struct collect_record *record)
{
    bool is_item = record->name[0] == '\0';
    int result;

    close_fd(&item->file);
    if (is_item == item->has_begun || (!is_item && item->folder < 0) ||
        (is_item && record->type == COLLECT_LINK)) {
        fail(item, "", "the guest sends it out of order");
        return;
    }
    item->has_begun = true;
    if (!is_item)
        result = make_entry(item, record);
    else if (record->type == COLLECT_FOLDER)
        result = begin_folder(item, record->mode);
    else
        result = begin_file(item, record->mode);
    if (result != 0)
        fail(item, record->name, strerror(errno));
}

static void take_bytes(struct collect_item *item,
                       const struct collect_record *record)
{
    for (size_t done = 0; done < record->size;) {
        ssize_t written =
            write(item->file, record->bytes + done, record->size - done);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            fail(item, "", strerror(errno));
            return;
        }
        done += (size_t)written;
    }
}

static void take_failure(struct collect_item *item,
                         const struct collect_record *record)
{
    if (item->failures++ < MAX_FAILURES)
        log_error("--collect %s: %s%s%s in the guest", item->option,
                  record->name, record->name[0] ? ": " : "",
                  strerror((int)record->mode));
    item->has_failed = true;
    close_fd(&item->file);
}

static bool is_within_limits(struct collect *collect,
                             const struct collect_record *record)
{
    collect->bytes += record->size;
    collect->entries += record->type != COLLECT_BYTES;
    return collect->bytes <= COLLECT_MAX_BYTES &&
           collect->entries <= COLLECT_MAX_ENTRIES;
}

static void take(void *owner, const struct collect_record *record)
{
    struct collect *collect = owner;
    struct collect_item *item = &collect->items[record->item];

    if (!is_within_limits(collect, record)) {
        fail(item, "", "the guest sends more than a run may");
        return;
    }
    if (item->has_ended) {
        fail(item, "", "the guest sends more after its end");
        return;
    }
    if (record->type == COLLECT_END) {
        close_fd(&item->file);
        close_fd(&item->folder);
        item->has_ended = true;
    } else if (record->type == COLLECT_FAILED) {
        take_failure(item, record);
    } else if (record->type != COLLECT_BYTES) {
        take_entry(item, record);
    } else if (item->file >= 0) {
        take_bytes(item, record);
    }
}

/* ---- The whole of it ---- */

int collect_open(struct collect *collect, const struct options *options)
{
    int error = 0;

    collect->num_items = options->num_collects;
    collect->bytes = collect->entries = 0;
    for (unsigned i = 0; i < collect->num_items; i++)
        collect->items[i] =
            (struct collect_item){.option = options->collects[i],
                                  .parent = -1,
                                  .folder = -1,
                                  .file = -1};
    for (unsigned i = 0; i < collect->num_items && !error; i++)
        error = open_item(&collect->items[i],
                          strchr(options->collects[i], ':') + 1);
    collect_input_init(&collect->input, collect->num_items, take, collect);
    return error;
}

void collect_receive(struct collect *collect, const uint8_t *bytes, size_t size)
{
    collect_input_receive(&collect->input, bytes, size);
}

void collect_reset(struct collect *collect)
{
    for (unsigned i = 0; i < collect->num_items; i++) {
        struct collect_item *item = &collect->items[i];

        close_fd(&item->file);
        close_fd(&item->folder);
        item->has_begun = item->has_ended = item->has_failed = false;
    }
    collect->bytes = collect->entries = 0;
    collect_input_init(&collect->input, collect->num_items, take, collect);
}

bool collect_finish(struct collect *collect)
{
    bool is_complete = collect_input_is_complete(&collect->input);

    for (unsigned i = 0; i < collect->num_items; i++) {
        struct collect_item *item = &collect->items[i];

        if (!item->has_failed &&
            (!item->has_begun || !item->has_ended || !is_complete))
            fail(item, "", "the guest did not send it to its end");
        if (item->has_failed)
            is_complete = false;
    }
    return is_complete;
}

void collect_close(struct collect *collect)
{
    for (unsigned i = 0; i < collect->num_items; i++) {
        struct collect_item *item = &collect->items[i];

        close_fd(&item->file);
        close_fd(&item->folder);
        close_fd(&item->parent);
        free(item->name);
        item->name = NULL;
    }
}
