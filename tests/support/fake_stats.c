/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_stats.c: a statistics file as KVM lays it out.
 */
#include "tests/support/fake_stats.h"

#include <check.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NAME_SIZE 48U
#define ID_SIZE   NAME_SIZE

static uint32_t desc_size(uint32_t name_size)
{
    return (uint32_t)sizeof(struct kvm_stats_desc) + name_size;
}

static uint32_t data_offset(unsigned count, uint32_t name_size)
{
    uint32_t end = (uint32_t)sizeof(struct kvm_stats_header) + ID_SIZE +
                   count * desc_size(name_size);

    return (end + 7) & ~7U;
}

static void put(int fd, const void *bytes, size_t size, uint32_t offset)
{
    ck_assert_int_eq(pwrite(fd, bytes, size, (off_t)offset), (ssize_t)size);
}

static void put_stat(int fd, const struct fake_stat *stat, unsigned index,
                     const struct kvm_stats_header *header)
{
    struct kvm_stats_desc desc = {
        .flags = KVM_STATS_TYPE_CUMULATIVE | KVM_STATS_UNIT_NONE,
        .size = 1,
        .offset = 8 * index,
    };
    char name[NAME_SIZE] = "";
    uint32_t at = header->desc_offset + index * desc_size(header->name_size);

    (void)snprintf(name, sizeof(name), "%s", stat->name);
    put(fd, &desc, sizeof(desc), at);
    put(fd, name,
        header->name_size < sizeof(name) ? header->name_size : sizeof(name),
        at + (uint32_t)sizeof(desc));
    put(fd, &stat->value, sizeof(stat->value),
        header->data_offset + desc.offset);
}

int fake_stats_open(const struct fake_stat *stats, unsigned count,
                    const struct fake_stats_fault *fault)
{
    const struct fake_stats_fault none = {0};
    const struct fake_stats_fault *wrong = fault ? fault : &none;
    struct kvm_stats_header header = {
        .name_size = wrong->name_size ? wrong->name_size : NAME_SIZE,
        .num_desc = count,
        .id_offset = sizeof(header),
        .desc_offset = sizeof(header) + ID_SIZE,
    };
    int fd = memfd_create("stats", MFD_CLOEXEC);
    off_t size;

    ck_assert_int_ge(fd, 0);
    header.data_offset = data_offset(count, header.name_size);
    for (unsigned i = 0; i < count; i++)
        put_stat(fd, &stats[i], i, &header);
    header.num_desc += wrong->more_descs;
    header.data_offset += wrong->data_offset;
    put(fd, &header, sizeof(header), 0);
    size = lseek(fd, 0, SEEK_END);
    ck_assert_int_eq(ftruncate(fd, size - (off_t)wrong->cut), 0);
    return fd;
}

void fake_stats_set(int fd, unsigned count, unsigned index, uint64_t value)
{
    put(fd, &value, sizeof(value), data_offset(count, NAME_SIZE) + 8 * index);
}
