/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_elf_needs.c: what programs and libraries need, and files that lie.
 */
#include "tests/support/check_main.h"
#include "tests/support/elf_image.h"
#include "vmm/elf_needs.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

static const struct elf_image image = {
    .interpreter = "/lib/ld.so.2",
    .rpath = "/old",
    .runpath = "$ORIGIN/lib:/new",
    .libraries = {"liba.so.1", "libb.so"},
};

static struct elf_needs needs;

/* Of the file with `size` bytes of it overwritten. */
static int read_spoilt(size_t offset, const void *bytes, size_t size)
{
    int fd = elf_image_open(&image), error;

    ck_assert_int_eq(pwrite(fd, bytes, size, (off_t)offset), (int)size);
    error = elf_needs_read(fd, &needs);
    close(fd);
    return error;
}

static int read_with(size_t offset, uint64_t value, size_t size)
{
    return read_spoilt(offset, &value, size);
}

START_TEST(names_are_read)
{
    int fd = elf_image_open(&image);

    ck_assert_int_eq(elf_needs_read(fd, &needs), 0);
    ck_assert_uint_eq(needs.machine, EM_X86_64);
    ck_assert_str_eq(needs.interpreter, "/lib/ld.so.2");
    ck_assert_str_eq(needs.rpath, "/old");
    ck_assert_str_eq(needs.runpath, "$ORIGIN/lib:/new");
    ck_assert_uint_eq(needs.num_libraries, 2);
    ck_assert_str_eq(needs.libraries[0], "liba.so.1");
    ck_assert_str_eq(needs.libraries[1], "libb.so");
    elf_needs_destroy(&needs);
    close(fd);
}
END_TEST

START_TEST(this_program_needs_a_loader_and_the_c_library)
{
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    bool has_libc = false;
    int loader;

    ck_assert_int_eq(elf_needs_read(fd, &needs), 0);
    loader = open(needs.interpreter, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(loader, 0);
    close(loader);
    for (unsigned i = 0; i < needs.num_libraries; i++)
        has_libc |= strncmp(needs.libraries[i], "libc.", 5) == 0;
    ck_assert(has_libc);
    elf_needs_destroy(&needs);
    close(fd);
}
END_TEST

START_TEST(other_files_are_told_apart)
{
    static const uint8_t wide = ELFCLASS32, big = ELFDATA2MSB;
    int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

    ck_assert_int_eq(elf_needs_read(fd, &needs), -ENOEXEC);
    close(fd);
    ck_assert_int_eq(read_spoilt(EI_CLASS, &wide, 1), -ENOEXEC);
    ck_assert_int_eq(read_spoilt(EI_DATA, &big, 1), -ENOEXEC);
    ck_assert_int_eq(elf_needs_read(-1, &needs), -EBADF);
    fd = elf_image_open(&image);
    ck_assert_int_eq(ftruncate(fd, 40), 0);
    ck_assert_int_eq(elf_needs_read(fd, &needs), -ENOEXEC);
    close(fd);
}
END_TEST

START_TEST(an_object_file_needs_nothing)
{
    ck_assert_int_eq(read_with(offsetof(Elf64_Ehdr, e_phnum), 0, 2), 0);
    ck_assert_ptr_null(needs.interpreter);
    ck_assert_uint_eq(needs.num_libraries, 0);
}
END_TEST

/* Where a field of segment `index` is. */
#define SEGMENT(index, field)                                                  \
    (ELF_IMAGE_SEGMENTS + (index) * sizeof(Elf64_Phdr) +                       \
     offsetof(Elf64_Phdr, field))
/* Entry `index`: the libraries, RPATH, RUNPATH, STRTAB, STRSZ. */
#define DYNAMIC(index)                                                         \
    (ELF_IMAGE_DYNAMIC + (index) * sizeof(Elf64_Dyn) +                         \
     offsetof(Elf64_Dyn, d_un))

static const struct {
    size_t offset, size;
    uint64_t value;
} lies[] = {
    {offsetof(Elf64_Ehdr, e_phnum), 2, 0xffff},
    {offsetof(Elf64_Ehdr, e_phentsize), 2, 8},
    {offsetof(Elf64_Ehdr, e_phoff), 8, ELF_IMAGE_SIZE},
    {offsetof(Elf64_Ehdr, e_phoff), 8, UINT64_MAX},
    {SEGMENT(1, p_offset), 8, UINT64_MAX - 2},
    {SEGMENT(1, p_offset), 8, ELF_IMAGE_SIZE},
    {SEGMENT(1, p_filesz), 8, 3}, /* no end */
    {SEGMENT(1, p_filesz), 8, 0},
    {SEGMENT(2, p_offset), 8, UINT64_MAX},
    {SEGMENT(2, p_filesz), 8, 0},
    {SEGMENT(2, p_filesz), 8, UINT64_MAX},
    {SEGMENT(0, p_type), 4, PT_NOTE}, /* the strings are nowhere */
    {SEGMENT(0, p_offset), 8, UINT64_MAX},
    {SEGMENT(0, p_vaddr), 8, UINT64_MAX},
    {DYNAMIC(0), 8, ELF_IMAGE_SIZE - ELF_IMAGE_STRINGS},
    {DYNAMIC(0), 8, UINT64_MAX},
    {DYNAMIC(4), 8, 0},
    {DYNAMIC(4), 8, UINT64_MAX},
    {DYNAMIC(5), 8, UINT64_MAX},
    {DYNAMIC(5), 8, 3},
};

START_TEST(lies_are_found_out)
{
    ck_assert_int_eq(read_with(lies[_i].offset, lies[_i].value, lies[_i].size),
                     -EINVAL);
    ck_assert_ptr_null(needs.interpreter);
    ck_assert_uint_eq(needs.num_libraries, 0);
}
END_TEST

START_TEST(a_name_without_end_is_none)
{
    char text[ELF_IMAGE_SIZE];
    const struct elf_image many = {.libraries = {"a"}};
    int fd = elf_image_open(&many);

    memset(text, 'x', sizeof(text));
    ck_assert_int_eq(
        pwrite(fd, text, ELF_IMAGE_SIZE - ELF_IMAGE_STRINGS, ELF_IMAGE_STRINGS),
        ELF_IMAGE_SIZE - ELF_IMAGE_STRINGS);
    ck_assert_int_eq(elf_needs_read(fd, &needs), -EINVAL);
    close(fd);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, names_are_read);
    tcase_add_test(tcase, this_program_needs_a_loader_and_the_c_library);
    tcase_add_test(tcase, other_files_are_told_apart);
    tcase_add_test(tcase, an_object_file_needs_nothing);
    tcase_add_loop_test(tcase, lies_are_found_out, 0, ARRAY_SIZE(lies));
    tcase_add_test(tcase, a_name_without_end_is_none);
}

int main(void)
{
    return check_main("elf_needs", add_tests);
}
