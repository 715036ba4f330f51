/* SPDX-License-Identifier: GPL-3.0-or-later */
/* registers: the shadows of registers in struct x86_state, and the attention
 * bits that keep them in step: a bit is set if its register is not fully
 * defined, or, for rsp, outside the client strip.
 * Only the own thread changes its register bits; others set event bits at any
 * time, therefore atomic operations.  */
#include "memcheck.h"

static void attention_set(struct x86_state *s, uint64_t bit, bool on)
{
    if (on)
        __atomic_fetch_or(&s->attention, bit, __ATOMIC_RELAXED);
    else if (s->attention & bit)
        __atomic_fetch_and(&s->attention, ~bit, __ATOMIC_RELAXED);
}

uint64_t registers_get_v(const struct x86_state *s, int gpr) { return s->v.gpr[gpr]; }

origin_tag registers_origin(const struct x86_state *s, int gpr)
{
    return mc_options.track_origins ? s->o[X86_RAX + gpr] : 0;
}

void registers_set_v(struct x86_state *s, int gpr, uint64_t v, origin_tag tag)
{
    s->v.gpr[gpr] = v;
    if (v)
        s->o[X86_RAX + gpr] = tag;
    attention_set(s, X86_ATT_GPR(gpr), v != 0 || (gpr == X86_RSP && !ng_in_client(s->gpr[X86_RSP])));
}

void registers_check_argument(struct ng_thread *t, struct x86_state *s, int gpr)
{
    if (!s->v.gpr[gpr])
        return;
    errors_cond(t, registers_origin(s, gpr));
    registers_set_v(s, gpr, 0, 0);
}

static bool any(const uint8_t *p, size_t n)
{
    uint8_t all = 0;
    for (size_t i = 0; i < n; i++)
        all |= p[i];
    return all != 0;
}

void registers_refresh_attention(struct x86_state *s)
{
    uint64_t on = 0;
    for (int i = 0; i < 16; i++) {
        if (s->v.gpr[i])
            on |= X86_ATT_GPR(i);
        if (any(s->v.ymm[i], 32))
            on |= X86_ATT_YMM(i);
    }
    if (any(s->v.flag, 7))
        on |= X86_ATT_FLAGS;
    if (s->v.x87)
        on |= X86_ATT_X87;
    if (s->v.wide)
        on |= X86_ATT_WIDE;
    if (!ng_in_client(s->gpr[X86_RSP]))
        on |= X86_ATT_GPR(X86_RSP);
    attention_set(s, ~X86_ATT_EVENTS & ~on, false);
    attention_set(s, on, true);
}
