/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feature_names.c: virtio's feature bits by number and by name.
 */
#include "vmm/feature_names.h"

#include "vmm/compiler.h"
#include "vmm/nearest_word.h"

#include <ctype.h>
#include <linux/virtio_ids.h>
#include <stddef.h>
#include <string.h>

#define MAX_NAME 64 /* bytes, with the final NUL: more than any name has */

/* virtio 1.3, chapter 6, and the legacy ones of 6.3. Numbers stand here as
 * Debian 12's kernel headers lack the newer ones. */
static const char *const common_names[FEATURE_NAMES_MAX] = {
    [24] = "notify_on_empty",   [27] = "any_layout",
    [28] = "indirect_desc",     [29] = "event_idx",
    [32] = "version_1",         [33] = "access_platform",
    [34] = "ring_packed",       [35] = "in_order",
    [36] = "order_platform",    [37] = "sr_iov",
    [38] = "notification_data", [39] = "notif_config_data",
    [40] = "ring_reset",        [41] = "admin_vq",
};

/* virtio 1.3, 5.1.3 and 5.1.3.2. */
static const char *const net_names[FEATURE_NAMES_MAX] = {
    [0] = "csum",
    [1] = "guest_csum",
    [2] = "ctrl_guest_offloads",
    [3] = "mtu",
    [5] = "mac",
    [6] = "gso",
    [7] = "guest_tso4",
    [8] = "guest_tso6",
    [9] = "guest_ecn",
    [10] = "guest_ufo",
    [11] = "host_tso4",
    [12] = "host_tso6",
    [13] = "host_ecn",
    [14] = "host_ufo",
    [15] = "mrg_rxbuf",
    [16] = "status",
    [17] = "ctrl_vq",
    [18] = "ctrl_rx",
    [19] = "ctrl_vlan",
    [20] = "ctrl_rx_extra",
    [21] = "guest_announce",
    [22] = "mq",
    [23] = "ctrl_mac_addr",
    [50] = "device_stats",
    [51] = "hash_tunnel",
    [52] = "vq_notf_coal",
    [53] = "notf_coal",
    [54] = "guest_uso4",
    [55] = "guest_uso6",
    [56] = "host_uso",
    [57] = "hash_report",
    [59] = "guest_hdrlen",
    [60] = "rss",
    [61] = "rsc_ext",
    [62] = "standby",
    [63] = "speed_duplex",
};

/* virtio 1.3, 5.2.3 and 5.2.3.1. */
static const char *const block_names[FEATURE_NAMES_MAX] = {
    [0] = "barrier",       [1] = "size_max",  [2] = "seg_max",
    [4] = "geometry",      [5] = "ro",        [6] = "blk_size",
    [7] = "scsi",          [9] = "flush",     [10] = "topology",
    [11] = "config_wce",   [12] = "mq",       [13] = "discard",
    [14] = "write_zeroes", [15] = "lifetime", [16] = "secure_erase",
    [17] = "zoned",
};

const char *feature_names_get(uint32_t device_id, unsigned bit)
{
    if (bit >= FEATURE_NAMES_MAX)
        return NULL;
    if (common_names[bit] != NULL)
        return common_names[bit];
    if (device_id == VIRTIO_ID_NET)
        return net_names[bit];
    return device_id == VIRTIO_ID_BLOCK ? block_names[bit] : NULL;
}

/* Without prefixes and capitals; what is too long for a name is cut. */
static void simplify(const char *typed, char name[MAX_NAME])
{
    static const char *const prefixes[] = {"virtio_", "net_f_", "blk_f_",
                                           "ring_f_", "f_"};
    size_t length = 0;

    for (; length < MAX_NAME - 1 && typed[length] != '\0'; length++)
        name[length] = (char)tolower((unsigned char)typed[length]);
    name[length] = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
        size_t skip = strlen(prefixes[i]);

        if (strncmp(name, prefixes[i], skip) == 0)
            memmove(name, name + skip, strlen(name + skip) + 1);
    }
}

int feature_names_find(uint32_t device_id, const char *name)
{
    char simple[MAX_NAME];

    simplify(name, simple);
    if (strcmp(simple, "packed") == 0)
        memcpy(simple, "ring_packed", sizeof("ring_packed"));
    for (unsigned bit = 0; bit < FEATURE_NAMES_MAX; bit++) {
        const char *known = feature_names_get(device_id, bit);

        if (known != NULL && strcmp(known, simple) == 0)
            return (int)bit;
    }
    return -1;
}

const char *feature_names_nearest(uint32_t device_id, const char *typed)
{
    const char *names[FEATURE_NAMES_MAX + 1];
    char simple[MAX_NAME];
    unsigned count = 0;

    for (unsigned bit = 0; bit < FEATURE_NAMES_MAX; bit++) {
        names[count] = feature_names_get(device_id, bit);
        if (names[count] != NULL)
            count++;
    }
    names[count++] = "packed";
    simplify(typed, simple);
    return nearest_word(simple, names, count);
}
