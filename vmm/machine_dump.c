/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_dump.c: the device tree of a machine as a file.
 */
#include "vmm/machine_dump.h"

#include "vmm/arch.h"
#include "vmm/log.h"
#include "vmm/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "we");
    bool is_written;
    int error;

    if (file) {
        is_written = fwrite(bytes, size, 1, file) == 1;
        if (fclose(file) == 0 && is_written)
            return 0;
    }
    error = -errno;
    log_error("--dump-dtb %s: %s: give a file that can be written", path,
              strerror(-error));
    return error;
}

int machine_dump_device_tree(struct machine *machine)
{
    const char *path = machine->options->device_tree_file;
    void *blob;
    size_t size;
    int error;

    if (!path)
        return 0;
    error = arch_make_device_tree(&machine->memory, &machine->vcpus,
                                  &machine->files, &blob, &size);
    if (error)
        return error;
    error = write_file(path, blob, size);
    free(blob);
    return error;
}
