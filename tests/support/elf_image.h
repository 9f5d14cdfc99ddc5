/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf_image.h: small ELF files that need others.
 */
#ifndef TESTS_SUPPORT_ELF_IMAGE_H
#define TESTS_SUPPORT_ELF_IMAGE_H

#include <stddef.h>

#define ELF_IMAGE_MAX_LIBRARIES 8

/* Strings that are NULL are left out. */
struct elf_image {
    unsigned machine; /* 0: EM_X86_64 */
    const char *interpreter, *rpath, *runpath;
    const char *libraries[ELF_IMAGE_MAX_LIBRARIES];
};

/* Where the parts of one begin, for tests that spoil them; bytes. */
#define ELF_IMAGE_SEGMENTS 64 /* three: of the file, INTERP, DYNAMIC */
#define ELF_IMAGE_DYNAMIC  256
#define ELF_IMAGE_STRINGS  1024
#define ELF_IMAGE_SIZE     4096

/* An open file without a name; to be closed. Stops the test on failure. */
int elf_image_open(const struct elf_image *image);
/* A file of that path. */
void elf_image_write(const struct elf_image *image, const char *path);

#endif
