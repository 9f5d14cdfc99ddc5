/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_peer_port.c: two ports on one cable, each on a loop of its own, and a
 * peer that is no VM of ours.
 */
#include "vdpa/peer_port.h"

#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/loop_steps.h"
#include "tests/support/open_fds.h"
#include "tests/support/port_bed.h"
#include "tests/support/temp_tree.h"
#include "vmm/fd.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define TIMEOUT_MS  5000
#define QUIET_MS    50
#define HEADER_SIZE 12

static struct temp_tree tree;
static char path[128];
static struct port_bed first, second;
static struct log_capture capture;
static uint8_t frame[70000];

static struct sockaddr_un address_of_link(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, path, strlen(path));
    return address;
}

static void setup(void)
{
    temp_tree_init(&tree);
    (void)snprintf(path, sizeof(path), "%s/link", tree.root);
    for (size_t i = 0; i < sizeof(frame); i++)
        frame[i] = (uint8_t)(i * 5);
}

static void teardown(void)
{
    temp_tree_destroy(&tree);
}

/* ---- Opening while another's loop runs ---- */

struct runner {
    struct port_bed *bed;
    pthread_t thread;
    atomic_bool done;
};

static void *run(void *argument)
{
    struct runner *runner = argument;

    while (!atomic_load(&runner->done))
        port_bed_serve(runner->bed, 1);
    return NULL;
}

static int open_port(struct frame_port **port)
{
    const struct peer_port_options options = {.name = "net0", .path = path};

    *port = NULL;
    return peer_port_open(&options, port);
}

/* Opens one while `bed` serves its loop, as in another process. */
static int open_beside(struct port_bed *bed, struct frame_port **port)
{
    struct runner runner = {.bed = bed};
    int error;

    ck_assert_int_eq(pthread_create(&runner.thread, NULL, run, &runner), 0);
    error = open_port(port);
    atomic_store(&runner.done, true);
    ck_assert_int_eq(pthread_join(runner.thread, NULL), 0);
    return error;
}

static void start_first(void)
{
    struct frame_port *port;

    ck_assert_int_eq(open_port(&port), 0);
    ck_assert(!port->link_is_up);
    ck_assert_int_eq(port_bed_start(&first, port, 1500), 0);
}

static void start_both(void)
{
    struct frame_port *port;

    start_first();
    ck_assert_int_eq(open_beside(&first, &port), 0);
    ck_assert(port->link_is_up);
    ck_assert_int_eq(port_bed_start(&second, port, 1500), 0);
    ck_assert_uint_eq(first.link_changes, 1);
    ck_assert(first.is_up);
}

static void close_both(void)
{
    port_bed_close(&second);
    port_bed_close(&first);
}

/* ---- Two VMs ---- */

START_TEST(frames_go_both_ways)
{
    const struct port_bed_frame *received;

    start_both();
    port_bed_send(&first, NULL, frame, 60);
    received = port_bed_next(&second, TIMEOUT_MS);
    ck_assert_ptr_nonnull(received);
    ck_assert_uint_eq(received->size, 60);
    ck_assert_mem_eq(received->bytes, frame, 60);
    port_bed_send(&second, NULL, frame, 1514);
    received = port_bed_next(&first, TIMEOUT_MS);
    ck_assert_ptr_nonnull(received);
    ck_assert_uint_eq(received->size, 1514);
    ck_assert_mem_eq(received->bytes, frame, 1514);
    ck_assert_uint_eq(received->header.flags, 0);
    close_both();
}
END_TEST

START_TEST(checksum_is_completed_for_a_guest_that_does_not_take_it)
{
    const struct virtio_net_hdr header = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                                          .csum_start = 20,
                                          .csum_offset = 6};
    const struct port_bed_frame *received;

    start_both();
    port_bed_send(&first, &header, frame, 60);
    received = port_bed_next(&second, TIMEOUT_MS);
    ck_assert_ptr_nonnull(received);
    ck_assert_uint_eq(received->header.flags, 0);
    ck_assert_int_ne(memcmp(received->bytes + 26, frame + 26, 2), 0);
    second.port->ops->set_offloads(second.port, FRAME_OFFLOAD_CHECKSUM);
    port_bed_send(&first, &header, frame, 60);
    received = port_bed_next(&second, TIMEOUT_MS);
    ck_assert_ptr_nonnull(received);
    ck_assert_uint_eq(received->header.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
    ck_assert_uint_eq(received->header.csum_start, 20);
    ck_assert_uint_eq(received->header.csum_offset, 6);
    ck_assert_mem_eq(received->bytes, frame, 60);
    close_both();
}
END_TEST

START_TEST(largest_frame_passes)
{
    const struct port_bed_frame *received;
    struct frame_port *port;

    ck_assert_int_eq(open_port(&port), 0);
    ck_assert_int_eq(port_bed_start(&first, port, 65535), 0);
    ck_assert_int_eq(open_beside(&first, &port), 0);
    ck_assert_int_eq(port_bed_start(&second, port, 65535), 0);
    port_bed_send(&first, NULL, frame, FRAME_PORT_MAX_SIZE);
    received = port_bed_next(&second, TIMEOUT_MS);
    ck_assert_ptr_nonnull(received);
    ck_assert_uint_eq(received->size, FRAME_PORT_MAX_SIZE);
    ck_assert_mem_eq(received->bytes, frame, FRAME_PORT_MAX_SIZE);
    close_both();
}
END_TEST

START_TEST(frames_to_an_absent_peer_are_dropped)
{
    start_first();
    for (unsigned i = 0; i < 1000; i++)
        port_bed_send(&first, NULL, frame, 1514);
    ck_assert_uint_eq(first.link_changes, 0);
    port_bed_close(&first);
}
END_TEST

START_TEST(peer_that_does_not_read_stops_nobody)
{
    start_both();
    for (unsigned i = 0; i < 20000; i++)
        port_bed_send(&first, NULL, frame, 1514);
    ck_assert_ptr_nonnull(port_bed_next(&second, TIMEOUT_MS));
    close_both();
}
END_TEST

START_TEST(frames_wait_for_a_guest_without_room)
{
    const struct port_bed_frame *received;

    start_both();
    second.room = 3;
    for (unsigned i = 0; i < 20; i++) {
        frame[14] = (uint8_t)i;
        port_bed_send(&first, NULL, frame, 60);
    }
    port_bed_serve(&second, QUIET_MS);
    ck_assert_uint_eq(second.num_frames, 3);
    ck_assert_uint_eq(second.refused, 1);
    ck_assert_uint_eq(loop_serve_ready(&second.loop), 0);
    port_bed_make_room(&second, 100);
    for (unsigned i = 0; i < 20; i++) {
        received = port_bed_next(&second, TIMEOUT_MS);
        ck_assert_ptr_nonnull(received);
        ck_assert_uint_eq(received->bytes[14], i);
    }
    close_both();
}
END_TEST

/* ---- Coming and going ---- */

START_TEST(link_is_down_until_the_second_comes_back)
{
    struct frame_port *port;

    start_both();
    port_bed_close(&second);
    port_bed_serve(&first, QUIET_MS);
    ck_assert_uint_eq(first.link_changes, 2);
    ck_assert(!first.is_up);
    ck_assert(!first.port->link_is_up);
    port_bed_send(&first, NULL, frame, 60);
    ck_assert_int_eq(open_beside(&first, &port), 0);
    ck_assert_int_eq(port_bed_start(&second, port, 1500), 0);
    ck_assert(first.is_up);
    port_bed_send(&first, NULL, frame, 60);
    ck_assert_ptr_nonnull(port_bed_next(&second, TIMEOUT_MS));
    close_both();
}
END_TEST

START_TEST(second_takes_the_place_of_a_first_that_leaves)
{
    struct frame_port *port;

    start_both();
    port_bed_close(&first);
    port_bed_serve(&second, QUIET_MS);
    ck_assert_uint_eq(second.link_changes, 1);
    ck_assert(!second.is_up);
    /* Now it is the one that listens. */
    ck_assert_int_eq(open_beside(&second, &port), 0);
    ck_assert_int_eq(port_bed_start(&first, port, 1500), 0);
    ck_assert(second.is_up);
    port_bed_send(&first, NULL, frame, 60);
    ck_assert_ptr_nonnull(port_bed_next(&second, TIMEOUT_MS));
    close_both();
}
END_TEST

START_TEST(third_is_refused_and_told_why)
{
    struct frame_port *port;

    start_both();
    log_capture_start(&capture);
    ck_assert_int_eq(open_beside(&first, &port), -EBUSY);
    log_capture_stop();
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_ptr_nonnull(strstr(capture.last, "links two VMs already"));
    /* The two did not notice. */
    port_bed_serve(&first, QUIET_MS);
    port_bed_serve(&second, QUIET_MS);
    ck_assert_uint_eq(first.link_changes, 1);
    port_bed_send(&first, NULL, frame, 60);
    ck_assert_ptr_nonnull(port_bed_next(&second, TIMEOUT_MS));
    close_both();
}
END_TEST

START_TEST(first_that_is_slow_to_start_is_met_later)
{
    struct frame_port *port;

    start_first();
    /* Nobody serves its loop: opening does not wait for it forever. */
    ck_assert_int_eq(open_port(&port), 0);
    ck_assert(!port->link_is_up);
    ck_assert_int_eq(port_bed_start(&second, port, 1500), 0);
    port_bed_serve(&first, QUIET_MS);
    port_bed_serve(&second, QUIET_MS);
    ck_assert(first.is_up);
    ck_assert(second.is_up);
    close_both();
}
END_TEST

START_TEST(closing_leaves_neither_file_nor_descriptor)
{
    unsigned before = count_open_fds();
    struct stat file;

    start_both();
    ck_assert_int_eq(stat(path, &file), 0);
    ck_assert_uint_eq(file.st_mode & 0777, 0600);
    close_both();
    ck_assert_int_ne(stat(path, &file), 0);
    ck_assert_uint_eq(count_open_fds(), before);
}
END_TEST

START_TEST(socket_of_a_crashed_vm_is_replaced)
{
    struct sockaddr_un address = address_of_link();
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close_fd(&fd);
    start_both();
    close_both();
}
END_TEST

START_TEST(file_that_is_no_socket_is_left_alone)
{
    struct frame_port *port;
    struct stat file;

    temp_tree_add_file(&tree, "link", "precious");
    log_capture_start(&capture);
    ck_assert_int_eq(open_port(&port), -EEXIST);
    log_capture_stop();
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_ptr_nonnull(strstr(capture.last, "no socket"));
    ck_assert_int_eq(stat(path, &file), 0);
    ck_assert_int_eq(file.st_size, 8);
}
END_TEST

START_TEST(wrong_paths_are_refused)
{
    struct frame_port *port;

    log_capture_start(&capture);
    (void)snprintf(path, sizeof(path), "%s/absent/link", tree.root);
    ck_assert_int_eq(open_port(&port), -ENOENT);
    path[0] = '\0';
    ck_assert_int_eq(open_port(&port), -EINVAL);
    memset(path, 'x', 108);
    path[108] = '\0';
    ck_assert_int_eq(open_port(&port), -EINVAL);
    log_capture_stop();
    ck_assert_uint_eq(capture.lines, 3);
}
END_TEST

/* Opens, and serves until the link is up. */
static void *come_up(void *argument)
{
    struct port_bed *bed = argument;
    struct frame_port *port;

    ck_assert_int_eq(open_port(&port), 0);
    ck_assert_int_eq(port_bed_start(bed, port, 1500), 0);
    for (unsigned i = 0; i < TIMEOUT_MS && !port->link_is_up; i++)
        port_bed_serve(bed, 1);
    return NULL;
}

START_TEST(two_that_come_at_once_agree_on_who_is_first)
{
    for (unsigned i = 0; i < 20; i++) {
        pthread_t threads[2];

        ck_assert_int_eq(pthread_create(&threads[0], NULL, come_up, &first), 0);
        ck_assert_int_eq(pthread_create(&threads[1], NULL, come_up, &second),
                         0);
        ck_assert_int_eq(pthread_join(threads[0], NULL), 0);
        ck_assert_int_eq(pthread_join(threads[1], NULL), 0);
        ck_assert(first.port->link_is_up);
        ck_assert(second.port->link_is_up);
        port_bed_close(i % 2 ? &first : &second);
        port_bed_close(i % 2 ? &second : &first);
    }
}
END_TEST

/* ---- A peer that is no VM of ours ---- */

static int connect_stranger(void)
{
    struct sockaddr_un address = address_of_link();
    char greeting[32];
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)),
                     0);
    port_bed_serve(&first, QUIET_MS);
    ck_assert_int_gt(recv(fd, greeting, sizeof(greeting), 0), 0);
    ck_assert(first.is_up);
    return fd;
}

START_TEST(messages_that_are_no_frames_are_dropped)
{
    static const uint8_t wrong_headers[][HEADER_SIZE] = {
        {1, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, /* checksum outside */
        {1, 0, 0, 0, 0, 0, 50, 0, 9, 0},            /* by one byte */
        {1, 1, 54, 0, 100, 0, 34, 0, 16, 0},        /* TSO */
        {0, 5, 0, 0, 0, 0, 0, 0, 0, 0},
        {0, 0xff, 0, 0, 0, 0, 0, 0, 0, 0},
    };
    static uint8_t message[HEADER_SIZE + sizeof(frame)];
    int fd;

    start_first();
    fd = connect_stranger();
    log_capture_start(&capture);
    for (unsigned i = 0; i < ARRAY_SIZE(wrong_headers); i++) {
        memset(message, 0, sizeof(message));
        memcpy(message, wrong_headers[i], HEADER_SIZE);
        ck_assert_int_eq(send(fd, message, HEADER_SIZE + 60, 0),
                         HEADER_SIZE + 60);
    }
    memset(message, 0, sizeof(message));
    for (size_t size = 1; size < HEADER_SIZE + 14; size++)
        ck_assert_int_eq(send(fd, message, size, 0), (ssize_t)size);
    ck_assert_int_gt(send(fd, message, HEADER_SIZE + 1519, 0), 0);
    ck_assert_int_gt(send(fd, message, sizeof(message), 0), 0);
    /* Flags of a frame that only a device may set are taken off. */
    message[0] = 0xfe;
    ck_assert_int_gt(send(fd, message, HEADER_SIZE + 60, 0), 0);
    port_bed_serve(&first, QUIET_MS);
    log_capture_stop();
    ck_assert_uint_eq(first.num_frames, 1);
    ck_assert_uint_eq(first.frames[0].header.flags, 0);
    ck_assert_uint_eq(first.frames[0].size, 60);
    ck_assert_uint_gt(capture.lines, 0);
    ck_assert_uint_le(capture.lines, 10);
    close_fd(&fd);
    port_bed_close(&first);
}
END_TEST

START_TEST(empty_message_ends_the_link)
{
    int fd;

    start_first();
    fd = connect_stranger();
    ck_assert_int_eq(send(fd, "", 0, 0), 0);
    port_bed_serve(&first, QUIET_MS);
    ck_assert(!first.is_up);
    close_fd(&fd);
    port_bed_close(&first);
}
END_TEST

START_TEST(listener_that_speaks_another_language_is_refused)
{
    struct sockaddr_un address = address_of_link();
    int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), fd;
    struct frame_port *port;

    ck_assert_int_eq(
        bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(open_port(&port), 0);
    fd = accept(listener, NULL, NULL);
    ck_assert_int_eq(port_bed_start(&second, port, 1500), 0);
    log_capture_start(&capture);
    ck_assert_int_eq(send(fd, "HTTP", 4, 0), 4);
    port_bed_serve(&second, QUIET_MS);
    log_capture_stop();
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_ptr_nonnull(strstr(capture.last, "something else"));
    ck_assert(!second.is_up);
    port_bed_send(&second, NULL, frame, 60);
    port_bed_close(&second);
    close_fd(&fd);
    close_fd(&listener);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, frames_go_both_ways);
    tcase_add_test(tcase,
                   checksum_is_completed_for_a_guest_that_does_not_take_it);
    tcase_add_test(tcase, largest_frame_passes);
    tcase_add_test(tcase, frames_to_an_absent_peer_are_dropped);
    tcase_add_test(tcase, peer_that_does_not_read_stops_nobody);
    tcase_add_test(tcase, frames_wait_for_a_guest_without_room);
    tcase_add_test(tcase, link_is_down_until_the_second_comes_back);
    tcase_add_test(tcase, second_takes_the_place_of_a_first_that_leaves);
    tcase_add_test(tcase, third_is_refused_and_told_why);
    tcase_add_test(tcase, first_that_is_slow_to_start_is_met_later);
    tcase_add_test(tcase, closing_leaves_neither_file_nor_descriptor);
    tcase_add_test(tcase, socket_of_a_crashed_vm_is_replaced);
    tcase_add_test(tcase, file_that_is_no_socket_is_left_alone);
    tcase_add_test(tcase, wrong_paths_are_refused);
    tcase_add_test(tcase, two_that_come_at_once_agree_on_who_is_first);
    tcase_add_test(tcase, messages_that_are_no_frames_are_dropped);
    tcase_add_test(tcase, empty_message_ends_the_link);
    tcase_add_test(tcase, listener_that_speaks_another_language_is_refused);
}

int main(void)
{
    return check_main("peer_port", add_tests);
}
