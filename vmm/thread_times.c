/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread_times.c: the processor time that each thread of this process used.
 */
#include "vmm/thread_times.h"

#include "vmm/text_numbers.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t to_ms(uint64_t ticks)
{
    return ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

/* "TID (NAME) ..."; a name may hold anything, parentheses too. The numbers
 * after it are fields 14, 15 and 43 of proc(5). */
static bool parse(struct thread_time *thread, char *line)
{
    char *name = strchr(line, '('), *end = strrchr(line, ')');
    const char *rest;
    uint64_t user, system, guest;

    if (!name || !end || end < name)
        return false;
    *end = '\0';
    rest = text_read_number(text_skip_words(end + 1, 11), 10, &user);
    rest = text_read_number(rest, 10, &system);
    if (!text_read_number(text_skip_words(rest, 27), 10, &guest))
        return false;
    (void)snprintf(thread->name, sizeof(thread->name), "%s",
                   thread->tid == getpid() ? "I/O" : name + 1);
    thread->guest_ms = to_ms(guest);
    /* The kernel counts a guest as the thread's own code, but rounds apart. */
    thread->user_ms = to_ms(user > guest ? user - guest : 0);
    thread->system_ms = to_ms(system);
    return true;
}

/* False for a thread that ended meanwhile. */
static bool read_thread(struct thread_time *thread, const char *task_dir,
                        const char *tid)
{
    char path[PATH_MAX], line[1024];
    bool has_line;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s/stat", task_dir, tid);
    file = fopen(path, "re");
    if (!file)
        return false;
    has_line = fgets(line, sizeof(line), file) != NULL;
    (void)fclose(file);
    *thread = (struct thread_time){.tid = (pid_t)strtol(tid, NULL, 10)};
    return has_line && parse(thread, line);
}

static int append(struct thread_times *times, const struct thread_time *thread)
{
    struct thread_time *threads =
        reallocarray(times->threads, times->count + 1, sizeof(*times->threads));

    if (!threads)
        return -ENOMEM;
    threads[times->count] = *thread;
    times->threads = threads;
    times->count++;
    return 0;
}

int thread_times_read(struct thread_times *times, const char *task_dir)
{
    struct thread_time thread;
    struct dirent *entry;
    int error = 0;
    DIR *dir;

    thread_times_destroy(times);
    dir = opendir(task_dir);
    if (!dir)
        return -errno;
    /* cppcheck-suppress readdirCalled; safe on a stream of one's own */
    while (!error && (entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.' &&
            read_thread(&thread, task_dir, entry->d_name))
            error = append(times, &thread);
    (void)closedir(dir);
    if (error)
        thread_times_destroy(times);
    return error;
}

static struct thread_time *find(const struct thread_times *times,
                                const struct thread_time *wanted)
{
    for (unsigned i = 0; i < times->count; i++)
        if (times->threads[i].tid == wanted->tid &&
            strcmp(times->threads[i].name, wanted->name) == 0)
            return &times->threads[i];
    return NULL;
}

/* What the kernel gives as parts of one sum may go back by a step. */
static uint64_t difference(uint64_t to, uint64_t from)
{
    return to > from ? to - from : 0;
}

int thread_times_add(struct thread_times *total,
                     const struct thread_times *from,
                     const struct thread_times *to)
{
    for (unsigned i = 0; i < to->count; i++) {
        struct thread_time used = to->threads[i];
        const struct thread_time *before = find(from, &used);
        struct thread_time *sum = find(total, &used);

        if (before) {
            used.guest_ms = difference(used.guest_ms, before->guest_ms);
            used.user_ms = difference(used.user_ms, before->user_ms);
            used.system_ms = difference(used.system_ms, before->system_ms);
        }
        if (sum) {
            sum->guest_ms += used.guest_ms;
            sum->user_ms += used.user_ms;
            sum->system_ms += used.system_ms;
        } else if (append(total, &used) != 0) {
            return -ENOMEM;
        }
    }
    return 0;
}

void thread_times_destroy(struct thread_times *times)
{
    free(times->threads);
    *times = (struct thread_times){0};
}
