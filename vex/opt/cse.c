/* SPDX-License-Identifier: GPL-3.0-or-later */
/* opt/cse: values computed twice, and registers read again or after a write.
 *
 * Pure ops go by their fields in a small hash table.  GETs go by what is known of
 * each slot in each plane: the value last read or written there.  NATIVE ends what
 * is known of the registers it writes, CALL what is known of all that lives in the
 * state only (shadows, scratch slots, bases): helpers write there, unless it says they do not. */
#include <stdlib.h>
#include <string.h>
#include "vex/opt/opt.h"

enum { TABLE = 512 };
struct known { ir_ref ref; uint8_t type; int8_t offset; };

struct cse {
    struct ir_block *b;
    ir_ref *same;
    ir_ref table[TABLE];
    struct known known[IR_PLANES][X86_SLOTS];
};

static bool equal(const struct ir_op *x, const struct ir_op *y)
{
    return !memcmp(x, y, sizeof *x);
}

static uint32_t hash(const struct ir_op *op)
{
    uint64_t w[5], h = 0;
    _Static_assert(sizeof *op <= sizeof w, "an op is hashed word by word");
    memset(w, 0, sizeof w);
    memcpy(w, op, sizeof *op);
    for (int i = 0; i < 5; i++)
        h = (h ^ w[i]) * 0x9e3779b97f4a7c15ull;
    return (uint32_t)(h >> 40);
}

static ir_ref look_up(struct cse *c, const struct ir_op *op, uint32_t i)
{
    uint32_t h = hash(op) % TABLE;
    for (int probe = 0; probe < 4; probe++, h = (h + 1) % TABLE) {
        if (!c->table[h]) {
            c->table[h] = i;
            return IR_NONE;
        }
        if (equal(&c->b->ops[c->table[h]], op))
            return c->table[h];
    }
    c->table[h] = i; /* crowded: the newest is the likeliest */
    return IR_NONE;
}

static ir_ref get(struct cse *c, const struct ir_op *op, uint32_t i)
{
    struct known *k = &c->known[op->plane][op->aux];
    if (op->aux == X86_ATTENTION || op->aux >= X86_SCRATCH0) /* other threads write it; helpers do */
        return IR_NONE;
    if (k->ref && k->type == op->type && k->offset == op->imm)
        return k->ref;
    *k = (struct known){ i, op->type, (int8_t)op->imm };
    return IR_NONE;
}

static void put(struct cse *c, const struct ir_op *op)
{
    struct known *k = &c->known[op->plane][op->aux];
    /* What is described comes about in the NATIVE op; its value is for those who ask.  Whole instructions want their
     * registers at home: there a second GET costs nothing, but a value that outlives its PUT costs a register. */
    const bool at_home = c->b->form == IR_FORM_NATIVE && op->plane == IR_PLANE_GUEST && op->aux < X86_CF;
    *k = op->flags & IR_DESCRIBED || at_home ? (struct known){ 0 } : (struct known){ op->a, op->type, (int8_t)op->imm };
}

static void native(struct cse *c, const struct ir_insn *n)
{
    struct known *k = c->known[IR_PLANE_GUEST];
    for (int i = 0; i < 16; i++) {
        if (n->gpr_write >> i & 1)
            k[X86_RAX + i].ref = 0;
        if (n->vec_write >> i & 1)
            k[X86_YMM0 + i].ref = 0;
    }
    for (int i = X86_CF; i <= X86_DF; i++)
        k[i].ref = 0;
}

static void call(struct cse *c)
{
    memset(c->known[IR_PLANE_V], 0, sizeof c->known[IR_PLANE_V]);
    memset(c->known[IR_PLANE_O], 0, sizeof c->known[IR_PLANE_O]);
    for (int i = X86_X87; i < X86_SLOTS; i++)
        c->known[IR_PLANE_GUEST][i].ref = 0;
}

static ir_ref visit(struct cse *c, uint32_t i)
{
    struct ir_op *op = &c->b->ops[i];
    switch (op->op) {
    case IR_NOP:
        return IR_NONE;
    case IR_GET:
        return get(c, op, i);
    case IR_PUT:
        put(c, op);
        return IR_NONE;
    case IR_NATIVE:
        native(c, &c->b->insns[op->imm]);
        return IR_NONE;
    case IR_CALL:
        if (!(op->flags & IR_PRESERVES))
            call(c);
        return IR_NONE;
    }
    if (!(ir_rows[op->op].props & IRP_PURE) || op->op == IR_OPAQUE)
        return IR_NONE;
    if (ir_rows[op->op].props & IRP_COMM && op->a > op->b && c->b->ops[op->b].op != IR_CONST) {
        const ir_ref t = op->a;
        op->a = op->b;
        op->b = t;
    }
    return look_up(c, op, i);
}

void opt_cse(struct ir_block *b)
{
    ir_ref on_stack[2048];
    struct cse c;
    c.b = b;
    c.same = b->n_ops <= 2048 ? on_stack : malloc(b->n_ops * sizeof *c.same);
    if (!c.same)
        return;
    memset(c.table, 0, sizeof c.table);
    memset(c.known, 0, sizeof c.known);
    c.same[0] = 0;
    for (uint32_t i = 1; i < b->n_ops; i++) {
        c.same[i] = i;
        opt_rename(b, &b->ops[i], c.same);
        const ir_ref same = visit(&c, i);
        if (same)
            c.same[i] = same;
    }
    if (c.same != on_stack)
        free(c.same);
}
