/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules: definedness of an op's result from the definedness of its arguments.
 *
 * One row an IR op in rules.def.  A shadow is a value of the same type as what
 * it shadows (bit set: undefined), or IR_NONE: known to be defined, so that
 * nothing is emitted for it.  The shadow of a v512 is an i64: 0 or not.  */
#pragma once
#include "nagrind/ir.h"

struct rules {
    struct ir_block *out;
};

/* op is the value's op with arguments that are refs of r->out, where it has been
 * appended already as `value`; v[] are its arguments' shadows.  Returns the shadow
 * of the result.  */
ir_ref rules_apply(struct rules *r, const struct ir_op *op, ir_ref value, const ir_ref v[4]);
bool rules_has_row(int opcode);
/* Type of the value that op yields. */
enum ir_type rules_result_type(const struct ir_op *op);
/* Type of a shadow of a value of type t. */
static inline enum ir_type rules_shadow_type(enum ir_type t) { return t == IR_V512 ? IR_I64 : t; }
/* Building blocks that know IR_NONE; t is the shadow's type.  */
ir_ref rules_or(struct rules *r, enum ir_type t, ir_ref a, ir_ref b);
ir_ref rules_any(struct rules *r, enum ir_type t, ir_ref v);     /* i1: any bit set; IR_NONE stays */
ir_ref rules_zero(struct rules *r, enum ir_type t);
/* Shadow of a + b. */
ir_ref rules_sum(struct rules *r, enum ir_type t, ir_ref a, ir_ref va, ir_ref b, ir_ref vb);
/* Shadow of the address of memory op m: segment bases count as defined. va, vb: shadows of m->a, m->b. */
ir_ref rules_address(struct rules *r, const struct ir_op *m, ir_ref va, ir_ref vb);
