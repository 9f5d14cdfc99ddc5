/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_file.h: frames written to a file that tcpdump and Wireshark read
 * (draft-ietf-opsawg-pcap).
 */
#ifndef VDPA_PCAP_FILE_H
#define VDPA_PCAP_FILE_H

#include "vmm/compiler.h"

#include <sys/uio.h>

struct pcap_file {
    int fd;           /* -1 once nothing more is written */
    const char *path; /* borrowed, for messages */
};

/* Makes the file, or empties it. -errno, logged. */
int pcap_file_open(struct pcap_file *file, const char *path) MUST_CHECK;

/* Adds an Ethernet frame, with the time of now: when this returns, others can
 * read it. When the file cannot grow, that is logged, and it is the last. */
void pcap_file_add(struct pcap_file *file, const struct iovec *pieces,
                   unsigned count);

/* Also twice. */
void pcap_file_close(struct pcap_file *file);

#endif
