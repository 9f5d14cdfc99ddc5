/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * backend_bench.h: any backend, with memory and eventfds to give to it.
 *
 * A table of all backends there are to test; a claim made about each of them
 * fails with the name of the one that breaks it.
 */
#ifndef TESTS_SUPPORT_BACKEND_BENCH_H
#define TESTS_SUPPORT_BACKEND_BENCH_H

#include "tests/support/fake_backend.h"
#include "tests/support/fake_vhost.h"
#include "tests/support/log_capture.h"
#include "vdpa/vdpa_backend.h"
#include "vmm/event_loop.h"

#include <check.h>
#include <linux/virtio_config.h>
#include <stdbool.h>
#include <stdint.h>

#define BENCH_PAGE        4096ULL
#define BENCH_MEMORY_SIZE (64 * BENCH_PAGE)
#define BENCH_MAX_QUEUES  16

/* Device status, as a driver builds it up. */
#define BENCH_ACKNOWLEDGED                                                     \
    (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER)
#define BENCH_NEGOTIATED (BENCH_ACKNOWLEDGED | VIRTIO_CONFIG_S_FEATURES_OK)
#define BENCH_RUNNING    (BENCH_NEGOTIATED | VIRTIO_CONFIG_S_DRIVER_OK)

#define CLAIM(bench, condition)                                                \
    ck_assert_msg(condition, "%s: not so: %s", (bench)->name, #condition)
/* That a call returns 0 or that -errno. */
#define CLAIM_RESULT(bench, call, expected)                                    \
    bench_claim_result(bench, call, expected, #call)

struct bench {
    const char *name;
    struct vdpa_backend *backend;
    const struct vdpa_backend_ops *ops;
    struct vdpa_identity identity;
    uint8_t *memory; /* BENCH_MEMORY_SIZE bytes, MAP_SHARED */
    int kick_fds[BENCH_MAX_QUEUES], call_fds[BENCH_MAX_QUEUES];

    struct log_capture capture;
    struct fake_backend fake; /* one of these is behind most backends */
    struct fake_vhost vhost;
    struct event_loop loop; /* of a stand-in; nobody runs it */
};

/* How many backends there are; the last is the device that the environment
 * variable VMM_VHOST_VDPA names, if it does. */
int bench_count(void);
bool bench_has_real_device(void);

/* Opens backend `index` of bench_count() and identifies it; log lines go to
 * `capture`, as many claims make a backend complain. */
struct bench *bench_open(int index);
/* Also closes the backend, and claims that its contract was kept. */
void bench_close(struct bench *bench);

void bench_claim_result(const struct bench *bench, int result, int expected,
                        const char *call);

/* `count` pages of the memory from page `first` on, at the same place in the
 * device's address range. */
struct vdpa_mapping bench_pages(const struct bench *bench, uint64_t first,
                                uint64_t count);

/* ---- The interface, shorter; each returns what the backend does ---------- */

int bench_map(const struct bench *bench, struct vdpa_mapping mapping);
int bench_unmap(const struct bench *bench, struct vdpa_mapping mapping);
int bench_set_status(const struct bench *bench, unsigned status);
int bench_set_features(const struct bench *bench, uint64_t features);
int bench_set_queue(const struct bench *bench, uint16_t index,
                    struct vdpa_queue queue);

/* ---- These claim that the backend does it -------------------------------- */

unsigned bench_status(const struct bench *bench);
uint64_t bench_offered(const struct bench *bench);
/* What every device should take. */
uint64_t bench_basic_features(const struct bench *bench);
/* From reset to FEATURES_OK. */
void bench_negotiate(const struct bench *bench);
/* A queue in three pages of its own. */
struct vdpa_queue bench_queue(const struct bench *bench, uint16_t index);
/* From reset to DRIVER_OK, with all queues that there are eventfds for. */
void bench_bring_up(const struct bench *bench);

#endif
