/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tool/load: where a tool is looked for, and what makes a shared object one. */
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>
#include "launch/launch.h"
#include "report/report.h"
#include "tool/load.h"

const struct ng_tool *tool;

/* Opens path if it exists and is a tool.  1: loaded; 0: no such file; other failures end the process. */
static int try_path(const char *path)
{
    if (access(path, F_OK) != 0)
        return 0;
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object) {
        report_launcher_error("cannot load tool: %s", dlerror());
        exit(1);
    }
    const struct ng_tool *t = dlsym(object, "ng_tool");
    if (!t) {
        report_launcher_error("%s is no tool: it does not define ng_tool", path);
        exit(1);
    }
    if (t->api != NG_TOOL_API) {
        report_launcher_error("%s was built for version %d of the tool API; this is version %d", path, t->api,
                              NG_TOOL_API);
        exit(1);
    }
    tool = t;
    return 1;
}

static int try_in(const char *dir, const char *name, bool in_place)
{
    char path[4096];
    const int n = in_place ? snprintf(path, sizeof path, "%s/%s/%s.so", dir, name, name)
                           : snprintf(path, sizeof path, "%s/%s.so", dir, name);
    return n < (int)sizeof path && try_path(path);
}

/* In the build tree a tool stands at NAME/NAME.so beside the executable. */
static int try_beside(const char *name)
{
    char dir[4096];
    if (!launch_self_path || strlen(launch_self_path) >= sizeof dir)
        return 0;
    strcpy(dir, launch_self_path);
    char *slash = strrchr(dir, '/');
    if (!slash)
        return 0;
    *slash = 0;
    if (try_in(dir, name, true))
        return 1;
    strncat(dir, "/../lib/nagrind", sizeof dir - strlen(dir) - 1); /* installed, and moved as a whole */
    return try_in(dir, name, false);
}

int tool_load(const char *name)
{
    if (strchr(name, '/'))
        return try_path(name) ? 0 : -ENOENT;
    const char *overrides[] = { getenv("NAGRIND_LIB"), getenv("VALGRIND_LIB") };
    for (int i = 0; i < 2; i++)
        if (overrides[i] && *overrides[i] && (try_in(overrides[i], name, false) || try_in(overrides[i], name, true)))
            return 0;
    return try_beside(name) || try_in(NG_PKGLIBDIR, name, false) ? 0 : -ENOENT;
}
