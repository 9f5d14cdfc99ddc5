/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echo_port.h: a frame_port that sends every frame back, once the device has
 * room for it.
 */
#ifndef TESTS_SUPPORT_ECHO_PORT_H
#define TESTS_SUPPORT_ECHO_PORT_H

#include "vdpa/frame_port.h"

/* Every offload in both directions. Never fails. */
struct frame_port *echo_port_open(void);

/* The link goes up or down; on the loop's thread or with its lock held. */
void echo_port_set_link(struct frame_port *port, bool up);

#endif
