/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap/hook_api: what hooks may ask of the core besides returning a value, and
 * small look-ups for tools.  A wish is noted in the thread; redirect_call carries
 * it out after the hook with redirect_outcome.  */
#include <signal.h>
#include "heap/redirect.h"
#include "kernel/kernel.h"
#include "launch/options.h"
#include "space/space.h"

void ng_fault(struct ng_thread *t, guest_addr a, bool write)
{
    t->hook.outcome = HOOK_FAULT;
    t->hook.to = a;
    t->hook.write = write;
}

void ng_hook_jump(struct ng_thread *t, guest_addr to)
{
    t->hook.outcome = HOOK_JUMP;
    t->hook.to = to;
}

static bool is_canonical(guest_addr a) { return (int64_t)(a << 16) >> 16 == (int64_t)a; }

/* As the CPU would have raised it for the replaced function's own access. */
static void raise_fault(struct ng_thread *t, guest_addr a, bool write)
{
    enum { TRAP_GP = 13, TRAP_PAGE = 14, ERR_PRESENT = 1, ERR_WRITE = 2, ERR_USER = 4 };
    struct ng_segment g;
    if (space_grow_stack(a, t->state.gpr[X86_RSP]) || (write && space_code_write_fault(a)))
        return; /* ours: the hook runs again */
    if (!is_canonical(a)) {
        kernel_signal_raise(t, SIGSEGV, SI_KERNEL, 0, TRAP_GP, 0);
        return;
    }
    const bool mapped = ng_segment_at(a, &g);
    kernel_signal_raise(t, SIGSEGV, mapped ? SEGV_ACCERR : SEGV_MAPERR, a, TRAP_PAGE,
                        ERR_USER | (write ? ERR_WRITE : 0) | (mapped ? ERR_PRESENT : 0));
}

bool redirect_outcome(struct ng_thread *t)
{
    const int outcome = t->hook.outcome;
    t->hook.outcome = HOOK_RETURN;
    if (outcome == HOOK_JUMP)
        t->state.rip = t->hook.to;
    else if (outcome == HOOK_FAULT)
        raise_fault(t, t->hook.to, t->hook.write);
    return outcome != HOOK_RETURN;
}

int ng_fd_hide(int fd) { return base_fd_hide(fd); }

guest_addr ng_symbol_find(const char *soname_glob, const char *name) { return symbols_lookup(soname_glob, name); }

