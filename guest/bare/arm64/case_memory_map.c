/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_memory_map.c: a guest of 6 GiB is told of all of its memory, and of
 * nothing else, and all of it is there.
 */
#include "guest/bare/arm64/device_tree.h"
#include "guest/bare/arm64/machine.h"
#include "guest/bare/guest.h"

#define MEMORY_SIZE (6UL << 30)
#define END_GPA     (RAM_GPA + MEMORY_SIZE)

/* Writes and reads back; leaves what was there. */
static bool is_memory(uint64_t gpa)
{
    uint64_t before = mmio_read64(gpa), after;

    mmio_write64(gpa, ~gpa);
    after = mmio_read64(gpa);
    mmio_write64(gpa, before);
    return after == ~gpa;
}

static void check_ranges(void)
{
    uint64_t total = 0;
    uint32_t size;
    const uint8_t *reg;
    bool in_place = true;

    for (unsigned i = 0;
         (reg = device_tree_find("memory@", i, "reg", &size)) != NULL; i++) {
        uint64_t gpa = device_tree_number(reg, 2);
        uint64_t bytes = device_tree_number(reg + 8, 2);

        in_place &= size == 16 && gpa >= RAM_GPA && gpa + bytes <= END_GPA;
        total += bytes;
    }
    check(total == MEMORY_SIZE, "RAM is 6 GiB; it is 0x%lx", total);
    check(in_place, "no RAM where devices are");
}

void run_case(void)
{
    check_ranges();
    check(is_memory(DEVICE_TREE_GPA + DEVICE_TREE_SIZE - 8),
          "RAM begins where the device tree is");
    check(is_memory(1UL << 32), "there is RAM at 4 GiB");
    check(is_memory(END_GPA - 8), "RAM reaches up to 8 GiB");
    check(!is_memory(END_GPA), "no RAM follows");
}
