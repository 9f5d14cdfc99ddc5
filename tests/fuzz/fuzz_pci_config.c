/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_pci_config.c: any sequence of configuration accesses, by ECAM and by
 * ports, to a function with a 32-bit and a 64-bit BAR and a capability.
 *
 * Input: steps of 14 bytes: what, size, offset (4), value (8).
 */
#include "devices/pci_host.h"
#include "vmm/bytes.h"

#include <linux/pci_regs.h>
#include <stdlib.h>

#define STEP_SIZE 14U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct pci_host_layout layout = {
    .ecam_base = 0xb0000000,
    .window32_base = 0xc0000000,
    .window32_size = 256 * MIB,
    .window64_base = 0x4000000000,
    .window64_size = 64 * GIB,
    .first_gsi = 16,
    .num_gsis = 4,
};
static const struct pci_identity identity = {
    .vendor = 0x1af4,
    .device = 0x1041,
    .class_code = 0x020000,
};

static struct bus mmio, ports;
static struct pci_host host;
static struct pci_function function;
static bool is_mapped[PCI_NUM_BARS];

/* Unlike assert(), not compiled out and seen by the fuzzer as a crash. */
static void require(bool claim)
{
    if (!claim)
        abort();
}

static uint64_t bar_read(void *device, uint64_t offset, unsigned size)
{
    const struct pci_bar *bar = device;

    require(range_is_inside(offset, size, 0, bar->region.size));
    return offset;
}

static void bar_write(void *device, uint64_t offset, unsigned size,
                      uint64_t value)
{
    (void)value;
    (void)bar_read(device, offset, size);
}

static const struct bus_ops bar_ops = {.read = bar_read, .write = bar_write};

/* Each BAR comes and goes in turn, at an aligned place. */
static void bar_mapped(struct pci_function *mapping, unsigned index,
                       bool mapped)
{
    const struct bus_region *region = &mapping->bars[index].region;

    require(is_mapped[index] != mapped);
    require(is_aligned(region->base, region->size));
    is_mapped[index] = mapped;
}

static void config_written(struct pci_function *written, unsigned offset,
                           unsigned size)
{
    (void)written;
    require(range_is_inside(offset, size, 0, PCI_CONFIG_SIZE));
}

static const struct pci_function_ops function_ops = {
    .config_written = config_written,
    .bar_mapped = bar_mapped,
};

static void check_invariants(void)
{
    uint16_t command = load_le16(function.config + PCI_COMMAND);
    unsigned num_mapped = 0;

    for (unsigned i = 0; i < PCI_NUM_BARS; i++) {
        require(function.bars[i].is_mapped == is_mapped[i]);
        num_mapped += is_mapped[i] ? 1 : 0;
    }
    require(mmio.count == 1 + num_mapped); /* and ECAM */
    require(num_mapped == 0 || (command & PCI_COMMAND_MEMORY));
    require(load_le32(function.config + PCI_VENDOR_ID) == 0x10411af4);
    for (unsigned i = 0; i < PCI_CONFIG_SIZE; i++)
        require(i < PCI_STD_HEADER_SIZEOF || function.writable[i] ||
                function.config[i] == 0 || i < function.next_free);
}

static void step(const uint8_t *bytes)
{
    unsigned size = 1 + bytes[1] % 8;
    uint32_t offset = load_le32(bytes + 2);
    uint64_t ecam = layout.ecam_base + offset % (64 * KIB); /* slots 0, 1 */
    uint16_t port = (uint16_t)(0xcf8 + offset % 8);
    uint8_t answer[8];

    switch (bytes[0] % 8) {
    case 0:
        bus_read(&mmio, ecam, answer, size);
        break;
    case 1:
        bus_write(&mmio, ecam, bytes + 6, size);
        break;
    case 2:
        bus_read(&ports, port, answer, size % 4 + 1);
        break;
    case 3:
        bus_write(&ports, port, bytes + 6, size % 4 + 1);
        break;
    case 4: /* where a BAR is now */
        bus_read(&mmio, function.bars[0].region.base + offset % (8 * KIB),
                 answer, size);
        break;
    case 5:
        bus_write(&mmio, function.bars[2].region.base + offset % (64 * KIB),
                  bytes + 6, size);
        break;
    case 6: /* any header register of the function, decoding on */
        bus_write(&mmio,
                  layout.ecam_base + (UINT64_C(1) << 15) + (offset & 0x3c),
                  bytes + 6, 4);
        break;
    default:
        if (offset % 64 == 0)
            pci_host_reset(&host);
        break;
    }
    check_invariants();
}

static void ignore_line(enum log_level level, const char *line, void *context)
{
    (void)level;
    (void)line;
    (void)context;
}

static void set_up(void)
{
    log_set_sink(ignore_line, NULL);
    bus_init(&mmio, "mmio");
    bus_init(&ports, "ports");
    require(pci_host_init(&host, &layout, &mmio, &ports) == 0);
    pci_function_init(&function, "net", &identity, &function_ops, &mmio);
    pci_function_add_bar(&function, 0, 8 * KIB, false, false, &bar_ops,
                         &function.bars[0]);
    pci_function_add_bar(&function, 2, 64 * KIB, true, true, &bar_ops,
                         &function.bars[2]);
    pci_function_add_capability(&function, PCI_CAP_ID_MSIX, 12);
    store_le16(function.writable + 0x42, 0xc000);
    pci_function_use_intx(&function);
    require(pci_host_add(&host, &function) == 0);
}

static void tear_down(void)
{
    pci_host_remove(&host, &function);
    pci_function_destroy(&function);
    for (unsigned i = 0; i < PCI_NUM_BARS; i++)
        require(!is_mapped[i]);
    pci_host_destroy(&host);
    require(mmio.count == 0 && ports.count == 0);
    bus_destroy(&ports);
    bus_destroy(&mmio);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    set_up();
    for (; size >= STEP_SIZE; size -= STEP_SIZE, data += STEP_SIZE)
        step(data);
    tear_down();
    return 0;
}
