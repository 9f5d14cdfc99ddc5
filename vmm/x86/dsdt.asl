/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dsdt.asl: the devices that a guest cannot find by itself: the PCI host
 * bridge with its windows, interrupts and hot-plug slots, the serial port, where
 * a kernel says that it panicked, and the power-off state. Fed through the C preprocessor before iasl compiles it.
 */
#include "vmm/x86/memory_map.h"

/* INTA# of the slots n, n + 8, n + 16 and n + 24; see pci_host.h. */
#define SLOT(number, gsi) \
    Package () { ((number) << 16) | 0xFFFF, 0, 0, gsi },
#define EIGHT_SLOTS(first) \
    SLOT ((first) + 0, PCI_FIRST_GSI + 0) SLOT ((first) + 1, PCI_FIRST_GSI + 1) \
    SLOT ((first) + 2, PCI_FIRST_GSI + 2) SLOT ((first) + 3, PCI_FIRST_GSI + 3) \
    SLOT ((first) + 4, PCI_FIRST_GSI + 4) SLOT ((first) + 5, PCI_FIRST_GSI + 5) \
    SLOT ((first) + 6, PCI_FIRST_GSI + 6) SLOT ((first) + 7, PCI_FIRST_GSI + 7)

/*
 * Slots that may be filled and emptied while the guest runs, by the registers
 * of devices/pci_hotplug.h. There are no more devices than these. Without
 * _STA: whether a slot is filled its configuration space says.
 */
#define EACH_HOTPLUG_SLOT(do) \
    do (1) do (2) do (3) do (4) do (5) do (6) do (7) do (8) do (9)
#define HOTPLUG_SLOT(number) \
    Device (S##number) \
    { \
        Name (_ADR, (number) << 16) \
        Name (_SUN, number) \
        Method (_EJ0, 1) { EJCT = 1 << (number) } \
    }
#define TELL_SLOT(number) \
    If (Arg0 & (1 << (number))) { Notify (S##number, Arg1) }

DefinitionBlock ("dsdt.aml", "DSDT", 2, "VMM   ", "VMMTABLE", 1)
{
    Scope (\_SB)
    {
        Device (PCI0)
        {
            Name (_HID, EisaId ("PNP0A08"))
            Name (_CID, EisaId ("PNP0A03"))
            Name (_SEG, 0)
            Name (_BBN, 0)
            Name (_UID, 0)
            Name (_CRS, ResourceTemplate ()
            {
                WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,
                    0, 0, 0, 0, 1)
                IO (Decode16, PCI_CONFIG_PORT, PCI_CONFIG_PORT, 1,
                    PCI_CONFIG_PORTS)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed,
                    NonCacheable, ReadWrite,
                    0, PCI_WINDOW32_BASE, PCI_WINDOW32_LAST, 0,
                    PCI_WINDOW32_SIZE)
                QWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed,
                    Prefetchable, ReadWrite,
                    0, PCI_WINDOW64_BASE, PCI_WINDOW64_LAST, 0,
                    PCI_WINDOW64_SIZE)
            })
            Name (_PRT, Package ()
            {
                EIGHT_SLOTS (0)
                EIGHT_SLOTS (8)
                EIGHT_SLOTS (16)
                EIGHT_SLOTS (24)
            })

            OperationRegion (HPRG, SystemIO, HOTPLUG_PORT, HOTPLUG_PORTS)
            Field (HPRG, DWordAcc, NoLock, WriteAsZeros)
            {
                CHCK, 32,
                RQST, 32,
                EJCT, 32
            }
            EACH_HOTPLUG_SLOT (HOTPLUG_SLOT)

            /* 5.6.6: notification Arg1 to each slot of Arg0. */
            Method (TELL, 2)
            {
                EACH_HOTPLUG_SLOT (TELL_SLOT)
            }
        }

        /* 5.6.9, Generic Event Device. */
        Device (GED)
        {
            Name (_HID, "ACPI0013")
            Name (_CRS, ResourceTemplate ()
            {
                Interrupt (ResourceConsumer, Level, ActiveHigh, Exclusive)
                {
                    HOTPLUG_GSI
                }
            })
            Method (_EVT, 1, Serialized)
            {
                \_SB.PCI0.TELL (\_SB.PCI0.CHCK, 1) /* device check */
                \_SB.PCI0.TELL (\_SB.PCI0.RQST, 3) /* eject request */
            }
        }

        /* Linux uses ECAM only where a device claims its addresses. */
        Device (ECAM)
        {
            Name (_HID, EisaId ("PNP0C02"))
            Name (_UID, 1)
            Name (_CRS, ResourceTemplate ()
            {
                Memory32Fixed (ReadWrite, PCI_ECAM_BASE, PCI_ECAM_SIZE)
            })
        }

        Device (COM1)
        {
            Name (_HID, EisaId ("PNP0501"))
            Name (_UID, 1)
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, SERIAL_PORT, SERIAL_PORT, 1, 8)
                IRQNoFlags () { SERIAL_GSI }
            })
        }

        /* Linux: drivers/misc/pvpanic. Its one register is devices/pvpanic.h.
         */
        Device (PVPN)
        {
            Name (_HID, "QEMU0001")
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, PVPANIC_PORT, PVPANIC_PORT, 1, 1)
            })
        }
    }

    /* 7.4.2, system states: S5 only. */
    Name (\_S5, Package () { SLEEP_TYPE_S5, 0, 0, 0 })
}
