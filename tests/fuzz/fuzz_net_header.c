/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_net_header.c: any header in front of any frame, in pieces.
 *
 * Input: 2 bytes that say which features there are and where the frame is cut,
 * the header, the frame.
 */
#include "vdpa/net_checksum.h"
#include "vdpa/net_header.h"

#include <stdlib.h>
#include <string.h>

#define FEATURE(bit) (1ULL << (bit))
#define HOST_USO     56 /* newer than Debian 12's headers */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Unlike assert(), not compiled out and seen by the fuzzer as a crash. */
static void require(bool claim)
{
    if (!claim)
        abort();
}

static uint64_t features_of(uint8_t byte)
{
    static const unsigned bits[] = {VIRTIO_NET_F_CSUM, VIRTIO_NET_F_HOST_TSO4,
                                    VIRTIO_NET_F_HOST_TSO6,
                                    VIRTIO_NET_F_HOST_ECN, HOST_USO};
    uint64_t features = 0;

    for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
        if (byte & 1U << i)
            features |= FEATURE(bits[i]);
    return features;
}

/* What is stored is what was loaded, but for what the driver may not say. */
static void check_stored(const struct virtio_net_hdr *header, uint64_t features,
                         size_t frame_size)
{
    uint8_t bytes[NET_HEADER_SIZE];
    struct virtio_net_hdr again;

    net_header_store(bytes, header, 1);
    require(net_header_load(&again, bytes, features, frame_size));
    require(memcmp(&again, header, sizeof(again)) == 0);
}

/* The Internet checksum, byte by byte and with 0 as ones. */
static uint16_t plain_checksum(const uint8_t *frame, size_t size, size_t start)
{
    uint32_t sum = 0;

    for (size_t i = start; i < size; i++) {
        sum += (i - start) % 2 ? frame[i] : (uint32_t)frame[i] << 8;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum == 0xffff ? 0xffff : (uint16_t)~sum;
}

/* `whole` is `frame` with its checksum, and nothing else, completed. */
static void check_completed(const struct virtio_net_hdr *asked,
                            const uint8_t *frame, uint8_t *whole, size_t size)
{
    if (asked->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
        size_t field = (size_t)asked->csum_start + asked->csum_offset;
        uint16_t sum = plain_checksum(frame, size, asked->csum_start);

        require(whole[field] == sum >> 8);
        require(whole[field + 1] == (sum & 0xff));
        memcpy(whole + field, frame + field, 2);
    }
    require(memcmp(whole, frame, size) == 0);
}

static void complete(struct virtio_net_hdr *header, const uint8_t *frame,
                     size_t size, size_t cut)
{
    const struct virtio_net_hdr asked = *header;
    size_t first = cut % (size + 1), second = size - first;
    /* Apart, so that a step over an end is seen. */
    uint8_t *halves[2] = {malloc(first), malloc(second)};
    uint8_t *whole = malloc(size);
    struct iovec pieces[2] = {{halves[0], first}, {halves[1], second}};

    memcpy(halves[0], frame, first);
    memcpy(halves[1], frame + first, second);
    require(net_checksum_complete(header, pieces, 2));
    require(!(header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM));
    memcpy(whole, halves[0], first);
    memcpy(whole + first, halves[1], second);
    check_completed(&asked, frame, whole, size);
    free(halves[0]);
    free(halves[1]);
    free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct virtio_net_hdr header;
    uint64_t features;
    size_t cut;

    if (size < 2 + NET_HEADER_SIZE)
        return 0;
    features = features_of(bytes[0]);
    cut = bytes[1];
    bytes += 2;
    size -= 2 + NET_HEADER_SIZE;
    if (!net_header_load(&header, bytes, features, size))
        return 0;
    check_stored(&header, features, size);
    complete(&header, bytes + NET_HEADER_SIZE, size, cut);
    return 0;
}
