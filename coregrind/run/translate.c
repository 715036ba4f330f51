/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run/translate: guest bytes at a pc -> a translation in the code zone.
 *
 * The pipeline of vex/vex.h with the tool in the middle.  The buffers belong to
 * the thread and are reused, so a translation allocates nothing once warm.
 * The decoder works on a copy of the guest's bytes, which another thread may change or
 * unmap at any time; what was translated is compared with them once more at the end.  */
#include "run/hot.h"
#include "heap/redirect.h"
#include "launch/options.h"
#include "report/report.h"
#include "space/space.h"
#include "tool/load.h"

enum { MAX_INSNS = 64, MAX_BYTES = 512, PEEK_BYTES = 64 };

struct translator {
    uint8_t bytes[MAX_BYTES];        /* the guest's, from the block's pc on */
    struct ir_block in, out;
    struct vex_code code;
    struct run_hot hot;
    uint32_t outdated;               /* what it was when the block was decoded */
};
static __thread struct translator *translator __attribute__((tls_model("initial-exec")));

/* The program passes flags through calls of known functions or returns, as hand-written code may: seen where a function begins or at a
 * call's return site. */
static _Atomic bool returns_flags;
/* It passes them through other indirect jumps: seen where one led.  Unlike a return, such a jump cannot tell beforehand;
 * so first translations take it to be true, and only hot code, after many runs without a sign of it, does not. */
static _Atomic bool jumps_flags;

/* How often all translations became outdated because something changed that they are made by. */
static _Atomic uint32_t outdated;

void ng_discard_translations(void)
{
    atomic_fetch_add(&outdated, 1);
    code_discard_all();
}

static struct translator *translator_get(void)
{
    if (!translator) {
        translator = base_alloc(sizeof *translator);
        ir_block_init(&translator->in);
        ir_block_init(&translator->out);
        vex_code_init(&translator->code);
    }
    return translator;
}

void run_translator_free(void)
{
    if (!translator)
        return;
    ir_block_free(&translator->in);
    ir_block_free(&translator->out);
    vex_code_free(&translator->code);
    free(translator);
    translator = NULL;
}

static size_t peek_successor(void *arg, guest_addr pc, const uint8_t **bytes)
{
    (void)arg;
    return space_code_bytes(pc, bytes, PEEK_BYTES);
}

/* Everything of `in` that instrumentation does not change. */
static void carry_over(struct ir_block *out, const struct ir_block *in)
{
    ir_block_reset(out);
    out->pc = in->pc;
    out->guest_bytes = in->guest_bytes;
    out->form = in->form;
    out->mode = in->mode;
    out->flags_live_out = in->flags_live_out;
    out->entry_mask = in->entry_mask;
    out->entry_kill = in->entry_kill;
    out->entry_mode = in->entry_mode;
    out->end = in->end;
    out->counts = in->counts;
    out->goes_on = in->goes_on;
    for (uint32_t i = 0; i < in->n_extents; i++)
        ir_block_add_extent(out, in->extents[i]);
    ir_block_add_insns(out, in->insns, in->n_insns);
    for (uint32_t i = 0; i < in->n_exits; i++)
        ir_block_add_exit(out, in->exits[i]);
}

static void check_block(const struct ir_block *b, const char *stage)
{
#ifdef NG_DEBUG
    char error[256];
    if (ir_check(b, error, sizeof error) != 0)
        ng_fatal("IR of 0x%llx is wrong after %s: %s", (unsigned long long)b->pc, stage, error);
#else
    (void)b, (void)stage;
#endif
}

/* The look at successors reads guest memory itself; should that vanish under it, it is done without. */
static void decode_guarded(struct ng_thread *t, struct vex_decode_request *r, struct ir_block *b)
{
    sigjmp_buf here;
    sigjmp_buf *outer = t->recover;
    if (sigsetjmp(here, 0))
        r->peek = NULL;
    else
        t->recover = &here;
    guest_x86_64_decode(r, b);
    t->recover = outer;
}

static void protect_extent(guest_addr pc, uint32_t bytes)
{
    const guest_addr last = pc + (bytes ? bytes - 1 : 0);
    space_protect_code(pc);
    if (last / NG_PAGE != pc / NG_PAGE)
        space_protect_code(last);
}

/* From now on a write to b's pages drops their translations. */
static void protect_pages(const struct ir_block *b)
{
    for (uint32_t i = 0; i < b->n_extents; i++)
        protect_extent(b->extents[i].pc, b->extents[i].bytes);
    if (!b->n_extents)
        protect_extent(b->pc, b->guest_bytes);
}

/* Are the guest's bytes still those that were decoded? */
static bool is_current(const struct translator *x)
{
    uint8_t now[MAX_BYTES];
    const uint32_t n = x->out.guest_bytes;
    if (x->outdated != atomic_load(&outdated))
        return false;
    return ng_read(now, x->out.pc, n) != n || !memcmp(now, x->bytes, n);
}

static void instrument(struct translator *x, int mode)
{
    carry_over(&x->out, &x->in);
    tool->instrument(&(struct ng_instrument){ .in = &x->in, .out = &x->out, .mode = mode });
    check_block(&x->out, "the tool");
    run_trace_block(RUN_TRACE_TOOL, &x->out);
    opt_run(&x->out, OPT_ALL);
    check_block(&x->out, "opt");
    run_trace_block(RUN_TRACE_OPT, &x->out);
}

/* Does a first translation count its runs, so that it becomes a longer one when it is hot? */
static bool is_counted(int mode)
{
    return options.hot && mode == 0 && tool->forms[0] == IR_FORM_NATIVE && !(options.stress & STRESS_DIRTY);
}

static bool is_hot(const struct vex_decode_request *r) { return r->follow == run_hot_follow; }

/* The guest's code, into buffers of ours. */
static bool fetch(struct translator *x, struct vex_decode_request *r)
{
    if (is_hot(r)) {
        run_hot_begin(&x->hot, r->pc);
        r->bytes = run_hot_bytes(&x->hot, r->pc, &r->n_bytes);
        return r->bytes != NULL;
    }
    r->n_bytes = space_code_bytes(r->pc, &r->bytes, MAX_BYTES);
    r->n_bytes = r->n_bytes ? ng_read(x->bytes, r->pc, r->n_bytes) : 0;
    r->bytes = x->bytes;
    return r->n_bytes || r->hook;
}

/* Decodes what r asks for, instruments and emits into x; false if the bytes cannot be fetched. */
static bool compile(struct ng_thread *t, struct translator *x, struct vex_decode_request *r, bool indirect)
{
    struct vex_host host = run_vex_host();
    host.indirect_target = indirect;
    r->peek = peek_successor;
    r->host_cpu = options.cpu == 1;
    r->string_helper = r->mode == 0 ? run_string_helper() : 0;
    r->returns_flags = atomic_load(&returns_flags);
    r->jumps_flags = !is_hot(r) || atomic_load(&jumps_flags);
    for (;;) {
        x->outdated = atomic_load(&outdated);
        if (!fetch(x, r))
            return false;
        decode_guarded(t, r, &x->in);
        if (x->in.sees_passed_flags && !r->returns_flags) { /* all that was made before counts on the contrary */
            atomic_store(&returns_flags, r->returns_flags = true);
            ng_discard_translations();
            continue;
        }
        x->in.counts = !is_hot(r) && !r->hook && is_counted(r->mode);
        check_block(&x->in, "decoding");
        run_trace_guest(&x->in);
        run_trace_block(RUN_TRACE_IR, &x->in);
        instrument(x, r->mode);
        vex_code_reset(&x->code);
        if (host_x86_64_emit(&x->out, &host, &x->code) == 0)
            return true;
        ng_assert(r->max_insns > 1); /* one instruction always fits */
        r->max_insns = x->in.n_insns > 1 && x->in.n_insns < r->max_insns ? x->in.n_insns / 2 : r->max_insns / 2;
    }
}

static bool reads_flags(const struct ir_block *b)
{
    uint8_t written = 0;
    for (uint32_t i = 0; i < b->n_insns && written != IR_FLAGS_ARITH; i++) {
        const struct ir_insn *n = &b->insns[i];
        if (n->flags_read & ~n->flags_write & IR_FLAGS_ARITH & ~written)
            return true;
        if (n->flags_read & IR_FLAG_C & ~written && n->flags_write && !(n->flags_read & IR_FLAG_Z)) /* adc; a shift by cl names all */
            return true;
        written |= n->flags_write;
    }
    return false;
}

bool run_note_indirect(const struct translation *to)
{
    if (!to->reads_flags || atomic_exchange(&jumps_flags, true))
        return true;
    ng_discard_translations();
    return false;
}

static void account(struct ng_thread *t, const struct translator *x, int mode, uint64_t start)
{
    t->stats[RUN_STAT_BLOCKS + mode]++;
    t->stats[RUN_STAT_INSNS + mode] += x->out.n_insns;
    t->stats[RUN_STAT_HOST_BYTES] += x->code.size;
    if (options.stats)
        t->stats[RUN_STAT_NS + mode] += run_cpu_ns_since(start);
}

/* The hot block at pc, once more and longer.  Whatever prevents it, the first translation stays. */
void run_translate_hot(struct ng_thread *t, guest_addr pc)
{
    struct translator *x = translator_get();
    struct translation *first = code_find(pc, 0);
    if (!first || first->hot_tier || !code_is_hot(first))
        return;
    const uint64_t start = options.stats ? run_cpu_ns() : 0;
    struct vex_decode_request r = { .pc = pc, .form = IR_FORM_NATIVE, .max_insns = RUN_HOT_INSNS, .follow = run_hot_follow, .follow_arg = &x->hot,
                                    .pointer = run_hot_pointer, .return_to = run_hot_return(&t->state, code_runs(first, 0)) };
    code_stop_counting(first);
    if (first->checked || redirect_at(pc) || space_page_needs_check(pc) || !compile(t, x, &r, true))
        return;
    protect_pages(&x->out);
    if (!run_hot_is_current(&x->hot, &x->out))
        return;
    struct translation *made = code_insert_hot(&x->out, &x->code);
    made->reads_flags = reads_flags(&x->out);
    account(t, x, 0, start);
    t->stats[RUN_STAT_HOT]++;
    run_trace_host(made);
    protect_pages(&x->out); /* as below */
    if (!run_hot_is_current(&x->hot, &x->out) || x->outdated != atomic_load(&outdated))
        code_discard_range(pc, 1); /* and made is gone */
}

struct translation *run_translate(struct ng_thread *t, guest_addr pc, int mode, bool indirect, guest_addr *fault_at)
{
    struct translator *x = translator_get();
    struct translation *made;
    const uint64_t start = options.stats ? run_cpu_ns() : 0;
    struct vex_decode_request r = { .pc = pc, .form = tool->forms[mode], .mode = mode, .max_insns = MAX_INSNS, .hook = redirect_at(pc),
                                    .follow = mode == 0 ? run_first_follow : NULL };
    r.hook_gprs = r.hook && options.fast_hooks ? redirect_fast_gprs(r.hook) : 0;
    r.hook_ret = redirect_ret();
    *fault_at = pc;
    for (;;) {
        space_protect_code(pc);
        if (!compile(t, x, &r, indirect))
            return NULL;
        const bool checked = run_checked_note(&x->out, x->bytes);
        made = code_insert(&x->out, &x->code);
        made->checked = checked;
        made->reads_flags = reads_flags(&x->out);
        /* Another thread may have written meanwhile, when there was nothing to drop yet. */
        protect_pages(&x->out);
        if (is_current(x))
            break;
        code_discard_range(pc, x->out.guest_bytes ? x->out.guest_bytes : 1);
    }
    account(t, x, mode, start);
    run_trace_host(made);
    return made;
}
