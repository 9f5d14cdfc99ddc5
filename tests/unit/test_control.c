/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_control.c: clients of a control socket, of every manner, and the
 * commands that answer them.
 */
#include "vmm/control.h"

#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/sleep_ms.h"
#include "tests/support/temp_tree.h"
#include "vmm/fd.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#define TIMEOUT_S 10

static struct temp_tree tree;
static char path[128];
static struct event_loop loop;
static struct control control;
static pthread_t loop_thread;
static struct log_capture capture;

/* ---- The commands ---- */

static struct {
    struct control_call *_Atomic kept;
    atomic_bool is_blocked;
    atomic_uint runs;
} owner;

static void echo(void *context, struct control_call *call)
{
    ck_assert_ptr_eq(context, &owner);
    control_reply(call, "you said %s", call->argument);
    control_succeed(call);
}

static void refuse(void *context, struct control_call *call)
{
    (void)context;
    control_reply(call, "a line before");
    control_fail(call, "it is\nmy %s", "will");
}

static void keep(void *context, struct control_call *call)
{
    (void)context;
    atomic_store(&owner.kept, call);
}

static void block(void *context, struct control_call *call)
{
    (void)context;
    atomic_fetch_add(&owner.runs, 1);
    while (atomic_load(&owner.is_blocked))
        sleep_ms(1);
    control_succeed(call);
}

static void talk(void *context, struct control_call *call)
{
    (void)context;
    for (unsigned i = 0; i < CONTROL_MAX_REPLY; i++)
        control_reply(call, "line %u", i);
    control_succeed(call);
}

static const struct control_command commands[] = {
    {"echo", "TEXT", "say it back", echo},
    {"refuse", NULL, "fail", refuse},
    {"long job", NULL, "answer later", keep},
    {"block", NULL, "take time", block},
    {"talk", NULL, "say too much", talk},
};

/* ---- The bed ---- */

static void *run_loop(void *argument)
{
    (void)argument;
    ck_assert_int_eq(event_loop_run(&loop), 0);
    return NULL;
}

static int init_control(struct control *which)
{
    return control_init(which, &loop, path, commands, ARRAY_SIZE(commands),
                        &owner);
}

static void begin(void)
{
    ck_assert_int_eq(event_loop_init(&loop), 0);
    ck_assert_int_eq(init_control(&control), 0);
    ck_assert_int_eq(pthread_create(&loop_thread, NULL, run_loop, NULL), 0);
}

static void end(void)
{
    event_loop_stop(&loop);
    pthread_join(loop_thread, NULL);
    control_destroy(&control);
    event_loop_destroy(&loop);
}

static void setup(void)
{
    temp_tree_init(&tree);
    (void)snprintf(path, sizeof(path), "%s/socket", tree.root);
    owner.kept = NULL;
    owner.is_blocked = false;
    owner.runs = 0;
    begin();
}

static void teardown(void)
{
    end();
    temp_tree_destroy(&tree);
}

/* ---- A client ---- */

static struct sockaddr_un address(void)
{
    struct sockaddr_un where = {.sun_family = AF_UNIX};

    memcpy(where.sun_path, path, strlen(path));
    return where;
}

static int connect_client(void)
{
    const struct timeval limit = {.tv_sec = TIMEOUT_S};
    struct sockaddr_un where = address();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&where, sizeof(where)), 0);
    ck_assert_int_eq(
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL),
                     (ssize_t)strlen(text));
}

/* The next bytes are these. */
static void hear(int fd, const char *expected)
{
    char got[1024] = "";
    size_t size = 0;

    while (size < strlen(expected)) {
        ssize_t count = recv(fd, got + size, strlen(expected) - size, 0);

        ck_assert_int_gt(count, 0);
        size += (size_t)count;
    }
    ck_assert_str_eq(got, expected);
}

static void hear_end(int fd)
{
    char byte;

    ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
    close_fd(&fd);
}

static struct control_call *await_kept(void)
{
    for (unsigned i = 0; i < TIMEOUT_S * 1000; i++) {
        if (atomic_load(&owner.kept))
            return atomic_load(&owner.kept);
        sleep_ms(1);
    }
    ck_abort_msg("the command did not run");
}

/* ---- Claims ---- */

START_TEST(command_is_given_its_argument)
{
    int fd = connect_client();

    say(fd, "echo one  two \n");
    hear(fd, "you said one  two\nok\n");
    close_fd(&fd);
}
END_TEST

START_TEST(failure_is_one_line_and_the_client_goes_on)
{
    int fd = connect_client();

    say(fd, "refuse\n");
    hear(fd, "a line before\nerror: it is?my will\n");
    say(fd, "echo x\r\n");
    hear(fd, "you said x\nok\n");
    close_fd(&fd);
}
END_TEST

START_TEST(wrong_requests_are_told_of)
{
    int fd = connect_client();

    say(fd, "ecko\n");
    hear(fd, "error: unknown command \"ecko\": did you mean \"echo\"?\n");
    say(fd, "zzzzzz\n");
    hear(fd, "error: unknown command \"zzzzzz\": \"help\" lists the "
             "commands\n");
    say(fd, "echo\n");
    hear(fd, "error: echo: give TEXT after it\n");
    say(fd, "refuse me\n");
    hear(fd, "error: refuse: nothing is due after it, not \"me\"\n");
    say(fd, "\001\n");
    hear(fd, "error: a request is a line of text\n");
    close_fd(&fd);
}
END_TEST

START_TEST(long_line_is_refused_and_the_client_goes_on)
{
    char line[3 * CONTROL_MAX_LINE];
    int fd = connect_client();

    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    say(fd, line);
    say(fd, "\nrefuse\n");
    hear(fd, "error: a request has up to 4095 bytes\n"
             "a line before\nerror: it is?my will\n");
    close_fd(&fd);
}
END_TEST

START_TEST(requests_are_answered_in_order)
{
    int fd = connect_client();

    say(fd, "echo a\necho b\nhe");
    say(fd, "lp me\necho c\n");
    hear(fd, "you said a\nok\nyou said b\nok\nerror: unknown command \"help "
             "me\": \"help\" lists the commands\nyou said c\nok\n");
    close_fd(&fd);
}
END_TEST

START_TEST(help_lists_the_commands)
{
    int fd = connect_client();

    say(fd, "help\n");
    hear(fd, "help                         list the commands\n"
             "echo TEXT                    say it back\n");
    close_fd(&fd);
}
END_TEST

START_TEST(client_that_only_sends_is_answered_and_let_go)
{
    int fd = connect_client();

    say(fd, "echo a\nhalf a requ");
    ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
    hear(fd, "you said a\nok\n");
    hear_end(fd);
}
END_TEST

START_TEST(answer_may_come_later_from_another_thread)
{
    int fd = connect_client(), other = connect_client();
    struct control_call *call;

    say(fd, "long job\necho a\n");
    call = await_kept();
    /* Others are served meanwhile. */
    say(other, "echo b\n");
    hear(other, "you said b\nok\n");
    control_reply(call, "done at last");
    control_succeed(call);
    hear(fd, "done at last\nok\nyou said a\nok\n");
    close_fd(&fd);
    close_fd(&other);
}
END_TEST

START_TEST(client_may_leave_before_the_answer)
{
    int fd = connect_client(), other;
    struct control_call *call;

    say(fd, "long job\n");
    call = await_kept();
    close_fd(&fd);
    sleep_ms(20);
    control_succeed(call);
    other = connect_client();
    say(other, "echo b\n");
    hear(other, "you said b\nok\n");
    close_fd(&other);
}
END_TEST

START_TEST(commands_run_one_at_a_time_in_turn)
{
    int first = connect_client(), second = connect_client();

    owner.is_blocked = true;
    say(first, "block\n");
    while (owner.runs == 0)
        sleep_ms(1);
    say(second, "block\n");
    sleep_ms(20);
    ck_assert_uint_eq(owner.runs, 1);
    /* The sockets are served all the same. */
    say(second, "help\n");
    owner.is_blocked = false;
    hear(first, "ok\n");
    hear(second, "ok\nhelp ");
    ck_assert_uint_eq(owner.runs, 2);
    close_fd(&first);
    close_fd(&second);
}
END_TEST

START_TEST(client_that_does_not_read_holds_nobody_up)
{
    int fd = connect_client(), other = connect_client();
    char bytes[4096];
    ssize_t sent = 0;

    /* Until the replies fill the socket and no more requests are read. */
    for (unsigned i = 0; i < 10000 && sent >= 0; i++)
        sent = send(fd, "refuse\n", 7, MSG_NOSIGNAL | MSG_DONTWAIT);
    say(other, "echo b\n");
    hear(other, "you said b\nok\n");
    /* It comes back to life when it reads. */
    ck_assert_int_gt(recv(fd, bytes, sizeof(bytes), 0), 0);
    close_fd(&fd);
    close_fd(&other);
}
END_TEST

START_TEST(reply_that_is_too_long_is_cut_and_fails)
{
    static char got[CONTROL_MAX_REPLY + 1];
    const char *last = "\nerror: the reply is too long\n";
    int fd = connect_client();
    size_t size = 0;

    say(fd, "talk\n");
    while (!strstr(got, last)) {
        ssize_t count = recv(fd, got + size, sizeof(got) - 1 - size, 0);

        ck_assert_int_gt(count, 0);
        size += (size_t)count;
    }
    say(fd, "echo a\n");
    hear(fd, "you said a\nok\n");
    close_fd(&fd);
}
END_TEST

START_TEST(too_many_clients_are_turned_away)
{
    int fds[CONTROL_MAX_CLIENTS], last;

    for (unsigned i = 0; i < CONTROL_MAX_CLIENTS; i++) {
        fds[i] = connect_client();
        say(fds[i], "echo a\n");
        hear(fds[i], "you said a\nok\n");
    }
    last = connect_client();
    hear(last, "error: too many clients are connected: try again later\n");
    hear_end(last);
    close_fd(&fds[3]);
    sleep_ms(20);
    last = connect_client();
    say(last, "echo a\n");
    hear(last, "you said a\nok\n");
    close_fd(&last);
    for (unsigned i = 0; i < CONTROL_MAX_CLIENTS; i++)
        close_fd(&fds[i]);
}
END_TEST

START_TEST(end_is_told_to_who_waits)
{
    int fd = connect_client(), idle = connect_client();

    say(fd, "long job\n");
    (void)await_kept();
    end();
    hear(fd, "error: the guest has ended\n");
    hear_end(fd);
    hear_end(idle);
    ck_assert_int_ne(access(path, F_OK), 0);
    begin();
}
END_TEST

START_TEST(socket_is_for_its_user_alone)
{
    struct stat file;

    ck_assert_int_eq(lstat(path, &file), 0);
    ck_assert(S_ISSOCK(file.st_mode));
    ck_assert_uint_eq(file.st_mode & 0777, 0600);
}
END_TEST

START_TEST(socket_in_use_is_left_alone)
{
    static struct control second;
    int fd;

    log_capture_start(&capture);
    ck_assert_int_eq(init_control(&second), -EADDRINUSE);
    log_capture_stop();
    ck_assert_ptr_nonnull(strstr(capture.last, "another process listens"));
    fd = connect_client();
    say(fd, "echo a\n");
    hear(fd, "you said a\nok\n");
    close_fd(&fd);
}
END_TEST

START_TEST(dead_socket_is_replaced)
{
    struct sockaddr_un where = address();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    end();
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&where, sizeof(where)), 0);
    close_fd(&fd);
    begin();
    fd = connect_client();
    say(fd, "echo a\n");
    hear(fd, "you said a\nok\n");
    close_fd(&fd);
}
END_TEST

START_TEST(file_that_is_no_socket_is_left_alone)
{
    static struct control second;

    temp_tree_add_file(&tree, "file", "text");
    (void)snprintf(path, sizeof(path), "%s/file", tree.root);
    log_capture_start(&capture);
    ck_assert_int_eq(init_control(&second), -EEXIST);
    log_capture_stop();
    ck_assert_ptr_nonnull(strstr(capture.last, "is no socket"));
    ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, command_is_given_its_argument);
    tcase_add_test(tcase, failure_is_one_line_and_the_client_goes_on);
    tcase_add_test(tcase, wrong_requests_are_told_of);
    tcase_add_test(tcase, long_line_is_refused_and_the_client_goes_on);
    tcase_add_test(tcase, requests_are_answered_in_order);
    tcase_add_test(tcase, help_lists_the_commands);
    tcase_add_test(tcase, client_that_only_sends_is_answered_and_let_go);
    tcase_add_test(tcase, answer_may_come_later_from_another_thread);
    tcase_add_test(tcase, client_may_leave_before_the_answer);
    tcase_add_test(tcase, commands_run_one_at_a_time_in_turn);
    tcase_add_test(tcase, client_that_does_not_read_holds_nobody_up);
    tcase_add_test(tcase, reply_that_is_too_long_is_cut_and_fails);
    tcase_add_test(tcase, too_many_clients_are_turned_away);
    tcase_add_test(tcase, end_is_told_to_who_waits);
    tcase_add_test(tcase, socket_is_for_its_user_alone);
    tcase_add_test(tcase, socket_in_use_is_left_alone);
    tcase_add_test(tcase, dead_socket_is_replaced);
    tcase_add_test(tcase, file_that_is_no_socket_is_left_alone);
}

int main(void)
{
    return check_main("control", add_tests);
}
