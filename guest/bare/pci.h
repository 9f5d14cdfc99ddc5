/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pci.h: PCI configuration space, by ECAM.
 */
#ifndef GUEST_BARE_PCI_H
#define GUEST_BARE_PCI_H

#include <stdint.h>

#define PCI_SLOTS 32

/* `function`: slot << 3 | function number, on bus 0. */
#define PCI_FUNCTION(slot, number) ((slot) << 3 | (number))

/* `offset` is below 4 KiB and a multiple of the width. */
uint8_t pci_read8(unsigned function, unsigned offset);
uint16_t pci_read16(unsigned function, unsigned offset);
uint32_t pci_read32(unsigned function, unsigned offset);
void pci_write8(unsigned function, unsigned offset, uint8_t value);
void pci_write16(unsigned function, unsigned offset, uint16_t value);
void pci_write32(unsigned function, unsigned offset, uint32_t value);

/* Where a memory BAR is, 64 bits wide or not, and how many bytes; 0 where
 * there is none. The size is found with memory decoding off. */
uint64_t pci_bar_gpa(unsigned function, unsigned bar);
uint64_t pci_bar_size(unsigned function, unsigned bar);
void pci_move_bar(unsigned function, unsigned bar, uint64_t gpa);

#endif
