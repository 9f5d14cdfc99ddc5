/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_checksum.c: the checksums that a sender left to the device.
 *
 * The Internet checksum (RFC 1071) is a sum of 16-bit words that is the same
 * in every byte order, so the words are added as the host loads them.
 */
#include "vdpa/net_checksum.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static uint16_t fold(uint64_t sum)
{
    while (sum > UINT16_MAX)
        sum = (sum & UINT16_MAX) + (sum >> 16);
    return (uint16_t)sum;
}

/* 64 KiB of words stay far below 2^64. An odd last byte is the first half of
 * a word. */
static uint16_t sum_bytes(const uint8_t *bytes, size_t size)
{
    uint64_t sum = 0;
    uint32_t words;
    uint16_t word;

    for (; size >= sizeof(words); size -= sizeof(words)) {
        memcpy(&words, bytes, sizeof(words));
        bytes += sizeof(words);
        sum += words;
    }
    for (; size > 0; size -= size < 2 ? 1 : 2) {
        word = 0;
        memcpy(&word, bytes, size < 2 ? 1 : 2);
        bytes += 2;
        sum += word;
    }
    return fold(sum);
}

static uint16_t swap(uint16_t word)
{
    return (uint16_t)(word << 8 | word >> 8);
}

/* The sum from byte `start` to the end. A piece that begins in the middle of
 * a word sums up with its bytes swapped (RFC 1071, 2 (B)). */
static uint16_t sum_from(const struct iovec *pieces, unsigned count,
                         size_t start)
{
    uint64_t sum = 0;
    bool is_odd = false;

    for (unsigned i = 0; i < count; i++) {
        size_t size = pieces[i].iov_len;
        uint16_t piece;

        if (start >= size) {
            start -= size;
            continue;
        }
        size -= start;
        piece = sum_bytes((const uint8_t *)pieces[i].iov_base + start, size);
        sum += is_odd ? swap(piece) : piece;
        is_odd ^= size % 2;
        start = 0;
    }
    return fold(sum);
}

static void store_byte(const struct iovec *pieces, size_t offset, uint8_t byte)
{
    while (offset >= pieces->iov_len) {
        offset -= pieces->iov_len;
        pieces++;
    }
    ((uint8_t *)pieces->iov_base)[offset] = byte;
}

static size_t total_size(const struct iovec *pieces, unsigned count)
{
    size_t size = 0;

    for (unsigned i = 0; i < count; i++)
        size += pieces[i].iov_len;
    return size;
}

bool net_checksum_complete(struct virtio_net_hdr *header,
                           const struct iovec *pieces, unsigned count)
{
    size_t start = header->csum_start, field = start + header->csum_offset;
    uint8_t bytes[2];
    uint16_t sum;

    if (!(header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
        return true;
    if (field + 2 > total_size(pieces, count))
        return false;
    /* The field holds the sum of the pseudo header, so it counts as well. */
    sum = sum_from(pieces, count, start);
    /* 0 would mean "no checksum" in UDP (RFC 768). */
    if (sum != UINT16_MAX)
        sum = (uint16_t)~sum;
    memcpy(bytes, &sum, sizeof(bytes));
    store_byte(pieces, field, bytes[0]);
    store_byte(pieces, field + 1, bytes[1]);
    header->flags &= (uint8_t)~VIRTIO_NET_HDR_F_NEEDS_CSUM;
    header->csum_start = header->csum_offset = 0;
    return true;
}
