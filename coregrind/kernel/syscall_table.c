/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/syscall_table: parses the little language of syscalls.def. */
#include <ctype.h>
#include <linux/aio_abi.h>
#include <mqueue.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>
#include <utime.h>
#include "kernel/sys.h"
#include "kernel/syscall_table.h"

static struct syscall_row rows[SYSCALL_MAX] = {
#define SYS(number, name_, report_, args_, code_, flags_) \
    [number] = { .name = #name_, .report = report_, .text = args_, .code = code_, .flags = flags_ },
#include "kernel/syscalls.def"
#undef SYS
};

/* Sizes that rows call by name; an argument of the same name is hidden. */
static const struct { const char *name; uint32_t size; } types[] = {
    { "timespec", sizeof(struct timespec) }, { "timeval", sizeof(struct timeval) },
    { "itimerspec", sizeof(struct itimerspec) }, { "itimerval", sizeof(struct itimerval) },
    { "stat", sizeof(struct stat) }, { "statfs", sizeof(struct statfs) }, { "statx", 256 },
    { "rusage", sizeof(struct rusage) }, { "utsname", sizeof(struct utsname) }, { "sysinfo", sizeof(struct sysinfo) },
    { "rlimit", sizeof(struct rlimit) }, { "sigset", 8 }, { "siginfo", 128 }, { "sigaction", 32 },
    { "sigevent", 64 }, { "timex", sizeof(struct timex) }, { "epoll_event", sizeof(struct epoll_event) },
    { "utimbuf", sizeof(struct utimbuf) }, { "ustat", 32 }, { "mq_attr", sizeof(struct mq_attr) },
    { "iovec", sizeof(struct iovec) }, { "iocb", sizeof(struct iocb) }, { "io_event", sizeof(struct io_event) },
    { "loff", 8 },
};

/* ---- scanning ---- */

struct scan { const char *p; const struct syscall_row *row; bool bad; };

static void skip_space(struct scan *s)
{
    while (*s->p == ' ')
        s->p++;
}

static bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Takes the keyword w if it is next. */
static bool take(struct scan *s, const char *w)
{
    const size_t n = strlen(w);
    skip_space(s);
    if (strncmp(s->p, w, n) != 0 || (is_word_char(w[n - 1]) && is_word_char(s->p[n])))
        return false;
    s->p += n;
    return true;
}

/* Takes what is next up to one of `ends`: malloc'd. */
static char *take_until(struct scan *s, const char *ends)
{
    skip_space(s);
    const size_t n = strcspn(s->p, ends);
    char *word = base_alloc(n + 1);
    memcpy(word, s->p, n);
    s->p += n;
    s->bad |= n == 0;
    return word;
}

static uint64_t take_number(struct scan *s)
{
    char *end;
    const uint64_t n = strtoull(s->p, &end, 0);
    s->bad |= end == s->p;
    s->p = end;
    return n;
}

/* Takes an argument's name: its index, or -1. */
static int take_arg(struct scan *s)
{
    skip_space(s);
    size_t n = 0;
    while (is_word_char(s->p[n]))
        n++;
    for (int i = 0; i < s->row->n_args; i++) {
        const char *name = s->row->args[i].name;
        if (strlen(name) == n && memcmp(name, s->p, n) == 0) {
            s->p += n;
            return i;
        }
    }
    return -1;
}

static void take_factor(struct scan *s, struct syscall_factor *f)
{
    skip_space(s);
    if (isdigit((unsigned char)*s->p)) {
        *f = (struct syscall_factor){ FACTOR_CONST, 0, (uint32_t)take_number(s) };
        return;
    }
    f->kind = take(s, "bits") ? FACTOR_BITS : take(s, "pages") ? FACTOR_PAGES : take(s, "ret") ? FACTOR_RET
            : take(s, "*") ? FACTOR_DEREF : FACTOR_ARG;
    if (f->kind == FACTOR_RET)
        return;
    for (size_t k = 0; f->kind == FACTOR_ARG && k < sizeof types / sizeof *types; k++)
        if (take(s, types[k].name)) {
            *f = (struct syscall_factor){ FACTOR_CONST, 0, types[k].size };
            return;
        }
    const int i = take_arg(s);
    if (i >= 0) {
        f->arg = (uint8_t)i;
        if (f->kind == FACTOR_ARG && s->row->args[i].width == 4)
            f->kind = FACTOR_ARG32;
        return;
    }
    s->bad = true;
}

static void take_size(struct scan *s, struct syscall_size *size)
{
    take_factor(s, &size->f[0]);
    size->f[1] = (struct syscall_factor){ FACTOR_CONST, 0, 1 };
    if (take(s, "*"))
        take_factor(s, &size->f[1]);
}

/* ---- arguments ---- */

static const char *joined(const char *prefix, const char *arg)
{
    char buf[160];
    snprintf(buf, sizeof buf, "%s(%s)", prefix, arg);
    return base_strdup(buf);
}

static void take_kind(struct scan *s, struct syscall_arg *a)
{
    skip_space(s);
    const bool is_dir = *s->p == 'd';
    a->width = 8;
    if (take(s, "fd") || take(s, "dirfd")) {
        a->kind = is_dir ? ARG_DIRFD : ARG_FD;
        a->width = 4;
    } else if (take(s, "int")) {
        a->kind = ARG_INT;
        a->width = 4;
    } else if (take(s, "long"))
        a->kind = ARG_INT;
    else if (take(s, "addr"))
        a->kind = ARG_ADDR;
    else if (take(s, "ptr"))
        a->kind = ARG_PTR;
    else if (take(s, "str"))
        a->kind = ARG_STR;
    else if (take(s, "sockaddr"))
        a->kind = ARG_SOCKADDR;
    else {
        a->kind = take(s, "iov") ? ARG_IOV : ARG_MEM;
        a->dir = take(s, "inout") ? ARG_READS | ARG_WRITES : take(s, "in") ? ARG_READS : take(s, "out") ? ARG_WRITES : 0;
        s->bad |= !a->dir && !(a->kind == ARG_IOV && take(s, "none"));
    }
}

static void take_fields(struct scan *s, struct syscall_arg *a)
{
    int cap = 0;
    do {
        char *text = take_until(s, "@");
        const int i = BASE_GROW(a->fields, a->n_fields, cap);
        struct syscall_field *f = &a->fields[i];
        s->p += *s->p == '@';
        f->what = joined(s->row->mem_prefix, text);
        f->offset = (uint32_t)take_number(s);
        s->bad |= *s->p++ != '+';
        if (s->bad)
            return;
        f->size = (uint32_t)take_number(s);
        free(text);
        skip_space(s);
    } while (*s->p && *s->p != ',');
}

static void take_condition(struct scan *s, struct syscall_arg *a)
{
    a->cond_negated = take(s, "unless");
    if (!a->cond_negated && !take(s, "if"))
        return;
    const int i = take_arg(s);
    s->bad |= i < 0 || (*s->p != '&' && *s->p != '=');
    if (s->bad)
        return;
    a->cond = *s->p++ == '&' ? COND_BITS : COND_EQUAL;
    a->cond_arg = (uint8_t)i;
    a->cond_value = take_number(s);
}

/* Second pass over one argument: every name is known by now. */
static void take_details(struct scan *s, struct syscall_arg *a)
{
    struct syscall_arg unused = { 0 };
    const char *mem = a->name;
    take_kind(s, &unused);
    free(take_until(s, "[?, "));
    if (take(s, "["))  {
        take_size(s, &a->size);
        s->bad |= !take(s, "]");
    }
    a->nullable = take(s, "?");
    if (take(s, "["))  {
        take_size(s, &a->size);
        s->bad |= !take(s, "]");
    }
    take_condition(s, a);
    if (take(s, "upto")) {
        a->has_upto = true;
        take_size(s, &a->upto);
    }
    a->clip = take(s, "clip");
    if (take(s, "on"))
        a->on_eintr = take(s, "EINTR");
    if (take(s, "as"))
        mem = take_until(s, " ,");
    a->mem_what = joined(s->row->mem_prefix, mem);
    if (take(s, "field"))
        take_fields(s, a);
}

int syscall_row_parse(struct syscall_row *row)
{
    const char *bar = strchr(row->report, '|');
    char *regs = base_strdup(*row->report ? row->report : row->name);
    row->mem_prefix = base_strdup(bar ? bar + 1 : regs);
    if (bar)
        regs[bar - row->report] = 0;
    row->n_args = 0;
    for (int pass = 0; pass < 2; pass++) {
        struct scan s = { row->text, row, false };
        for (int i = 0; *s.p && i < 6; i++) {
            struct syscall_arg *a = &row->args[i];
            if (pass == 0) {
                take_kind(&s, a);
                a->name = take_until(&s, "[?, ");
                a->reg_what = joined(regs, a->name);
                row->n_args++;
                s.p += strcspn(s.p, ",");
            } else
                take_details(&s, a);
            skip_space(&s);
            s.bad |= *s.p && *s.p != ',';
            if (s.bad)
                return (int)(s.p - row->text) + 1;
            s.p += *s.p == ',';
        }
        if (*s.p)
            return (int)(s.p - row->text) + 1;
    }
    free(regs);
    return 0;
}

static void parse_all(void)
{
    for (int i = 0; i < SYSCALL_MAX; i++)
        if (rows[i].name)
            ng_assert(syscall_row_parse(&rows[i]) == 0);
}

const struct syscall_row *syscall_row(uint64_t number)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, parse_all);
    return number < SYSCALL_MAX && rows[number].name ? &rows[number] : NULL;
}

const char *kernel_syscall_name(int number)
{
    return number >= 0 && number < SYSCALL_MAX && rows[number].name ? rows[number].name : "unknown";
}

/* ---- evaluation ---- */

static uint64_t factor_value(const struct syscall_factor *f, const uint64_t a[6], int64_t ret)
{
    uint32_t word = 0;
    switch (f->kind) {
    case FACTOR_CONST: return f->value;
    case FACTOR_ARG: return a[f->arg];
    case FACTOR_ARG32: return (int32_t)a[f->arg] > 0 ? (uint32_t)a[f->arg] : 0;
    case FACTOR_BITS: return a[f->arg] / 8 > (1 << 20) ? 0 : (a[f->arg] + 63) / 64 * 8;
    case FACTOR_PAGES: return (a[f->arg] + NG_PAGE - 1) / NG_PAGE;
    case FACTOR_RET: return ret > 0 ? (uint64_t)ret : 0;
    case FACTOR_DEREF: return ng_read(&word, a[f->arg], 4) == 4 ? word : 0;
    }
    return 0;
}

uint64_t syscall_size(const struct syscall_size *size, const uint64_t a[6], int64_t ret)
{
    uint64_t n;
    return __builtin_mul_overflow(factor_value(&size->f[0], a, ret), factor_value(&size->f[1], a, ret), &n) ? UINT64_MAX : n;
}

bool syscall_arg_applies(const struct syscall_arg *arg, const uint64_t a[6])
{
    bool yes = true;
    if (arg->cond == COND_BITS)
        yes = a[arg->cond_arg] & arg->cond_value;
    else if (arg->cond == COND_EQUAL)
        yes = (uint32_t)a[arg->cond_arg] == arg->cond_value;
    return yes != (arg->cond != COND_ALWAYS && arg->cond_negated);
}
