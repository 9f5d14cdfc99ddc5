/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config.c: what the host wants to be done.
 */
#include "guest/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void add_word(char **words, char *word)
{
    size_t count = 0;

    while (words[count])
        count++;
    if (count == MAX_WORDS)
        give_up("%s: more than %d words", CONFIG_PATH, MAX_WORDS);
    words[count] = word;
}

static void add_card(struct config *config, const char *value)
{
    unsigned count = 0;

    while (count < MAX_CARDS && config->cards[count])
        count++;
    if (count == MAX_CARDS)
        give_up("%s: more than %d network cards", CONFIG_PATH, MAX_CARDS);
    config->cards[count] = value;
}

static void take_record(struct config *config, char *record)
{
    char *value = strchr(record, '=');

    if (!value)
        give_up("%s: \"%s\" has no value", CONFIG_PATH, record);
    *value++ = '\0';
    if (strcmp(record, "arg") == 0)
        add_word(config->arguments, value);
    else if (strcmp(record, "env") == 0)
        add_word(config->environment, value);
    else if (strcmp(record, "cwd") == 0)
        config->directory = value;
    else if (strcmp(record, "user") == 0)
        config->user = value;
    else if (strcmp(record, "terminal") == 0)
        config->has_terminal = true;
    else if (strcmp(record, "collect") == 0)
        add_word(config->collects, value);
    else if (strcmp(record, "net") == 0)
        add_card(config, value);
    else
        give_up("%s: unknown record \"%s\"", CONFIG_PATH, record);
}

/* The file stays mapped: the records are used where they are. */
void config_read(struct config *config)
{
    int fd = open(CONFIG_PATH, O_RDONLY | O_CLOEXEC);
    struct stat status;
    char *bytes, *end;

    if (fd < 0 || fstat(fd, &status) != 0 || status.st_size == 0)
        give_up("%s: %s", CONFIG_PATH, strerror(errno));
    bytes = mmap(NULL, (size_t)status.st_size + 1, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE, fd, 0);
    close(fd);
    if (bytes == MAP_FAILED)
        give_up("%s: %s", CONFIG_PATH, strerror(errno));
    end = bytes + status.st_size;
    if (end[-1] != '\0')
        give_up("%s: it ends early", CONFIG_PATH);
    while (bytes < end) {
        char *next = bytes + strlen(bytes) + 1;

        take_record(config, bytes);
        bytes = next;
    }
}
