/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slirp_library.c: libslirp, loaded when the first user-mode network asks.
 */
#include "vdpa/slirp_library.h"

#ifdef HAVE_LIBSLIRP

#include "vmm/log.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define LIBRARY_NAME "libslirp.so.0"

static const struct {
    const char *name;
    size_t offset; /* of the pointer */
} symbols[] = {
    {"slirp_new", offsetof(struct slirp_library, create)},
    {"slirp_cleanup", offsetof(struct slirp_library, cleanup)},
    {"slirp_pollfds_fill", offsetof(struct slirp_library, pollfds_fill)},
    {"slirp_pollfds_poll", offsetof(struct slirp_library, pollfds_poll)},
    {"slirp_input", offsetof(struct slirp_library, input)},
    {"slirp_add_hostxfwd", offsetof(struct slirp_library, add_hostxfwd)},
};

/* Around the two below, and around every call into the library. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct slirp_library functions;
static bool is_loaded;

static int find_symbols(void *handle)
{
    for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
        void *address = dlsym(handle, symbols[i].name);

        if (!address) {
            log_error("%s: it has no %s(): install libslirp 4.5 or newer",
                      LIBRARY_NAME, symbols[i].name);
            return -ENOSYS;
        }
        /* POSIX lets a void pointer hold a function, ISO C no cast. */
        memcpy((char *)&functions + symbols[i].offset, &address,
               sizeof(address));
    }
    return 0;
}

/* Never closed again: GLib cannot be unloaded. */
static int load(void)
{
    void *handle = dlopen(LIBRARY_NAME, RTLD_NOW | RTLD_LOCAL);
    int error;

    if (!handle) {
        log_error("user-mode network: %s: install libslirp0", dlerror());
        return -ENOENT;
    }
    error = find_symbols(handle);
    is_loaded = error == 0;
    return error;
}

int slirp_library_load(const struct slirp_library **library)
{
    int error = 0;

    slirp_library_lock();
    if (!is_loaded)
        error = load();
    slirp_library_unlock();
    *library = &functions;
    return error;
}

void slirp_library_lock(void)
{
    pthread_mutex_lock(&lock);
}

void slirp_library_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

#endif
