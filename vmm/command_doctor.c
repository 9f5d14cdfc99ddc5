/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command_doctor.c: looks at everything that a run may need, says what is there
 * and, of each thing that is not, what to do about it.
 *
 * Whatever is found goes through tell(), which knows how to print it.
 */
#include "vmm/command_doctor.h"

#include "vdpa/vhost_survey.h"
#include "vmm/arch.h"
#include "vmm/bytes.h"
#include "vmm/command_vdpa.h"
#include "vmm/exit_status.h"
#include "vmm/fd.h"
#include "vmm/json_writer.h"
#include "vmm/kvm.h"
#include "vmm/log.h"
#include "vmm/speed.h"
#include "vmm/text_numbers.h"
#include "vmm/usage.h"

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

#define SCHEMA      "vmm-doctor/1"
#define MAX_FIGURES 2
#define MAX_TEXT    512 /* bytes, with the final NUL */

enum verdict {
    VERDICT_OK,
    VERDICT_LACKING, /* something that some runs need */
    VERDICT_FATAL,   /* no guest can run */
};

struct figure {
    const char *name; /* NULL: there is none */
    uint64_t value;
};

struct finding {
    enum verdict verdict;
    const char *what, *text, *remedy;   /* the last is NULL where none is */
    struct figure figures[MAX_FIGURES]; /* of the text, for programs */
    const struct vhost_survey *device;  /* that it is about, or NULL */
};

static void print_text(const struct finding *finding)
{
    static const char *const words[] = {[VERDICT_OK] = "ok",
                                        [VERDICT_LACKING] = "lacking",
                                        [VERDICT_FATAL] = "FAILS"};

    printf("%-8s %-16s %s\n", words[finding->verdict], finding->what,
           finding->text);
    if (finding->remedy)
        printf("%-8s %-16s -> %s\n", "", "", finding->remedy);
    if (finding->device)
        command_vdpa_print(finding->device, stdout);
}

static void print_json(const struct finding *finding, struct json_writer *json)
{
    static const char *const words[] = {[VERDICT_OK] = "ok",
                                        [VERDICT_LACKING] = "lacking",
                                        [VERDICT_FATAL] = "fails"};

    json_writer_begin_object(json, NULL);
    json_writer_string(json, "verdict", words[finding->verdict]);
    json_writer_string(json, "what", finding->what);
    json_writer_string(json, "text", finding->text);
    if (finding->remedy)
        json_writer_string(json, "remedy", finding->remedy);
    for (unsigned i = 0; i < MAX_FIGURES && finding->figures[i].name; i++)
        json_writer_number(json, finding->figures[i].name,
                           finding->figures[i].value);
    if (finding->device)
        command_vdpa_json(finding->device, json);
    json_writer_end(json);
}

/* `json` is NULL for text. */
static void tell(struct json_writer *json, const struct finding *finding)
{
    if (json)
        print_json(finding, json);
    else
        print_text(finding);
}

static void tell_plain(struct json_writer *json, enum verdict verdict,
                       const char *what, const char *text, const char *remedy)
{
    const struct finding finding = {
        .verdict = verdict, .what = what, .text = text, .remedy = remedy};

    tell(json, &finding);
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

static bool report_capabilities(const struct kvm *kvm, struct json_writer *json)
{
    bool has_all = true;

    for (size_t i = 0; i < ARRAY_SIZE(kvm_needs); i++) {
        char text[128];

        if (kvm_check_extension(kvm, kvm_needs[i].capability) > 0)
            continue;
        snprintf(text, sizeof(text), "it lacks KVM_CAP_%s, for %s",
                 kvm_needs[i].name, kvm_needs[i].use);
        tell_plain(json, VERDICT_FATAL, "kvm", text,
                   "use a newer kernel, or one built with it");
        has_all = false;
    }
    return has_all;
}

static void report_speed(const struct kvm *kvm, struct json_writer *json)
{
    double speed = 0;
    int error = speed_measure(kvm, &speed);
    char text[128];
    struct finding finding = {.what = "kvm speed", .text = text};

    if (error) {
        snprintf(text, sizeof(text), "a test guest did not run: %s",
                 strerror(-error));
        tell_plain(json, VERDICT_LACKING, "kvm speed", text, NULL);
        return;
    }
    snprintf(text, sizeof(text),
             "%.0f million instructions of a kernel a second", speed / 1e6);
    finding.figures[0] =
        (struct figure){"instructions_per_second", (uint64_t)speed};
    if (speed < EMULATED_SPEED) {
        finding.verdict = VERDICT_LACKING;
        finding.remedy = "this KVM emulates: Linux takes minutes to boot; use "
                         "a host with hardware virtualization";
    }
    tell(json, &finding);
}

/* A log_sink: what went wrong, for tell(). */
static void keep_line(enum log_level level, const char *line, void *context)
{
    char *text = context;

    if (level == LOG_LEVEL_ERROR && text[0] == '\0')
        snprintf(text, MAX_TEXT, "%s", line);
}

/* True when guests can run. */
static bool report_kvm(struct json_writer *json)
{
    char text[MAX_TEXT] = "";
    struct kvm kvm;
    bool is_usable;
    int error;

    /* What is wrong, and what to do, kvm_open() says best. */
    log_set_sink(keep_line, text);
    error = kvm_open(&kvm, arch_machine_type);
    log_set_sink(NULL, NULL);
    if (error) {
        tell_plain(json, VERDICT_FATAL, "kvm", text, NULL);
        return false;
    }
    tell_plain(json, VERDICT_OK, "kvm", "/dev/kvm makes virtual machines",
               NULL);
    is_usable = report_capabilities(&kvm, json);
    report_speed(&kvm, json);
    kvm_close(&kvm);
    return is_usable;
}

/* ---- vDPA ---- */

static void report_devices(struct json_writer *json)
{
    char **paths;
    int count = vhost_survey_list(&vhost_host_syscalls, &paths);

    if (count <= 0) {
        tell_plain(json, VERDICT_LACKING, "vhost-vdpa", "there is no device",
                   "modprobe vhost_vdpa, then \"vdpa dev add name NAME "
                   "mgmtdev PARENT\", or \"vmm vduse NAME\"");
        return;
    }
    for (int i = 0; i < count; i++) {
        struct vhost_survey survey;
        struct finding finding = {
            .what = "vhost-vdpa", .text = paths[i], .device = &survey};

        vhost_survey_device(&survey, &vhost_host_syscalls, paths[i]);
        if (survey.error && survey.error != -EBUSY) {
            finding.verdict = VERDICT_LACKING;
            finding.text = vhost_strerror(-survey.error);
            if (survey.error == -EACCES)
                finding.remedy = "run as root, or chown the device";
        }
        tell(json, &finding);
        vhost_survey_destroy(&survey);
    }
    vhost_survey_free_list(paths, count);
}

static void report_vduse(struct json_writer *json)
{
    int error = try_open("/dev/vduse/control", O_RDWR);

    if (!error)
        tell_plain(json, VERDICT_OK, "vduse", "devices in software can be made",
                   NULL);
    else if (error == -ENOENT)
        tell_plain(json, VERDICT_LACKING, "vduse", "the module is not there",
                   "modprobe vduse");
    else
        tell_plain(json, VERDICT_LACKING, "vduse", strerror(-error),
                   "run as root, or chown /dev/vduse/control");
}

/* ---- Memory ---- */

/* A privileged process gives itself what a device needs. That is tried: this
 * one ends soon, and locks nothing. */
static bool may_raise_memlock(void)
{
    const struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

    return setrlimit(RLIMIT_MEMLOCK, &limit) == 0;
}

static void report_memlock(struct json_writer *json)
{
    struct rlimit limit;
    char text[128];
    bool may_raise;
    struct finding finding = {.what = "locked memory", .text = text};

    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
        return;
    if (limit.rlim_max == RLIM_INFINITY) {
        tell_plain(json, VERDICT_OK, "locked memory", "without limit", NULL);
        return;
    }
    may_raise = may_raise_memlock();
    snprintf(text, sizeof(text), "up to %" PRIu64 " MiB: %s",
             (uint64_t)limit.rlim_max / MIB,
             may_raise ? "vmm raises it where a device pins more"
                       : "a device that pins memory takes guests no larger");
    finding.figures[0] = (struct figure){"limit_bytes", limit.rlim_max};
    if (!may_raise) {
        finding.verdict = VERDICT_LACKING;
        finding.remedy = "ulimit -l unlimited, or LimitMEMLOCK=";
    }
    tell(json, &finding);
}

static void report_huge_pages(struct json_writer *json, const char *name,
                              uint64_t size)
{
    char folder[64], path[128], text[128] = "", remedy[128];
    uint64_t free_pages = 0;
    struct finding finding = {.what = "huge pages", .text = text};
    FILE *file;

    snprintf(folder, sizeof(folder),
             "/sys/kernel/mm/hugepages/hugepages-%" PRIu64 "kB", size / KIB);
    snprintf(path, sizeof(path), "%s/free_hugepages", folder);
    snprintf(remedy, sizeof(remedy), "as root: echo NUMBER >%s/nr_hugepages",
             folder);
    file = fopen(path, "re");
    if (!file)
        return;
    if (fgets(text, sizeof(text), file))
        (void)text_read_number(text, 10, &free_pages);
    fclose(file);
    snprintf(text, sizeof(text), "%" PRIu64 " free pages of %s", free_pages,
             name);
    finding.figures[0] = (struct figure){"page_bytes", size};
    finding.figures[1] = (struct figure){"free_pages", free_pages};
    if (free_pages == 0) {
        finding.verdict = VERDICT_LACKING;
        finding.remedy = remedy;
    }
    tell(json, &finding);
}

/* ---- The rest ---- */

static void report_library(struct json_writer *json)
{
    void *library = dlopen("libslirp.so.0", RTLD_LAZY);

    if (library)
        tell_plain(json, VERDICT_OK, "--net user", "libslirp is there", NULL);
    else
        tell_plain(json, VERDICT_LACKING, "--net user", "libslirp is not there",
                   "apt-get install libslirp0");
    if (library)
        dlclose(library);
}

static void report_tap(struct json_writer *json)
{
    int error = try_open("/dev/net/tun", O_RDWR);

    if (!error)
        tell_plain(json, VERDICT_OK, "--net tap", "/dev/net/tun opens", NULL);
    else
        tell_plain(json, VERDICT_LACKING, "--net tap", strerror(-error),
                   error == -ENOENT ? "modprobe tun" : "run as root");
}

static void report_busybox(struct json_writer *json)
{
    if (access("/usr/bin/busybox", R_OK) == 0 ||
        access("/bin/busybox", R_OK) == 0)
        tell_plain(json, VERDICT_OK, "-- COMMAND", "busybox is there", NULL);
    else
        tell_plain(json, VERDICT_LACKING, "-- COMMAND",
                   "there is no busybox for the guest",
                   "apt-get install busybox-static");
}

/* True when guests can run. */
static bool report_all(struct json_writer *json)
{
    bool can_run = report_kvm(json);

    report_devices(json);
    report_vduse(json);
    report_memlock(json);
    report_huge_pages(json, "2 MiB", 2 * MIB);
    report_huge_pages(json, "1 GiB", GIB);
    report_library(json);
    report_tap(json);
    report_busybox(json);
    return can_run;
}

int command_doctor(const struct doctor_options *options)
{
    struct json_writer json = {.file = stdout};
    bool can_run;

    if (options->wants_json) {
        json_writer_begin_object(&json, NULL);
        json_writer_string(&json, "schema", SCHEMA);
        json_writer_string(&json, "vmm", VMM_VERSION);
        json_writer_begin_array(&json, "findings");
        can_run = report_all(&json);
        json_writer_end(&json);
        json_writer_bool(&json, "can_run", can_run);
        json_writer_end(&json);
    } else {
        can_run = report_all(NULL);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        log_error("stdout: %s: this text went nowhere", strerror(errno));
        return EXIT_STATUS_FAILED;
    }
    return can_run ? EXIT_SUCCESS : EXIT_STATUS_FAILED;
}
