/* SPDX-License-Identifier: BSD-2-Clause */
/* fake_backend_device.c: the fake backend acting as the device, and its
 * script. */
#include "tests/support/fake_backend.h"

#include "vmm/bytes.h"

#include <linux/virtio_config.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>

uint64_t fake_backend_take_kicks(struct fake_backend *fake, uint16_t index)
{
    struct pollfd kick = {
        .fd = fake->queues[index].kick_fd,
        .events = POLLIN,
    };
    eventfd_t kicks = 0;

    if (poll(&kick, 1, 0) == 1 && eventfd_read(kick.fd, &kicks) < 0)
        return 0;
    return kicks;
}

void *fake_backend_doorbell(uint16_t index)
{
    static _Alignas(4096) uint8_t pages[FAKE_BACKEND_MAX_QUEUES][4096];

    return pages[index];
}

static void signal_fd(int fd)
{
    if (fd >= 0)
        (void)eventfd_write(fd, 1);
}

void fake_backend_signal(struct fake_backend *fake, uint16_t index)
{
    signal_fd(fake->queues[index].set.call_fd);
}

void fake_backend_change_config(struct fake_backend *fake, uint32_t offset,
                                const void *bytes, uint32_t length)
{
    memcpy(fake->config + offset, bytes, length);
    signal_fd(fake->config_call_fd);
}

void fake_backend_break(struct fake_backend *fake)
{
    fake->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
    signal_fd(fake->config_call_fd);
}

void *fake_backend_at(const struct fake_backend *fake, uint64_t iova,
                      uint64_t size)
{
    for (size_t i = 0; i < fake->map_count; i++) {
        const struct vdpa_mapping *mapping = &fake->maps[i];

        if (range_is_inside(iova, size, mapping->iova, mapping->size))
            return (uint8_t *)mapping->host + (iova - mapping->iova);
    }
    return NULL;
}

const char *fake_backend_violation(const struct fake_backend *fake)
{
    return fake->violation;
}

void fake_backend_clear_log(struct fake_backend *fake)
{
    fake->log[0] = '\0';
}

void fake_backend_fail_nth(struct fake_backend *fake, unsigned n, int error)
{
    fake->fail_at = n;
    fake->fail_error = error;
}

void fake_backend_fail_call(struct fake_backend *fake, const char *call,
                            int error)
{
    fake->fail_call = call;
    fake->fail_error = error;
}
