/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command_doctor.h: `vmm doctor`: what this host offers and what it lacks.
 */
#ifndef VMM_COMMAND_DOCTOR_H
#define VMM_COMMAND_DOCTOR_H

#include "vmm/options.h"

/* Changes nothing; an idle vDPA device is opened and asked, though. Returns
 * the exit status: 0 when a guest can run. JSON is as of
 * docs/doctor.schema.json. */
int command_doctor(const struct doctor_options *options);

#endif
