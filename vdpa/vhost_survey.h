/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_survey.h: what there is to know of a vhost-vdpa device, for people.
 */
#ifndef VDPA_VHOST_SURVEY_H
#define VDPA_VHOST_SURVEY_H

#include "vdpa/vhost_device.h"
#include "vdpa/vhost_query.h"
#include "vmm/compiler.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define VHOST_SURVEY_MAX_CONFIG 256 /* bytes that are kept */
#define VHOST_SURVEY_MAX_PATH   320

struct vhost_survey {
    char path[VHOST_SURVEY_MAX_PATH];
    struct vhost_parent parent; /* by sysfs: known of a busy device, too */
    pid_t holder;               /* 0: none that can be seen */
    char holder_command[32];

    /* By asking the device, which only an idle one can be. */
    int error;          /* why not: -errno */
    bool error_is_said; /* it opened: who asked it then logged the error */
    struct vhost_capabilities capabilities;
    uint8_t config[VHOST_SURVEY_MAX_CONFIG];
    uint32_t config_size;
    uint32_t num_groups, num_address_spaces; /* 0: the kernel cannot tell */
    unsigned num_doorbells;                  /* queues that have a page */
};

/*
 * Looks at the device at `path`. Opening resets a device; one that somebody
 * has open refuses, and an idle one is reset already. That it does not open is
 * not logged: `error` tells. vhost_survey_destroy() afterwards in any case.
 */
void vhost_survey_device(struct vhost_survey *survey,
                         const struct vhost_syscalls *syscalls,
                         const char *path);
void vhost_survey_destroy(struct vhost_survey *survey);

/* The vhost-vdpa nodes of dev_dir, sorted, to be freed with their array by
 * vhost_survey_free_list(). -ENOMEM, or the number of them. */
int vhost_survey_list(const struct vhost_syscalls *syscalls,
                      char ***paths) MUST_CHECK;
void vhost_survey_free_list(char **paths, int count);

#endif
