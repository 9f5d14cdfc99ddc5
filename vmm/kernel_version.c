/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_version.c: which version of Linux a kernel's file holds.
 */
#include "vmm/kernel_version.h"

#include "vmm/bytes.h"
#include "vmm/linux_image.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Of the setup header (Linux Documentation/arch/x86/boot.rst). */
#define HEADER_MAGIC_OFFSET   0x202
#define HEADER_VERSION_OFFSET 0x20e /* points to the text, less 0x200 */
#define HEADER_TEXT_BASE      0x200
#define HEADER_SIZE           0x210

/* linux_banner of the kernel's init/version.c. It lies in the read-only data,
 * so that debug information, however much, comes later. */
#define BANNER     "Linux version "
#define CHUNK_SIZE 65536

static bool is_part_of_version(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') ||
           (byte != '\0' && strchr("._+~-", byte) != NULL);
}

/* A version begins with a digit and ends with a space. */
static bool take_version(const uint8_t *bytes, size_t size,
                         char version[KERNEL_VERSION_SIZE])
{
    size_t length = 0;

    version[0] = '\0';
    while (length < size && is_part_of_version(bytes[length]))
        length++;
    if (length == 0 || length == size || length >= KERNEL_VERSION_SIZE ||
        bytes[length] != ' ' || bytes[0] < '0' || bytes[0] > '9')
        return false;
    memcpy(version, bytes, length);
    version[length] = '\0';
    return true;
}

bool kernel_version_find(const uint8_t *bytes, size_t size,
                         char version[KERNEL_VERSION_SIZE])
{
    const size_t banner_size = strlen(BANNER);
    const uint8_t *end = bytes + size, *found;

    version[0] = '\0';
    while ((found = memmem(bytes, (size_t)(end - bytes), BANNER,
                           banner_size)) != NULL) {
        bytes = found + banner_size;
        if (take_version(bytes, (size_t)(end - bytes), version))
            return true;
    }
    return false;
}

/* As many bytes as there are, up to `size`. */
static size_t read_at(int fd, uint64_t offset, uint8_t *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got =
            pread(fd, bytes + done, size - done, (off_t)(offset + done));

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    return done;
}

static bool read_header_version(int fd, const uint8_t *header,
                                char version[KERNEL_VERSION_SIZE])
{
    uint64_t offset =
        HEADER_TEXT_BASE + load_le16(header + HEADER_VERSION_OFFSET);
    uint8_t text[KERNEL_VERSION_SIZE];

    return take_version(text, read_at(fd, offset, text, sizeof(text)), version);
}

/* Chunks overlap, so that none cuts what is looked for in two. */
static bool search(int fd, char version[KERNEL_VERSION_SIZE])
{
    static const size_t overlap = sizeof(BANNER) + KERNEL_VERSION_SIZE;
    uint8_t chunk[CHUNK_SIZE];
    uint64_t offset = 0;
    size_t size;

    do {
        size = read_at(fd, offset, chunk, sizeof(chunk));
        if (kernel_version_find(chunk, size, version))
            return true;
        offset += sizeof(chunk) - overlap;
    } while (size == sizeof(chunk));
    return false;
}

bool kernel_version_read(int fd, char version[KERNEL_VERSION_SIZE])
{
    uint8_t header[HEADER_SIZE] = {0};

    version[0] = '\0';
    read_at(fd, 0, header, sizeof(header));
    if (memcmp(header + HEADER_MAGIC_OFFSET, "HdrS", 4) == 0)
        return read_header_version(fd, header, version);
    return (memcmp(header, "\177ELF", 4) == 0 || linux_image_is(header)) &&
           search(fd, version);
}
