/* SPDX-License-Identifier: GPL-3.0-or-later */
/* launch/env: whose environment is it?  LD_*, GLIBC_TUNABLES and what else libc
 * listens to are meant for the client: where set, they are put aside under another
 * name and nagrind is executed once more, so that they never act on the tool half. */
#include <stdio.h>
#include <unistd.h>
#include "launch/internal.h"

#define ASIDE "NAGRIND_CLIENT_"

static bool meant_for_libc(const char *s)
{
    static const char *const prefixes[] = { "LD_", "GLIBC_TUNABLES=", "MALLOC_", "GCONV_PATH=", "LOCPATH=" };
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (!strncmp(s, prefixes[i], strlen(prefixes[i])))
            return true;
    return false;
}

/* Ours, not to be seen by the client. */
static bool internal(const char *s)
{
    return !strncmp(s, "NAGRIND_INTERNAL_", 17) || !strncmp(s, "NAGRIND_DRAW=", 13) || !strncmp(s, "NAGRIND_STACK_LIMIT=", 20);
}

void env_put_aside(char **argv, char **envp)
{
    bool any = false;
    for (char **e = envp; *e; e++) {
        if (!meant_for_libc(*e))
            continue;
        char *renamed;
        if (asprintf(&renamed, ASIDE "%s", *e) < 0)
            base_out_of_memory(0);
        *e = renamed;
        any = true;
    }
    if (any && launch_self_path)
        execve(launch_self_path, argv, envp); /* if it fails, what was set has acted already: go on */
}

char **launch_client_env(char **envp)
{
    size_t n = 0, k = 0;
    while (envp[n])
        n++;
    char **out = base_alloc((n + 1) * sizeof *out);
    for (char **e = envp; *e; e++)
        if (!strncmp(*e, ASIDE, strlen(ASIDE)))
            out[k++] = *e + strlen(ASIDE);
        else if (!internal(*e))
            out[k++] = *e;
    out[k] = NULL;
    return out;
}
