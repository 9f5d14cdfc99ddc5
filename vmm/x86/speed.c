/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * speed.c: how fast a guest's kernel code runs: a counted loop in protected
 * mode, in a machine of its own.
 *
 * A KVM without hardware virtualization below it emulates what the guest's
 * kernel does, a thousand times slower; nothing but the clock tells.
 */
#include "vmm/arch.h"
#include "vmm/fd.h"
#include "vmm/log.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#define MEMORY_SIZE  4096
#define CODE_GPA     0
#define INSTRUCTIONS 2 /* of the loop */

#define FEWEST_TURNS   10000
#define MOST_TURNS     100000000
#define ENOUGH_SECONDS 0.05

/* dec ecx; jnz to it; hlt */
static const uint8_t code[] = {0x49, 0x75, 0xfd, 0xf4};

static double now_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Flat 32-bit segments, no paging. */
static int set_mode(int vcpu_fd)
{
    struct kvm_segment flat = {.limit = 0xffffffff,
                               .selector = 8,
                               .type = 11, /* code, readable, accessed */
                               .present = 1,
                               .db = 1,
                               .s = 1,
                               .g = 1};
    struct kvm_sregs sregs;

    if (ioctl(vcpu_fd, KVM_GET_SREGS, &sregs) != 0)
        return -errno;
    sregs.cr0 |= 1; /* PE */
    sregs.cs = flat;
    flat.type = 3; /* data, writable, accessed */
    flat.selector = 16;
    sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = flat;
    return ioctl(vcpu_fd, KVM_SET_SREGS, &sregs) != 0 ? -errno : 0;
}

/* Runs the loop `count` times; seconds, or a negative errno. */
static double run_loop(int vcpu_fd, const struct kvm_run *run, uint32_t count)
{
    const struct kvm_regs regs = {.rip = CODE_GPA, .rcx = count, .rflags = 2};
    double start = now_seconds();

    if (ioctl(vcpu_fd, KVM_SET_REGS, &regs) != 0)
        return -errno;
    do {
        if (ioctl(vcpu_fd, KVM_RUN, 0) != 0 && errno != EINTR)
            return -errno;
    } while (run->exit_reason == KVM_EXIT_INTR);
    return run->exit_reason == KVM_EXIT_HLT ? now_seconds() - start : -EIO;
}

/* More and more turns, until they take a while. */
static int measure(int vcpu_fd, const struct kvm_run *run, double *speed)
{
    uint32_t count = FEWEST_TURNS;
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
    struct kvm_run *run = MAP_FAILED;
    int error;

    if (size > 0)
        run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED,
                   vcpu_fd, 0);
    if (run == MAP_FAILED)
        return -errno;
    error = set_mode(vcpu_fd);
    if (!error)
        error = measure(vcpu_fd, run, speed);
    munmap(run, (size_t)size);
    return error;
}

int arch_measure_speed(const struct kvm *kvm, double *speed)
{
    uint8_t *memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const struct kvm_userspace_memory_region region = {
        .guest_phys_addr = CODE_GPA,
        .memory_size = MEMORY_SIZE,
        .userspace_addr = (uintptr_t)memory};
    int vcpu_fd = -1, error = 0;

    if (memory == MAP_FAILED)
        return -errno;
    memcpy(memory, code, sizeof(code));
    if (ioctl(kvm->vm_fd, KVM_SET_USER_MEMORY_REGION, &region) != 0)
        error = -errno;
    if (!error) {
        vcpu_fd = ioctl(kvm->vm_fd, KVM_CREATE_VCPU, 0);
        error = vcpu_fd < 0 ? -errno : 0;
    }
    if (!error)
        error = measure_in_vcpu(kvm, vcpu_fd, speed);
    close_fd(&vcpu_fd);
    munmap(memory, MEMORY_SIZE);
    return error;
}
