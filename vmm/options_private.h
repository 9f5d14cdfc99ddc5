/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options_private.h: shared by the files that read the options of a command,
 * one file a command.
 */
#ifndef VMM_OPTIONS_PRIVATE_H
#define VMM_OPTIONS_PRIVATE_H

#include "vmm/compiler.h"
#include "vmm/option_parser.h"
#include "vmm/options.h"

/* Each reads the arguments after the name of its command; `results` of the
 * parser is the struct options. -EINVAL with the reason in the parser. */
int options_parse_run(struct option_parser *parser) MUST_CHECK;
int options_parse_vduse(struct option_parser *parser) MUST_CHECK;
int options_parse_control(struct option_parser *parser) MUST_CHECK;
int options_parse_net(struct option_parser *parser) MUST_CHECK;
int options_parse_trace(struct option_parser *parser) MUST_CHECK;
int options_parse_doctor(struct option_parser *parser) MUST_CHECK;
int options_parse_vdpa(struct option_parser *parser) MUST_CHECK;

/* For the rules of --memory and the like, and when all are read. */
int options_set_memory(struct option_parser *parser, const char *value);
int options_set_hugepages(struct option_parser *parser, const char *value);
int options_set_prealloc(struct option_parser *parser, const char *value);
int options_set_numa_node(struct option_parser *parser, const char *value);
int options_check_memory(struct option_parser *parser) MUST_CHECK;

/* For the rule of --disk. */
int options_add_disk(struct option_parser *parser, const char *value);

/* For the words after "--" and the rules about the command's run, and when all
 * are read. */
int options_set_command(struct option_parser *parser, int count,
                        char *const *arguments);
int options_set_kmsg(struct option_parser *parser, const char *value);
int options_set_timeout(struct option_parser *parser, const char *value);
int options_set_boot_timeout(struct option_parser *parser, const char *value);
int options_set_on_timeout(struct option_parser *parser, const char *value);
int options_set_fail_on_splat(struct option_parser *parser, const char *value);
int options_set_tty(struct option_parser *parser, const char *value);
int options_set_directory(struct option_parser *parser, const char *value);
int options_set_user(struct option_parser *parser, const char *value);
int options_add_environment(struct option_parser *parser, const char *value);
int options_set_module_folder(struct option_parser *parser, const char *value);
int options_add_module(struct option_parser *parser, const char *value);
int options_add_inject(struct option_parser *parser, const char *value);
int options_add_collect(struct option_parser *parser, const char *value);
int options_check_command(struct option_parser *parser) MUST_CHECK;

/* For the rules of --quiet, --verbose, --trace and --help. */
int options_set_quiet(struct option_parser *parser, const char *value);
int options_set_verbose(struct option_parser *parser, const char *value);
int options_set_trace(struct option_parser *parser, const char *value);
int options_set_log(struct option_parser *parser, const char *value);
int options_set_ready_fd(struct option_parser *parser, const char *value);
int options_set_pidfile(struct option_parser *parser, const char *value);
int options_set_pdeathsig(struct option_parser *parser, const char *value);
int options_set_dump_dtb(struct option_parser *parser, const char *value);
int options_set_dry_run(struct option_parser *parser, const char *value);
int options_read_descriptor(struct option_parser *parser, const char *value,
                            int *fd);
/* For option_parser.applied. */
void options_note_given(struct option_parser *parser,
                        const struct option_rule *rule, const char *value);
int options_check_dry_run(struct option_parser *parser);
int options_check_outputs(struct option_parser *parser) MUST_CHECK;
int options_ask_for_help(struct option_parser *parser, const char *value);

#endif
