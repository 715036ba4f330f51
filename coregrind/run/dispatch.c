/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run/dispatch: the loop that runs a guest thread.
 *
 * Each turn starts at a safe point: the guest's state is exact in t->state, no
 * translation is in use.  Events are served there, then generated code is entered
 * for (rip, mode) and left again by one of its exits.  Mode is 0 unless an exit
 * of generated code asked for another.  */
#include "run/internal.h"
#include "heap/redirect.h"
#include "kernel/kernel.h"
#include "kernel/signals.h"
#include "launch/options.h"
#include "report/report.h"
#include "space/space.h"
#include "tool/load.h"

enum { STRESS_EVENTS = STRESS_FLUSH | STRESS_EVICT | STRESS_MOVE | STRESS_SIGNAL };

/* What the last exit left to do once the next translation is known. */
struct link { bool chain, indirect; uint32_t id, exit; };

__thread void *run_jumps[X86_JUMPS] __attribute__((tls_model("initial-exec"), aligned(64)));
static int32_t state_offset, jumps_offset;

struct vex_host run_vex_host(void)
{
    return (struct vex_host){
        .state_offset = state_offset, .jumps_offset = jumps_offset, .guest_in_host_regs = true,
        .strip_size = ng_strip_size, .v_shift = ng_v_shift, .plane_o = NG_PLANE_O, .hostcall = run_hostcall,
        .count_jumps = options.stats,
        .fast_hook = redirect_fast, .hook_keeps = redirect_keeps,
#ifdef NG_DEBUG
        .debug = true,
#endif
    };
}

static uint64_t guest_pc_now(void)
{
    return run_is_guest ? run_self.state.rip : 0;
}

void run_init(void)
{
    char *base;
    __asm__("mov %%fs:0, %0" : "=r"(base)); /* the thread control block's first word is its own address */
    const ptrdiff_t state = (char *)&run_self.state - base, jumps = (char *)run_jumps - base;
    ng_assert(state < 0 && state > INT32_MIN && jumps < 0 && jumps > INT32_MIN);
    state_offset = (int32_t)state;
    jumps_offset = (int32_t)jumps;
    base_guest_pc = guest_pc_now;
}

void run_enter(struct ng_thread *t, const struct translation *to)
{
    void (*tramp)(struct x86_state *, void *) = (void (*)(struct x86_state *, void *))code_tramp(VEX_TRAMP_ENTER);
    t->in_generated = true;
    atomic_signal_fence(memory_order_seq_cst);
    tramp(&t->state, code_entry(to));
    atomic_signal_fence(memory_order_seq_cst);
    t->in_generated = false;
}

/* ---- events ---- */

static void clear_events(struct ng_thread *t, uint64_t bits)
{
    __atomic_and_fetch(&t->state.attention, ~bits, __ATOMIC_SEQ_CST);
}

static void serve_events(struct ng_thread *t)
{
    const uint64_t events = __atomic_load_n(&t->state.attention, __ATOMIC_SEQ_CST) & X86_ATT_EVENTS;
    clear_events(t, events & ~X86_ATT_EXIT);
    t->stats[RUN_STAT_ATTENTION]++;
    if (events & X86_ATT_STOP)
        run_stop_here(t);
    if (events & X86_ATT_FLUSH)
        code_jump_cache_clear(&t->state);
    if ((events & X86_ATT_SIGNAL) || kernel_signals_waiting(t))
        kernel_signals_deliver(t);
}

/* --stress: forces the rare event before the translation of rip is looked up.  Nothing is linked meanwhile, so
 * every block comes through here; the costly events take their turns. */
static void stress(struct ng_thread *t)
{
    const uint64_t turn = t->stats[RUN_STAT_TURNS];
    if ((options.stress & STRESS_FLUSH) && turn % 4 == 0)
        code_discard_range(t->state.rip, 1);
    if ((options.stress & STRESS_FLUSH) && turn % 1024 == 0)
        code_discard_all();
    if ((options.stress & STRESS_EVICT) && turn % 5 == 0)
        code_discard_range(t->state.rip & ~0xffull, 256);
    if ((options.stress & STRESS_MOVE) && turn % (turn < 4096 ? 512 : 65536) == 0)
        code_move_all();
    if ((options.stress & STRESS_SIGNAL) && turn % 2 == 0)
        run_attention(t, X86_ATT_STRESS); /* the block's head must leave at once */
}

/* ---- finding code ---- */

/* The guest jumped where nothing can be fetched. */
static void fetch_fault(struct ng_thread *t, guest_addr at)
{
    struct ng_segment seg;
    const bool mapped = ng_segment_at(at, &seg);
    if (tool->events.jump_invalid)
        tool->events.jump_invalid(t, t->state.rip);
    if (((int64_t)(at << 16) >> 16) != (int64_t)at)
        kernel_signal_raise(t, SIGSEGV, SI_KERNEL, 0, 13, 0);
    else
        kernel_signal_raise(t, SIGSEGV, mapped ? SEGV_ACCERR : SEGV_MAPERR, at, 14, mapped ? 0x15 : 0x14);
}

static struct translation *find_or_translate(struct ng_thread *t, int mode, bool indirect)
{
    struct translation *to = code_find(t->state.rip, mode);
    guest_addr fault_at;
    if (to && to->checked && !run_checked_is_same(to))
        to = NULL;
    if (!to && !(to = run_translate(t, t->state.rip, mode, indirect, &fault_at)))
        fetch_fault(t, fault_at);
    return to;
}

/* The exit of another translation may bear the id by now: what counts is that it leads to `to`. */
static bool leads_to(const struct translation *from, uint32_t exit, const struct translation *to)
{
    if (!from || exit >= from->n_exits || from->checked)
        return false;
    const struct ir_exit e = code_exit(from, exit);
    return e.pc == to->pc && (e.mode == to->mode || (options.stress & STRESS_DIRTY));
}

static void connect(struct ng_thread *t, const struct link *link, struct translation *to, int mode)
{
    if ((options.stress & STRESS_EVENTS) || to->checked)
        return;
    if (link->indirect && (mode == 0 || (options.stress & STRESS_DIRTY))) {
        code_jump_cache_put(&t->state, to->pc, to);
        t->stats[RUN_STAT_INDIRECT]++;
    } else if (link->chain) {
        struct translation *from = code_by_id(link->id);
        if (leads_to(from, link->exit, to)) {
            code_chain(from, link->exit, to);
            t->stats[RUN_STAT_CHAINED]++;
        }
    }
}

/* ---- exits ---- */

/* A system call; a result that says "again" runs it again once what interrupted it has been served. */
static void do_syscall(struct ng_thread *t, guest_addr next)
{
    struct x86_state *s = &t->state;
    const uint64_t number = s->gpr[X86_RAX];
    t->stats[RUN_STAT_SYSCALLS]++;
    s->rip = next;
    kernel_syscall(t);
    const int64_t result = (int64_t)s->gpr[X86_RAX];
    if (number == 15 /* rt_sigreturn: rax is the interrupted code's */)
        return;
    if (result == -KERNEL_ERESTART || result == -KERNEL_ERESTARTNOHAND) {
        s->rip = next - 2;
        s->gpr[X86_RAX] = number;
    }
}

/* A front end's TRAP exit: what the CPU would have raised. */
static void do_trap(struct ng_thread *t, const struct ir_exit *e)
{
    const uint8_t *bytes;
    t->state.rip = e->pc;
    switch (e->aux) {
    case SIGTRAP:
        kernel_signal_raise(t, SIGTRAP, SI_KERNEL, 0, 3, 0);
        break;
    case SIGSEGV: {
        const size_t n = space_code_bytes(e->pc, &bytes, 15);
        if (n < 15 && !space_allows(e->pc + n, 1, NG_PROT_X) && n == (-e->pc & (NG_PAGE - 1)))
            fetch_fault(t, e->pc + n); /* the instruction crosses into nothing */
        else
            kernel_signal_raise(t, SIGSEGV, SI_KERNEL, 0, 13, 0);
        break;
    }
    case SIGFPE:
        kernel_signal_raise(t, SIGFPE, FPE_INTDIV, e->pc, 0, 0);
        break;
    default:
        if (options.sigill_diagnostics)
            report_debug("unrecognised instruction at 0x%llx", (unsigned long long)e->pc);
        kernel_signal_raise(t, SIGILL, ILL_ILLOPN, e->pc, 6, 0);
    }
}

/* Acts on exit e.  Fills *link and yields the mode to go on in. */
static int act(struct ng_thread *t, const struct ir_exit *e, struct link *link)
{
    switch (e->kind) {
    case IR_EXIT_JUMP:
    case IR_EXIT_CALL:
        link->chain = true;
        return e->mode;
    case IR_EXIT_MODE:
        t->stats[RUN_STAT_MODE]++;
        if (options.stats && e->mode)
            run_stats_mode(t, e->pc, e->aux); /* not chained, so that all of them come by here */
        else
            link->chain = true;
        return e->mode;
    case IR_EXIT_INDIRECT:
    case IR_EXIT_ICALL:
    case IR_EXIT_RET:
        link->indirect = true;
        return e->mode;
    case IR_EXIT_SYSCALL:
        do_syscall(t, e->pc);
        return 0;
    case IR_EXIT_HOSTCALL:
        t->stats[RUN_STAT_HOSTCALLS]++;
        redirect_call(t, e->aux);
        return 0;
    case IR_EXIT_CLIENTREQ:
        t->stats[RUN_STAT_REQUESTS]++;
        t->state.rip = e->pc;
        run_client_request(t);
        return 0;
    case IR_EXIT_CPUID:
        t->state.rip = e->pc;
        kernel_cpuid(t);
        return 0;
    case IR_EXIT_TRAP:
        do_trap(t, e);
        return 0;
    case IR_EXIT_ATTENTION:
        return e->mode;
    case IR_EXIT_HOT:
        run_translate_hot(t, e->pc);
        return 0;
    case IR_EXIT_EMULATE:
        run_emulate(t, e);
        return 0;
    }
    ng_fatal("generated code left by exit kind %d at 0x%llx", e->kind, (unsigned long long)t->state.rip);
}

/* Must the dispatcher see to something before generated code goes on? */
static bool has_business(const struct ng_thread *t)
{
    return t->exiting || options.stress || kernel_signals_waiting(t) ||
           (__atomic_load_n(&t->state.attention, __ATOMIC_SEQ_CST) & X86_ATT_EVENTS);
}

/* A replaced function was called: generated code comes here, past the dispatcher.  As there, the state is exact
 * and no translation is in use.  What the jump cache does not know is left to the dispatcher. */
void *run_hostcall(struct x86_state *s, uint32_t hook)
{
    struct ng_thread *t = &run_self;
    t->in_generated = false;
    t->stats[RUN_STAT_HOSTCALLS]++;
    redirect_call(t, hook);
    code_safe_point(s);
    void *next = has_business(t) ? NULL : code_jump_cache_find(s, s->rip);
    t->in_generated = true;
    if (!next)
        s->exit_info = VEX_EXIT_INDIRECT; /* state.rip says where to go on */
    return next;
}

/* The exit named by state.exit_info. */
static int leave(struct ng_thread *t, struct link *link)
{
    const uint64_t info = t->state.exit_info;
    if (info == VEX_EXIT_FAULT) {
        t->stats[RUN_STAT_FAULTS]++;
        kernel_fault_raise(t);
        return 0;
    }
    if (info == VEX_EXIT_INDIRECT) {
        link->indirect = true;
        return 0;
    }
    link->id = (uint32_t)(info >> 32);
    link->exit = (uint32_t)info;
    const struct translation *from = code_by_id(link->id);
    ng_assert(from && link->exit < from->n_exits);
    const struct ir_exit x = code_exit(from, link->exit), *e = &x;
    if (e->kind != IR_EXIT_INDIRECT && e->kind != IR_EXIT_ICALL && e->kind != IR_EXIT_RET)
        t->state.rip = e->pc;
    return act(t, e, link);
}

/* One turn: from state.rip in mode, to the next safe point; the mode to go on in. */
static int turn(struct ng_thread *t, int mode, struct link *link)
{
    const struct link last = *link;
    *link = (struct link){ 0 };
    if ((options.stress & STRESS_DIRTY) && tool->modes > 1)
        mode = 1;
    struct translation *to = find_or_translate(t, mode, last.indirect);
    if (!to || (last.indirect && !run_note_indirect(to)))
        return 0;
    connect(t, &last, to, mode);
    run_enter(t, to);
    return leave(t, link);
}

static int turn_interpreted(struct ng_thread *t)
{
    bool no_code;
    struct link unused = { 0 };
    const struct ir_exit *e = run_interpret(t, t->state.rip, &no_code);
    if (e)
        act(t, e, &unused);
    else if (no_code)
        fetch_fault(t, t->state.rip);
    return 0;
}

void run_loop(struct ng_thread *t)
{
    struct link link = { 0 };
    int mode = 0;
    while (!t->exiting && t->state.rip != RUN_RETURN_PC) {
        code_safe_point(&t->state);
        if (options.stress & STRESS_EVENTS)
            stress(t);
        if ((__atomic_load_n(&t->state.attention, __ATOMIC_SEQ_CST) & X86_ATT_EVENTS & ~X86_ATT_STRESS) ||
            kernel_signals_waiting(t)) {
            serve_events(t);
            link = (struct link){ 0 };
            mode = 0; /* rip may be anywhere now; mode 0 finds out by itself */
            continue;
        }
        t->stats[RUN_STAT_TURNS]++;
        mode = options.jit == 1 ? turn_interpreted(t) : turn(t, mode, &link);
        if (options.stress & STRESS_SIGNAL)
            clear_events(t, X86_ATT_STRESS);
    }
}

uint64_t run_call_guest(struct ng_thread *t, guest_addr fn, uint64_t a0, uint64_t a1)
{
    struct x86_state *s = &t->state;
    uint64_t gpr[16], result;
    const uint64_t rip = s->rip, rflags = s->rflags, back = RUN_RETURN_PC;
    uint8_t ymm[16][32];
    const bool was_generated = t->in_generated;
    memcpy(gpr, s->gpr, sizeof gpr);
    memcpy(ymm, s->ymm, sizeof ymm);
    s->gpr[X86_RSP] = ((s->gpr[X86_RSP] - 128) & ~63ull) - 8;
    if (ng_write(s->gpr[X86_RSP], &back, sizeof back) != sizeof back) {
        memcpy(s->gpr, gpr, sizeof gpr);
        return 0;
    }
    if (tool->events.stack_set)
        tool->events.stack_set(t, gpr[X86_RSP], s->gpr[X86_RSP]);
    if (tool->events.post_mem_write)
        tool->events.post_mem_write(t, s->gpr[X86_RSP], 8);
    s->gpr[X86_RDI] = a0;
    s->gpr[X86_RSI] = a1;
    if (tool->events.post_reg_write) {
        tool->events.post_reg_write(t, X86_RDI, 8);
        tool->events.post_reg_write(t, X86_RSI, 8);
    }
    s->rip = fn;
    run_loop(t);
    result = s->gpr[X86_RAX];
    if (tool->events.stack_set && !t->exiting)
        tool->events.stack_set(t, s->gpr[X86_RSP], gpr[X86_RSP]);
    memcpy(s->gpr, gpr, sizeof gpr);
    memcpy(s->ymm, ymm, sizeof ymm);
    s->rip = rip;
    s->rflags = rflags;
    t->in_generated = was_generated;
    return result;
}
