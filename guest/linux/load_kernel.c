/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load_kernel.c: loads a kernel for kexec, and as "start_kernel" jumps to it.
 *
 * busybox has no kexec. Both steps need root and CONFIG_KEXEC_FILE.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        fprintf(stderr, "%s: open: %s\n", path, strerror(errno));
    return fd;
}

static int load(const char *kernel, const char *initrd, const char *command)
{
    int kernel_fd = open_file(kernel);
    int initrd_fd = open_file(initrd);
    long error;

    if (kernel_fd < 0 || initrd_fd < 0)
        return 1;
    /* The length counts the terminating zero: kexec_file_load(2). */
    error = syscall(SYS_kexec_file_load, kernel_fd, initrd_fd,
                    strlen(command) + 1, command, 0UL);
    if (error < 0)
        fprintf(stderr, "%s: kexec_file_load: %s\n", kernel, strerror(errno));
    close(initrd_fd);
    close(kernel_fd);
    return error < 0 ? 1 : 0;
}

static int start(void)
{
    sync();
    syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
            LINUX_REBOOT_CMD_KEXEC, NULL);
    fprintf(stderr, "start_kernel: reboot: %s\n", strerror(errno));
    return 1;
}

int main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    const char *name = slash != NULL ? slash + 1 : argv[0];

    if (strcmp(name, "start_kernel") == 0)
        return start();
    if (argc == 4)
        return load(argv[1], argv[2], argv[3]);
    fprintf(stderr, "usage: load_kernel KERNEL INITRD COMMAND-LINE\n"
                    "       start_kernel\n");
    return 2;
}
