/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_memory_map.c: a guest of 6 GiB is told of all of its memory, and of
 * nothing else, and all of it is there.
 */
#include "guest/bare/bytes.h"
#include "guest/bare/guest.h"
#include "guest/bare/x86/machine.h"
#include "guest/bare/x86/start_info.h"
#include "vmm/x86/memory_map.h"

#define MEMORY_SIZE (6ULL << 30)
#define GIB         (1ULL << 30)

static const struct start_memory_range *range(unsigned i)
{
    return (const struct start_memory_range *)start_info->memory_map_gpa + i;
}

static uint64_t end_of(unsigned i)
{
    return range(i)->gpa + range(i)->size;
}

static bool touches(unsigned i, uint64_t gpa, uint64_t size)
{
    return range(i)->gpa < gpa + size && gpa < end_of(i);
}

/* Writes and reads back; leaves what was there. */
static bool is_memory(uint64_t gpa)
{
    uint64_t before, after;

    map_gib(gpa);
    before = mmio_read64(gpa);
    mmio_write64(gpa, ~gpa);
    after = mmio_read64(gpa);
    mmio_write64(gpa, before);
    return after == ~gpa;
}

static void check_ranges(void)
{
    uint64_t ram = 0;
    bool in_order = true, hits_device = false, ecam_is_reserved = false;

    for (unsigned i = 0; i < start_info->num_memory_ranges; i++) {
        if (i > 0)
            in_order &= range(i)->gpa >= end_of(i - 1);
        if (range(i)->type == START_MEMORY_RAM) {
            ram += range(i)->size;
            hits_device |=
                touches(i, LOW_RAM_END, HIGH_RAM_START - LOW_RAM_END) ||
                touches(i, LOW_MEMORY_END, RAM_ABOVE_4G - LOW_MEMORY_END) ||
                touches(i, PCI_WINDOW64_BASE, PCI_WINDOW64_SIZE);
        } else {
            ecam_is_reserved |= range(i)->gpa == PCI_ECAM_BASE &&
                                range(i)->size == PCI_ECAM_SIZE;
        }
    }
    check(in_order, "ranges go up and do not overlap");
    check(ram == MEMORY_SIZE - (HIGH_RAM_START - LOW_RAM_END),
          "RAM is 6 GiB less the hole below 1 MiB; it is 0x%lx", ram);
    check(!hits_device, "no RAM where devices or the tables are");
    check(ecam_is_reserved, "ECAM is reserved");
}

void run_case(void)
{
    uint64_t above = MEMORY_SIZE - LOW_MEMORY_END;

    check_ranges();
    check(is_memory(LOW_MEMORY_END - 8), "RAM reaches up to 3 GiB");
    check(is_memory(RAM_ABOVE_4G), "RAM goes on at 4 GiB");
    check(is_memory(RAM_ABOVE_4G + GIB), "there is RAM at 5 GiB");
    check(is_memory(RAM_ABOVE_4G + above - 8), "RAM reaches up to 7 GiB");
    check(!is_memory(RAM_ABOVE_4G + above), "no RAM follows");
    check(!is_memory(LOW_MEMORY_END), "no RAM at 3 GiB");
}
