/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * speed.c: how fast a guest's kernel code runs: a counted loop at EL1, in a
 * machine of its own without an interrupt controller.
 */
#include "vmm/arch.h"
#include "vmm/fd.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define CODE_GPA     0x10000
#define EXIT_GPA     0x0 /* no memory there */
#define INSTRUCTIONS 2   /* of the loop */

#define FEWEST_TURNS   10000
#define MOST_TURNS     1000000000
#define ENOUGH_SECONDS 0.05

static const uint32_t code[] = {
    0xf1000400, /* subs x0, x0, #1 */
    0x54ffffe1, /* b.ne, to it */
    0xf900003f, /* str xzr, [x1], which leaves the guest */
    0x17fffffd, /* b, to the first */
};

#define CORE_REGISTER(name)                                                    \
    (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE |                     \
     KVM_REG_ARM_CORE_REG(name))

static double now_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int set_register(int vcpu_fd, uint64_t id, uint64_t value)
{
    struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)&value};

    return ioctl(vcpu_fd, KVM_SET_ONE_REG, &reg) != 0 ? -errno : 0;
}

/* Runs the loop `count` times; seconds, or a negative errno. */
static double run_loop(int vcpu_fd, const struct kvm_run *run, uint64_t count)
{
    double start = now_seconds();
    int error = set_register(vcpu_fd, CORE_REGISTER(regs.regs[0]), count);

    if (error)
        return error;
    while (ioctl(vcpu_fd, KVM_RUN, 0) != 0)
        if (errno != EINTR)
            return -errno;
    return run->exit_reason == KVM_EXIT_MMIO ? now_seconds() - start : -EIO;
}

/* More and more turns, until they take a while. */
static int measure(int vcpu_fd, const struct kvm_run *run, double *speed)
{
    uint64_t count = FEWEST_TURNS;
    double seconds = run_loop(vcpu_fd, run, count);

    while (seconds >= 0 && seconds < ENOUGH_SECONDS && count < MOST_TURNS) {
        count *= 10;
        seconds = run_loop(vcpu_fd, run, count);
    }
    if (seconds < 0)
        return (int)seconds;
    *speed = (double)count * INSTRUCTIONS / (seconds > 0 ? seconds : 1e-9);
    return 0;
}

static int measure_in_vcpu(const struct kvm *kvm, int vcpu_fd, double *speed)
{
    int size = ioctl(kvm->system_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
    struct kvm_vcpu_init init = {0};
    struct kvm_run *run = MAP_FAILED;
    int error = 0;

    if (ioctl(kvm->vm_fd, KVM_ARM_PREFERRED_TARGET, &init) != 0 ||
        ioctl(vcpu_fd, KVM_ARM_VCPU_INIT, &init) != 0)
        return -errno;
    if (size > 0)
        run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED,
                   vcpu_fd, 0);
    if (run == MAP_FAILED)
        return -errno;
    error = set_register(vcpu_fd, CORE_REGISTER(regs.pc), CODE_GPA);
    if (!error)
        error = set_register(vcpu_fd, CORE_REGISTER(regs.regs[1]), EXIT_GPA);
    if (!error)
        error = measure(vcpu_fd, run, speed);
    munmap(run, (size_t)size);
    return error;
}

int arch_measure_speed(const struct kvm *kvm, double *speed)
{
    /* As large as the host's pages, which slots are made of. */
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const struct kvm_userspace_memory_region region = {
        .guest_phys_addr = CODE_GPA,
        .memory_size = size,
        .userspace_addr = (uintptr_t)memory};
    int vcpu_fd = -1, error = 0;

    if (memory == MAP_FAILED)
        return -errno;
    memcpy(memory, code, sizeof(code));
    __builtin___clear_cache((char *)memory, (char *)memory + sizeof(code));
    if (ioctl(kvm->vm_fd, KVM_SET_USER_MEMORY_REGION, &region) != 0)
        error = -errno;
    if (!error) {
        vcpu_fd = ioctl(kvm->vm_fd, KVM_CREATE_VCPU, 0);
        error = vcpu_fd < 0 ? -errno : 0;
    }
    if (!error)
        error = measure_in_vcpu(kvm, vcpu_fd, speed);
    close_fd(&vcpu_fd);
    munmap(memory, size);
    return error;
}
