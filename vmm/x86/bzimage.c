/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bzimage.c: Linux's own image format, entered by the 64-bit protocol.
 *
 * Linux Documentation/arch/x86/boot.rst; names as there.
 */
#include "vmm/bytes.h"
#include "vmm/log.h"
#include "vmm/x86/boot.h"
#include "vmm/x86/memory_map.h"

#include <asm/bootparam.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#define SECTOR_SIZE 512
/* Of setup_header in the file and in the zero page alike. */
#define SETUP_HEADER_OFFSET 0x1f1
/* xloadflags came with 2.12, acpi_rsdp_addr with 2.14. */
#define PROTOCOL_NEEDED     0x020c
#define ENTRY_64BIT_OFFSET  0x200
#define TYPE_OF_LOADER_NONE 0xff

_Static_assert(offsetof(struct boot_params, hdr) == SETUP_HEADER_OFFSET,
               "the zero page has the header where the file has it");

static int read_header(const struct boot_file *kernel,
                       struct setup_header *header)
{
    int error =
        boot_file_read(kernel, SETUP_HEADER_OFFSET, header, sizeof(*header));

    if (error)
        return error;
    if (header->version < PROTOCOL_NEEDED ||
        !(header->xloadflags & XLF_KERNEL_64)) {
        log_error("kernel %s: no 64-bit entry (boot protocol %u.%02u): give a "
                  "64-bit kernel of Linux 3.8 or newer",
                  kernel->path, header->version >> 8, header->version & 0xff);
        return -ENOEXEC;
    }
    return 0;
}

/* What the file says of itself, against what it has and we have room for. */
static int check_sizes(const struct boot_files *files,
                       const struct setup_header *header, uint64_t setup_size)
{
    const struct boot_file *kernel = &files->kernel;
    size_t command_line_size = strlen(files->command_line);
    uint64_t command_line_max = header->cmdline_size;

    if (setup_size >= kernel->size) {
        log_error("kernel %s: the file ends inside its setup code: copy it "
                  "again",
                  kernel->path);
        return -ENOEXEC;
    }
    /* syssize counts units of 16 bytes; a signature may follow. */
    if (kernel->size - setup_size < 16 * (uint64_t)header->syssize) {
        log_error("kernel %s: the file ends early: %" PRIu64 " bytes of code "
                  "are due, it has %" PRIu64 ": copy it again",
                  kernel->path, 16 * (uint64_t)header->syssize,
                  kernel->size - setup_size);
        return -ENOEXEC;
    }
    if (command_line_max > BOOT_COMMAND_LINE_MAX - 1)
        command_line_max = BOOT_COMMAND_LINE_MAX - 1;
    if (command_line_size > command_line_max) {
        log_error("kernel %s: takes a command line of %" PRIu64 " bytes, "
                  "got %zu",
                  kernel->path, command_line_max, command_line_size);
        return -E2BIG;
    }
    return 0;
}

int bzimage_load(const struct boot_files *files,
                 const struct guest_memory *memory, struct boot_entry *entry)
{
    const struct boot_file *kernel = &files->kernel;
    struct setup_header header;
    uint64_t setup_size, load_gpa, load_end, run_gpa, run_end;
    int error;

    error = read_header(kernel, &header);
    if (error)
        return error;
    /* 0 stands for 4, for the sake of the oldest loaders. */
    setup_size =
        SECTOR_SIZE * ((header.setup_sects ? header.setup_sects : 4) + 1ULL);
    error = check_sizes(files, &header, setup_size);
    if (error)
        return error;
    load_gpa = header.relocatable_kernel ? HIGH_RAM_START : header.pref_address;
    if (load_gpa < HIGH_RAM_START) {
        log_error("kernel %s: wants to be loaded at 0x%" PRIx64 ", below 1 MiB",
                  kernel->path, load_gpa);
        return -ENOEXEC;
    }
    error = boot_file_load(kernel, setup_size, memory, load_gpa,
                           kernel->size - setup_size);
    if (error)
        return error;

    /* It moves itself to its preferred address when it was loaded below, and
     * needs init_size bytes there. */
    run_gpa = load_gpa > header.pref_address ? load_gpa : header.pref_address;
    if (!guest_memory_at(memory, run_gpa, header.init_size)) {
        log_error("kernel %s: needs %" PRIu64 " MiB of guest memory to start, "
                  "has %" PRIu64 ": give more with --memory",
                  kernel->path, (run_gpa + header.init_size) / MIB + 1,
                  memory->size / MIB);
        return -ENOSPC;
    }
    load_end = load_gpa + (kernel->size - setup_size);
    run_end = run_gpa + header.init_size;
    *entry = (struct boot_entry){
        .rip = load_gpa + ENTRY_64BIT_OFFSET,
        .is_64bit = true,
        .rsi = BOOT_PARAMS_GPA,
        .initrd_floor = load_end > run_end ? load_end : run_end,
        .initrd_ceiling = (uint64_t)header.initrd_addr_max + 1,
    };
    return 0;
}

int bzimage_finish(const struct boot_files *files,
                   const struct guest_memory *memory,
                   const struct boot_initrd *initrd, uint64_t rsdp_gpa)
{
    struct boot_memory_range ranges[BOOT_MAX_MEMORY_RANGES];
    struct boot_params params = {0};
    unsigned count = boot_memory_map(memory, ranges);
    int error;

    error = read_header(&files->kernel, &params.hdr);
    if (error)
        return error;
    params.hdr.type_of_loader = TYPE_OF_LOADER_NONE;
    params.hdr.cmd_line_ptr = BOOT_COMMAND_LINE_GPA;
    params.hdr.ramdisk_image = (uint32_t)initrd->gpa;
    params.hdr.ramdisk_size = (uint32_t)initrd->size;
    params.acpi_rsdp_addr = rsdp_gpa;
    params.e820_entries = (uint8_t)count;
    for (unsigned i = 0; i < count; i++)
        params.e820_table[i] = (struct boot_e820_entry){
            .addr = ranges[i].gpa,
            .size = ranges[i].size,
            .type = ranges[i].type,
        };
    error =
        guest_memory_write(memory, BOOT_COMMAND_LINE_GPA, files->command_line,
                           strlen(files->command_line) + 1);
    if (!error)
        error = guest_memory_write(memory, BOOT_PARAMS_GPA, &params,
                                   sizeof(params));
    return error;
}
