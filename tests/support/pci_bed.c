/* SPDX-License-Identifier: BSD-2-Clause */
/* pci_bed.c: a guest's driver of a virtio PCI device. */
#include "tests/support/pci_bed.h"

#include "tests/support/open_fds.h"

#include <check.h>
#include <linux/virtio_pci.h>

uint32_t pci_bed_config_read(struct pci_bed *bed, unsigned offset,
                             unsigned size)
{
    return virtio_bench_config_read(&bed->bench, offset, size);
}

void pci_bed_config_write(struct pci_bed *bed, unsigned offset, unsigned size,
                          uint32_t value)
{
    virtio_bench_config_write(&bed->bench, offset, size, value);
}

void pci_bed_setup(struct pci_bed *bed)
{
    log_capture_start(&bed->capture);
    bed->fds_before = count_open_fds();
    virtio_bench_init(&bed->bench);
    ck_assert_int_eq(virtio_bench_plug(&bed->bench), 0);
    pci_bed_config_write(bed, PCI_COMMAND, 2, PCI_BED_MEMORY_ON);
}

void pci_bed_teardown(struct pci_bed *bed)
{
    virtio_bench_unplug(&bed->bench);
    ck_assert_str_eq(fake_backend_violation(&bed->bench.fake), "");
    ck_assert(bed->bench.fake.is_closed);
    ck_assert_uint_eq(bed->bench.machine.num_doorbells, 0);
    ck_assert_uint_eq(bed->bench.machine.num_pages, 0);
    ck_assert_uint_eq(bed->bench.machine.num_connections, 0);
    virtio_bench_destroy(&bed->bench);
    ck_assert_uint_eq(count_open_fds(), bed->fds_before);
    log_capture_stop();
}

struct pci_bed_structure pci_bed_find(struct pci_bed *bed, uint8_t type)
{
    unsigned at =
        virtio_bench_find_capability(&bed->bench, PCI_CAP_ID_VNDR, type);

    ck_assert_uint_ne(at, 0);
    return (struct pci_bed_structure){
        .at = at,
        .bar = pci_bed_config_read(bed, at + VIRTIO_PCI_CAP_BAR, 1),
        .offset = pci_bed_config_read(bed, at + VIRTIO_PCI_CAP_OFFSET, 4),
        .length = pci_bed_config_read(bed, at + VIRTIO_PCI_CAP_LENGTH, 4),
    };
}

uint64_t pci_bed_read_in(struct pci_bed *bed, uint8_t type, uint64_t offset,
                         unsigned size)
{
    struct pci_bed_structure in = pci_bed_find(bed, type);

    return virtio_bench_read(&bed->bench, in.bar, in.offset + offset, size);
}

void pci_bed_write_in(struct pci_bed *bed, uint8_t type, uint64_t offset,
                      unsigned size, uint64_t value)
{
    struct pci_bed_structure in = pci_bed_find(bed, type);

    virtio_bench_write(&bed->bench, in.bar, in.offset + offset, size, value);
}

uint64_t pci_bed_common(struct pci_bed *bed, unsigned offset, unsigned size)
{
    return pci_bed_read_in(bed, VIRTIO_PCI_CAP_COMMON_CFG, offset, size);
}

void pci_bed_set_common(struct pci_bed *bed, unsigned offset, unsigned size,
                        uint64_t value)
{
    pci_bed_write_in(bed, VIRTIO_PCI_CAP_COMMON_CFG, offset, size, value);
}

void pci_bed_bring_up_queues(struct pci_bed *bed, unsigned count)
{
    pci_bed_set_common(bed, VIRTIO_PCI_COMMON_STATUS, 1, 0);
    pci_bed_set_common(bed, VIRTIO_PCI_COMMON_STATUS, 1, 1);
    pci_bed_set_common(bed, VIRTIO_PCI_COMMON_STATUS, 1, 3);
    for (unsigned word = 0; word < 2; word++) {
        pci_bed_set_common(bed, VIRTIO_PCI_COMMON_DFSELECT, 4, word);
        pci_bed_set_common(bed, VIRTIO_PCI_COMMON_GFSELECT, 4, word);
        pci_bed_set_common(bed, VIRTIO_PCI_COMMON_GF, 4,
                           pci_bed_common(bed, VIRTIO_PCI_COMMON_DF, 4));
    }
    pci_bed_set_common(bed, VIRTIO_PCI_COMMON_STATUS, 1, PCI_BED_NEGOTIATED);
    for (unsigned i = 0; i < count; i++) {
        pci_bed_set_common(bed, VIRTIO_PCI_COMMON_Q_SELECT, 2, i);
        pci_bed_set_common(bed, VIRTIO_PCI_COMMON_Q_SIZE, 2, 64);
        pci_bed_set_common(bed, VIRTIO_PCI_COMMON_Q_DESCLO, 4,
                           PCI_BED_QUEUE_GPA(i));
        pci_bed_set_common(bed, VIRTIO_PCI_COMMON_Q_DESCHI, 4, 0);
        pci_bed_set_common(bed, VIRTIO_PCI_COMMON_Q_AVAILLO, 4,
                           PCI_BED_QUEUE_GPA(i) + 0x1000);
        pci_bed_set_common(bed, VIRTIO_PCI_COMMON_Q_AVAILHI, 4, 0);
        pci_bed_set_common(bed, VIRTIO_PCI_COMMON_Q_USEDLO, 4,
                           PCI_BED_QUEUE_GPA(i) + 0x2000);
        pci_bed_set_common(bed, VIRTIO_PCI_COMMON_Q_USEDHI, 4, 0);
        pci_bed_set_common(bed, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
    }
    pci_bed_set_common(bed, VIRTIO_PCI_COMMON_STATUS, 1, PCI_BED_RUNNING);
}

void pci_bed_bring_up(struct pci_bed *bed)
{
    pci_bed_bring_up_queues(bed, PCI_BED_NUM_QUEUES);
}

void pci_bed_use_msix(struct pci_bed *bed)
{
    unsigned at = virtio_bench_find_capability(&bed->bench, PCI_CAP_ID_MSIX, 0);

    for (unsigned i = 0; i <= PCI_BED_NUM_QUEUES; i++) {
        virtio_bench_write(&bed->bench, 2, UINT64_C(16) * i, 8, 0xfee00000);
        virtio_bench_write(&bed->bench, 2, UINT64_C(16) * i + 8, 8, 0x40 + i);
    }
    pci_bed_config_write(bed, at + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
}

uint64_t pci_bed_notify_gpa(struct pci_bed *bed, unsigned queue)
{
    struct pci_bed_structure notify =
        pci_bed_find(bed, VIRTIO_PCI_CAP_NOTIFY_CFG);
    uint32_t multiplier =
        pci_bed_config_read(bed, notify.at + VIRTIO_PCI_NOTIFY_CAP_MULT, 4);
    uint64_t offset;

    pci_bed_set_common(bed, VIRTIO_PCI_COMMON_Q_SELECT, 2, queue);
    offset = pci_bed_common(bed, VIRTIO_PCI_COMMON_Q_NOFF, 2) * multiplier;
    /* 4.1.4.4.1: each lies inside the structure. */
    ck_assert_uint_le(offset + 2, notify.length);
    return virtio_bench_bar_gpa(&bed->bench, notify.bar) + notify.offset +
           offset;
}
