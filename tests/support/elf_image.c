/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf_image.c: small ELF files that need others.
 */
#include "tests/support/elf_image.h"

#include "vmm/compiler.h"

#include <check.h>
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ADDRESS 0x400000 /* where the file is in memory */

struct layout {
    uint8_t bytes[ELF_IMAGE_SIZE];
    size_t strings;
    unsigned entries;
};

static uint64_t add_string(struct layout *layout, const char *text)
{
    size_t at = layout->strings;

    memcpy(layout->bytes + ELF_IMAGE_STRINGS + at, text, strlen(text) + 1);
    layout->strings += strlen(text) + 1;
    return at;
}

static void add_entry(struct layout *layout, int64_t tag, uint64_t value)
{
    const Elf64_Dyn entry = {.d_tag = tag, .d_un.d_val = value};

    memcpy(layout->bytes + ELF_IMAGE_DYNAMIC +
               layout->entries++ * sizeof(entry),
           &entry, sizeof(entry));
}

static void add_name(struct layout *layout, int64_t tag, const char *text)
{
    if (text)
        add_entry(layout, tag, add_string(layout, text));
}

static void add_dynamic(struct layout *layout, const struct elf_image *image)
{
    layout->strings = 1;
    for (size_t i = 0; i < ARRAY_SIZE(image->libraries); i++)
        add_name(layout, DT_NEEDED, image->libraries[i]);
    add_name(layout, DT_RPATH, image->rpath);
    add_name(layout, DT_RUNPATH, image->runpath);
    add_entry(layout, DT_STRTAB, ADDRESS + ELF_IMAGE_STRINGS);
    add_entry(layout, DT_STRSZ, ELF_IMAGE_SIZE - ELF_IMAGE_STRINGS);
    add_entry(layout, DT_NULL, 0);
}

static void add_headers(struct layout *layout, const struct elf_image *image)
{
    Elf64_Phdr segments[3] = {
        {.p_type = PT_LOAD,
         .p_vaddr = ADDRESS,
         .p_filesz = ELF_IMAGE_SIZE,
         .p_memsz = ELF_IMAGE_SIZE},
        {.p_type = PT_NULL},
        {.p_type = PT_DYNAMIC,
         .p_offset = ELF_IMAGE_DYNAMIC,
         .p_vaddr = ADDRESS + ELF_IMAGE_DYNAMIC,
         .p_filesz = layout->entries * sizeof(Elf64_Dyn)},
    };
    Elf64_Ehdr header = {
        .e_type = ET_DYN,
        .e_machine = (uint16_t)(image->machine ? image->machine : EM_X86_64),
        .e_phoff = ELF_IMAGE_SEGMENTS,
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = ARRAY_SIZE(segments),
    };

    memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    if (image->interpreter) {
        segments[1].p_type = PT_INTERP;
        segments[1].p_offset =
            ELF_IMAGE_STRINGS + add_string(layout, image->interpreter);
        segments[1].p_filesz = strlen(image->interpreter) + 1;
    }
    memcpy(layout->bytes, &header, sizeof(header));
    memcpy(layout->bytes + ELF_IMAGE_SEGMENTS, segments, sizeof(segments));
}

static void write_image(const struct elf_image *image, int fd)
{
    struct layout layout = {.strings = 0};

    add_dynamic(&layout, image);
    add_headers(&layout, image);
    ck_assert_int_eq(pwrite(fd, layout.bytes, ELF_IMAGE_SIZE, 0),
                     ELF_IMAGE_SIZE);
}

int elf_image_open(const struct elf_image *image)
{
    int fd = memfd_create("elf image", MFD_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    write_image(image, fd);
    return fd;
}

void elf_image_write(const struct elf_image *image, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

    ck_assert_int_ge(fd, 0);
    write_image(image, fd);
    close(fd);
}
