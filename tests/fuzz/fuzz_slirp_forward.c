/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_slirp_forward.c: any text as a forwarded port.
 */
#include "vdpa/slirp_forward.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Unlike assert(), not compiled out and seen by the fuzzer as a crash. */
static void require(bool claim)
{
    if (!claim)
        abort();
}

/* What was accepted prints as something that means the same. */
static void check_accepted(const struct slirp_forward *forward)
{
    char printed[SLIRP_FORWARD_MAX_TEXT], error[256];
    struct slirp_forward again;
    char *arrow;

    require(forward->guest_port != 0);
    slirp_forward_print(forward, printed);
    arrow = strstr(printed, " -> :");
    require(arrow != NULL);
    printed[3] = ':';
    memmove(arrow, arrow + 4, strlen(arrow + 4) + 1);
    require(slirp_forward_parse(&again, printed, error, sizeof(error)) == 0);
    require(again.is_udp == forward->is_udp);
    require(again.is_ipv6 == forward->is_ipv6);
    require(again.host_port == forward->host_port);
    require(again.guest_port == forward->guest_port);
    require(memcmp(&again.host, &forward->host,
                   forward->is_ipv6 ? sizeof(again.host.v6)
                                    : sizeof(again.host.v4)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = calloc(1, size + 1);
    char error[256] = "";
    struct slirp_forward forward;

    require(text != NULL);
    if (size > 0)
        memcpy(text, bytes, size);
    if (slirp_forward_parse(&forward, text, error, sizeof(error)) == 0)
        check_accepted(&forward);
    else
        require(error[0] != '\0' && strlen(error) < sizeof(error));
    free(text);
    return 0;
}
