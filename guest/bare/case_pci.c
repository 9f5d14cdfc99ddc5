/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_pci.c: PCI configuration space: the host bridge is there, what is
 * absent reads as ones, and all ways in agree.
 */
#include "guest/bare/guest.h"
#include "guest/bare/pci.h"
#include "guest/bare/platform.h"

#include <linux/pci_regs.h>
#include <machine.h>

#define CONFIG_SIZE  256
#define BRIDGE       PCI_FUNCTION(0, 0)
#define CLASS_BRIDGE 0x0600

static bool is_present(unsigned function)
{
    return pci_read16(function, PCI_VENDOR_ID) != 0xffff;
}

static void check_widths(void)
{
    uint32_t id = pci_read32(BRIDGE, PCI_VENDOR_ID);

    pci_write32(BRIDGE, PCI_VENDOR_ID, 0);
    check(is_present(BRIDGE), "the identity cannot be written");
    check(pci_read16(BRIDGE, 2) == id >> 16 &&
              pci_read8(BRIDGE, 1) == (id >> 8 & 0xff),
          "ECAM reads parts of a dword");
}

static void check_absent(void)
{
    unsigned absent = 0;

    for (unsigned function = 0; function < PCI_SLOTS * 8; function++) {
        if (is_present(function))
            continue;
        absent += pci_read32(function, 0) == 0xffffffff;
        pci_write32(function, PCI_BASE_ADDRESS_0, 0xffffffff);
    }
    check(absent >= PCI_SLOTS * 8 - PCI_SLOTS,
          "absent functions read as ones (%u)", absent);
}

/* A device, where the run has one. */
static void check_device(unsigned function)
{
    for (unsigned bar = 0; bar < 6; bar++) {
        uint64_t size = pci_bar_size(function, bar);
        uint64_t gpa = pci_bar_gpa(function, bar);

        if (size == 0)
            continue;
        check((size & (size - 1)) == 0 && size >= 4096 && gpa % size == 0,
              "slot %u: BAR %u has 0x%lx bytes at a multiple of that",
              function >> 3, bar, size);
        check(
            (gpa >= PCI_WINDOW32_BASE && gpa + size - 1 <= PCI_WINDOW32_LAST) ||
                (gpa >= PCI_WINDOW64_BASE &&
                 gpa + size - 1 <= PCI_WINDOW64_LAST),
            "slot %u: BAR %u is inside a PCI window", function >> 3, bar);
        if (pci_read8(function, PCI_BASE_ADDRESS_0 + 4 * bar) &
            PCI_BASE_ADDRESS_MEM_TYPE_64)
            bar++;
    }
}

void run_case(void)
{
    check(is_present(BRIDGE) &&
              pci_read16(BRIDGE, PCI_CLASS_DEVICE) == CLASS_BRIDGE,
          "slot 0 has a host bridge");
    check(pci_read32(BRIDGE, CONFIG_SIZE) == 0,
          "there are no extended capabilities");
    check_widths();
    check_absent();
    platform_check_pci();
    for (unsigned slot = 0; slot < PCI_SLOTS; slot++) {
        unsigned function = PCI_FUNCTION(slot, 0);

        if (!is_present(function))
            continue;
        platform_check_pci_function(function);
        if (slot > 0)
            check_device(function);
    }
}
