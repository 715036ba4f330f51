/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run/emulate: IR_EXIT_EMULATE, what is too rare for generated code.  exit.pc is the
 * address after the instruction; exit.aux says what it was (guest_x86_64/decode.c). */
#include "run/internal.h"
#include "kernel/kernel.h"
#include "tool/load.h"

enum { SELECTOR_LOAD = 0, GET_ORIGINAL = 1, CALL_ORIGINAL = 2 };

static void push_word(struct ng_thread *t, uint64_t v)
{
    const guest_addr old_sp = t->state.gpr[X86_RSP], sp = old_sp - 8;
    if (ng_write(sp, &v, sizeof v) != sizeof v) {
        kernel_signal_raise(t, SIGSEGV, SEGV_MAPERR, sp, 14, 6);
        return;
    }
    t->state.gpr[X86_RSP] = sp;
    if (tool->events.stack_set)
        tool->events.stack_set(t, old_sp, sp);
    if (tool->events.post_mem_write)
        tool->events.post_mem_write(t, sp, sizeof v);
}

void run_emulate(struct ng_thread *t, const struct ir_exit *e)
{
    t->state.rip = e->pc;
    switch (e->aux) {
    case SELECTOR_LOAD:   /* its memory access has been done; the selector means nothing here */
        break;
    case GET_ORIGINAL:    /* we have no wrappers: no function has an original */
        t->state.gpr[X86_RAX] = 0;
        if (tool->events.post_reg_write)
            tool->events.post_reg_write(t, X86_RAX, 8);
        break;
    case CALL_ORIGINAL: { /* call *%rax */
        const guest_addr fn = t->state.gpr[X86_RAX];
        push_word(t, e->pc);
        if (t->state.rip == e->pc)
            t->state.rip = fn;
        break;
    }
    default:
        kernel_signal_raise(t, SIGILL, ILL_ILLOPN, e->pc, 6, 0);
    }
}
