/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_port.h: a frame_port in front of another one that writes down what
 * passes between that one and the device.
 */
#ifndef VDPA_PCAP_PORT_H
#define VDPA_PCAP_PORT_H

#include "vdpa/frame_port.h"
#include "vmm/compiler.h"

/*
 * Frames are written as they are: large ones whole, checksums that are left to
 * the other side not filled in. `path` must outlive the port. Takes `inner`
 * over, also on failure: -errno, logged.
 */
int pcap_port_open(const char *path, struct frame_port *inner,
                   struct frame_port **port) MUST_CHECK;

#endif
