/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * platform.c: what arm64 does for the cases.
 */
#include "guest/bare/platform.h"

#include "guest/bare/arm64/device_tree.h"
#include "guest/bare/arm64/machine.h"
#include "guest/bare/arm64/psci.h"
#include "guest/bare/guest.h"

/* start.S, and what that calls. */
extern const uint8_t ap_start[];
extern void (*ap_entry)(void);
void start_c(const void *device_tree);
_Noreturn void platform_exception(uint64_t syndrome, uint64_t at,
                                  uint64_t address);
void platform_interrupt(void);

void start_c(const void *device_tree)
{
    device_tree_use(device_tree);
    run_case();
    finish();
}

void platform_exception(uint64_t syndrome, uint64_t at, uint64_t address)
{
    check(false, "no exception: ESR 0x%lx at 0x%lx, of 0x%lx", syndrome, at,
          address);
    finish();
}

const char *platform_command_line(void)
{
    uint32_t size;
    const char *line = device_tree_find("chosen", 0, "bootargs", &size);

    return line ? line : "";
}

bool platform_initrd(uint64_t *gpa, uint64_t *size)
{
    uint32_t start_size, end_size;
    const void *start =
        device_tree_find("chosen", 0, "linux,initrd-start", &start_size);
    const void *end =
        device_tree_find("chosen", 0, "linux,initrd-end", &end_size);

    if (!start || !end)
        return false;
    *gpa = device_tree_number(start, start_size / 4);
    *size = device_tree_number(end, end_size / 4) - *gpa;
    return true;
}

void platform_halt(void)
{
    for (;;)
        __asm__ volatile("wfi");
}

void platform_power_off(void)
{
    (void)psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
}

void platform_try_power_off(void)
{
    check(psci_call(PSCI_VERSION, 0, 0, 0) >= 0x10000, "PSCI is there");
    check(psci_call(PSCI_UNKNOWN, 0, 0, 0) == PSCI_NOT_SUPPORTED,
          "another call does nothing");
}

void platform_reset(void)
{
    (void)psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
}

void platform_try_reset(void)
{
    check(psci_call(PSCI_UNKNOWN, 0, 0, 0) == PSCI_NOT_SUPPORTED,
          "another call does nothing");
}

/* ---- Other CPUs: affinity level 0 has 16 of them, as KVM counts ---- */

void platform_start_cpus(unsigned count, void (*entry)(void))
{
    __atomic_store_n(&ap_entry, entry, __ATOMIC_SEQ_CST);
    for (unsigned i = 1; i < count; i++)
        (void)psci_call(PSCI_CPU_ON, (i / 16) << 8 | i % 16,
                        (uintptr_t)ap_start, i);
}

unsigned platform_cpu_id(void)
{
    uint64_t mpidr;

    __asm__ volatile("mrs %0, mpidr_el1" : "=r"(mpidr));
    return (unsigned)(mpidr & 0xff) + 16 * (unsigned)(mpidr >> 8 & 0xff);
}

/* ---- Memory ---- */

/* All is mapped from the start. */
void map_gib(uint64_t gpa)
{
    (void)gpa;
}

/* ---- PCI: ECAM is the only way ---- */

void platform_check_pci(void)
{
}

void platform_check_pci_function(unsigned function)
{
    (void)function;
}
