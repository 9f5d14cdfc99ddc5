/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slirp_library.h: libslirp, loaded when the first user-mode network asks.
 *
 * The program does not link against it, so that a run without such a network
 * neither waits for libslirp and GLib nor carries them. Without its header at
 * build time HAVE_LIBSLIRP is undefined and opening a port says so.
 */
#ifndef VDPA_SLIRP_LIBRARY_H
#define VDPA_SLIRP_LIBRARY_H

#include "vmm/compiler.h"

#include <stdint.h>
#include <sys/socket.h>

#ifdef __has_include
#if __has_include(<slirp/libslirp.h>)
#define HAVE_LIBSLIRP
#endif
#endif

#ifdef HAVE_LIBSLIRP

#include <slirp/libslirp.h>

/* The functions of libslirp.h without their prefix. */
struct slirp_library {
    Slirp *(*create)(const SlirpConfig *config, const SlirpCb *callbacks,
                     void *opaque); /* slirp_new() */
    void (*cleanup)(Slirp *slirp);
    void (*pollfds_fill)(Slirp *slirp, uint32_t *timeout_ms,
                         int (*add_poll)(int fd, int events, void *opaque),
                         void *opaque);
    void (*pollfds_poll)(Slirp *slirp, int select_error,
                         int (*get_revents)(int index, void *opaque),
                         void *opaque);
    void (*input)(Slirp *slirp, const uint8_t *frame, int size);
    int (*add_hostxfwd)(Slirp *slirp, const struct sockaddr *host,
                        socklen_t host_size, const struct sockaddr *guest,
                        socklen_t guest_size, int flags);
};

/* Loads it unless it is loaded; from any thread. -errno, logged with what to
 * do. */
int slirp_library_load(const struct slirp_library **library) MUST_CHECK;

/* libslirp keeps its clock and the resolver's address in variables of the
 * process: held around every call, by the ports of all devices. Taken after
 * a device's own lock; libslirp's callbacks run with both. */
void slirp_library_lock(void);
void slirp_library_unlock(void);

#endif
#endif
