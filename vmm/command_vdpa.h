/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command_vdpa.h: `vmm vdpa`: what the host's vDPA devices are.
 */
#ifndef VMM_COMMAND_VDPA_H
#define VMM_COMMAND_VDPA_H

#include "vdpa/vhost_survey.h"
#include "vmm/json_writer.h"
#include "vmm/options.h"

#include <stdio.h>

/* Returns the exit status. */
int command_vdpa(const struct vdpa_options *options);

/* All about a device; a line each, indented. */
void command_vdpa_print(const struct vhost_survey *survey, FILE *file);
/* The same, as the member "device" of an object. */
void command_vdpa_json(const struct vhost_survey *survey,
                       struct json_writer *json);

#endif
