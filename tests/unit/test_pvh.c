/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_pvh.c: ELF kernels with a PVH entry, whole, cut short and with headers
 * that make no sense.
 */
#include "tests/support/boot_image.h"
#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/x86/boot_kernels.h"
#include "vmm/bytes.h"
#include "vmm/fd.h"
#include "vmm/x86/boot.h"
#include "vmm/x86/memory_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RSDP_GPA 0xe0000

static struct guest_memory memory;
static struct pvh_image image;
static struct boot_files files;
static struct boot_entry entry;
static struct log_capture capture;

static void setup(void)
{
    log_capture_start(&capture);
    boot_image_memory(&memory, BOOT_IMAGE_MEMORY_SIZE);
    pvh_image_make(&image);
    files = (struct boot_files){
        .kernel = boot_image_open(&image, sizeof(image)),
        .initrd.fd = -1,
        .command_line = "console=ttyS0",
    };
}

static void teardown(void)
{
    close_fd(&files.kernel.fd);
    guest_memory_destroy(&memory);
    log_capture_stop();
}

static int load(void)
{
    boot_image_replace(&files.kernel, &image, sizeof(image));
    capture.lines = 0;
    return pvh_load(&files, &memory, &entry);
}

/* As it is refused: one line that has `words` in it. The image is good again
 * afterwards. */
static void check_refused(int error, const char *words)
{
    ck_assert_int_eq(load(), error);
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_msg(strstr(capture.last, words) != NULL, "no \"%s\" in: %s",
                  words, capture.last);
    pvh_image_make(&image);
}

START_TEST(segments_are_loaded_and_the_entry_is_found)
{
    ck_assert_int_eq(load(), 0);
    ck_assert_mem_eq(
        guest_memory_at(&memory, PVH_IMAGE_GPA, sizeof(image.text)), image.text,
        sizeof(image.text));
    ck_assert_uint_eq(entry.rip, PVH_IMAGE_ENTRY);
    ck_assert(!entry.is_64bit);
    ck_assert_uint_eq(entry.rbx, BOOT_INFO_GPA);
    ck_assert_uint_eq(entry.initrd_floor, PVH_IMAGE_END);
    ck_assert_uint_eq(entry.initrd_ceiling, LOW_MEMORY_END);
    ck_assert_uint_eq(capture.lines, 0);
}
END_TEST

START_TEST(zeros_replace_what_the_last_boot_left)
{
    uint8_t *code = guest_memory_at(&memory, PVH_IMAGE_GPA, 0x6000);

    memset(code, 0xee, 0x6000);
    ck_assert_int_eq(load(), 0);
    for (unsigned i = PVH_IMAGE_CODE_SIZE; i < 0x4000; i++) {
        bool is_zero = i < 0x1000 || i >= 0x2000;

        ck_assert_uint_eq(code[i], is_zero ? 0 : 0xee);
    }
    ck_assert_uint_eq(code[0x4000], 0xee);
}
END_TEST

START_TEST(every_truncation_is_noticed)
{
    for (size_t size = 1; size < sizeof(image); size++) {
        uint8_t *cut = malloc(size);

        ck_assert_ptr_nonnull(cut);
        memcpy(cut, &image, size);
        boot_image_replace(&files.kernel, cut, size);
        free(cut);
        capture.lines = 0;
        ck_assert_int_lt(pvh_load(&files, &memory, &entry), 0);
        ck_assert_uint_eq(capture.lines, 1);
    }
}
END_TEST

START_TEST(other_elf_files_are_refused)
{
    image.header.e_ident[EI_CLASS] = ELFCLASS32;
    check_refused(-ENOEXEC, "not an x86-64 ELF file");
    image.header.e_ident[EI_DATA] = ELFDATA2MSB;
    check_refused(-ENOEXEC, "not an x86-64 ELF file");
    image.header.e_machine = EM_AARCH64;
    check_refused(-ENOEXEC, "not an x86-64 ELF file");
    image.header.e_type = ET_REL;
    check_refused(-ENOEXEC, "not an executable one");
    image.header.e_type = ET_CORE;
    check_refused(-ENOEXEC, "not an executable one");
    image.header.e_type = ET_DYN;
    ck_assert_int_eq(load(), 0);
}
END_TEST

START_TEST(segment_tables_that_make_no_sense_are_refused)
{
    image.header.e_phnum = 0;
    check_refused(-ENOEXEC, "no usable ELF segments");
    image.header.e_phnum = 65;
    check_refused(-ENOEXEC, "no usable ELF segments");
    image.header.e_phnum = 0xffff;
    check_refused(-ENOEXEC, "no usable ELF segments");
    image.header.e_phentsize = 32;
    check_refused(-ENOEXEC, "no usable ELF segments");
    image.header.e_phoff = UINT64_MAX;
    check_refused(-EINVAL, "ends early");
    image.header.e_phoff = UINT64_MAX - 55;
    check_refused(-EINVAL, "ends early");
    image.header.e_phoff = sizeof(image) - 3 * sizeof(Elf64_Phdr) + 1;
    check_refused(-EINVAL, "ends early");
}
END_TEST

START_TEST(segments_outside_memory_are_refused)
{
    const uint64_t addresses[] = {
        0,       BOOT_INFO_GPA,     MIB - 1,   BOOT_IMAGE_MEMORY_SIZE - 4095,
        4 * GIB, UINT64_MAX - 4095, UINT64_MAX};

    for (unsigned i = 0; i < ARRAY_SIZE(addresses); i++) {
        image.code.p_paddr = addresses[i];
        check_refused(-ENOSPC, "is not inside 8 MiB of guest memory");
    }
    image.code.p_memsz = BOOT_IMAGE_MEMORY_SIZE;
    check_refused(-ENOSPC, "is not inside");
    image.zeros.p_memsz = UINT64_MAX;
    check_refused(-ENOSPC, "is not inside");
}
END_TEST

START_TEST(segments_larger_in_the_file_are_refused)
{
    image.code.p_memsz = PVH_IMAGE_CODE_SIZE - 1;
    check_refused(-ENOEXEC, "larger in the file than in memory");
    image.code.p_filesz = UINT64_MAX;
    check_refused(-ENOEXEC, "larger in the file than in memory");
    image.code.p_offset = UINT64_MAX - 1;
    check_refused(-EINVAL, "ends early");
    image.code.p_filesz = 4096;
    check_refused(-EINVAL, "ends early");
}
END_TEST

START_TEST(kernel_without_an_entry_note_is_refused)
{
    image.note.p_type = PT_NULL;
    check_refused(-ENOEXEC, "no PVH entry note");
    image.entry.n_type = 17;
    check_refused(-ENOEXEC, "no PVH entry note");
    image.entry_name[0] = 'Y';
    check_refused(-ENOEXEC, "no PVH entry note");
    image.entry.n_descsz = 3;
    check_refused(-ENOEXEC, "no PVH entry note");
    image.entry_value = 0;
    check_refused(-ENOEXEC, "no PVH entry note");
    image.entry_value = 0x80000000;
    check_refused(-ENOEXEC, "not in guest memory");
}
END_TEST

START_TEST(notes_with_absurd_sizes_end_the_search)
{
    const uint32_t sizes[] = {5, 64, 0x7fffffff, 0xfffffffc, 0xffffffff};

    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        image.entry.n_descsz = sizes[i];
        check_refused(-ENOEXEC, "no PVH entry note");
        image.entry.n_namesz = sizes[i];
        check_refused(-ENOEXEC, "no PVH entry note");
        image.other.n_descsz = sizes[i] | 64;
        check_refused(-ENOEXEC, "no PVH entry note");
        image.other.n_namesz = sizes[i] | 64;
        check_refused(-ENOEXEC, "no PVH entry note");
    }
}
END_TEST

START_TEST(entry_note_may_have_8_bytes)
{
    struct pvh_image *longer = calloc(1, sizeof(image) + 4);

    ck_assert_ptr_nonnull(longer);
    image.entry.n_descsz = 8;
    image.note.p_filesz += 4;
    memcpy(longer, &image, sizeof(image));
    boot_image_replace(&files.kernel, longer, sizeof(image) + 4);
    free(longer);
    ck_assert_int_eq(pvh_load(&files, &memory, &entry), 0);
    ck_assert_uint_eq(entry.rip, PVH_IMAGE_ENTRY);
}
END_TEST

/* xen/include/public/arch-x86/hvm/start_info.h */
START_TEST(start_info_tells_what_the_kernel_asks)
{
    const struct boot_initrd initrd = {.gpa = 0x600000, .size = 0x1234};
    struct boot_memory_range ranges[BOOT_MAX_MEMORY_RANGES];
    unsigned count = boot_memory_map(&memory, ranges);
    const uint8_t *info = guest_memory_at(&memory, BOOT_INFO_GPA, 56);
    const uint8_t *module, *map;

    ck_assert_int_eq(load(), 0);
    ck_assert_int_eq(pvh_finish(&files, &memory, &initrd, RSDP_GPA), 0);
    ck_assert_uint_eq(load_le32(info), 0x336ec578);
    ck_assert_uint_eq(load_le32(info + 4), 1);
    ck_assert_uint_eq(load_le32(info + 12), 1);
    ck_assert_str_eq(guest_memory_at(&memory, load_le64(info + 24), 64),
                     "console=ttyS0");
    ck_assert_uint_eq(load_le64(info + 32), RSDP_GPA);
    ck_assert_uint_eq(load_le32(info + 48), count);
    module = guest_memory_at(&memory, load_le64(info + 16), 32);
    ck_assert_uint_eq(load_le64(module), 0x600000);
    ck_assert_uint_eq(load_le64(module + 8), 0x1234);
    map = guest_memory_at(&memory, load_le64(info + 40), UINT64_C(24) * count);
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_eq(load_le64(map + 24 * i), ranges[i].gpa);
        ck_assert_uint_eq(load_le64(map + 24 * i + 8), ranges[i].size);
        ck_assert_uint_eq(load_le32(map + 24 * i + 16), ranges[i].type);
    }
}
END_TEST

START_TEST(no_initrd_is_no_module)
{
    const struct boot_initrd none = {0};
    const uint8_t *info = guest_memory_at(&memory, BOOT_INFO_GPA, 56);

    ck_assert_int_eq(pvh_finish(&files, &memory, &none, RSDP_GPA), 0);
    ck_assert_uint_eq(load_le32(info + 12), 0);
}
END_TEST

START_TEST(command_line_may_not_leave_its_place)
{
    static char line[BOOT_COMMAND_LINE_MAX + 1];
    const struct boot_initrd none = {0};

    memset(line, 'x', BOOT_COMMAND_LINE_MAX);
    files.command_line = line;
    ck_assert_int_eq(pvh_finish(&files, &memory, &none, RSDP_GPA), -E2BIG);
    line[BOOT_COMMAND_LINE_MAX - 1] = '\0';
    ck_assert_int_eq(pvh_finish(&files, &memory, &none, RSDP_GPA), 0);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, segments_are_loaded_and_the_entry_is_found);
    tcase_add_test(tcase, zeros_replace_what_the_last_boot_left);
    tcase_add_test(tcase, every_truncation_is_noticed);
    tcase_add_test(tcase, other_elf_files_are_refused);
    tcase_add_test(tcase, segment_tables_that_make_no_sense_are_refused);
    tcase_add_test(tcase, segments_outside_memory_are_refused);
    tcase_add_test(tcase, segments_larger_in_the_file_are_refused);
    tcase_add_test(tcase, kernel_without_an_entry_note_is_refused);
    tcase_add_test(tcase, notes_with_absurd_sizes_end_the_search);
    tcase_add_test(tcase, entry_note_may_have_8_bytes);
    tcase_add_test(tcase, start_info_tells_what_the_kernel_asks);
    tcase_add_test(tcase, no_initrd_is_no_module);
    tcase_add_test(tcase, command_line_may_not_leave_its_place);
}

int main(void)
{
    return check_main("pvh", add_tests);
}
