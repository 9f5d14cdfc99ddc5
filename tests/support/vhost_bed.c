/* SPDX-License-Identifier: BSD-2-Clause */
/* vhost_bed.c: the vhost backend on a fake kernel. */
#include "tests/support/vhost_bed.h"

#include "vdpa/vhost_vdpa.h"

#include <check.h>
#include <sys/eventfd.h>
#include <unistd.h>

const struct vdpa_mapping vhost_bed_ram = {0x100000, 0x10000, (void *)0x7000};

void vhost_bed_prepare(struct vhost_bed *bed,
                       const struct fake_vhost_profile *profile)
{
    *bed = (struct vhost_bed){.backend = NULL};
    fake_vhost_init(&bed->fake, profile);
    log_capture_start(&bed->capture);
    for (unsigned i = 0; i < 2; i++) {
        bed->kick_fds[i] = eventfd(0, EFD_CLOEXEC);
        bed->call_fds[i] = eventfd(0, EFD_CLOEXEC);
    }
    bed->config_fd = eventfd(0, EFD_CLOEXEC);
}

int vhost_bed_open(struct vhost_bed *bed)
{
    int error =
        vhost_vdpa_open(FAKE_VHOST_PATH, &bed->fake.syscalls, &bed->backend);

    bed->ops = error ? NULL : bed->backend->ops;
    return error;
}

void vhost_bed_start(struct vhost_bed *bed,
                     const struct fake_vhost_profile *profile)
{
    vhost_bed_prepare(bed, profile);
    ck_assert_int_eq(vhost_bed_open(bed), 0);
    fake_vhost_clear_log(&bed->fake);
}

void vhost_bed_stop(struct vhost_bed *bed)
{
    if (bed->ops)
        bed->ops->close(bed->backend);
    ck_assert_int_eq(bed->fake.fd, -1);
    for (unsigned i = 0; i < 2; i++) {
        (void)close(bed->kick_fds[i]);
        (void)close(bed->call_fds[i]);
    }
    (void)close(bed->config_fd);
}

struct vdpa_queue vhost_bed_queue(const struct vhost_bed *bed, uint16_t index)
{
    uint64_t iova = vhost_bed_ram.iova + 0x4000ULL * index;

    return (struct vdpa_queue){
        .size = 128,
        .desc_iova = iova,
        .driver_iova = iova + 0x1000,
        .device_iova = iova + 0x2000,
        .kick_fd = bed->kick_fds[index],
        .call_fd = bed->call_fds[index],
    };
}

int vhost_bed_set_up_queue(const struct vhost_bed *bed, uint16_t index)
{
    struct vdpa_queue queue = vhost_bed_queue(bed, index);
    int error = bed->ops->set_queue(bed->backend, index, &queue);

    return error ? error : bed->ops->enable_queue(bed->backend, index, true);
}

int vhost_bed_negotiate(const struct vhost_bed *bed, uint64_t features)
{
    uint8_t status;
    int error = bed->ops->set_status(bed->backend, VIRTIO_CONFIG_S_ACKNOWLEDGE);

    if (!error)
        error = bed->ops->set_status(bed->backend, VHOST_BED_ACKNOWLEDGED);
    if (!error)
        error = bed->ops->set_features(bed->backend, features);
    if (!error)
        error = bed->ops->set_status(bed->backend, VHOST_BED_NEGOTIATED);
    if (!error)
        error = bed->ops->get_status(bed->backend, &status);
    return error;
}

int vhost_bed_bring_up(const struct vhost_bed *bed)
{
    uint8_t status;
    int error = vhost_bed_negotiate(bed, VHOST_BED_BASIC_FEATURES);

    if (!error)
        error = bed->ops->set_config_call(bed->backend, bed->config_fd);
    for (uint16_t i = 0; i < 2 && !error; i++)
        error = vhost_bed_set_up_queue(bed, i);
    if (!error)
        error = bed->ops->set_status(bed->backend, VHOST_BED_RUNNING);
    if (!error)
        error = bed->ops->get_status(bed->backend, &status);
    return error;
}
