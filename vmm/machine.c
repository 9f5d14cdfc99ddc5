/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine.c: builds the machine in one visible order, runs it, resets it,
 * takes it down in the reverse order.
 */
#include "vmm/machine.h"

#include "vdpa/vhost_syscalls.h"
#include "vdpa/vhost_vdpa.h"
#include "vmm/arch.h"
#include "vmm/bytes.h"
#include "vmm/fd.h"
#include "vmm/log.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

/* ---- Requests: from any thread, served on the I/O thread ---- */

/* A request and its detail, exit status or signal number, in one atomic. */
#define REQUEST_BITS 8

static int pack_request(enum machine_request what, int detail)
{
    return (int)what | detail << REQUEST_BITS;
}

static enum machine_request request_of(int packed)
{
    return (enum machine_request)(packed & ((1 << REQUEST_BITS) - 1));
}

static bool asks_for_reset(enum machine_request what)
{
    return what == MACHINE_REQUEST_RESET ||
           what == MACHINE_REQUEST_TRIPLE_FAULT;
}

/* The first to ask is served, but who wants the end comes before a reset: a
 * guest that resets itself again and again must not keep the user out. */
static bool comes_before(enum machine_request what,
                         enum machine_request waiting)
{
    return waiting == MACHINE_REQUEST_NONE ||
           (asks_for_reset(waiting) && !asks_for_reset(what));
}

static void request(struct machine *machine, enum machine_request what,
                    int detail)
{
    const uint64_t one = 1;
    int waiting = atomic_load(&machine->request);

    do {
        if (!comes_before(what, request_of(waiting)))
            return;
    } while (!atomic_compare_exchange_weak(&machine->request, &waiting,
                                           pack_request(what, detail)));
    vcpu_group_stop_entering(&machine->vcpus);
    if (write(machine->request_source.fd, &one, sizeof(one)) < 0)
        log_error("eventfd: write: %s", strerror(errno));
}

static void vcpu_stopped(void *owner, enum vcpu_stop why)
{
    static const enum machine_request requests[] = {
        [VCPU_STOP_RESET] = MACHINE_REQUEST_TRIPLE_FAULT,
        [VCPU_STOP_POWEROFF] = MACHINE_REQUEST_POWER_OFF,
        [VCPU_STOP_FAILED] = MACHINE_REQUEST_FAILED,
    };

    request(owner, requests[why], 0);
}

static void power_off_requested(void *owner)
{
    request(owner, MACHINE_REQUEST_POWER_OFF, 0);
}

static void reset_requested(void *owner)
{
    request(owner, MACHINE_REQUEST_RESET, 0);
}

static const struct power_ops power_ops = {
    .power_off = power_off_requested,
    .reset = reset_requested,
};

static void exit_requested(void *owner, uint8_t status)
{
    request(owner, MACHINE_REQUEST_EXIT, status);
}

static void signal_ready(void *owner, uint32_t events)
{
    struct machine *machine = owner;
    struct signalfd_siginfo info;

    (void)events;
    if (read(machine->signal_source.fd, &info, sizeof(info)) ==
        (ssize_t)sizeof(info))
        request(machine, MACHINE_REQUEST_SIGNAL, (int)info.ssi_signo);
}

/* ---- The console: serial port and terminal ---- */

static void serial_transmit(void *owner, const uint8_t *bytes, size_t count)
{
    struct machine *machine = owner;

    if (machine->options->console == CONSOLE_STDIO)
        terminal_write(&machine->terminal, bytes, count);
}

static void serial_set_irq(void *owner, bool high)
{
    struct machine *machine = owner;
    struct machine_port port = kvm_machine_port(&machine->kvm);

    port.ops->set_irq_level(port.machine, arch_machine_layout()->serial_gsi,
                            high);
}

static void serial_receive_ready(void *owner)
{
    struct machine *machine = owner;

    if (machine->options->console == CONSOLE_STDIO)
        terminal_resume(&machine->terminal);
}

static const struct serial_ops serial_ops = {
    .transmit = serial_transmit,
    .set_irq = serial_set_irq,
    .receive_ready = serial_receive_ready,
};

static size_t terminal_receive(void *owner, const uint8_t *bytes, size_t size)
{
    struct machine *machine = owner;

    return serial_receive(&machine->serial, bytes, size);
}

static void terminal_break(void *owner)
{
    struct machine *machine = owner;

    serial_receive_break(&machine->serial);
}

static void terminal_quit(void *owner)
{
    request(owner, MACHINE_REQUEST_QUIT, 0);
}

static const struct terminal_client terminal_client = {
    .receive = terminal_receive,
    .send_break = terminal_break,
    .quit = terminal_quit,
};

/* ---- Network devices ---- */

/* virtio 1.2, 5.1.2: which queue is what, as far as its number tells. */
static const char *role_of_queue(unsigned index, unsigned num_queues)
{
    if (index == num_queues - 1 && num_queues % 2 == 1)
        return "control";
    return index % 2 == 0 ? "receive" : "transmit";
}

/* Split rings hold the used index 2 bytes into the device's part (2.7.8);
 * packed rings have none. */
static void read_used_index(const struct virtio_device *device,
                            const struct virtio_queue *queue,
                            struct bypass_queue *report)
{
    const uint8_t *used = guest_memory_at(device->memory, queue->device_gpa, 4);

    report->has_used_index =
        used && !(device->driver_features & 1ULL << VIRTIO_F_RING_PACKED);
    if (report->has_used_index)
        report->used_index = load_le16(used + 2);
}

/* With the device's lock held; kicks have been counted. */
static void fill_report(struct machine_net *net)
{
    struct virtio_device *device = &net->pci.device;

    for (unsigned i = 0; i < device->num_queues; i++) {
        struct virtio_queue *queue = &device->queues[i];
        struct bypass_queue *report = &net->report.queues[i];
        unsigned source = VIRTIO_INTERRUPT_QUEUE(i);

        if (!queue->is_enabled)
            continue;
        report->was_used = true;
        report->role = role_of_queue(i, device->num_queues);
        report->has_doorbell = virtio_pci_has_doorbell(&net->pci, i);
        report->has_irqfd =
            virtio_interrupts_is_connected(&net->pci.interrupts, source);
        report->kicks = queue->kicks;
        report->kicks_by_vmm = atomic_load(&queue->kicks_by_vmm);
        report->interrupts_by_vmm =
            virtio_interrupts_by_vmm(&net->pci.interrupts, source);
        read_used_index(device, queue, report);
    }
}

static uint64_t region_accesses(const struct bus_region *region)
{
    return __atomic_load_n(&region->accesses, __ATOMIC_RELAXED);
}

/* Everything that can stop a vCPU and bring it to the VMM. */
static unsigned read_accesses(const struct machine_net *net,
                              struct bypass_access *accesses)
{
    static const char *const structures[VIRTIO_NUM_STRUCTURES] = {
        [VIRTIO_STRUCTURE_COMMON] = "device registers",
        [VIRTIO_STRUCTURE_ISR] = "interrupt status",
        [VIRTIO_STRUCTURE_CONFIG] = "device configuration",
        [VIRTIO_STRUCTURE_NOTIFY] = "notifications",
        [VIRTIO_STRUCTURE_MSIX] = "MSI-X table",
    };
    const struct machine *machine = net->machine;
    const struct pci_host *pci = &machine->pci_host;
    unsigned count = 0;

    accesses[count++] = (struct bypass_access){
        "serial port", region_accesses(&machine->serial.region)};
    accesses[count++] = (struct bypass_access){
        "power", region_accesses(&machine->power.region)};
    accesses[count++] = (struct bypass_access){
        "PCI configuration", region_accesses(&pci->ecam) +
                                 region_accesses(&pci->config_address) +
                                 region_accesses(&pci->config_data)};
    for (unsigned i = 0; i < VIRTIO_NUM_STRUCTURES; i++)
        accesses[count++] = (struct bypass_access){
            structures[i], virtio_pci_accesses(&net->pci, i)};
    return count;
}

static void running_changed(void *owner, bool running)
{
    struct bypass_access accesses[BYPASS_MAX_ACCESSES];
    struct machine_net *net = owner;
    const struct vcpu_group *vcpus = &net->machine->vcpus;
    unsigned count = read_accesses(net, accesses);

    if (running) {
        bypass_report_start(&net->report, vcpus, accesses, count);
    } else {
        bypass_report_stop(&net->report, vcpus, accesses, count);
        fill_report(net);
    }
}

static int set_mac(struct vdpa_backend *backend, const uint8_t mac[6])
{
    const uint32_t offset = offsetof(struct virtio_net_config, mac);
    uint8_t kept[6] = {0};
    int error = backend->ops->set_config(backend, offset, mac, sizeof(kept));

    if (!error)
        error = backend->ops->get_config(backend, offset, kept, sizeof(kept));
    if (error)
        return error;
    if (memcmp(kept, mac, sizeof(kept)) == 0)
        return 0;
    log_error("%s: the device keeps its MAC %02x:%02x:%02x:%02x:%02x:%02x: "
              "leave mac= out, or set it from the host with 'vdpa dev set'",
              backend->name, kept[0], kept[1], kept[2], kept[3], kept[4],
              kept[5]);
    return -ENOTSUP;
}

static int check_net(struct vdpa_backend *backend)
{
    struct vdpa_identity identity;
    int error = backend->ops->identify(backend, &identity);

    if (error)
        return error;
    if (identity.device_id != VIRTIO_ID_NET) {
        log_error("%s: a device of virtio type %u, not a network device (%u): "
                  "--net takes network devices only",
                  backend->name, identity.device_id, VIRTIO_ID_NET);
        return -ENODEV;
    }
    return 0;
}

static int open_net_backend(struct machine *machine,
                            const struct options_net *options,
                            struct vdpa_backend **backend)
{
    int error = vhost_vdpa_open(options->vdpa, &vhost_host_syscalls, backend);

    if (error)
        return error;
    error = check_net(*backend);
    if (!error && options->has_mac)
        error = set_mac(*backend, options->mac);
    if (!error)
        error = vhost_vdpa_reserve_memlock(*backend, machine->memory.size);
    if (error)
        (*backend)->ops->close(*backend);
    return error;
}

static int add_net(struct machine *machine, const struct options_net *options)
{
    struct machine_net *net = calloc(1, sizeof(*net));
    struct vdpa_backend *backend;
    int error;

    if (!net)
        return -ENOMEM;
    machine->nets[machine->num_nets++] = net;
    net->machine = machine;
    error = open_net_backend(machine, options, &backend);
    if (!error)
        error = virtio_pci_init(
            &net->pci, backend, &machine->memory, &machine->pci_host,
            kvm_machine_port(&machine->kvm), &machine->loop);
    if (error)
        return error;
    net->has_pci = true;
    error = bypass_report_init(&net->report, options->vdpa, "virtio-net",
                               net->pci.device.num_queues);
    net->pci.device.running_changed = running_changed;
    net->pci.device.owner = net;
    return error;
}

/* ---- Building ---- */

static int init_memory(struct machine *machine)
{
    struct guest_memory_range ranges[GUEST_MEMORY_MAX_REGIONS];
    uint64_t size = machine->options->memory;
    unsigned count = arch_memory_ranges(size, ranges);

    if (count == 0) {
        log_error("--memory: %" PRIu64 " MiB are more than this machine has "
                  "addresses for: give up to %" PRIu64 " MiB",
                  size / MIB, arch_memory_limit() / MIB);
        return -EINVAL;
    }
    return guest_memory_init(&machine->memory, ranges, count,
                             machine->options->page_size);
}

static int init_vm(struct machine *machine)
{
    int error = kvm_open(&machine->kvm, arch_machine_type());

    if (!error)
        error = kvm_add_memory(&machine->kvm, &machine->memory);
    if (!error)
        error = arch_init_interrupts(&machine->kvm);
    if (!error)
        error = vcpu_group_init(&machine->vcpus, &machine->kvm,
                                machine->options->cpus, &machine->ports,
                                &machine->mmio);
    if (!error)
        error = arch_init_vcpus(&machine->kvm, &machine->vcpus);
    machine->vcpus.stopped = vcpu_stopped;
    machine->vcpus.owner = machine;
    return error;
}

static int init_small_devices(struct machine *machine)
{
    const struct machine_layout *layout = arch_machine_layout();
    struct bus *bus = layout->has_ports ? &machine->ports : &machine->mmio;
    int error;

    serial_init(&machine->serial, layout->serial_base, &serial_ops, machine);
    power_init(&machine->power, layout->power_base, &power_ops, machine);
    exit_port_init(&machine->exit_port, layout->exit_port_base, exit_requested,
                   machine);
    error = bus_add(bus, &machine->serial.region);
    if (!error)
        error = bus_add(bus, &machine->power.region);
    if (!error)
        error = bus_add(bus, &machine->exit_port.region);
    return error;
}

static int init_pci(struct machine *machine)
{
    const struct machine_layout *layout = arch_machine_layout();
    const struct pci_host_layout pci = {
        .ecam_base = layout->pci_ecam_base,
        .window32_base = layout->pci_window32_base,
        .window32_size = layout->pci_window32_size,
        .window64_base = layout->pci_window64_base,
        .window64_size = layout->pci_window64_size,
        .first_gsi = layout->pci_first_gsi,
        .num_gsis = layout->pci_num_gsis,
    };

    return pci_host_init(&machine->pci_host, &pci, &machine->mmio,
                         layout->has_ports ? &machine->ports : NULL);
}

static int init_requests(struct machine *machine)
{
    sigset_t signals;
    int error;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    machine->request_source = (struct event_source){
        .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .events = EPOLLIN};
    machine->signal_source = (struct event_source){
        .fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK),
        .events = EPOLLIN,
        .ready = signal_ready,
        .owner = machine};
    if (machine->request_source.fd < 0 || machine->signal_source.fd < 0) {
        error = -errno;
        log_error("eventfd and signalfd: %s", strerror(-error));
        return error;
    }
    return event_loop_add(&machine->loop, &machine->signal_source);
}

int machine_init(struct machine *machine, const struct options *options)
{
    int error;

    memset(machine, 0, sizeof(*machine));
    machine->options = options;
    machine->memory.fd = -1;
    machine->kvm.vm_fd = machine->kvm.system_fd = -1;
    machine->files.kernel.fd = machine->files.initrd.fd = -1;
    machine->request_source.fd = machine->signal_source.fd = -1;
    bus_init(&machine->ports, "port");
    bus_init(&machine->mmio, "mmio");

    error = event_loop_init(&machine->loop);
    if (!error)
        error = init_requests(machine);
    if (!error)
        error = boot_files_open(&machine->files, options->kernel,
                                options->initrd, options->append);
    if (!error)
        error = init_memory(machine);
    if (!error)
        error = init_vm(machine);
    if (!error)
        error = init_small_devices(machine);
    if (!error)
        error = init_pci(machine);
    for (unsigned i = 0; i < options->net_count && !error; i++)
        error = add_net(machine, &options->nets[i]);
    if (!error)
        error =
            arch_load_guest(&machine->memory, &machine->vcpus, &machine->files);
    /* Last, so that an error above is not printed to a raw terminal. */
    if (!error && options->console == CONSOLE_STDIO)
        error = terminal_init(&machine->terminal, &machine->loop, STDIN_FILENO,
                              STDOUT_FILENO, &terminal_client, machine);
    if (error)
        machine_destroy(machine);
    return error;
}

static void destroy_nets(struct machine *machine)
{
    for (unsigned i = 0; i < machine->num_nets; i++) {
        struct machine_net *net = machine->nets[i];

        if (net->has_pci)
            virtio_pci_destroy(&net->pci);
        bypass_report_destroy(&net->report);
        free(net);
    }
    machine->num_nets = 0;
}

void machine_destroy(struct machine *machine)
{
    if (machine->terminal.client)
        terminal_destroy(&machine->terminal);
    arch_destroy_vcpus(&machine->vcpus);
    vcpu_group_destroy(&machine->vcpus);
    destroy_nets(machine);
    kvm_close(&machine->kvm);
    guest_memory_destroy(&machine->memory);
    boot_files_close(&machine->files);
    close_fd(&machine->signal_source.fd);
    close_fd(&machine->request_source.fd);
    event_loop_destroy(&machine->loop);
    bus_destroy(&machine->mmio);
    bus_destroy(&machine->ports);
}

/* ---- Running ---- */

static int reset(struct machine *machine)
{
    int error;

    for (unsigned i = 0; i < machine->num_nets; i++)
        virtio_pci_reset(&machine->nets[i]->pci);
    pci_host_reset(&machine->pci_host);
    serial_reset(&machine->serial);
    error = arch_reset(&machine->kvm, &machine->vcpus);
    if (!error)
        error =
            arch_load_guest(&machine->memory, &machine->vcpus, &machine->files);
    return error;
}

/* Serves a request for a reset. */
static void restart(struct machine *machine, int served)
{
    vcpu_group_pause(&machine->vcpus);
    if (reset(machine) != 0) {
        machine->exit_status = EXIT_STATUS_FAILED;
        event_loop_stop(&machine->loop);
        return;
    }
    log_info("the guest was reset");
    /* Unless it was outranked meanwhile, by one that comes here next. */
    if (atomic_compare_exchange_strong(&machine->request, &served,
                                       MACHINE_REQUEST_NONE))
        vcpu_group_resume(&machine->vcpus);
}

static int status_of(enum machine_request what, int detail)
{
    switch (what) {
    case MACHINE_REQUEST_TRIPLE_FAULT:
        log_error("the guest ended by a triple fault");
        return EXIT_STATUS_TRIPLE_FAULT;
    case MACHINE_REQUEST_EXIT:
        return detail;
    case MACHINE_REQUEST_SIGNAL:
        log_error("ended by signal %d (%s)", detail, strsignal(detail));
        return EXIT_STATUS_SIGNAL + detail;
    case MACHINE_REQUEST_FAILED:
        return EXIT_STATUS_FAILED;
    case MACHINE_REQUEST_NONE:
    case MACHINE_REQUEST_RESET:
    case MACHINE_REQUEST_POWER_OFF:
    case MACHINE_REQUEST_QUIT:
    default:
        return 0;
    }
}

/* On the I/O thread. */
static void request_ready(void *owner, uint32_t events)
{
    struct machine *machine = owner;
    enum machine_request what;
    uint64_t count;
    int packed;

    (void)events;
    if (read(machine->request_source.fd, &count, sizeof(count)) < 0)
        return;
    packed = atomic_load(&machine->request);
    what = request_of(packed);
    /* Already served: two asked before we came. */
    if (what == MACHINE_REQUEST_NONE)
        return;
    if (machine->options->on_reset == ON_RESET_RESTART &&
        asks_for_reset(what)) {
        if (what == MACHINE_REQUEST_TRIPLE_FAULT)
            log_warning("the guest had a triple fault");
        restart(machine, packed);
        return;
    }
    machine->exit_status = status_of(what, packed >> REQUEST_BITS);
    event_loop_stop(&machine->loop);
}

/* The processor time that start-up cost this process, in all threads. */
static void log_start_cost(void)
{
    struct timespec used;

    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0)
        log_debug("start-up took %.1f ms of processor time",
                  (double)used.tv_sec * 1e3 + (double)used.tv_nsec / 1e6);
}

int machine_run(struct machine *machine)
{
    int error;

    machine->request_source.ready = request_ready;
    machine->request_source.owner = machine;
    error = event_loop_add(&machine->loop, &machine->request_source);
    if (!error)
        error = vcpu_group_start(&machine->vcpus);
    if (error)
        return EXIT_STATUS_FAILED;
    log_start_cost();
    vcpu_group_resume(&machine->vcpus);
    error = event_loop_run(&machine->loop);
    vcpu_group_pause(&machine->vcpus);
    /* Stops the devices, which closes their reports. */
    for (unsigned i = 0; i < machine->num_nets; i++)
        virtio_pci_reset(&machine->nets[i]->pci);
    return error ? EXIT_STATUS_FAILED : machine->exit_status;
}

void machine_print_reports(const struct machine *machine, FILE *file)
{
    for (unsigned i = 0; i < machine->num_nets; i++)
        bypass_report_print(&machine->nets[i]->report, file);
}
