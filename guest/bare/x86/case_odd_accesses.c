/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_odd_accesses.c: accesses of any width anywhere do no harm, and where
 * nothing is they read as ones.
 */
#include "guest/bare/bytes.h"
#include "guest/bare/guest.h"
#include "guest/bare/x86/local_apic.h"
#include "guest/bare/x86/machine.h"
#include "vmm/x86/memory_map.h"

#define NUM_PORTS 0x10000U
#define NEAR      8U
#define STRIDE    31U /* odd */

struct ports {
    unsigned first, count;
};

/* What answers, in the VMM or, for the 8259s, in the kernel. */
static const struct ports claimed[] = {
    {0x20, 2},
    {0xa0, 2},
    {0x4d0, 2},
    {SERIAL_PORT, 8},
    {SLEEP_CONTROL_PORT, 5},
    {PCI_CONFIG_PORT, PCI_CONFIG_PORTS},
};

static bool is_claimed(unsigned port, unsigned width)
{
    for (size_t i = 0; i < ARRAY_SIZE(claimed); i++)
        if (port < claimed[i].first + claimed[i].count &&
            claimed[i].first < port + width)
            return true;
    return false;
}

static uint32_t read_port(unsigned port, unsigned width)
{
    if (width == 1)
        return in8((uint16_t)port);
    if (width == 2)
        return in16((uint16_t)port);
    return in32((uint16_t)port);
}

static void write_port(unsigned port, unsigned width)
{
    if (width == 1)
        out8((uint16_t)port, 0xa5);
    else if (width == 2)
        out16((uint16_t)port, 0xa5a5);
    else
        out32((uint16_t)port, 0xa5a5a5a5);
}

static uint32_t ones(unsigned width)
{
    return width == 4 ? 0xffffffff : (1U << 8 * width) - 1;
}

/* The next port to try: each one near a device, and some of the others, at
 * every alignment. */
static unsigned next_port(unsigned port)
{
    return is_claimed(port - NEAR, 2 * NEAR) ? port + 1 : port + STRIDE;
}

static void check_ports(unsigned width)
{
    bool all_ones = true;

    for (unsigned port = 0; port + width <= NUM_PORTS; port = next_port(port)) {
        uint32_t value;

        if (is_claimed(port, width)) {
            (void)read_port(port, width);
            continue;
        }
        write_port(port, width);
        value = read_port(port, width);
        all_ones &=
            expect(value == ones(width), "port 0x%x: 0x%x", port, value);
    }
    check(all_ones, "ports that nobody claims read as ones, %u bytes wide",
          width);
}

/* Accesses that only partly hit a device reach none: were one of them to hit
 * the exit port, the guest would end here. */
static void check_edges(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(claimed); i++) {
        out16((uint16_t)(claimed[i].first - 1), 0x0101);
        out32((uint16_t)(claimed[i].first - 3), 0x01010101);
        out32((uint16_t)(claimed[i].first - 1), 0x01010101);
    }
    out16(EXIT_PORT - 1, 0x0101);
    out16(EXIT_PORT, 0x0101);
    out32(EXIT_PORT, 0x01010101);
    out32(EXIT_PORT - 2, 0x01010101);
    out16(RESET_PORT, RESET_VALUE);
    out16(SLEEP_CONTROL_PORT, SLEEP_TYPE_S5 << 2 | 1U << 5);
    out32(SLEEP_CONTROL_PORT, SLEEP_TYPE_S5 << 2 | 1U << 5);
    check(true, "wide accesses to one-byte registers do nothing");
}

static uint64_t read_memory(uint64_t gpa, unsigned width)
{
    if (width == 1)
        return mmio_read8(gpa);
    if (width == 2)
        return mmio_read16(gpa);
    if (width == 4)
        return mmio_read32(gpa);
    return mmio_read64(gpa);
}

static void write_memory(uint64_t gpa, unsigned width)
{
    if (width == 1)
        mmio_write8(gpa, 0);
    else if (width == 2)
        mmio_write16(gpa, 0);
    else if (width == 4)
        mmio_write32(gpa, 0);
    else
        mmio_write64(gpa, 0);
}

/* Where neither RAM nor a device is. */
static const uint64_t holes[] = {
    PCI_WINDOW32_BASE,
    PCI_WINDOW32_LAST - 0x1fff,
    PCI_ECAM_BASE + PCI_ECAM_SIZE,
    IOAPIC_BASE - 0x2000,
    IOAPIC_BASE + 0x2000,
    LOCAL_APIC_BASE + 0x2000,
    0xfffff000 - 0x1000,
    RAM_ABOVE_4G,
    PCI_WINDOW64_BASE,
    PCI_WINDOW64_LAST - 0x1fff,
    0x7fffffe000,
};

static void check_hole(uint64_t hole)
{
    map_gib(hole);
    for (unsigned width = 1; width <= 8; width *= 2) {
        uint64_t all = width == 8 ? ~0ULL : (1ULL << 8 * width) - 1;

        /* Across the page's end too. */
        for (unsigned at = 0; at < 0x1008; at += at < 8 ? 1 : 0xff3) {
            uint64_t value;

            write_memory(hole + at, width);
            value = read_memory(hole + at, width);
            expect(value == all, "%u bytes at 0x%lx: 0x%lx", width, hole + at,
                   value);
        }
    }
}

/* Instructions that both read and write, and that repeat. */
static void check_instructions(void)
{
    volatile uint32_t *nothing = (volatile uint32_t *)PCI_WINDOW32_BASE;
    uint32_t block[16];
    void *to = block;
    const void *from = (const void *)PCI_WINDOW32_BASE;
    size_t count = ARRAY_SIZE(block);
    uint32_t one = 1, all = 0xffffffff;

    __asm__ volatile("lock xaddl %0, %1" : "+r"(one), "+m"(*nothing));
    check(one == 0xffffffff, "an atomic add reads ones");
    __asm__ volatile("orl $1, %0; incl %0" : "+m"(*nothing));
    __asm__ volatile("rep movsl"
                     : "+D"(to), "+S"(from), "+c"(count)
                     :
                     : "memory");
    for (size_t i = 0; i < ARRAY_SIZE(block); i++)
        all &= block[i];
    check(all == 0xffffffff, "a string move reads ones");
}

/* Every width at every alignment, over the ends of functions and of ECAM. */
static void check_ecam(void)
{
    uint32_t id = mmio_read32(PCI_ECAM_BASE);

    for (unsigned width = 1; width <= 8; width *= 2) {
        for (unsigned at = 0; at < 8; at++) {
            (void)read_memory(PCI_ECAM_BASE + at, width);
            (void)read_memory(PCI_ECAM_BASE + 0x1000 - at, width);
            write_memory(PCI_ECAM_BASE + 0x1000 - at, width);
            (void)read_memory(PCI_ECAM_BASE + PCI_ECAM_SIZE - at, width);
            write_memory(PCI_ECAM_BASE + PCI_ECAM_SIZE - at, width);
        }
    }
    check(mmio_read64(PCI_ECAM_BASE + 1) << 8 >> 8 ==
              (mmio_read64(PCI_ECAM_BASE) >> 8 | mmio_read64(PCI_ECAM_BASE + 8)
                                                     << 56)
                      << 8 >>
                  8,
          "a misaligned read of ECAM fits the aligned ones");
    check(mmio_read32(PCI_ECAM_BASE) == id, "the host bridge is unharmed");
}

static void touch_interrupt_controllers(void)
{
    for (unsigned width = 1; width <= 8; width *= 2) {
        (void)read_memory(IOAPIC_BASE, width);
        for (unsigned at = 0; at < 8; at++)
            (void)read_memory(LOCAL_APIC_BASE + LOCAL_APIC_ID + at, width);
    }
    check(true, "reads of the interrupt controllers end");
}

void run_case(void)
{
    check_edges();
    for (unsigned width = 1; width <= 4; width *= 2)
        check_ports(width);
    for (size_t i = 0; i < ARRAY_SIZE(holes); i++)
        check_hole(holes[i]);
    check(true, "unclaimed memory was read and written");
    check_instructions();
    check_ecam();
    touch_interrupt_controllers();
}
