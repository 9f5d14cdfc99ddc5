/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * init.h: what the files of the guest's first process share.
 *
 * The host leaves what is to be done in CONFIG_PATH of the initramfs, as
 * records "key=value" that end with a zero byte each, and hears of it on the
 * port "vmm.control", in lines; vmm/machine_command.c is the other side.
 */
#ifndef GUEST_INIT_INIT_H
#define GUEST_INIT_INIT_H

#include <stdbool.h>
#include <stddef.h>

#define CONFIG_PATH "/vmm/config"
#define MAX_WORDS   512 /* of the command, and of its environment */
#define MAX_CARDS   8

struct pollfd;

struct config {
    char *arguments[MAX_WORDS + 1]; /* of the command; the last one is NULL */
    char *environment[MAX_WORDS + 1];
    const char *directory;         /* to run it in */
    const char *user;              /* to run it as; NULL: root */
    bool has_terminal;             /* instead of three streams */
    char *collects[MAX_WORDS + 1]; /* paths to send; the last one is NULL */
    /* Network cards: "SLOT NAME none|dhcp|ADDRESS/PREFIX GATEWAY SERVERS",
     * with "-" for what is absent. */
    const char *cards[MAX_CARDS];
};

/* Ports to the host. */
struct ports {
    int control;
    int in, out, error; /* the command's */
    int files;          /* -1: none are sent */
};

/* Fills `config` from the file; does not return when that fails. */
void config_read(struct config *config);

void mount_all(void);
void load_modules(void);
/* Moves the files of the image to where they belong. */
void place_files(void);
/* That for files only when `has_files`. */
void ports_open(struct ports *ports, bool has_files);

/* Runs the command to its end and tells the host how it ended. */
void command_run(struct config *config, struct ports *ports);

/* Sends what config->collects names; what cannot be read is told, too. */
void collect_files(const struct config *config, const struct ports *ports);

/* The command's terminal: opened by the parent, entered by the child; the
 * rest moves its bytes, while the parent waits for them with poll(). */
void terminal_open(void);
void terminal_enter(void);
void terminal_resize(unsigned columns, unsigned rows);
void terminal_poll_fds(struct pollfd *in, struct pollfd *out,
                       const struct ports *ports);
void terminal_pass_in(struct pollfd *in);
void terminal_pass_out(struct pollfd *out, const struct ports *ports);
void terminal_drain(const struct ports *ports);

/* Writes all of it, or gives up silently at an error. */
void write_all(int fd, const char *bytes, size_t size);
/* Tells the host a line. */
void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The host waits for nothing more; no return. */
_Noreturn void power_off(void);
/* Tells the host, and the console, why nothing can be run; no return. */
_Noreturn void give_up(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
