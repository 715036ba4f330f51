/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run/fault: the guest's exact state at a host instruction of generated code.
 *
 * The side table says, for the faulting host address, which guest instruction it
 * belongs to and which registers were away in struct x86_state at that moment;
 * all others are still in the interrupted host registers.  */
#include <ucontext.h>
#include "run/internal.h"
#include "kernel/signals.h"

/* x86 register number -> index in a host signal context. */
static const uint8_t context_reg[16] = {
    REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
    REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};

enum { FLAGS_ARITH = 0x8d5, FLAG_OF = 0x800 };

/* flags_spill: ah as lahf left it (SF ZF - AF - PF - CF), al 1 if OF. */
static uint64_t flags_from_spill(uint16_t spill)
{
    return ((uint64_t)(spill >> 8) & 0xd5) | (spill & 1 ? FLAG_OF : 0);
}

static guest_addr side_pc(const struct translation *x, const struct vex_side *side)
{
    const uint32_t insn = side->insn + (side->after ? 1u : 0u);
    return x->pc + (int64_t)(int32_t)x->insn_offset[insn];
}

void run_state_from_fault(struct ng_thread *t, const void *ucontext)
{
    const ucontext_t *uc = ucontext;
    const greg_t *g = uc->uc_mcontext.gregs;
    struct x86_state *s = &t->state;
    const void *rx = (const void *)g[REG_RIP];
    const struct translation *x = code_by_host(rx);
    const struct vex_side *side = x ? code_side(x, rx) : NULL;
    ng_assert(side);
    for (int i = 0; i < 16; i++)
        if (!(side->gpr_in_state >> i & 1))
            s->gpr[i] = (uint64_t)g[context_reg[i]];
    s->rflags = (uint64_t)g[REG_EFL];
    if (side->flags_in_spill)
        s->rflags = (s->rflags & ~(uint64_t)FLAGS_ARITH) | flags_from_spill(s->flags_spill);
    kernel_vectors_from_context(uc, s->ymm, side->vec_in_state);
    s->rip = side_pc(x, side);
}
