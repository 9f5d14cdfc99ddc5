/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fdt.c: the device tree: the picture of the arm64 machine.
 *
 * Devicetree Specification 0.4; of each device, its file below Linux's
 * Documentation/devicetree/bindings. Cells are 32-bit numbers, big-endian;
 * addresses and sizes take two of them.
 */
#include "vmm/arm64/fdt.h"

#include "vmm/arm64/memory_map.h"

#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

/* Names for nodes to point at each other by. */
enum phandle {
    PHANDLE_GIC = 1,
    PHANDLE_ITS,
    PHANDLE_CLOCK,
};

/* interrupt-controller/arm,gic.yaml: the first and the last of three cells. */
#define SPI        0
#define PPI        1
#define LEVEL_HIGH 4

/* IEEE Std 1275 PCI bus binding, 2.2.1.1: kinds of addresses. */
#define PCI_MEMORY32 0x02000000U
#define PCI_MEMORY64 0x03000000U

/* What pl011 and its like are driven by, in Hz; nobody measures it. */
#define CLOCK_HZ 24000000
/* What Linux computes 115200 baud from. */
#define SERIAL_CLOCK_HZ 1843200

/* A tree that is being written. */
struct tree {
    void *blob;
    int error; /* the first one, libfdt's; later calls do nothing */
};

static void note(struct tree *tree, int error)
{
    if (tree->error == 0)
        tree->error = error;
}

static void begin(struct tree *tree, const char *name)
{
    note(tree, fdt_begin_node(tree->blob, name));
}

/* A node that lies at an address: NAME@ADDRESS. */
static void begin_at(struct tree *tree, const char *name, uint64_t address)
{
    char text[48];

    snprintf(text, sizeof(text), "%s@%llx", name, (unsigned long long)address);
    begin(tree, text);
}

static void end(struct tree *tree)
{
    note(tree, fdt_end_node(tree->blob));
}

static void add_text(struct tree *tree, const char *name, const char *text)
{
    note(tree, fdt_property(tree->blob, name, text, (int)strlen(text) + 1));
}

/* Texts one after the other, each with its zero. */
static void add_texts(struct tree *tree, const char *name, const char *texts,
                      size_t size)
{
    note(tree, fdt_property(tree->blob, name, texts, (int)size));
}

static void add_flag(struct tree *tree, const char *name)
{
    note(tree, fdt_property(tree->blob, name, NULL, 0));
}

static void add_cell(struct tree *tree, const char *name, uint32_t cell)
{
    note(tree, fdt_property_u32(tree->blob, name, cell));
}

static void add_address(struct tree *tree, const char *name, uint64_t address)
{
    note(tree, fdt_property_u64(tree->blob, name, address));
}

static void add_cells(struct tree *tree, const char *name,
                      const uint32_t *cells, size_t count)
{
    void *place;

    note(tree, fdt_property_placeholder(tree->blob, name,
                                        (int)(count * sizeof(*cells)), &place));
    for (size_t i = 0; i < count && tree->error == 0; i++)
        fdt32_st((uint8_t *)place + i * sizeof(*cells), cells[i]);
}
#define ADD_CELLS(tree, name, ...)                                             \
    add_cells(tree, name, (const uint32_t[]){__VA_ARGS__},                     \
              sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

#define HIGH(number) ((uint32_t)((uint64_t)(number) >> 32))
#define LOW(number)  ((uint32_t)(number))
/* An address or a size. */
#define TWO_CELLS(number) HIGH(number), LOW(number)

static void add_region(struct tree *tree, uint64_t base, uint64_t size)
{
    ADD_CELLS(tree, "reg", TWO_CELLS(base), TWO_CELLS(size));
}

/* As chosen.yaml has it, in one cell. What is beyond that, Linux reads, too. */
static void add_initrd_address(struct tree *tree, const char *name,
                               uint64_t address)
{
    if (address <= UINT32_MAX)
        add_cell(tree, name, (uint32_t)address);
    else
        add_address(tree, name, address);
}

/* ---- The tree, from its root down ---- */

/* What whoever starts a kernel tells it. */
static void add_chosen(struct tree *tree, const struct fdt_machine *machine)
{
    char console[32];

    snprintf(console, sizeof(console), "/serial@%x", SERIAL_GPA);
    begin(tree, "chosen");
    add_text(tree, "bootargs", machine->command_line);
    add_text(tree, "stdout-path", console);
    if (machine->initrd_size) {
        add_initrd_address(tree, "linux,initrd-start", machine->initrd_gpa);
        add_initrd_address(tree, "linux,initrd-end",
                           machine->initrd_gpa + machine->initrd_size);
    }
    if (machine->seed) {
        /* So that no process waits for random numbers, and for where the
         * kernel puts itself. */
        note(tree, fdt_property(tree->blob, "rng-seed", machine->seed + 8,
                                FDT_SEED_SIZE - 8));
        note(tree, fdt_property(tree->blob, "kaslr-seed", machine->seed, 8));
    }
    end(tree);
}

static void add_memory(struct tree *tree, const struct guest_memory *memory)
{
    for (unsigned i = 0; i < memory->count; i++) {
        begin_at(tree, "memory", memory->regions[i].gpa);
        add_text(tree, "device_type", "memory");
        add_region(tree, memory->regions[i].gpa, memory->regions[i].size);
        end(tree);
    }
}

static void add_cpus(struct tree *tree, const struct fdt_machine *machine)
{
    begin(tree, "cpus");
    add_cell(tree, "#address-cells", 1);
    add_cell(tree, "#size-cells", 0);
    for (unsigned i = 0; i < machine->num_cpus; i++) {
        begin_at(tree, "cpu", machine->mpidrs[i]);
        add_text(tree, "device_type", "cpu");
        add_text(tree, "compatible", "arm,armv8");
        add_cell(tree, "reg", machine->mpidrs[i]);
        add_text(tree, "enable-method", "psci");
        end(tree);
    }
    end(tree);
}

/* All are KVM's: calls by HVC, each processor's timers and its counters. */
static void add_processor_services(struct tree *tree,
                                   const struct fdt_machine *machine)
{
    static const char psci[] = "arm,psci-1.0\0arm,psci-0.2";
    static const char timer[] = "arm,armv8-timer\0arm,armv7-timer";

    begin(tree, "psci");
    add_texts(tree, "compatible", psci, sizeof(psci));
    add_text(tree, "method", "hvc");
    end(tree);

    begin(tree, "timer");
    add_texts(tree, "compatible", timer, sizeof(timer));
    ADD_CELLS(tree, "interrupts", PPI, TIMER_SECURE_PPI, LEVEL_HIGH, PPI,
              TIMER_PHYSICAL_PPI, LEVEL_HIGH, PPI, TIMER_VIRTUAL_PPI,
              LEVEL_HIGH, PPI, TIMER_HYPERVISOR_PPI, LEVEL_HIGH);
    add_flag(tree, "always-on");
    end(tree);

    if (!machine->has_counters)
        return;
    begin(tree, "pmu");
    add_text(tree, "compatible", "arm,armv8-pmuv3");
    ADD_CELLS(tree, "interrupts", PPI, PMU_PPI, LEVEL_HIGH);
    end(tree);
}

/* interrupt-controller/arm,gic-v3.yaml */
static void add_its(struct tree *tree)
{
    begin_at(tree, "msi-controller", GIC_ITS_GPA);
    add_text(tree, "compatible", "arm,gic-v3-its");
    add_flag(tree, "msi-controller");
    add_cell(tree, "#msi-cells", 1);
    add_region(tree, GIC_ITS_GPA, GIC_ITS_SIZE);
    add_cell(tree, "phandle", PHANDLE_ITS);
    end(tree);
}

static void add_interrupt_controller(struct tree *tree,
                                     const struct fdt_machine *machine)
{
    uint64_t redistributors =
        (uint64_t)machine->num_cpus * GIC_REDISTRIBUTOR_SIZE;

    begin_at(tree, "interrupt-controller", GIC_DISTRIBUTOR_GPA);
    add_text(tree, "compatible",
             machine->is_gicv3 ? "arm,gic-v3" : "arm,cortex-a15-gic");
    add_flag(tree, "interrupt-controller");
    add_cell(tree, "#interrupt-cells", 3);
    add_cell(tree, "#address-cells", 2);
    add_cell(tree, "#size-cells", 2);
    add_flag(tree, "ranges");
    if (machine->is_gicv3)
        ADD_CELLS(tree, "reg", TWO_CELLS(GIC_DISTRIBUTOR_GPA),
                  TWO_CELLS(GIC_DISTRIBUTOR_SIZE),
                  TWO_CELLS(GIC_REDISTRIBUTORS_GPA), TWO_CELLS(redistributors));
    else
        ADD_CELLS(tree, "reg", TWO_CELLS(GIC_DISTRIBUTOR_GPA),
                  TWO_CELLS(GIC_DISTRIBUTOR_SIZE),
                  TWO_CELLS(GIC_CPU_INTERFACE_GPA),
                  TWO_CELLS(GIC_CPU_INTERFACE_SIZE));
    add_cell(tree, "phandle", PHANDLE_GIC);
    if (machine->has_its)
        add_its(tree);
    end(tree);
}

/* Slot n raises pin PCI_FIRST_PIN + n % PCI_NUM_PINS (devices/pci_host.h);
 * lines: the slot, INTA#, then where that goes. */
static void add_intx(struct tree *tree)
{
    uint32_t map[PCI_NUM_PINS][10];

    for (uint32_t i = 0; i < PCI_NUM_PINS; i++) {
        const uint32_t line[] = {i << 11,           0,         0, 1,
                                 PHANDLE_GIC,       0,         0, SPI,
                                 PCI_FIRST_PIN + i, LEVEL_HIGH};

        memcpy(map[i], line, sizeof(line));
    }
    ADD_CELLS(tree, "interrupt-map-mask", (PCI_NUM_PINS - 1) << 11, 0, 0, 7);
    add_cells(tree, "interrupt-map", map[0], sizeof(map) / sizeof(map[0][0]));
}

/* pci/host-generic-pci.yaml. BARs have their addresses already; a kernel that
 * gives others may. */
static void add_pci(struct tree *tree, const struct fdt_machine *machine)
{
    begin_at(tree, "pcie", PCI_ECAM_BASE);
    add_text(tree, "compatible", "pci-host-ecam-generic");
    add_text(tree, "device_type", "pci");
    add_cell(tree, "#address-cells", 3);
    add_cell(tree, "#size-cells", 2);
    add_cell(tree, "#interrupt-cells", 1);
    ADD_CELLS(tree, "bus-range", 0, 0);
    add_region(tree, PCI_ECAM_BASE, PCI_ECAM_SIZE);
    /* PCI and guest-physical addresses are the same. */
    ADD_CELLS(tree, "ranges", PCI_MEMORY32, TWO_CELLS(PCI_WINDOW32_BASE),
              TWO_CELLS(PCI_WINDOW32_BASE), TWO_CELLS(PCI_WINDOW32_SIZE),
              PCI_MEMORY64, TWO_CELLS(PCI_WINDOW64_BASE),
              TWO_CELLS(PCI_WINDOW64_BASE), TWO_CELLS(PCI_WINDOW64_SIZE));
    /* Devices see the guest's memory as its processors do. */
    add_flag(tree, "dma-coherent");
    add_intx(tree);
    /* The ITS knows a device by its bus, slot and function, of which KVM gets
     * the same number (struct msi_message). */
    if (machine->has_its)
        ADD_CELLS(tree, "msi-map", 0, PHANDLE_ITS, 0, 0x10000);
    end(tree);
}

static void add_serial(struct tree *tree)
{
    begin_at(tree, "serial", SERIAL_GPA);
    add_text(tree, "compatible", "ns16550a");
    add_region(tree, SERIAL_GPA, SERIAL_SIZE);
    add_cell(tree, "clock-frequency", SERIAL_CLOCK_HZ);
    ADD_CELLS(tree, "interrupts", SPI, SERIAL_PIN, LEVEL_HIGH);
    end(tree);
}

static void add_rtc(struct tree *tree)
{
    static const char rtc[] = "arm,pl031\0arm,primecell";

    begin(tree, "clock");
    add_text(tree, "compatible", "fixed-clock");
    add_cell(tree, "#clock-cells", 0);
    add_cell(tree, "clock-frequency", CLOCK_HZ);
    add_cell(tree, "phandle", PHANDLE_CLOCK);
    end(tree);

    begin_at(tree, "rtc", RTC_GPA);
    add_texts(tree, "compatible", rtc, sizeof(rtc));
    add_region(tree, RTC_GPA, RTC_SIZE);
    add_cell(tree, "clocks", PHANDLE_CLOCK);
    add_text(tree, "clock-names", "apb_pclk");
    end(tree);
}

static void add_pvpanic(struct tree *tree)
{
    begin_at(tree, "pvpanic", PVPANIC_GPA);
    add_text(tree, "compatible", "qemu,pvpanic-mmio");
    add_region(tree, PVPANIC_GPA, PVPANIC_SIZE);
    end(tree);
}

static void add_root(struct tree *tree, const struct fdt_machine *machine)
{
    begin(tree, "");
    add_text(tree, "compatible", "linux,dummy-virt");
    add_text(tree, "model", "vmm");
    add_cell(tree, "#address-cells", 2);
    add_cell(tree, "#size-cells", 2);
    add_cell(tree, "interrupt-parent", PHANDLE_GIC);
    add_chosen(tree, machine);
    add_memory(tree, machine->memory);
    add_cpus(tree, machine);
    add_processor_services(tree, machine);
    add_interrupt_controller(tree, machine);
    add_pci(tree, machine);
    add_serial(tree);
    add_rtc(tree);
    add_pvpanic(tree);
    end(tree);
}

int fdt_describe(const struct fdt_machine *machine, void *blob, size_t size)
{
    struct tree tree = {.blob = blob};

    note(&tree, fdt_create(blob, (int)size));
    note(&tree, fdt_finish_reservemap(blob));
    add_root(&tree, machine);
    note(&tree, fdt_finish(blob));
    if (tree.error == 0)
        return 0;
    return tree.error == -FDT_ERR_NOSPACE ? -ENOSPC : -EINVAL;
}

size_t fdt_size(const void *blob)
{
    return fdt_totalsize(blob);
}
