/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nagrind/ir.h: the intermediate representation, as tools and vex see it.
 *
 * A block is one tape of fixed-size ops in program order; an op that yields a
 * value is named by its index (ir_ref), assigned once.  Op 0 is never a value.
 * A block has one entry; side exits leave it, nothing comes back into it.
 *
 * Three forms of the same guest code (enum ir_form):
 *   NATIVE   every guest instruction is one NATIVE op, executed as itself.
 *            Its memory accesses stand before it as DESCRIBED loads and stores,
 *            its stack-pointer change after it as an SP op.
 *   TANDEM   as NATIVE, and the instruction's dataflow stands before it
 *            in decomposed ops: what is DESCRIBED happens in the NATIVE op and
 *            yields values only for those who ask (a tool's definedness rules).
 *   PURE     the decomposed ops are the execution; NATIVE only where an
 *            instruction has no row.  For the interpreter and foreign hosts.
 *
 * Control flow is always explicit ops (EXIT*), never NATIVE.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define NG_API __attribute__((visibility("default")))
#else
#define NG_API
#endif

typedef uint64_t guest_addr;
typedef uint32_t ir_ref;
#define IR_NONE 0u

enum ir_type { IR_VOID, IR_I1, IR_I8, IR_I16, IR_I32, IR_I64, IR_V128, IR_V256, IR_V512, IR_TYPES };

enum ir_form { IR_FORM_NATIVE, IR_FORM_TANDEM, IR_FORM_PURE };

/* Planes: 0 is the guest's own memory and registers; V and O are a tool's
 * shadows of them.  V shadows of a slot have the slot's size; O shadows
 * (origin tags) are one u32 a slot, and one u32 per aligned 4 bytes of memory. */
enum ir_plane { IR_PLANE_GUEST, IR_PLANE_V, IR_PLANE_O, IR_PLANES };

enum ir_segment { IR_SEG_NONE, IR_SEG_FS, IR_SEG_GS };

enum ir_opcode {
#define IR_OP(id, text, result, args, props) IR_##id,
#include "nagrind/ir_ops.def"
#undef IR_OP
    IR_OPCODES
};

/* op.flags */
enum {
    IR_DESCRIBED = 1,  /* LOAD STORE PUT GET-less: done by this instruction's NATIVE op */
    IR_STACK_REL = 2,  /* LOAD STORE: implicit access through the stack pointer */
    IR_GUEST_ADDR = 4, /* CONST: a guest address */
    IR_HOST_OBJ = 8,   /* CONST: imm indexes the tool's object table (relocated) */
    IR_LOCKED = 16,    /* LOAD STORE: part of an atomic read-modify-write */
    IR_KEEP_FLAGS = 32,/* set by front end on PUTs that rewrite control flow */
    IR_FLAGS_DIE = 64, /* PUT: nobody reads the guest's flags of before; of a call or return that the block goes on into */
    IR_CALL_SP = 64,   /* SP, the same bit: of a call that the block goes on into (without an EXIT) */
    IR_RET_SP = 128,   /* SP: of a return that the block goes on behind */
    IR_RED_ZONE = 64,  /* CHECK_STORE, the same bit: also lets pass what is all IR_NOACCESS_BYTE, if the access lies in the red zone, and
                          notes its address as ZONE_USED does */
    IR_ELSE = 64,      /* CALL, the same bit: of any type; where the guard is false it yields d.  A vector goes to the helper and comes back
                          in scratch slot imm, which then is the third argument */
    IR_LEAVES = 32,    /* CALL, the same bit: of no type, with a guard; if the helper yields nonzero, the block is left by exits[imm].  It may
                          then have changed general registers (not of a block that is done by the IR interpreter) */
    IR_PRESERVES = 128 /* CALL: the helper writes no register of the guest, no shadow of one and no scratch slot but imm */
};

/* CHECK_STORE lets pass what has no byte IR_NOACCESS_BYTE; words of 8 bytes (or the whole of a smaller access) that are
 * all ones, or all IR_PASS_BYTE, in the fastest way.  What crosses a page passes only if it consists of such words. */
enum { IR_NOACCESS_BYTE = 0xd6, IR_PASS_BYTE = 0xd7 };

/* The red zone: IR_ZONE_SIZE bytes below rsp, where a function may keep things without moving rsp.  The V plane there, and
 * of all of the stack below, is IR_NOACCESS_BYTE but for bytes that somebody used: those are not below state.red_zone. */
enum { IR_ZONE_SIZE = 128, IR_ZONE_STEP = 32, IR_ZONE_FAR = 65536 };

/* CONST flags and CALL: helpers are registered with the tool API (tool.h). */

struct ir_op {
    uint8_t op;    /* enum ir_opcode */
    uint8_t type;  /* of the result; of the access for LOAD STORE CHECK PUT */
    uint8_t lane;  /* element type of a vector op; source type of a conversion */
    uint8_t flags;
    uint8_t plane; /* enum ir_plane, for GET PUT LOAD STORE CHECK */
    uint8_t scale; /* log2, of the index of an address */
    uint16_t aux;  /* GET PUT: slot; memory ops and LEA: segment;
                      EXIT_CC: condition code; CALL: helper id */
    ir_ref a, b, c, d;
    int64_t imm;
};

/* Memory ops (LOAD STORE CHECK CHECK_STORE LEA) address
 *     segment base + a (or 0) + (b << scale) (or 0) + imm
 * of a plane; STORE's value is c.  64-bit wrapping arithmetic.  */

/* The fast way of a replaced function: its first arguments, as far as there are any.  done: `value` is what it returns, for
 * rax; not done: nothing has happened. */
struct ng_fast { uint64_t value, done; };
typedef struct ng_fast (*ng_fast_fn)(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3);

/* Why a block is left.  */
enum ir_exit_kind {
    IR_EXIT_JUMP,     /* to a known guest address; chained */
    IR_EXIT_CALL,     /* as JUMP; a call */
    IR_EXIT_INDIRECT, /* to the address in a value */
    IR_EXIT_ICALL,    /* as INDIRECT; a call */
    IR_EXIT_RET,      /* as INDIRECT; a return */
    IR_EXIT_MODE,     /* to exit.pc in exit.mode (chained); exit.aux: enum ir_why */
    IR_EXIT_SYSCALL,  /* exit.pc is the address after the instruction */
    IR_EXIT_HOSTCALL, /* redirected function; exit.aux says which */
    IR_EXIT_CLIENTREQ,
    IR_EXIT_CPUID,    /* exit.pc: after the instruction */
    IR_EXIT_TRAP,     /* raise signal exit.aux (SIGILL SIGTRAP SIGSEGV) at exit.pc */
    IR_EXIT_ATTENTION,/* block head saw an event */
    IR_EXIT_HOT,      /* block head: the block has run often */
    IR_EXIT_EMULATE,  /* run one instruction by the slow path; exit.aux says which */
    IR_EXIT_KINDS
};

/* Why a mode is left, for --stats: a block's head saw a register, a check saw what is loaded, stored to, or pushed,
 * popped, called or returned by. */
enum ir_why { IR_WHY_REGISTER, IR_WHY_LOAD, IR_WHY_STORE, IR_WHY_STACK, IR_WHYS };

struct ir_exit {
    guest_addr pc;  /* where the guest goes on */
    uint8_t kind;   /* enum ir_exit_kind */
    uint8_t mode;   /* of the target */
    uint16_t aux;
    uint8_t flags_dead; /* IR_FLAG_* that the target is known not to read */
};

/* One guest instruction, as the decoder sees it.  For x86-64: masks name
 * registers by their hardware number.  A partial write counts as a read too. */
struct ir_insn {
    guest_addr pc;
    uint8_t len;
    uint8_t bytes[15];
    uint16_t gpr_read, gpr_write;
    uint32_t vec_read, vec_write;
    uint8_t flags_read, flags_write; /* IR_FLAG_* */
    uint8_t attrs;                   /* IR_INSN_* */
    uint8_t vec_bytes;               /* widest vector operand */
    /* where the ModRM memory operand stands in bytes[]; 0 modrm_off: none */
    uint8_t modrm_off, sib_off, disp_off, disp_size, imm_off, imm_size;
    uint8_t rex_off, vex_off, vex_len; /* 0 len: none; rex_off 0 with attrs REX unset: none */
    uint8_t mem_base, mem_index, mem_scale; /* hw numbers; 0xff none; scale is log2 */
    uint8_t mem_seg;                        /* enum ir_segment */
    uint8_t rip_relative;
    uint8_t asz_off;                        /* offset+1 of a 67h prefix, 0 none */
    uint8_t seg_off;                        /* offset+1 of the segment prefix, 0 none */
    int64_t disp;                           /* rip_relative: the absolute address */
    uint16_t mnemonic;                      /* ZydisMnemonic */
    uint16_t mem_size;                      /* bytes, of the ModRM memory operand */
};
enum { IR_FLAG_C = 1, IR_FLAG_P = 2, IR_FLAG_A = 4, IR_FLAG_Z = 8, IR_FLAG_S = 16, IR_FLAG_O = 32, IR_FLAG_D = 64,
       IR_FLAGS_ARITH = 63 };
enum { IR_INSN_REX = 1, IR_INSN_X87 = 2, IR_INSN_MEM_READ = 4, IR_INSN_MEM_WRITE = 8, IR_INSN_HIGH8 = 16,
       IR_INSN_EVEX = 32, IR_INSN_FAULTS = 64, IR_INSN_VSIB = 128 };

/* Contiguous guest code of a block. */
struct ir_extent { guest_addr pc; uint32_t bytes; };

struct ir_block {
    guest_addr pc;         /* of the first instruction */
    guest_addr end;        /* where the guest goes on after the last one, in their order */
    uint32_t guest_bytes;  /* of the first extent */
    struct ir_extent *extents; /* of a block that follows jumps: all of them; else none */
    uint32_t n_extents, cap_extents;
    bool counts;           /* the head counts its runs, and leaves by IR_EXIT_HOT when they are many; what follows a branch
                              inside the block counts as well */
    bool goes_on;          /* past a branch, a call or a jump: more is in the block than need run */
    uint8_t form, mode;
    uint8_t flags_live_out;/* IR_FLAG_* that successors may read */
    bool sees_passed_flags; /* a called function, or a call's return site, reads flags before it writes them */
    struct ir_op *ops;     /* ops[0] unused */
    uint32_t n_ops, cap_ops;
    struct ir_insn *insns;
    uint32_t n_insns, cap_insns;
    struct ir_exit *exits;
    uint32_t n_exits, cap_exits;
    uint64_t entry_mask;   /* attention bits that send the head to entry_mode */
    uint64_t entry_kill;   /* those of them whose register (of vector registers the lower half) the block overwrites before it
                              looks or leaves: the head makes its shadow zero and goes on, if no other bit is in the way */
    uint8_t entry_mode;    /* mode to go to when (attention & entry_mask) */
};

/* Blocks are reused: ir_block_reset keeps the arrays.  Not thread safe; one
 * block belongs to one translation.  Allocation failure aborts with a message. */
NG_API void ir_block_init(struct ir_block *b);
NG_API void ir_block_reset(struct ir_block *b);
NG_API void ir_block_free(struct ir_block *b);
NG_API void ir_block_grow_ops(struct ir_block *b); /* room for one more */
/* Field by field: a copy of the whole would wait until what was just stored in pieces has reached the cache. */
static inline ir_ref ir_append(struct ir_block *b, struct ir_op op)
{
    if (__builtin_expect(b->n_ops == b->cap_ops, 0))
        ir_block_grow_ops(b);
    struct ir_op *to = &b->ops[b->n_ops];
    to->op = op.op;
    to->type = op.type;
    to->lane = op.lane;
    to->flags = op.flags;
    to->plane = op.plane;
    to->scale = op.scale;
    to->aux = op.aux;
    to->a = op.a;
    to->b = op.b;
    to->c = op.c;
    to->d = op.d;
    to->imm = op.imm;
    return b->n_ops++;
}
/* A copy of another block's op that was not written just now (see above). */
static inline ir_ref ir_append_copy(struct ir_block *b, const struct ir_op *op)
{
    if (__builtin_expect(b->n_ops == b->cap_ops, 0))
        ir_block_grow_ops(b);
    b->ops[b->n_ops] = *op;
    return b->n_ops++;
}
NG_API uint32_t ir_block_add_exit(struct ir_block *b, struct ir_exit exit);
NG_API void ir_block_add_extent(struct ir_block *b, struct ir_extent extent);
NG_API uint32_t ir_block_add_insn(struct ir_block *b, const struct ir_insn *insn);
NG_API void ir_block_add_insns(struct ir_block *b, const struct ir_insn *insns, uint32_t n);
NG_API uint32_t ir_block_new_insn(struct ir_block *b); /* whose contents the caller has yet to write */

/* Shorthands; each appends one op and returns its ref. */
NG_API ir_ref ir_const(struct ir_block *b, enum ir_type t, int64_t imm);
/* Vector constant: bit i of mask says whether byte i is 0xff or 0x00. */
NG_API ir_ref ir_vconst(struct ir_block *b, enum ir_type t, uint64_t mask);
NG_API ir_ref ir_get(struct ir_block *b, enum ir_type t, enum ir_plane p, int slot, int byte_offset);
NG_API void ir_put(struct ir_block *b, enum ir_type t, enum ir_plane p, int slot, int byte_offset, ir_ref v);
NG_API ir_ref ir_op1(struct ir_block *b, enum ir_opcode op, enum ir_type t, ir_ref a);
NG_API ir_ref ir_op2(struct ir_block *b, enum ir_opcode op, enum ir_type t, ir_ref a, ir_ref c);
NG_API ir_ref ir_op3(struct ir_block *b, enum ir_opcode op, enum ir_type t, ir_ref a, ir_ref c, ir_ref d);
/* Vector op with an element type and an immediate. */
NG_API ir_ref ir_vop(struct ir_block *b, enum ir_opcode op, enum ir_type t, enum ir_type lane, ir_ref a, ir_ref c, int64_t imm);
/* ZEXT SEXT TRUNC: `from` is a's type. */
NG_API ir_ref ir_convert(struct ir_block *b, enum ir_opcode op, enum ir_type to, enum ir_type from, ir_ref a);
/* Same address as memory op `like`, other plane; LOAD / STORE / CHECK / LEA. */
NG_API ir_ref ir_mem(struct ir_block *b, enum ir_opcode op, enum ir_type t, enum ir_plane p, const struct ir_op *like);
/* Helper call: runs if guard is IR_NONE or true; else yields 0.  t: VOID or I64. */
NG_API ir_ref ir_call(struct ir_block *b, enum ir_type t, int helper, ir_ref guard, ir_ref a0, ir_ref a1, ir_ref a2);

/* Attention bits of the registers that n overwrites whatever is in them; of vector registers perhaps the lower half only. */
NG_API uint64_t ir_insn_overwrites(const struct ir_insn *n);

NG_API int ir_type_bytes(enum ir_type t);
NG_API const char *ir_type_name(enum ir_type t);
NG_API const char *ir_opcode_name(enum ir_opcode op);
