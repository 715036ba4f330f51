/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/signals_fault: from a host fault in generated code to what the guest would have got natively.
 *
 * Which address was touched: the host instruction is decoded with the host registers.  A
 * gs: operand is a check of the V plane, S above the guest's address; the guest never
 * knows, so S is taken off.  A non-canonical address raises #GP natively (no address in
 * the siginfo; #SS and SIGBUS through rsp or rbp), any other wild one a page fault.
 * The access's size and direction are the guest instruction's.  One that reads and writes
 * its operand faults as a write natively, although here a load of its own may come first.  */
#include <Zydis/Zydis.h>
#include "kernel/signals.h"
#include "space/space.h"

static bool is_canonical(uint64_t a)
{
    return ((int64_t)(a << 16) >> 16) == (int64_t)a;
}

struct insn { ZydisDecodedInstruction i; ZydisDecodedOperand o[ZYDIS_MAX_OPERAND_COUNT]; };

static bool decode(const void *bytes, size_t n, struct insn *out)
{
    ZydisDecoder d;
    ZydisDecoderInit(&d, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&d, bytes, n, &out->i, out->o));
}

/* Value of a general register (any width), in x86 order in gpr. */
static uint64_t reg_value(ZydisRegister r, const uint64_t gpr[16], uint64_t next)
{
    if (r == ZYDIS_REGISTER_NONE)
        return 0;
    if (r == ZYDIS_REGISTER_RIP || r == ZYDIS_REGISTER_EIP)
        return next;
    const ZydisRegister big = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, r);
    if (big < ZYDIS_REGISTER_RAX || big > ZYDIS_REGISTER_R15)
        return 0;
    const uint64_t v = gpr[big - ZYDIS_REGISTER_RAX];
    return ZydisRegisterGetWidth(ZYDIS_MACHINE_MODE_LONG_64, r) == 32 ? (uint32_t)v : v;
}

/* Effective address of a memory operand, without any segment base. */
static uint64_t operand_address(const struct insn *x, const ZydisDecodedOperand *o, const uint64_t gpr[16], uint64_t pc)
{
    const uint64_t next = pc + x->i.length;
    uint64_t a = reg_value(o->mem.base, gpr, next) + reg_value(o->mem.index, gpr, next) * o->mem.scale;
    if (o->mem.disp.has_displacement)
        a += (uint64_t)o->mem.disp.value;
    const bool is_push = o->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN && o->mem.base == ZYDIS_REGISTER_RSP &&
                         (o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE);
    if (is_push)
        a -= o->size / 8;
    return x->i.address_width == 32 ? (uint32_t)a : a;
}

static bool is_memory(const ZydisDecodedOperand *o)
{
    return o->type == ZYDIS_OPERAND_TYPE_MEMORY && o->mem.type != ZYDIS_MEMOP_TYPE_AGEN;
}

/* The first memory operand; or the one that covers `at`, if at is known. */
static const ZydisDecodedOperand *find_operand(const struct insn *x, const uint64_t gpr[16], uint64_t pc, bool known, uint64_t at)
{
    const ZydisDecodedOperand *first = NULL;
    for (int k = 0; k < x->i.operand_count; k++) {
        const ZydisDecodedOperand *o = &x->o[k];
        if (!is_memory(o))
            continue;
        if (!first)
            first = o;
        if (known && at - operand_address(x, o, gpr, pc) < o->size / 8u)
            return o;
    }
    return first;
}

/* Through rsp or rbp without another segment: the stack segment. */
static bool is_stack_operand(const ZydisDecodedOperand *o)
{
    return o && o->mem.segment == ZYDIS_REGISTER_SS;
}

static void host_registers(const ucontext_t *uc, uint64_t gpr[16])
{
    static const uint8_t order[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                       REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15 };
    for (int i = 0; i < 16; i++)
        gpr[i] = (uint64_t)uc->uc_mcontext.gregs[order[i]];
}

/* The guest address that the host instruction touched; *check: in the V plane rather than itself. */
static bool touched_address(const siginfo_t *info, const ucontext_t *uc, guest_addr *at, bool *check)
{
    uint64_t gpr[16];
    struct insn x;
    const uint64_t pc = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
    const bool known = info->si_code != SI_KERNEL;
    *check = false;
    *at = (guest_addr)(uintptr_t)info->si_addr;
    host_registers(uc, gpr);
    if (!decode((const void *)pc, 15, &x))
        return known;
    const ZydisDecodedOperand *o = find_operand(&x, gpr, pc, false, 0);
    if (!o)
        return known;
    *check = o->mem.segment == ZYDIS_REGISTER_GS;
    if (!known)
        *at = operand_address(&x, o, gpr, pc) + (*check ? VEX_GS_BIAS : 0);
    else if (*check)
        *at -= ng_v_shift;
    return true;
}

/* Size, direction and segment of the guest's access near at. */
static void describe_access(struct ng_thread *t, struct kernel_fault *f, guest_addr at, bool known, bool *stack_segment)
{
    const uint8_t *bytes;
    struct insn x;
    f->tool_at = at;
    f->size = 1;
    *stack_segment = false;
    const size_t n = space_code_bytes(t->state.rip, &bytes, 15);
    if (!n || !decode(bytes, n, &x))
        return;
    const ZydisDecodedOperand *o = find_operand(&x, t->state.gpr, t->state.rip, known, at);
    if (!o)
        return;
    uint64_t start = operand_address(&x, o, t->state.gpr, t->state.rip);
    if (o->mem.segment == ZYDIS_REGISTER_FS)
        start += t->state.fs_base;
    else if (o->mem.segment == ZYDIS_REGISTER_GS)
        start += t->state.gs_base;
    f->size = o->size / 8 ? o->size / 8 : 1;
    f->write = !(o->actions & ZYDIS_OPERAND_ACTION_MASK_READ);
    f->writes = o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
    if (at - start < f->size)
        f->tool_at = start;
    *stack_segment = is_stack_operand(o);
}

/* SIGSEGV and SIGBUS on data: native code, address and trap number. */
static void describe_memory_fault(struct ng_thread *t, const siginfo_t *info, const ucontext_t *uc, struct kernel_fault *f)
{
    guest_addr at;
    bool check, stack_segment;
    const bool gp = info->si_code == SI_KERNEL;
    if (!touched_address(info, uc, &at, &check))
        return;
    describe_access(t, f, at, !gp || check, &stack_segment);
    if (is_canonical(at) && gp && !check)
        return; /* not about the address: alignment, privilege */
    f->report = true;
    if (!is_canonical(at)) {
        *f = (struct kernel_fault){ .sig = stack_segment ? SIGBUS : SIGSEGV, .code = SI_KERNEL,
                                    .trapno = stack_segment ? 12 : 13, .report = true, .size = f->size, .write = f->write,
                                    .tool_at = f->tool_at };
    } else if (check || gp) {
        f->sig = SIGSEGV;
        f->code = SEGV_MAPERR;
        f->at = at;
        f->trapno = 14;
        f->err = 4 | (f->writes ? 2 : 0) | (at >> 63 ? 1 : 0); /* the kernel's half always reads as present */
    } else if (f->writes) {
        f->err |= 2;
    }
}

void kernel_fault_describe(struct ng_thread *t, const siginfo_t *info, const ucontext_t *uc)
{
    struct kernel_fault *f = &t->pending->fault;
    const greg_t *g = uc->uc_mcontext.gregs;
    *f = (struct kernel_fault){ .sig = info->si_signo, .code = info->si_code, .trapno = (int)g[REG_TRAPNO],
                                .err = (int)g[REG_ERR], .at = (guest_addr)(uintptr_t)info->si_addr };
    if (f->sig == SIGSEGV || f->sig == SIGBUS)
        describe_memory_fault(t, info, uc, f);
    else if (f->code != SI_KERNEL)
        f->at = t->state.rip; /* SIGFPE, SIGILL, SIGTRAP: the instruction */
}

void kernel_signal_raise_data(struct ng_thread *t, int sig, int si_code, guest_addr at, int err)
{
    struct kernel_fault f = { 0 };
    bool stack_segment;
    describe_access(t, &f, at, true, &stack_segment);
    kernel_signal_raise(t, sig, si_code, at, 14, err | (f.writes ? 2 : 0));
}
