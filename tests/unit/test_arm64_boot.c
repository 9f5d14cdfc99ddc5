/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_arm64_boot.c: where kernel, initrd and device tree go, and kernels that
 * go nowhere. Without KVM: the vCPU's entry, last of all, is refused.
 */
#include "tests/support/boot_image.h"
#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "vmm/arch.h"
#include "vmm/arm64/cpu.h"
#include "vmm/arm64/fdt.h"
#include "vmm/arm64/gic.h"
#include "vmm/arm64/memory_map.h"
#include "vmm/bytes.h"
#include "vmm/fd.h"

#include <errno.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_SIZE (16 * MIB)
#define KERNEL_SIZE 5000U
#define KERNEL_BASE (DEVICE_TREE_GPA + DEVICE_TREE_SIZE)

static struct log_capture capture;
static struct guest_memory memory;
static struct arch_machine arch;
static struct arch_vcpu state;
static struct vcpu vcpu;
static struct kvm kvm;
static struct vcpu_group group;
static struct boot_files files;
static uint8_t kernel[KERNEL_SIZE];

static void setup(void)
{
    struct guest_memory_range ranges[GUEST_MEMORY_MAX_REGIONS];
    unsigned count = arch_memory_ranges(MEMORY_SIZE, ranges);

    log_capture_start(&capture);
    ck_assert_int_eq(guest_memory_init(&memory, ranges, count, 0), 0);
    memset(kernel, 0x5a, sizeof(kernel));
    store_le64(kernel + 8, 0);
    store_le64(kernel + 16, MIB);
    store_le64(kernel + 24, 0xa);
    memcpy(kernel + 56, "ARM\x64", 4);

    arch = (struct arch_machine){.is_gicv3 = true, .its_fd = 0};
    state = (struct arch_vcpu){.mpidr = 0};
    kvm = (struct kvm){.arch = &arch, .vm_fd = -1};
    vcpu = (struct vcpu){.fd = -1, .arch = &state};
    group = (struct vcpu_group){.kvm = &kvm, .vcpus = &vcpu, .count = 1};
    files = (struct boot_files){
        .kernel.fd = -1, .initrd.fd = -1, .command_line = "console=ttyS0"};
}

static void teardown(void)
{
    close_fd(&files.kernel.fd);
    close_fd(&files.initrd.fd);
    guest_memory_destroy(&memory);
    log_capture_stop();
}

static void open_kernel(size_t size)
{
    files.kernel = boot_image_open(kernel, size);
}

/* All of it, but for the entry. */
static void load(void)
{
    ck_assert_int_ne(arch_load_guest(&memory, &group, &files), 0);
    ck_assert_ptr_nonnull(strstr(capture.last, "vCPU 0: KVM_SET_ONE_REG"));
}

static void refuse(int error, const char *why)
{
    ck_assert_int_eq(arch_load_guest(&memory, &group, &files), error);
    ck_assert_msg(strstr(capture.last, why) != NULL, "it said: %s",
                  capture.last);
}

static uint64_t chosen(const char *name)
{
    const void *tree = guest_memory_at(&memory, DEVICE_TREE_GPA, 4096);
    int node = fdt_path_offset(tree, "/chosen"), size;
    const void *value = fdt_getprop(tree, node, name, &size);

    ck_assert_ptr_nonnull(value);
    ck_assert_int_eq(size, 4);
    return fdt32_ld(value);
}

START_TEST(kernel_lies_above_the_device_tree)
{
    open_kernel(KERNEL_SIZE);
    load();
    ck_assert_int_eq(memcmp(guest_memory_at(&memory, KERNEL_BASE, KERNEL_SIZE),
                            kernel, KERNEL_SIZE),
                     0);
}
END_TEST

START_TEST(kernel_lies_at_its_offset)
{
    store_le64(kernel + 8, 0x80000);
    open_kernel(KERNEL_SIZE);
    load();
    ck_assert_int_eq(
        memcmp(guest_memory_at(&memory, KERNEL_BASE + 0x80000, KERNEL_SIZE),
               kernel, KERNEL_SIZE),
        0);
}
END_TEST

START_TEST(initrd_follows_what_the_kernel_needs)
{
    open_kernel(KERNEL_SIZE);
    files.initrd = boot_image_open("an initrd", 9);
    load();
    ck_assert_uint_eq(chosen("linux,initrd-start"), KERNEL_BASE + MIB);
    ck_assert_uint_eq(chosen("linux,initrd-end"), KERNEL_BASE + MIB + 9);
    ck_assert_int_eq(
        memcmp(guest_memory_at(&memory, KERNEL_BASE + MIB, 9), "an initrd", 9),
        0);
}
END_TEST

/* As a signature makes it. */
START_TEST(initrd_follows_a_file_that_is_longer_than_the_kernel)
{
    store_le64(kernel + 16, 4096);
    open_kernel(KERNEL_SIZE);
    files.initrd = boot_image_open("an initrd", 9);
    load();
    ck_assert_uint_eq(chosen("linux,initrd-start"), KERNEL_BASE + 8192);
}
END_TEST

START_TEST(written_tree_has_no_random_numbers)
{
    void *blob = NULL;
    size_t size = 0;

    open_kernel(KERNEL_SIZE);
    ck_assert_int_eq(
        arch_make_device_tree(&memory, &group, &files, &blob, &size), 0);
    ck_assert_uint_eq(size, fdt_size(blob));
    ck_assert_ptr_null(
        fdt_getprop(blob, fdt_path_offset(blob, "/chosen"), "rng-seed", NULL));
    free(blob);
}
END_TEST

START_TEST(what_has_no_room_is_refused)
{
    store_le64(kernel + 16, MEMORY_SIZE - DEVICE_TREE_SIZE + 1);
    open_kernel(KERNEL_SIZE);
    refuse(-ENOSPC, "of guest memory to start, has 16: give more");
    store_le64(kernel + 16, MEMORY_SIZE - DEVICE_TREE_SIZE - 4096);
    boot_image_replace(&files.kernel, kernel, KERNEL_SIZE);
    load();
    files.initrd = boot_image_open(kernel, 4097);
    refuse(-ENOSPC, "do not fit beside the kernel");
}
END_TEST

START_TEST(other_files_are_refused)
{
    open_kernel(40); /* less than a header */
    refuse(-ENOEXEC, "not an Image");
    memcpy(kernel + 56, "RSC\x05", 4);
    boot_image_replace(&files.kernel, kernel, KERNEL_SIZE);
    refuse(-ENOEXEC, "a kernel for RISC-V: give one for arm64");
    memset(kernel + 56, 0, 4);
    memcpy(kernel + 0x202, "HdrS", 4);
    boot_image_replace(&files.kernel, kernel, KERNEL_SIZE);
    refuse(-ENOEXEC, "a bzImage, for x86: give one for arm64");
    memcpy(kernel + 56, "ARM\x64", 4);
    store_le64(kernel + 24, 1);
    boot_image_replace(&files.kernel, kernel, KERNEL_SIZE);
    refuse(-ENOEXEC, "big-endian");
}
END_TEST

START_TEST(command_line_has_a_limit)
{
    static char line[2049];

    memset(line, 'x', sizeof(line) - 1);
    files.command_line = line;
    open_kernel(KERNEL_SIZE);
    refuse(-E2BIG, "takes a command line of 2047 bytes, got 2048");
    line[2047] = '\0';
    load();
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, kernel_lies_above_the_device_tree);
    tcase_add_test(tcase, kernel_lies_at_its_offset);
    tcase_add_test(tcase, initrd_follows_what_the_kernel_needs);
    tcase_add_test(tcase, initrd_follows_a_file_that_is_longer_than_the_kernel);
    tcase_add_test(tcase, written_tree_has_no_random_numbers);
    tcase_add_test(tcase, what_has_no_room_is_refused);
    tcase_add_test(tcase, other_files_are_refused);
    tcase_add_test(tcase, command_line_has_a_limit);
}

int main(void)
{
    return check_main("arm64_boot", add_tests);
}
