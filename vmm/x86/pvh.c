/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pvh.c: ELF kernels with a PVH entry: uncompressed Linux, bare test guests.
 *
 * Xen docs/misc/pvh.pandoc (entry state) and
 * xen/include/public/arch-x86/hvm/start_info.h (the structures below).
 */
#include "vmm/bytes.h"
#include "vmm/log.h"
#include "vmm/x86/boot.h"
#include "vmm/x86/memory_map.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define NOTE_PHYS32_ENTRY  18 /* XEN_ELFNOTE_PHYS32_ENTRY */
#define MAX_SEGMENTS       64
#define START_INFO_MAGIC   0x336ec578
#define START_INFO_VERSION 1

struct pvh_start_info {
    uint32_t magic, version, flags, num_modules;
    uint64_t modules_gpa, command_line_gpa, rsdp_gpa, memory_map_gpa;
    uint32_t num_memory_ranges, reserved;
};

struct pvh_module {
    uint64_t gpa, size, command_line_gpa, reserved;
};

struct pvh_memory_range {
    uint64_t gpa, size;
    uint32_t type, reserved;
};

/* What lies at BOOT_INFO_GPA, in this order. */
struct pvh_boot_info {
    struct pvh_start_info start;
    struct pvh_module module;
    struct pvh_memory_range ranges[BOOT_MAX_MEMORY_RANGES];
};

_Static_assert(sizeof(struct pvh_start_info) == 56, "version 1 has 56 bytes");
_Static_assert(BOOT_INFO_GPA + sizeof(struct pvh_boot_info) <= BOOT_PARAMS_GPA,
               "the boot info ends before the zero page");

static int refuse(const struct boot_file *kernel, const char *why)
{
    log_error("kernel %s: %s: give an x86-64 vmlinux built with CONFIG_PVH, "
              "or a bzImage",
              kernel->path, why);
    return -ENOEXEC;
}

static int read_elf_header(const struct boot_file *kernel, Elf64_Ehdr *header)
{
    int error = boot_file_read(kernel, 0, header, sizeof(*header));

    if (error)
        return error;
    if (header->e_ident[EI_CLASS] != ELFCLASS64 ||
        header->e_ident[EI_DATA] != ELFDATA2LSB ||
        header->e_machine != EM_X86_64)
        return refuse(kernel, "not an x86-64 ELF file");
    if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
        return refuse(kernel, "an ELF file, but not an executable one");
    if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum == 0 ||
        header->e_phnum > MAX_SEGMENTS)
        return refuse(kernel, "no usable ELF segments");
    return 0;
}

/* Looks through the notes of one PT_NOTE segment; 0 when it is not there. */
static uint64_t find_entry(const uint8_t *notes, uint64_t size, uint64_t align)
{
    uint64_t at = 0;

    while (size - at >= sizeof(Elf64_Nhdr)) {
        uint64_t name_size = load_le32(notes + at);
        uint64_t value_size = load_le32(notes + at + 4);
        uint32_t type = load_le32(notes + at + 8);
        uint64_t name = at + sizeof(Elf64_Nhdr);
        uint64_t value = align_up(name + name_size, align);

        if (value > size || value_size > size - value)
            return 0;
        if (type == NOTE_PHYS32_ENTRY && name_size == 4 &&
            memcmp(notes + name, "Xen", 4) == 0 &&
            (value_size == 4 || value_size == 8))
            return load_le(notes + value, (unsigned)value_size);
        at = align_up(value + value_size, align);
        if (at > size)
            return 0;
    }
    return 0;
}

static int read_entry(const struct boot_file *kernel, const Elf64_Phdr *note,
                      uint64_t *entry_gpa)
{
    uint8_t notes[4096];
    uint64_t size = note->p_filesz;
    int error;

    if (size > sizeof(notes))
        size = sizeof(notes);
    error = boot_file_read(kernel, note->p_offset, notes, size);
    if (!error && *entry_gpa == 0)
        *entry_gpa = find_entry(notes, size, note->p_align == 8 ? 8 : 4);
    return error;
}

static int load_segment(const struct boot_file *kernel,
                        const struct guest_memory *memory,
                        const Elf64_Phdr *segment, uint64_t *end_gpa)
{
    uint64_t gpa = segment->p_paddr;
    uint8_t *host;

    if (segment->p_filesz > segment->p_memsz)
        return refuse(kernel, "a segment is larger in the file than in memory");
    if (segment->p_memsz == 0)
        return 0;
    host = guest_memory_at(memory, gpa, segment->p_memsz);
    if (!host || gpa < HIGH_RAM_START) {
        log_error("kernel %s: its segment of %" PRIu64 " KiB at 0x%" PRIx64
                  " is not inside %" PRIu64 " MiB of guest memory: give more "
                  "with --memory",
                  kernel->path, segment->p_memsz / KIB + 1, gpa,
                  memory->size / MIB);
        return -ENOSPC;
    }
    if (gpa + segment->p_memsz > *end_gpa)
        *end_gpa = gpa + segment->p_memsz;
    /* RAM may hold what the last boot left there. */
    memset(host + segment->p_filesz, 0, segment->p_memsz - segment->p_filesz);
    if (segment->p_filesz == 0)
        return 0;
    return boot_file_load(kernel, segment->p_offset, memory, gpa,
                          segment->p_filesz);
}

int pvh_load(const struct boot_files *files, const struct guest_memory *memory,
             struct boot_entry *entry)
{
    const struct boot_file *kernel = &files->kernel;
    uint64_t entry_gpa = 0, end_gpa = 0;
    Elf64_Phdr segments[MAX_SEGMENTS];
    Elf64_Ehdr header;
    int error;

    error = read_elf_header(kernel, &header);
    if (!error)
        error = boot_file_read(kernel, header.e_phoff, segments,
                               header.e_phnum * sizeof(segments[0]));
    /* First whether it is a kernel at all: where an ordinary program wants
     * to lie is of no interest. */
    for (unsigned i = 0; i < header.e_phnum && !error; i++)
        if (segments[i].p_type == PT_NOTE)
            error = read_entry(kernel, &segments[i], &entry_gpa);
    if (!error && entry_gpa == 0)
        return refuse(kernel, "no PVH entry note");
    for (unsigned i = 0; i < header.e_phnum && !error; i++)
        if (segments[i].p_type == PT_LOAD)
            error = load_segment(kernel, memory, &segments[i], &end_gpa);
    if (error)
        return error;
    if (!guest_memory_at(memory, entry_gpa, 1))
        return refuse(kernel, "its PVH entry is not in guest memory");
    *entry = (struct boot_entry){
        .rip = entry_gpa,
        .rbx = BOOT_INFO_GPA,
        .initrd_floor = end_gpa,
        .initrd_ceiling = LOW_MEMORY_END,
    };
    return 0;
}

int pvh_finish(const struct boot_files *files,
               const struct guest_memory *memory,
               const struct boot_initrd *initrd, uint64_t rsdp_gpa)
{
    struct boot_memory_range ranges[BOOT_MAX_MEMORY_RANGES];
    unsigned count = boot_memory_map(memory, ranges);
    struct pvh_boot_info info = {
        .start =
            {
                .magic = START_INFO_MAGIC,
                .version = START_INFO_VERSION,
                .num_modules = initrd->size ? 1 : 0,
                .modules_gpa =
                    BOOT_INFO_GPA + offsetof(struct pvh_boot_info, module),
                .command_line_gpa = BOOT_COMMAND_LINE_GPA,
                .rsdp_gpa = rsdp_gpa,
                .memory_map_gpa =
                    BOOT_INFO_GPA + offsetof(struct pvh_boot_info, ranges),
                .num_memory_ranges = count,
            },
        .module = {.gpa = initrd->gpa, .size = initrd->size},
    };
    size_t length = strlen(files->command_line) + 1;
    int error;

    if (length > BOOT_COMMAND_LINE_MAX) {
        log_error("the kernel command line has %zu bytes, %d are possible",
                  length, BOOT_COMMAND_LINE_MAX);
        return -E2BIG;
    }
    for (unsigned i = 0; i < count; i++)
        info.ranges[i] = (struct pvh_memory_range){.gpa = ranges[i].gpa,
                                                   .size = ranges[i].size,
                                                   .type = ranges[i].type};
    error = guest_memory_write(memory, BOOT_COMMAND_LINE_GPA,
                               files->command_line, length);
    if (!error)
        error = guest_memory_write(memory, BOOT_INFO_GPA, &info, sizeof(info));
    return error;
}
