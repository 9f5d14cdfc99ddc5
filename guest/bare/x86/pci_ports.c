/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pci_ports.c: PCI configuration space by ports 0xcf8 and 0xcfc, which agree
 * with ECAM.
 */
#include "guest/bare/guest.h"
#include "guest/bare/pci.h"
#include "guest/bare/platform.h"
#include "guest/bare/x86/machine.h"

#include <linux/pci_regs.h>

#define CONFIG_ENABLE 0x80000000U
#define CONFIG_SIZE   256
#define BRIDGE        PCI_FUNCTION(0, 0)

/* `address` has bus, slot and function from bit 8 on, and the offset of a
 * dword. */
static uint32_t read_by_ports(uint32_t address)
{
    out32(PCI_CONFIG_PORT, CONFIG_ENABLE | address);
    return in32(PCI_CONFIG_PORT + 4);
}

static void write_by_ports(uint32_t address, uint32_t value)
{
    out32(PCI_CONFIG_PORT, CONFIG_ENABLE | address);
    out32(PCI_CONFIG_PORT + 4, value);
}

/* What is written one way is read the other. */
static void check_writes_agree(void)
{
    pci_write8(BRIDGE, PCI_INTERRUPT_LINE, 0x5a);
    check((read_by_ports(PCI_INTERRUPT_LINE) & 0xff) == 0x5a,
          "ports show what ECAM wrote");
    write_by_ports(PCI_INTERRUPT_LINE, 0xa5);
    check(pci_read8(BRIDGE, PCI_INTERRUPT_LINE) == 0xa5,
          "ECAM shows what ports wrote");
}

static void check_widths(void)
{
    uint32_t id = pci_read32(BRIDGE, PCI_VENDOR_ID);

    out32(PCI_CONFIG_PORT, 0x80000000U);
    check(in16(PCI_CONFIG_PORT + 6) == id >> 16 &&
              in8(PCI_CONFIG_PORT + 5) == (id >> 8 & 0xff),
          "the data port reads parts of a dword");
    out32(PCI_CONFIG_PORT, 0);
    check(in32(PCI_CONFIG_PORT + 4) == 0xffffffff,
          "without its enable bit the address leads nowhere");
}

static void check_absent(void)
{
    bool all_ones = true;

    for (unsigned function = 0; function < PCI_SLOTS * 8; function++)
        if (pci_read16(function, PCI_VENDOR_ID) == 0xffff)
            all_ones &= read_by_ports(function << 8) == 0xffffffff;
    check(all_ones, "by ports, absent functions read as ones");
    check(read_by_ports(1U << 16) == 0xffffffff &&
              read_by_ports(0xffU << 16) == 0xffffffff,
          "other buses read as ones");
}

void platform_check_pci(void)
{
    check_writes_agree();
    check_widths();
    check_absent();
}

void platform_check_pci_function(unsigned function)
{
    bool agree = true;

    for (unsigned at = 0; at < CONFIG_SIZE; at += 4)
        agree &= pci_read32(function, at) == read_by_ports(function << 8 | at);
    check(agree, "slot %u: ECAM and ports show the same", function >> 3);
}
