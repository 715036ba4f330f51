/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/translate_string: string instructions, one element.
 * Repetition is control flow (control.c).  */
#include "translate.h"

static bool is_vector(const struct x86_ctx *c)
{
    return c->zi->meta.category != ZYDIS_CATEGORY_STRINGOP;
}

/* rsi or rdi goes on by one element, downward if DF. */
static void step(struct x86_ctx *c, int hw, enum ir_type element)
{
    const enum ir_type t = c->zi->address_width == 32 ? IR_I32 : IR_I64;
    const int n = ir_type_bytes(element);
    const ir_ref by = x86_select(c, t, x86_get_flag(c, X86_DF), x86_const(c, t, -n), x86_const(c, t, n));
    x86_put_gpr(c, hw, 0, t, x86_op(c, IR_ADD, t, x86_get_gpr(c, hw, 0, t), by));
}

/* The memory operand whose base is hw. */
static struct ir_op element_at(struct x86_ctx *c, int hw, enum ir_type t)
{
    int m = x86_memory_operand(c, 0);
    if (x86_gpr_number(c->zo[m].mem.base, NULL) != hw)
        m = x86_memory_operand(c, m + 1);
    return x86_mem(c, m, t);
}

bool translate_movs(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = row->lane;
    const ir_ref v = x86_load(c, element_at(c, X86_RSI, t));
    x86_store(c, element_at(c, X86_RDI, t), v);
    step(c, X86_RSI, t);
    step(c, X86_RDI, t);
    return true;
}

bool translate_stos(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = row->lane;
    x86_store(c, element_at(c, X86_RDI, t), x86_get_gpr(c, X86_RAX, 0, t));
    step(c, X86_RDI, t);
    return true;
}

bool translate_lods(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = row->lane;
    x86_put_gpr(c, X86_RAX, 0, t, x86_load(c, element_at(c, X86_RSI, t)));
    step(c, X86_RSI, t);
    return true;
}

bool translate_cmps(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = row->lane;
    const ir_ref a = x86_load(c, element_at(c, X86_RSI, t)), b = x86_load(c, element_at(c, X86_RDI, t));
    x86_flags_compare(c, t, a, b);
    step(c, X86_RSI, t);
    step(c, X86_RDI, t);
    return true;
}

bool translate_scas(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = row->lane;
    x86_flags_compare(c, t, x86_get_gpr(c, X86_RAX, 0, t), x86_load(c, element_at(c, X86_RDI, t)));
    step(c, X86_RDI, t);
    return true;
}

/* MOVSD and CMPSD are names of SSE instructions too. */
bool translate_movsd(struct x86_ctx *c, const struct x86_row *row)
{
    return is_vector(c) ? translate_movsd_vector(c, row) : translate_movs(c, row);
}

bool translate_cmpsd(struct x86_ctx *c, const struct x86_row *row)
{
    return is_vector(c) ? translate_cmpsd_vector(c, row) : translate_cmps(c, row);
}
