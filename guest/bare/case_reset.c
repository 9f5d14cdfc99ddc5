/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_reset.c: the FADT's reset register starts the guest again, with RAM
 * as it was and the image as new.
 */
#include "guest/bare/acpi.h"
#include "guest/bare/bytes.h"
#include "guest/bare/guest.h"
#include "guest/bare/io.h"

/* Outside of everything that the VMM loads. */
#define MARK_GPA 0x800000
#define MARK     0x5265736574546564ULL

static volatile uint32_t in_data = 1, in_bss;

void run_case(void)
{
    uint64_t fadt = acpi_find("FACP");
    uint16_t port = acpi_port_of(fadt + FADT_RESET_REGISTER);
    uint8_t value = *at_gpa(fadt + FADT_RESET_VALUE);

    check(in_data == 1 && in_bss == 0, "the image is as it was built");
    if (mmio_read64(MARK_GPA) == MARK) {
        check(true, "RAM keeps its contents over a reset");
        return;
    }
    mmio_write64(MARK_GPA, MARK);
    in_data = in_bss = 2;
    out8(port, (uint8_t)(value + 1));
    check(true, "another value than the reset value does nothing");
    out8(port, value);
    check(false, "the reset register resets");
}
