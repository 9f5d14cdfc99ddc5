/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_odd_accesses.c: accesses of any width do no harm, where nothing is they
 * read as ones, and instructions that KVM cannot carry out for a guest are the
 * guest's fault: it gets an abort there, and goes on.
 */
#include "guest/bare/arm64/machine.h"
#include "guest/bare/bytes.h"
#include "guest/bare/guest.h"

/* Arm ARM, D17.2.37: classes of exceptions, and the cause of an abort. */
#define EC_SHIFT             26
#define EC_INSTRUCTION_ABORT 0x21U
#define EC_DATA_ABORT        0x25U
#define CAUSE_MASK           0x3fU
#define CAUSE_EXTERNAL       0x10U

/* Vectors of this case alone: what fails at EL1 is counted, and is skipped or,
 * where it is a call that leads nowhere, returned from. */
extern const uint8_t counting_vectors[];
extern uint64_t aborts, last_syndrome;
__asm__(".text\n"
        ".balign 2048\n"
        "counting_vectors:\n"
        ".skip 0x200\n"
        "    sub sp, sp, #32\n"
        "    stp x0, x1, [sp]\n"
        "    b 1f\n"
        ".balign 2048\n"
        "1:  mrs x0, esr_el1\n"
        "    ldr x1, =last_syndrome\n"
        "    str x0, [x1]\n"
        "    lsr x0, x0, #26\n"
        "    ldr x1, =aborts\n"
        "    cmp x0, #0x21\n"
        "    ldr x0, [x1]\n"
        "    add x0, x0, #1\n"
        "    str x0, [x1]\n"
        "    mrs x0, elr_el1\n"
        "    add x0, x0, #4\n"
        "    csel x0, x30, x0, eq\n"
        "    msr elr_el1, x0\n"
        "    ldp x0, x1, [sp]\n"
        "    add sp, sp, #32\n"
        "    eret\n"
        ".ltorg\n");
uint64_t aborts, last_syndrome;

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
    0,
    GIC_DISTRIBUTOR_GPA - 0x1000,
    GIC_ITS_GPA + GIC_ITS_SIZE,
    PCI_WINDOW32_BASE,
    PCI_WINDOW32_LAST - 0xfff,
    NOTHING_GPA,
    RAM_GPA - 0x1000,
    PCI_WINDOW64_BASE,
    PCI_WINDOW64_LAST - 0xfff,
    PCI_WINDOW64_LAST + 1,
};

static void check_holes(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(holes); i++)
        for (unsigned width = 1; width <= 8; width *= 2) {
            uint64_t all = width == 8 ? ~0ULL : (1ULL << 8 * width) - 1;
            uint64_t value;

            write_memory(holes[i], width);
            value = read_memory(holes[i], width);
            expect(value == all, "%u bytes at 0x%lx: 0x%lx", width, holes[i],
                   value);
        }
    check(true, "unclaimed memory was read and written");
}

/* Were one of them to hit the exit port, the guest would end here. */
static void check_wide(void)
{
    static const uint64_t bytes[] = {EXIT_PORT_GPA, PVPANIC_GPA, BOOT_TIMER_GPA,
                                     DEBUG_EXIT_GPA};

    for (size_t i = 0; i < ARRAY_SIZE(bytes); i++)
        for (unsigned width = 2; width <= 8; width *= 2) {
            write_memory(bytes[i], width);
            (void)read_memory(bytes[i], width);
        }
    check(true, "wide accesses to one-byte registers do nothing");
}

/* Every width and alignment that the processor lets through. */
static void check_devices(void)
{
    static const uint64_t devices[] = {
        RTC_GPA,       RTC_GPA + 0xfe0,     SERIAL_GPA,
        PCI_ECAM_BASE, GIC_DISTRIBUTOR_GPA, GIC_REDISTRIBUTORS_GPA,
        GIC_ITS_GPA};
    uint32_t id = mmio_read32(PCI_ECAM_BASE);

    for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
        for (unsigned width = 1; width <= 8; width *= 2)
            for (unsigned at = 0; at < 16; at += width)
                (void)read_memory(devices[i] + at, width);
    check(true, "reads of devices end");
    check(mmio_read32(PCI_ECAM_BASE) == id, "the host bridge is unharmed");
    check(mmio_read32(RTC_GPA + 0xfe0) == 0x31, "the clock has its number");
    check(mmio_read32(RTC_GPA) > 1700000000, "the clock shows the time");
}

/* The handler counted one abort, from outside of the processor. */
static void check_abort(uint64_t before, unsigned class, const char *what)
{
    check(aborts == before + 1 && last_syndrome >> EC_SHIFT == class &&
              (last_syndrome & CAUSE_MASK) == CAUSE_EXTERNAL,
          "%s: an external abort, syndrome 0x%lx", what, last_syndrome);
}

static void check_instructions(void)
{
    uint64_t one = 1, other = 2, at = NOTHING_GPA, before = aborts;

    __asm__ volatile("msr vbar_el1, %0; isb" : : "r"(counting_vectors));
    __asm__ volatile("ldp %0, %1, [%2]"
                     : "+r"(one), "+r"(other)
                     : "r"(at)
                     : "memory");
    check_abort(before, EC_DATA_ABORT, "a load of a pair");
    before = aborts;
    __asm__ volatile("stp %0, %1, [%2]"
                     :
                     : "r"(one), "r"(other), "r"(at)
                     : "memory");
    check_abort(before, EC_DATA_ABORT, "a store of a pair");
    before = aborts;
    __asm__ volatile("ldr %0, [%1], #8" : "+r"(one), "+r"(at) : : "memory");
    check_abort(before, EC_DATA_ABORT, "a load that moves its pointer");
    check(at == NOTHING_GPA, "which stays where it was");
    before = aborts;
    __asm__ volatile("blr %0" : : "r"(at) : "x30", "memory");
    check_abort(before, EC_INSTRUCTION_ABORT, "a call of nothing");
}

void run_case(void)
{
    check_holes();
    check_wide();
    check_devices();
    check_instructions();
}
