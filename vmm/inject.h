/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inject.h: files and folders of the host in the image of a guest that runs a
 * command.
 *
 * Each --inject is a tree of its own in the image, and what the programs need
 * is one more. The guest's first process moves them to where they belong, in
 * this order (guest/init/place.c): there alone is known which folders are links
 * or other file systems.
 */
#ifndef VMM_INJECT_H
#define VMM_INJECT_H

#include "vmm/compiler.h"
#include "vmm/cpio_archive.h"
#include "vmm/options.h"
#include "vmm/program_needs.h"

/* A folder with a tree each, in the order of their names; they take the place
 * of files that are there. */
#define INJECT_TREES "vmm/trees"
/* A tree of files for places where nothing is. */
#define INJECT_NEEDS "vmm/needs"

/*
 * Adds what options->injects name, the command itself when it is a file of the
 * host, and what those need; `needs` has what is given already. -errno, logged
 * with the name of what cannot be injected.
 */
int inject_add_all(const struct options *options, struct cpio_archive *archive,
                   struct program_needs *needs) MUST_CHECK;

#endif
