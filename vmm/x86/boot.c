/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * boot.c: what a guest finds in memory and registers when it starts: the
 * address space of the machine, kernel and initrd, and the first vCPU's entry
 * state.
 */
#include "vmm/x86/boot.h"

#include "vmm/arch.h"
#include "vmm/bytes.h"
#include "vmm/log.h"
#include "vmm/other_kernel.h"
#include "vmm/x86/acpi.h"
#include "vmm/x86/memory_map.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>

#define CR0_PE   (1ULL << 0)
#define CR0_ET   (1ULL << 4)
#define CR0_PG   (1ULL << 31)
#define CR4_PAE  (1ULL << 5)
#define EFER_LME (1ULL << 8)
#define EFER_LMA (1ULL << 10)

#define PAGE_PRESENT_WRITABLE 0x3ULL
#define PAGE_LARGE            0x80ULL
#define PAGE_SIZE             4096ULL

unsigned arch_memory_ranges(uint64_t size, struct guest_memory_range *ranges)
{
    uint64_t below = LOW_MEMORY_END;

    if (size > arch_memory_limit())
        return 0;
    if (size <= below) {
        ranges[0] = (struct guest_memory_range){.gpa = 0, .size = size};
        return 1;
    }
    ranges[0] = (struct guest_memory_range){.gpa = 0, .size = below};
    ranges[1] =
        (struct guest_memory_range){.gpa = RAM_ABOVE_4G, .size = size - below};
    return 2;
}

uint64_t arch_memory_limit(void)
{
    return LOW_MEMORY_END + (PCI_WINDOW64_BASE - RAM_ABOVE_4G);
}

unsigned boot_memory_map(const struct guest_memory *memory,
                         struct boot_memory_range *ranges)
{
    const struct guest_memory_region *low = &memory->regions[0];
    unsigned count = 0;

    ranges[count++] = (struct boot_memory_range){
        .gpa = 0, .size = LOW_RAM_END, .type = BOOT_MEMORY_RAM};
    ranges[count++] = (struct boot_memory_range){
        .gpa = ACPI_GPA, .size = ACPI_SIZE, .type = BOOT_MEMORY_RESERVED};
    ranges[count++] =
        (struct boot_memory_range){.gpa = HIGH_RAM_START,
                                   .size = low->size - HIGH_RAM_START,
                                   .type = BOOT_MEMORY_RAM};
    ranges[count++] = (struct boot_memory_range){.gpa = PCI_ECAM_BASE,
                                                 .size = PCI_ECAM_SIZE,
                                                 .type = BOOT_MEMORY_RESERVED};
    for (unsigned i = 1; i < memory->count; i++)
        ranges[count++] =
            (struct boot_memory_range){.gpa = memory->regions[i].gpa,
                                       .size = memory->regions[i].size,
                                       .type = BOOT_MEMORY_RAM};
    return count;
}

static uint64_t make_descriptor(const struct kvm_segment *segment)
{
    uint64_t limit = segment->limit;

    if (segment->g)
        limit >>= 12;
    return (limit & 0xffff) | (segment->base & 0xffffff) << 16 |
           (uint64_t)segment->type << 40 | (uint64_t)segment->s << 44 |
           (uint64_t)segment->present << 47 | (limit >> 16 & 0xf) << 48 |
           (uint64_t)segment->l << 53 | (uint64_t)segment->db << 54 |
           (uint64_t)segment->g << 55 |
           (uint64_t)(segment->base >> 24 & 0xff) << 56;
}

/* The selectors are those of both boot protocols: code 0x10, data 0x18. */
static int set_segments(const struct guest_memory *memory,
                        struct kvm_sregs *sregs, bool is_64bit)
{
    struct kvm_segment code = {.limit = 0xffffffff,
                               .selector = 0x10,
                               .type = 0xb, /* execute, read, accessed */
                               .present = 1,
                               .s = 1,
                               .g = 1,
                               .l = is_64bit,
                               .db = !is_64bit};
    struct kvm_segment data = {.limit = 0xffffffff,
                               .selector = 0x18,
                               .type = 0x3, /* read, write, accessed */
                               .present = 1,
                               .s = 1,
                               .g = 1,
                               .db = 1};
    struct kvm_segment task = {
        .limit = 0x67, .selector = 0x20, .type = 0xb, .present = 1};
    uint8_t gdt[6 * 8] = {0};

    store_le64(gdt + 0x10, make_descriptor(&code));
    store_le64(gdt + 0x18, make_descriptor(&data));
    store_le64(gdt + 0x20, make_descriptor(&task));
    sregs->cs = code;
    sregs->ds = sregs->es = sregs->fs = sregs->gs = sregs->ss = data;
    sregs->tr = task;
    sregs->gdt.base = BOOT_GDT_GPA;
    sregs->gdt.limit = sizeof(gdt) - 1;
    sregs->idt.base = 0;
    sregs->idt.limit = 0;
    return guest_memory_write(memory, BOOT_GDT_GPA, gdt, sizeof(gdt));
}

/* The first 4 GiB map to themselves, in pages of 2 MiB. */
static int set_identity_map(const struct guest_memory *memory,
                            struct kvm_sregs *sregs)
{
    uint8_t *tables =
        guest_memory_at(memory, BOOT_PAGE_TABLES_GPA, 6 * PAGE_SIZE);
    uint8_t *directories;

    if (!tables)
        return -EFAULT;
    directories = tables + 2 * PAGE_SIZE;
    memset(tables, 0, 2 * PAGE_SIZE);
    store_le64(tables,
               (BOOT_PAGE_TABLES_GPA + PAGE_SIZE) | PAGE_PRESENT_WRITABLE);
    for (uint64_t i = 0; i < 4; i++)
        store_le64(tables + PAGE_SIZE + 8 * i,
                   (BOOT_PAGE_TABLES_GPA + (2 + i) * PAGE_SIZE) |
                       PAGE_PRESENT_WRITABLE);
    for (uint64_t i = 0; i < 4ULL * 512; i++)
        store_le64(directories + 8 * i,
                   i * 2 * MIB | PAGE_PRESENT_WRITABLE | PAGE_LARGE);
    sregs->cr3 = BOOT_PAGE_TABLES_GPA;
    sregs->cr4 |= CR4_PAE;
    sregs->cr0 |= CR0_PG;
    sregs->efer |= EFER_LME | EFER_LMA;
    return 0;
}

static int enter_kernel(const struct guest_memory *memory, struct vcpu *vcpu,
                        const struct boot_entry *entry)
{
    struct kvm_regs regs = {.rflags = 0x2, /* bit 1 always reads as one */
                            .rip = entry->rip,
                            .rsi = entry->rsi,
                            .rbx = entry->rbx};
    struct kvm_sregs sregs;
    int error;

    if (ioctl(vcpu->fd, KVM_GET_SREGS, &sregs) != 0)
        goto failed_call;
    sregs.cr0 = CR0_PE | CR0_ET;
    error = set_segments(memory, &sregs, entry->is_64bit);
    if (!error && entry->is_64bit)
        error = set_identity_map(memory, &sregs);
    if (error)
        return error;
    if (ioctl(vcpu->fd, KVM_SET_SREGS, &sregs) != 0 ||
        ioctl(vcpu->fd, KVM_SET_REGS, &regs) != 0)
        goto failed_call;
    return 0;

failed_call:
    error = -errno;
    log_error("vCPU %u: setting its entry state: %s", vcpu->index,
              strerror(-error));
    return error;
}

/* As high as the kernel and the memory below 4 GiB allow. */
static int load_initrd(const struct boot_files *files,
                       const struct guest_memory *memory,
                       const struct boot_entry *entry,
                       struct boot_initrd *initrd)
{
    uint64_t ceiling = entry->initrd_ceiling, size = files->initrd.size;

    *initrd = (struct boot_initrd){0};
    if (!files->initrd.path)
        return 0;
    if (ceiling > memory->regions[0].size)
        ceiling = memory->regions[0].size;
    if (size > ceiling ||
        align_down(ceiling - size, PAGE_SIZE) < entry->initrd_floor) {
        log_error("initrd %s: its %" PRIu64 " MiB do not fit beside the "
                  "kernel into %" PRIu64 " MiB of guest memory: give more "
                  "with --memory",
                  files->initrd.path, size / MIB + 1, memory->size / MIB);
        return -ENOSPC;
    }
    initrd->gpa = align_down(ceiling - size, PAGE_SIZE);
    initrd->size = size;
    return boot_file_load(&files->initrd, 0, memory, initrd->gpa, size);
}

int arch_load_guest(const struct guest_memory *memory, struct vcpu_group *group,
                    const struct boot_files *files)
{
    struct boot_entry entry = {0};
    struct boot_initrd initrd;
    uint8_t start[OTHER_KERNEL_START] = {0};
    uint64_t rsdp_gpa, probe = sizeof(start);
    bool is_elf;
    int error;

    if (memory->regions[0].size < 2 * MIB) {
        log_error("%" PRIu64 " KiB of guest memory are too little to boot "
                  "from: give at least 2M with --memory",
                  memory->size / KIB);
        return -EINVAL;
    }
    if (probe > files->kernel.size)
        probe = files->kernel.size;
    error = boot_file_read(&files->kernel, 0, start, probe);
    if (error)
        return error;
    is_elf = memcmp(start, "\177ELF", 4) == 0;
    if (!is_elf && memcmp(start + 0x202, "HdrS", 4) != 0)
        return other_kernel_refuse(&files->kernel, start, "x86-64",
                                   "neither a bzImage nor ELF: give a bzImage "
                                   "or an ELF vmlinux");

    error = is_elf ? pvh_load(files, memory, &entry)
                   : bzimage_load(files, memory, &entry);
    if (!error)
        error = load_initrd(files, memory, &entry, &initrd);
    if (!error)
        error = acpi_write_tables(memory, group->count, &rsdp_gpa);
    if (!error)
        error = is_elf ? pvh_finish(files, memory, &initrd, rsdp_gpa)
                       : bzimage_finish(files, memory, &initrd, rsdp_gpa);
    if (!error)
        error = enter_kernel(memory, &group->vcpus[0], &entry);
    return error;
}

int arch_make_device_tree(const struct guest_memory *memory,
                          const struct vcpu_group *group,
                          const struct boot_files *files, void **blob,
                          size_t *size)
{
    (void)memory;
    (void)group;
    (void)files;
    *blob = NULL;
    *size = 0;
    return -ENOTSUP;
}
