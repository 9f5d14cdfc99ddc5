/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * speed.c: how fast a guest's kernel code runs: a counted loop, timed.
 *
 * A KVM without hardware virtualization below it emulates what the guest's
 * kernel does, a thousand times slower; nothing but the clock tells.
 */
#include "vmm/speed.h"

#include "vmm/arch.h"
#include "vmm/fd.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define FEWEST_TURNS   10000
#define MOST_TURNS     100000000
#define ENOUGH_SECONDS 0.05

static double now_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Seconds, or a negative errno. */
static double run_loop(int vcpu_fd, const struct kvm_run *run, uint32_t turns)
{
    double start = now_seconds();
    int error = arch_speed_set_turns(vcpu_fd, turns);

    if (error)
        return error;
    while (ioctl(vcpu_fd, KVM_RUN, 0) != 0)
        if (errno != EINTR)
            return -errno;
    return run->exit_reason == arch_speed_loop()->exit_reason
               ? now_seconds() - start
               : -EIO;
}

/* More and more turns, until they take a while. */
static int measure(int vcpu_fd, const struct kvm_run *run, double *speed)
{
    uint32_t turns = FEWEST_TURNS;
    double seconds = run_loop(vcpu_fd, run, turns);

    while (seconds >= 0 && seconds < ENOUGH_SECONDS && turns < MOST_TURNS) {
        turns *= 10;
        seconds = run_loop(vcpu_fd, run, turns);
    }
    if (seconds < 0)
        return (int)seconds;
    *speed = (double)turns * arch_speed_loop()->instructions /
             (seconds > 0 ? seconds : 1e-9);
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
    error = arch_speed_init_vcpu(kvm, vcpu_fd);
    if (!error)
        error = measure(vcpu_fd, run, speed);
    munmap(run, (size_t)size);
    return error;
}

int speed_measure(const struct kvm *kvm, double *speed)
{
    const struct speed_loop *loop = arch_speed_loop();
    /* As large as the host's pages, which slots are made of. */
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const struct kvm_userspace_memory_region region = {
        .guest_phys_addr = loop->gpa,
        .memory_size = size,
        .userspace_addr = (uintptr_t)memory};
    int vcpu_fd = -1, error = 0;

    if (memory == MAP_FAILED)
        return -errno;
    memcpy(memory, loop->code, loop->size);
    __builtin___clear_cache(memory, memory + loop->size);
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
