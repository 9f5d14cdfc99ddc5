/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * platform.c: what x86 does for the cases.
 */
#include "guest/bare/platform.h"

#include "guest/bare/bytes.h"
#include "guest/bare/guest.h"
#include "guest/bare/x86/acpi.h"
#include "guest/bare/x86/local_apic.h"
#include "guest/bare/x86/machine.h"
#include "guest/bare/x86/start_info.h"

#define GIB              (1ULL << 30)
#define LARGE_PAGE       (2ULL << 20)
#define PRESENT_WRITABLE 0x03ULL
#define LARGE            0x80ULL
#define MAX_MAPPED_GIBS  4

/* ACPI 6.5, 4.8.3.7.1 */
#define SLEEP_TYPE_SHIFT 2
#define SLEEP_ENABLE     (1U << 5)

#define TRAMPOLINE_GPA 0x10000 /* free RAM below 1 MiB */

#define VECTOR 0x41
/* 82093AA data sheet. */
#define IOAPIC_SELECT      0x00
#define IOAPIC_WINDOW      0x10
#define IOAPIC_REDIRECTION 0x10 /* plus twice the pin */
#define REDIRECTION_LEVEL  (1U << 15)

struct idt_entry {
    uint16_t offset_low, selector;
    uint8_t stack, type;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};

const struct start_info *start_info;

static struct idt_entry idt[VECTOR + 1];
static void (*interrupt_handler)(void);

/* start.S: of the first 512 GiB. */
extern uint64_t page_directory_pointers[512];
static uint64_t more_directories[MAX_MAPPED_GIBS][512]
    __attribute__((aligned(4096)));
static unsigned num_mapped_gibs;

/* start.S */
extern const uint8_t ap_trampoline[], ap_trampoline_end[];
extern void (*ap_entry)(void);

/* Called by start.S. */
void start_c(const struct start_info *info);

void start_c(const struct start_info *info)
{
    start_info = info;
    run_case();
    finish();
}

const char *platform_command_line(void)
{
    return (const char *)start_info->command_line_gpa;
}

bool platform_initrd(uint64_t *gpa, uint64_t *size)
{
    const struct start_module *module =
        (const struct start_module *)start_info->modules_gpa;

    if (start_info->magic != START_INFO_MAGIC || start_info->num_modules != 1)
        return false;
    *gpa = module->gpa;
    *size = module->size;
    return true;
}

void platform_halt(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

/* ---- Power and reset: registers that the FADT names ---- */

static void sleep(unsigned value)
{
    uint64_t fadt = acpi_find("FACP");

    out8(acpi_port_of(fadt + FADT_SLEEP_CONTROL), (uint8_t)value);
}

void platform_power_off(void)
{
    sleep(SLEEP_TYPE_S5 << SLEEP_TYPE_SHIFT | SLEEP_ENABLE);
}

void platform_try_power_off(void)
{
    sleep(SLEEP_TYPE_S5 << SLEEP_TYPE_SHIFT);
    check(true, "without its enable bit the register does nothing");
    sleep(3 << SLEEP_TYPE_SHIFT | SLEEP_ENABLE);
    check(true, "another sleep type does nothing");
}

static void write_reset_register(unsigned more)
{
    uint64_t fadt = acpi_find("FACP");

    out8(acpi_port_of(fadt + FADT_RESET_REGISTER),
         (uint8_t)(*at_gpa(fadt + FADT_RESET_VALUE) + more));
}

void platform_reset(void)
{
    write_reset_register(0);
}

void platform_try_reset(void)
{
    write_reset_register(1);
    check(true, "another value than the reset value does nothing");
}

/* ---- Other CPUs: INIT-SIPI-SIPI ---- */

static void send_to_others(uint32_t command)
{
    local_apic_write(LOCAL_APIC_ICR_HIGH, 0);
    local_apic_write(LOCAL_APIC_ICR, command | ICR_ALL_BUT_SELF);
    while (local_apic_read(LOCAL_APIC_ICR) & ICR_IS_PENDING)
        visit_host();
}

void platform_start_cpus(unsigned count, void (*entry)(void))
{
    (void)count;
    memcpy((void *)TRAMPOLINE_GPA, ap_trampoline,
           (size_t)(ap_trampoline_end - ap_trampoline));
    ap_entry = entry;
    local_apic_enable();
    send_to_others(ICR_INIT);
    send_to_others(ICR_STARTUP | TRAMPOLINE_GPA >> 12);
    send_to_others(ICR_STARTUP | TRAMPOLINE_GPA >> 12);
}

unsigned platform_cpu_id(void)
{
    return local_apic_read(LOCAL_APIC_ID) >> 24;
}

/* ---- Interrupts ---- */

static void ioapic_write(uint8_t reg, uint32_t value)
{
    mmio_write32(IOAPIC_BASE + IOAPIC_SELECT, reg);
    mmio_write32(IOAPIC_BASE + IOAPIC_WINDOW, value);
}

__attribute__((interrupt)) static void handle_interrupt(void *frame)
{
    (void)frame;
    interrupt_handler();
    local_apic_write(LOCAL_APIC_EOI, 0);
}

void platform_set_handler(unsigned pin, void (*handler)(void))
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = {sizeof(idt) - 1, (uintptr_t)idt};
    uintptr_t entry = (uintptr_t)handle_interrupt;
    uint8_t reg = (uint8_t)(IOAPIC_REDIRECTION + 2 * pin);

    interrupt_handler = handler;
    idt[VECTOR] = (struct idt_entry){.offset_low = (uint16_t)entry,
                                     .selector = 0x08,
                                     .type = 0x8e, /* interrupt gate */
                                     .offset_middle = (uint16_t)(entry >> 16)};
    __asm__ volatile("lidt %0" : : "m"(pointer));
    local_apic_enable();
    ioapic_write(reg + 1, 0); /* to local APIC 0 */
    ioapic_write(reg, VECTOR | REDIRECTION_LEVEL);
}

void platform_allow_interrupts(bool allow)
{
    if (allow)
        __asm__ volatile("sti" : : : "memory");
    else
        __asm__ volatile("cli" : : : "memory");
}

/* ---- Memory ---- */

void map_gib(uint64_t gpa)
{
    uint64_t *directory;
    uint64_t first = gpa & ~(GIB - 1);

    if (page_directory_pointers[first / GIB] != 0 ||
        num_mapped_gibs == MAX_MAPPED_GIBS)
        return;
    directory = more_directories[num_mapped_gibs++];
    for (unsigned i = 0; i < 512; i++)
        directory[i] = (first + i * LARGE_PAGE) | PRESENT_WRITABLE | LARGE;
    page_directory_pointers[first / GIB] =
        (uintptr_t)directory | PRESENT_WRITABLE;
    /* An entry that was not present need not be flushed (Intel SDM, volume
     * 3, 4.10.4.3). */
}
