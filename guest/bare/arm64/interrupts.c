/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * interrupts.c: one interrupt of the GIC, version 3, on the first CPU.
 *
 * Arm IHI 0069 (GICv3), chapter 12.
 */
#include "guest/bare/arm64/machine.h"
#include "guest/bare/guest.h"
#include "guest/bare/platform.h"

#define GICD_CTLR       0x0000
#define GICD_TYPE       0x0004
#define GICD_IGROUPR    0x0080
#define GICD_ISENABLER  0x0100
#define GICD_IPRIORITYR 0x0400
#define GICD_ICFGR      0x0c00
#define GICD_IROUTER    0x6000

#define CTLR_GROUP1   (1U << 1)
#define CTLR_AFFINITY (1U << 4)

#define GICR_WAKER     0x0014
#define WAKER_SLEEP    (1U << 1)
#define WAKER_CHILDREN (1U << 2)

#define SPURIOUS 1020U

/* By their encodings: the assembler may not know the names. */
#define ICC_SRE    "s3_0_c12_c12_5"
#define ICC_PMR    "s3_0_c4_c6_0"
#define ICC_IGRPEN "s3_0_c12_c12_7"
#define ICC_IAR    "s3_0_c12_c12_0"
#define ICC_EOIR   "s3_0_c12_c12_1"

#define WRITE_REGISTER(name, value)                                            \
    __asm__ volatile("msr " name ", %0; isb"                                   \
                     :                                                         \
                     : "r"((uint64_t)(value))                                  \
                     : "memory")

static void (*interrupt_handler)(void);

void platform_interrupt(void);

static uint64_t distributor(unsigned reg)
{
    return GIC_DISTRIBUTOR_GPA + reg;
}

static void wake_redistributor(void)
{
    uint64_t waker = GIC_REDISTRIBUTORS_GPA + GICR_WAKER;

    mmio_write32(waker, mmio_read32(waker) & ~WAKER_SLEEP);
    while (mmio_read32(waker) & WAKER_CHILDREN)
        visit_host();
}

static void enable(unsigned interrupt)
{
    unsigned word = interrupt / 32 * 4;
    uint32_t bit = 1U << interrupt % 32;
    uint64_t config = distributor(GICD_ICFGR + interrupt / 16 * 4);

    mmio_write32(distributor(GICD_CTLR), CTLR_AFFINITY | CTLR_GROUP1);
    mmio_write32(distributor(GICD_IGROUPR + word),
                 mmio_read32(distributor(GICD_IGROUPR + word)) | bit);
    /* Level-triggered; what each is after a reset is up to the GIC. */
    mmio_write32(config, mmio_read32(config) & ~(2U << interrupt % 16 * 2));
    mmio_write8(distributor(GICD_IPRIORITYR + interrupt), 0x80);
    mmio_write64(distributor(GICD_IROUTER + 8 * interrupt), 0);
    mmio_write32(distributor(GICD_ISENABLER + word), bit);
}

void platform_set_handler(unsigned pin, void (*handler)(void))
{
    interrupt_handler = handler;
    wake_redistributor();
    enable(GIC_FIRST_SPI + pin);
    WRITE_REGISTER(ICC_SRE, 1);
    WRITE_REGISTER(ICC_PMR, 0xff);
    WRITE_REGISTER(ICC_IGRPEN, 1);
}

void platform_allow_interrupts(bool allow)
{
    if (allow)
        __asm__ volatile("msr daifclr, #2" : : : "memory");
    else
        __asm__ volatile("msr daifset, #2" : : : "memory");
}

/* start.S: with interrupts off. */
void platform_interrupt(void)
{
    uint64_t interrupt;

    __asm__ volatile("mrs %0, " ICC_IAR "; dsb sy"
                     : "=r"(interrupt)
                     :
                     : "memory");
    if (interrupt >= SPURIOUS)
        return;
    interrupt_handler();
    WRITE_REGISTER(ICC_EOIR, interrupt);
}
