/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_trace_check.c: a trace without a breach, and what each change to it
 * breaks.
 */
#include "vdpa/trace_check.h"

#include "tests/support/check_main.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MAX_TRACE 8192

#define STATUS "d VHOST_VDPA_SET_STATUS status="
#define READ   "d VHOST_VDPA_GET_STATUS status="

#define NEGOTIATE                                                              \
    STATUS "0 = 0\n" STATUS "ACKNOWLEDGE = 0\n" STATUS                         \
           "ACKNOWLEDGE|DRIVER = 0\n"                                          \
           "d VHOST_VDPA_GET_CONFIG offset=0 length=24 bytes=00 = 0\n"         \
           "d VHOST_SET_FEATURES features=mac|version_1|access_platform = "    \
           "0\n" STATUS "ACKNOWLEDGE|DRIVER|FEATURES_OK = 0\n" READ            \
           "ACKNOWLEDGE|DRIVER|FEATURES_OK = 0\n"

#define QUEUE(n, ring)                                                         \
    "d VHOST_SET_VRING_NUM queue=" n " num=128 = 0\n"                          \
    "d VHOST_SET_VRING_BASE queue=" n " base=0 = 0\n"                          \
    "d VHOST_SET_VRING_ADDR queue=" n " flags=0 = 0\t1.0 +0.1\tdesc=" ring     \
    "000 avail=" ring "800 used=" ring "a00\n"                                 \
    "d VHOST_SET_VRING_CALL queue=" n " fd=call" n " = 0\n"                    \
    "d VHOST_SET_VRING_KICK queue=" n " fd=kick" n " = 0\n"                    \
    "d VHOST_VDPA_SET_VRING_ENABLE queue=" n " enable=1 = 0\n"

#define START                                                                  \
    "d VHOST_VDPA_SET_CONFIG_CALL fd=config = 0\n" STATUS                      \
    "ACKNOWLEDGE|DRIVER|DRIVER_OK|FEATURES_OK = 0\n" READ                      \
    "ACKNOWLEDGE|DRIVER|DRIVER_OK|FEATURES_OK = 0\n"

/* Two runs of a device without IOTLB_PERSIST. */
static const char good[] =
    "# vmm trace vdpa 1\tLinux\n"
    "d vmm: open\t0.0\n"
    "d   open path=/dev/vhost-vdpa-0 = 0\t0.1 +0.2\n"
    "d VHOST_VDPA_GET_DEVICE_ID id=1 = 0\n"
    "d VHOST_SET_OWNER = 0\n"
    "d VHOST_GET_BACKEND_FEATURES "
    "features=iotlb_msg_v2|iotlb_batch|iotlb_asid|suspend = 0\n"
    "d VHOST_SET_BACKEND_FEATURES features=iotlb_msg_v2|iotlb_batch = 0\n"
    "d VHOST_GET_FEATURES features=mac|status|ring_packed|version_1|"
    "access_platform|ring_reset = 0\n"
    "d VHOST_VDPA_GET_VQS_COUNT count=2 = 0\n"
    "d VHOST_VDPA_GET_VRING_NUM num=256 = 0\n"
    "d VHOST_VDPA_GET_VRING_SIZE queue=0 = EOPNOTSUPP\n"
    "d VHOST_VDPA_GET_CONFIG_SIZE size=24 = 0\n"
    "d VHOST_VDPA_GET_IOVA_RANGE first=0 last=0xffffffff = 0\n"
    "d guest: status 0\n" NEGOTIATE "d VHOST_IOTLB_BATCH_BEGIN asid=0 = 0\n"
    "d VHOST_IOTLB_UPDATE asid=0 iova=0 size=0x100000 perm=rw = 0\t1 +1\t"
    "uaddr=0x7f0000000000\n"
    "d VHOST_IOTLB_UPDATE asid=0 iova=0x200000 size=0x1000 perm=ro = 0\n"
    "d VHOST_IOTLB_BATCH_END asid=0 = 0\n"
    "# the first run\n" QUEUE("0", "0x1") QUEUE("1", "0x2") START
    "d guest: status 0\n" NEGOTIATE "d VHOST_IOTLB_BATCH_BEGIN asid=0 = 0\n"
    "d VHOST_IOTLB_INVALIDATE asid=0 iova=0 size=0x100000 = 0\n"
    "d VHOST_IOTLB_INVALIDATE asid=0 iova=0x200000 size=0x1000 = 0\n"
    "d VHOST_IOTLB_UPDATE asid=0 iova=0 size=0x100000 perm=rw = 0\n"
    "d VHOST_IOTLB_UPDATE asid=0 iova=0x200000 size=0x1000 perm=ro = 0\n"
    "d VHOST_IOTLB_BATCH_END asid=0 = 0\n"
    "# the second run\n" QUEUE("0", "0x1") QUEUE("1", "0x2") START
    "d vmm: close\n" STATUS "0 = 0\n"
    "d VHOST_IOTLB_BATCH_BEGIN asid=0 = 0\n"
    "d VHOST_IOTLB_INVALIDATE asid=0 iova=0 size=0x100000 = 0\n"
    "d VHOST_IOTLB_INVALIDATE asid=0 iova=0x200000 size=0x1000 = 0\n"
    "d VHOST_IOTLB_BATCH_END asid=0 = 0\n"
    "d close = 0\n"
    "# d: 60 calls\n";

static struct {
    unsigned long count, line;
    char rules[512], text[512]; /* each after the other; the last one's */
} breaches;

static void take_breach(void *owner, unsigned long line, const char *rule,
                        const char *text)
{
    size_t used = strlen(breaches.rules);

    ck_assert_ptr_eq(owner, &breaches);
    breaches.count++;
    breaches.line = line;
    (void)snprintf(breaches.rules + used, sizeof(breaches.rules) - used, "%s ",
                   rule);
    (void)snprintf(breaches.text, sizeof(breaches.text), "%s", text);
}

/* The first error of a line, or 0. */
static int check(const char *trace)
{
    char copy[MAX_TRACE], *rest = copy;
    struct trace_check check;
    int error = 0;

    memset(&breaches, 0, sizeof(breaches));
    ck_assert_uint_lt(strlen(trace), sizeof(copy));
    memcpy(copy, trace, strlen(trace) + 1);
    trace_check_init(&check, take_breach, &breaches);
    while (!error && *rest != '\0')
        error = trace_check_line(&check, strsep(&rest, "\n"));
    ck_assert_uint_eq(check.count, breaches.count);
    trace_check_destroy(&check);
    return error;
}

/* The good trace with the first `old` after `after` become `new`. */
static void change(char changed[MAX_TRACE], const char *after, const char *old,
                   const char *new)
{
    const char *at = strstr(good, after);

    ck_assert_msg(at != NULL, "no \"%s\"", after);
    at = strstr(at, old);
    ck_assert_msg(at != NULL, "no \"%s\"", old);
    ck_assert_uint_lt(strlen(good) + strlen(new), MAX_TRACE);
    (void)snprintf(changed, MAX_TRACE, "%.*s%s%s", (int)(at - good), good, new,
                   at + strlen(old));
}

START_TEST(a_good_trace_breaks_no_rule)
{
    ck_assert_int_eq(check(good), 0);
    ck_assert_msg(breaches.count == 0, "line %lu: %s", breaches.line,
                  breaches.text);
}
END_TEST

static const struct {
    const char *rule, *after, *old, *new;
} changes[] = {
    {"owner-first", "", "d VHOST_SET_OWNER = 0\n", ""},
    {"owner-first", "", "d VHOST_SET_OWNER = 0", "d VHOST_SET_OWNER = EBUSY"},
    {"not-for-vdpa", "open path", "d VHOST_VDPA_GET_DEVICE_ID id=1 = 0\n",
     "d VHOST_SET_LOG_BASE = ENOTTY\n"},
    {"not-for-vdpa", "# the second", "d VHOST_SET_VRING_NUM",
     "d VHOST_SET_MEM_TABLE = 0\nd VHOST_SET_VRING_NUM"},
    {"backend-first", "BATCH_END asid=0 = 0\n", "# the first run",
     "d VHOST_SET_BACKEND_FEATURES features=iotlb_batch = 0"},
    {"backend-first", "open path", "d VHOST_GET_BACKEND",
     STATUS "0 = 0\nd VHOST_GET_BACKEND"},
    {"backend-offered", "SET_BACKEND", "iotlb_batch = 0",
     "iotlb_batch|resume = 0"},
    {"backend-offered", "SET_BACKEND", "iotlb_msg_v2|iotlb_batch",
     "iotlb_batch|bit7"},
    {"features-order", "", STATUS "ACKNOWLEDGE|DRIVER = 0\n",
     STATUS "ACKNOWLEDGE|DRIVER|FEATURES_OK = 0\n" READ
            "ACKNOWLEDGE|DRIVER|FEATURES_OK = 0\n"},
    {"features-order", "",
     "d VHOST_SET_FEATURES features=mac|version_1|access_platform = 0\n", ""},
    {"features-valid", "", "features=mac|version_1|access_platform = 0",
     "features=mtu|version_1|access_platform = 0"},
    {"features-valid", "", "features=mac|version_1|access_platform = 0",
     "features=version_1 = 0"},
    {"features-valid", "", "features=mac|version_1|access_platform = 0",
     "features=access_platform = 0"},
    {"features-valid", "", "features=mac|version_1|access_platform = 0",
     "features=version_1|access_platform|ring_reset = 0"},
    {"status-grows", "", STATUS "ACKNOWLEDGE|DRIVER = 0",
     STATUS "DRIVER = EINVAL"},
    {"status-order", "", READ "ACKNOWLEDGE|DRIVER|FEATURES_OK",
     READ "ACKNOWLEDGE|DRIVER"},
    {"status-order", "", STATUS "ACKNOWLEDGE|DRIVER|FEATURES_OK",
     STATUS "ACKNOWLEDGE|FEATURES_OK"},
    {"status-read-back", "", READ "ACKNOWLEDGE|DRIVER|FEATURES_OK = 0\n", ""},
    {"status-read-back", "",
     READ "ACKNOWLEDGE|DRIVER|DRIVER_OK|FEATURES_OK = 0\n", ""},
    {"config-call", "", "d VHOST_VDPA_SET_CONFIG_CALL fd=config = 0\n", ""},
    {"config-range", "", "offset=0 length=24", "offset=1 length=24"},
    {"config-range", "", "offset=0 length=24", "offset=0 length=0"},
    {"suspend-acked", "# the second", "d vmm: close",
     "d VHOST_VDPA_SUSPEND = 0"},
    {"suspend-acked", "# the second", "d vmm: close",
     "d VHOST_VDPA_RESUME = 0"},
    {"queue-exists", "", "NUM queue=1 num", "NUM queue=2 num"},
    {"queue-set-up", "", STATUS "ACKNOWLEDGE = 0\n",
     STATUS "ACKNOWLEDGE = 0\nd VHOST_SET_VRING_NUM queue=0 num=128 = 0\n"},
    {"queue-set-up", "# the second", "d vmm: close",
     "d VHOST_SET_VRING_ADDR queue=0 = EINVAL"},
    {"queue-set-up", "# the second", "d vmm: close",
     "d VHOST_SET_VRING_BASE queue=0 base=0 = EINVAL"},
    {"queue-size", "", "num=128", "num=512"},
    {"queue-size", "", "num=128", "num=100"},
    {"queue-alignment", "", "desc=0x1000", "desc=0x1008"},
    {"queue-alignment", "", "used=0x1a00", "used=0x1a02"},
    {"queue-mapped", "", "desc=0x1000", "desc=0xfff00"},
    {"queue-mapped", "", "avail=0x1800", "avail=0x100000"},
    {"queue-base", "", "base=0", "base=7"},
    {"queue-call", "", "d VHOST_SET_VRING_CALL queue=1 fd=call1 = 0\n", ""},
    {"queue-call", "", "fd=call1", "fd=none"},
    {"queue-call", "# the second", "d vmm: close",
     "d VHOST_SET_VRING_CALL queue=1 fd=call1 = 0"},
    {"queue-kick", "", "d VHOST_SET_VRING_KICK queue=1 fd=kick1 = 0\n", ""},
    {"queue-one-call", "# the second", "fd=call1", "fd=call1#2"},
    {"enable-set-up", "", "d VHOST_SET_VRING_NUM queue=1 num=128 = 0\n", ""},
    {"enable-in-time", "",
     "d VHOST_VDPA_SET_VRING_ENABLE queue=0 enable=1 = 0\n", ""},
    {"enable-in-time", "# the second", "d vmm: close",
     "d VHOST_VDPA_SET_VRING_ENABLE queue=0 enable=1 = 0"},
    {"again-after-reset", "# the second",
     "d VHOST_SET_VRING_CALL queue=1 fd=call1 = 0\n", ""},
    {"again-after-reset", "# the second",
     "d VHOST_VDPA_SET_CONFIG_CALL fd=config = 0\n", ""},
    {"enable-set-up", "# the second",
     "d VHOST_SET_VRING_NUM queue=0 num=128 = 0\n", ""},
    {"map-first", "", "d VHOST_VDPA_GET_CONFIG offset=0 length=24 bytes=00",
     "d VHOST_VDPA_SET_GROUP_ASID group=0 asid=1"},
    {"map-stopped", "# the second", "d vmm: close",
     "d VHOST_IOTLB_BATCH_BEGIN asid=0 = 0\n"
     "d VHOST_IOTLB_UPDATE asid=0 iova=0x300000 size=0x1000 perm=rw = EFAULT\n"
     "d VHOST_IOTLB_BATCH_END asid=0 = 0"},
    {"map-stopped", "# the second", STATUS "0 = 0\n", ""},
    {"map-range", "", "size=0x100000 perm", "size=0x100100 perm"},
    {"map-range", "", "size=0x100000 perm", "size=0 perm"},
    {"map-range", "", "uaddr=0x7f0000000000", "uaddr=0x7f0000000800"},
    {"map-range", "", "iova=0x200000", "iova=0x100000000"},
    {"map-range", "", "perm=ro", "perm=0"},
    {"map-overlap", "", "iova=0x200000", "iova=0xff000"},
    {"unmap-exact", "# the second", "iova=0x200000 size=0x1000",
     "iova=0x200000 size=0x2000"},
    {"unmap-exact", "# the second", "iova=0x200000 size=0x1000",
     "iova=0x200000 size=0"},
    {"unmap-exact", "# the second", "iova=0x200000 size=0x1000",
     "iova=0x400000 size=0x1000"},
    {"map-after-reset",
     "d guest: status 0\nd VHOST_VDPA_SET_STATUS status=0 = "
     "0\n",
     "d VHOST_IOTLB_INVALIDATE asid=0 iova=0x200000 size=0x1000 = 0\n"
     "d VHOST_IOTLB_UPDATE asid=0 iova=0 size=0x100000 perm=rw = 0\n"
     "d VHOST_IOTLB_UPDATE asid=0 iova=0x200000 size=0x1000 perm=ro = 0\n",
     "d VHOST_IOTLB_UPDATE asid=0 iova=0 size=0x100000 perm=rw = 0\n"},
    {"asid-acked", "", "BEGIN asid=0", "BEGIN asid=1"},
    {"batch-used", "", "d VHOST_IOTLB_BATCH_BEGIN asid=0 = 0\n", ""},
    {"batch-balance", "", "d VHOST_IOTLB_BATCH_BEGIN asid=0 = 0\n",
     "d VHOST_IOTLB_BATCH_BEGIN asid=0 = 0\n"
     "d VHOST_IOTLB_BATCH_BEGIN asid=0 = 0\n"},
    {"batch-balance", "", "d VHOST_IOTLB_BATCH_END asid=0 = 0\n",
     "d VHOST_IOTLB_BATCH_END asid=0 = 0\nd VHOST_IOTLB_BATCH_END asid=0 = "
     "0\n"},
    {"batch-balance", "", "d VHOST_IOTLB_BATCH_END asid=0 = 0\n", ""},
    {"batch-balance", "d vmm: close", "d VHOST_IOTLB_BATCH_END asid=0 = 0\n",
     ""},
    {"reset-at-end", "d vmm: close",
     "d VHOST_VDPA_SET_STATUS status=0 = 0\n"
     "d VHOST_IOTLB_BATCH_BEGIN asid=0 = 0\n"
     "d VHOST_IOTLB_INVALIDATE asid=0 iova=0 size=0x100000 = 0\n"
     "d VHOST_IOTLB_INVALIDATE asid=0 iova=0x200000 size=0x1000 = 0\n"
     "d VHOST_IOTLB_BATCH_END asid=0 = 0\n",
     ""},
    {"unmap-at-end", "d vmm: close",
     "d VHOST_IOTLB_INVALIDATE asid=0 iova=0x200000 size=0x1000 = 0\n", ""},
};

START_TEST(each_change_breaks_its_rule)
{
    char changed[MAX_TRACE], rule[64];

    change(changed, changes[_i].after, changes[_i].old, changes[_i].new);
    ck_assert_int_eq(check(changed), 0);
    (void)snprintf(rule, sizeof(rule), "%s ", changes[_i].rule);
    ck_assert_msg(strstr(breaches.rules, rule) != NULL,
                  "\"%s\" for \"%s\" broke: %s", changes[_i].new,
                  changes[_i].old, breaches.rules);
}
END_TEST

static const struct {
    const char *after, *old, *new;
} allowed[] = {
    /* Kernels before these requests. */
    {"", "d VHOST_VDPA_SET_CONFIG_CALL fd=config = 0",
     "d VHOST_VDPA_SET_CONFIG_CALL fd=config = ENOTTY"},
    {"", "d VHOST_GET_BACKEND_FEATURES",
     "d VHOST_VDPA_GET_AS_NUM = ENOTTY\n"
     "d VHOST_GET_BACKEND_FEATURES"},
    /* Requests that were not known when this was written. */
    {"", "d VHOST_VDPA_GET_DEVICE_ID id=1 = 0",
     "d ioctl number=0xaf99 = EPERM"},
    {"", "id=1 = 0", "id=1 colour=red = 0"},
    /* A split ring begins at 0 by itself. */
    {"", "d VHOST_SET_VRING_BASE queue=0 base=0 = 0\n", ""},
    /* A probe before the number is known. */
    {"", "d VHOST_VDPA_GET_VQS_COUNT count=2 = 0",
     "d VHOST_VDPA_GET_VRING_GROUP queue=32768 = ENOBUFS"},
    /* More than the ring once had is less than the queue can have. */
    {"", "d VHOST_VDPA_GET_VRING_SIZE queue=0 = EOPNOTSUPP",
     "d VHOST_VDPA_GET_VRING_SIZE queue=0 size=128 = 0"},
    /* Late queues, where the device takes them. */
    {"",
     "features=iotlb_msg_v2|iotlb_batch|iotlb_asid|suspend = 0\n"
     "d VHOST_SET_BACKEND_FEATURES features=iotlb_msg_v2|iotlb_batch",
     "features=enable_after_driver_ok|iotlb_batch = 0\n"
     "d VHOST_SET_BACKEND_FEATURES "
     "features=enable_after_driver_ok|iotlb_batch"},
    /* What was never tried to be said. */
    {"", "flags=0 = 0\t1.0 +0.1\tdesc=0x1000 avail=0x1800 used=0x1a00",
     "flags=0 = 0"},
};

START_TEST(what_is_allowed_breaks_no_rule)
{
    char changed[MAX_TRACE];

    change(changed, allowed[_i].after, allowed[_i].old, allowed[_i].new);
    ck_assert_int_eq(check(changed), 0);
    ck_assert_msg(breaches.count == 0, "line %lu: %s", breaches.line,
                  breaches.text);
}
END_TEST

START_TEST(a_breach_names_its_line_and_what_is_expected)
{
    ck_assert_int_eq(check("# vmm trace vdpa 1\n"
                           "net0 VHOST_IOTLB_BATCH_BEGIN asid=0 = EFAULT\n"),
                     0);
    ck_assert_uint_eq(breaches.line, 2);
    ck_assert_str_eq(breaches.text,
                     "net0: an IOTLB message without an owner; expected "
                     "VHOST_SET_OWNER before it");
}
END_TEST

START_TEST(devices_do_not_mix)
{
    ck_assert_int_eq(check("# vmm trace vdpa 1\n"
                           "a VHOST_SET_OWNER = 0\n"
                           "a VHOST_IOTLB_BATCH_BEGIN asid=0 = 0\n"
                           "b VHOST_SET_OWNER = 0\n"
                           "b VHOST_IOTLB_BATCH_BEGIN asid=0 = 0\n"
                           "a VHOST_IOTLB_BATCH_END asid=0 = 0\n"
                           "b VHOST_IOTLB_BATCH_END asid=0 = 0\n"),
                     0);
    ck_assert_uint_eq(breaches.count, 0);
}
END_TEST

START_TEST(a_packed_ring_needs_its_base)
{
    static const char *const packed[] = {
        "# vmm trace vdpa 1\n"
        "d VHOST_SET_OWNER = 0\n"
        "d VHOST_SET_FEATURES features=ring_packed|version_1 = 0\n" STATUS
        "ACKNOWLEDGE|DRIVER|FEATURES_OK = 0\n" READ
        "ACKNOWLEDGE|DRIVER|FEATURES_OK = 0\n"
        "d VHOST_IOTLB_UPDATE asid=0 iova=0 size=0x10000 perm=rw = 0\n"
        "d VHOST_SET_VRING_NUM queue=0 num=16 = 0\n",
        "d VHOST_SET_VRING_ADDR queue=0 = 0\n"
        "d VHOST_SET_VRING_CALL queue=0 fd=call0 = 0\n"
        "d VHOST_SET_VRING_KICK queue=0 fd=kick0 = 0\n"
        "d VHOST_VDPA_SET_VRING_ENABLE queue=0 enable=1 = 0\n" START,
    };
    static const char base[] = "d VHOST_SET_VRING_BASE queue=0 base=";
    char trace[MAX_TRACE];

    (void)snprintf(trace, sizeof(trace), "%s%s0x80008000 = 0\n%s", packed[0],
                   base, packed[1]);
    ck_assert_int_eq(check(trace), 0);
    ck_assert_str_eq(breaches.rules, "");
    (void)snprintf(trace, sizeof(trace), "%s%s", packed[0], packed[1]);
    ck_assert_int_eq(check(trace), 0);
    ck_assert_str_eq(breaches.rules, "queue-base ");
    (void)snprintf(trace, sizeof(trace), "%s%s0 = 0\n%s", packed[0], base,
                   packed[1]);
    ck_assert_int_eq(check(trace), 0);
    ck_assert_str_eq(breaches.rules, "queue-base ");
}
END_TEST

START_TEST(a_suspended_device_may_be_set_up)
{
    char changed[MAX_TRACE];

    change(changed, "# the second", "d vmm: close",
           "d VHOST_VDPA_SUSPEND = 0\n"
           "d VHOST_GET_VRING_BASE queue=0 base=0x15 = 0\n"
           "d VHOST_SET_VRING_BASE queue=0 base=0x15 = 0\n"
           "d VHOST_VDPA_RESUME = 0");
    ck_assert_int_eq(check(changed), 0);
    /* That neither was acked in this one is all. */
    ck_assert_str_eq(breaches.rules, "suspend-acked suspend-acked ");
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, a_good_trace_breaks_no_rule);
    tcase_add_loop_test(tcase, each_change_breaks_its_rule, 0,
                        ARRAY_SIZE(changes));
    tcase_add_loop_test(tcase, what_is_allowed_breaks_no_rule, 0,
                        ARRAY_SIZE(allowed));
    tcase_add_test(tcase, a_breach_names_its_line_and_what_is_expected);
    tcase_add_test(tcase, devices_do_not_mix);
    tcase_add_test(tcase, a_packed_ring_needs_its_base);
    tcase_add_test(tcase, a_suspended_device_may_be_set_up);
}

int main(void)
{
    return check_main("trace_check", add_tests);
}
