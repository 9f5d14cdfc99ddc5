/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_gic_reset.c: what a guest made of its interrupt controller is gone after
 * a reset, and so is an interrupt that it left behind: one whose line was high
 * when the guest made it edge-triggered.
 *
 * Arm IHI 0069 (GICv3), chapter 12.
 */
#include "guest/bare/guest.h"
#include "guest/bare/platform.h"

#include <linux/serial_reg.h>
#include <machine.h>

#define MARK 0x5265736574474943ULL

#define INTERRUPT (GIC_FIRST_SPI + SERIAL_PIN)
#define BIT       (1U << INTERRUPT % 32)
#define EDGE      (2U << INTERRUPT % 16 * 2)

#define WORD       (GIC_DISTRIBUTOR_GPA + INTERRUPT / 32 * 4)
#define ISENABLER  (WORD + 0x100)
#define ISPENDR    (WORD + 0x200)
#define ICFGR      (GIC_DISTRIBUTOR_GPA + 0xc00 + INTERRUPT / 16 * 4)
#define IPRIORITYR (GIC_DISTRIBUTOR_GPA + 0x400 + INTERRUPT)

/* Where the first boot notes how the interrupt was configured. */
#define NOTE_GPA (FREE_RAM_GPA + 8)

static void handle(void)
{
}

static void set_edge(bool is_edge)
{
    uint32_t config = mmio_read32(ICFGR) & ~EDGE;

    mmio_write32(ICFGR, is_edge ? config | EDGE : config);
}

static void look_after_reset(void)
{
    check(!(mmio_read32(ISENABLER) & BIT), "it is not enabled");
    check(mmio_read32(ICFGR) == mmio_read64(NOTE_GPA),
          "it is configured as at power-on");
    check(mmio_read8(IPRIORITYR) == 0, "it has no priority");
    set_edge(false);
    check(!(mmio_read32(ISPENDR) & BIT), "it is not pending");
}

void run_case(void)
{
    if (mmio_read64(FREE_RAM_GPA) == MARK) {
        look_after_reset();
        return;
    }
    mmio_write64(FREE_RAM_GPA, MARK);
    mmio_write64(NOTE_GPA, mmio_read32(ICFGR));
    platform_set_handler(SERIAL_PIN, handle);
    device_write8(SERIAL_BASE + UART_IER, UART_IER_THRI);
    check(mmio_read32(ISPENDR) & BIT, "the line is high");
    set_edge(true);
    check(mmio_read32(ICFGR) & EDGE, "the interrupt is edge-triggered");
    platform_reset();
    check(false, "a reset resets");
}
