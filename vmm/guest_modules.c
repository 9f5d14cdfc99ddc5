/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest_modules.c: the modules that a guest's kernel must load before a command
 * can run, in its initramfs.
 */
#include "vmm/guest_modules.h"

#include "vmm/bytes.h"
#include "vmm/fd.h"
#include "vmm/kernel_choice.h"
#include "vmm/kernel_unpack.h"
#include "vmm/kernel_version.h"
#include "vmm/log.h"
#include "vmm/module_index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_MODULES     256
#define MAX_LIST_SIZE   (16 * MIB)  /* Debian's modules.dep: 0.7 MiB */
#define MAX_MODULE_SIZE (512 * MIB) /* with debug information */

struct content {
    char *bytes; /* NULL: there is no such file */
    size_t size;
};

/* Names with "," between, in a module. */
struct needs {
    const char *bytes;
    size_t size;
};

struct module {
    char name[MODULE_MAX_NAME];
    struct content content;
    bool is_added;
};

struct guest_modules {
    const char *kernel, *folder; /* "": there is none */
    struct content dep, order, builtin;
    struct module modules[MAX_MODULES];
    unsigned count, num_added;
};

/* ---- Files ---- */

static int fail_file(const char *path, int error)
{
    log_error("module file %s: %s", path, strerror(-error));
    return error;
}

/* The whole of a file of up to `limit` bytes; the caller frees it. */
static int read_content(int fd, const char *path, uint64_t limit,
                        struct content *content)
{
    struct stat status;
    size_t size;

    if (fstat(fd, &status) != 0)
        return fail_file(path, -errno);
    if (!S_ISREG(status.st_mode))
        return fail_file(path, -EINVAL);
    if ((uint64_t)status.st_size > limit)
        return fail_file(path, -EFBIG);
    size = (size_t)status.st_size;
    content->bytes = malloc(size + 1);
    if (!content->bytes)
        return fail_file(path, -ENOMEM);
    while (content->size < size) {
        ssize_t got = pread(fd, content->bytes + content->size,
                            size - content->size, (off_t)content->size);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return fail_file(path, got < 0 ? -errno : -EIO);
        content->size += (size_t)got;
    }
    return 0;
}

static int read_list(const struct guest_modules *modules, const char *name,
                     struct content *list)
{
    char path[KERNEL_CHOICE_MAX_PATH + MODULE_MAX_PATH];
    int fd, error;

    snprintf(path, sizeof(path), "%s/%s", modules->folder, name);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? 0 : fail_file(path, -errno);
    error = read_content(fd, path, MAX_LIST_SIZE, list);
    close(fd);
    return error;
}

/* modules.order knows nothing of compression. */
static int open_module(const char *path)
{
    static const char *const endings[] = {"", ".xz", ".zst", ".gz"};

    for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
        char full[KERNEL_CHOICE_MAX_PATH + MODULE_MAX_PATH + 8];
        int fd;

        snprintf(full, sizeof(full), "%s%s", path, endings[i]);
        fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd >= 0 || errno != ENOENT)
            return fd;
    }
    return -1;
}

static int read_module(const char *path, struct content *content)
{
    int fd = open_module(path), error;

    if (fd < 0) {
        error = -errno;
        log_error("module %s: %s: build the kernel's modules, or install them "
                  "again",
                  path, strerror(-error));
        return error;
    }
    error = kernel_unpack(&fd, "module", path, MAX_MODULE_SIZE);
    if (!error)
        error = read_content(fd, path, MAX_MODULE_SIZE, content);
    close_fd(&fd);
    return error;
}

/* ---- Modules ---- */

static bool is_in(const struct content *list, const char *name,
                  char path[MODULE_MAX_PATH])
{
    return module_index_find(list->bytes, list->size, name, path);
}

static struct module *find_taken(struct guest_modules *modules,
                                 const char *name)
{
    for (unsigned i = 0; i < modules->count; i++)
        if (strcmp(modules->modules[i].name, name) == 0)
            return &modules->modules[i];
    return NULL;
}

/* `path` as a list has it. */
static int take_module(struct guest_modules *modules, const char *name,
                       const char *path)
{
    char full[KERNEL_CHOICE_MAX_PATH + MODULE_MAX_PATH];
    bool is_absolute = path[0] == '/';
    struct module *module;

    if (find_taken(modules, name))
        return 0;
    snprintf(full, sizeof(full), "%s%s%s", is_absolute ? "" : modules->folder,
             is_absolute ? "" : "/", path);
    if (modules->count == MAX_MODULES) {
        log_error("module %s: with it there are more than %d: ask for fewer",
                  full, MAX_MODULES);
        return -E2BIG;
    }
    module = &modules->modules[modules->count++];
    *module = (struct module){.is_added = false};
    snprintf(module->name, sizeof(module->name), "%s", name);
    log_debug("module %s", full);
    return read_module(full, &module->content);
}

/* One that has to be there: `by` is what needs it. */
static int need_module(struct guest_modules *modules, const char *text,
                       size_t length, const char *by)
{
    char name[MODULE_MAX_NAME], path[MODULE_MAX_PATH];

    if (!module_name_take(name, text, length)) {
        log_error("%s: \"%.*s\" is no module's name: give one such as "
                  "virtio_net",
                  by, (int)(length < 64 ? length : 64), text);
        return -EINVAL;
    }
    if (is_in(&modules->dep, name, path) || is_in(&modules->order, name, path))
        return take_module(modules, name, path);
    if (is_in(&modules->builtin, name, path))
        return 0;
    log_error("%s: there is no module %s in %s: give the folder that has it "
              "with --modules",
              by, name, modules->folder);
    return -ENOENT;
}

/* Moves on to the next of `rest`. */
static bool next_need(struct needs *rest, const char **name, size_t *length)
{
    const char *comma;

    if (rest->size == 0)
        return false;
    comma = memchr(rest->bytes, ',', rest->size);
    *name = rest->bytes;
    *length = comma ? (size_t)(comma - rest->bytes) : rest->size;
    rest->bytes += *length + (comma ? 1 : 0);
    rest->size -= *length + (comma ? 1 : 0);
    return true;
}

static struct needs needs_of(const struct module *module)
{
    struct needs needs = {NULL, 0};

    if (!module_find_needs(module->content.bytes, module->content.size,
                           &needs.bytes, &needs.size))
        needs.size = 0;
    return needs;
}

/* What those that are taken need, and what that needs, to the end. */
static int take_needed(struct guest_modules *modules)
{
    int error = 0;

    for (unsigned i = 0; i < modules->count && !error; i++) {
        struct needs rest = needs_of(&modules->modules[i]);
        const char *name;
        size_t length;

        while (!error && next_need(&rest, &name, &length))
            error =
                need_module(modules, name, length, modules->modules[i].name);
    }
    return error;
}

static bool can_be_added(struct guest_modules *modules,
                         const struct module *module)
{
    struct needs rest = needs_of(module);
    const char *text;
    size_t length;

    while (next_need(&rest, &text, &length)) {
        char name[MODULE_MAX_NAME];
        const struct module *needed = module_name_take(name, text, length)
                                          ? find_taken(modules, name)
                                          : NULL;

        /* Else it is built in. */
        if (needed && !needed->is_added)
            return false;
    }
    return true;
}

static void add_module(struct guest_modules *modules, struct module *module,
                       struct cpio_archive *archive)
{
    char path[MODULE_MAX_NAME + 32];

    snprintf(path, sizeof(path), "vmm/modules/%03u-%s.ko", modules->num_added++,
             module->name);
    cpio_archive_add_bytes(archive, path, 0644, module->content.bytes,
                           module->content.size);
    module->is_added = true;
}

/* Each after those that it needs. */
static int add_in_order(struct guest_modules *modules,
                        struct cpio_archive *archive)
{
    while (modules->num_added < modules->count) {
        unsigned before = modules->num_added;

        for (unsigned i = 0; i < modules->count; i++) {
            struct module *module = &modules->modules[i];

            if (!module->is_added && can_be_added(modules, module))
                add_module(modules, module, archive);
        }
        if (modules->num_added == before) {
            log_error("modules %s: some need each other: build them again",
                      modules->folder);
            return -ELOOP;
        }
    }
    return 0;
}

/* ---- Those of the guest's devices ---- */

struct driver {
    const char *name;
    bool is_vital; /* without it there is no word from the guest */
    bool (*is_wanted)(const struct options *options);
};

static bool always(const struct options *options)
{
    (void)options;
    return true;
}

/* One may also come later. */
static bool has_devices(const struct options *options)
{
    return options->net_count > 0 || options->control_socket != NULL;
}

static bool has_disks(const struct options *options)
{
    return options->disk_count > 0 || has_devices(options);
}

static const struct driver drivers[] = {
    {"virtio_pci", true, always},       {"virtio_console", true, always},
    {"pvpanic_pci", false, always},     {"pvpanic_mmio", false, always},
    {"virtio_net", false, has_devices}, {"virtio_blk", false, has_disks},
};

static int take_driver(struct guest_modules *modules,
                       const struct driver *driver)
{
    char path[MODULE_MAX_PATH];

    if (is_in(&modules->dep, driver->name, path) ||
        is_in(&modules->order, driver->name, path))
        return take_module(modules, driver->name, path);
    if (driver->is_vital && modules->builtin.bytes &&
        !is_in(&modules->builtin, driver->name, path))
        log_warning("kernel %s: by %s it has no %s, without which no command "
                    "can run: build one with CONFIG_VIRTIO_PCI and "
                    "CONFIG_VIRTIO_CONSOLE",
                    modules->kernel, modules->folder, driver->name);
    return 0;
}

static int take_all(struct guest_modules *modules,
                    const struct options *options)
{
    int error = 0;

    if (modules->folder[0] == '\0') {
        log_debug("kernel %s: there is no folder with its modules: what the "
                  "guest needs must be built in",
                  modules->kernel);
        if (options->num_modules == 0)
            return 0;
        log_error("--module %s: there is no folder with modules of kernel %s: "
                  "give it with --modules",
                  options->modules[0], modules->kernel);
        return -ENOENT;
    }
    log_debug("modules of %s", modules->folder);
    error = read_list(modules, "modules.dep", &modules->dep);
    if (!error)
        error = read_list(modules, "modules.order", &modules->order);
    if (!error)
        error = read_list(modules, "modules.builtin", &modules->builtin);
    for (size_t i = 0; i < ARRAY_SIZE(drivers) && !error; i++)
        if (drivers[i].is_wanted(options))
            error = take_driver(modules, &drivers[i]);
    for (unsigned i = 0; i < options->num_modules && !error; i++)
        error = need_module(modules, options->modules[i],
                            strlen(options->modules[i]), "--module");
    return error ? error : take_needed(modules);
}

int guest_modules_add(const struct options *options,
                      const struct boot_file *kernel,
                      struct cpio_archive *archive)
{
    char folder[KERNEL_CHOICE_MAX_PATH], version[KERNEL_VERSION_SIZE];
    struct guest_modules *modules;
    struct kernel_places places;
    int error;

    if (!kernel_version_read(kernel->fd, version))
        log_debug("kernel %s: it does not say which version it is",
                  kernel->path);
    kernel_places_init(&places);
    error = kernel_choose_modules(&places, options->module_folder, kernel->path,
                                  version, folder);
    if (error)
        return error;
    modules = calloc(1, sizeof(*modules));
    if (!modules)
        return fail_file(folder, -ENOMEM);
    modules->kernel = kernel->path;
    modules->folder = folder;
    cpio_archive_add_folder(archive, "vmm/modules", 0755);
    error = take_all(modules, options);
    if (!error)
        error = add_in_order(modules, archive);
    for (unsigned i = 0; i < modules->count; i++)
        free(modules->modules[i].content.bytes);
    free(modules->dep.bytes);
    free(modules->order.bytes);
    free(modules->builtin.bytes);
    free(modules);
    return error;
}
