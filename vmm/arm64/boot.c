/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * boot.c: what a guest finds in memory when it starts: the device tree, the
 * kernel and, above it, the initrd; and the first vCPU's entry.
 *
 * Linux Documentation/arch/arm64/booting.rst.
 */
#include "vmm/arch.h"
#include "vmm/arm64/cpu.h"
#include "vmm/arm64/fdt.h"
#include "vmm/arm64/gic.h"
#include "vmm/arm64/memory_map.h"
#include "vmm/bytes.h"
#include "vmm/linux_image.h"
#include "vmm/log.h"
#include "vmm/other_kernel.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define KERNEL_BASE (RAM_GPA + DEVICE_TREE_SIZE)
#define PAGE_SIZE   4096ULL

/* COMMAND_LINE_SIZE of Linux's arch/arm64: it cuts what is longer. */
#define COMMAND_LINE_MAX 2048

/* Where what is in memory. */
struct placement {
    uint64_t kernel_gpa, initrd_gpa, initrd_size;
};

static int check_command_line(const struct boot_files *files)
{
    size_t length = strlen(files->command_line);

    if (length < COMMAND_LINE_MAX)
        return 0;
    log_error("kernel %s: takes a command line of %d bytes, got %zu",
              files->kernel.path, COMMAND_LINE_MAX - 1, length);
    return -E2BIG;
}

/* What the file says of itself, held against what it is. */
static int read_image(const struct boot_file *kernel, struct linux_image *image)
{
    uint8_t start[OTHER_KERNEL_START] = {0};
    uint64_t size = sizeof(start);
    const char *defect;
    int error;

    if (size > kernel->size)
        size = kernel->size;
    error = boot_file_read(kernel, 0, start, size);
    if (error)
        return error;
    if (!linux_image_is(start))
        return other_kernel_refuse(kernel, start, "arm64",
                                   "not an Image: give one, as a kernel's "
                                   "tree has it at arch/arm64/boot/Image");
    defect = linux_image_parse(start, image);
    if (defect) {
        log_error("kernel %s: %s", kernel->path, defect);
        return -ENOEXEC;
    }
    /* A signature may follow what the kernel knows of. */
    if (image->size < kernel->size)
        image->size = kernel->size;
    return 0;
}

/* One after the other: an initrd may lie up to 32 GiB away from its kernel,
 * but there is no reason for it to. */
static int place(const struct guest_memory *memory,
                 const struct boot_files *files, struct placement *placement)
{
    struct linux_image image = {0};
    uint64_t end;
    int error = read_image(&files->kernel, &image);

    if (error)
        return error;
    placement->kernel_gpa = KERNEL_BASE + image.text_offset;
    placement->initrd_size = files->initrd.path ? files->initrd.size : 0;
    placement->initrd_gpa =
        align_up(placement->kernel_gpa + image.size, PAGE_SIZE);
    end = memory->regions[0].gpa + memory->regions[0].size;
    if (placement->initrd_gpa > end) {
        log_error("kernel %s: needs %" PRIu64 " MiB of guest memory to start, "
                  "has %" PRIu64 ": give more with --memory",
                  files->kernel.path,
                  (placement->initrd_gpa - RAM_GPA) / MIB + 1,
                  memory->size / MIB);
        return -ENOSPC;
    }
    if (placement->initrd_size > end - placement->initrd_gpa) {
        log_error("initrd %s: its %" PRIu64 " MiB do not fit beside the "
                  "kernel into %" PRIu64 " MiB of guest memory: give more "
                  "with --memory",
                  files->initrd.path, placement->initrd_size / MIB + 1,
                  memory->size / MIB);
        return -ENOSPC;
    }
    return 0;
}

/* `*blob` is for the caller to free, if 0 is returned. */
static int make_tree(const struct guest_memory *memory,
                     const struct vcpu_group *group,
                     const struct boot_files *files,
                     const struct placement *placement, const uint8_t *seed,
                     void **blob)
{
    const struct arch_machine *arch = group->kvm->arch;
    struct fdt_machine machine = {
        .memory = memory,
        .num_cpus = group->count,
        .is_gicv3 = arch->is_gicv3,
        .has_its = arch->its_fd >= 0,
        .has_counters = cpu_has_counters(&group->vcpus[0]),
        .command_line = files->command_line,
        .initrd_gpa = placement->initrd_gpa,
        .initrd_size = placement->initrd_size,
        .seed = seed,
    };
    int error;

    for (unsigned i = 0; i < group->count; i++)
        machine.mpidrs[i] = group->vcpus[i].arch->mpidr;
    *blob = calloc(1, DEVICE_TREE_SIZE);
    error = *blob ? fdt_describe(&machine, *blob, DEVICE_TREE_SIZE) : -ENOMEM;
    if (error) {
        log_error("the device tree: %s", strerror(-error));
        free(*blob);
    }
    return error;
}

static int load_device_tree(const struct guest_memory *memory,
                            const struct vcpu_group *group,
                            const struct boot_files *files,
                            const struct placement *placement)
{
    uint8_t seed[FDT_SEED_SIZE];
    bool has_seed =
        getrandom(seed, sizeof(seed), GRND_NONBLOCK) == (ssize_t)sizeof(seed);
    void *blob;
    int error = make_tree(memory, group, files, placement,
                          has_seed ? seed : NULL, &blob);

    if (error)
        return error;
    error = guest_memory_write(memory, DEVICE_TREE_GPA, blob, fdt_size(blob));
    free(blob);
    return error;
}

int arch_load_guest(const struct guest_memory *memory, struct vcpu_group *group,
                    const struct boot_files *files)
{
    struct placement placement = {0};
    int error = check_command_line(files);

    if (!error)
        error = place(memory, files, &placement);
    if (!error)
        error = boot_file_load(&files->kernel, 0, memory, placement.kernel_gpa,
                               files->kernel.size);
    if (!error && placement.initrd_size)
        error = boot_file_load(&files->initrd, 0, memory, placement.initrd_gpa,
                               placement.initrd_size);
    if (!error)
        error = load_device_tree(memory, group, files, &placement);
    if (!error)
        error = cpu_enter_kernel(&group->vcpus[0], placement.kernel_gpa,
                                 DEVICE_TREE_GPA);
    return error;
}

int arch_make_device_tree(const struct guest_memory *memory,
                          const struct vcpu_group *group,
                          const struct boot_files *files, void **blob,
                          size_t *size)
{
    struct placement placement = {0};
    int error = place(memory, files, &placement);

    if (!error)
        error = make_tree(memory, group, files, &placement, NULL, blob);
    if (!error)
        *size = fdt_size(*blob);
    return error;
}
