/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * platform.h: what the folder of each architecture does for the cases, besides
 * its machine.h: accesses to devices, and where they are.
 */
#ifndef GUEST_BARE_PLATFORM_H
#define GUEST_BARE_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

/* Never NULL. */
const char *platform_command_line(void);
/* False where there is none, or more than one. */
bool platform_initrd(uint64_t *gpa, uint64_t *size);

/* Waits for an interrupt that does not come. */
_Noreturn void platform_halt(void);
/* Ends or resets the machine, if all is well. */
void platform_power_off(void);
void platform_reset(void);
/* The same done wrong, which does nothing: two claims, and one. */
void platform_try_power_off(void);
void platform_try_reset(void);

/* Starts CPUs 1 to `count` - 1 at `entry`, each with a stack of its own, from
 * which they must not return. */
void platform_start_cpus(unsigned count, void (*entry)(void));
/* This CPU's number. */
unsigned platform_cpu_id(void);

/* Has the level-triggered interrupt of a pin handled on the first CPU, by a
 * handler that lets go of the line. */
void platform_set_handler(unsigned pin, void (*handler)(void));
void platform_allow_interrupts(bool allow);

/* Claims on other ways to PCI configuration space than ECAM, if there are;
 * those of a function for each that is there. */
void platform_check_pci(void);
void platform_check_pci_function(unsigned function);

#endif
