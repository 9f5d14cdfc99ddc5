/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gic.c: the interrupt controller: made, put into service, reset.
 *
 * Linux Documentation/virt/kvm/devices/arm-vgic-v3.rst, arm-vgic-its.rst and
 * arm-vgic.rst.
 */
#include "vmm/arm64/gic.h"

#include "vmm/arch.h"
#include "vmm/arm64/cpu.h"
#include "vmm/arm64/memory_map.h"
#include "vmm/fd.h"
#include "vmm/log.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* ---- Making it ---- */

/* The descriptor, or -errno. */
static int create_device(const struct kvm *kvm, uint32_t type)
{
    struct kvm_create_device device = {.type = type};

    if (ioctl(kvm->vm_fd, KVM_CREATE_DEVICE, &device) != 0)
        return -errno;
    return (int)device.fd;
}

static int set_attribute(int fd, uint32_t group, uint64_t attribute,
                         const void *value, const char *what)
{
    const struct kvm_device_attr request = {
        .group = group, .attr = attribute, .addr = (uintptr_t)value};

    if (ioctl(fd, KVM_SET_DEVICE_ATTR, &request) != 0) {
        int error = -errno;

        log_error("/dev/kvm: interrupt controller: %s: %s", what,
                  strerror(-error));
        return error;
    }
    return 0;
}

static int set_address(int fd, uint64_t type, uint64_t gpa)
{
    return set_attribute(fd, KVM_DEV_ARM_VGIC_GRP_ADDR, type, &gpa,
                         "setting its address");
}

static int place_gicv3(const struct arch_machine *arch)
{
    /* Of as many redistributors as there will be vCPUs. */
    int error = set_address(arch->gic_fd, KVM_VGIC_V3_ADDR_TYPE_REDIST,
                            GIC_REDISTRIBUTORS_GPA);

    if (!error)
        error = set_address(arch->gic_fd, KVM_VGIC_V3_ADDR_TYPE_DIST,
                            GIC_DISTRIBUTOR_GPA);
    if (!error && arch->its_fd >= 0)
        error = set_address(arch->its_fd, KVM_VGIC_ITS_ADDR_TYPE, GIC_ITS_GPA);
    return error;
}

static int place_gicv2(const struct arch_machine *arch)
{
    int error = set_address(arch->gic_fd, KVM_VGIC_V2_ADDR_TYPE_DIST,
                            GIC_DISTRIBUTOR_GPA);

    if (!error)
        error = set_address(arch->gic_fd, KVM_VGIC_V2_ADDR_TYPE_CPU,
                            GIC_CPU_INTERFACE_GPA);
    return error;
}

static int make_controller(struct kvm *kvm, struct arch_machine *arch)
{
    uint32_t num_irqs = GIC_FIRST_SPI + GIC_NUM_SPIS;
    int error;

    arch->gic_fd = create_device(kvm, KVM_DEV_TYPE_ARM_VGIC_V3);
    arch->is_gicv3 = arch->gic_fd >= 0;
    if (arch->is_gicv3)
        arch->its_fd = create_device(kvm, KVM_DEV_TYPE_ARM_VGIC_ITS);
    else
        arch->gic_fd = create_device(kvm, KVM_DEV_TYPE_ARM_VGIC_V2);
    if (arch->gic_fd < 0) {
        log_error("/dev/kvm: KVM_CREATE_DEVICE: it has neither a GICv3 nor a "
                  "GICv2: %s",
                  strerror(-arch->gic_fd));
        return arch->gic_fd;
    }
    if (arch->its_fd < 0)
        log_info("the host's KVM has no ITS: the guest gets no MSIs, and the "
                 "VMM raises its interrupts");
    error = arch->is_gicv3 ? place_gicv3(arch) : place_gicv2(arch);
    if (!error)
        error = set_attribute(arch->gic_fd, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0,
                              &num_irqs, "setting its number of interrupts");
    return error;
}

int arch_init_interrupts(struct kvm *kvm)
{
    struct arch_machine *arch = calloc(1, sizeof(*arch));
    int error;

    if (!arch)
        return -ENOMEM;
    arch->gic_fd = arch->its_fd = -1;
    kvm->arch = arch;
    error = make_controller(kvm, arch);
    if (error)
        arch_destroy_interrupts(kvm);
    return error;
}

void arch_destroy_interrupts(struct kvm *kvm)
{
    struct arch_machine *arch = kvm->arch;

    if (!arch)
        return;
    close_fd(&arch->its_fd);
    close_fd(&arch->gic_fd);
    free(arch);
    kvm->arch = NULL;
}

/* ---- Its registers ---- */

/* Arm GIC architecture specification, IHI 0069 (GICv3) and 0048 (GICv2). */
#define GICD_CTLR       0x0000
#define GICD_IIDR       0x0008
#define GICD_IGROUPR    0x0080
#define GICD_ISENABLER  0x0100
#define GICD_ICENABLER  0x0180
#define GICD_ISPENDR    0x0200
#define GICD_ICPENDR    0x0280
#define GICD_ISACTIVER  0x0300
#define GICD_ICACTIVER  0x0380
#define GICD_IPRIORITYR 0x0400
#define GICD_ITARGETSR  0x0800
#define GICD_ICFGR      0x0c00
#define GICD_CPENDSGIR  0x0f10
#define GICD_SPENDSGIR  0x0f20
#define GICD_IROUTER    0x6000
#define GICR_CTLR       0x0000
#define GICR_PROPBASER  0x0070
#define GICR_SGI_FRAME  0x10000
#define GICC_CTLR       0x0000
#define GICC_PMR        0x0004
#define GICC_BPR        0x0008
#define GICC_ABPR       0x001c
#define GICC_APR        0x00d0

/* How a block of registers is reached, KVM_DEV_ARM_VGIC_GRP_*. */
#define DISTRIBUTOR   KVM_DEV_ARM_VGIC_GRP_DIST_REGS
#define REDISTRIBUTOR KVM_DEV_ARM_VGIC_GRP_REDIST_REGS
#define CPU_INTERFACE KVM_DEV_ARM_VGIC_GRP_CPU_REGS
#define CPU_REGISTER  KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS

/* A system register as KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS takes it, op0 being 3
 * and op1 0. */
#define ICC(crn, crm, op2) (3U << 14 | (crn) << 7 | (crm) << 3 | (op2))

struct register_block {
    uint32_t group;
    uint32_t first; /* offset, or the system register */
    unsigned count;
    bool is_banked; /* each vCPU has its own */
    /* The first of those where writing ones clears what writing ones to this
     * block only sets; 0: none. */
    uint32_t clear;
};

/* Registers that a guest changes, in the order in which they are written
 * back: nothing is delivered while the rest changes. What the first 32
 * interrupts are told stands in banked registers. */
static const struct register_block gicv3_blocks[] = {
    {DISTRIBUTOR, GICD_CTLR, 1, false, 0},
    {DISTRIBUTOR, GICD_IGROUPR + 4, 1, false, 0},
    {DISTRIBUTOR, GICD_ISENABLER + 4, 1, false, GICD_ICENABLER + 4},
    {DISTRIBUTOR, GICD_ISPENDR + 4, 1, false, 0},
    {DISTRIBUTOR, GICD_ISACTIVER + 4, 1, false, GICD_ICACTIVER + 4},
    {DISTRIBUTOR, GICD_IPRIORITYR + 32, 8, false, 0},
    {DISTRIBUTOR, GICD_ICFGR + 8, 2, false, 0},
    {DISTRIBUTOR, GICD_IROUTER + 0x100, 64, false, 0},
    /* LPIs off, then where their tables are. */
    {REDISTRIBUTOR, GICR_CTLR, 1, true, 0},
    {REDISTRIBUTOR, GICR_PROPBASER, 4, true, 0},
    {REDISTRIBUTOR, GICR_SGI_FRAME + GICD_IGROUPR, 1, true, 0},
    {REDISTRIBUTOR, GICR_SGI_FRAME + GICD_ISENABLER, 1, true,
     GICR_SGI_FRAME + GICD_ICENABLER},
    {REDISTRIBUTOR, GICR_SGI_FRAME + GICD_ISPENDR, 1, true, 0},
    {REDISTRIBUTOR, GICR_SGI_FRAME + GICD_ISACTIVER, 1, true,
     GICR_SGI_FRAME + GICD_ICACTIVER},
    {REDISTRIBUTOR, GICR_SGI_FRAME + GICD_IPRIORITYR, 8, true, 0},
    {REDISTRIBUTOR, GICR_SGI_FRAME + GICD_ICFGR + 4, 1, true, 0},
    {CPU_REGISTER, ICC(12U, 12U, 6U), 2, true, 0}, /* IGRPEN0, IGRPEN1 */
    {CPU_REGISTER, ICC(4U, 6U, 0U), 1, true, 0},   /* PMR */
    {CPU_REGISTER, ICC(12U, 8U, 3U), 5, true, 0},  /* BPR0, AP0R0 to 3 */
    {CPU_REGISTER, ICC(12U, 9U, 0U), 4, true, 0},  /* AP1R0 to 3 */
    /* BPR1 is not taken while CTLR says that BPR0 counts for both groups. */
    {CPU_REGISTER, ICC(12U, 12U, 4U), 1, true, 0}, /* CTLR */
    {CPU_REGISTER, ICC(12U, 12U, 3U), 1, true, 0}, /* BPR1 */
};

static const struct register_block gicv2_blocks[] = {
    {DISTRIBUTOR, GICD_CTLR, 1, false, 0},
    {DISTRIBUTOR, GICD_IGROUPR + 4, 1, false, 0},
    {DISTRIBUTOR, GICD_ISENABLER + 4, 1, false, GICD_ICENABLER + 4},
    {DISTRIBUTOR, GICD_ISPENDR + 4, 1, false, GICD_ICPENDR + 4},
    {DISTRIBUTOR, GICD_ISACTIVER + 4, 1, false, GICD_ICACTIVER + 4},
    {DISTRIBUTOR, GICD_IPRIORITYR + 32, 8, false, 0},
    {DISTRIBUTOR, GICD_ITARGETSR + 32, 8, false, 0},
    {DISTRIBUTOR, GICD_ICFGR + 8, 2, false, 0},
    {DISTRIBUTOR, GICD_IGROUPR, 1, true, 0},
    {DISTRIBUTOR, GICD_ISENABLER, 1, true, GICD_ICENABLER},
    {DISTRIBUTOR, GICD_ISPENDR, 1, true, GICD_ICPENDR},
    {DISTRIBUTOR, GICD_ISACTIVER, 1, true, GICD_ICACTIVER},
    {DISTRIBUTOR, GICD_IPRIORITYR, 8, true, 0},
    {DISTRIBUTOR, GICD_ICFGR + 4, 1, true, 0},
    {DISTRIBUTOR, GICD_SPENDSGIR, 4, true, GICD_CPENDSGIR},
    {CPU_INTERFACE, GICC_CTLR, 1, true, 0},
    {CPU_INTERFACE, GICC_PMR, 1, true, 0},
    {CPU_INTERFACE, GICC_BPR, 1, true, 0},
    {CPU_INTERFACE, GICC_ABPR, 1, true, 0},
    {CPU_INTERFACE, GICC_APR, 4, true, 0},
};

/* Stands for a register that this processor does not have: there are as many
 * of AP0R, AP1R and APR as its priorities need. */
#define ABSENT UINT64_MAX

struct register_list {
    const struct register_block *blocks;
    size_t count;
};

static struct register_list list_registers(const struct arch_machine *arch)
{
    if (arch->is_gicv3)
        return (struct register_list){gicv3_blocks, ARRAY_SIZE(gicv3_blocks)};
    return (struct register_list){gicv2_blocks, ARRAY_SIZE(gicv2_blocks)};
}

/* Register `offset` of `group`, of one vCPU if it is banked; `request` is
 * KVM_GET_DEVICE_ATTR or KVM_SET_DEVICE_ATTR. 0 or -errno. */
static int access_register(const struct arch_machine *arch,
                           const struct vcpu *vcpu, unsigned long request,
                           uint32_t group, uint32_t offset, uint64_t *value)
{
    uint64_t cpu = arch->is_gicv3 ? vcpu->arch->mpidr : vcpu->index;
    uint32_t word = (uint32_t)*value;
    struct kvm_device_attr attribute = {
        .group = group, .attr = cpu << 32 | offset, .addr = (uintptr_t)&word};

    if (group == CPU_REGISTER)
        attribute.addr = (uintptr_t)value;
    if (ioctl(arch->gic_fd, request, &attribute) != 0)
        return -errno;
    if (group != CPU_REGISTER)
        *value = word;
    return 0;
}

static int log_failure(const struct vcpu *vcpu, const char *what,
                       uint32_t group, uint32_t offset, int error)
{
    log_error("vCPU %u: interrupt controller: %s its register 0x%x of group "
              "%u: %s",
              vcpu->index, what, offset, group, strerror(-error));
    return error;
}

/* System registers are numbered one by one, others lie in words. */
static uint32_t offset_of(const struct register_block *block, uint32_t first,
                          unsigned index)
{
    return first + index * (block->group == CPU_REGISTER ? 1 : 4);
}

static int read_power_on_state(struct arch_machine *arch,
                               const struct vcpu *vcpu)
{
    struct register_list list = list_registers(arch);
    uint64_t *value = arch->power_on;

    for (size_t i = 0; i < list.count; i++) {
        const struct register_block *block = &list.blocks[i];

        for (unsigned j = 0; j < block->count; j++, value++) {
            uint32_t offset = offset_of(block, block->first, j);
            int error = access_register(arch, vcpu, KVM_GET_DEVICE_ATTR,
                                        block->group, offset, value);

            if (error == -ENXIO || error == -EINVAL)
                *value = ABSENT;
            else if (error)
                return log_failure(vcpu, "reading", block->group, offset,
                                   error);
        }
    }
    return 0;
}

static int write_block(const struct arch_machine *arch, const struct vcpu *vcpu,
                       const struct register_block *block,
                       const uint64_t *values)
{
    for (unsigned i = 0; i < block->count; i++) {
        uint32_t offset = offset_of(block, block->first, i);
        uint64_t value = values[i], all = UINT32_MAX;
        int error = 0;

        if (value == ABSENT)
            continue;
        if (block->clear)
            error =
                access_register(arch, vcpu, KVM_SET_DEVICE_ATTR, block->group,
                                offset_of(block, block->clear, i), &all);
        if (!error)
            error = access_register(arch, vcpu, KVM_SET_DEVICE_ATTR,
                                    block->group, offset, &value);
        if (error)
            return log_failure(vcpu, "writing", block->group, offset, error);
    }
    return 0;
}

/* ---- In service ---- */

static int control(int fd, uint64_t action, const char *what)
{
    return set_attribute(fd, KVM_DEV_ARM_VGIC_GRP_CTRL, action, NULL, what);
}

/* A GICv2 takes its groups from who has written back the revision that it
 * says it is of (arm-vgic.rst). A kernel before 4.20 has none of it. */
static void agree_on_revision(const struct arch_machine *arch,
                              const struct vcpu *vcpu)
{
    uint64_t revision = 0;

    if (access_register(arch, vcpu, KVM_GET_DEVICE_ATTR, DISTRIBUTOR, GICD_IIDR,
                        &revision) != 0 ||
        access_register(arch, vcpu, KVM_SET_DEVICE_ATTR, DISTRIBUTOR, GICD_IIDR,
                        &revision) != 0)
        log_debug("interrupt controller: its groups stay over a reset");
}

int gic_start(struct kvm *kvm, struct vcpu_group *group)
{
    struct arch_machine *arch = kvm->arch;
    int error = control(arch->gic_fd, KVM_DEV_ARM_VGIC_CTRL_INIT,
                        "putting it into service");

    if (!error && arch->its_fd >= 0)
        error = control(arch->its_fd, KVM_DEV_ARM_VGIC_CTRL_INIT,
                        "putting its ITS into service");
    /* Not before: going into service, it makes routes of its own. */
    if (!error)
        error = kvm_route_pins(kvm, 0, GIC_NUM_SPIS,
                               KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT |
                                   GIC_FIRST_SPI);
    if (!error && !arch->is_gicv3)
        agree_on_revision(arch, &group->vcpus[0]);
    if (!error)
        error = read_power_on_state(arch, &group->vcpus[0]);
    return error;
}

/* The devices are reset: all lines are low. But KVM heeds the fall of a line
 * only where its interrupt is level-triggered, and one that it took for high
 * would interrupt for ever as soon as a guest makes it so. */
static int lower_lines(const struct kvm *kvm, const struct vcpu *vcpu)
{
    const struct register_block all_level = {DISTRIBUTOR, GICD_ICFGR + 8,
                                             GIC_NUM_SPIS / 16, false, 0};
    const uint64_t zeroes[GIC_NUM_SPIS / 16] = {0};
    int error = write_block(kvm->arch, vcpu, &all_level, zeroes);

    for (uint32_t i = 0; i < GIC_NUM_SPIS && !error; i++) {
        struct kvm_irq_level line = {.irq = kvm->first_line + i, .level = 0};

        if (ioctl(kvm->vm_fd, KVM_IRQ_LINE, &line) != 0) {
            error = -errno;
            log_error("/dev/kvm: interrupt line %u: KVM_IRQ_LINE: %s", i,
                      strerror(-error));
        }
    }
    return error;
}

/* KVM resets an ITS by itself, a GIC it does not. */
int gic_reset(struct kvm *kvm, struct vcpu_group *group)
{
    const struct arch_machine *arch = kvm->arch;
    struct register_list list = list_registers(arch);
    const uint64_t *values = arch->power_on;
    int error = 0;

    if (arch->its_fd >= 0)
        error = control(arch->its_fd, KVM_DEV_ARM_ITS_CTRL_RESET,
                        "resetting its ITS");
    if (!error)
        error = lower_lines(kvm, &group->vcpus[0]);
    for (size_t i = 0; i < list.count; i++) {
        const struct register_block *block = &list.blocks[i];
        unsigned cpus = block->is_banked ? group->count : 1;

        for (unsigned cpu = 0; cpu < cpus && !error; cpu++)
            error = write_block(arch, &group->vcpus[cpu], block, values);
        values += block->count;
    }
    return error;
}
