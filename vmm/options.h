/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.h: the command line as plain values.
 */
#ifndef VMM_OPTIONS_H
#define VMM_OPTIONS_H

#include "vmm/compiler.h"
#include "vmm/key_value.h"
#include "vmm/log.h"
#include "vmm/net_options.h"
#include "vmm/option_parser.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTIONS_MAX_NETS        8
#define OPTIONS_MAX_DISKS       8
#define OPTIONS_MAX_ENVIRONMENT 32
#define OPTIONS_MAX_GIVEN       128
#define OPTIONS_MAX_MODULES     32
#define OPTIONS_MAX_INJECTS     64
#define OPTIONS_MAX_COLLECTS    64
#define OPTIONS_MAX_CPUS        255
#define OPTIONS_MAX_APPEND      4096 /* bytes, with the final NUL */
#define OPTIONS_MAX_DEVICE_NAME 255  /* bytes; VDUSE_NAME_MAX less the NUL */
#define OPTIONS_MAX_ERROR       OPTION_PARSER_MAX_ERROR

enum options_command {
    COMMAND_NONE, /* with wants_help: that of the program */
    COMMAND_VERSION,
    COMMAND_RUN,
    COMMAND_VDUSE,
    COMMAND_DOCTOR,
    COMMAND_VDPA,
    COMMAND_CONTROL,
    COMMAND_NET,
    /* as COMMAND_CONTROL, with a help of its own */ /* one of those that
                                                        ask something of a
                                                        running vmm */
    COMMAND_TRACE,
};

enum options_on_reset {
    ON_RESET_EXIT,
    ON_RESET_RESTART,
};

enum options_console {
    CONSOLE_STDIO,
    CONSOLE_NONE,
};

enum options_on_timeout {
    ON_TIMEOUT_SYSRQ, /* have the kernel print what it does, then end */
    ON_TIMEOUT_NMI,   /* the same by an NMI to each vCPU */
    ON_TIMEOUT_KILL,
};

/* What a run must have shown for it to be a success; bits. */
enum options_requirement {
    REQUIRE_BYPASS = 1, /* no data-path event came to the VMM */
};

/* Here and below: strings that are pointers are borrowed from argv. */
struct vduse_options {
    const char *name;       /* of the device; never NULL */
    struct net_options net; /* no vDPA one; what --mac and the like say too */
    bool reconnect;
    int ready_fd; /* told when the device can be used; -1: none */
};

struct control_options {
    const char *socket;   /* path; never NULL */
    const char *request;  /* without its newline */
    const char *argument; /* of the request; NULL: none */
};

/* What is typed apart from `control`, while it is read. */
struct net_request_options {
    unsigned action;
    bool force;
};

struct doctor_options {
    bool wants_json;
};

struct vdpa_options {
    bool is_asked_for; /* "show" */
    const char *path;  /* of a device; NULL: all of them */
};

struct trace_check_options {
    bool is_asked_for; /* "check" */
    const char *path;  /* of the trace; never NULL */
};

/* An option as it was typed; NULL for no value. */
struct given_option {
    const char *name, *value;
};

struct disk_options {
    char path[KEY_VALUE_MAX_TEXT];
    bool is_read_only, is_snapshot; /* not both */
};

struct options {
    enum options_command command;
    bool wants_help;    /* the rest does not matter */
    uint8_t escape_key; /* as escape_keys.h has it */
    enum log_level log_level;
    struct vduse_options vduse;             /* for COMMAND_VDUSE */
    struct control_options control;         /* for COMMAND_CONTROL */
    struct net_request_options net_request; /* for COMMAND_NET */
    struct trace_check_options trace_check; /* for COMMAND_TRACE */
    struct doctor_options doctor;           /* for COMMAND_DOCTOR */
    struct vdpa_options vdpa;               /* for COMMAND_VDPA */
    /* What follows is for COMMAND_RUN. */
    const char *kernel; /* as given; NULL, with a command: none was */
    /* Of it: NULL: what goes with the kernel; and what to load besides. */
    const char *module_folder, *modules[OPTIONS_MAX_MODULES];
    unsigned num_modules, cpus;
    const char *initrd; /* NULL: none */
    char append[OPTIONS_MAX_APPEND];
    uint64_t memory;    /* bytes, a multiple of the page size */
    uint64_t page_size; /* bytes; 0: the system's, else huge pages */
    struct net_options nets[OPTIONS_MAX_NETS];
    int numa_node; /* -1: any */
    unsigned net_count;
    struct disk_options disks[OPTIONS_MAX_DISKS];
    unsigned disk_count;
    enum options_on_reset on_reset;
    enum options_console console;
    bool has_console;     /* asked for, not the default */
    bool is_preallocated; /* the memory */
    bool has_debug_exit;
    bool fails_on_splat, has_tty; /* the latter: the command gets a terminal */
    bool is_traced, dies_with_parent, is_dry_run;
    const char *device_tree_file; /* to write to; NULL: none */
    const char *log;              /* a file; NULL: stderr alone */
    const char *pidfile;          /* NULL: none */
    /* May have been more than there is room for; dry runs are then refused. */
    struct given_option given[OPTIONS_MAX_GIVEN];
    unsigned num_given;
    int ready_fd;               /* -1: none */
    const char *report;         /* NULL: on stderr alone */
    const char *counts;         /* NULL: none; the same for scripts */
    const char *control_socket; /* path; NULL: none */
    const char *trace;          /* a file; NULL: on stderr */
    const char *kmsg; /* a file, "stderr", "none"; NULL: the default */
    uint32_t timeout_ms, boot_timeout_ms; /* 0: none */
    enum options_on_timeout on_timeout;
    unsigned required;            /* enum options_requirement, together */
    const char *allowed_splats;   /* a file of patterns; NULL: none */
    const char *directory, *user; /* to run it in, and as; NULL: /, root */
    const char *environment[OPTIONS_MAX_ENVIRONMENT]; /* "NAME=VALUE" */
    const char *injects[OPTIONS_MAX_INJECTS];         /* "PATH[:GUESTPATH]" */
    const char *collects[OPTIONS_MAX_COLLECTS];       /* "GUESTPATH:HOSTPATH" */
    unsigned num_environment, num_injects, num_collects;
    int command_argc;
    /* What the guest is to run, command_argc words; NULL: the initrd decides.
     */
    char *const *command_argv;
};

/* Looks at nothing but its arguments and touches nothing but its results.
 * -EINVAL with the reason, one line without a newline, in `error`. */
int options_parse(struct options *options, int argc, char *const argv[],
                  char *error, size_t error_size) MUST_CHECK;

#endif
