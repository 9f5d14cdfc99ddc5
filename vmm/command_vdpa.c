/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command_vdpa.c: `vmm vdpa show`: everything that a vDPA device says of
 * itself, by name.
 */
#include "vmm/command_vdpa.h"

#include "vdpa/vhost_diagnose.h"
#include "vmm/bit_names.h"
#include "vmm/bytes.h"
#include "vmm/exit_status.h"
#include "vmm/feature_names.h"
#include "vmm/log.h"
#include "vmm/virtio_types.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* ---- The configuration, by virtio 1.2, 5.1.4 and 5.2.4 ---- */

struct config_field {
    const char *name;
    unsigned offset, size; /* bytes */
    int feature;           /* that makes it valid; -1: none */
};

#define FIELD(type, field, feature)                                            \
    {                                                                          \
#field, offsetof(struct type, field),                                  \
            sizeof(((struct type *)NULL)->field), feature                      \
    }

static const struct config_field net_fields[] = {
    FIELD(virtio_net_config, mac, VIRTIO_NET_F_MAC),
    FIELD(virtio_net_config, status, VIRTIO_NET_F_STATUS),
    FIELD(virtio_net_config, max_virtqueue_pairs, VIRTIO_NET_F_MQ),
    FIELD(virtio_net_config, mtu, VIRTIO_NET_F_MTU),
    FIELD(virtio_net_config, speed, VIRTIO_NET_F_SPEED_DUPLEX),
    FIELD(virtio_net_config, duplex, VIRTIO_NET_F_SPEED_DUPLEX),
};

static const struct config_field block_fields[] = {
    FIELD(virtio_blk_config, capacity, -1),
    FIELD(virtio_blk_config, size_max, VIRTIO_BLK_F_SIZE_MAX),
    FIELD(virtio_blk_config, seg_max, VIRTIO_BLK_F_SEG_MAX),
    FIELD(virtio_blk_config, blk_size, VIRTIO_BLK_F_BLK_SIZE),
    FIELD(virtio_blk_config, num_queues, VIRTIO_BLK_F_MQ),
};

static bool is_valid(const struct vhost_survey *survey,
                     const struct config_field *field)
{
    return field->offset + field->size <= survey->config_size &&
           (field->feature < 0 ||
            survey->capabilities.features & 1ULL << field->feature);
}

static void print_field(const struct config_field *field, const uint8_t *bytes,
                        FILE *file)
{
    fprintf(file, " %s ", field->name);
    if (field->size > 8 || field->size == 6) {
        for (unsigned i = 0; i < field->size; i++)
            fprintf(file, "%s%02x", i > 0 ? ":" : "", bytes[i]);
        return;
    }
    fprintf(file, "%" PRIu64, load_le(bytes, field->size));
}

static void print_config(const struct vhost_survey *survey, FILE *file)
{
    const struct config_field *fields = net_fields;
    size_t count = ARRAY_SIZE(net_fields);
    uint32_t type = survey->capabilities.identity.device_id;

    fprintf(file, "  config:        %" PRIu32 " bytes:",
            survey->capabilities.identity.config_size);
    if (type == VIRTIO_ID_BLOCK) {
        fields = block_fields;
        count = ARRAY_SIZE(block_fields);
    } else if (type != VIRTIO_ID_NET) {
        for (uint32_t i = 0; i < survey->config_size; i++)
            fprintf(file, " %02x", survey->config[i]);
        count = 0;
    }
    for (size_t i = 0; i < count; i++)
        if (is_valid(survey, &fields[i]))
            print_field(&fields[i], survey->config + fields[i].offset, file);
    fprintf(file, "\n");
}

/* ---- The rest ---- */

static void print_bits(const char *what, bit_name *name, uint32_t device_id,
                       uint64_t bits, FILE *file)
{
    char text[BIT_NAMES_SIZE];

    bit_names_print(name, device_id, bits, text);
    fprintf(file, "  %-14s %s\n", what, text);
}

static void print_queues(const struct vhost_survey *survey, FILE *file)
{
    const struct vhost_capabilities *can = &survey->capabilities;

    fprintf(file, "  queues:        %u, of", can->identity.num_queues);
    for (unsigned i = 0; i < can->identity.num_queues && i < 16; i++)
        fprintf(file, " %u", can->queue_sizes[i]);
    fprintf(file, "%s descriptors; %u with a doorbell page\n",
            can->identity.num_queues > 16 ? " ..." : "", survey->num_doorbells);
}

static void print_capabilities(const struct vhost_survey *survey, FILE *file)
{
    const struct vhost_capabilities *can = &survey->capabilities;
    uint32_t type = can->identity.device_id;

    print_bits("features:", feature_names_get, type, can->features, file);
    print_bits("kernel:", bit_names_backend, type, can->backend_offered, file);
    print_queues(survey, file);
    print_config(survey, file);
    fprintf(file, "  addresses:     0x%" PRIx64 " to 0x%" PRIx64 "\n",
            can->identity.first_iova, can->identity.last_iova);
    if (survey->num_groups != 0 || survey->num_address_spaces != 0)
        fprintf(file,
                "  groups:        %" PRIu32 ", address spaces %" PRIu32 "\n",
                survey->num_groups, survey->num_address_spaces);
}

static void print_state(const struct vhost_survey *survey, FILE *file)
{
    if (!survey->error)
        fprintf(file, "idle");
    else if (survey->holder)
        fprintf(file, "in use by process %d (%s)", (int)survey->holder,
                survey->holder_command);
    else if (survey->error == -EBUSY)
        fprintf(file, "in use");
    else
        fprintf(file, "%s", vhost_strerror(-survey->error));
}

static const char *pinning_words(enum vhost_pinning pinning)
{
    switch (pinning) {
    case VHOST_PINNING_NEVER:
        return "does not pin the guest's memory";
    case VHOST_PINNING_ALWAYS:
        return "pins the guest's memory";
    case VHOST_PINNING_UNKNOWN:
    default:
        return "may pin the guest's memory";
    }
}

void command_vdpa_print(const struct vhost_survey *survey, FILE *file)
{
    char type[VIRTIO_TYPES_MAX_NAME] = "?";

    if (!survey->error)
        virtio_types_print(survey->capabilities.identity.device_id, type);
    fprintf(file, "%s: ", survey->path);
    if (!survey->error)
        fprintf(file, "%s, ", type);
    print_state(survey, file);
    fprintf(file, "\n  device:        %s, driver %s, which %s\n",
            survey->parent.device[0] ? survey->parent.device : "unknown",
            survey->parent.driver[0] ? survey->parent.driver : "unknown",
            pinning_words(survey->parent.pinning));
    if (!survey->error)
        print_capabilities(survey, file);
}

static int show(const char *path)
{
    struct vhost_survey survey;
    int error;

    vhost_survey_device(&survey, &vhost_host_syscalls, path);
    error = survey.error;
    /* A busy device is there to be seen; one that is not there is not. */
    if (!error || error == -EBUSY)
        command_vdpa_print(&survey, stdout);
    else
        vhost_diagnose_open(&vhost_host_syscalls, path, -error);
    vhost_survey_destroy(&survey);
    return error && error != -EBUSY ? error : 0;
}

static int show_all(void)
{
    char **paths;
    int count = vhost_survey_list(&vhost_host_syscalls, &paths);
    int error = 0;

    if (count < 0) {
        log_error("listing devices: %s", strerror(-count));
        return count;
    }
    if (count == 0)
        printf("there is no vhost-vdpa device; \"vmm doctor\" says what it "
               "takes\n");
    for (int i = 0; i < count; i++)
        if (show(paths[i]) != 0)
            error = -EIO;
    vhost_survey_free_list(paths, count);
    return error;
}

int command_vdpa(const struct vdpa_options *options)
{
    int error = options->path ? show(options->path) : show_all();

    if (fflush(stdout) != 0) {
        log_error("stdout: %s: this text went nowhere", strerror(errno));
        error = -EIO;
    }
    return error ? EXIT_STATUS_FAILED : EXIT_SUCCESS;
}
