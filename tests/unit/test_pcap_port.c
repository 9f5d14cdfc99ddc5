/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_pcap_port.c: what passes a port is in the file, and passes.
 */
#include "vdpa/pcap_port.h"

#include "tests/support/check_main.h"
#include "tests/support/echo_port.h"
#include "tests/support/log_capture.h"
#include "tests/support/port_bed.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static struct port_bed bed;
static struct log_capture capture;
static struct frame_port *echo;
static char path[64];
static uint8_t big[FRAME_PORT_MAX_SIZE];

struct record {
    uint32_t seconds, nanoseconds, captured, size;
};

static void start_bed(void)
{
    struct frame_port *port;

    snprintf(path, sizeof(path), "/tmp/test_pcap_port.%d", getpid());
    echo = echo_port_open();
    ck_assert_int_eq(pcap_port_open(path, echo, &port), 0);
    ck_assert_int_eq(port_bed_start(&bed, port, 1500), 0);
}

static void stop_bed(void)
{
    port_bed_close(&bed);
    unlink(path);
}

static FILE *open_frames(void)
{
    uint32_t header[6];
    FILE *file = fopen(path, "re");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fread(header, sizeof(header), 1, file), 1);
    ck_assert_uint_eq(header[0], 0xa1b23c4d);
    ck_assert_uint_eq(header[1], 2 | 4 << 16);
    ck_assert_uint_ge(header[4], FRAME_PORT_MAX_SIZE);
    ck_assert_uint_eq(header[5], 1);
    return file;
}

static void expect_frame(FILE *file, const void *frame, size_t size)
{
    static uint8_t bytes[FRAME_PORT_MAX_SIZE];
    struct record record;

    ck_assert_uint_eq(fread(&record, sizeof(record), 1, file), 1);
    ck_assert_int_le(llabs((long long)time(NULL) - record.seconds), 60);
    ck_assert_uint_lt(record.nanoseconds, 1000000000);
    ck_assert_uint_eq(record.size, size);
    ck_assert_uint_eq(record.captured, size);
    ck_assert_uint_eq(fread(bytes, size, 1, file), 1);
    ck_assert_mem_eq(bytes, frame, size);
}

static void expect_end(FILE *file)
{
    ck_assert_int_eq(fgetc(file), EOF);
    fclose(file);
}

START_TEST(frames_of_both_directions_are_in_the_file)
{
    const struct port_bed_frame *back;
    FILE *file;

    start_bed();
    file = open_frames();
    expect_end(file);
    port_bed_send(&bed, NULL, "a frame of some bytes", 21);
    back = port_bed_next(&bed, 1000);
    ck_assert_ptr_nonnull(back);
    ck_assert_mem_eq(back->bytes, "a frame of some bytes", 21);
    file = open_frames();
    expect_frame(file, "a frame of some bytes", 21);
    expect_frame(file, "a frame of some bytes", 21);
    expect_end(file);
    stop_bed();
}
END_TEST

START_TEST(large_frames_are_there_as_a_whole)
{
    const struct virtio_net_hdr header = {.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
                                          .gso_size = 1460};
    const struct port_bed_frame *back;
    FILE *file;

    start_bed();
    memset(big, 0x5a, sizeof(big));
    port_bed_send(&bed, &header, big, sizeof(big));
    back = port_bed_next(&bed, 1000);
    ck_assert_ptr_nonnull(back);
    ck_assert_mem_eq(&back->header, &header, sizeof(header));
    file = open_frames();
    expect_frame(file, big, sizeof(big));
    expect_frame(file, big, sizeof(big));
    expect_end(file);
    stop_bed();
}
END_TEST

START_TEST(a_frame_that_waits_for_room_is_there_once)
{
    FILE *file;

    start_bed();
    bed.room = 0;
    port_bed_send(&bed, NULL, "waits", 5);
    ck_assert_uint_gt(bed.refused, 0);
    file = open_frames();
    expect_frame(file, "waits", 5);
    expect_end(file);
    port_bed_make_room(&bed, 1);
    file = open_frames();
    expect_frame(file, "waits", 5);
    expect_frame(file, "waits", 5);
    expect_end(file);
    stop_bed();
}
END_TEST

START_TEST(the_port_looks_like_the_one_behind)
{
    start_bed();
    ck_assert_str_eq(bed.port->name, echo->name);
    ck_assert_uint_eq(bed.port->send_offloads, echo->send_offloads);
    ck_assert_uint_eq(bed.port->receive_offloads, echo->receive_offloads);
    ck_assert_uint_eq(bed.port->max_mtu, echo->max_mtu);
    ck_assert(bed.port->link_is_up);
    echo_port_set_link(echo, false);
    ck_assert(!bed.port->link_is_up);
    ck_assert(!bed.is_up);
    ck_assert_uint_eq(bed.link_changes, 1);
    stop_bed();
}
END_TEST

START_TEST(files_that_cannot_be_written_are_refused)
{
    static const char *const paths[] = {"/none/file", "/tmp", "/dev/full"};

    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        struct frame_port *port;

        log_capture_start(&capture);
        ck_assert_int_lt(pcap_port_open(paths[i], echo_port_open(), &port), 0);
        log_capture_stop();
        ck_assert_uint_eq(capture.lines, 1);
        ck_assert_ptr_nonnull(strstr(capture.last, paths[i]));
        ck_assert_ptr_nonnull(strstr(capture.last, "can be written"));
    }
}
END_TEST

START_TEST(a_full_file_ends_the_capture_alone)
{
    struct rlimit limit, old;
    FILE *file;

    signal(SIGXFSZ, SIG_IGN);
    start_bed();
    log_capture_start(&capture);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = (struct rlimit){150, old.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    memset(big, 0x5a, 100);
    for (unsigned i = 0; i < 3; i++) {
        port_bed_send(&bed, NULL, big, 100);
        ck_assert_ptr_nonnull(port_bed_next(&bed, 1000));
    }
    log_capture_stop();
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_ptr_nonnull(strstr(capture.last, "no more frames"));
    file = open_frames();
    expect_frame(file, big, 100);
    fclose(file);
    stop_bed();
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, frames_of_both_directions_are_in_the_file);
    tcase_add_test(tcase, large_frames_are_there_as_a_whole);
    tcase_add_test(tcase, a_frame_that_waits_for_room_is_there_once);
    tcase_add_test(tcase, the_port_looks_like_the_one_behind);
    tcase_add_test(tcase, files_that_cannot_be_written_are_refused);
    tcase_add_test(tcase, a_full_file_ends_the_capture_alone);
}

int main(void)
{
    return check_main("pcap_port", add_tests);
}
