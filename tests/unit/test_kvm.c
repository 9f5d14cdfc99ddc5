/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_kvm.c: doorbells and interrupt routes of a real VM without a guest.
 *
 * Whether an eventfd is connected shows in who takes its count: KVM does.
 */
#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/open_fds.h"
#include "tests/support/real_kvm.h"
#include "tests/support/sleep_ms.h"
#include "vmm/arch.h"
#include "vmm/bytes.h"
#include "vmm/kvm.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#define MSI_ADDRESS UINT64_C(0xfee00000)

static struct kvm kvm;
static struct machine_port port;
static struct log_capture capture;
static unsigned fds_before;
static bool has_kvm;

static void setup(void)
{
    log_capture_start(&capture);
    fds_before = count_open_fds();
    has_kvm = real_kvm_is_there();
    if (!has_kvm)
        return;
    ck_assert_int_eq(kvm_open(&kvm, arch_machine_type), 0);
    ck_assert_int_eq(arch_init_interrupts(&kvm), 0);
    port = kvm_machine_port(&kvm);
}

static void teardown(void)
{
    if (has_kvm) {
        kvm_close(&kvm);
        kvm_close(&kvm); /* may be called twice */
    }
    ck_assert_uint_eq(count_open_fds(), fds_before);
    log_capture_stop();
}

/* The first line of every test that needs the VM. */
static bool skip_without_kvm(void)
{
    if (!has_kvm)
        skip_test("/dev/kvm cannot be used");
    return !has_kvm;
}

static int make_eventfd(void)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    ck_assert_int_ge(fd, 0);
    return fd;
}

static int connect_msi(int eventfd, uint32_t data)
{
    const struct msi_message message = {.address = MSI_ADDRESS, .data = data};

    return port.ops->connect_msi(port.machine, &message, eventfd);
}

static void disconnect_msi(int eventfd)
{
    port.ops->disconnect_msi(port.machine, eventfd);
}

static bool is_pending(int eventfd)
{
    struct pollfd ready = {.fd = eventfd, .events = POLLIN};

    return poll(&ready, 1, 0) == 1;
}

/* KVM may take it on another thread. */
static bool is_taken(int eventfd)
{
    for (unsigned i = 0; i < 2000 && is_pending(eventfd); i++)
        sleep_ms(1);
    return !is_pending(eventfd);
}

static void signal_eventfd(int eventfd)
{
    ck_assert_int_eq(eventfd_write(eventfd, 1), 0);
}

/* ---- Interrupts ---------------------------------------------------------- */

START_TEST(connected_eventfd_is_taken_by_kvm)
{
    int eventfd;

    if (skip_without_kvm())
        return;
    eventfd = make_eventfd();
    ck_assert_int_eq(connect_msi(eventfd, 0x41), 0);
    ck_assert_uint_eq(kvm_count_connected(&kvm), 1);
    signal_eventfd(eventfd);
    ck_assert(is_taken(eventfd));
    disconnect_msi(eventfd);
    close(eventfd);
}
END_TEST

START_TEST(event_that_waited_is_taken_when_connected)
{
    int eventfd;

    if (skip_without_kvm())
        return;
    eventfd = make_eventfd();
    signal_eventfd(eventfd);
    ck_assert_int_eq(connect_msi(eventfd, 0x41), 0);
    ck_assert(is_taken(eventfd));
    disconnect_msi(eventfd);
    close(eventfd);
}
END_TEST

START_TEST(events_pile_up_while_disconnected)
{
    eventfd_t count = 0;
    int eventfd;

    if (skip_without_kvm())
        return;
    eventfd = make_eventfd();
    ck_assert_int_eq(connect_msi(eventfd, 0x41), 0);
    disconnect_msi(eventfd);
    disconnect_msi(eventfd); /* not connected: left alone */
    ck_assert_uint_eq(kvm_count_connected(&kvm), 0);
    signal_eventfd(eventfd);
    signal_eventfd(eventfd);
    sleep_ms(20);
    ck_assert_int_eq(eventfd_read(eventfd, &count), 0);
    ck_assert_uint_eq(count, 2);
    signal_eventfd(eventfd);
    ck_assert_int_eq(connect_msi(eventfd, 0x41), 0);
    ck_assert(is_taken(eventfd));
    disconnect_msi(eventfd);
    ck_assert_uint_eq(capture.lines, 0);
    close(eventfd);
}
END_TEST

START_TEST(message_of_a_connected_eventfd_can_be_changed)
{
    int eventfd;

    if (skip_without_kvm())
        return;
    eventfd = make_eventfd();
    for (uint32_t data = 0x30; data < 0x40; data++)
        ck_assert_int_eq(connect_msi(eventfd, data), 0);
    ck_assert_uint_eq(kvm_count_connected(&kvm), 1);
    ck_assert_uint_eq(kvm.num_msi_routes, 1);
    signal_eventfd(eventfd);
    ck_assert(is_taken(eventfd));
    disconnect_msi(eventfd);
    close(eventfd);
}
END_TEST

START_TEST(failure_to_change_keeps_the_connection_known)
{
    int eventfd, vm_fd;

    if (skip_without_kvm())
        return;
    eventfd = make_eventfd();
    vm_fd = kvm.vm_fd;
    ck_assert_int_eq(connect_msi(eventfd, 0x41), 0);
    kvm.vm_fd = -1;
    ck_assert_int_eq(connect_msi(eventfd, 0x42), -EBADF);
    ck_assert_ptr_nonnull(strstr(capture.last, "KVM_SET_GSI_ROUTING"));
    kvm.vm_fd = vm_fd;
    ck_assert_uint_eq(kvm_count_connected(&kvm), 1);
    disconnect_msi(eventfd);
    ck_assert_uint_eq(kvm_count_connected(&kvm), 0);
    signal_eventfd(eventfd);
    sleep_ms(20);
    ck_assert(is_pending(eventfd));
    ck_assert_int_eq(connect_msi(eventfd, 0x42), 0);
    ck_assert(is_taken(eventfd));
    disconnect_msi(eventfd);
    close(eventfd);
}
END_TEST

START_TEST(failure_to_connect_leaves_the_route_free)
{
    int eventfd, vm_fd;

    if (skip_without_kvm())
        return;
    eventfd = make_eventfd();
    vm_fd = kvm.vm_fd;
    kvm.vm_fd = -1;
    ck_assert_int_eq(connect_msi(eventfd, 0x41), -EBADF);
    kvm.vm_fd = vm_fd;
    ck_assert_uint_eq(kvm_count_connected(&kvm), 0);
    ck_assert_int_eq(connect_msi(eventfd, 0x41), 0);
    ck_assert_uint_eq(kvm.num_msi_routes, 1);
    disconnect_msi(eventfd);
    close(eventfd);
    /* Not an eventfd. */
    ck_assert_int_lt(connect_msi(kvm.system_fd, 0x41), 0);
    ck_assert_uint_eq(kvm_count_connected(&kvm), 0);
}
END_TEST

/* Lets this process have descriptors for every route. */
static bool raise_fd_limit(void)
{
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 &&
           limit.rlim_cur > KVM_MAX_MSI_ROUTES + 64;
}

START_TEST(routes_run_out_and_are_used_again)
{
    static int eventfds[KVM_MAX_MSI_ROUTES + 1];

    if (skip_without_kvm())
        return;
    if (!raise_fd_limit()) {
        skip_test("too few descriptors allowed (ulimit -n)");
        return;
    }
    for (unsigned i = 0; i <= KVM_MAX_MSI_ROUTES; i++)
        eventfds[i] = make_eventfd();
    for (unsigned i = 0; i < KVM_MAX_MSI_ROUTES; i++)
        ck_assert_int_eq(connect_msi(eventfds[i], 0x30 + i % 64), 0);
    ck_assert_int_eq(connect_msi(eventfds[KVM_MAX_MSI_ROUTES], 0x41), -ENOSPC);
    ck_assert_ptr_nonnull(strstr(capture.last, "all 512 routes are in use"));
    disconnect_msi(eventfds[7]);
    ck_assert_int_eq(connect_msi(eventfds[KVM_MAX_MSI_ROUTES], 0x41), 0);
    signal_eventfd(eventfds[KVM_MAX_MSI_ROUTES]);
    ck_assert(is_taken(eventfds[KVM_MAX_MSI_ROUTES]));
    ck_assert_int_eq(connect_msi(eventfds[7], 0x41), -ENOSPC);
    ck_assert_uint_eq(kvm_count_connected(&kvm), KVM_MAX_MSI_ROUTES);
    for (unsigned i = 0; i <= KVM_MAX_MSI_ROUTES; i++) {
        disconnect_msi(eventfds[i]);
        close(eventfds[i]);
    }
    ck_assert_uint_eq(kvm_count_connected(&kvm), 0);
}
END_TEST

START_TEST(every_pin_can_be_raised_and_lowered)
{
    if (skip_without_kvm())
        return;
    for (unsigned pin = 0; pin < kvm.num_pins; pin++) {
        port.ops->set_irq_level(port.machine, pin, true);
        port.ops->set_irq_level(port.machine, pin, false);
    }
    ck_assert_uint_eq(capture.lines, 0);
}
END_TEST

/* ---- Doorbells ----------------------------------------------------------- */

START_TEST(address_has_one_doorbell)
{
    int one, other;

    if (skip_without_kvm())
        return;
    one = make_eventfd();
    other = make_eventfd();
    ck_assert_int_eq(port.ops->attach_doorbell(port.machine, 0x10000, one), 0);
    ck_assert_int_eq(port.ops->attach_doorbell(port.machine, 0x11000, one), 0);
    ck_assert_int_eq(port.ops->attach_doorbell(port.machine, 0x10000, other),
                     -EEXIST);
    ck_assert_ptr_nonnull(strstr(capture.last, "doorbell at 0x10000"));
    port.ops->detach_doorbell(port.machine, 0x10000, one);
    ck_assert_int_eq(port.ops->attach_doorbell(port.machine, 0x10000, other),
                     0);
    ck_assert_uint_eq(capture.lines, 1);
    port.ops->detach_doorbell(port.machine, 0x10000, one); /* not its */
    ck_assert_uint_eq(capture.lines, 2);
    port.ops->detach_doorbell(port.machine, 0x10000, other);
    port.ops->detach_doorbell(port.machine, 0x11000, one);
    ck_assert_uint_eq(capture.lines, 2);
    close(one);
    close(other);
}
END_TEST

/* ---- Memory -------------------------------------------------------------- */

START_TEST(memory_is_added_a_slot_a_region)
{
    const struct guest_memory_range ranges[] = {
        {.gpa = 0, .size = MIB},
        {.gpa = 4 * GIB, .size = MIB},
    };
    struct guest_memory memory;

    if (skip_without_kvm())
        return;
    ck_assert_int_eq(guest_memory_init(&memory, ranges, 2, 0), 0);
    ck_assert_int_eq(kvm_add_memory(&kvm, &memory), 0);
    ck_assert_uint_eq(kvm.num_slots, 2);
    ck_assert_int_eq(kvm_add_memory(&kvm, &memory), -EEXIST);
    ck_assert_ptr_nonnull(strstr(capture.last, "guest memory at 0x0"));
    kvm_close(&kvm);
    guest_memory_destroy(&memory);
}
END_TEST

START_TEST(what_kvm_does_not_have_is_zero)
{
    if (skip_without_kvm())
        return;
    ck_assert_int_gt(kvm_check_extension(&kvm, KVM_CAP_IRQFD), 0);
    ck_assert_int_eq(kvm_check_extension(&kvm, 0x7ffffff0), 0);
}
END_TEST

static unsigned long impossible_type(int system_fd)
{
    (void)system_fd;
    return ~0UL;
}

START_TEST(machine_type_that_does_not_exist_is_refused)
{
    struct kvm other;

    if (skip_without_kvm())
        return;
    ck_assert_int_lt(kvm_open(&other, impossible_type), 0);
    ck_assert_ptr_nonnull(strstr(capture.last, "KVM_CREATE_VM"));
    ck_assert_int_eq(other.vm_fd, -1);
    ck_assert_int_eq(other.system_fd, -1);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, connected_eventfd_is_taken_by_kvm);
    tcase_add_test(tcase, event_that_waited_is_taken_when_connected);
    tcase_add_test(tcase, events_pile_up_while_disconnected);
    tcase_add_test(tcase, message_of_a_connected_eventfd_can_be_changed);
    tcase_add_test(tcase, failure_to_change_keeps_the_connection_known);
    tcase_add_test(tcase, failure_to_connect_leaves_the_route_free);
    tcase_add_test(tcase, routes_run_out_and_are_used_again);
    tcase_add_test(tcase, every_pin_can_be_raised_and_lowered);
    tcase_add_test(tcase, address_has_one_doorbell);
    tcase_add_test(tcase, memory_is_added_a_slot_a_region);
    tcase_add_test(tcase, what_kvm_does_not_have_is_zero);
    tcase_add_test(tcase, machine_type_that_does_not_exist_is_refused);
}

int main(void)
{
    return check_main("kvm", add_tests);
}
