/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_backend.c: the contract of vdpa_backend.h, run over every backend.
 *
 * VMM_VHOST_VDPA=/dev/vhost-vdpa-N adds that device; it must be idle. Nothing
 * here moves data: control path alone.
 */
#include "tests/support/backend_bench.h"
#include "tests/support/check_main.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <stdlib.h>
#include <string.h>

#define BIT64(bit) (1ULL << (bit))
#define PAGE       BENCH_PAGE
#define ALL_PAGES  (BENCH_MEMORY_SIZE / BENCH_PAGE)

START_TEST(an_identity_makes_sense)
{
    struct bench *bench = bench_open(_i);

    CLAIM(bench, bench->identity.device_id != 0);
    CLAIM(bench, bench->identity.num_queues >= 1);
    CLAIM(bench, is_power_of_two(bench->identity.max_queue_size));
    CLAIM(bench, bench->identity.first_iova < bench->identity.last_iova);
    bench_close(bench);
}
END_TEST

START_TEST(every_queue_has_a_size_up_to_the_largest)
{
    struct bench *bench = bench_open(_i);
    uint16_t largest = 0;

    for (uint16_t i = 0; i < bench->identity.num_queues; i++) {
        uint16_t size = 0;

        CLAIM_RESULT(
            bench, bench->ops->get_queue_max_size(bench->backend, i, &size), 0);
        CLAIM(bench, is_power_of_two(size));
        if (size > largest)
            largest = size;
    }
    CLAIM(bench, largest == bench->identity.max_queue_size);
    bench_close(bench);
}
END_TEST

START_TEST(a_queue_beyond_the_last_is_refused)
{
    struct bench *bench = bench_open(_i);
    struct vdpa_queue queue = bench_queue(bench, 0);
    uint16_t beyond = bench->identity.num_queues;
    uint16_t size = 7;
    void *page;

    bench_negotiate(bench);
    CLAIM_RESULT(bench,
                 bench->ops->get_queue_max_size(bench->backend, beyond, &size),
                 -EINVAL);
    CLAIM(bench, size == 7);
    CLAIM_RESULT(bench, bench_set_queue(bench, beyond, queue), -EINVAL);
    CLAIM_RESULT(bench, bench->ops->enable_queue(bench->backend, beyond, true),
                 -EINVAL);
    CLAIM_RESULT(bench, bench_set_queue(bench, UINT16_MAX, queue), -EINVAL);
    CLAIM_RESULT(bench, bench->ops->map_doorbell(bench->backend, beyond, &page),
                 -EINVAL);
    bench_close(bench);
}
END_TEST

START_TEST(a_doorbell_is_one_page_in_every_state)
{
    struct bench *bench = bench_open(_i);
    void *before = bench, *after = NULL;
    int result = bench->ops->map_doorbell(bench->backend, 0, &before);

    if (result == -ENOTSUP) {
        CLAIM(bench, before == bench);
        CLAIM(bench, bench->capture.lines == 0);
    } else {
        CLAIM_RESULT(bench, result, 0);
        CLAIM(bench, is_aligned((uintptr_t)before, PAGE));
        bench_negotiate(bench);
        CLAIM_RESULT(bench, bench->ops->map_doorbell(bench->backend, 0, &after),
                     0);
        CLAIM(bench, after == before);
        CLAIM_RESULT(bench, bench_set_status(bench, 0), 0);
        CLAIM_RESULT(bench, bench->ops->map_doorbell(bench->backend, 0, &after),
                     0);
        CLAIM(bench, after == before);
    }
    bench_close(bench);
}
END_TEST

START_TEST(a_device_opens_reset)
{
    struct bench *bench = bench_open(_i);

    CLAIM(bench, bench_status(bench) == 0);
    bench_close(bench);
}
END_TEST

START_TEST(status_bits_add_up)
{
    struct bench *bench = bench_open(_i);

    CLAIM_RESULT(bench, bench_set_status(bench, VIRTIO_CONFIG_S_ACKNOWLEDGE),
                 0);
    CLAIM(bench, bench_status(bench) == VIRTIO_CONFIG_S_ACKNOWLEDGE);
    CLAIM_RESULT(bench, bench_set_status(bench, BENCH_ACKNOWLEDGED), 0);
    CLAIM(bench, bench_status(bench) == BENCH_ACKNOWLEDGED);
    bench_close(bench);
}
END_TEST

START_TEST(status_bits_cannot_be_removed)
{
    struct bench *bench = bench_open(_i);

    CLAIM_RESULT(bench, bench_set_status(bench, BENCH_ACKNOWLEDGED), 0);
    CLAIM_RESULT(bench, bench_set_status(bench, VIRTIO_CONFIG_S_DRIVER),
                 -EINVAL);
    CLAIM(bench, bench_status(bench) == BENCH_ACKNOWLEDGED);
    bench_close(bench);
}
END_TEST

START_TEST(status_zero_resets)
{
    struct bench *bench = bench_open(_i);

    bench_negotiate(bench);
    CLAIM_RESULT(bench, bench_set_status(bench, 0), 0);
    CLAIM(bench, bench_status(bench) == 0);
    bench_close(bench);
}
END_TEST

START_TEST(features_that_are_not_offered_are_refused)
{
    struct bench *bench = bench_open(_i);
    uint64_t missing = ~bench_offered(bench);

    CLAIM(bench, missing != 0);
    missing &= ~missing + 1; /* lowest such bit */
    CLAIM_RESULT(bench, bench_set_status(bench, BENCH_ACKNOWLEDGED), 0);
    CLAIM_RESULT(
        bench, bench_set_features(bench, bench_basic_features(bench) | missing),
        -EINVAL);
    CLAIM_RESULT(bench, bench_set_features(bench, bench_basic_features(bench)),
                 0);
    bench_close(bench);
}
END_TEST

START_TEST(features_without_access_platform_are_refused)
{
    struct bench *bench = bench_open(_i);

    if (bench_offered(bench) & BIT64(VIRTIO_F_ACCESS_PLATFORM)) {
        CLAIM_RESULT(bench, bench_set_status(bench, BENCH_ACKNOWLEDGED), 0);
        CLAIM_RESULT(bench,
                     bench_set_features(bench, BIT64(VIRTIO_F_VERSION_1)),
                     -EINVAL);
        CLAIM_RESULT(bench, bench_set_features(bench, 0), -EINVAL);
    }
    bench_close(bench);
}
END_TEST

START_TEST(features_may_change_until_features_ok)
{
    struct bench *bench = bench_open(_i);
    uint64_t features = bench_basic_features(bench);

    CLAIM_RESULT(bench, bench_set_status(bench, BENCH_ACKNOWLEDGED), 0);
    CLAIM_RESULT(bench, bench_set_features(bench, features), 0);
    CLAIM_RESULT(bench, bench_set_features(bench, features), 0);
    CLAIM_RESULT(bench, bench_set_status(bench, BENCH_NEGOTIATED), 0);
    CLAIM_RESULT(bench, bench_set_features(bench, features), -EBUSY);
    bench_close(bench);
}
END_TEST

START_TEST(features_may_change_after_a_reset)
{
    struct bench *bench = bench_open(_i);

    bench_negotiate(bench);
    CLAIM_RESULT(bench, bench_set_status(bench, 0), 0);
    bench_negotiate(bench);
    bench_close(bench);
}
END_TEST

START_TEST(configuration_reads_the_same_in_parts)
{
    struct bench *bench = bench_open(_i);
    uint32_t size = bench->identity.config_size;
    uint8_t *whole = calloc(1, size + 1);
    uint8_t part = 0;

    ck_assert_ptr_nonnull(whole);
    CLAIM(bench, size > 0);
    CLAIM_RESULT(bench, bench->ops->get_config(bench->backend, 0, whole, size),
                 0);
    for (uint32_t i = 0; i < size; i++) {
        CLAIM_RESULT(bench, bench->ops->get_config(bench->backend, i, &part, 1),
                     0);
        CLAIM(bench, part == whole[i]);
    }
    free(whole);
    bench_close(bench);
}
END_TEST

START_TEST(configuration_ends_at_its_size)
{
    struct bench *bench = bench_open(_i);
    uint32_t size = bench->identity.config_size;
    uint8_t bytes[4] = {1, 2, 3, 4};
    const uint8_t before[4] = {1, 2, 3, 4};

    CLAIM_RESULT(bench,
                 bench->ops->get_config(bench->backend, size - 3, bytes, 4),
                 -EINVAL);
    CLAIM_RESULT(bench, bench->ops->get_config(bench->backend, size, bytes, 1),
                 -EINVAL);
    CLAIM_RESULT(bench,
                 bench->ops->get_config(bench->backend, UINT32_MAX, bytes, 4),
                 -EINVAL);
    CLAIM(bench, memcmp(bytes, before, sizeof(bytes)) == 0);
    CLAIM_RESULT(bench,
                 bench->ops->set_config(bench->backend, size - 3, bytes, 4),
                 -EINVAL);
    CLAIM_RESULT(bench,
                 bench->ops->set_config(bench->backend, UINT32_MAX, bytes, 4),
                 -EINVAL);
    bench_close(bench);
}
END_TEST

START_TEST(a_configuration_call_may_be_set_and_taken_back)
{
    struct bench *bench = bench_open(_i);

    bench_negotiate(bench);
    CLAIM_RESULT(
        bench, bench->ops->set_config_call(bench->backend, bench->call_fds[0]),
        0);
    CLAIM_RESULT(bench, bench->ops->set_config_call(bench->backend, -1), 0);
    bench_close(bench);
}
END_TEST

START_TEST(a_range_may_be_mapped_again_after_unmap)
{
    struct bench *bench = bench_open(_i);

    CLAIM_RESULT(bench, bench_map(bench, bench_pages(bench, 0, 2)), 0);
    CLAIM_RESULT(bench, bench_unmap(bench, bench_pages(bench, 0, 2)), 0);
    CLAIM_RESULT(bench, bench_map(bench, bench_pages(bench, 1, 2)), 0);
    CLAIM_RESULT(bench, bench_unmap(bench, bench_pages(bench, 1, 2)), 0);
    bench_close(bench);
}
END_TEST

START_TEST(mappings_may_touch)
{
    struct bench *bench = bench_open(_i);
    const struct vdpa_mapping mappings[] = {bench_pages(bench, 1, 2),
                                            bench_pages(bench, 0, 1),
                                            bench_pages(bench, 3, 4)};

    CLAIM_RESULT(
        bench, bench->ops->map(bench->backend, mappings, ARRAY_SIZE(mappings)),
        0);
    CLAIM_RESULT(
        bench,
        bench->ops->unmap(bench->backend, mappings, ARRAY_SIZE(mappings)), 0);
    bench_close(bench);
}
END_TEST

START_TEST(mappings_may_not_overlap)
{
    struct bench *bench = bench_open(_i);

    CLAIM_RESULT(bench, bench_map(bench, bench_pages(bench, 2, 4)), 0);
    CLAIM_RESULT(bench, bench_map(bench, bench_pages(bench, 2, 4)), -EEXIST);
    CLAIM_RESULT(bench, bench_map(bench, bench_pages(bench, 5, 1)), -EEXIST);
    CLAIM_RESULT(bench, bench_map(bench, bench_pages(bench, 0, 3)), -EEXIST);
    CLAIM_RESULT(bench, bench_map(bench, bench_pages(bench, 0, 9)), -EEXIST);
    CLAIM_RESULT(bench, bench_map(bench, bench_pages(bench, 0, 2)), 0);
    bench_close(bench);
}
END_TEST

START_TEST(mapping_is_all_or_nothing)
{
    struct bench *bench = bench_open(_i);
    const struct vdpa_mapping mappings[] = {bench_pages(bench, 0, 2),
                                            bench_pages(bench, 4, 2),
                                            bench_pages(bench, 5, 2)};

    CLAIM_RESULT(
        bench, bench->ops->map(bench->backend, mappings, ARRAY_SIZE(mappings)),
        -EEXIST);
    CLAIM_RESULT(bench, bench_unmap(bench, mappings[0]), -ENOENT);
    CLAIM_RESULT(bench, bench->ops->map(bench->backend, mappings, 2), 0);
    bench_close(bench);
}
END_TEST

START_TEST(mappings_are_whole_pages)
{
    struct bench *bench = bench_open(_i);
    struct vdpa_mapping mapping = bench_pages(bench, 0, 0);

    CLAIM_RESULT(bench, bench_map(bench, mapping), -EINVAL);
    mapping = bench_pages(bench, 0, 2);
    mapping.size -= 1;
    CLAIM_RESULT(bench, bench_map(bench, mapping), -EINVAL);
    mapping = bench_pages(bench, 0, 2);
    mapping.iova += 8;
    CLAIM_RESULT(bench, bench_map(bench, mapping), -EINVAL);
    mapping = bench_pages(bench, 0, 2);
    mapping.host = bench->memory + 8;
    CLAIM_RESULT(bench, bench_map(bench, mapping), -EINVAL);
    bench_close(bench);
}
END_TEST

START_TEST(mappings_stay_where_the_device_reaches)
{
    struct bench *bench = bench_open(_i);
    struct vdpa_mapping mapping = bench_pages(bench, 0, 2);

    mapping.iova = align_down(bench->identity.last_iova, PAGE);
    CLAIM_RESULT(bench, bench_map(bench, mapping), -ERANGE);
    mapping = bench_pages(bench, 0, 1);
    if (mapping.iova >= PAGE) {
        mapping.iova -= PAGE;
        CLAIM_RESULT(bench, bench_map(bench, mapping), -ERANGE);
    }
    bench_close(bench);
}
END_TEST

START_TEST(only_what_was_mapped_is_unmapped)
{
    struct bench *bench = bench_open(_i);
    const struct vdpa_mapping twice[] = {bench_pages(bench, 0, 4),
                                         bench_pages(bench, 0, 4)};

    CLAIM_RESULT(bench, bench_unmap(bench, bench_pages(bench, 0, 4)), -ENOENT);
    CLAIM_RESULT(bench, bench_map(bench, bench_pages(bench, 0, 4)), 0);
    CLAIM_RESULT(bench, bench_unmap(bench, bench_pages(bench, 0, 2)), -ENOENT);
    CLAIM_RESULT(bench, bench_unmap(bench, bench_pages(bench, 0, 5)), -ENOENT);
    CLAIM_RESULT(bench, bench->ops->unmap(bench->backend, twice, 2), -ENOENT);
    CLAIM_RESULT(bench, bench_unmap(bench, bench_pages(bench, 0, 4)), 0);
    bench_close(bench);
}
END_TEST

START_TEST(mappings_survive_a_reset)
{
    struct bench *bench = bench_open(_i);

    CLAIM_RESULT(bench, bench_map(bench, bench_pages(bench, 0, 4)), 0);
    CLAIM_RESULT(bench, bench_set_status(bench, BENCH_ACKNOWLEDGED), 0);
    CLAIM_RESULT(bench, bench_set_status(bench, 0), 0);
    CLAIM_RESULT(bench, bench_map(bench, bench_pages(bench, 0, 4)), -EEXIST);
    CLAIM_RESULT(bench, bench_unmap(bench, bench_pages(bench, 0, 4)), 0);
    bench_close(bench);
}
END_TEST

START_TEST(queue_sizes_are_powers_of_two_up_to_the_largest)
{
    struct bench *bench = bench_open(_i);
    struct vdpa_queue queue = bench_queue(bench, 0);
    uint16_t largest = 0;

    CLAIM_RESULT(
        bench, bench->ops->get_queue_max_size(bench->backend, 0, &largest), 0);
    bench_negotiate(bench);
    queue.size = 0;
    CLAIM_RESULT(bench, bench_set_queue(bench, 0, queue), -EINVAL);
    queue.size = 3;
    CLAIM_RESULT(bench, bench_set_queue(bench, 0, queue), -EINVAL);
    queue.size = (uint16_t)(largest * 2);
    CLAIM_RESULT(bench, bench_set_queue(bench, 0, queue), -EINVAL);
    queue.size = largest;
    CLAIM_RESULT(bench, bench_set_queue(bench, 0, queue), 0);
    bench_close(bench);
}
END_TEST

START_TEST(misaligned_rings_are_refused)
{
    struct bench *bench = bench_open(_i);
    struct vdpa_queue queue = bench_queue(bench, 0);

    bench_negotiate(bench);
    queue.desc_iova += 8;
    CLAIM_RESULT(bench, bench_set_queue(bench, 0, queue), -EINVAL);
    queue = bench_queue(bench, 0);
    queue.driver_iova += 1;
    CLAIM_RESULT(bench, bench_set_queue(bench, 0, queue), -EINVAL);
    queue = bench_queue(bench, 0);
    queue.device_iova += 2;
    CLAIM_RESULT(bench, bench_set_queue(bench, 0, queue), -EINVAL);
    bench_close(bench);
}
END_TEST

/* Or says that it cannot tell. */
START_TEST(a_queue_stands_where_it_was_set)
{
    struct bench *bench = bench_open(_i);
    uint32_t position = 7;
    int error;

    bench_negotiate(bench);
    CLAIM_RESULT(bench, bench_set_queue(bench, 0, bench_queue(bench, 0)), 0);
    error = bench->ops->get_queue_position(bench->backend, 0, &position);
    CLAIM(bench, error ? error == -EOPNOTSUPP && position == 7 : position == 0);
    CLAIM_RESULT(bench,
                 bench->ops->get_queue_position(
                     bench->backend, bench->identity.num_queues, &position),
                 -EINVAL);
    bench_close(bench);
}
END_TEST

START_TEST(a_device_that_nobody_took_away_is_not_removed)
{
    struct bench *bench = bench_open(_i);

    CLAIM(bench, !bench->ops->is_removed(bench->backend));
    CLAIM_RESULT(bench, bench_map(bench, bench_pages(bench, 0, ALL_PAGES)), 0);
    bench_bring_up(bench);
    CLAIM(bench, !bench->ops->is_removed(bench->backend));
    CLAIM(bench, bench->ops->get_node_fd(bench->backend) >= -1);
    bench_close(bench);
}
END_TEST

START_TEST(a_device_runs_resets_and_runs_again)
{
    struct bench *bench = bench_open(_i);

    CLAIM_RESULT(bench, bench_map(bench, bench_pages(bench, 0, ALL_PAGES)), 0);
    bench_bring_up(bench);
    CLAIM_RESULT(bench, bench_set_status(bench, 0), 0);
    CLAIM(bench, bench_status(bench) == 0);
    bench_bring_up(bench);
    bench_close(bench); /* while it runs */
}
END_TEST

START_TEST(memory_may_be_added_while_the_device_runs)
{
    struct bench *bench = bench_open(_i);
    uint64_t half = ALL_PAGES / 2;

    CLAIM_RESULT(bench, bench_map(bench, bench_pages(bench, 0, half)), 0);
    bench_bring_up(bench);
    CLAIM_RESULT(bench, bench_map(bench, bench_pages(bench, half, half)), 0);
    CLAIM(bench, bench_status(bench) == BENCH_RUNNING);
    bench_close(bench);
}
END_TEST

START_TEST(a_real_device_keeps_the_contract)
{
    skip_test("a_real_device_keeps_the_contract: VMM_VHOST_VDPA does not name "
              "an idle /dev/vhost-vdpa-N");
}
END_TEST

static void add_tests(TCase *tcase)
{
    const TTest *const claims[] = {
        an_identity_makes_sense,
        every_queue_has_a_size_up_to_the_largest,
        a_queue_beyond_the_last_is_refused,
        a_doorbell_is_one_page_in_every_state,
        a_device_opens_reset,
        status_bits_add_up,
        status_bits_cannot_be_removed,
        status_zero_resets,
        features_that_are_not_offered_are_refused,
        features_without_access_platform_are_refused,
        features_may_change_until_features_ok,
        features_may_change_after_a_reset,
        configuration_reads_the_same_in_parts,
        configuration_ends_at_its_size,
        a_configuration_call_may_be_set_and_taken_back,
        a_range_may_be_mapped_again_after_unmap,
        mappings_may_touch,
        mappings_may_not_overlap,
        mapping_is_all_or_nothing,
        mappings_are_whole_pages,
        mappings_stay_where_the_device_reaches,
        only_what_was_mapped_is_unmapped,
        mappings_survive_a_reset,
        queue_sizes_are_powers_of_two_up_to_the_largest,
        misaligned_rings_are_refused,
        a_queue_stands_where_it_was_set,
        a_device_that_nobody_took_away_is_not_removed,
        a_device_runs_resets_and_runs_again,
        memory_may_be_added_while_the_device_runs,
    };

    for (size_t i = 0; i < ARRAY_SIZE(claims); i++)
        tcase_add_loop_test(tcase, claims[i], 0, bench_count());
    if (!bench_has_real_device())
        tcase_add_test(tcase, a_real_device_keeps_the_contract);
}

int main(void)
{
    return check_main("contract", add_tests);
}
