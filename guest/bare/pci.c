/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pci.c: PCI configuration space, by ECAM.
 */
#include "guest/bare/pci.h"

#include <linux/pci_regs.h>
#include <machine.h>
#include <stdbool.h>

static uintptr_t ecam(unsigned function, unsigned offset)
{
    return PCI_ECAM_BASE + ((uintptr_t)function << 12) + offset;
}

uint8_t pci_read8(unsigned function, unsigned offset)
{
    return mmio_read8(ecam(function, offset));
}

uint16_t pci_read16(unsigned function, unsigned offset)
{
    return mmio_read16(ecam(function, offset));
}

uint32_t pci_read32(unsigned function, unsigned offset)
{
    return mmio_read32(ecam(function, offset));
}

void pci_write8(unsigned function, unsigned offset, uint8_t value)
{
    mmio_write8(ecam(function, offset), value);
}

void pci_write16(unsigned function, unsigned offset, uint16_t value)
{
    mmio_write16(ecam(function, offset), value);
}

void pci_write32(unsigned function, unsigned offset, uint32_t value)
{
    mmio_write32(ecam(function, offset), value);
}

static unsigned bar_offset(unsigned bar)
{
    return PCI_BASE_ADDRESS_0 + 4 * bar;
}

static bool is_64bit(unsigned function, unsigned bar)
{
    return (pci_read32(function, bar_offset(bar)) &
            PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64;
}

uint64_t pci_bar_gpa(unsigned function, unsigned bar)
{
    uint64_t gpa = pci_read32(function, bar_offset(bar)) & ~0xfULL;

    if (is_64bit(function, bar))
        gpa |= (uint64_t)pci_read32(function, bar_offset(bar + 1)) << 32;
    return gpa;
}

void pci_move_bar(unsigned function, unsigned bar, uint64_t gpa)
{
    bool wide = is_64bit(function, bar);

    pci_write32(function, bar_offset(bar), (uint32_t)gpa);
    if (wide)
        pci_write32(function, bar_offset(bar + 1), (uint32_t)(gpa >> 32));
}

uint64_t pci_bar_size(unsigned function, unsigned bar)
{
    uint16_t command = pci_read16(function, PCI_COMMAND);
    uint64_t gpa = pci_bar_gpa(function, bar);
    uint64_t mask;

    pci_write16(function, PCI_COMMAND, command & (uint16_t)~PCI_COMMAND_MEMORY);
    pci_move_bar(function, bar, ~0ULL);
    mask = pci_bar_gpa(function, bar);
    if (!is_64bit(function, bar) && mask)
        mask |= ~0ULL << 32;
    pci_move_bar(function, bar, gpa);
    pci_write16(function, PCI_COMMAND, command);
    return mask ? ~mask + 1 : 0;
}
