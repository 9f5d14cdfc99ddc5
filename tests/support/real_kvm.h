/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * real_kvm.h: does this machine have KVM for the tests that need it?
 */
#ifndef TESTS_SUPPORT_REAL_KVM_H
#define TESTS_SUPPORT_REAL_KVM_H

#include <stdbool.h>

/* Not for a test that an emulator runs, whose processor is none of KVM's. */
bool real_kvm_is_there(void);

#endif
