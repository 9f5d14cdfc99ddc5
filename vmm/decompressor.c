/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decompressor.c: the libraries for gzip, zstd and xz behind one interface.
 */
#include "vmm/decompressor.h"

#include "vmm/bytes.h"
#include "vmm/compiler.h"

#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

/* ---- gzip (RFC 1952) ---- */

#define GZIP_WINDOW_BITS (15 + 16) /* the largest; with gzip's header */

static void *gzip_begin(void)
{
    z_stream *stream = calloc(1, sizeof(*stream));

    if (stream && inflateInit2(stream, GZIP_WINDOW_BITS) == Z_OK)
        return stream;
    free(stream);
    return NULL;
}

static enum decompressor_progress
gzip_step(void *state, struct decompressor_buffers *buffers)
{
    z_stream *stream = state;
    int result;

    /* zlib only reads there, but is older than const. */
    memcpy(&stream->next_in, &buffers->in, sizeof(buffers->in));
    stream->avail_in = (unsigned)buffers->in_size;
    stream->next_out = buffers->out;
    stream->avail_out = (unsigned)buffers->out_size;
    result = inflate(stream, Z_NO_FLUSH);
    buffers->in = stream->next_in;
    buffers->in_size = stream->avail_in;
    buffers->out = stream->next_out;
    buffers->out_size = stream->avail_out;
    if (result == Z_STREAM_END)
        return DECOMPRESSOR_ENDED;
    return result == Z_OK || result == Z_BUF_ERROR ? DECOMPRESSOR_GOES_ON
                                                   : DECOMPRESSOR_FAILED_INPUT;
}

static void gzip_end(void *state)
{
    inflateEnd(state);
    free(state);
}

/* ---- zstd (RFC 8878) ---- */

struct zstd_state {
    ZSTD_DStream *stream;
    bool is_between_frames; /* where the file may end */
};

static void *zstd_begin(void)
{
    struct zstd_state *state = calloc(1, sizeof(*state));

    if (!state)
        return NULL;
    state->stream = ZSTD_createDStream();
    if (state->stream)
        return state;
    free(state);
    return NULL;
}

static enum decompressor_progress
zstd_step(void *opaque, struct decompressor_buffers *buffers)
{
    struct zstd_state *state = opaque;
    ZSTD_inBuffer in = {.src = buffers->in, .size = buffers->in_size};
    ZSTD_outBuffer out = {.dst = buffers->out, .size = buffers->out_size};
    size_t result;

    if (in.size == 0 && buffers->in_is_last && state->is_between_frames)
        return DECOMPRESSOR_ENDED;
    result = ZSTD_decompressStream(state->stream, &out, &in);
    if (ZSTD_isError(result))
        return DECOMPRESSOR_FAILED_INPUT;
    state->is_between_frames = result == 0;
    buffers->in += in.pos;
    buffers->in_size -= in.pos;
    buffers->out += out.pos;
    buffers->out_size -= out.pos;
    return DECOMPRESSOR_GOES_ON;
}

static void zstd_end(void *opaque)
{
    struct zstd_state *state = opaque;

    ZSTD_freeDStream(state->stream);
    free(state);
}

/* ---- xz ---- */

/* xz -9 needs 65 MiB; a file that asks for more is not worth it. */
#define XZ_MAX_MEMORY (256 * MIB)

static void *xz_begin(void)
{
    const lzma_stream nothing = LZMA_STREAM_INIT;
    lzma_stream *stream = malloc(sizeof(*stream));

    if (!stream)
        return NULL;
    *stream = nothing;
    if (lzma_stream_decoder(stream, XZ_MAX_MEMORY, LZMA_CONCATENATED) ==
        LZMA_OK)
        return stream;
    free(stream);
    return NULL;
}

static enum decompressor_progress xz_step(void *state,
                                          struct decompressor_buffers *buffers)
{
    lzma_stream *stream = state;
    lzma_ret result;

    stream->next_in = buffers->in;
    stream->avail_in = buffers->in_size;
    stream->next_out = buffers->out;
    stream->avail_out = buffers->out_size;
    result = lzma_code(stream, buffers->in_is_last ? LZMA_FINISH : LZMA_RUN);
    buffers->in = stream->next_in;
    buffers->in_size = stream->avail_in;
    buffers->out = stream->next_out;
    buffers->out_size = stream->avail_out;
    if (result == LZMA_STREAM_END)
        return DECOMPRESSOR_ENDED;
    return result == LZMA_OK || result == LZMA_BUF_ERROR
               ? DECOMPRESSOR_GOES_ON
               : DECOMPRESSOR_FAILED_INPUT;
}

static void xz_end(void *state)
{
    lzma_end(state);
    free(state);
}

/* ---- Which ---- */

static const struct {
    uint8_t magic[DECOMPRESSOR_MAGIC_SIZE];
    size_t magic_size;
    struct decompressor decompressor;
} formats[] = {
    {{0x1f, 0x8b}, 2, {"gzip", gzip_begin, gzip_step, gzip_end}},
    {{0x28, 0xb5, 0x2f, 0xfd}, 4, {"zstd", zstd_begin, zstd_step, zstd_end}},
    {{0xfd, '7', 'z', 'X', 'Z', 0}, 6, {"xz", xz_begin, xz_step, xz_end}},
};

const struct decompressor *decompressor_for(const uint8_t *magic)
{
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
        if (memcmp(magic, formats[i].magic, formats[i].magic_size) == 0)
            return &formats[i].decompressor;
    return NULL;
}
