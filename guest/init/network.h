/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * network.h: the guest's network cards, as the host wants them.
 */
#ifndef GUEST_INIT_NETWORK_H
#define GUEST_INIT_NETWORK_H

#include "guest/init/dhcp_packet.h"

#include <stdbool.h>
#include <stdint.h>

struct config;

/* Sets up the loopback interface and the cards of `config`, and tells the host
 * their addresses; does not return when a card cannot be as is wanted. */
void network_set_up(const struct config *config);

/* Whether frames can be sent: there is somebody at the other end. */
bool network_link_is_up(const char *interface);

/* False when no server answered, in 15 s. */
bool dhcp_get_lease(const char *interface, const uint8_t mac[6],
                    struct dhcp_answer *lease);

#endif
