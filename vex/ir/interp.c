/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ir/interp: runs a block op by op: the reference engine (--jit=interp) and
 * the oracle of the back end's tests.  Guest registers are in struct x86_state. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "vex/ir/interp.h"

struct run {
    const struct ir_block *b;
    const struct ir_interp_env *env;
    union ir_value *v;
    guest_addr pc;       /* of the current instruction */
    int left;            /* exit taken, -1 abandoned, -2 go on */
};

static uint8_t *slot_bytes(struct run *r, const struct ir_op *op)
{
    int64_t offset = op->plane == IR_PLANE_O ? 0 : op->imm;
    return (uint8_t *)r->env->state + x86_slot_offset(op->aux, op->plane) + offset;
}

static guest_addr address(struct run *r, const struct ir_op *op)
{
    guest_addr a = (guest_addr)op->imm;
    if (op->a)
        a += r->v[op->a].u;
    if (op->b)
        a += r->v[op->b].u << op->scale;
    if (op->aux == IR_SEG_FS)
        a += r->env->state->fs_base;
    else if (op->aux == IR_SEG_GS)
        a += r->env->state->gs_base;
    return a;
}

static void leave(struct run *r, int64_t exit, ir_ref target)
{
    const struct ir_exit *e = &r->b->exits[exit];
    r->env->state->rip = target ? r->v[target].u : e->pc;
    r->left = (int)exit;
}

static void abandon(struct run *r)
{
    r->env->state->rip = r->pc;
    r->left = -1;
}

/* x86 condition codes on the flag slots (SDM volume 1, appendix B). */
static bool condition(const struct x86_state *s, int cc)
{
    const uint8_t *f = s->flag;
    enum { C, P, A, Z, S, O };
    bool v;
    switch (cc >> 1) {
    case 0: v = f[O]; break;
    case 1: v = f[C]; break;
    case 2: v = f[Z]; break;
    case 3: v = f[C] || f[Z]; break;
    case 4: v = f[S]; break;
    case 5: v = f[P]; break;
    case 6: v = f[S] != f[O]; break;
    default: v = f[Z] || f[S] != f[O]; break;
    }
    return v != (cc & 1);
}

static bool holds(struct run *r, const struct ir_op *op)
{
    const struct x86_state *s = r->env->state;
    switch (op->op) {
    case IR_EXIT: return true;
    case IR_EXIT_IF: return r->v[op->a].u;
    case IR_EXIT_CC: return condition(s, op->aux);
    default: return (op->aux == 32 ? (uint32_t)s->gpr[X86_RCX] : s->gpr[X86_RCX]) == 0;
    }
}

static void load(struct run *r, const struct ir_op *op, union ir_value *out)
{
    memset(out, 0, sizeof *out);
    if (r->env->load(r->env->arg, op->plane, address(r, op), out, ir_type_bytes(op->type)) != 0)
        abandon(r);
}

static bool all_bytes(const uint8_t *p, int n, uint8_t byte)
{
    for (int i = 0; i < n; i++)
        if (p[i] != byte)
            return false;
    return true;
}

static void zone_used(struct run *r, guest_addr a)
{
    struct x86_state *s = r->env->state;
    if (a < s->red_zone)
        s->red_zone = a;
}

/* A CHECK_STORE of these shadow bytes: is it the first store to that part of the red zone? */
static bool zone_passes(struct run *r, const struct ir_op *op, const uint8_t *v)
{
    const guest_addr a = address(r, op), sp = r->env->state->gpr[X86_RSP];
    const int bytes = ir_type_bytes(op->type);
    if (op->op != IR_CHECK_STORE || !(op->flags & IR_RED_ZONE) || !all_bytes(v, bytes, IR_NOACCESS_BYTE) ||
        (int64_t)(a - sp) < -IR_ZONE_SIZE || (int64_t)(a - sp) > -bytes)
        return false;
    zone_used(r, a);
    return true;
}

static bool store_passes(struct run *r, const struct ir_op *op, const union ir_value *shadow)
{
    const int bytes = ir_type_bytes(op->type), word = bytes > 8 ? 8 : bytes;
    bool uniform = true, addressable = (address(r, op) & 4095) + (unsigned)bytes <= 4096;
    for (int i = 0; i < bytes; i += word)
        uniform &= all_bytes(shadow->b + i, word, 0xff) || all_bytes(shadow->b + i, word, IR_PASS_BYTE);
    for (int i = 0; i < bytes; i++)
        addressable &= shadow->b[i] != IR_NOACCESS_BYTE;
    return uniform || addressable;
}

static void check(struct run *r, const struct ir_op *op)
{
    union ir_value x;
    load(r, op, &x);
    const bool pass = op->op == IR_CHECK_STORE && store_passes(r, op, &x);
    if (r->left == -2 && !pass && !all_bytes(x.b, ir_type_bytes(op->type), 0) && !zone_passes(r, op, x.b))
        leave(r, op->d, IR_NONE);
}

/* ---- the stack below rsp ---- */
static void zone_fill(struct run *r, guest_addr a, uint8_t byte)
{
    const union ir_value v = { .u = byte };
    if (r->env->store(r->env->arg, IR_PLANE_V, a, &v, 1) != 0)
        abandon(r);
}

static void zone_clear(struct run *r, guest_addr sp)
{
    struct x86_state *s = r->env->state;
    if (sp <= s->red_zone)
        return;
    for (guest_addr a = sp; sp - s->red_zone <= IR_ZONE_FAR && a > s->red_zone;)
        for (int i = 0; i < IR_ZONE_STEP; i++)
            zone_fill(r, --a, IR_NOACCESS_BYTE);
    s->red_zone = ~0ull;
}

static void zone_grow(struct run *r, const struct ir_op *op)
{
    struct x86_state *s = r->env->state;
    const guest_addr sp = r->v[op->a].u;
    for (int64_t i = 0; i < op->imm; i++) {
        union ir_value v = { 0 };
        if (r->env->load(r->env->arg, IR_PLANE_V, sp + (uint64_t)i, &v, 1) != 0)
            abandon(r);
        else if (s->red_zone == ~0ull || v.b[0] == IR_NOACCESS_BYTE)
            zone_fill(r, sp + (uint64_t)i, (uint8_t)op->aux);
    }
    if (s->red_zone >= sp)
        s->red_zone = ~0ull;
}

static void call(struct run *r, const struct ir_op *op, union ir_value *out)
{
    const bool vector = op->type >= IR_V128;
    uint8_t *scratch = r->env->state->scratch[op->imm & 7];
    if (op->flags & IR_ELSE)
        *out = r->v[op->d];
    else
        out->u = 0;
    if (op->a && !r->v[op->a].u)
        return;
    r->env->state->rip = r->pc;
    if (vector)
        memcpy(scratch, out, ir_type_bytes(op->type));
    const uint64_t third = vector ? (uint64_t)op->imm : r->v[op->d].u;
    const uint64_t result = r->env->call(r->env->arg, op->aux, r->v[op->b].u, r->v[op->c].u, third);
    if (vector)
        memcpy(out, scratch, ir_type_bytes(op->type));
    else
        out->u = ir_mask(op->type, result);
}

/* The byte of the access that LOAD_TAG is about; -1: none. */
static int tagged_byte(const struct run *r, const struct ir_op *op)
{
    for (int i = 0; i < ir_type_bytes(op->lane); i++)
        if (r->v[op->b].b[i])
            return i;
    return -1;
}

static void load_tag(struct run *r, const struct ir_op *op, union ir_value *out)
{
    const int i = tagged_byte(r, op);
    out->u = 0;
    if (i >= 0 && r->env->load(r->env->arg, IR_PLANE_O, (r->v[op->a].u + (unsigned)i) & ~3ull, out, 4) != 0)
        abandon(r);
}

static void store_tag(struct run *r, const struct ir_op *op)
{
    const guest_addr a = r->v[op->a].u, end = a + (unsigned)ir_type_bytes(op->lane);
    if (tagged_byte(r, op) < 0)
        return;
    for (guest_addr at = a & ~3ull; at < end; at += 4)
        if (r->env->store(r->env->arg, IR_PLANE_O, at, &r->v[op->c], 4) != 0)
            abandon(r);
}

static void compare_and_swap(struct run *r, const struct ir_op *op, union ir_value *out)
{
    *out = r->v[op->c];
    if (r->env->cas(r->env->arg, address(r, op), out, &r->v[op->d], ir_type_bytes(op->type)) != 0)
        abandon(r);
}

static bool executed(const struct run *r, const struct ir_op *op)
{
    return r->b->form == IR_FORM_PURE || !(op->flags & IR_DESCRIBED);
}

static void step(struct run *r, const struct ir_op *op, union ir_value *out)
{
    switch (op->op) {
    case IR_NOP:
    case IR_SP: break;
    case IR_IMARK: r->pc = r->b->insns[op->imm].pc; break;
    case IR_NATIVE:
        if (r->env->native(r->env->arg, &r->b->insns[op->imm]) != 0)
            abandon(r);
        break;
    case IR_GET:
        memset(out, 0, sizeof *out);
        memcpy(out, slot_bytes(r, op), ir_type_bytes(op->type));
        break;
    case IR_PUT:
        if (executed(r, op))
            memcpy(slot_bytes(r, op), &r->v[op->a], ir_type_bytes(op->type));
        break;
    case IR_LOAD: load(r, op, out); break;
    case IR_STORE:
        if (executed(r, op) &&
            r->env->store(r->env->arg, op->plane, address(r, op), &r->v[op->c], ir_type_bytes(op->type)) != 0)
            abandon(r);
        break;
    case IR_LEA: out->u = address(r, op); break;
    case IR_CHECK:
    case IR_CHECK_STORE: check(r, op); break;
    case IR_ZONE_USED: zone_used(r, r->v[op->a].u); break;
    case IR_ZONE_CLEAR: zone_clear(r, r->v[op->a].u); break;
    case IR_ZONE_GROW: zone_grow(r, op); break;
    case IR_CAS: compare_and_swap(r, op, out); break;
    case IR_EXIT:
    case IR_EXIT_IF:
    case IR_EXIT_CC:
    case IR_EXIT_RCXZ:
        if (holds(r, op))
            leave(r, op->imm, op->op == IR_EXIT ? op->a : IR_NONE);
        break;
    case IR_LOAD_TAG: load_tag(r, op, out); break;
    case IR_STORE_TAG: store_tag(r, op); break;
    case IR_CALL: call(r, op, out); break;
    case IR_OPAQUE: memset(out, 0, sizeof *out); break;
    case IR_SELECT:
        *out = r->v[op->a].u ? r->v[op->b] : r->v[op->c];
        break;
    default:
        if (op->op >= IR_VAND || op->op == IR_VCONST)
            ir_eval_vec(op, &r->v[op->a], &r->v[op->b], &r->v[op->c], out);
        else
            ir_eval_int(op, &r->v[op->a], &r->v[op->b], &r->v[op->c], out);
    }
}

int ir_interp_run(const struct ir_block *b, const struct ir_interp_env *env)
{
    struct run r = { .b = b, .env = env, .pc = b->pc, .left = -2 };
    r.v = calloc(b->n_ops, sizeof *r.v);
    if (!r.v) {
        fputs("nagrind: out of memory in the interpreter\n", stderr);
        abort();
    }
    for (ir_ref i = 1; i < b->n_ops && r.left == -2; i++)
        step(&r, &b->ops[i], &r.v[i]);
    free(r.v);
    return r.left;
}
