/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_options.c: any command line, its arguments separated by NUL bytes.
 */
#include "vmm/feature_names.h"
#include "vmm/options.h"
#include "vmm/options_print.h"

#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ARGUMENTS 64

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Aborts, whatever NDEBUG says. */
static void require(int claim)
{
    if (!claim)
        abort();
}

static void check_features(const struct feature_wishes *wishes)
{
    const uint64_t bits = wishes->hidden | wishes->required;

    require((wishes->hidden & wishes->required) == 0);
    require((wishes->hidden & UINT64_C(1) << VIRTIO_F_VERSION_1) == 0);
    require((bits & UINT64_C(1) << VIRTIO_F_ACCESS_PLATFORM) == 0);
    for (unsigned bit = 0; bit < 64; bit++)
        require((bits >> bit & 1) == 0 ||
                feature_names_get(VIRTIO_ID_NET, bit) != NULL);
}

static void check_guest(const struct guest_net *guest)
{
    char record[GUEST_NET_MAX_RECORD], reason[512];

    require(guest->num_servers <= GUEST_NET_MAX_SERVERS);
    require(memchr(guest->name, '\0', sizeof(guest->name)) != NULL);
    require(guest_net_check(guest, reason, sizeof(reason)) == 0);
    guest_net_print(guest, true, 31, record);
    require(strlen(record) < sizeof(record) - 1);
}

static void check_net(const struct net_options *net)
{
    check_guest(&net->guest);
    require(net->pcap[0] == '\0' || !net_kind_is_vdpa(net->kind));
    check_features(&net->features);
    require(net->name[0] != '\0');
    require(memchr(net->name, '\0', sizeof(net->name)) != NULL);
    require(!net->has_mac || (net->mac[0] & 1) == 0);
    require(net->mtu == 0 || (net->mtu >= NET_OPTIONS_MIN_MTU &&
                              net->mtu <= NET_OPTIONS_MAX_MTU));
    require(net->num_forwards <= NET_OPTIONS_MAX_FORWARDS);
    for (unsigned i = 0; i < net->num_forwards; i++) {
        require(net->forwards[i][0] != '\0');
        require(memchr(net->forwards[i], '\0', NET_OPTIONS_MAX_FORWARD) !=
                NULL);
    }
    require(net->queue_pairs <= NET_OPTIONS_MAX_PAIRS);
    require(net->queue_pairs == 0 || net_kind_is_vdpa(net->kind));
    require(net->num_wishes <= NET_OPTIONS_MAX_WISHES);
    require(net->is_any_type || net->num_wishes == 0);
    require(!net->is_any_type ||
            (net_kind_is_vdpa(net->kind) && !net->has_mac && net->mtu == 0));
    require(net->kind != NET_VDPA_FD || net->fd >= 3);
    if (net_kind_is_vdpa(net->kind))
        require(!net->has_polling);
    if (net->kind != NET_USER)
        require(net->num_forwards == 0 && !net->is_restricted);
}

static void check_vduse(const struct vduse_options *vduse)
{
    require(vduse->name != NULL && vduse->name[0] != '\0');
    require(strlen(vduse->name) <= OPTIONS_MAX_DEVICE_NAME);
    require(strchr(vduse->name, '/') == NULL);
    require(!net_kind_is_vdpa(vduse->net.kind));
    require(vduse->ready_fd >= -1);
    check_net(&vduse->net);
}

/* As --dry-run does: one line, whatever was typed. */
static void check_printed(const struct options *options)
{
    char *line = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&line, &size);

    require(file != NULL);
    options_print_run(options, "vmm",
                      options->kernel ? options->kernel : "bzImage", file);
    require(fclose(file) == 0);
    require(strchr(line, '\n') == line + size - 1);
    free(line);
}

static void check_accepted(const struct options *options)
{
    /* The rest of a line that asks for help is not looked at. */
    if (options->wants_help)
        return;
    if (options->command == COMMAND_VDUSE)
        check_vduse(&options->vduse);
    if (options->command != COMMAND_RUN)
        return;
    require(options->kernel != NULL ? options->kernel[0] != '\0'
                                    : options->command_argv != NULL);
    require(options->num_modules <= OPTIONS_MAX_MODULES);
    require(options->memory != 0 && options->memory % 4096 == 0);
    require(options->page_size == 0 ||
            options->memory % options->page_size == 0);
    require(options->numa_node >= -1 && options->numa_node < 1024);
    require(options->cpus >= 1 && options->cpus <= OPTIONS_MAX_CPUS);
    require(options->net_count <= OPTIONS_MAX_NETS);
    require(memchr(options->append, '\0', sizeof(options->append)) != NULL);
    for (unsigned i = 0; i < options->net_count; i++)
        check_net(&options->nets[i]);
    require(!options->is_dry_run || options->num_given <= OPTIONS_MAX_GIVEN);
    if (options->num_given <= OPTIONS_MAX_GIVEN)
        check_printed(options);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = calloc(1, size + 1);
    char *argv[MAX_ARGUMENTS] = {NULL};
    char error[OPTIONS_MAX_ERROR] = "";
    struct options options;
    int argc = 0;

    require(text != NULL);
    if (size > 0)
        memcpy(text, bytes, size);
    for (size_t at = 0; at < size && argc < MAX_ARGUMENTS - 1;
         at += strlen(text + at) + 1)
        argv[argc++] = text + at;

    if (options_parse(&options, argc, argv, error, sizeof(error)) == 0)
        check_accepted(&options);
    else
        require(error[0] != '\0' && strchr(error, '\n') == NULL);
    free(text);
    return 0;
}
