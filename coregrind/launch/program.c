/* SPDX-License-Identifier: GPL-3.0-or-later */
/* launch/program: which file is to run.  A name without a slash is searched in
 * $PATH; "#!" files run their interpreter by the kernel's rules (execve(2)): one
 * optional argument, nested a few times. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "launch/internal.h"
#include "report/report.h"

enum { MAX_SCRIPTS = 5, SCRIPT_LINE = 256 };

static void refuse(const char *name, int error) __attribute__((noreturn));
static void refuse(const char *name, int error)
{
    report_launcher_error("%s: %s", name, strerror(error));
    exit(error == ENOENT || error == ENOTDIR ? 127 : 126);
}

static int runnable(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    if (!S_ISREG(st.st_mode) || access(path, X_OK) != 0)
        return -EACCES;
    return 0;
}

static char *find_in_path(const char *name)
{
    const char *dirs = getenv("PATH");
    char path[4096];
    if (strchr(name, '/') || !dirs || !*name)
        return base_strdup(name);
    for (const char *d = dirs; d; d = strchr(d, ':') ? strchr(d, ':') + 1 : NULL) {
        const int n = (int)strcspn(d, ":");
        snprintf(path, sizeof path, "%.*s/%s", n ? n : 1, n ? d : ".", name);
        if (runnable(path) == 0)
            return base_strdup(path);
    }
    return base_strdup(name);
}

/* "#!interpreter [argument]" of the file's first bytes, NUL-terminated in line: false if it is none. */
static bool script_line(char *line, char **interpreter, char **argument)
{
    if (strncmp(line, "#!", 2))
        return false;
    line += 2;
    line[strcspn(line, "\n")] = 0;
    line += strspn(line, " \t");
    *interpreter = line;
    line += strcspn(line, " \t");
    *argument = NULL;
    if (*line) {
        *line++ = 0;
        line += strspn(line, " \t");
        size_t n = strlen(line);
        while (n && (line[n - 1] == ' ' || line[n - 1] == '\t'))
            line[--n] = 0;
        if (n)
            *argument = line;
    }
    return **interpreter != 0;
}

/* argv becomes: interpreter [argument] path rest. */
static void prepend(struct program *p, char *interpreter, char *argument)
{
    char **v = base_alloc((p->argc + 4) * sizeof *v);
    int n = 0;
    v[n++] = base_strdup(interpreter);
    if (argument)
        v[n++] = base_strdup(argument);
    v[n++] = p->path;
    for (int i = 1; i < p->argc; i++)
        v[n++] = p->argv[i];
    p->argv = v;
    p->argc = n;
    p->path = v[0];
}

/* A file whose interpreter line leads on: true, and p is changed. */
static bool follow_script(struct program *p)
{
    char line[SCRIPT_LINE + 1] = "", *interpreter, *argument;
    if (pread(p->fd, line, SCRIPT_LINE, 0) < 2 || !script_line(line, &interpreter, &argument))
        return false;
    close(p->fd);
    prepend(p, interpreter, argument);
    return true;
}

void program_open(struct program *p, const char *name, int argc, char **argv)
{
    const char *argv0 = getenv("NAGRIND_INTERNAL_ARGV0");
    p->path = find_in_path(name);
    p->argc = argc;
    p->argv = base_alloc((argc + 1) * sizeof *p->argv);
    memcpy(p->argv, argv, argc * sizeof *argv);
    if (argv0)
        p->argv[0] = base_strdup(argv0);
    for (int depth = 0;; depth++) {
        const int error = runnable(p->path);
        if (error)
            refuse(depth ? p->path : name, -error);
        if (depth > MAX_SCRIPTS)
            refuse(name, ELOOP);
        p->fd = open(p->path, O_RDONLY | O_CLOEXEC);
        if (p->fd < 0)
            refuse(p->path, errno);
        if (!follow_script(p))
            return;
    }
}

/* What execve(2) of path would say, as far as it can be told beforehand. */
int launch_can_run(const char *path)
{
    char bytes[SCRIPT_LINE + 1], *interpreter, *argument, *current = base_strdup(path);
    int error = 0;
    for (int depth = 0; depth <= MAX_SCRIPTS; depth++) {
        if ((error = runnable(current)) != 0) {
            error = error == -EISDIR ? -EACCES : error;
            break;
        }
        const int fd = open(current, O_RDONLY | O_CLOEXEC);
        const ssize_t n = fd < 0 ? -1 : pread(fd, bytes, SCRIPT_LINE, 0);
        if (fd >= 0)
            close(fd);
        bytes[n > 0 ? n : 0] = 0;
        if (n >= 4 && !memcmp(bytes, ELFMAG, SELFMAG))
            break;
        if (n < 2 || !script_line(bytes, &interpreter, &argument)) {
            error = fd < 0 ? 0 : -ENOEXEC;
            break;
        }
        free(current);
        current = base_strdup(interpreter);
    }
    free(current);
    return error;
}
