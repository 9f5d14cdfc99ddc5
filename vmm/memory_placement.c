/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory_placement.c: where on the host guest RAM lies, and that it is there.
 *
 * The threads that allocate live only as long as the call that starts them.
 */
#include "vmm/memory_placement.h"

#include "vmm/bytes.h"
#include "vmm/log.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/mempolicy.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NODES_FOLDER "/sys/devices/system/node"
#define MAX_NODES    1024U /* the most that Linux can be built for */
#define LONG_BITS    (8U * (unsigned)sizeof(unsigned long))

/* A step of one thread: some tens of milliseconds. A multiple of any page but
 * those of 1 GiB, of which a step then is one. */
#define STEP        (128 * MIB)
#define MAX_THREADS 16U

/* ---- NUMA node ---- */

/* "0-1" and the like, without the newline; "" when the kernel says nothing. */
static void read_nodes_with_memory(char *list, int size)
{
    FILE *file = fopen(NODES_FOLDER "/has_memory", "re");

    list[0] = '\0';
    if (!file)
        return;
    if (!fgets(list, size, file))
        list[0] = '\0';
    list[strcspn(list, "\n")] = '\0';
    (void)fclose(file);
}

/* The line "... KEY: NUMBER kB" of a file, in bytes; 0 when there is none. */
static uint64_t read_meminfo(const char *path, const char *key)
{
    char line[128];
    uint64_t kib = 0;
    FILE *file = fopen(path, "re");

    if (!file)
        return 0;
    while (kib == 0 && fgets(line, sizeof(line), file)) {
        const char *found = strstr(line, key);

        if (found)
            kib = strtoull(found + strlen(key), NULL, 10);
    }
    (void)fclose(file);
    return kib * KIB;
}

static int check_node(const struct guest_memory *memory, unsigned node)
{
    char path[64], nodes[256];
    uint64_t size;

    (void)snprintf(path, sizeof(path), NODES_FOLDER "/node%u/meminfo", node);
    size = read_meminfo(path, "MemTotal:");
    if (node < MAX_NODES && size >= memory->size)
        return 0;
    read_nodes_with_memory(nodes, sizeof(nodes));
    if (nodes[0] == '\0')
        log_error("guest memory: no NUMA node %u: this host's kernel knows of "
                  "none: leave --numa-node out",
                  node);
    else if (size == 0)
        log_error(
            "guest memory: no NUMA node %u with memory: this host has %s: "
            "give one of these",
            node, nodes);
    else
        log_error("guest memory: %" PRIu64 " MiB requested, NUMA node %u has "
                  "%" PRIu64 " MiB in all: give less with --memory, or leave "
                  "--numa-node out",
                  memory->size / MIB, node, size / MIB);
    return -EINVAL;
}

int memory_placement_bind(const struct guest_memory *memory, unsigned node)
{
    unsigned long mask[MAX_NODES / LONG_BITS] = {0};
    int error = check_node(memory, node);

    if (error)
        return error;
    mask[node / LONG_BITS] = 1UL << node % LONG_BITS;
    for (unsigned i = 0; i < memory->count; i++) {
        const struct guest_memory_region *region = &memory->regions[i];

        /* Of shared memory the policy is the file's, not this process's. */
        if (syscall(SYS_mbind, region->host, region->size, MPOL_BIND, mask,
                    (unsigned long)MAX_NODES + 1, 0UL) == 0)
            continue;
        error = -errno;
        log_error("guest memory: mbind to NUMA node %u: %s", node,
                  strerror(-error));
        return error;
    }
    return 0;
}

/* ---- Allocation ---- */

/* What the threads share: the steps of all regions, counted through. */
struct work {
    const struct guest_memory *memory;
    uint64_t step; /* bytes */
    atomic_uint_fast64_t next;
    atomic_int error; /* the first; ends all threads */
};

static uint64_t steps_of(const struct work *work,
                         const struct guest_memory_region *region)
{
    return (region->size + work->step - 1) / work->step;
}

static int populate_range(uint8_t *host, uint64_t size)
{
    int result;

    do
        result = madvise(host, size, MADV_POPULATE_WRITE);
    while (result < 0 && (errno == EINTR || errno == EAGAIN));
    return result < 0 ? -errno : 0;
}

/* Returns 0 or -errno; 1 when there is no such step. */
static int populate_step(const struct work *work, uint64_t step)
{
    for (unsigned i = 0; i < work->memory->count; i++) {
        const struct guest_memory_region *region = &work->memory->regions[i];
        uint64_t offset, size;

        if (step >= steps_of(work, region)) {
            step -= steps_of(work, region);
            continue;
        }
        offset = step * work->step;
        size = region->size - offset;
        if (size > work->step)
            size = work->step;
        return populate_range(region->host + offset, size);
    }
    return 1;
}

static void *populate(void *argument)
{
    struct work *work = argument;
    int result = 0;

    while (result == 0 && atomic_load(&work->error) == 0)
        result = populate_step(work, atomic_fetch_add(&work->next, 1));
    if (result < 0)
        atomic_store(&work->error, result);
    return NULL;
}

static unsigned count_threads(const struct work *work)
{
    uint64_t steps = 0;
    cpu_set_t cpus;
    unsigned count = 1;

    for (unsigned i = 0; i < work->memory->count; i++)
        steps += steps_of(work, &work->memory->regions[i]);
    if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
        count = (unsigned)CPU_COUNT(&cpus);
    if (count > MAX_THREADS)
        count = MAX_THREADS;
    return count > steps ? (unsigned)steps : count;
}

/* This thread works too, so that it does not matter if others do not start. */
static int populate_all(struct work *work)
{
    pthread_t threads[MAX_THREADS];
    unsigned count = count_threads(work), started = 0;

    while (started + 1 < count &&
           pthread_create(&threads[started], NULL, populate, work) == 0)
        started++;
    (void)populate(work);
    while (started > 0)
        (void)pthread_join(threads[--started], NULL);
    return atomic_load(&work->error);
}

/* Beyond that the kernel ends processes rather than refuse memory. Huge pages
 * are from a pool of their own. */
static int check_host_has(const struct guest_memory *memory)
{
    uint64_t available = read_meminfo("/proc/meminfo", "MemAvailable:");
    bool is_huge = memory->page_size != (uint64_t)sysconf(_SC_PAGESIZE);

    if (is_huge || available == 0 || available >= memory->size)
        return 0;
    log_error("guest memory: %" PRIu64 " MiB to be allocated at once, "
              "%" PRIu64 " MiB free on this host: give less with --memory, or "
              "leave --prealloc out",
              memory->size / MIB, available / MIB);
    return -ENOMEM;
}

int memory_placement_populate(const struct guest_memory *memory)
{
    struct work work = {.memory = memory, .step = STEP};
    int error = check_host_has(memory);

    if (error)
        return error;
    if (work.step < memory->page_size)
        work.step = memory->page_size;
    error = populate_all(&work);
    if (error == -EINVAL)
        log_error("guest memory: the host's kernel cannot allocate it in "
                  "advance (MADV_POPULATE_WRITE, Linux 5.14): leave --prealloc "
                  "out");
    else if (error == -EFAULT || error == -ENOMEM)
        /* Instead of a SIGBUS to who would have touched it. */
        log_error("guest memory: the host, or the NUMA node, has too few pages "
                  "of %" PRIu64 " KiB left for %" PRIu64 " MiB: give less with "
                  "--memory",
                  memory->page_size / KIB, memory->size / MIB);
    else if (error)
        log_error("guest memory: madvise(MADV_POPULATE_WRITE): %s",
                  strerror(-error));
    return error == -EFAULT ? -ENOMEM : error;
}
