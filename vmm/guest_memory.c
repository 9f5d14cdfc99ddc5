/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest_memory.c: guest RAM in one shared memfd.
 */
#include "vmm/guest_memory.h"

#include "vmm/bytes.h"
#include "vmm/fd.h"
#include "vmm/log.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

/* memfd_create(2): log2 of the huge page size above the flags. */
#define HUGE_SHIFT 26U

/* Of a size in KiB. */
#define HUGE_PAGE_POOL "/sys/kernel/mm/hugepages/hugepages-%" PRIu64 "kB"

static uint64_t in_kib(uint64_t bytes)
{
    return bytes / KIB;
}

static uint64_t in_mib(uint64_t bytes)
{
    return bytes / MIB;
}

static uint64_t system_page_size(void)
{
    return (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool is_huge(const struct guest_memory *memory)
{
    return memory->page_size != system_page_size();
}

static int check_page_size(uint64_t page_size)
{
    if (page_size == system_page_size() || page_size == 2 * MIB ||
        page_size == GIB)
        return 0;
    log_error("guest memory: pages of %" PRIu64
              " KiB requested, the choice is 2 MiB or 1 GiB",
              in_kib(page_size));
    return -EINVAL;
}

static int check_range(const struct guest_memory_range *range,
                       uint64_t first_gpa, uint64_t page_size)
{
    uint64_t end;

    if (range->size == 0) {
        log_error("guest memory: 0 bytes requested, a guest needs some");
        return -EINVAL;
    }
    if (!is_aligned(range->gpa | range->size, page_size)) {
        log_error("guest memory: %" PRIu64 " bytes at 0x%" PRIx64
                  " are not whole pages of %" PRIu64 " KiB",
                  range->size, range->gpa, in_kib(page_size));
        return -EINVAL;
    }
    if (range->gpa < first_gpa ||
        __builtin_add_overflow(range->gpa, range->size, &end)) {
        log_error("guest memory: range at 0x%" PRIx64
                  " overlaps another or ends beyond the address space",
                  range->gpa);
        return -EINVAL;
    }
    return 0;
}

/* Checks the ranges and adds them up. No sum can overflow: the ranges are
 * disjoint and end below 2^64. */
static int check_ranges(const struct guest_memory_range *ranges, unsigned count,
                        uint64_t page_size, uint64_t *total)
{
    uint64_t first_gpa = 0;

    *total = 0;
    for (unsigned i = 0; i < count; i++) {
        int error = check_range(&ranges[i], first_gpa, page_size);

        if (error)
            return error;
        first_gpa = ranges[i].gpa + ranges[i].size;
        *total += ranges[i].size;
    }
    return 0;
}

/* An unreserved memfd of any size can be made; a guest that then fills it is
 * killed half-way through its work. Say so before it starts. */
static int check_host_has(uint64_t size)
{
    uint64_t pages = (uint64_t)sysconf(_SC_PHYS_PAGES);
    uint64_t available = pages * system_page_size();

    if (size <= available)
        return 0;
    log_error("guest memory: %" PRIu64 " MiB requested, %" PRIu64
              " MiB available on this host: give less with --memory",
              in_mib(size), in_mib(available));
    return -ENOMEM;
}

/* A number of the host's pool of huge pages of one size; false when there is
 * no such pool. */
static bool read_pool(uint64_t page_size, const char *name, uint64_t *number)
{
    char path[96], text[32];
    bool is_known;
    FILE *file;

    (void)snprintf(path, sizeof(path), HUGE_PAGE_POOL "/%s", in_kib(page_size),
                   name);
    file = fopen(path, "re");
    if (!file)
        return false;
    is_known = fgets(text, sizeof(text), file) != NULL;
    (void)fclose(file);
    *number = is_known ? strtoull(text, NULL, 10) : 0;
    return is_known;
}

/* Pages that others have reserved are not free, although they count as such. */
static void log_huge_pages(const struct guest_memory *memory, const char *call,
                           int error)
{
    uint64_t all, free, reserved;
    uint64_t needed = memory->size / memory->page_size;

    if (!read_pool(memory->page_size, "nr_hugepages", &all) ||
        !read_pool(memory->page_size, "free_hugepages", &free) ||
        !read_pool(memory->page_size, "resv_hugepages", &reserved)) {
        log_error("guest memory: this host has no huge pages of %" PRIu64
                  " MiB: leave --hugepages out, or choose another size",
                  in_mib(memory->page_size));
        return;
    }
    free = free > reserved ? free - reserved : 0;
    if (free >= needed)
        log_error("guest memory: huge pages of %" PRIu64 " MiB: %" PRIu64
                  " needed, %" PRIu64 " free: %s: %s",
                  in_mib(memory->page_size), needed, free, call,
                  strerror(-error));
    else
        log_error("guest memory: huge pages of %" PRIu64 " MiB: %" PRIu64
                  " needed, %" PRIu64 " free: make more by `echo "
                  "%" PRIu64 " >" HUGE_PAGE_POOL "/nr_hugepages`",
                  in_mib(memory->page_size), needed, free, all + needed - free,
                  in_kib(memory->page_size));
}

static int log_failure(const struct guest_memory *memory, const char *call)
{
    int error = -errno;

    if (is_huge(memory))
        log_huge_pages(memory, call, error);
    else
        log_error("guest memory: %" PRIu64 " MiB: %s: %s", in_mib(memory->size),
                  call, strerror(-error));
    return error;
}

static int open_memfd(struct guest_memory *memory)
{
    unsigned flags = MFD_CLOEXEC;

    if (is_huge(memory)) {
        unsigned log2_size = (unsigned)__builtin_ctzll(memory->page_size);

        flags |= MFD_HUGETLB | (log2_size << HUGE_SHIFT);
    }
    memory->fd = memfd_create("guest-memory", flags);
    if (memory->fd < 0)
        return log_failure(memory, "memfd_create");
    if (ftruncate(memory->fd, (off_t)memory->size) < 0)
        return log_failure(memory, "ftruncate");
    return 0;
}

/* A core dump is for us, and guest memory is not ours to write out. */
static void add_region(struct guest_memory *memory,
                       const struct guest_memory_range *range,
                       uint64_t fd_offset, void *host)
{
    (void)madvise(host, range->size, MADV_DONTDUMP);
    memory->regions[memory->count++] = (struct guest_memory_region){
        .gpa = range->gpa,
        .size = range->size,
        .fd_offset = fd_offset,
        .host = host,
    };
}

static int map_shared(struct guest_memory *memory,
                      const struct guest_memory_range *range,
                      uint64_t fd_offset)
{
    /* Huge pages are reserved: when they run out later, the process gets
     * SIGBUS rather than swapping. */
    int flags = MAP_SHARED | (is_huge(memory) ? 0 : MAP_NORESERVE);
    void *host = mmap(NULL, range->size, PROT_READ | PROT_WRITE, flags,
                      memory->fd, (off_t)fd_offset);

    if (host == MAP_FAILED)
        return log_failure(memory, "mmap");
    add_region(memory, range, fd_offset, host);
    return 0;
}

/* -errno, not logged. At a multiple of 2 MiB, so that each 2 MiB of the guest
 * can be one page of the host, of KVM's tables and of an IOMMU's. */
static int map_private(struct guest_memory *memory,
                       const struct guest_memory_range *range)
{
    uint64_t size = range->size + 2 * MIB, before;
    uint8_t *host = mmap(NULL, size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (host == MAP_FAILED)
        return -errno;
    before = -(uintptr_t)host % (2 * MIB);
    if (before > 0)
        munmap(host, before);
    host += before;
    munmap(host + range->size, 2 * MIB - before);
    /* Fails where the host is built without. */
    (void)madvise(host, range->size, MADV_HUGEPAGE);
    add_region(memory, range, 0, host);
    return 0;
}

static int check(struct guest_memory *memory,
                 const struct guest_memory_range *ranges, unsigned count)
{
    int error;

    assert(count >= 1 && count <= GUEST_MEMORY_MAX_REGIONS);
    error = check_page_size(memory->page_size);
    if (!error)
        error = check_ranges(ranges, count, memory->page_size, &memory->size);
    if (!error)
        error = check_host_has(memory->size);
    return error;
}

int guest_memory_init(struct guest_memory *memory,
                      const struct guest_memory_range *ranges, unsigned count,
                      uint64_t page_size)
{
    uint64_t fd_offset = 0;
    int error;

    *memory = (struct guest_memory){
        .fd = -1, .page_size = page_size ? page_size : system_page_size()};
    error = check(memory, ranges, count);
    if (!error)
        error = open_memfd(memory);
    for (unsigned i = 0; i < count && !error; i++) {
        error = map_shared(memory, &ranges[i], fd_offset);
        fd_offset += ranges[i].size;
    }
    if (error)
        guest_memory_destroy(memory);
    return error;
}

int guest_memory_init_private(struct guest_memory *memory,
                              const struct guest_memory_range *ranges,
                              unsigned count)
{
    int error;

    *memory = (struct guest_memory){.fd = -1, .page_size = system_page_size()};
    error = check(memory, ranges, count);
    if (error)
        return error;
    for (unsigned i = 0; i < count && !error; i++)
        error = map_private(memory, &ranges[i]);
    if (!error)
        return 0;
    /* With vm.overcommit_memory=2 the kernel promises no more of it than there
     * is at once; of a file it counts what is touched. */
    guest_memory_destroy(memory);
    return guest_memory_init(memory, ranges, count, 0);
}

void guest_memory_destroy(struct guest_memory *memory)
{
    for (unsigned i = 0; i < memory->count; i++)
        munmap(memory->regions[i].host, memory->regions[i].size);
    close_fd(&memory->fd);
    memory->count = 0;
    memory->size = 0;
}

/* The region that holds all of [gpa, gpa + size), or NULL. */
static const struct guest_memory_region *
find_region(const struct guest_memory *memory, uint64_t gpa, uint64_t size)
{
    for (unsigned i = 0; i < memory->count; i++) {
        const struct guest_memory_region *region = &memory->regions[i];

        if (range_is_inside(gpa, size, region->gpa, region->size))
            return region;
    }
    return NULL;
}

void *guest_memory_at(const struct guest_memory *memory, uint64_t gpa,
                      uint64_t size)
{
    const struct guest_memory_region *region = find_region(memory, gpa, size);

    return region ? region->host + (gpa - region->gpa) : NULL;
}

/* One step of guest_memory_read_file(): bytes moved, or -errno. */
static ssize_t read_some(const struct guest_memory *memory,
                         const struct guest_memory_region *region, uint64_t gpa,
                         int fd, off_t offset, uint64_t size)
{
    off_t target = (off_t)(region->fd_offset + (gpa - region->gpa));
    ssize_t got = -1;

    /* Files of huge pages cannot be written to. */
    if (memory->fd >= 0 && !is_huge(memory) &&
        lseek(memory->fd, target, SEEK_SET) == target)
        got = sendfile(memory->fd, fd, &offset, size);
    if (got < 0)
        got = pread(fd, region->host + (gpa - region->gpa), size, offset);
    return got < 0 ? -errno : got;
}

int guest_memory_read_file(const struct guest_memory *memory, uint64_t gpa,
                           int fd, uint64_t offset, uint64_t size)
{
    const struct guest_memory_region *region = find_region(memory, gpa, size);

    if (!region)
        return -EFAULT;
    while (size > 0) {
        ssize_t got = read_some(memory, region, gpa, fd, (off_t)offset, size);

        if (got == -EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? (int)got : -EIO;
        gpa += (uint64_t)got;
        offset += (uint64_t)got;
        size -= (uint64_t)got;
    }
    return 0;
}

int guest_memory_write(const struct guest_memory *memory, uint64_t gpa,
                       const void *bytes, uint64_t size)
{
    void *host = guest_memory_at(memory, gpa, size);

    if (!host)
        return -EFAULT;
    memcpy(host, bytes, size);
    return 0;
}
