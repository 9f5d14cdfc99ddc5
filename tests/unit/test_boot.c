/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_boot.c: where RAM is, what the guest is told of it, and the state in
 * which its kernel begins.
 */
#include "tests/support/boot_image.h"
#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/x86/boot_kernels.h"
#include "vmm/arch.h"
#include "vmm/bytes.h"
#include "vmm/fd.h"
#include "vmm/x86/boot.h"
#include "vmm/x86/memory_map.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PAGE UINT64_C(4096)

static struct guest_memory memory;
static struct boot_files files;
static struct log_capture capture;
static struct bzimage image;
static struct pvh_image elf;

static void setup(void)
{
    log_capture_start(&capture);
    bzimage_make(&image);
    pvh_image_make(&elf);
    boot_image_memory(&memory, BOOT_IMAGE_MEMORY_SIZE);
    files = (struct boot_files){
        .kernel = boot_image_open(&image, sizeof(image)),
        .initrd.fd = -1,
        .command_line = "quiet",
    };
}

static void teardown(void)
{
    close_fd(&files.kernel.fd);
    close_fd(&files.initrd.fd);
    guest_memory_destroy(&memory);
    log_capture_stop();
}

/* ---- Memory -------------------------------------------------------------- */

/* As init_memory() of the machine would make it, with nothing behind it. */
static struct guest_memory outline(uint64_t size)
{
    struct guest_memory_range ranges[GUEST_MEMORY_MAX_REGIONS];
    struct guest_memory outlined = {.fd = -1, .size = size};

    outlined.count = arch_memory_ranges(size, ranges);
    for (unsigned i = 0; i < outlined.count; i++) {
        outlined.regions[i].gpa = ranges[i].gpa;
        outlined.regions[i].size = ranges[i].size;
    }
    return outlined;
}

START_TEST(ram_makes_room_for_devices_below_4_gib)
{
    struct guest_memory_range ranges[GUEST_MEMORY_MAX_REGIONS];

    ck_assert_uint_eq(arch_memory_ranges(MIB, ranges), 1);
    ck_assert_uint_eq(arch_memory_ranges(3 * GIB, ranges), 1);
    ck_assert_uint_eq(ranges[0].gpa, 0);
    ck_assert_uint_eq(ranges[0].size, 3 * GIB);
    ck_assert_uint_eq(arch_memory_ranges(3 * GIB + PAGE, ranges), 2);
    ck_assert_uint_eq(ranges[0].size, 3 * GIB);
    ck_assert_uint_eq(ranges[1].gpa, 4 * GIB);
    ck_assert_uint_eq(ranges[1].size, PAGE);
    ck_assert_uint_eq(arch_memory_ranges(6 * GIB, ranges), 2);
    ck_assert_uint_eq(ranges[1].size, 3 * GIB);
}
END_TEST

START_TEST(ram_ends_below_the_high_pci_window)
{
    struct guest_memory_range ranges[GUEST_MEMORY_MAX_REGIONS];
    uint64_t limit = arch_memory_limit();

    ck_assert_uint_eq(arch_memory_ranges(limit, ranges), 2);
    ck_assert_uint_eq(ranges[1].gpa + ranges[1].size, PCI_WINDOW64_BASE);
    ck_assert_uint_eq(arch_memory_ranges(limit + PAGE, ranges), 0);
    ck_assert_uint_eq(arch_memory_ranges(UINT64_MAX - PAGE + 1, ranges), 0);
}
END_TEST

/* A sound map: ascending, disjoint, all RAM in it lies in memory. */
static void check_map(uint64_t size)
{
    const struct guest_memory outlined = outline(size);
    struct boot_memory_range ranges[BOOT_MAX_MEMORY_RANGES];
    unsigned count = boot_memory_map(&outlined, ranges);
    uint64_t ram = 0, end = 0;

    ck_assert_uint_le(count, BOOT_MAX_MEMORY_RANGES);
    for (unsigned i = 0; i < count; i++) {
        ck_assert_uint_ge(ranges[i].gpa, end);
        ck_assert_uint_gt(ranges[i].size, 0);
        end = ranges[i].gpa + ranges[i].size;
        if (ranges[i].type != BOOT_MEMORY_RAM)
            continue;
        ram += ranges[i].size;
        ck_assert(end <= outlined.regions[0].size ||
                  ranges[i].gpa >= RAM_ABOVE_4G);
    }
    /* All but what lies between 640 KiB and 1 MiB. */
    ck_assert_uint_eq(ram, size - (HIGH_RAM_START - LOW_RAM_END));
}

START_TEST(memory_map_is_sound_for_every_size)
{
    check_map(MIB + PAGE);
    check_map(2 * MIB);
    check_map(3 * GIB - PAGE);
    check_map(3 * GIB);
    check_map(3 * GIB + PAGE);
    check_map(6 * GIB);
    check_map(arch_memory_limit());
}
END_TEST

START_TEST(memory_map_reserves_acpi_and_ecam)
{
    const struct guest_memory outlined = outline(6 * GIB);
    struct boot_memory_range ranges[BOOT_MAX_MEMORY_RANGES];
    unsigned count = boot_memory_map(&outlined, ranges), found = 0;

    for (unsigned i = 0; i < count; i++) {
        bool is_acpi = ranges[i].gpa == ACPI_GPA && ranges[i].size == ACPI_SIZE;
        bool is_ecam =
            ranges[i].gpa == PCI_ECAM_BASE && ranges[i].size == PCI_ECAM_SIZE;

        ck_assert_int_eq(ranges[i].type == BOOT_MEMORY_RESERVED,
                         is_acpi || is_ecam);
        found += is_acpi || is_ecam ? 1 : 0;
    }
    ck_assert_uint_eq(found, 2);
}
END_TEST

/* ---- What cannot be booted ----------------------------------------------- */

/* Needs no vCPU: refused before its state is set. */
static void check_refused(int error, const char *words)
{
    struct vcpu_group group = {.count = 1};

    capture.lines = 0;
    ck_assert_int_eq(arch_load_guest(&memory, &group, &files), error);
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_msg(strstr(capture.last, words) != NULL, "no \"%s\" in: %s",
                  words, capture.last);
}

static void use_kernel(const void *bytes, size_t size)
{
    boot_image_replace(&files.kernel, bytes, size);
}

START_TEST(what_is_no_kernel_is_told_by_its_first_bytes)
{
    uint8_t other[64] = "MZ";

    use_kernel("BZh9", 5);
    check_refused(-ENOEXEC, "compressed with bzip2: unpack it first");
    use_kernel("070701", 7);
    check_refused(-ENOEXEC, "an initrd: give it with --initrd");
    memcpy(other + 4, "zimg", 4);
    use_kernel(other, sizeof(other));
    check_refused(-ENOEXEC, "for another architecture: give one for");
    memcpy(other + 56, "ARM\x64", 4);
    use_kernel(other, sizeof(other));
    check_refused(-ENOEXEC, "a kernel for arm64: give one for x86-64");
    use_kernel("#!/bin/sh", 9);
    check_refused(-ENOEXEC, "neither a bzImage nor ELF");
    use_kernel("x", 1);
    check_refused(-ENOEXEC, "neither a bzImage nor ELF");
    use_kernel("\177ELF", 4);
    check_refused(-EINVAL, "ends early");
}
END_TEST

START_TEST(memory_too_small_to_boot_from_is_refused)
{
    guest_memory_destroy(&memory);
    boot_image_memory(&memory, 2 * MIB - PAGE);
    check_refused(-EINVAL, "2044 KiB of guest memory are too little");
}
END_TEST

static void use_initrd(uint64_t size)
{
    close_fd(&files.initrd.fd);
    files.initrd = boot_image_open("initrd", 6);
    ck_assert_int_eq(ftruncate(files.initrd.fd, (off_t)size), 0);
    files.initrd.size = size;
}

START_TEST(initrd_without_room_is_refused)
{
    uint64_t room =
        BOOT_IMAGE_MEMORY_SIZE - BZIMAGE_PREFERRED - BZIMAGE_INIT_SIZE;
    struct setup_header header;

    use_initrd(room + 1);
    check_refused(-ENOSPC, "do not fit beside the kernel into 8 MiB");
    use_initrd(GIB);
    check_refused(-ENOSPC, "initrd image: its 1025 MiB");
    use_initrd(16);
    bzimage_get_header(&image, &header);
    header.initrd_addr_max = 0;
    bzimage_set_header(&image, &header);
    use_kernel(&image, sizeof(image));
    check_refused(-ENOSPC, "do not fit");
}
END_TEST

/* ---- What can ------------------------------------------------------------ */

struct machine_bed {
    struct kvm kvm;
    struct vcpu_group group;
    struct bus ports, mmio;
};

/* A vCPU to boot; false, and the test skipped, where there is no KVM. */
static bool open_vcpu(struct machine_bed *bed)
{
    if (access("/dev/kvm", R_OK | W_OK) != 0) {
        skip_test("/dev/kvm cannot be used: %s", strerror(errno));
        return false;
    }
    bus_init(&bed->ports, "ports");
    bus_init(&bed->mmio, "mmio");
    ck_assert_int_eq(kvm_open(&bed->kvm, arch_machine_type), 0);
    ck_assert_int_eq(arch_init_interrupts(&bed->kvm), 0);
    ck_assert_int_eq(
        vcpu_group_init(&bed->group, &bed->kvm, 1, &bed->ports, &bed->mmio), 0);
    ck_assert_int_eq(arch_init_vcpus(&bed->kvm, &bed->group), 0);
    return true;
}

static void close_vcpu(struct machine_bed *bed)
{
    arch_destroy_vcpus(&bed->group);
    vcpu_group_destroy(&bed->group);
    kvm_close(&bed->kvm);
    bus_destroy(&bed->mmio);
    bus_destroy(&bed->ports);
}

static void get_state(const struct machine_bed *bed, struct kvm_regs *regs,
                      struct kvm_sregs *sregs)
{
    int fd = bed->group.vcpus[0].fd;

    ck_assert_int_eq(ioctl(fd, KVM_GET_REGS, regs), 0);
    ck_assert_int_eq(ioctl(fd, KVM_GET_SREGS, sregs), 0);
}

START_TEST(linux_begins_in_long_mode_with_memory_mapped_to_itself)
{
    const uint8_t *tables;
    struct machine_bed bed;
    struct kvm_sregs sregs;
    struct kvm_regs regs;

    if (!open_vcpu(&bed))
        return;
    ck_assert_int_eq(arch_load_guest(&memory, &bed.group, &files), 0);
    get_state(&bed, &regs, &sregs);
    ck_assert_uint_eq(regs.rip, MIB + 0x200);
    ck_assert_uint_eq(regs.rsi, BOOT_PARAMS_GPA);
    ck_assert_uint_eq(regs.rflags, 2);                     /* interrupts off */
    ck_assert_uint_eq(sregs.cr0 & 0x80000001, 0x80000001); /* PG, PE */
    ck_assert_uint_eq(sregs.cr4 & 0x20, 0x20);             /* PAE */
    ck_assert_uint_eq(sregs.efer & 0x500, 0x500);          /* LMA, LME */
    ck_assert_uint_eq(sregs.cs.selector, 0x10);
    ck_assert_uint_eq(sregs.cs.l, 1);
    ck_assert_uint_eq(sregs.ds.selector, 0x18);
    ck_assert_uint_eq(sregs.ss.selector, 0x18);

    /* Last 2 MiB of the first 4 GiB: by the entries 0, 3 and 511. */
    tables = guest_memory_at(&memory, sregs.cr3, 6 * PAGE);
    ck_assert_uint_eq(load_le64(tables), (sregs.cr3 + PAGE) | 3);
    ck_assert_uint_eq(load_le64(tables + PAGE + 24),
                      (sregs.cr3 + 5 * PAGE) | 3);
    ck_assert_uint_eq(load_le64(tables + 5 * PAGE + 8 * UINT64_C(511)),
                      0xffe00083);
    close_vcpu(&bed);
}
END_TEST

START_TEST(segment_table_agrees_with_the_segments)
{
    struct machine_bed bed;
    struct kvm_sregs sregs;
    struct kvm_regs regs;
    const uint8_t *gdt;

    if (!open_vcpu(&bed))
        return;
    ck_assert_int_eq(arch_load_guest(&memory, &bed.group, &files), 0);
    get_state(&bed, &regs, &sregs);
    gdt = guest_memory_at(&memory, sregs.gdt.base, sregs.gdt.limit + 1U);
    ck_assert_uint_eq(sregs.gdt.limit, 47);
    ck_assert_uint_eq(load_le64(gdt), 0);
    ck_assert_uint_eq(load_le64(gdt + 0x10), 0x00af9b000000ffff);
    ck_assert_uint_eq(load_le64(gdt + 0x18), 0x00cf93000000ffff);
    close_vcpu(&bed);
}
END_TEST

START_TEST(pvh_begins_in_flat_32_bits)
{
    struct machine_bed bed;
    struct kvm_sregs sregs;
    struct kvm_regs regs;

    if (!open_vcpu(&bed))
        return;
    use_kernel(&elf, sizeof(elf));
    ck_assert_int_eq(arch_load_guest(&memory, &bed.group, &files), 0);
    get_state(&bed, &regs, &sregs);
    ck_assert_uint_eq(regs.rip, PVH_IMAGE_ENTRY);
    ck_assert_uint_eq(regs.rbx, BOOT_INFO_GPA);
    ck_assert_uint_eq(regs.rflags, 2);
    ck_assert_uint_eq(sregs.cr0 & 0x80000001, 1);
    ck_assert_uint_eq(sregs.efer & 0x500, 0);
    ck_assert_uint_eq(sregs.cs.base, 0);
    ck_assert_uint_eq(sregs.cs.limit, 0xffffffff);
    ck_assert_uint_eq(sregs.cs.db, 1);
    ck_assert_uint_eq(sregs.cs.l, 0);
    ck_assert_uint_eq(sregs.ds.limit, 0xffffffff);
    close_vcpu(&bed);
}
END_TEST

START_TEST(initrd_lies_as_high_as_it_may)
{
    struct machine_bed bed;
    struct boot_params params;

    if (!open_vcpu(&bed))
        return;
    use_initrd(PAGE + 1);
    ck_assert_int_eq(arch_load_guest(&memory, &bed.group, &files), 0);
    memcpy(&params, guest_memory_at(&memory, BOOT_PARAMS_GPA, sizeof(params)),
           sizeof(params));
    ck_assert_uint_eq(params.hdr.ramdisk_image,
                      BOOT_IMAGE_MEMORY_SIZE - 2 * PAGE);
    ck_assert_uint_eq(params.hdr.ramdisk_size, PAGE + 1);
    ck_assert_mem_eq(guest_memory_at(&memory, params.hdr.ramdisk_image, 6),
                     "initrd", 6);
    /* To the last page that is free. */
    use_initrd(BOOT_IMAGE_MEMORY_SIZE - BZIMAGE_PREFERRED - BZIMAGE_INIT_SIZE);
    ck_assert_int_eq(arch_load_guest(&memory, &bed.group, &files), 0);
    close_vcpu(&bed);
}
END_TEST

START_TEST(guest_can_be_loaded_again_after_a_reset)
{
    struct machine_bed bed;
    struct kvm_sregs sregs;
    struct kvm_regs regs;

    if (!open_vcpu(&bed))
        return;
    ck_assert_int_eq(arch_load_guest(&memory, &bed.group, &files), 0);
    ck_assert_int_eq(arch_reset(&bed.kvm, &bed.group), 0);
    get_state(&bed, &regs, &sregs);
    ck_assert_uint_eq(sregs.cr0 & 0x80000001, 0);
    ck_assert_uint_eq(regs.rip, 0xfff0);
    memset(guest_memory_at(&memory, 0, BOOT_IMAGE_MEMORY_SIZE), 0xee,
           BOOT_IMAGE_MEMORY_SIZE);
    use_kernel(&elf, sizeof(elf));
    ck_assert_int_eq(arch_load_guest(&memory, &bed.group, &files), 0);
    get_state(&bed, &regs, &sregs);
    ck_assert_uint_eq(regs.rip, PVH_IMAGE_ENTRY);
    ck_assert_uint_eq(sregs.efer & 0x500, 0);
    ck_assert_uint_eq(capture.lines, 0);
    close_vcpu(&bed);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, ram_makes_room_for_devices_below_4_gib);
    tcase_add_test(tcase, ram_ends_below_the_high_pci_window);
    tcase_add_test(tcase, memory_map_is_sound_for_every_size);
    tcase_add_test(tcase, memory_map_reserves_acpi_and_ecam);
    tcase_add_test(tcase, what_is_no_kernel_is_told_by_its_first_bytes);
    tcase_add_test(tcase, memory_too_small_to_boot_from_is_refused);
    tcase_add_test(tcase, initrd_without_room_is_refused);
    tcase_add_test(tcase,
                   linux_begins_in_long_mode_with_memory_mapped_to_itself);
    tcase_add_test(tcase, segment_table_agrees_with_the_segments);
    tcase_add_test(tcase, pvh_begins_in_flat_32_bits);
    tcase_add_test(tcase, initrd_lies_as_high_as_it_may);
    tcase_add_test(tcase, guest_can_be_loaded_again_after_a_reset);
}

int main(void)
{
    return check_main("boot", add_tests);
}
