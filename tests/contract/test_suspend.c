/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_suspend.c: what vdpa_backend.h says of suspending, run over every
 * backend.
 *
 * VMM_VHOST_VDPA=/dev/vhost-vdpa-N adds that device; it must be idle. Nothing
 * here moves data: control path alone.
 */
#include "tests/support/backend_bench.h"
#include "tests/support/check_main.h"

#include <errno.h>

#define PAGE      BENCH_PAGE
#define ALL_PAGES (BENCH_MEMORY_SIZE / BENCH_PAGE)

/* Who can be resumed need not tell. */
static void claim_position(const struct bench *bench, uint32_t expected)
{
    uint32_t position = expected;
    int error = bench->ops->get_queue_position(bench->backend, 0, &position);

    if (error != -EOPNOTSUPP || !bench->identity.can_resume)
        CLAIM_RESULT(bench, error, 0);
    CLAIM(bench, position == expected);
}

START_TEST(what_an_identity_denies_is_refused)
{
    struct bench *bench = bench_open(_i);

    bench->capture.lines = 0;
    if (!bench->identity.can_suspend)
        CLAIM_RESULT(bench, bench->ops->suspend(bench->backend), -EOPNOTSUPP);
    if (!bench->identity.can_resume)
        CLAIM_RESULT(bench, bench->ops->resume(bench->backend), -EOPNOTSUPP);
    CLAIM(bench, bench->capture.lines == 0);
    CLAIM_RESULT(bench, bench_map(bench, bench_pages(bench, 0, ALL_PAGES)), 0);
    bench_bring_up(bench);
    if (!bench->identity.can_suspend)
        CLAIM_RESULT(bench, bench->ops->suspend(bench->backend), -EOPNOTSUPP);
    CLAIM(bench, bench_status(bench) == BENCH_RUNNING);
    bench_close(bench);
}
END_TEST

START_TEST(a_device_that_does_not_run_is_not_suspended)
{
    struct bench *bench = bench_open(_i);

    if (bench->identity.can_suspend)
        CLAIM_RESULT(bench, bench->ops->suspend(bench->backend), 0);
    if (bench->identity.can_resume)
        CLAIM_RESULT(bench, bench->ops->resume(bench->backend), 0);
    CLAIM(bench, bench_status(bench) == 0);
    CLAIM_RESULT(bench, bench_map(bench, bench_pages(bench, 0, ALL_PAGES)), 0);
    bench_bring_up(bench);
    bench_close(bench);
}
END_TEST

START_TEST(a_suspended_device_stands_still_and_goes_on)
{
    struct bench *bench = bench_open(_i);

    CLAIM_RESULT(bench, bench_map(bench, bench_pages(bench, 0, ALL_PAGES)), 0);
    bench_bring_up(bench);
    for (unsigned i = 0; i < 2 && bench->identity.can_suspend; i++) {
        CLAIM_RESULT(bench, bench->ops->suspend(bench->backend), 0);
        CLAIM(bench, bench_status(bench) == BENCH_RUNNING);
        claim_position(bench, 0);
        if (!bench->identity.can_resume)
            break;
        CLAIM_RESULT(bench, bench->ops->resume(bench->backend), 0);
        CLAIM(bench, bench_status(bench) == BENCH_RUNNING);
    }
    bench_close(bench); /* suspended, where it does not resume */
}
END_TEST

START_TEST(a_suspended_device_may_be_reset)
{
    struct bench *bench = bench_open(_i);

    CLAIM_RESULT(bench, bench_map(bench, bench_pages(bench, 0, ALL_PAGES)), 0);
    bench_bring_up(bench);
    if (bench->identity.can_suspend)
        CLAIM_RESULT(bench, bench->ops->suspend(bench->backend), 0);
    CLAIM_RESULT(bench, bench_set_status(bench, 0), 0);
    CLAIM(bench, bench_status(bench) == 0);
    bench_bring_up(bench);
    bench_close(bench);
}
END_TEST

/* What stands in for resuming. */
START_TEST(a_device_that_was_suspended_starts_at_any_position)
{
    struct bench *bench = bench_open(_i);
    struct vdpa_queue queue = bench_queue(bench, 0);

    queue.position = 11;
    /* The driver's index, ahead of it by none; little-endian. */
    bench->memory[BENCH_PAGE + 2] = 11;
    bench->memory[2 * BENCH_PAGE + 2] = 11;
    if (bench->identity.can_suspend) {
        CLAIM_RESULT(bench, bench_map(bench, bench_pages(bench, 0, ALL_PAGES)),
                     0);
        bench_bring_up(bench);
        CLAIM_RESULT(bench, bench->ops->suspend(bench->backend), 0);
        CLAIM_RESULT(bench, bench_set_status(bench, 0), 0);
        bench_negotiate(bench);
        CLAIM_RESULT(bench, bench_set_queue(bench, 0, queue), 0);
        CLAIM_RESULT(bench, bench->ops->enable_queue(bench->backend, 0, true),
                     0);
        CLAIM_RESULT(bench, bench_set_status(bench, BENCH_RUNNING), 0);
        CLAIM_RESULT(bench, bench->ops->suspend(bench->backend), 0);
        claim_position(bench, 11);
    }
    bench_close(bench);
}
END_TEST

static void add_tests(TCase *tcase)
{
    const TTest *const claims[] = {
        what_an_identity_denies_is_refused,
        a_device_that_does_not_run_is_not_suspended,
        a_suspended_device_stands_still_and_goes_on,
        a_suspended_device_may_be_reset,
        a_device_that_was_suspended_starts_at_any_position,
    };

    for (size_t i = 0; i < ARRAY_SIZE(claims); i++)
        tcase_add_loop_test(tcase, claims[i], 0, bench_count());
}

int main(void)
{
    return check_main("suspend", add_tests);
}
