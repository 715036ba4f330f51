/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/sys_limits: prctl, seccomp, personality, resource limits: what acts on the whole process, tool half included.
 *
 * RLIMIT_AS, RLIMIT_DATA and RLIMIT_STACK of this process are the client's view only: applied
 * for real they would starve the shadow planes.  The program of an execve finds the soft ones applied.  */
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "kernel/sys.h"

/* ---- resource limits ---- */

static struct base_lock limits_lock;
static struct rlimit kept[RLIM_NLIMITS];
static bool is_kept[RLIM_NLIMITS];

void sys_limits_init(void)
{
    base_lock_register(&limits_lock, 40);
}

static bool is_virtual(uint64_t resource)
{
    return resource == RLIMIT_AS || resource == RLIMIT_DATA || resource == RLIMIT_STACK;
}

static int64_t host_limit(uint64_t resource, const struct rlimit *new, struct rlimit *old)
{
    const uint64_t a[6] = { 0, resource, (uint64_t)new, (uint64_t)old };
    return kernel_direct(SYS_prlimit64, a);
}

static int64_t limit_get(uint64_t resource, struct rlimit *out)
{
    int64_t result = 0;
    base_lock(&limits_lock);
    if (is_virtual(resource) && is_kept[resource])
        *out = kept[resource];
    else
        result = host_limit(resource, NULL, out);
    if (resource == RLIMIT_NOFILE && result == 0)
        out->rlim_cur = sys_fds_shown_limit(out->rlim_cur);
    base_unlock(&limits_lock);
    return result;
}

static int64_t limit_set(uint64_t resource, const struct rlimit *new)
{
    struct rlimit old;
    if (!is_virtual(resource))
        return host_limit(resource, new, NULL);
    if (new->rlim_cur > new->rlim_max)
        return -EINVAL;
    const int64_t result = limit_get(resource, &old);
    if (result)
        return result;
    if (new->rlim_max > old.rlim_max && geteuid() != 0)
        return -EPERM;
    base_lock(&limits_lock);
    kept[resource] = *new;
    is_kept[resource] = true;
    base_unlock(&limits_lock);
    return 0;
}

/* Only the soft limits: a hard one could not be taken back after a failed exec, and the new program may
 * not raise the soft one beyond what it was given unless it is told so. */
static struct rlimit before_exec[RLIM_NLIMITS];

void kernel_limits_before_exec(void)
{
    struct rlimit *nofile = &before_exec[RLIMIT_NOFILE];
    if (host_limit(RLIMIT_NOFILE, NULL, nofile) == 0) {
        const struct rlimit shown = { sys_fds_shown_limit(nofile->rlim_cur), nofile->rlim_max };
        host_limit(RLIMIT_NOFILE, &shown, NULL);
    }
    for (int i = 0; i < RLIM_NLIMITS; i++)
        if (is_kept[i] && host_limit((uint64_t)i, NULL, &before_exec[i]) == 0) {
            const struct rlimit soft = { kept[i].rlim_cur < before_exec[i].rlim_max ? kept[i].rlim_cur : before_exec[i].rlim_max,
                                         before_exec[i].rlim_max };
            host_limit((uint64_t)i, &soft, NULL);
        }
}

void kernel_limits_exec_failed(void)
{
    host_limit(RLIMIT_NOFILE, &before_exec[RLIMIT_NOFILE], NULL);
    for (int i = 0; i < RLIM_NLIMITS; i++)
        if (is_kept[i])
            host_limit((uint64_t)i, &before_exec[i], NULL);
}

static int64_t limit_any(uint64_t resource, guest_addr new_at, guest_addr old_at)
{
    struct rlimit old, new;
    int64_t result = 0;
    if (new_at && ng_read(&new, new_at, sizeof new) != sizeof new)
        return -EFAULT;
    if ((uint32_t)resource >= RLIM_NLIMITS)
        return -EINVAL;
    result = limit_get((uint32_t)resource, &old);
    if (!result && new_at)
        result = limit_set((uint32_t)resource, &new);
    if (!result && old_at && ng_write(old_at, &old, sizeof old) != sizeof old)
        result = -EFAULT;
    return result;
}

int64_t sys_getrlimit(struct ng_thread *t, const uint64_t a[6])
{
    (void)t;
    return limit_any(a[0], 0, a[1] ? a[1] : ~0ull);
}

int64_t sys_setrlimit(struct ng_thread *t, const uint64_t a[6])
{
    (void)t;
    return a[1] ? limit_any(a[0], a[1], 0) : -EFAULT;
}

int64_t sys_prlimit64(struct ng_thread *t, const uint64_t a[6])
{
    if ((int)a[0] != 0 && (int)a[0] != getpid())
        return sys_forward(t, a);
    return limit_any(a[1], a[2], a[3]);
}

/* ---- seccomp: a filter would act on nagrind's own calls ---- */

static int64_t refuse_seccomp(void)
{
    static _Atomic bool warned;
    if (!atomic_exchange(&warned, true))
        ng_msg("Warning: seccomp is not available to the program under this tool: EINVAL");
    return -EINVAL;
}

int64_t sys_seccomp(struct ng_thread *t, const uint64_t a[6])
{
    switch ((int)a[0]) {
    case SECCOMP_SET_MODE_STRICT:
    case SECCOMP_SET_MODE_FILTER:
        return refuse_seccomp();
    case SECCOMP_GET_ACTION_AVAIL: {
        const int error = sys_check_read(t, "seccomp(args)", a[2], 4);
        return error ? error : sys_forward(t, a);
    }
    case SECCOMP_GET_NOTIF_SIZES: {
        const int error = sys_check_write(t, "seccomp(args)", a[2], 6);
        const int64_t result = error ? error : sys_forward(t, a);
        if (result == 0)
            sys_wrote(t, a[2], 6);
        return result;
    }
    }
    return -EINVAL;
}

/* READ_IMPLIES_EXEC would make every page of the tool executable: it is reported back but not set. */
int64_t sys_personality(struct ng_thread *t, const uint64_t a[6])
{
    enum { READ_IMPLIES = 0x0400000 };
    static _Atomic uint32_t implied;
    uint64_t b[6] = { a[0] };
    const uint32_t before = implied;
    if ((uint32_t)a[0] != 0xffffffff) {
        b[0] = (uint32_t)a[0] & ~(uint32_t)READ_IMPLIES;
        implied = (uint32_t)a[0] & READ_IMPLIES;
    }
    const int64_t result = sys_forward(t, b);
    return result >= 0 ? result | before : result;
}

/* ---- prctl ---- */

enum prctl_kind { NUMBER, OUT_MEMORY, NAME_IN, NAME_OUT, REFUSED };
/* args: how many after the option are looked at; what: of the first; memory: of what it points to. */
static const struct prctl_option { int option; uint8_t args, kind; uint8_t size; const char *what, *memory; } prctl_options[] = {
    { PR_SET_PDEATHSIG, 1, NUMBER, 0, "prctl(signal)", NULL },
    { PR_GET_PDEATHSIG, 1, OUT_MEMORY, 4, "prctl(addr)", "prctl(get-death-signal)" },
    { PR_GET_DUMPABLE, 0, NUMBER, 0, NULL, NULL },
    { PR_SET_DUMPABLE, 1, NUMBER, 0, "prctl(dump)", NULL },
    { PR_GET_UNALIGN, 1, OUT_MEMORY, 4, "prctl(value)", "prctl(get-unalign)" },
    { PR_SET_UNALIGN, 1, NUMBER, 0, "prctl(value)", NULL },
    { PR_GET_KEEPCAPS, 0, NUMBER, 0, NULL, NULL },
    { PR_SET_KEEPCAPS, 1, NUMBER, 0, "prctl(keep)", NULL },
    { PR_GET_FPEMU, 1, OUT_MEMORY, 4, "prctl(value)", "prctl(get-fpemu)" },
    { PR_SET_FPEMU, 1, NUMBER, 0, "prctl(value)", NULL },
    { PR_GET_FPEXC, 1, OUT_MEMORY, 4, "prctl(value)", "prctl(get-fpexc)" },
    { PR_SET_FPEXC, 1, NUMBER, 0, "prctl(value)", NULL },
    { PR_GET_TIMING, 0, NUMBER, 0, NULL, NULL },
    { PR_SET_TIMING, 1, NUMBER, 0, "prctl(timing)", NULL },
    { PR_SET_NAME, 1, NAME_IN, 0, "prctl(name)", "prctl(set-name)" },
    { PR_GET_NAME, 1, NAME_OUT, 16, "prctl(name)", "prctl(get-name)" },
    { PR_GET_ENDIAN, 1, OUT_MEMORY, 4, "prctl(value)", "prctl(get-endian)" },
    { PR_SET_ENDIAN, 1, NUMBER, 0, "prctl(value)", NULL },
    { PR_GET_SECCOMP, 0, NUMBER, 0, NULL, NULL },
    { PR_SET_SECCOMP, 2, REFUSED, 0, "prctl(mode)", NULL },
    { PR_CAPBSET_READ, 1, NUMBER, 0, "prctl(cap)", NULL },
    { PR_CAPBSET_DROP, 1, NUMBER, 0, "prctl(cap)", NULL },
    { PR_GET_TSC, 1, OUT_MEMORY, 4, "prctl(value)", "prctl(get-tsc)" },
    { PR_SET_TSC, 1, NUMBER, 0, "prctl(value)", NULL },
    { PR_GET_SECUREBITS, 0, NUMBER, 0, NULL, NULL },
    { PR_SET_SECUREBITS, 1, NUMBER, 0, "prctl(bits)", NULL },
    { PR_SET_TIMERSLACK, 1, NUMBER, 0, "prctl(slack)", NULL },
    { PR_GET_TIMERSLACK, 0, NUMBER, 0, NULL, NULL },
    { PR_MCE_KILL, 2, NUMBER, 0, "prctl(arg2)", NULL },
    { PR_MCE_KILL_GET, 0, NUMBER, 0, NULL, NULL },
    { PR_SET_MM, 2, REFUSED, 0, "prctl(arg2)", NULL }, /* describes the tool's address space */
    { PR_SET_PTRACER, 1, NUMBER, 0, "prctl(arg2)", NULL },
    { PR_SET_CHILD_SUBREAPER, 1, NUMBER, 0, "prctl(arg2)", NULL },
    { PR_GET_CHILD_SUBREAPER, 1, OUT_MEMORY, 4, "prctl(arg2)", "prctl(get-child-subreaper)" },
    { PR_SET_NO_NEW_PRIVS, 1, NUMBER, 0, "prctl(arg2)", NULL },
    { PR_GET_NO_NEW_PRIVS, 0, NUMBER, 0, NULL, NULL },
    { PR_GET_TID_ADDRESS, 1, OUT_MEMORY, 8, "prctl(arg2)", "prctl(get-tid-address)" },
    { PR_SET_THP_DISABLE, 1, NUMBER, 0, "prctl(arg2)", NULL },
    { PR_GET_THP_DISABLE, 0, NUMBER, 0, NULL, NULL },
    { PR_CAP_AMBIENT, 2, NUMBER, 0, "prctl(arg2)", NULL },
    { PR_GET_SPECULATION_CTRL, 1, NUMBER, 0, "prctl(arg2)", NULL },
    { PR_SET_SPECULATION_CTRL, 2, NUMBER, 0, "prctl(arg2)", NULL },
    { PR_SET_IO_FLUSHER, 1, NUMBER, 0, "prctl(arg2)", NULL },
    { PR_GET_IO_FLUSHER, 0, NUMBER, 0, NULL, NULL },
    { PR_SET_SYSCALL_USER_DISPATCH, 4, REFUSED, 0, "prctl(arg2)", NULL }, /* would catch nagrind's own calls */
};

static const struct prctl_option *find_option(int option)
{
    for (size_t i = 0; i < sizeof prctl_options / sizeof *prctl_options; i++)
        if (prctl_options[i].option == option)
            return &prctl_options[i];
    return NULL;
}

static int64_t prctl_unknown(struct ng_thread *t, const uint64_t a[6])
{
    for (int i = 1; i < 5; i++)
        if (a[i] >= ng_strip_size && a[i] < 8 * ng_strip_size)
            return -EFAULT;
    return sys_forward(t, a);
}

int64_t sys_prctl(struct ng_thread *t, const uint64_t a[6])
{
    static const char *const later[5] = { NULL, NULL, "prctl(arg3)", "prctl(arg4)", "prctl(arg5)" };
    const struct prctl_option *o = find_option((int)a[0]);
    int error = 0;
    if (!o)
        return prctl_unknown(t, a);
    for (int i = 1; i <= o->args; i++)
        sys_check_arg(t, i, i == 1 ? o->what : later[i], 8);
    switch (o->kind) {
    case REFUSED:
        return o->option == PR_SET_SECCOMP ? refuse_seccomp() : -EINVAL;
    case NAME_IN:
        error = sys_check_string(t, o->memory, a[1]);
        if (!error)
            ng_read_string(t->name, a[1], sizeof t->name);
        break;
    case OUT_MEMORY: case NAME_OUT:
        error = sys_check_write(t, o->memory, a[1], o->size);
        break;
    }
    if (error)
        return error;
    if (o->option == PR_GET_TID_ADDRESS)
        error = ng_write(a[1], &t->clear_child_tid, 8) == 8 ? 0 : -EFAULT;
    const int64_t result = o->option == PR_GET_TID_ADDRESS ? error : sys_forward(t, a);
    if (result == 0 && (o->kind == OUT_MEMORY || o->kind == NAME_OUT))
        sys_wrote(t, a[1], o->size);
    return result;
}
