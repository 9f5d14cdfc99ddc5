/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest.c: what every bare test guest has: its start, its words, its end.
 */
#include "guest/bare/guest.h"

#include "guest/bare/platform.h"

#include <machine.h>
#include <stdarg.h>

/* More failed claims than this say nothing new. */
#define MAX_FAILURES_SHOWN 20

static unsigned num_checks, num_failures;

void exit_with(uint8_t status)
{
    device_write8(EXIT_BASE, status);
    platform_halt();
}

void finish(void)
{
    print("1..%u\n", num_checks);
    exit_with(num_failures > 0 ? 1 : 0);
}

void put_bytes(const void *bytes, size_t size)
{
    const uint8_t *next = bytes;

    while (size-- > 0)
        device_write8(SERIAL_BASE, *next++);
}

static void put_char(char c)
{
    device_write8(SERIAL_BASE, (uint8_t)c);
}

static void put_number(uint64_t number, unsigned base)
{
    static const char digits[] = "0123456789abcdef";
    char text[20];
    unsigned length = 0;

    do {
        text[length++] = digits[number % base];
        number /= base;
    } while (number > 0);
    while (length > 0)
        put_char(text[--length]);
}

static void print_list(const char *format, va_list *arguments)
{
    for (; *format; format++) {
        bool is_long = false;

        if (*format != '%') {
            put_char(*format);
            continue;
        }
        format++;
        if (*format == 'l') {
            is_long = true;
            format++;
        }
        if (*format == 's') {
            const char *text = va_arg(*arguments, const char *);

            while (*text)
                put_char(*text++);
        } else if (*format == 'u' || *format == 'x') {
            uint64_t number = is_long ? va_arg(*arguments, unsigned long)
                                      : va_arg(*arguments, unsigned);

            put_number(number, *format == 'u' ? 10 : 16);
        } else if (*format == 'c') {
            put_char((char)va_arg(*arguments, int));
        } else {
            put_char(*format);
        }
    }
}

void print(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_list(format, &arguments);
    va_end(arguments);
}

static void report(bool holds, const char *format, va_list *arguments)
{
    num_checks++;
    if (!holds && ++num_failures > MAX_FAILURES_SHOWN)
        finish();
    print("%sok %u - ", holds ? "" : "not ", num_checks);
    print_list(format, arguments);
    put_char('\n');
}

void check(bool holds, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    report(holds, format, &arguments);
    va_end(arguments);
}

bool expect(bool holds, const char *format, ...)
{
    va_list arguments;

    if (holds)
        return true;
    va_start(arguments, format);
    report(false, format, &arguments);
    va_end(arguments);
    return false;
}
