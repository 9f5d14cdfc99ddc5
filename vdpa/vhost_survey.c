/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_survey.c: asks a vhost-vdpa device everything, and lists devices.
 */
#include "vdpa/vhost_survey.h"

#include "vdpa/vhost_holder.h"
#include "vdpa/vhost_parent.h"
#include "vdpa/vhost_uapi.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A u32 that not every kernel can tell: 0 then. The room is for kernels that
 * take the request for another one. */
static uint32_t ask_u32(const struct vhost_device *device,
                        unsigned long request, const char *name)
{
    uint32_t answer[16] = {0};

    return vhost_try(device, request, name, answer) == 0 ? answer[0] : 0;
}

static void ask_config(struct vhost_survey *survey,
                       const struct vhost_device *device)
{
    union {
        struct vhost_vdpa_config config;
        uint8_t
            room[sizeof(struct vhost_vdpa_config) + VHOST_SURVEY_MAX_CONFIG];
    } buffer = {.config = {.off = 0}};
    uint32_t size = survey->capabilities.identity.config_size;

    if (size > VHOST_SURVEY_MAX_CONFIG)
        size = VHOST_SURVEY_MAX_CONFIG;
    buffer.config.len = size;
    if (size == 0 || VHOST_TRY(device, VHOST_VDPA_GET_CONFIG, &buffer) != 0)
        return;
    memcpy(survey->config, buffer.room + sizeof(struct vhost_vdpa_config),
           size);
    survey->config_size = size;
}

static void count_doorbells(struct vhost_survey *survey,
                            const struct vhost_device *device)
{
    const struct vhost_syscalls *syscalls = device->syscalls;
    size_t size = (size_t)sysconf(_SC_PAGESIZE);

    for (unsigned i = 0; i < survey->capabilities.identity.num_queues; i++) {
        void *page = syscalls->mmap(syscalls->context, size, PROT_WRITE,
                                    MAP_SHARED, device->fd, (off_t)(i * size));

        if (page == MAP_FAILED)
            continue;
        survey->num_doorbells++;
        (void)syscalls->munmap(syscalls->context, page, size);
    }
}

static void ask_device(struct vhost_survey *survey,
                       const struct vhost_syscalls *syscalls)
{
    struct vhost_device device = {
        .syscalls = syscalls, .path = survey->path, .parent = survey->parent};

    device.fd =
        syscalls->open(syscalls->context, survey->path, O_RDWR | O_CLOEXEC);
    if (device.fd < 0) {
        survey->error = -errno;
        return;
    }
    survey->error = vhost_query(&device, &survey->capabilities);
    survey->error_is_said = survey->error != 0;
    if (!survey->error) {
        ask_config(survey, &device);
        survey->num_groups = ask_u32(&device, VHOST_VDPA_GET_GROUP_NUM,
                                     "VHOST_VDPA_GET_GROUP_NUM");
        survey->num_address_spaces =
            ask_u32(&device, VHOST_VDPA_GET_AS_NUM, "VHOST_VDPA_GET_AS_NUM");
        count_doorbells(survey, &device);
    }
    (void)syscalls->close(syscalls->context, device.fd);
}

void vhost_survey_device(struct vhost_survey *survey,
                         const struct vhost_syscalls *syscalls,
                         const char *path)
{
    memset(survey, 0, sizeof(*survey));
    if (snprintf(survey->path, sizeof(survey->path), "%s", path) >=
        (int)sizeof(survey->path)) {
        survey->error = -ENAMETOOLONG;
        return;
    }
    vhost_parent_find(&survey->parent, syscalls, path);
    ask_device(survey, syscalls);
    if (survey->error == -EBUSY)
        survey->holder = vhost_find_holder(survey->holder_command,
                                           sizeof(survey->holder_command),
                                           syscalls, path, 0);
}

void vhost_survey_destroy(struct vhost_survey *survey)
{
    vhost_capabilities_destroy(&survey->capabilities);
}

static int is_device(const struct dirent *entry)
{
    return strncmp(entry->d_name, "vhost-vdpa-", strlen("vhost-vdpa-")) == 0;
}

int vhost_survey_list(const struct vhost_syscalls *syscalls, char ***paths)
{
    struct dirent **entries;
    int count = scandir(syscalls->dev_dir, &entries, is_device, versionsort);
    int found = 0;

    *paths = NULL;
    if (count <= 0)
        return 0;
    *paths = calloc((size_t)count, sizeof(**paths));
    for (int i = 0; i < count; i++) {
        if (*paths && asprintf(&(*paths)[found], "%s/%s", syscalls->dev_dir,
                               entries[i]->d_name) > 0)
            found++;
        free(entries[i]);
    }
    free(entries);
    return *paths ? found : -ENOMEM;
}

void vhost_survey_free_list(char **paths, int count)
{
    for (int i = 0; i < count; i++)
        free(paths[i]);
    free(paths);
}
