/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_pci_common.c: the common configuration structure: a table of
 * registers, each a call of virtio_device or virtio_interrupts.
 */
#include "devices/virtio_pci_common.h"

#include "vmm/log.h"

#include <stddef.h>

static uint32_t get_device_feature_select(struct virtio_pci *pci)
{
    return pci->device_feature_select;
}

static void set_device_feature_select(struct virtio_pci *pci, uint32_t value)
{
    pci->device_feature_select = value;
}

static uint32_t get_device_feature(struct virtio_pci *pci)
{
    return virtio_device_get_offered(&pci->device, pci->device_feature_select);
}

static uint32_t get_driver_feature_select(struct virtio_pci *pci)
{
    return pci->driver_feature_select;
}

static void set_driver_feature_select(struct virtio_pci *pci, uint32_t value)
{
    pci->driver_feature_select = value;
}

static uint32_t get_driver_feature(struct virtio_pci *pci)
{
    return virtio_device_get_accepted(&pci->device, pci->driver_feature_select);
}

static void set_driver_feature(struct virtio_pci *pci, uint32_t value)
{
    virtio_device_accept(&pci->device, pci->driver_feature_select, value);
}

static uint32_t get_config_vector(struct virtio_pci *pci)
{
    return virtio_interrupts_get_vector(&pci->interrupts,
                                        VIRTIO_INTERRUPT_CONFIG);
}

static void set_config_vector(struct virtio_pci *pci, uint32_t value)
{
    virtio_interrupts_set_vector(&pci->interrupts, VIRTIO_INTERRUPT_CONFIG,
                                 (uint16_t)value);
}

static uint32_t get_num_queues(struct virtio_pci *pci)
{
    return pci->device.num_queues;
}

static uint32_t get_status(struct virtio_pci *pci)
{
    return virtio_device_get_status(&pci->device);
}

static void set_status(struct virtio_pci *pci, uint32_t value)
{
    virtio_device_set_status(&pci->device, (uint8_t)value);
    /* After the backend stopped, so that no late event survives. */
    if ((uint8_t)value == 0)
        virtio_interrupts_reset_device(&pci->interrupts);
}

static uint32_t get_config_generation(struct virtio_pci *pci)
{
    return virtio_device_get_generation(&pci->device);
}

static uint32_t get_queue_select(struct virtio_pci *pci)
{
    return pci->queue_select;
}

static void set_queue_select(struct virtio_pci *pci, uint32_t value)
{
    pci->queue_select = value;
}

static uint32_t get_queue_size(struct virtio_pci *pci)
{
    return (uint32_t)virtio_device_get_queue(&pci->device, pci->queue_select,
                                             VIRTIO_QUEUE_SIZE);
}

static void set_queue_size(struct virtio_pci *pci, uint32_t value)
{
    virtio_device_set_queue(&pci->device, pci->queue_select, VIRTIO_QUEUE_SIZE,
                            value);
}

static uint32_t get_queue_vector(struct virtio_pci *pci)
{
    unsigned queue = pci->queue_select;

    if (queue >= pci->device.num_queues)
        return VIRTIO_MSI_NO_VECTOR;
    return virtio_interrupts_get_vector(&pci->interrupts,
                                        VIRTIO_INTERRUPT_QUEUE(queue));
}

static void set_queue_vector(struct virtio_pci *pci, uint32_t value)
{
    unsigned queue = pci->queue_select;

    if (queue < pci->device.num_queues)
        virtio_interrupts_set_vector(
            &pci->interrupts, VIRTIO_INTERRUPT_QUEUE(queue), (uint16_t)value);
}

static uint32_t get_queue_enable(struct virtio_pci *pci)
{
    return (uint32_t)virtio_device_get_queue(&pci->device, pci->queue_select,
                                             VIRTIO_QUEUE_ENABLE);
}

static void set_queue_enable(struct virtio_pci *pci, uint32_t value)
{
    virtio_device_set_queue(&pci->device, pci->queue_select,
                            VIRTIO_QUEUE_ENABLE, value);
}

/* In units of NOTIFY_MULTIPLIER. */
static uint32_t get_queue_notify_off(struct virtio_pci *pci)
{
    return pci->queue_select;
}

/* A 64-bit register is written and read as two words. */
static uint32_t get_word(struct virtio_pci *pci, enum virtio_queue_field field,
                         unsigned shift)
{
    return (uint32_t)(virtio_device_get_queue(&pci->device, pci->queue_select,
                                              field) >>
                      shift);
}

static void set_word(struct virtio_pci *pci, enum virtio_queue_field field,
                     unsigned shift, uint32_t word)
{
    uint64_t value =
        virtio_device_get_queue(&pci->device, pci->queue_select, field);

    value &= ~(0xffffffffULL << shift);
    virtio_device_set_queue(&pci->device, pci->queue_select, field,
                            value | (uint64_t)word << shift);
}

#define ADDRESS_REGISTER(name, field, shift)                                   \
    static uint32_t get_##name(struct virtio_pci *pci)                         \
    {                                                                          \
        return get_word(pci, field, shift);                                    \
    }                                                                          \
    static void set_##name(struct virtio_pci *pci, uint32_t value)             \
    {                                                                          \
        set_word(pci, field, shift, value);                                    \
    }

ADDRESS_REGISTER(desc_low, VIRTIO_QUEUE_DESC, 0)
ADDRESS_REGISTER(desc_high, VIRTIO_QUEUE_DESC, 32)
ADDRESS_REGISTER(driver_low, VIRTIO_QUEUE_DRIVER, 0)
ADDRESS_REGISTER(driver_high, VIRTIO_QUEUE_DRIVER, 32)
ADDRESS_REGISTER(device_low, VIRTIO_QUEUE_DEVICE, 0)
ADDRESS_REGISTER(device_high, VIRTIO_QUEUE_DEVICE, 32)

struct common_register {
    uint8_t offset, size; /* bytes */
    const char *name;     /* as in the specification */
    uint32_t (*get)(struct virtio_pci *pci);
    void (*set)(struct virtio_pci *pci, uint32_t value); /* NULL: read-only */
};

static const struct common_register common_registers[] = {
    {0, 4, "device_feature_select", get_device_feature_select,
     set_device_feature_select},
    {4, 4, "device_feature", get_device_feature, NULL},
    {8, 4, "driver_feature_select", get_driver_feature_select,
     set_driver_feature_select},
    {12, 4, "driver_feature", get_driver_feature, set_driver_feature},
    {16, 2, "config_msix_vector", get_config_vector, set_config_vector},
    {18, 2, "num_queues", get_num_queues, NULL},
    {20, 1, "device_status", get_status, set_status},
    {21, 1, "config_generation", get_config_generation, NULL},
    {22, 2, "queue_select", get_queue_select, set_queue_select},
    {24, 2, "queue_size", get_queue_size, set_queue_size},
    {26, 2, "queue_msix_vector", get_queue_vector, set_queue_vector},
    {28, 2, "queue_enable", get_queue_enable, set_queue_enable},
    {30, 2, "queue_notify_off", get_queue_notify_off, NULL},
    {32, 4, "queue_desc", get_desc_low, set_desc_low},
    {36, 4, "queue_desc", get_desc_high, set_desc_high},
    {40, 4, "queue_driver", get_driver_low, set_driver_low},
    {44, 4, "queue_driver", get_driver_high, set_driver_high},
    {48, 4, "queue_device", get_device_low, set_device_low},
    {52, 4, "queue_device", get_device_high, set_device_high},
};

static const struct common_register *
find_register(struct virtio_pci *pci, uint64_t offset, unsigned size)
{
    for (size_t i = 0; i < ARRAY_SIZE(common_registers); i++)
        if (common_registers[i].offset == offset &&
            common_registers[i].size == size)
            return &common_registers[i];
    /* 4.1.3.1: a driver uses the width of the field. */
    log_guest(&pci->complaints,
              "%s: the guest accessed %u bytes at %u of the common "
              "configuration, where no register of that width is",
              pci->device.name, size, (unsigned)offset);
    return NULL;
}

static uint64_t read_register(struct virtio_pci *pci, uint64_t offset,
                              unsigned size)
{
    const struct common_register *reg = find_register(pci, offset, size);

    return reg ? reg->get(pci) : 0;
}

static void write_register(struct virtio_pci *pci, uint64_t offset,
                           unsigned size, uint32_t value)
{
    const struct common_register *reg = find_register(pci, offset, size);

    if (reg && reg->set)
        reg->set(pci, value);
    else if (reg)
        log_guest(&pci->complaints, "%s: the guest wrote to %s",
                  pci->device.name, reg->name);
}

uint64_t virtio_pci_common_read(struct virtio_pci *pci, uint64_t offset,
                                unsigned size)
{
    if (size < 8)
        return read_register(pci, offset, size);
    return read_register(pci, offset, 4) | read_register(pci, offset + 4, 4)
                                               << 32;
}

void virtio_pci_common_write(struct virtio_pci *pci, uint64_t offset,
                             unsigned size, uint64_t value)
{
    if (size < 8) {
        write_register(pci, offset, size, (uint32_t)value);
        return;
    }
    write_register(pci, offset, 4, (uint32_t)value);
    write_register(pci, offset + 4, 4, (uint32_t)(value >> 32));
}
