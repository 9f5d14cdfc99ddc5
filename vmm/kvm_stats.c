/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kvm_stats.c: reads KVM's binary statistics.
 */
#include "vmm/kvm_stats.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <unistd.h>

/* The descriptor's fixed part and a name; KVM 6.x uses 48. */
#define MAX_DESCRIPTOR_SIZE 256

static const char *const names[] = {
    [KVM_STAT_EXITS] = "exits",
    [KVM_STAT_MMIO_EXITS] = "mmio_exits",
    [KVM_STAT_IO_EXITS] = "io_exits",
    [KVM_STAT_SIGNAL_EXITS] = "signal_exits",
    [KVM_STAT_HALT_EXITS] = "halt_exits",
    [KVM_STAT_IRQ_EXITS] = "irq_exits",
    [KVM_STAT_IRQ_WINDOW_EXITS] = "irq_window_exits",
    [KVM_STAT_INSN_EMULATION] = "insn_emulation",
    [KVM_STAT_IRQ_INJECTIONS] = "irq_injections",
    [KVM_STAT_MMIO_EXIT_USER] = "mmio_exit_user",
    [KVM_STAT_MMIO_EXIT_KERNEL] = "mmio_exit_kernel",
    [KVM_STAT_HVC_EXITS] = "hvc_exit_stat",
    [KVM_STAT_WFI_EXITS] = "wfi_exit_stat",
    [KVM_STAT_WFE_EXITS] = "wfe_exit_stat",
};
_Static_assert(ARRAY_SIZE(names) == KVM_NUM_STATS, "every counter has a name");

const char *kvm_stat_name(enum kvm_stat stat)
{
    return names[stat];
}

static int read_at(int fd, void *bytes, size_t size, off_t offset)
{
    ssize_t got = pread(fd, bytes, size, offset);

    if (got < 0)
        return -errno;
    return (size_t)got == size ? 0 : -EIO;
}

static int add_one(int stats_fd, const struct kvm_stats_header *header,
                   const struct kvm_stats_desc *descriptor,
                   uint64_t values[KVM_NUM_STATS], unsigned *known)
{
    uint64_t value;
    int error;

    for (unsigned i = 0; i < KVM_NUM_STATS; i++) {
        if (strcmp(descriptor->name, names[i]) != 0)
            continue;
        error = read_at(stats_fd, &value, sizeof(value),
                        (off_t)header->data_offset + (off_t)descriptor->offset);
        if (error)
            return error;
        values[i] += value;
        *known |= 1U << i;
    }
    return 0;
}

int kvm_stats_add(int stats_fd, uint64_t values[KVM_NUM_STATS], unsigned *known)
{
    struct kvm_stats_header header;
    union {
        struct kvm_stats_desc descriptor;
        char bytes[MAX_DESCRIPTOR_SIZE];
    } entry;
    size_t size;
    int error;

    if (stats_fd < 0)
        return -ENOTSUP;
    error = read_at(stats_fd, &header, sizeof(header), 0);
    if (error)
        return error;
    size = sizeof(entry.descriptor) + header.name_size;
    if (header.name_size == 0 || size > sizeof(entry))
        return -ENOTSUP;
    for (uint32_t i = 0; i < header.num_desc && !error; i++) {
        error = read_at(stats_fd, &entry, size,
                        (off_t)header.desc_offset + (off_t)(i * size));
        entry.bytes[size - 1] = '\0';
        if (!error)
            error =
                add_one(stats_fd, &header, &entry.descriptor, values, known);
    }
    return error;
}
