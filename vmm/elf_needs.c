/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf_needs.c: reads the program headers and the dynamic section.
 */
#include "vmm/elf_needs.h"

#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Far more than a linker makes. */
#define MAX_SEGMENTS 256
#define MAX_DYNAMIC  4096

struct elf_file {
    int fd;
    Elf64_Phdr segments[MAX_SEGMENTS];
    unsigned num_segments;
    uint64_t strings, strings_size; /* offset and bytes of the names */
};

/* Exactly `size` bytes, or -EINVAL. */
static int read_at(int fd, uint64_t offset, void *bytes, size_t size)
{
    ssize_t got;

    if (offset > INT64_MAX - size)
        return -EINVAL;
    got = pread(fd, bytes, size, (off_t)offset);
    if (got < 0)
        return -errno;
    return (size_t)got == size ? 0 : -EINVAL;
}

/* A string that ends within `limit` bytes, for the caller to free. */
static int read_string(int fd, uint64_t offset, uint64_t limit, char **string)
{
    char bytes[ELF_NEEDS_MAX_STRING];
    size_t most = limit < sizeof(bytes) ? (size_t)limit : sizeof(bytes);
    ssize_t got;

    if (offset > INT64_MAX - sizeof(bytes))
        return -EINVAL;
    got = pread(fd, bytes, most, (off_t)offset);
    if (got < 0)
        return -errno;
    if (memchr(bytes, '\0', (size_t)got) == NULL)
        return -EINVAL;
    free(*string);
    *string = strdup(bytes);
    return *string ? 0 : -ENOMEM;
}

static int read_segments(struct elf_file *file, struct elf_needs *needs)
{
    Elf64_Ehdr header;
    int error = read_at(file->fd, 0, &header, sizeof(header));

    if (error)
        return error == -EINVAL ? -ENOEXEC : error; /* it is too short */
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != ELFCLASS64 ||
        header.e_ident[EI_DATA] != ELFDATA2LSB)
        return -ENOEXEC;
    needs->machine = header.e_machine;
    if (header.e_phnum == 0) /* an object file */
        return 0;
    if (header.e_phnum > MAX_SEGMENTS ||
        header.e_phentsize != sizeof(Elf64_Phdr))
        return -EINVAL;
    file->num_segments = header.e_phnum;
    return read_at(file->fd, header.e_phoff, file->segments,
                   header.e_phnum * sizeof(Elf64_Phdr));
}

static const Elf64_Phdr *find_segment(const struct elf_file *file,
                                      uint32_t type)
{
    for (unsigned i = 0; i < file->num_segments; i++)
        if (file->segments[i].p_type == type)
            return &file->segments[i];
    return NULL;
}

/* The dynamic section has addresses, as they will be in memory. */
static int find_strings(struct elf_file *file, uint64_t address, uint64_t size)
{
    for (unsigned i = 0; i < file->num_segments; i++) {
        const Elf64_Phdr *segment = &file->segments[i];
        uint64_t into = address - segment->p_vaddr;

        if (segment->p_type != PT_LOAD || address < segment->p_vaddr ||
            into >= segment->p_filesz)
            continue;
        if (size > segment->p_filesz - into ||
            __builtin_add_overflow(segment->p_offset, into, &file->strings))
            return -EINVAL;
        file->strings_size = size;
        return 0;
    }
    return -EINVAL;
}

static int read_name(const struct elf_file *file, uint64_t index, char **name)
{
    uint64_t offset;

    if (index >= file->strings_size ||
        __builtin_add_overflow(file->strings, index, &offset))
        return -EINVAL;
    return read_string(file->fd, offset, file->strings_size - index, name);
}

static int take_entry(const struct elf_file *file, const Elf64_Dyn *entry,
                      struct elf_needs *needs)
{
    int error;

    switch (entry->d_tag) {
    case DT_RPATH:
        return read_name(file, entry->d_un.d_val, &needs->rpath);
    case DT_RUNPATH:
        return read_name(file, entry->d_un.d_val, &needs->runpath);
    case DT_NEEDED:
        if (needs->num_libraries == ELF_NEEDS_MAX_LIBRARIES)
            return -EINVAL;
        error = read_name(file, entry->d_un.d_val,
                          &needs->libraries[needs->num_libraries]);
        if (!error)
            needs->num_libraries++;
        return error;
    default:
        return 0;
    }
}

static int take_dynamic(struct elf_file *file, const Elf64_Dyn *entries,
                        size_t count, struct elf_needs *needs)
{
    uint64_t address = 0, size = 0;
    int error = 0;

    for (size_t i = 0; i < count && entries[i].d_tag != DT_NULL; i++) {
        if (entries[i].d_tag == DT_STRTAB)
            address = entries[i].d_un.d_ptr;
        else if (entries[i].d_tag == DT_STRSZ)
            size = entries[i].d_un.d_val;
    }
    error = find_strings(file, address, size);
    for (size_t i = 0; i < count && entries[i].d_tag != DT_NULL && !error; i++)
        error = take_entry(file, &entries[i], needs);
    return error;
}

static int read_dynamic(struct elf_file *file, const Elf64_Phdr *segment,
                        struct elf_needs *needs)
{
    size_t count = (size_t)(segment->p_filesz / sizeof(Elf64_Dyn));
    Elf64_Dyn *entries;
    int error;

    if (count == 0 || count > MAX_DYNAMIC)
        return -EINVAL;
    entries = calloc(count, sizeof(*entries));
    if (!entries)
        return -ENOMEM;
    error =
        read_at(file->fd, segment->p_offset, entries, count * sizeof(*entries));
    if (!error)
        error = take_dynamic(file, entries, count, needs);
    free(entries);
    return error;
}

int elf_needs_read(int fd, struct elf_needs *needs)
{
    struct elf_file file = {.fd = fd};
    const Elf64_Phdr *segment;
    int error;

    memset(needs, 0, sizeof(*needs));
    error = read_segments(&file, needs);
    segment = find_segment(&file, PT_INTERP);
    if (!error && segment)
        error = read_string(fd, segment->p_offset, segment->p_filesz,
                            &needs->interpreter);
    segment = find_segment(&file, PT_DYNAMIC);
    if (!error && segment)
        error = read_dynamic(&file, segment, needs);
    if (error)
        elf_needs_destroy(needs);
    return error;
}

void elf_needs_destroy(struct elf_needs *needs)
{
    free(needs->interpreter);
    free(needs->rpath);
    free(needs->runpath);
    for (unsigned i = 0; i < needs->num_libraries; i++)
        free(needs->libraries[i]);
    memset(needs, 0, sizeof(*needs));
}
