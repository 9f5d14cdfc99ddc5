/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * boot_kernels.h: the smallest kernels that x86's loaders take, to be spoilt
 * by tests.
 */
#ifndef TESTS_SUPPORT_X86_BOOT_KERNELS_H
#define TESTS_SUPPORT_X86_BOOT_KERNELS_H

#include <asm/bootparam.h>
#include <elf.h>
#include <stddef.h>
#include <stdint.h>

/* ---- A bzImage ----------------------------------------------------------- */

#define BZIMAGE_SETUP_SIZE 1024U /* boot sector and one of setup code */
#define BZIMAGE_CODE_SIZE  4096U /* bytes 0, 1, 2 ... */
#define BZIMAGE_SIZE       (BZIMAGE_SETUP_SIZE + BZIMAGE_CODE_SIZE)
#define BZIMAGE_PREFERRED  UINT64_C(0x200000)
#define BZIMAGE_INIT_SIZE  0x100000U

struct bzimage {
    uint8_t bytes[BZIMAGE_SIZE];
};

void bzimage_make(struct bzimage *image);
/* The header is not aligned in the file: copied out and in. */
void bzimage_get_header(const struct bzimage *image,
                        struct setup_header *header);
void bzimage_set_header(struct bzimage *image,
                        const struct setup_header *header);

/* ---- An ELF file with a PVH entry ---------------------------------------- */

#define PVH_IMAGE_CODE_SIZE 64U                /* in the file: 0, 1, 2 ... */
#define PVH_IMAGE_GPA       UINT64_C(0x100000) /* of the code */
#define PVH_IMAGE_END       UINT64_C(0x104000) /* of its zeros */
#define PVH_IMAGE_ENTRY     UINT64_C(0x100010)

struct pvh_image {
    Elf64_Ehdr header;
    Elf64_Phdr code, zeros, note;
    uint8_t text[PVH_IMAGE_CODE_SIZE];
    Elf64_Nhdr other; /* a note of somebody else's first */
    char other_name[4], other_value[8];
    Elf64_Nhdr entry;
    char entry_name[4];
    uint32_t entry_value;
};

void pvh_image_make(struct pvh_image *image);

#endif
