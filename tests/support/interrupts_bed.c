/* SPDX-License-Identifier: BSD-2-Clause */
/* interrupts_bed.c: the interrupts of a device, in a fake machine. */
#include "tests/support/interrupts_bed.h"

#include "tests/support/open_fds.h"
#include "vmm/bytes.h"

#include <check.h>
#include <linux/pci_regs.h>
#include <sys/eventfd.h>

#define MSIX_BAR   2U
#define BAR_GPA    UINT64_C(0xe0010000)
#define PBA_OFFSET 4096U

static void written(struct pci_function *of, unsigned offset, unsigned size)
{
    struct interrupts_bed *bed =
        container_of(of, struct interrupts_bed, function);

    virtio_interrupts_config_written(&bed->interrupts, offset, size);
}

static void reading(struct pci_function *of, unsigned offset, unsigned size)
{
    struct interrupts_bed *bed =
        container_of(of, struct interrupts_bed, function);

    (void)offset;
    (void)size;
    virtio_interrupts_config_reading(&bed->interrupts);
}

static const struct pci_function_ops function_ops = {
    .config_written = written,
    .config_reading = reading,
};
static const struct pci_identity identity = {.vendor = 0x1af4,
                                             .device = 0x1041};

void interrupts_bed_setup(struct interrupts_bed *bed)
{
    log_capture_start(&bed->capture);
    bed->fds_before = count_open_fds();
    bus_init(&bed->mmio, "mmio");
    fake_machine_init(&bed->machine);
    ck_assert_int_eq(event_loop_init(&bed->loop), 0);
    pci_function_init(&bed->function, "net", &identity, &function_ops,
                      &bed->mmio);
    bed->function.gsi = INTERRUPTS_BED_GSI;
    ck_assert_int_eq(virtio_interrupts_init(&bed->interrupts, &bed->function,
                                            MSIX_BAR, INTERRUPTS_BED_NUM_QUEUES,
                                            fake_machine_port(&bed->machine),
                                            &bed->loop),
                     0);
    pci_function_assign_bar(&bed->function, MSIX_BAR, BAR_GPA);
    pci_function_write(&bed->function, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
}

void interrupts_bed_teardown(struct interrupts_bed *bed)
{
    pci_function_unmap(&bed->function);
    pci_function_destroy(&bed->function);
    virtio_interrupts_destroy(&bed->interrupts);
    virtio_interrupts_destroy(&bed->interrupts); /* may be called twice */
    ck_assert_uint_eq(bed->machine.num_connections, 0);
    event_loop_destroy(&bed->loop);
    fake_machine_destroy(&bed->machine);
    bus_destroy(&bed->mmio);
    ck_assert_uint_eq(count_open_fds(), bed->fds_before);
    log_capture_stop();
}

void interrupts_bed_write_table(struct interrupts_bed *bed, uint64_t offset,
                                uint32_t value)
{
    uint8_t bytes[4];

    store_le32(bytes, value);
    bus_write(&bed->mmio, BAR_GPA + offset, bytes, sizeof(bytes));
}

void interrupts_bed_set_mask(struct interrupts_bed *bed, unsigned vector,
                             bool masked)
{
    interrupts_bed_write_table(
        bed, (uint64_t)vector * MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL,
        masked);
}

void interrupts_bed_program(struct interrupts_bed *bed, unsigned vector)
{
    uint64_t entry = (uint64_t)vector * MSIX_ENTRY_SIZE;

    interrupts_bed_write_table(bed, entry + PCI_MSIX_ENTRY_LOWER_ADDR,
                               0xfee00000);
    interrupts_bed_write_table(bed, entry + PCI_MSIX_ENTRY_UPPER_ADDR, 0);
    interrupts_bed_write_table(bed, entry + PCI_MSIX_ENTRY_DATA,
                               INTERRUPTS_BED_DATA(vector));
    interrupts_bed_set_mask(bed, vector, false);
}

void interrupts_bed_set_flags(struct interrupts_bed *bed, uint16_t flags)
{
    pci_function_write(&bed->function,
                       bed->interrupts.msix.capability + PCI_MSIX_FLAGS, 2,
                       flags);
}

void interrupts_bed_use_msix(struct interrupts_bed *bed)
{
    interrupts_bed_set_flags(bed, PCI_MSIX_FLAGS_ENABLE);
    for (unsigned i = 0; i < INTERRUPTS_BED_NUM_SOURCES; i++) {
        interrupts_bed_program(bed, i);
        virtio_interrupts_set_vector(&bed->interrupts, i, (uint16_t)i);
        ck_assert_uint_eq(virtio_interrupts_get_vector(&bed->interrupts, i), i);
    }
}

void interrupts_bed_signal(struct interrupts_bed *bed, unsigned source)
{
    ck_assert_int_eq(
        eventfd_write(virtio_interrupts_eventfd(&bed->interrupts, source), 1),
        0);
}

unsigned interrupts_bed_pending_bits(struct interrupts_bed *bed)
{
    uint8_t bytes[8];

    bus_read(&bed->mmio, BAR_GPA + PBA_OFFSET, bytes, sizeof(bytes));
    return (unsigned)load_le64(bytes);
}

unsigned interrupts_bed_raised(struct interrupts_bed *bed, unsigned vector)
{
    return fake_machine_interrupts(&bed->machine, INTERRUPTS_BED_DATA(vector));
}

bool interrupts_bed_is_connected(struct interrupts_bed *bed, unsigned source)
{
    bool connected = virtio_interrupts_is_connected(&bed->interrupts, source);
    int eventfd = virtio_interrupts_eventfd(&bed->interrupts, source);

    ck_assert_int_eq(connected,
                     fake_machine_connection(&bed->machine, eventfd, NULL));
    return connected;
}
