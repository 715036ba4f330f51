/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_x86_64/flags: the guest's arithmetic flags, in the host's or in their
 * image (lahf in the high byte, seto in the low one).  DF stays in the host's. */
#include "vex/host_x86_64/emit.h"

static const uint8_t image_bit[6] = { 0, 2, 4, 6, 7, 0 }; /* CF PF AF ZF SF in ah */

bool flags_must_stay(const struct emitter *e)
{
    return e->identity && e->flags_live[e->i] && e->flags_host && !e->flags_image;
}

void flags_to_image(struct emitter *e)
{
    gpr_take(e, RAX);
    asm_need(e->c);
    asm_byte(e->c, 0x9f);                              /* lahf */
    asm_rr(e->c, X86_OP(0, 1, 0x90), 1, 0, RAX);       /* seto al */
    asm_store(e->c, 2, state_mem(e, STATE(flags_spill)), RAX);
    gpr_unpin(e, RAX);
    e->flags_image = true;
}

void flags_clobber(struct emitter *e)
{
    if (flags_must_stay(e))
        flags_to_image(e);
    e->flags_host = false;
}

void flags_to_host(struct emitter *e)
{
    if (e->flags_host || !e->flags_image)
        return;
    gpr_take(e, RAX);
    asm_load(e->c, 2, RAX, state_mem(e, STATE(flags_spill)));
    asm_alu_ri(e->c, 0, 1, RAX, 127);                  /* OF again */
    asm_need(e->c);
    asm_byte(e->c, 0x9e);                              /* sahf: the others */
    gpr_unpin(e, RAX);
    e->flags_host = true;
}

static struct asm_mem flag_byte(const struct emitter *e, int slot)
{
    return state_mem(e, STATE(flag) + slot - X86_CF);
}

void flags_foreign_load(struct emitter *e)
{
    struct asm_buf *c = e->c;
    gpr_take(e, RAX);
    asm_need(c);
    asm_byte(c, 0xfc);                                 /* cld */
    asm_alu_mi(c, 7, 1, flag_byte(e, X86_DF), 0);
    const uint32_t no_df = asm_jcc8(c, CC_E);
    asm_byte(c, 0xfd);                                 /* std */
    asm_here8(c, no_df);
    asm_load(c, 1, RAX, flag_byte(e, X86_SF));
    static const uint8_t order[4] = { X86_ZF, X86_AF, X86_PF, X86_CF };
    for (int i = 0; i < 4; i++) {
        asm_shift_ri(c, 4, 4, RAX, i ? 2 : 1);
        asm_rm(c, 0x0a, 1, RAX, flag_byte(e, order[i]));
    }
    asm_shift_ri(c, 4, 4, RAX, 8);
    asm_rm(c, 0x8a, 1, RAX, flag_byte(e, X86_OF));
    asm_alu_ri(c, 0, 1, RAX, 127);
    asm_need(c);
    asm_byte(c, 0x9e);
    gpr_unpin(e, RAX);
}

/* The written ones; rax is free, rsp is the host's. */
void flags_foreign_store(struct emitter *e, int flags)
{
    static const uint8_t cc[6] = { CC_B, CC_P, 0, CC_E, CC_S, CC_O };
    struct asm_buf *c = e->c;
    for (int k = 0; k < 6; k++)
        if (flags >> k & 1 && k != 2)
            asm_rm(c, X86_OP(0, 1, 0x90 | cc[k]), 1, 0, flag_byte(e, X86_CF + k));
    if (!(flags & (IR_FLAG_A | IR_FLAG_D)))
        return;
    asm_need(c);
    asm_byte(c, 0x9c);                                 /* pushfq */
    asm_byte(c, 0x58);                                 /* pop rax */
    asm_mov_rr(c, 4, RDX, RAX);
    asm_shift_ri(c, 5, 4, RAX, 4);
    asm_alu_ri(c, 4, 4, RAX, 1);
    if (flags & IR_FLAG_A)
        asm_store(c, 1, flag_byte(e, X86_AF), RAX);
    asm_shift_ri(c, 5, 4, RDX, 10);
    asm_alu_ri(c, 4, 4, RDX, 1);
    if (flags & IR_FLAG_D)
        asm_store(c, 1, flag_byte(e, X86_DF), RDX);
}

static void get_df(struct emitter *e)
{
    struct asm_buf *c = e->c;
    flags_clobber(e);
    const int r = gpr_def(e);
    asm_store(c, 8, state_mem(e, STATE(tmp) + 40), RSP); /* not on the guest's stack */
    asm_load(c, 8, RSP, state_mem(e, STATE(host_rsp)));
    asm_need(c);
    asm_byte(c, 0x9c);
    if (r >= 8)
        asm_byte(c, 0x41);
    asm_byte(c, 0x58 | (r & 7));
    asm_load(c, 8, RSP, state_mem(e, STATE(tmp) + 40));
    asm_shift_ri(c, 5, 4, r, 10);
    asm_alu_ri(c, 4, 4, r, 1);
}

void emit_get_flag(struct emitter *e, int slot)
{
    static const uint8_t cc[6] = { CC_B, CC_P, 0, CC_E, CC_S, CC_O };
    struct asm_buf *c = e->c;
    if (!e->identity) {
        asm_load(c, 1, gpr_def(e), flag_byte(e, slot));
        return;
    }
    if (slot == X86_DF) {
        get_df(e);
        return;
    }
    const int k = slot - X86_CF;
    if (e->flags_host && slot != X86_AF) {
        asm_rr(c, X86_OP(0, 1, 0x90 | cc[k]), 1, 0, gpr_def(e));
        return;
    }
    if (e->flags_host && !e->flags_image)
        flags_to_image(e);
    const int r = gpr_def(e);
    asm_load(c, 1, r, state_mem(e, STATE(flags_spill) + (slot == X86_OF ? 0 : 1)));
    if (slot == X86_OF)
        return;
    e->flags_host = false;
    if (image_bit[k])
        asm_shift_ri(c, 5, 4, r, image_bit[k]);
    asm_alu_ri(c, 4, 4, r, 1);
}

void emit_put_flag(struct emitter *e, int slot, ir_ref ref)
{
    struct asm_buf *c = e->c;
    if (!e->identity) {
        asm_store(c, 1, flag_byte(e, slot), gpr_use(e, ref));
        return;
    }
    if (slot == X86_DF) {
        flags_clobber(e);
        const int r = gpr_use(e, ref);
        asm_rr(c, 0x84, 1, r, r);
        asm_need(c);
        asm_byte(c, 0xfc);
        const uint32_t clear = asm_jcc8(c, CC_E);
        asm_byte(c, 0xfd);
        asm_here8(c, clear);
        return;
    }
    if (e->flags_host && !e->flags_image) /* the others stay */
        flags_to_image(e);
    e->flags_host = false;
    e->flags_image = true;
    if (slot == X86_OF) {
        asm_store(c, 1, state_mem(e, STATE(flags_spill)), gpr_use(e, ref));
        return;
    }
    const int bit = image_bit[slot - X86_CF], r = gpr_copy(e, ref);
    const struct asm_mem ah = state_mem(e, STATE(flags_spill) + 1);
    if (bit)
        asm_shift_ri(c, 4, 4, r, bit);
    asm_alu_mi(c, 4, 1, ah, (int8_t)~(1 << bit));
    asm_rm(c, 0x08, 1, r, ah); /* or */
}
