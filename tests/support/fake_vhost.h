/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_vhost.h: the kernel's vhost-vdpa rules behind struct vhost_syscalls.
 *
 * One device, at FAKE_VHOST_PATH, that remembers every call in order. It
 * refuses what the kernel refuses, with the same errno and in the same order
 * of checks (drivers/vhost/vdpa.c and vhost.c of Linux 6.12), and accepts
 * what the kernel accepts, sensible or not.
 *
 *     struct fake_vhost fake;
 *
 *     fake_vhost_init(&fake, &fake_vhost_sim);
 *     vhost_vdpa_open(FAKE_VHOST_PATH, &fake.syscalls, &backend);
 *     ...
 *     fake_vhost_destroy(&fake);
 */
#ifndef TESTS_SUPPORT_FAKE_VHOST_H
#define TESTS_SUPPORT_FAKE_VHOST_H

#include "vdpa/vhost_syscalls.h"

#include "vmm/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#define FAKE_VHOST_PATH        "/dev/vhost-vdpa-0"
#define FAKE_VHOST_MAX_QUEUES  8
#define FAKE_VHOST_MAX_MAPS    64
#define FAKE_VHOST_CONFIG_SIZE 64
#define FAKE_VHOST_LOG_SIZE    16384

/* What differs between kernels and devices. */
struct fake_vhost_profile {
    const char *name;
    uint32_t device_id;
    uint32_t num_queues;
    uint16_t vring_num;   /* what VHOST_VDPA_GET_VRING_NUM says */
    uint16_t queue_size;  /* VHOST_VDPA_GET_VRING_SIZE; 0: has none */
    uint32_t config_size; /* bytes */
    uint32_t groups;      /* 0: VHOST_VDPA_GET_VRING_GROUP has no answer */
    uint32_t address_spaces;
    uint64_t features;         /* virtio */
    uint64_t backend_features; /* 1 << VHOST_BACKEND_F_* */
    uint64_t first_iova, last_iova;
    size_t max_entries;  /* of the IOTLB; 0: any number */
    bool is_2020;        /* Linux 5.7: no optional request at all */
    bool pins;           /* counts mappings against RLIMIT_MEMLOCK */
    bool has_set_map;    /* takes all mappings at once, at the end of a batch */
    bool needs_platform; /* refuses features without ACCESS_PLATFORM */
    bool reset_drops_maps; /* unless IOTLB_PERSIST is acked */
    bool base_is_fixed;    /* takes only the initial base of a queue */
    bool has_doorbells;    /* a page for each queue */
    bool grows_by_mq;      /* has 3 queues until MQ is accepted */
};

extern const struct fake_vhost_profile fake_vhost_sim; /* vdpa_sim_net */
extern const struct fake_vhost_profile fake_vhost_sim_forgets; /* Linux < 6.7 */
extern const struct fake_vhost_profile fake_vhost_sim_stays;   /* Linux < 6.3 */
extern const struct fake_vhost_profile fake_vhost_vp_vdpa;
extern const struct fake_vhost_profile fake_vhost_vduse;
extern const struct fake_vhost_profile fake_vhost_2020; /* Linux 5.7 */

struct fake_vhost_map {
    uint64_t iova, size, host;
    uint8_t perm;
};

struct fake_vhost_maps {
    struct fake_vhost_map maps[FAKE_VHOST_MAX_MAPS];
    size_t count;
};

struct fake_vhost_queue {
    uint32_t size, base;
    uint64_t desc, driver, device;
    int kick_fd, call_fd, error_fd; /* what is bound; -1: nothing */
    bool enabled;
    uint64_t acked_features; /* as SET_FEATURES left it for this queue */
};

struct fake_vhost {
    struct vhost_syscalls syscalls;    /* what to hand to the code under test */
    struct fake_vhost_profile profile; /* may be changed before use */

    /* What goes wrong. */
    unsigned fail_at; /* the n-th open, ioctl or write fails; 0: none */
    int fail_error;   /* ... so; a write always with EFAULT */
    /* Positive errno. */
    int open_error, reset_error, close_error, mmap_error;
    bool refuses_features_ok; /* the byte stays, and no error, as VDUSE */
    bool refuses_driver_ok;
    bool refuses_set_map; /* silently at the end of a batch */
    bool may_raise_hard_limit;
    bool owner_is_other; /* as after a fork */
    bool node_is_deleted;
    struct rlimit memlock;
    uint64_t missing[4]; /* bit set of the ioctl numbers it does not know */

    /* The state of the kernel. */
    int fd; /* -1: not open */
    bool is_owned, in_batch, has_space;
    uint64_t backend_acked;
    uint64_t pinned;             /* bytes */
    struct fake_vhost_maps maps; /* vhost's list */

    /* The state of the device. */
    uint8_t status;
    uint64_t features;
    bool features_are_set; /* since the last reset */
    bool is_suspended;
    uint8_t config[FAKE_VHOST_CONFIG_SIZE];
    int config_call_fd;
    struct fake_vhost_queue queues[FAKE_VHOST_MAX_QUEUES];
    struct fake_vhost_maps device_maps; /* what the device really reaches */

    /* What a test looks at. */
    unsigned calls;        /* open, ioctl and write, since init */
    int write_error;       /* positive: why the last write got EFAULT */
    unsigned mapped_pages; /* doorbells, now */
    size_t maps_at_close;
    uint8_t status_at_close;
    unsigned enables_while_running;
    char log[FAKE_VHOST_LOG_SIZE]; /* "open GET_DEVICE_ID SET_OWNER ..." */
};

void fake_vhost_init(struct fake_vhost *fake,
                     const struct fake_vhost_profile *profile);
/* Closes what the code under test has left open. */
void fake_vhost_destroy(struct fake_vhost *fake);

/* From now on the kernel does not know this request. */
void fake_vhost_forget(struct fake_vhost *fake, unsigned long request);
/* Empties the log. */
void fake_vhost_clear_log(struct fake_vhost *fake);

/* ---- For the parts of the fake alone ------------------------------------- */

/* Each 0 or -errno; logged. A request that is to fail with `injected`, if not
 * 0, does nothing else. */
int fake_vhost_do_ioctl(struct fake_vhost *fake, unsigned long number,
                        void *argument, int injected);
int fake_vhost_do_message(struct fake_vhost *fake, const void *bytes,
                          size_t size, int injected);
/* As writing status 0: what the device forgets and what vhost keeps. */
void fake_vhost_reset(struct fake_vhost *fake);
int fake_vhost_suspend(struct fake_vhost *fake, void *argument);
int fake_vhost_resume(struct fake_vhost *fake, void *argument);
void fake_vhost_log(struct fake_vhost *fake, const char *format, ...)
    PRINTF_FORMAT(2, 3);
bool fake_vhost_acked(const struct fake_vhost *fake, unsigned backend_feature);

#endif
