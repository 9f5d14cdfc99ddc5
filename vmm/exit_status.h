/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exit_status.h: exit statuses that are the program's own, not a guest's; see
 * docs/vmm.1.
 */
#ifndef VMM_EXIT_STATUS_H
#define VMM_EXIT_STATUS_H

#define EXIT_STATUS_PANIC        120 /* of the guest's kernel */
#define EXIT_STATUS_TRIPLE_FAULT 121
#define EXIT_STATUS_GUEST_GONE   121 /* before its command ended */
#define EXIT_STATUS_SPLAT        122 /* --fail-on-splat */
#define EXIT_STATUS_NO_BYPASS    123 /* --require bypass */
#define EXIT_STATUS_TIMEOUT      124
#define EXIT_STATUS_FAILED       125
#define EXIT_STATUS_SIGNAL       128 /* plus the signal's number */

#endif
