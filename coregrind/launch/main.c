/* SPDX-License-Identifier: GPL-3.0-or-later */
/* launch/main: reads as the pipeline from command line to first guest instruction. */
#include <limits.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "code/code.h"
#include "heap/redirect.h"
#include "kernel/kernel.h"
#include "launch/internal.h"
#include "launch/options.h"
#include "report/report.h"
#include "space/space.h"
#include "tool/load.h"

const char *launch_self_path;

/* /proc/self/exe, or what the kernel was asked to execute. */
static void find_self(const char *argv0)
{
    static char path[PATH_MAX];
    const char *name = (const char *)getauxval(AT_EXECFN);
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n > 0)
        path[n] = 0;
    else if (!realpath(name ? name : argv0, path))
        return;
    launch_self_path = path;
}

int main(int argc, char **argv, char **envp)
{
    struct launch_image image;
    find_self(argv[0]);
    env_put_aside(argv, envp);
    kernel_syscalls_init();
    kernel_signals_init();
    options_parse(argc, argv);
    if (!host_x86_64_supported())
        ng_fatal("this CPU lacks AVX2, BMI1 or BMI2: nagrind needs an x86-64-v3 host");
    report_init();
    run_init();
    space_init(argv, envp, tool->wants_planes_v, tool->wants_planes_o);
    code_init((size_t)options.code_zone_size, (uint32_t)(options.hot ? options.hot : INT32_MAX));
    redirect_init();
    run_strings_init();
    if (tool->init && tool->init() != 0)
        ng_fatal("the tool %s cannot start", tool->name);
    launch_load(&image, launch_client_env(environ));
    report_banner();
    report_load_suppressions();
    prctl(PR_SET_NAME, basename(options.argv[0])); /* the process is the client */
    run_main(image.entry, image.sp);
}
