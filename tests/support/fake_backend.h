/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_backend.h: a scripted vdpa_backend for tests.
 *
 * It does what the contract of vdpa_backend.h says, remembers every call as
 * text, fails on demand, and can be made to act as the device. A caller that
 * breaks the contract gets -EPROTO, and fake_backend_violation() says how.
 *
 *     struct fake_backend fake;
 *
 *     fake_backend_init(&fake);
 *     virtio_device_init(&device, &fake.backend, ...);
 *     ...
 *     ck_assert_str_eq(fake.log, "get_features set_status(1) ...");
 *     ck_assert_str_eq(fake_backend_violation(&fake), "");
 */
#ifndef TESTS_SUPPORT_FAKE_BACKEND_H
#define TESTS_SUPPORT_FAKE_BACKEND_H

#include "vdpa/vdpa_backend.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_BACKEND_MAX_QUEUES  8
#define FAKE_BACKEND_MAX_MAPS    16
#define FAKE_BACKEND_CONFIG_SIZE 64
#define FAKE_BACKEND_LOG_SIZE    16384

struct fake_backend_queue {
    uint16_t max_size; /* descriptors */
    bool is_set, is_enabled;
    struct vdpa_queue set; /* as set_queue() gave it */
    /* The pair that this queue has had so far; -1 before the first. */
    int kick_fd, call_fd;
};

/* Everything may be looked at; what is above "state" may also be changed
 * before use. */
struct fake_backend {
    struct vdpa_backend backend; /* what to hand to the code under test */

    struct vdpa_identity identity; /* a network device with 3 queues of 256 */
    uint64_t offered;              /* features */
    uint8_t config[FAKE_BACKEND_CONFIG_SIZE];
    bool refuses_features_ok; /* the status bit does not appear */
    bool refuses_driver_ok;
    int node_fd;        /* -1: none */
    bool is_removed;    /* by the host; at any time */
    bool has_doorbells; /* a page for each queue */

    /* state */
    uint8_t status;
    uint64_t features;
    bool is_suspended;
    int config_call_fd; /* -1: none */
    struct fake_backend_queue queues[FAKE_BACKEND_MAX_QUEUES];
    struct vdpa_mapping maps[FAKE_BACKEND_MAX_MAPS];
    size_t map_count;
    bool is_closed;

    /* script */
    unsigned fail_at; /* counts down with every call; fails at 1 */
    const char *fail_call;
    int fail_error;

    unsigned calls;
    char violation[128];
    char log[FAKE_BACKEND_LOG_SIZE];
};

/* close() leaves the struct alone: it is the caller's, and can be looked at. */
void fake_backend_init(struct fake_backend *fake);

/* The first rule that the caller broke; "" for none. */
const char *fake_backend_violation(const struct fake_backend *fake);
/* Empties the log. */
void fake_backend_clear_log(struct fake_backend *fake);

/* The n-th call from now (1: the next) fails with `error`, a -errno. It is
 * logged, and changes nothing. close() cannot fail and does not count. */
void fake_backend_fail_nth(struct fake_backend *fake, unsigned n, int error);
/* The next call of that name, as "set_features", fails so. */
void fake_backend_fail_call(struct fake_backend *fake, const char *call,
                            int error);

/* ---- Acting as the device ------------------------------------------------ */

/* The doorbell page of the queue, the same of every fake: to know it by. */
void *fake_backend_doorbell(uint16_t index);
/* How often the driver kicked the queue since last asked. */
uint64_t fake_backend_take_kicks(struct fake_backend *fake, uint16_t index);
/* Interrupts the driver for the queue. */
void fake_backend_signal(struct fake_backend *fake, uint16_t index);
/* Changes the configuration and interrupts the driver for it. */
void fake_backend_change_config(struct fake_backend *fake, uint32_t offset,
                                const void *bytes, uint32_t length);
/* Sets VIRTIO_CONFIG_S_NEEDS_RESET and interrupts the driver for it. */
void fake_backend_break(struct fake_backend *fake);
/* The memory at `iova`, or NULL unless one mapping covers all of it. */
void *fake_backend_at(const struct fake_backend *fake, uint64_t iova,
                      uint64_t size);

#endif
