/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * boot_kernels.c: the smallest kernels that x86's loaders take.
 */
#include "tests/support/x86/boot_kernels.h"

#include <string.h>

#define HEADER_OFFSET 0x1f1U

void bzimage_make(struct bzimage *image)
{
    const struct setup_header header = {
        .setup_sects = BZIMAGE_SETUP_SIZE / 512 - 1,
        .syssize = BZIMAGE_CODE_SIZE / 16,
        .boot_flag = 0xaa55,
        .jump = 0x6aeb,
        .header = 0x53726448, /* HdrS */
        .version = 0x020f,
        .loadflags = LOADED_HIGH,
        .initrd_addr_max = 0x7fffffff,
        .kernel_alignment = 0x200000,
        .relocatable_kernel = 1,
        .xloadflags = XLF_KERNEL_64,
        .cmdline_size = 2047,
        .pref_address = BZIMAGE_PREFERRED,
        .init_size = BZIMAGE_INIT_SIZE,
    };

    memset(image, 0, sizeof(*image));
    bzimage_set_header(image, &header);
    for (unsigned i = 0; i < BZIMAGE_CODE_SIZE; i++)
        image->bytes[BZIMAGE_SETUP_SIZE + i] = (uint8_t)i;
}

void bzimage_get_header(const struct bzimage *image,
                        struct setup_header *header)
{
    memcpy(header, image->bytes + HEADER_OFFSET, sizeof(*header));
}

void bzimage_set_header(struct bzimage *image,
                        const struct setup_header *header)
{
    memcpy(image->bytes + HEADER_OFFSET, header, sizeof(*header));
}

static void make_elf_header(Elf64_Ehdr *header)
{
    *header = (Elf64_Ehdr){
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
                    EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_phoff = offsetof(struct pvh_image, code),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 3,
    };
}

static void make_notes(struct pvh_image *image)
{
    image->other = (Elf64_Nhdr){.n_namesz = 4, .n_descsz = 7, .n_type = 18};
    memcpy(image->other_name, "GNU", 4);
    image->entry = (Elf64_Nhdr){.n_namesz = 4, .n_descsz = 4, .n_type = 18};
    memcpy(image->entry_name, "Xen", 4);
    image->entry_value = PVH_IMAGE_ENTRY;
}

void pvh_image_make(struct pvh_image *image)
{
    memset(image, 0, sizeof(*image));
    make_elf_header(&image->header);
    image->code = (Elf64_Phdr){
        .p_type = PT_LOAD,
        .p_offset = offsetof(struct pvh_image, text),
        .p_paddr = PVH_IMAGE_GPA,
        .p_filesz = PVH_IMAGE_CODE_SIZE,
        .p_memsz = 4096,
    };
    image->zeros = (Elf64_Phdr){
        .p_type = PT_LOAD,
        .p_offset = 0x100000, /* linkers put it beyond the end */
        .p_paddr = PVH_IMAGE_GPA + 0x2000,
        .p_memsz = PVH_IMAGE_END - PVH_IMAGE_GPA - 0x2000,
    };
    image->note = (Elf64_Phdr){
        .p_type = PT_NOTE,
        .p_offset = offsetof(struct pvh_image, other),
        .p_filesz = sizeof(*image) - offsetof(struct pvh_image, other),
        .p_align = 4,
    };
    for (unsigned i = 0; i < PVH_IMAGE_CODE_SIZE; i++)
        image->text[i] = (uint8_t)i;
    make_notes(image);
}
