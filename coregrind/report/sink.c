/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report/sink: where messages go.  One descriptor above the client's, one
 * buffer for the block being written, one lock.  Signals that a write may
 * raise (SIGPIPE, SIGXFSZ) must not reach the guest: they are swallowed here. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "launch/options.h"
#include "report/internal.h"

static struct {
    struct base_lock lock;
    int fd;
    char *text;
    size_t size, cap;
    uint64_t start_ns;
    char *start_dir;          /* where relative names are resolved, also in forked children */
    unsigned sequence;        /* %n */
    bool is_open;
    bool line_open;           /* the client's last text did not end its line */
} sink = { .fd = 2 };
static __thread int depth;    /* of nested blocks on this thread */

/* ---- writing ---- */

static void write_all(const char *p, size_t n)
{
    while (n) {
        const ssize_t k = write(sink.fd, p, n);
        if (k > 0) {
            p += k;
            n -= (size_t)k;
        } else if (k < 0 && errno == EAGAIN) { /* the client made it non-blocking */
            struct pollfd pfd = { .fd = sink.fd, .events = POLLOUT };
            if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
                return;
        } else if (k < 0 && errno != EINTR) {
            return;
        }
    }
}

void report_flush(void)
{
    if (!sink.size)
        return;
    sigset_t all, caught, old, pending;
    sigfillset(&all);
    sigemptyset(&caught);
    sigaddset(&caught, SIGPIPE);
    sigaddset(&caught, SIGXFSZ);
    const int saved = errno;
    pthread_sigmask(SIG_SETMASK, &all, &old);
    sigpending(&pending);
    if (sigismember(&pending, SIGPIPE))
        sigdelset(&caught, SIGPIPE);
    if (sigismember(&pending, SIGXFSZ))
        sigdelset(&caught, SIGXFSZ);
    write_all(sink.text, sink.size);
    sink.size = 0;
    const struct timespec zero = { 0, 0 };
    while (sigtimedwait(&caught, NULL, &zero) > 0)
        ;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    errno = saved;
}

void report_begin(void)
{
    if (depth++ == 0)
        base_lock(&sink.lock);
}

void report_end(void)
{
    if (--depth > 0)
        return;
    report_flush();
    base_unlock(&sink.lock);
}

void report_put(const char *text, size_t size)
{
    if (sink.size + size > sink.cap) {
        sink.cap = 2 * (sink.size + size) + 256;
        sink.text = base_realloc(sink.text, sink.cap);
    }
    memcpy(sink.text + sink.size, text, size);
    sink.size += size;
}

void report_putf(const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    const int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n < 0)
        base_out_of_memory(0);
    report_put(text, (size_t)n);
    free(text);
}

static void put_prefix(char kind)
{
    const char marks[2] = { kind, kind };
    if (sink.line_open)
        report_put("\n", 1);
    sink.line_open = false;
    report_put(marks, 2);
    if (options.time_stamp) {
        const uint64_t ms = (base_now_ns() - sink.start_ns) / 1000000, s = ms / 1000;
        report_putf("%02u:%02u:%02u:%02u.%03u ", (unsigned)(s / 86400), (unsigned)(s / 3600 % 24),
                    (unsigned)(s / 60 % 60), (unsigned)(s % 60), (unsigned)(ms % 1000));
    }
    report_putf("%d", (int)getpid());
    report_put(marks, 2);
    report_put(" ", 1);
}

/* Text with newlines becomes several lines, each with its prefix. */
void report_line(char kind, const char *text)
{
    report_begin();
    do {
        const char *end = strchrnul(text, '\n');
        put_prefix(kind);
        report_put(text, (size_t)(end - text));
        report_put("\n", 1);
        text = *end ? end + 1 : end;
    } while (*text);
    report_end();
}

void report_client_text(const char *text)
{
    report_begin();
    while (*text) {
        const char *end = strchrnul(text, '\n');
        if (!sink.line_open)
            put_prefix('*');
        report_put(text, (size_t)(end - text));
        sink.line_open = !*end;
        if (*end)
            report_put("\n", 1);
        text = *end ? end + 1 : end;
    }
    report_end();
}

void report_vline(char kind, const char *before, const char *fmt, va_list ap)
{
    char *text = NULL, *line = NULL;
    if (vasprintf(&text, fmt, ap) < 0 || asprintf(&line, "%s%s", before, text) < 0)
        base_out_of_memory(0);
    report_line(kind, line);
    free(line);
    free(text);
}

/* ---- opening ---- */

void report_bad_option(const char *option, const char *value, const char *const *reason)
{
    char *head = NULL;
    if (asprintf(&head, "Bad option: --%s=%s", option, value) < 0)
        base_out_of_memory(0);
    report_begin();
    report_line('=', head);
    for (; *reason; reason++)
        report_line('=', *reason);
    report_line('=', "Use --help for more information or consult the user manual.");
    report_end();
    _exit(1);
}

struct name_buffer { char *text; size_t n, cap; };

static void name_add(struct name_buffer *b, const char *s, size_t n)
{
    if (b->n + n + 1 > b->cap) {
        b->cap = 2 * (b->n + n) + 64;
        b->text = base_realloc(b->text, b->cap);
    }
    memcpy(b->text + b->n, s, n);
    b->n += n;
    b->text[b->n] = 0;
}

/* %q{VAR} at p (after the q): end of it. */
static const char *expand_variable(struct name_buffer *b, const char *option, const char *pattern, const char *p)
{
    if (*p != '{')
        report_bad_option(option, pattern, (const char *const[]){ "Expected '{' after '%q'", NULL });
    const char *end = strchr(p, '}');
    if (!end)
        report_bad_option(option, pattern, (const char *const[]){ "Missing '}' in %q specifier", NULL });
    char *name = base_strdup(p + 1), *why = NULL;
    name[end - p - 1] = 0;
    const char *value = getenv(name);
    if (!value) {
        if (asprintf(&why, "Environment variable '%s' is not set", name) < 0)
            base_out_of_memory(0);
        report_bad_option(option, pattern, (const char *const[]){ why, NULL });
    }
    name_add(b, value, strlen(value));
    free(name);
    return end + 1;
}

char *report_expand_name(const char *option, const char *pattern)
{
    if (!*pattern)
        report_bad_option(option, pattern, (const char *const[]){ "No filename given", NULL });
    if (*pattern == '~')
        report_bad_option(option, pattern, (const char *const[]){
            "Filename begins with '~'",
            "You probably expected the shell to expand the '~', but it",
            "didn't.  The rules for '~'-expansion vary from shell to shell.",
            "You might have more luck using $HOME instead.", NULL });
    struct name_buffer b = { 0 };
    if (*pattern != '/' && sink.start_dir) {
        name_add(&b, sink.start_dir, strlen(sink.start_dir));
        name_add(&b, "/", 1);
    }
    for (const char *p = pattern; *p;) {
        char number[24];
        if (*p != '%') {
            name_add(&b, p++, 1);
            continue;
        }
        switch (p[1]) {
        case 'p':
            name_add(&b, number, (size_t)sprintf(number, "%d", (int)getpid()));
            p += 2;
            break;
        case 'n':
            name_add(&b, number, (size_t)sprintf(number, "%u", sink.sequence++));
            p += 2;
            break;
        case '%':
            name_add(&b, "%", 1);
            p += 2;
            break;
        case 'q':
            p = expand_variable(&b, option, pattern, p + 2);
            break;
        default:
            report_bad_option(option, pattern, (const char *const[]){ "Expected 'p' or 'q' or '%' after '%'", NULL });
        }
    }
    return b.text;
}

static void adopt(int fd)
{
    const int hidden = base_fd_hide(fd);
    if (sink.is_open)
        close(sink.fd);
    sink.fd = hidden >= 0 ? hidden : fd;
    sink.is_open = true;
}

static void open_file(void)
{
    char *name = report_expand_name("log-file", options.log_file);
    const int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        report_launcher_error("Cannot create log file '%s': %s", options.log_file, strerror(errno));
        _exit(1);
    }
    free(name);
    adopt(fd);
}

static void open_fd(int fd)
{
    const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy < 0 && fd == 2)
        return; /* started without a stderr: messages are lost, as they must be */
    if (copy < 0) {
        open_fd(2);
        report_line('=', "nagrind: failed to move log file descriptor into safe range, using stderr");
        return;
    }
    adopt(copy);
}

void report_init(void)
{
    base_lock_register(&sink.lock, 5);
    sink.start_ns = base_now_ns();
    sink.start_dir = getcwd(NULL, 0);
    if (options.log_file)
        open_file();
    else
        open_fd(options.log_fd > 0 ? (int)options.log_fd : 2);
}

bool report_to_file(void)
{
    return options.log_file != NULL;
}

void report_after_fork(bool shares_files)
{
    /* Another thread may have held the lock, with half a block in the buffer. */
    sink.lock.word = 0;
    sink.size = 0;
    depth = 0;
    if (shares_files)
        sink.is_open = false; /* not ours to close */
    if (options.child_silent_after_fork) {
        const int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (fd >= 0)
            adopt(fd);
    } else if (options.log_file && strstr(options.log_file, "%p")) {
        open_file();
        report_banner();
    }
}
