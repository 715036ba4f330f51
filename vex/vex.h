/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vex: guest bytes -> IR -> host bytes.  No system calls, no globals that
 * change, re-entrant; knows no tool.  The pipeline, one call a stage:
 *
 *     guest_x86_64_decode -> [tool] -> opt_run -> host_x86_64_emit
 */
#pragma once
#include "nagrind/ir.h"
#include "nagrind/x86_64.h"

/* ---- front end (guest_x86_64/) ---- */
struct vex_decode_request {
    guest_addr pc;
    const uint8_t *bytes;   /* readable guest code at pc */
    size_t n_bytes;         /* how many may be read; the block ends before an instruction that crosses it */
    enum ir_form form;
    int mode;
    uint32_t max_insns;     /* at least 1 */
    /* Redirection: nonzero hook id (exit.aux of HOSTCALL) if pc is the entry of a replaced function. */
    uint32_t hook;
    /* It has a fast way, which reads these guest registers (a bit each; 0: none): in NATIVE form the block tries that first
     * (IR_HOOK), and then returns by the `ret` instruction at hook_ret. */
    uint16_t hook_gprs;
    guest_addr hook_ret;
    /* Readable bytes at a branch target, for the look at successors' flags: length, 0 if not readable. */
    size_t (*peek)(void *arg, guest_addr pc, const uint8_t **bytes);
    void *peek_arg;
    /* Blocks that follow jumps, NATIVE form only (else NULL): where does the block go on?  taken: the target of a
     * jump, call or branch, or where a return should lead (its call is in the block); next: what follows a branch that is
     * not taken, else 0.  Yields one of the two, or 0: the block ends here.  *bytes, *n: guest code at taken, to outlive the
     * decoding (next goes on in the bytes that are there). */
    guest_addr (*follow)(void *arg, const struct ir_block *b, guest_addr taken, guest_addr next, const uint8_t **bytes, size_t *n);
    void *follow_arg;
    /* Where a jump or call through the pointer at `at` would lead now, 0 if it cannot be read; NULL: such jumps are not
     * followed.  The block compares the pointer each time. */
    guest_addr (*pointer)(guest_addr at);
    guest_addr return_to;   /* where a return whose call is not in the block probably leads (then follow is asked); 0: unknown */
    /* The program passes flags through calls of known functions or returns (some function or some call's return site was seen to
     * read them), or may pass them through other indirect jumps. */
    bool returns_flags, jumps_flags;
    bool host_cpu;          /* --cpu=host: instructions beyond x86-64-v3 are known */
    /* 1 + the helper that does what it can of a REP MOVS or STOS at once, in NATIVE form: (bytes of an element, is it MOVS, 0) ->
     * nonzero if registers have changed, by what was done.  0: element by element. */
    int string_helper;
};
/* Fills *b (reset by the callee).  Never fails: undecodable bytes become IR_EXIT_TRAP with SIGILL;
 * n_bytes == 0 becomes IR_EXIT_TRAP with SIGSEGV. */
void guest_x86_64_decode(const struct vex_decode_request *r, struct ir_block *b);
/* Attention bits of the registers that block reads or writes (all forms, from insns and PUT/GET). */
uint64_t guest_x86_64_block_mask(const struct ir_block *b);
/* May the instruction leave arithmetic flags as they were though it is said to write them? */
bool insn_may_keep_flags(const struct ir_insn *n);

/* ---- IR services (ir/) ---- */
struct ir_names { const char *(*helper)(int id); }; /* may be NULL */
void ir_print(const struct ir_block *b, char **text, size_t *size); /* malloc'd text */
int ir_parse(const char *text, struct ir_block *b, char *error, size_t error_size); /* 0 or -EINVAL and a message with a line number */
/* 0, or -EINVAL and a message naming the op. */
int ir_check(const struct ir_block *b, char *error, size_t error_size);
const char *ir_slot_name(int slot);
int ir_slot_type(int slot);

/* ---- interpreter (ir/interp.c) ---- */
struct ir_interp_env {
    struct x86_state *state;
    void *arg;
    /* Memory by plane; return 0 or nonzero to abandon the block at this instruction (fault). */
    int (*load)(void *arg, int plane, guest_addr a, void *to, int size);
    int (*store)(void *arg, int plane, guest_addr a, const void *from, int size);
    int (*cas)(void *arg, guest_addr a, void *expected_in_old_out, const void *desired, int size);
    uint64_t (*call)(void *arg, int helper, uint64_t a0, uint64_t a1, uint64_t a2);
    int (*native)(void *arg, const struct ir_insn *insn); /* executes one instruction on state */
};
/* Runs a PURE block (or TANDEM, where native does the effects and DESCRIBED ops give values).
 * Returns the exit index taken (>= 0), with state->rip set; -1 if a callback abandoned it (rip: that instruction). */
int ir_interp_run(const struct ir_block *b, const struct ir_interp_env *env);

/* ---- optimiser (opt/) ---- */
enum { OPT_FOLD = 1, OPT_CSE = 2, OPT_DEAD = 4, OPT_ALL = 7 };
void opt_run(struct ir_block *b, unsigned passes);

/* ---- back end (host_x86_64/) ---- */
/* Generated code needs AVX2, BMI1 and BMI2 (x86-64-v3). */
bool host_x86_64_supported(void);
enum vex_tramp { /* entries of the fixed region of the code zone; see host_x86_64/tramp.c */
    VEX_TRAMP_ENTER,        /* C: void enter(struct x86_state *, void *code) */
    VEX_TRAMP_EXIT,         /* leave; state->exit_info is set */
    VEX_TRAMP_INDIRECT,     /* state->rip is set, guest rcx is in its image only: jump cache, else leave with VEX_EXIT_INDIRECT */
    VEX_TRAMP_CALL,         /* helper call; call_* are set */
    VEX_TRAMP_CALL_BYTE,    /* the same if a byte of call_args[3] is call_byte; else call_result stays */
    VEX_TRAMP_KILL,         /* from a block's head: see host_x86_64/tramp.c */
    VEX_TRAMP_CLEAR,        /* from a checked store: see host_x86_64/tramp.c */
    VEX_TRAMP_HOSTCALL,     /* rip and call_args[0], the hook, are set: general registers into *state, then vex_host.hostcall */
    VEX_TRAMP_HOSTCALL_KEEP, /* the same with all registers */
    VEX_TRAMP_FAULT,        /* landed here by the signal handler on a fault: leave, guest registers and exit_info already in state */
    VEX_TRAMPS
};
enum vex_reloc_kind {
    VEX_RELOC_TRAMP32,      /* rel32 to trampoline value */
    VEX_RELOC_ID32,         /* imm32: this translation's id */
    VEX_RELOC_COUNTER32,    /* rel32 to this translation's counter of runs (ir_block.counts), value 0; or that of its part 1, 2 ... */
    VEX_RELOC_HELPER64,     /* imm64: address of helper value */
    VEX_RELOC_OBJECT64      /* imm64: address of tool object value */
};
struct vex_reloc { uint32_t offset; uint16_t kind, value; };
/* A place where the block is left.  Chainable exits have a rel32 at jump_offset, within an aligned
 * quadword, that first leads to the stub at stub_offset (which sets exit_info, then TRAMP_EXIT).  state.rip is set for indirect
 * exits only: it is ir.pc for all others, which is for him to set who acts on the exit. */
/* state.exit_info where no exit is named: a fault, and a jump to state.rip that nobody knew. */
#define VEX_EXIT_FAULT (~0ull)
#define VEX_EXIT_INDIRECT (~1ull)
struct vex_exit { uint32_t jump_offset, stub_offset; struct ir_exit ir; bool chainable; };
/* Guest state for host code from host_offset up to the next entry: pc, and which
 * guest registers are in struct x86_state rather than in their host register. */
struct vex_side { uint32_t host_offset; uint16_t insn; uint16_t gpr_in_state; uint16_t vec_in_state; uint8_t flags_in_spill; uint8_t after; /* 1: NATIVE has completed, pc is the next insn */ };

enum { VEX_NO_ENTRY = UINT32_MAX }; /* table_entry of a block that indirect jumps do not lead to */
struct vex_code {
    uint8_t *code; size_t size, cap;
    /* Bytes below `hot` run often, those from there on (stubs, rare paths, constants) seldom: they may stand anywhere
     * within 2 GiB.  cross: offsets of the rel32 fields that lead from one part to the other, as if they were adjacent. */
    uint32_t hot;
    uint32_t *cross, n_cross, cap_cross;
    /* Where the block is entered: by known jumps; by those of them that need not look at state.attention; by indirect
     * ones, which must be verified (state.rip), and where guest rcx is in its image only. */
    uint32_t entry, calm_entry, table_entry;
    struct vex_reloc *relocs; uint32_t n_relocs, cap_relocs;
    struct vex_exit *exits; uint32_t n_exits, cap_exits;
    struct vex_side *sides; uint32_t n_sides, cap_sides;
    uint32_t n_parts;       /* that count: the whole, and what follows each branch inside */
    struct emit_scratch *scratch; /* the back end's own buffers, kept for the next block */
};
void vex_code_init(struct vex_code *c);
void vex_code_reset(struct vex_code *c);
void vex_code_free(struct vex_code *c);

/* An access to the V plane has a displacement smaller by this than the guest's to the memory itself.  AMD's Zen 2 and 3 seem to
 * forward a store to a load by base register and low bits of the displacement before addresses are known, whatever the
 * segment: a check right after the program's store, or a pop after a shadow store, would be forwarded the other's value
 * and be run again.  128 keeps the displacements 0..255 in one byte; those around 0 meet nothing of the program's. */
enum { VEX_GS_BIAS = 128 };

struct vex_host {
    int32_t state_offset;    /* of struct x86_state from the FS base (initial-exec TLS) */
    int32_t jumps_offset;    /* of the thread's table void *[X86_JUMPS] from the FS base; 0: none (foreign mode) */
    bool indirect_target;    /* the block is reached by indirect jumps: its entry for them stands in line */
    bool guest_in_host_regs; /* true: identity mapping; false: guest registers live in struct x86_state (tests, PURE) */
    uint64_t strip_size;
    uint64_t v_shift, plane_o; /* distance of a client address to its place in the V and O planes; GS base: v_shift + VEX_GS_BIAS */
    bool count_jumps;        /* into state.jump_hits */
    bool debug;              /* ir_check first */
    /* Acts on an exit of kind HOSTCALL, as the dispatcher would; state.rip is there.  The code to go on with, or NULL to
     * leave with what it has put into exit_info.  May be NULL: then such exits leave like all others. */
    void *(*hostcall)(struct x86_state *s, uint32_t hook);
    /* Must it find all registers in the state, and leave them so?  Else it stands for a C function: vectors and flags are
     * lost, and not in the state. */
    bool (*hook_keeps)(uint32_t hook);
    /* The fast way of a replaced function (nagrind/tool.h: ng_fast_fn), for IR_HOOK. */
    ng_fast_fn (*fast_hook)(uint32_t hook);
    /* What state.rip is while that runs, less than 2^31.  May be NULL: then it is not set. */
    guest_addr (*hook_pc)(uint32_t hook);
};
/* Emits b.  Returns 0, or -ENOSPC if the block is too long (decode fewer instructions). */
int host_x86_64_emit(const struct ir_block *b, const struct vex_host *h, struct vex_code *out);
/* Writes the trampolines at buf; entry[] gets their offsets.  Returns the size, at most 8192. */
size_t host_x86_64_emit_tramps(uint8_t *buf, const struct vex_host *h, uint32_t entry[VEX_TRAMPS]);
/* Executes one instruction natively on *state (through a private stub in scratch, RX at scratch_rx, RW at scratch_rw,
 * 512 bytes): emits the stub; the caller runs VEX_TRAMP_ENTER on it. */
size_t host_x86_64_emit_single(const struct ir_insn *insn, const struct vex_host *h, struct vex_code *out);
