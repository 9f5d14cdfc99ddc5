/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_power_off.c: the sleep control register of the FADT ends the run.
 */
#include "guest/bare/acpi.h"
#include "guest/bare/guest.h"
#include "guest/bare/io.h"
#include "vmm/x86/memory_map.h"

/* ACPI 6.5, 4.8.3.7.1 */
#define SLEEP_TYPE_SHIFT 2
#define SLEEP_ENABLE     (1U << 5)

void run_case(void)
{
    uint64_t fadt = acpi_find("FACP");
    uint16_t port = acpi_port_of(fadt + FADT_SLEEP_CONTROL);

    out8(port, SLEEP_TYPE_S5 << SLEEP_TYPE_SHIFT);
    check(true, "without its enable bit the register does nothing");
    out8(port, 3 << SLEEP_TYPE_SHIFT | SLEEP_ENABLE);
    check(true, "another sleep type does nothing");
    out8(port, SLEEP_TYPE_S5 << SLEEP_TYPE_SHIFT | SLEEP_ENABLE);
    check(false, "power-off ends the guest");
}
