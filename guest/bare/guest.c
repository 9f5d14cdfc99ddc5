/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest.c: what every bare test guest has: its start, its words, its end.
 */
#include "guest/bare/guest.h"

#include "guest/bare/io.h"
#include "vmm/x86/memory_map.h"

#include <stdarg.h>

#define GIB              (1ULL << 30)
#define LARGE_PAGE       (2ULL << 20)
#define PRESENT_WRITABLE 0x03ULL
#define LARGE            0x80ULL
#define MAX_MAPPED_GIBS  4

/* More failed claims than this say nothing new. */
#define MAX_FAILURES_SHOWN 20

const struct start_info *start_info;

static unsigned num_checks, num_failures;

/* start.S: of the first 512 GiB. */
extern uint64_t page_directory_pointers[512];
static uint64_t more_directories[MAX_MAPPED_GIBS][512]
    __attribute__((aligned(4096)));
static unsigned num_mapped_gibs;

void start_c(const struct start_info *info)
{
    start_info = info;
    run_case();
    finish();
}

void halt(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

void exit_with(uint8_t status)
{
    out8(EXIT_PORT, status);
    halt();
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
        out8(SERIAL_PORT, *next++);
}

static void put_char(char c)
{
    out8(SERIAL_PORT, (uint8_t)c);
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

void map_gib(uint64_t gpa)
{
    uint64_t *directory;
    uint64_t first = gpa & ~(GIB - 1);

    if (page_directory_pointers[first / GIB] != 0 ||
        num_mapped_gibs == MAX_MAPPED_GIBS)
        return;
    directory = more_directories[num_mapped_gibs++];
    for (unsigned i = 0; i < 512; i++)
        directory[i] = (first + i * LARGE_PAGE) | PRESENT_WRITABLE | LARGE;
    page_directory_pointers[first / GIB] =
        (uintptr_t)directory | PRESENT_WRITABLE;
    /* An entry that was not present need not be flushed (Intel SDM, volume
     * 3, 4.10.4.3). */
}
