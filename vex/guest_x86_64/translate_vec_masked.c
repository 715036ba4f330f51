/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/translate_vec_masked: VMASKMOV and gathers, described only,
 * element by element: an element that is masked out is not accessed.  */
#include "translate.h"

/* The destination's elements: loaded, or what `otherwise` has. */
static ir_ref loaded(struct x86_ctx *c, int i, enum ir_type t, ir_ref otherwise)
{
    enum ir_type lane;
    const int n = x86_elements(c, i, &lane);
    ir_ref v = otherwise;
    for (int k = 0; k < n; k++) {
        ir_ref on;
        const struct ir_op m = x86_mem_element(c, i, k, &on);
        const ir_ref old = x86_vop_imm(c, IR_VEXTRACT, lane, t, otherwise, IR_NONE, k);
        v = x86_vop_imm(c, IR_VINSERT, t, lane, v, x86_select(c, lane, on, x86_load(c, m), old), k);
    }
    return v;
}

/* The back end has VINSERT and VEXTRACT of V128 and V256, whose elements must fit. */
bool translate_vmaskmov(struct x86_ctx *c, const struct x86_row *row)
{
    const enum ir_type t = x86_operand_type(c, 0);
    (void)row;
    if (!c->described)
        return false;
    if (!x86_is_memory(c, 0)) {
        x86_write(c, 0, t, loaded(c, 2, t, x86_vzero(c, t)), true);
        return true;
    }
    enum ir_type lane;
    const int n = x86_elements(c, 0, &lane);
    const enum ir_type source = x86_operand_type(c, 2);
    const ir_ref v = x86_read(c, 2, source);
    for (int k = 0; k < n; k++) {
        ir_ref on;
        const struct ir_op m = x86_mem_element(c, 0, k, &on);
        const ir_ref e = x86_vop_imm(c, IR_VEXTRACT, lane, source, v, IR_NONE, k);
        x86_store(c, m, x86_select(c, lane, on, e, x86_const(c, lane, 0)));
    }
    return true;
}

/* Elements whose mask is not set keep their value; what no index reaches becomes 0, and so does the mask. */
bool translate_gather(struct x86_ctx *c, const struct x86_row *row)
{
    /* half an xmm, where indices are wider than elements, is an xmm whose upper half becomes 0 */
    const enum ir_type t = c->zo[0].size > 128 ? IR_V256 : IR_V128, mask = c->zo[2].size > 128 ? IR_V256 : IR_V128;
    enum ir_type lane;
    ir_ref v;
    int n;
    (void)row;
    if (!c->described)
        return false;
    v = loaded(c, 1, t, x86_read(c, 0, t));
    n = x86_elements(c, 1, &lane) * ir_type_bytes(lane);
    if (n < ir_type_bytes(t))
        v = ir_op2(c->b, IR_VAND, t, v, ir_vconst(c->b, t, (1ull << n) - 1));
    x86_write(c, 0, t, v, true);
    x86_write(c, 2, mask, x86_vzero(c, mask), true);
    return true;
}
