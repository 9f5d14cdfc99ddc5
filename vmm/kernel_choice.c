/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_choice.c: which file is the kernel that was asked for.
 */
#include "vmm/kernel_choice.h"

#include "vmm/arch.h"
#include "vmm/log.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define INSTALLED_PREFIX "vmlinuz-"

void kernel_places_init(struct kernel_places *places)
{
    struct utsname name;

    *places = (struct kernel_places){
        .here = ".", .boot = "/boot", .modules = "/lib/modules"};
    if (uname(&name) == 0)
        snprintf(places->running, sizeof(places->running), "%s", name.release);
}

/* True when the path has room. */
static bool join(char path[KERNEL_CHOICE_MAX_PATH], const char *folder,
                 const char *name)
{
    int length = snprintf(path, KERNEL_CHOICE_MAX_PATH, "%s/%s", folder, name);

    return length > 0 && length < KERNEL_CHOICE_MAX_PATH;
}

static bool is_there(char path[KERNEL_CHOICE_MAX_PATH], const char *folder,
                     const char *name)
{
    return join(path, folder, name) && access(path, F_OK) == 0;
}

/* ---- A tree ---- */

/* Of the sources, or a folder that "make O=" was given. */
static bool is_tree(const char *folder)
{
    char path[KERNEL_CHOICE_MAX_PATH];

    return is_there(path, folder, arch_machine_layout()->tree_part) ||
           is_there(path, folder, "include/config/auto.conf");
}

static bool find_in_tree(const char *folder, char path[KERNEL_CHOICE_MAX_PATH])
{
    return is_there(path, folder, arch_machine_layout()->tree_image) ||
           (is_tree(folder) && is_there(path, folder, "vmlinux"));
}

static int choose_in_folder(const char *folder,
                            char path[KERNEL_CHOICE_MAX_PATH])
{
    if (find_in_tree(folder, path))
        return 0;
    if (is_tree(folder))
        log_error("kernel %s: a kernel tree that is not built: it has no %s: "
                  "build it with make, or give the folder that it is built in",
                  folder, arch_machine_layout()->tree_image);
    else
        log_error("kernel %s: a folder, but no kernel tree: give a kernel, or "
                  "the folder that one is built in",
                  folder);
    return -ENOENT;
}

/* ---- An installed one ---- */

static bool find_version(const struct kernel_places *places,
                         const char *version, char path[KERNEL_CHOICE_MAX_PATH])
{
    char name[sizeof(INSTALLED_PREFIX) + KERNEL_VERSION_SIZE + 8];
    int length;

    if (version[0] == '\0' || strlen(version) >= KERNEL_VERSION_SIZE)
        return false;
    length = snprintf(name, sizeof(name), INSTALLED_PREFIX "%s", version);
    if (length > 0 && is_there(path, places->boot, name))
        return true;
    /* Some distributions keep it beside its modules. */
    snprintf(name, sizeof(name), "%s/vmlinuz", version);
    return is_there(path, places->modules, name);
}

/* Does the name of an installed kernel begin so? Not 6.12 with 6.1. */
static bool begins_so(const char *name, const char *start)
{
    const size_t prefix = strlen(INSTALLED_PREFIX), length = strlen(start);

    if (strncmp(name, INSTALLED_PREFIX, prefix) != 0 ||
        strncmp(name + prefix, start, length) != 0)
        return false;
    return !isdigit((unsigned char)start[length - 1]) ||
           !isdigit((unsigned char)name[prefix + length]);
}

/* How many there are; `names` gets their versions, as far as there is room. */
static unsigned find_start(const struct kernel_places *places,
                           const char *start, char path[KERNEL_CHOICE_MAX_PATH],
                           char *names, size_t size)
{
    struct dirent **entries;
    int count = scandir(places->boot, &entries, NULL, alphasort);
    unsigned found = 0;
    size_t used = 0;

    names[0] = '\0';
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;

        if (begins_so(name, start) && join(path, places->boot, name)) {
            if (used < size)
                used += (size_t)snprintf(names + used, size - used, "%s%s",
                                         found == 0 ? "" : ", ",
                                         name + strlen(INSTALLED_PREFIX));
            found++;
        }
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return found;
}

static int choose_version(const struct kernel_places *places,
                          const char *version,
                          char path[KERNEL_CHOICE_MAX_PATH])
{
    char names[256];
    unsigned found;

    if (find_version(places, version, path))
        return 0;
    found = find_start(places, version, path, names, sizeof(names));
    if (found == 1)
        return 0;
    if (found == 0) {
        log_error("kernel %s: no file, and no kernel of %s begins so: give a "
                  "file, or the version of a kernel there",
                  version, places->boot);
        return -ENOENT;
    }
    log_error("kernel %s: %u kernels of %s begin so: give more of one: %s",
              version, found, places->boot, names);
    return -ENOTUNIQ;
}

/* ---- What was asked for ---- */

static int choose_without_asking(const struct kernel_places *places,
                                 char path[KERNEL_CHOICE_MAX_PATH])
{
    if (find_in_tree(places->here, path))
        return 0;
    /* Another kernel would not be what was meant. */
    if (is_tree(places->here))
        return choose_in_folder(places->here, path);
    if (find_version(places, places->running, path))
        return 0;
    log_error("no kernel: this is no folder that one is built in, and the "
              "running one is not at %s/" INSTALLED_PREFIX "%s: give one with "
              "--kernel",
              places->boot, places->running);
    return -ENOENT;
}

static int choose(const struct kernel_places *places, const char *asked,
                  char path[KERNEL_CHOICE_MAX_PATH])
{
    struct stat status;

    if (asked == NULL)
        return choose_without_asking(places, path);
    if (stat(asked, &status) == 0) {
        if (S_ISDIR(status.st_mode))
            return choose_in_folder(asked, path);
    } else if (errno == ENOENT && isdigit((unsigned char)asked[0]) &&
               strchr(asked, '/') == NULL)
        return choose_version(places, asked, path);
    if (strlen(asked) >= KERNEL_CHOICE_MAX_PATH) {
        log_error("kernel: its path is longer than %d bytes: give a shorter "
                  "one with --kernel",
                  KERNEL_CHOICE_MAX_PATH - 1);
        return -ENAMETOOLONG;
    }
    snprintf(path, KERNEL_CHOICE_MAX_PATH, "%s", asked);
    return 0;
}

int kernel_choose(const struct kernel_places *places, const char *asked,
                  char path[KERNEL_CHOICE_MAX_PATH])
{
    int error = choose(places, asked, path);

    if (!error && (asked == NULL || strcmp(asked, path) != 0))
        log_info("kernel %s", path);
    return error;
}

/* ---- Its modules ---- */

/* modules.order is there before depmod has run, and in a tree. */
static bool has_modules(const char *folder)
{
    char path[KERNEL_CHOICE_MAX_PATH];

    return is_there(path, folder, "modules.dep") ||
           is_there(path, folder, "modules.order");
}

static bool try_modules(char path[KERNEL_CHOICE_MAX_PATH], const char *folder,
                        const char *rest)
{
    int length = snprintf(path, KERNEL_CHOICE_MAX_PATH, "%s%s", folder, rest);

    return length > 0 && length < KERNEL_CHOICE_MAX_PATH && has_modules(path);
}

static int choose_asked_modules(const char *asked, const char *version,
                                char path[KERNEL_CHOICE_MAX_PATH])
{
    char below[sizeof("/lib/modules/") + KERNEL_VERSION_SIZE];

    if (try_modules(path, asked, ""))
        return 0;
    snprintf(below, sizeof(below), "/lib/modules/%s", version);
    if (version[0] != '\0' &&
        (try_modules(path, asked, below + strlen("/lib/modules")) ||
         try_modules(path, asked, below)))
        return 0;
    log_error("modules %s: no modules.dep and no modules.order in it%s%s: give "
              "the kernel's folder below /lib/modules, or the one it was built "
              "in, with --modules",
              asked, version[0] ? ", nor in lib/modules/" : "", version);
    return -ENOENT;
}

/* Whole names of folders, that is. */
static bool ends_with_path(const char *path, const char *end)
{
    size_t length = strlen(path), end_length = strlen(end);

    return length >= end_length &&
           strcmp(path + length - end_length, end) == 0 &&
           (length == end_length || path[length - end_length - 1] == '/');
}

/* TREE of TREE/arch/x86/boot/bzImage and of TREE/vmlinux; and the folder of a
 * vmlinuz that lies among its modules. Not that of any kernel: one may stand in
 * the tree of another. */
static bool find_own_folder(const char *kernel,
                            char folder[KERNEL_CHOICE_MAX_PATH])
{
    const char *slash = strrchr(kernel, '/');
    const char *name = slash ? slash + 1 : kernel;
    const char *image = arch_machine_layout()->tree_image;
    size_t length = strlen(kernel);

    if (ends_with_path(kernel, image))
        length -= strlen(image);
    else if (strcmp(name, "vmlinux") == 0 || strcmp(name, "vmlinuz") == 0)
        length -= strlen(name);
    else
        return false;
    if (length >= KERNEL_CHOICE_MAX_PATH - 1)
        return false;
    /* With the slash; a relative path may have none. */
    snprintf(folder, KERNEL_CHOICE_MAX_PATH, "%.*s%s", (int)length, kernel,
             length == 0 ? "./" : "");
    return true;
}

/* Beside its folder, as below the root: boot/vmlinuz-V, lib/modules/V. */
static bool find_beside(const char *kernel, const char *version,
                        char path[KERNEL_CHOICE_MAX_PATH])
{
    const char *slash = strrchr(kernel, '/');
    char folder[KERNEL_CHOICE_MAX_PATH];

    if (slash == NULL)
        return try_modules(path, "../lib/modules/", version);
    snprintf(folder, sizeof(folder), "%.*s/../lib/modules/",
             (int)(slash - kernel), kernel);
    return try_modules(path, folder, version);
}

int kernel_choose_modules(const struct kernel_places *places, const char *asked,
                          const char *kernel, const char *version,
                          char path[KERNEL_CHOICE_MAX_PATH])
{
    char folder[KERNEL_CHOICE_MAX_PATH];

    if (asked != NULL)
        return choose_asked_modules(asked, version, path);
    if (find_own_folder(kernel, folder) && try_modules(path, folder, ""))
        return 0;
    if (version[0] != '\0' &&
        (find_beside(kernel, version, path) ||
         (join(path, places->modules, version) && has_modules(path))))
        return 0;
    path[0] = '\0';
    return 0;
}
