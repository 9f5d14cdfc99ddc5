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

/* None for a type whose configuration is shown as bytes. */
static const struct config_field *fields_of(uint32_t type, size_t *count)
{
    if (type == VIRTIO_ID_NET) {
        *count = ARRAY_SIZE(net_fields);
        return net_fields;
    }
    *count = type == VIRTIO_ID_BLOCK ? ARRAY_SIZE(block_fields) : 0;
    return type == VIRTIO_ID_BLOCK ? block_fields : NULL;
}

#define MAX_HEX (3 * VHOST_SURVEY_MAX_CONFIG + 1)

/* "52:54:00:12:34:56" */
static void format_bytes(const uint8_t *bytes, size_t size, char separator,
                         char text[MAX_HEX])
{
    text[0] = '\0';
    for (size_t i = 0; i < size; i++)
        (void)sprintf(text + 3 * i, "%02x%c", bytes[i],
                      i + 1 < size ? separator : '\0');
}

/* Numbers have up to eight bytes, the one address six. */
static bool is_number(const struct config_field *field)
{
    return field->size <= 8 && field->size != 6;
}

static void print_field(const struct config_field *field, const uint8_t *bytes,
                        FILE *file)
{
    char text[MAX_HEX];

    if (is_number(field)) {
        fprintf(file, " %s %" PRIu64, field->name, load_le(bytes, field->size));
        return;
    }
    format_bytes(bytes, field->size, ':', text);
    fprintf(file, " %s %s", field->name, text);
}

static void print_config(const struct vhost_survey *survey, FILE *file)
{
    const struct vdpa_identity *identity = &survey->capabilities.identity;
    size_t count;
    const struct config_field *fields = fields_of(identity->device_id, &count);
    char text[MAX_HEX];

    fprintf(file, "  config:        %" PRIu32 " bytes:", identity->config_size);
    if (count == 0) {
        format_bytes(survey->config, survey->config_size, ' ', text);
        fprintf(file, " %s", text);
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

/* ---- The same as JSON ---- */

static void write_config(const struct vhost_survey *survey,
                         struct json_writer *json)
{
    const struct vdpa_identity *identity = &survey->capabilities.identity;
    size_t count;
    const struct config_field *fields = fields_of(identity->device_id, &count);
    char text[MAX_HEX];

    json_writer_begin_object(json, "config");
    json_writer_number(json, "bytes", identity->config_size);
    if (count == 0) {
        format_bytes(survey->config, survey->config_size, ' ', text);
        json_writer_string(json, "hex", text);
    }
    for (size_t i = 0; i < count; i++) {
        const uint8_t *bytes = survey->config + fields[i].offset;

        if (!is_valid(survey, &fields[i]))
            continue;
        format_bytes(bytes, fields[i].size, ':', text);
        if (is_number(&fields[i]))
            json_writer_number(json, fields[i].name,
                               load_le(bytes, fields[i].size));
        else
            json_writer_string(json, fields[i].name, text);
    }
    json_writer_end(json);
}

/* As text: most programs that read JSON keep 53 bits of a number. */
static void write_address(struct json_writer *json, const char *key,
                          uint64_t address)
{
    char text[24];

    snprintf(text, sizeof(text), "0x%" PRIx64, address);
    json_writer_string(json, key, text);
}

static void write_capabilities(const struct vhost_survey *survey,
                               struct json_writer *json)
{
    const struct vhost_capabilities *can = &survey->capabilities;
    uint32_t type = can->identity.device_id;

    json_writer_bits(json, "features", feature_names_get, type, can->features);
    json_writer_bits(json, "kernel_features", bit_names_backend, type,
                     can->backend_offered);
    json_writer_begin_array(json, "queue_sizes");
    for (unsigned i = 0; i < can->identity.num_queues; i++)
        json_writer_number(json, NULL, can->queue_sizes[i]);
    json_writer_end(json);
    json_writer_number(json, "doorbell_pages", survey->num_doorbells);
    write_config(survey, json);
    write_address(json, "first_address", can->identity.first_iova);
    write_address(json, "last_address", can->identity.last_iova);
    if (survey->num_groups == 0 && survey->num_address_spaces == 0)
        return;
    json_writer_number(json, "groups", survey->num_groups);
    json_writer_number(json, "address_spaces", survey->num_address_spaces);
}

static void write_state(const struct vhost_survey *survey,
                        struct json_writer *json)
{
    static const char *const pinning[] = {[VHOST_PINNING_NEVER] = "never",
                                          [VHOST_PINNING_ALWAYS] = "always",
                                          [VHOST_PINNING_UNKNOWN] = "unknown"};

    json_writer_string(json, "state",
                       !survey->error            ? "idle"
                       : survey->error == -EBUSY ? "in-use"
                                                 : "unusable");
    if (survey->error)
        json_writer_string(json, "error", vhost_strerror(-survey->error));
    if (survey->holder) {
        json_writer_begin_object(json, "holder");
        json_writer_number(json, "pid", (uint64_t)survey->holder);
        json_writer_string(json, "command", survey->holder_command);
        json_writer_end(json);
    }
    if (survey->parent.device[0])
        json_writer_string(json, "device", survey->parent.device);
    if (survey->parent.driver[0])
        json_writer_string(json, "driver", survey->parent.driver);
    json_writer_string(json, "pins_memory", pinning[survey->parent.pinning]);
}

void command_vdpa_json(const struct vhost_survey *survey,
                       struct json_writer *json)
{
    char type[VIRTIO_TYPES_MAX_NAME];

    json_writer_begin_object(json, "device");
    json_writer_string(json, "path", survey->path);
    write_state(survey, json);
    if (!survey->error) {
        virtio_types_print(survey->capabilities.identity.device_id, type);
        json_writer_string(json, "type", type);
        write_capabilities(survey, json);
    }
    json_writer_end(json);
}

/* ---- The command ---- */

static int show(const char *path)
{
    struct vhost_survey survey;
    int error;

    vhost_survey_device(&survey, &vhost_host_syscalls, path);
    error = survey.error;
    /* A busy device is there to be seen; one that is not there is not. */
    if (!error || error == -EBUSY)
        command_vdpa_print(&survey, stdout);
    else if (!survey.error_is_said)
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
