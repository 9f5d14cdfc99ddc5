/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_boot_kernel.c: any file as a kernel.
 *
 * Input: one byte, then either the file as it is, or what is to be changed in
 * a good bzImage or ELF file: an offset (16 bits) and a byte each.
 */
#include "tests/support/boot_image.h"
#include "tests/support/log_capture.h"
#include "tests/support/x86/boot_kernels.h"
#include "vmm/bytes.h"
#include "vmm/fd.h"
#include "vmm/x86/boot.h"
#include "vmm/x86/memory_map.h"

#include <stdbool.h>
#include <stdlib.h>

#define CHANGE_SIZE 3U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct guest_memory memory;
static struct log_capture capture;

/* Unlike assert(), not compiled out and seen by the fuzzer as a crash. */
static void require(bool claim)
{
    if (!claim)
        abort();
}

/* Made once: zeroing 8 MiB for each input would take all the time. */
static void make_memory(void)
{
    if (memory.count == 0)
        boot_image_memory(&memory, BOOT_IMAGE_MEMORY_SIZE);
}

static void change(uint8_t *image, size_t image_size, const uint8_t *data,
                   size_t size)
{
    for (; size >= CHANGE_SIZE; size -= CHANGE_SIZE, data += CHANGE_SIZE)
        image[load_le16(data) % image_size] = data[2];
}

static void check_entry(const struct boot_entry *entry)
{
    require(guest_memory_at(&memory, entry->rip, 1) ||
            guest_memory_at(&memory, entry->rip - 0x200, 1));
    require(entry->initrd_floor >= HIGH_RAM_START || entry->initrd_floor == 0);
    require(entry->initrd_floor <= BOOT_IMAGE_MEMORY_SIZE);
}

/* With whichever loader the file would be given to, and the other. */
static void load(const void *bytes, size_t size)
{
    const struct boot_initrd initrd = {.gpa = 0x700000, .size = 5};
    struct boot_files files = {
        .kernel = boot_image_open(bytes, size),
        .initrd.fd = -1,
        .command_line = "console=ttyS0",
    };
    struct boot_entry entry;

    if (bzimage_load(&files, &memory, &entry) == 0) {
        check_entry(&entry);
        require(bzimage_finish(&files, &memory, &initrd, ACPI_GPA) == 0);
    }
    if (pvh_load(&files, &memory, &entry) == 0) {
        check_entry(&entry);
        require(pvh_finish(&files, &memory, &initrd, ACPI_GPA) == 0);
    }
    close_fd(&files.kernel.fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bzimage image;
    struct pvh_image elf;

    if (size < 2)
        return 0;
    make_memory();
    log_capture_start(&capture);
    switch (data[0] % 3) {
    case 0:
        load(data + 1, size - 1);
        break;
    case 1:
        bzimage_make(&image);
        change(image.bytes, sizeof(image.bytes), data + 1, size - 1);
        load(&image, sizeof(image));
        break;
    default:
        pvh_image_make(&elf);
        change((uint8_t *)&elf, sizeof(elf), data + 1, size - 1);
        load(&elf, sizeof(elf));
        break;
    }
    log_capture_stop();
    return 0;
}
