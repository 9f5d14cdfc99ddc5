/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_trace_line.c: lines of a trace, and lines of none.
 */
#include "vdpa/trace_line.h"

#include "tests/support/check_main.h"
#include "vdpa/vhost_uapi.h"

#include <errno.h>

static struct trace_line line;

static void parse(const char *text)
{
    const char *reason = "";

    ck_assert_msg(trace_line_parse(&line, text, &reason) == 0, "%s: %s", text,
                  reason);
}

static void expect(enum trace_field field, uint64_t value)
{
    ck_assert(trace_line_has(&line, field));
    ck_assert_uint_eq(line.values[field], value);
}

START_TEST(requests_come_with_their_numbers)
{
    parse("vhost-vdpa-0   VHOST_SET_VRING_ADDR queue=2 flags=0 = 0\t1.5 +0.2\t"
          "desc=0x75a000 avail=0x75b000 used=123");
    ck_assert_str_eq(line.device, "vhost-vdpa-0");
    ck_assert_int_eq(line.call, TRACE_CALL_IOCTL);
    ck_assert_uint_eq(line.request->number, VHOST_SET_VRING_ADDR);
    ck_assert(!line.failed);
    expect(TRACE_FIELD_QUEUE, 2);
    expect(TRACE_FIELD_DESC, 0x75a000);
    expect(TRACE_FIELD_AVAIL, 0x75b000);
    expect(TRACE_FIELD_USED, 123);
    ck_assert(!trace_line_has(&line, TRACE_FIELD_VALUE));
}
END_TEST

START_TEST(sets_are_those_of_their_request)
{
    parse("d VHOST_SET_FEATURES features=mac|bit60 = EINVAL");
    expect(TRACE_FIELD_FEATURES, 1ULL << 5 | 1ULL << 60);
    ck_assert(line.failed);
    parse("d VHOST_SET_BACKEND_FEATURES features=iotlb_batch = 0");
    expect(TRACE_FIELD_FEATURES, 1ULL << VHOST_BACKEND_F_IOTLB_BATCH);
    parse("d VHOST_VDPA_SET_STATUS status=FAILED = 0");
    expect(TRACE_FIELD_STATUS, 0x80);
}
END_TEST

START_TEST(files_go_by_their_role)
{
    parse("d VHOST_SET_VRING_CALL queue=1 fd=call1#2 = 0");
    ck_assert_str_eq(line.file, "call1#2");
}
END_TEST

START_TEST(messages_come_with_their_range)
{
    parse("d VHOST_IOTLB_UPDATE asid=1 iova=0x1000 size=0x2000 perm=wo = "
          "EFAULT\t0 +0\tuaddr=0x7f0000000000");
    ck_assert_int_eq(line.call, TRACE_CALL_MESSAGE);
    ck_assert_uint_eq(line.message, VHOST_IOTLB_UPDATE);
    expect(TRACE_FIELD_ASID, 1);
    expect(TRACE_FIELD_IOVA, 0x1000);
    expect(TRACE_FIELD_SIZE, 0x2000);
    expect(TRACE_FIELD_PERM, VHOST_ACCESS_WO);
    expect(TRACE_FIELD_UADDR, 0x7f0000000000);
}
END_TEST

START_TEST(a_file_is_opened_and_closed)
{
    parse("d open path=/dev/vhost-vdpa-0 = 0\t0 +0");
    ck_assert_int_eq(line.call, TRACE_CALL_OPEN);
    parse("d   close = 0");
    ck_assert_int_eq(line.call, TRACE_CALL_CLOSE);
}
END_TEST

static const char *const of_no_consequence[] = {
    "# anything",
    "#",
    "d guest: status ACKNOWLEDGE",
    "d vmm: reset\t1.0",
    "d ioctl number=0x1234 = EPERM",
    "d mmap queue=0 = ENOTSUPP\t1 +1",
};

START_TEST(other_lines_say_nothing_of_calls)
{
    parse(of_no_consequence[_i]);
    ck_assert_int_eq(line.call, TRACE_CALL_NONE);
}
END_TEST

static const char *const wrong[] = {
    "",
    "\t",
    "d",
    "d ",
    "d VHOST_SET_OWNER",
    "d VHOST_SET_OWNER =",
    "d VHOST_SET_OWNER = ",
    "d VHOST_SET_OWNER = 0 0",
    "d VHOST_SET_OWNER\t= 0",
    "d VHOST_SET_VRING_NUM queue = 0",
    "d VHOST_SET_VRING_NUM queue= = 0",
    "d VHOST_SET_VRING_NUM queue=-1 = 0",
    "d VHOST_SET_VRING_NUM queue=1x = 0",
    "d VHOST_SET_VRING_NUM queue=0x = 0",
    "d VHOST_SET_VRING_NUM queue=99999999999999999999 = 0",
    "d VHOST_VDPA_SET_STATUS status=driver = 0",
    "d VHOST_SET_FEATURES features=ACKNOWLEDGE = 0",
    "d VHOST_IOTLB_UPDATE perm=rx = 0",
    "d VHOST_SET_VRING_ADDR queue=0 = 0\t1 +1\tdesc",
    "0123456789012345678901234567890123456789012345678901234567890123 a = 0",
};

START_TEST(what_is_no_line_has_a_reason)
{
    const char *reason = NULL;

    ck_assert_int_eq(trace_line_parse(&line, wrong[_i], &reason), -EINVAL);
    ck_assert_ptr_nonnull(reason);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, requests_come_with_their_numbers);
    tcase_add_test(tcase, sets_are_those_of_their_request);
    tcase_add_test(tcase, files_go_by_their_role);
    tcase_add_test(tcase, messages_come_with_their_range);
    tcase_add_test(tcase, a_file_is_opened_and_closed);
    tcase_add_loop_test(tcase, other_lines_say_nothing_of_calls, 0,
                        ARRAY_SIZE(of_no_consequence));
    tcase_add_loop_test(tcase, what_is_no_line_has_a_reason, 0,
                        ARRAY_SIZE(wrong));
}

int main(void)
{
    return check_main("trace_line", add_tests);
}
