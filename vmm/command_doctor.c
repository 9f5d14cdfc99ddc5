/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command_doctor.c: looks at everything that a run may need, says what is there
 * and, of each thing that is not, what to do about it.
 */
#include "vmm/command_doctor.h"

#include "vdpa/vhost_survey.h"
#include "vmm/arch.h"
#include "vmm/bytes.h"
#include "vmm/command_vdpa.h"
#include "vmm/exit_status.h"
#include "vmm/fd.h"
#include "vmm/kvm.h"
#include "vmm/log.h"
#include "vmm/text_numbers.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Below, a guest's kernel is emulated: a Linux boot is some 2 billion
 * instructions. */
#define EMULATED_SPEED 50e6

enum verdict {
    VERDICT_OK,
    VERDICT_LACKING, /* something that some runs need */
    VERDICT_FATAL,   /* no guest can run */
};

static void print_finding(enum verdict verdict, const char *what,
                          const char *text, const char *remedy)
{
    static const char *const words[] = {[VERDICT_OK] = "ok",
                                        [VERDICT_LACKING] = "lacking",
                                        [VERDICT_FATAL] = "FAILS"};

    printf("%-8s %-16s %s\n", words[verdict], what, text);
    if (remedy)
        printf("%-8s %-16s -> %s\n", "", "", remedy);
}

/* Whether the file can be opened as it would be; 0 or -errno. */
static int try_open(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK);
    int error = fd < 0 ? -errno : 0;

    close_fd(&fd);
    return error;
}

/* ---- KVM ---- */

static const struct {
    unsigned capability;
    const char *name, *use;
} kvm_needs[] = {
    {KVM_CAP_USER_MEMORY, "USER_MEMORY", "guest memory"},
    {KVM_CAP_IRQCHIP, "IRQCHIP", "interrupts"},
    {KVM_CAP_IRQFD, "IRQFD", "interrupts without the VMM"},
    {KVM_CAP_IOEVENTFD, "IOEVENTFD", "notifications without the VMM"},
    {KVM_CAP_SIGNAL_MSI, "SIGNAL_MSI", "MSI-X"},
};

static bool report_capabilities(const struct kvm *kvm)
{
    bool has_all = true;

    for (size_t i = 0; i < ARRAY_SIZE(kvm_needs); i++) {
        char text[128];

        if (kvm_check_extension(kvm, kvm_needs[i].capability) > 0)
            continue;
        snprintf(text, sizeof(text), "it lacks KVM_CAP_%s, for %s",
                 kvm_needs[i].name, kvm_needs[i].use);
        print_finding(VERDICT_FATAL, "kvm", text,
                      "use a newer kernel, or one built with it");
        has_all = false;
    }
    return has_all;
}

static void report_speed(const struct kvm *kvm)
{
    double speed = 0;
    int error = arch_measure_speed(kvm, &speed);
    char text[128];

    if (error) {
        snprintf(text, sizeof(text), "a test guest did not run: %s",
                 strerror(-error));
        print_finding(VERDICT_LACKING, "kvm speed", text, NULL);
        return;
    }
    snprintf(text, sizeof(text),
             "%.0f million instructions of a kernel a second", speed / 1e6);
    if (speed < EMULATED_SPEED)
        print_finding(VERDICT_LACKING, "kvm speed", text,
                      "this KVM emulates: Linux takes minutes to boot; use a "
                      "host with hardware virtualization");
    else
        print_finding(VERDICT_OK, "kvm speed", text, NULL);
}

/* True when guests can run. */
static bool report_kvm(void)
{
    struct kvm kvm;
    bool is_usable;

    /* What is wrong, kvm_open() says better. */
    if (kvm_open(&kvm, arch_machine_type()) != 0) {
        print_finding(VERDICT_FATAL, "kvm", "no guest can run here",
                      "see the line above");
        return false;
    }
    print_finding(VERDICT_OK, "kvm", "/dev/kvm makes virtual machines", NULL);
    is_usable = report_capabilities(&kvm);
    report_speed(&kvm);
    kvm_close(&kvm);
    return is_usable;
}

/* ---- vDPA ---- */

static void report_devices(void)
{
    char **paths;
    int count = vhost_survey_list(&vhost_host_syscalls, &paths);

    if (count <= 0) {
        print_finding(VERDICT_LACKING, "vhost-vdpa", "there is no device",
                      "modprobe vhost_vdpa, then \"vdpa dev add name NAME "
                      "mgmtdev PARENT\", or \"vmm vduse NAME\"");
        return;
    }
    for (int i = 0; i < count; i++) {
        struct vhost_survey survey;

        vhost_survey_device(&survey, &vhost_host_syscalls, paths[i]);
        if (!survey.error || survey.error == -EBUSY)
            print_finding(VERDICT_OK, "vhost-vdpa", paths[i], NULL);
        else
            print_finding(
                VERDICT_LACKING, "vhost-vdpa", vhost_strerror(-survey.error),
                survey.error == -EACCES ? "run as root, or chown the device"
                                        : NULL);
        command_vdpa_print(&survey, stdout);
        vhost_survey_destroy(&survey);
    }
    vhost_survey_free_list(paths, count);
}

static void report_vduse(void)
{
    int error = try_open("/dev/vduse/control", O_RDWR);

    if (!error)
        print_finding(VERDICT_OK, "vduse", "devices in software can be made",
                      NULL);
    else if (error == -ENOENT)
        print_finding(VERDICT_LACKING, "vduse", "the module is not there",
                      "modprobe vduse");
    else
        print_finding(VERDICT_LACKING, "vduse", strerror(-error),
                      "run as root, or chown /dev/vduse/control");
}

/* ---- Memory ---- */

static void report_memlock(void)
{
    struct rlimit limit;
    char text[128];

    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
        return;
    if (limit.rlim_max == RLIM_INFINITY) {
        print_finding(VERDICT_OK, "locked memory", "without limit", NULL);
        return;
    }
    snprintf(text, sizeof(text),
             "up to %" PRIu64 " MiB: a device that pins memory takes guests no "
             "larger",
             (uint64_t)limit.rlim_max / MIB);
    print_finding(
        geteuid() == 0 ? VERDICT_OK : VERDICT_LACKING, "locked memory", text,
        geteuid() == 0 ? NULL : "ulimit -l unlimited, or LimitMEMLOCK=");
}

static void report_huge_pages(const char *name, const char *folder)
{
    char path[128], text[128] = "";
    uint64_t free_pages = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/%s/free_hugepages",
             folder);
    file = fopen(path, "re");
    if (!file)
        return;
    if (fgets(text, sizeof(text), file))
        (void)text_read_number(text, 10, &free_pages);
    fclose(file);
    snprintf(text, sizeof(text), "%" PRIu64 " free pages of %s", free_pages,
             name);
    print_finding(VERDICT_OK, "huge pages", text, NULL);
}

/* ---- The rest ---- */

static void report_library(void)
{
    void *library = dlopen("libslirp.so.0", RTLD_LAZY);

    if (library)
        print_finding(VERDICT_OK, "--net user", "libslirp is there", NULL);
    else
        print_finding(VERDICT_LACKING, "--net user", "libslirp is not there",
                      "apt-get install libslirp0");
    if (library)
        dlclose(library);
}

static void report_tap(void)
{
    int error = try_open("/dev/net/tun", O_RDWR);

    if (!error)
        print_finding(VERDICT_OK, "--net tap", "/dev/net/tun opens", NULL);
    else
        print_finding(VERDICT_LACKING, "--net tap", strerror(-error),
                      error == -ENOENT ? "modprobe tun" : "run as root");
}

static void report_busybox(void)
{
    if (access("/usr/bin/busybox", R_OK) == 0 ||
        access("/bin/busybox", R_OK) == 0)
        print_finding(VERDICT_OK, "-- COMMAND", "busybox is there", NULL);
    else
        print_finding(VERDICT_LACKING, "-- COMMAND",
                      "there is no busybox for the guest",
                      "apt-get install busybox-static");
}

int command_doctor(void)
{
    bool can_run = report_kvm();

    report_devices();
    report_vduse();
    report_memlock();
    report_huge_pages("2 MiB", "hugepages-2048kB");
    report_huge_pages("1 GiB", "hugepages-1048576kB");
    report_library();
    report_tap();
    report_busybox();
    if (fflush(stdout) != 0) {
        log_error("stdout: %s: this text went nowhere", strerror(errno));
        return EXIT_STATUS_FAILED;
    }
    return can_run ? EXIT_SUCCESS : EXIT_STATUS_FAILED;
}
