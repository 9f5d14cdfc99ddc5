/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_main.c: what the main() of every libcheck binary is.
 *
 * libcheck runs each test in a child process and knows no skipped tests, so
 * they are counted in memory that the children share.
 */
#include "tests/support/check_main.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Longer than any test on a busy machine under a sanitizer. */
#define TIMEOUT_SECONDS 60

static atomic_int *skipped_tests;

void skip_test(const char *format, ...)
{
    char reason[256];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    printf("SKIP: %s\n", reason);
    (void)fflush(stdout);
    atomic_fetch_add(skipped_tests, 1);
}

static void print_failures(SRunner *runner)
{
    int count = srunner_ntests_failed(runner);
    TestResult **failures = srunner_failures(runner);

    for (int i = 0; i < count; i++)
        printf("FAIL: %s:%d: %s\n", tr_lfile(failures[i]), tr_lno(failures[i]),
               tr_msg(failures[i]));
    free(failures);
}

/* Memory that this process and its future children have in common. */
static void *share(size_t size)
{
    int protection = PROT_READ | PROT_WRITE;
    int flags = MAP_SHARED | MAP_ANONYMOUS;

    return mmap(NULL, size, protection, flags, -1, 0);
}

int check_main(const char *name, void (*add_tests)(TCase *tcase))
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    SRunner *runner;
    int run, failed, skipped;

    skipped_tests = share(sizeof(*skipped_tests));
    if (skipped_tests == MAP_FAILED) {
        perror("check_main: mmap");
        return EXIT_FAILURE;
    }
    tcase_set_timeout(tcase, TIMEOUT_SECONDS);
    add_tests(tcase);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);

    srunner_run_all(runner, CK_NORMAL); /* CK_FORK=no: in this process */
    print_failures(runner);
    run = srunner_ntests_run(runner);
    failed = srunner_ntests_failed(runner);
    skipped = atomic_load(skipped_tests);
    printf("%s: %d passed, %d failed, %d skipped\n", name,
           run - failed - skipped, failed, skipped);

    srunner_free(runner);
    munmap(skipped_tests, sizeof(*skipped_tests));
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
