/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * speed.h: how fast a guest's kernel code runs on this host.
 */
#ifndef VMM_SPEED_H
#define VMM_SPEED_H

#include "vmm/compiler.h"
#include "vmm/kvm.h"

/* How many instructions of a guest's kernel run in a second, found by running
 * some in `kvm`, which was opened for that alone. -errno, not logged. */
int speed_measure(const struct kvm *kvm, double *speed) MUST_CHECK;

#endif
