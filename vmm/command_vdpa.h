/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command_vdpa.h: `vmm vdpa`: what the host's vDPA devices are.
 */
#ifndef VMM_COMMAND_VDPA_H
#define VMM_COMMAND_VDPA_H

#include "vdpa/vhost_survey.h"
#include "vmm/options.h"

#include <stdio.h>

/* Returns the exit status. */
int command_vdpa(const struct vdpa_options *options);

/* All about a device; a line each, indented. */
void command_vdpa_print(const struct vhost_survey *survey, FILE *file);

#endif
