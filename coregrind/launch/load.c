/* SPDX-License-Identifier: GPL-3.0-or-later */
/* launch/load: brings the program, its interpreter and its first stack into the client strip. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>
#include "kernel/kernel.h"
#include "launch/internal.h"
#include "launch/options.h"
#include "report/report.h"
#include "space/space.h"

/* Images lie below 2 GiB, so that absolute addresses fit into an instruction (docs/architecture.md). */
enum { PROGRAM_FROM = 0x400000, LIBRARIES_FROM = 0x4000000 };
#define IMAGES_TO 0x7fff0000ull
#define BRK_START 0x800000000ull

static void cannot_run(const char *path, const char *why) __attribute__((noreturn));
static void cannot_run(const char *path, const char *why)
{
    report_launcher_error("%s: %s", path, why);
    exit(126);
}

static void load_interpreter(const struct elf_image *program, struct elf_image *e)
{
    const char *why = "";
    const int fd = open(program->interpreter, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        report_launcher_error("%s: %s", program->interpreter, strerror(errno));
        exit(126);
    }
    if (elf_read(fd, e, &why) || elf_map(fd, e, LIBRARIES_FROM, IMAGES_TO, &why))
        cannot_run(program->interpreter, why);
    close(fd);
}

static void note_client(const struct program *p, char **envp)
{
    char real[PATH_MAX];
    kernel_client.exe_path = base_strdup(realpath(p->path, real) ? real : p->path);
    kernel_client.argv = p->argv;
    kernel_client.envp = envp;
}

void launch_load(struct launch_image *out, char **client_envp)
{
    struct program p;
    struct elf_image image, interpreter = { 0 };
    const char *why = "";
    program_open(&p, options.argv[0], options.argc, options.argv);
    note_client(&p, client_envp);
    if (elf_read(p.fd, &image, &why) || elf_map(p.fd, &image, PROGRAM_FROM, IMAGES_TO, &why))
        cannot_run(p.path, why);
    close(p.fd);
    if (*image.interpreter)
        load_interpreter(&image, &interpreter);
    space_set_brk(BRK_START);
    out->sp = stack_build(&p, &image, interpreter.bias, client_envp);
    out->entry = *image.interpreter ? interpreter.entry : image.entry;
    free(image.segments);
    free(interpreter.segments);
}
