/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ir/check: is a block well formed?  Refs point backward to values of the
 * right type, slots and exits exist, the last op ends the block. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include "vex/ir/table.h"

struct checker {
    const struct ir_block *b;
    ir_ref at;
    char *error;
    size_t size;
    int result;
};

__attribute__((format(printf, 2, 3))) static void complain(struct checker *k, const char *fmt, ...)
{
    if (k->result == 0 && k->size) {
        va_list ap;
        va_start(ap, fmt);
        int n = snprintf(k->error, k->size, "op %u (%s): ", k->at, ir_opcode_name(k->b->ops[k->at].op));
        if (n >= 0 && (size_t)n < k->size)
            vsnprintf(k->error + n, k->size - n, fmt, ap);
        va_end(ap);
    }
    k->result = -EINVAL;
}

static enum ir_type half(enum ir_type t)
{
    return t == IR_V256 ? IR_V128 : t == IR_V512 ? IR_V256 : IR_VOID;
}

/* The type an argument letter of ir_ops.def asks for; IR_TYPES: any value or none. */
static enum ir_type wanted(char letter, const struct ir_op *op)
{
    switch (letter) {
    case 't':
    case 'x': return op->type;
    case 'b': return IR_I1;
    case 'q': return IR_I64;
    case '8': return IR_I8;
    case 'l': return op->lane;
    case 'h': return half(op->type);
    case 'c': return IR_V128;
    default: return IR_TYPES;
    }
}

static void check_ref(struct checker *k, ir_ref r, enum ir_type type, bool optional)
{
    if (r == IR_NONE) {
        if (!optional)
            complain(k, "argument is missing");
        return;
    }
    if (r >= k->at) {
        complain(k, "%%%u is not defined before", r);
        return;
    }
    enum ir_type have = ir_result_type(&k->b->ops[r]);
    if (have == IR_VOID)
        complain(k, "%%%u is no value", r);
    else if (type != IR_TYPES && have != type)
        complain(k, "%%%u is %s, not %s", r, ir_type_name(have), ir_type_name(type));
}

static void check_args(struct checker *k, const struct ir_op *op)
{
    const ir_ref refs[4] = { op->a, op->b, op->c, op->d };
    const char *args = ir_rows[op->op].args;
    int n = 0;
    if (*args == 'm') {
        check_ref(k, op->a, IR_I64, true);
        check_ref(k, op->b, IR_I64, true);
        n = 2;
        args++;
    }
    for (; *args; args++, n++) {
        enum ir_type t = wanted(*args, op);
        bool optional = t == IR_TYPES || (op->op == IR_STORE && (op->flags & IR_DESCRIBED));
        check_ref(k, refs[n], t, optional);
    }
}

static void check_details(struct checker *k, const struct ir_op *op)
{
    const struct ir_block *b = k->b;
    switch (op->op) {
    case IR_GET:
    case IR_PUT:
        if (op->aux >= X86_SLOTS || x86_slot_offset(op->aux, op->plane) < 0)
            complain(k, "slot %u has no plane %u", op->aux, op->plane);
        else if (op->plane != IR_PLANE_O &&
                 (op->imm < 0 || op->imm + ir_type_bytes(op->type) > ir_type_bytes(ir_slot_type(op->aux))))
            complain(k, "%s at byte %d of slot %s", ir_type_name(op->type), (int)op->imm, ir_slot_name(op->aux));
        break;
    case IR_IMARK:
    case IR_NATIVE:
        if ((uint64_t)op->imm >= b->n_insns)
            complain(k, "no instruction %d", (int)op->imm);
        break;
    case IR_HOOK:
    case IR_EXIT:
    case IR_EXIT_IF:
    case IR_EXIT_CC:
    case IR_EXIT_RCXZ:
        if ((uint64_t)op->imm >= b->n_exits)
            complain(k, "no exit %d", (int)op->imm);
        break;
    case IR_CALL:
        if (op->flags & IR_LEAVES && (op->type != IR_VOID || !op->a || (uint64_t)op->imm >= b->n_exits))
            complain(k, "leaves by no exit %d", (int)op->imm);
        break;
    case IR_CHECK:
    case IR_CHECK_STORE:
        if (op->d >= b->n_exits)
            complain(k, "no exit %u", op->d);
        break;
    }
    if ((ir_rows[op->op].props & IRP_MEM) && op->scale > 3)
        complain(k, "scale %u", op->scale);
    if ((ir_rows[op->op].props & IRP_END) && k->at + 1 != b->n_ops)
        complain(k, "ops follow the end of the block");
}

int ir_check(const struct ir_block *b, char *error, size_t error_size)
{
    struct checker k = { .b = b, .error = error, .size = error_size };
    for (k.at = 1; k.at < b->n_ops && k.result == 0; k.at++) {
        const struct ir_op *op = &b->ops[k.at];
        if (op->op >= IR_OPCODES || op->type >= IR_TYPES || op->lane >= IR_TYPES) {
            k.result = -EINVAL;
            snprintf(error, error_size, "op %u: bad opcode or type", k.at);
            break;
        }
        check_args(&k, op);
        check_details(&k, op);
    }
    if (k.result == 0 && (b->n_ops < 2 || !(ir_rows[b->ops[b->n_ops - 1].op].props & IRP_END))) {
        k.result = -EINVAL;
        snprintf(error, error_size, "the block does not end in an exit");
    }
    return k.result;
}
