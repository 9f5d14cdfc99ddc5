/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * option_values.c: numbers, sizes and addresses as people type them.
 */
#include "vmm/option_values.h"

#include "vmm/bytes.h"
#include "vmm/nearest_word.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *option_read_number(const char *text, uint64_t *number)
{
    const char *c = text;

    *number = 0;
    for (; *c >= '0' && *c <= '9'; c++) {
        if (__builtin_mul_overflow(*number, 10, number) ||
            __builtin_add_overflow(*number, (uint64_t)(*c - '0'), number))
            return NULL;
    }
    return c == text ? NULL : c;
}

bool option_read_size(const char *text, uint64_t *bytes)
{
    static const char units[] = "KMGT"; /* powers of 1024, from the first */
    const char *suffix = option_read_number(text, bytes);
    const char *unit;

    if (suffix == NULL)
        return false;
    if (*suffix == '\0')
        suffix = "M";
    unit = strchr(units, toupper((unsigned char)*suffix));
    if (unit == NULL || (suffix[1] != '\0' && strcmp(suffix + 1, "iB") != 0))
        return false;
    return !__builtin_mul_overflow(*bytes, KIB << (10 * (unit - units)), bytes);
}

bool option_read_duration(const char *text, uint32_t *ms)
{
    static const struct {
        const char *suffix;
        uint32_t ms;
    } units[] = {
        {"", 1000}, {"s", 1000}, {"ms", 1}, {"m", 60000}, {"h", 3600000}};
    uint64_t number;
    const char *suffix = option_read_number(text, &number);

    for (size_t i = 0; suffix != NULL && i < ARRAY_SIZE(units); i++) {
        if (strcmp(suffix, units[i].suffix) != 0)
            continue;
        if (number == 0 || number > UINT32_MAX / units[i].ms)
            return false;
        *ms = (uint32_t)number * units[i].ms;
        return true;
    }
    return false;
}

bool option_read_mac(const char *text, uint8_t mac[6])
{
    for (unsigned i = 0; i < 6; i++) {
        unsigned byte = 0;

        for (unsigned digit = 0; digit < 2; digit++, text++) {
            int c = tolower((unsigned char)*text);

            if (!isxdigit(c))
                return false;
            byte = byte * 16 + (unsigned)(isdigit(c) ? c - '0' : c - 'a' + 10);
        }
        mac[i] = (uint8_t)byte;
        if (*text != (i < 5 ? ':' : '\0'))
            return false;
        text++;
    }
    return true;
}

int option_read_choice(const char *text, const char *const *words,
                       unsigned count, char *error, size_t error_size)
{
    char list[128] = "", hint[64] = "";
    const char *nearest = nearest_word(text, words, count);
    size_t used = 0;

    for (unsigned i = 0; i < count; i++) {
        const char *separator = i == 0 ? "" : i == count - 1 ? " nor " : ", ";

        if (strcmp(text, words[i]) == 0)
            return (int)i;
        if (used < sizeof(list))
            used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
                                     separator, words[i]);
    }
    if (nearest != NULL)
        snprintf(hint, sizeof(hint), ": did you mean \"%s\"?", nearest);
    snprintf(error, error_size, "\"%s\" is neither %s%s", text, list, hint);
    return -EINVAL;
}
