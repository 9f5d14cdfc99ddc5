/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kvm.c: the virtual machine: memory slots, doorbells, interrupt routes.
 *
 * KVM api.rst: KVM_SET_USER_MEMORY_REGION, KVM_IOEVENTFD, KVM_IRQFD,
 * KVM_SET_GSI_ROUTING.
 */
#include "vmm/kvm.h"

#include "vmm/arch.h"
#include "vmm/fd.h"
#include "vmm/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#define KVM_PATH "/dev/kvm"

static int explain_open_failure(int error)
{
    if (error == -EACCES)
        log_error(KVM_PATH ": no permission: add yourself to its group "
                           "(usermod -aG kvm USER, then log in again)");
    else if (error == -ENOENT)
        log_error(KVM_PATH ": not there: %s",
                  arch_machine_layout()->kvm_remedy);
    else
        log_error(KVM_PATH ": %s", strerror(-error));
    return error;
}

static int explain_create_failure(int error)
{
    if (error == -EBUSY)
        log_error(KVM_PATH ": KVM_CREATE_VM: another hypervisor holds the "
                           "processor's virtualization: stop it first");
    else
        log_error(KVM_PATH ": KVM_CREATE_VM: %s", strerror(-error));
    return error;
}

int kvm_open(struct kvm *kvm, unsigned long (*machine_type)(int system_fd))
{
    int version, error;

    *kvm = (struct kvm){.system_fd = -1, .vm_fd = -1};
    pthread_mutex_init(&kvm->route_lock, NULL);
    for (unsigned i = 0; i < KVM_MAX_MSI_ROUTES; i++)
        kvm->msi_routes[i].eventfd = -1;

    kvm->system_fd = open(KVM_PATH, O_RDWR | O_CLOEXEC);
    if (kvm->system_fd < 0)
        return explain_open_failure(-errno);
    version = ioctl(kvm->system_fd, KVM_GET_API_VERSION, 0);
    if (version != KVM_API_VERSION) {
        if (version < 0)
            log_error(KVM_PATH ": KVM_GET_API_VERSION: %s: it is not the KVM "
                               "device: make it with 'mknod /dev/kvm c 10 232'",
                      strerror(errno));
        else
            log_error(KVM_PATH ": speaks KVM API version %d, not %d: this "
                               "needs Linux 2.6.22 or newer",
                      version, KVM_API_VERSION);
        error = -ENOTSUP;
        goto fail;
    }
    kvm->vm_fd =
        ioctl(kvm->system_fd, KVM_CREATE_VM, machine_type(kvm->system_fd));
    if (kvm->vm_fd < 0) {
        error = explain_create_failure(-errno);
        goto fail;
    }
    kvm->doorbells_of_any_length =
        kvm_check_extension(kvm, KVM_CAP_IOEVENTFD_ANY_LENGTH) > 0;
    return 0;

fail:
    kvm_close(kvm);
    return error;
}

void kvm_close(struct kvm *kvm)
{
    close_fd(&kvm->vm_fd);
    close_fd(&kvm->system_fd);
}

int kvm_check_extension(const struct kvm *kvm, unsigned capability)
{
    int value =
        ioctl(kvm->vm_fd, KVM_CHECK_EXTENSION, (unsigned long)capability);

    return value < 0 ? 0 : value;
}

int kvm_add_memory(struct kvm *kvm, const struct guest_memory *memory)
{
    int most;

    for (unsigned i = 0; i < memory->count; i++) {
        const struct guest_memory_region *region = &memory->regions[i];
        struct kvm_userspace_memory_region slot = {
            .slot = kvm->num_slots,
            .guest_phys_addr = region->gpa,
            .memory_size = region->size,
            .userspace_addr = (uintptr_t)region->host,
        };

        if (ioctl(kvm->vm_fd, KVM_SET_USER_MEMORY_REGION, &slot) != 0) {
            int error = -errno;

            /* So does arm64 say that guests have fewer address bits. */
            log_error("guest memory at 0x%llx: KVM_SET_USER_MEMORY_REGION: "
                      "%s%s",
                      (unsigned long long)region->gpa, strerror(-error),
                      error == -EFAULT ? ": guests of this processor have no "
                                         "such addresses: give less with "
                                         "--memory"
                                       : "");
            return error;
        }
        kvm->num_slots++;
    }
    /* A kernel that does not say how many slots it has, has 32. */
    most = kvm_check_extension(kvm, KVM_CAP_NR_MEMSLOTS);
    kvm_pages_init(&kvm->pages, kvm->vm_fd, kvm->num_slots,
                   most > 0 ? (unsigned)most : 32);
    return 0;
}

static int attach_doorbell(void *machine, uint64_t gpa, int eventfd)
{
    struct kvm *kvm = machine;
    struct kvm_ioeventfd doorbell = {
        .addr = gpa,
        /* Length 0 takes a write of any width, and lets KVM skip decoding
         * the instruction. Drivers write 2 bytes (virtio 1.2, 4.1.5.2). */
        .len = kvm->doorbells_of_any_length ? 0 : 2,
        .fd = eventfd,
    };

    if (ioctl(kvm->vm_fd, KVM_IOEVENTFD, &doorbell) != 0) {
        int error = -errno;

        log_error("doorbell at 0x%llx: KVM_IOEVENTFD: %s",
                  (unsigned long long)gpa, strerror(-error));
        return error;
    }
    return 0;
}

static void detach_doorbell(void *machine, uint64_t gpa, int eventfd)
{
    struct kvm *kvm = machine;
    struct kvm_ioeventfd doorbell = {
        .addr = gpa,
        .len = kvm->doorbells_of_any_length ? 0 : 2,
        .fd = eventfd,
        .flags = KVM_IOEVENTFD_FLAG_DEASSIGN,
    };

    if (ioctl(kvm->vm_fd, KVM_IOEVENTFD, &doorbell) != 0)
        log_error("doorbell at 0x%llx: taking it away: KVM_IOEVENTFD: %s",
                  (unsigned long long)gpa, strerror(errno));
}

static int attach_page(void *machine, uint64_t gpa, void *page)
{
    struct kvm *kvm = machine;

    return kvm_pages_attach(&kvm->pages, gpa, page);
}

static unsigned count_free_pages(void *machine)
{
    struct kvm *kvm = machine;

    return kvm_pages_count_free(&kvm->pages);
}

static bool has_page(void *machine, uint64_t gpa, void *page)
{
    struct kvm *kvm = machine;

    return kvm_pages_has(&kvm->pages, gpa, page);
}

static void detach_page(void *machine, uint64_t gpa, void *page)
{
    struct kvm *kvm = machine;

    kvm_pages_detach(&kvm->pages, gpa, page);
}

/* Hands the whole table to KVM, which replaces the one that it has.
 * route_lock is held, or no other thread runs yet. */
static int set_routes(struct kvm *kvm)
{
    /* struct kvm_irq_routing, with an array of a size. */
    struct {
        uint32_t nr, flags;
        struct kvm_irq_routing_entry entries[64 + KVM_MAX_MSI_ROUTES];
    } table;
    unsigned count = 0;

    assert(kvm->num_pins <= 64);
    table.flags = 0;
    for (unsigned pin = 0; pin < kvm->num_pins; pin++)
        table.entries[count++] = (struct kvm_irq_routing_entry){
            .gsi = pin,
            .type = KVM_IRQ_ROUTING_IRQCHIP,
            .u.irqchip = {.irqchip = kvm->irqchip, .pin = pin},
        };
    for (unsigned i = 0; i < kvm->num_msi_routes; i++) {
        const struct msi_message *message = &kvm->msi_routes[i].message;
        struct kvm_irq_routing_entry *entry = &table.entries[count++];

        *entry = (struct kvm_irq_routing_entry){
            .gsi = kvm->num_pins + i,
            .type = KVM_IRQ_ROUTING_MSI,
            .u.msi = {.address_lo = (uint32_t)message->address,
                      .address_hi = (uint32_t)(message->address >> 32),
                      .data = message->data},
        };
        if (kvm->routes_name_the_device) {
            entry->flags = KVM_MSI_VALID_DEVID;
            entry->u.msi.devid = message->requester_id;
        }
    }
    table.nr = count;
    if (ioctl(kvm->vm_fd, KVM_SET_GSI_ROUTING, &table) != 0) {
        int error = -errno;

        log_error("interrupt routes: KVM_SET_GSI_ROUTING of %u: %s", count,
                  strerror(-error));
        return error;
    }
    return 0;
}

int kvm_route_pins(struct kvm *kvm, unsigned irqchip, unsigned num_pins,
                   uint32_t first_line)
{
    kvm->irqchip = irqchip;
    kvm->num_pins = num_pins;
    kvm->first_line = first_line;
    /* Known only now: on arm64 it needs the interrupt translation device. */
    kvm->routes_name_the_device =
        kvm_check_extension(kvm, KVM_CAP_MSI_DEVID) > 0;
    return set_routes(kvm);
}

/* The route that this eventfd has or had, else a free one, else one whose
 * eventfd is not connected; NULL when all are in use. */
static struct kvm_msi_route *find_route(struct kvm *kvm, int eventfd)
{
    struct kvm_msi_route *unused = NULL;

    for (unsigned i = 0; i < KVM_MAX_MSI_ROUTES; i++) {
        struct kvm_msi_route *route = &kvm->msi_routes[i];

        if (route->eventfd == eventfd)
            return route;
        if (!route->is_connected &&
            (!unused || (unused->eventfd >= 0 && route->eventfd < 0)))
            unused = route;
    }
    return unused;
}

static int set_irqfd(struct kvm *kvm, const struct kvm_msi_route *route,
                     uint32_t flags)
{
    struct kvm_irqfd irqfd = {
        .fd = (uint32_t)route->eventfd,
        .gsi = kvm->num_pins + (uint32_t)(route - kvm->msi_routes),
        .flags = flags,
    };

    if (ioctl(kvm->vm_fd, KVM_IRQFD, &irqfd) != 0) {
        int error = -errno;

        log_error("interrupt route %u: KVM_IRQFD: %s", irqfd.gsi,
                  strerror(-error));
        return error;
    }
    return 0;
}

static bool same_message(const struct msi_message *a,
                         const struct msi_message *b)
{
    return a->address == b->address && a->data == b->data &&
           a->requester_id == b->requester_id;
}

/* route_lock is held. The route stands before the irqfd is assigned: an
 * interrupt without a route is dropped without a word. */
static int connect_route(struct kvm *kvm, const struct msi_message *message,
                         int eventfd)
{
    struct kvm_msi_route *route = find_route(kvm, eventfd);
    struct kvm_msi_route before;
    eventfd_t waiting;
    unsigned number;
    int error;

    if (!route) {
        log_error("interrupts: all %d routes are in use", KVM_MAX_MSI_ROUTES);
        return -ENOSPC;
    }
    before = *route;
    number = (unsigned)(route - kvm->msi_routes);
    if (route->eventfd != eventfd || !same_message(&route->message, message)) {
        route->eventfd = eventfd;
        route->message = *message;
        if (number >= kvm->num_msi_routes)
            kvm->num_msi_routes = number + 1;
        error = set_routes(kvm);
        if (error) {
            *route = before;
            return error;
        }
    }
    if (route->is_connected)
        return 0;
    error = set_irqfd(kvm, route, 0);
    if (error)
        return error;
    route->is_connected = true;
    /* KVM raises what it finds waiting but leaves the count, which would be
     * raised once more after the next disconnection. Later signals it takes
     * itself, before a read can see them. */
    (void)eventfd_read(eventfd, &waiting);
    return 0;
}

static int connect_msi(void *machine, const struct msi_message *message,
                       int eventfd)
{
    struct kvm *kvm = machine;
    int error;

    pthread_mutex_lock(&kvm->route_lock);
    error = connect_route(kvm, message, eventfd);
    pthread_mutex_unlock(&kvm->route_lock);
    return error;
}

static void disconnect_msi(void *machine, int eventfd)
{
    struct kvm *kvm = machine;

    pthread_mutex_lock(&kvm->route_lock);
    for (unsigned i = 0; i < kvm->num_msi_routes; i++) {
        struct kvm_msi_route *route = &kvm->msi_routes[i];

        if (route->eventfd == eventfd && route->is_connected) {
            set_irqfd(kvm, route, KVM_IRQFD_FLAG_DEASSIGN);
            route->is_connected = false;
        }
    }
    pthread_mutex_unlock(&kvm->route_lock);
}

static void set_irq_level(void *machine, unsigned gsi, bool high)
{
    struct kvm *kvm = machine;
    struct kvm_irq_level level = {.irq = kvm->first_line + gsi, .level = high};

    if (ioctl(kvm->vm_fd, KVM_IRQ_LINE, &level) != 0)
        log_error("interrupt line %u: KVM_IRQ_LINE: %s", gsi, strerror(errno));
}

static const struct machine_ops kvm_machine_ops = {
    .attach_doorbell = attach_doorbell,
    .detach_doorbell = detach_doorbell,
    .attach_page = attach_page,
    .count_free_pages = count_free_pages,
    .has_page = has_page,
    .detach_page = detach_page,
    .connect_msi = connect_msi,
    .disconnect_msi = disconnect_msi,
    .set_irq_level = set_irq_level,
};

struct machine_port kvm_machine_port(struct kvm *kvm)
{
    return (struct machine_port){.ops = &kvm_machine_ops, .machine = kvm};
}

unsigned kvm_count_connected(struct kvm *kvm)
{
    unsigned connected = 0;

    pthread_mutex_lock(&kvm->route_lock);
    for (unsigned i = 0; i < kvm->num_msi_routes; i++)
        connected += kvm->msi_routes[i].is_connected;
    pthread_mutex_unlock(&kvm->route_lock);
    return connected;
}
