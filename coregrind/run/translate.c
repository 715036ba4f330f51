/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run/translate: guest bytes at a pc -> a translation in the code zone.
 *
 * The pipeline of vex/vex.h with the tool in the middle.  The buffers belong to
 * the thread and are reused, so a translation allocates nothing once warm.
 * The decoder works on a copy of the guest's bytes, which another thread may change or
 * unmap at any time; what was translated is compared with them once more at the end.  */
#include "run/internal.h"
#include "heap/redirect.h"
#include "launch/options.h"
#include "report/report.h"
#include "space/space.h"
#include "tool/load.h"

enum { MAX_INSNS = 64, MAX_BYTES = 1024, PEEK_BYTES = 64 };

struct translator {
    uint8_t bytes[MAX_BYTES];        /* the guest's, from the block's pc on */
    struct ir_block in, out;
    struct vex_code code;
};
static __thread struct translator *translator __attribute__((tls_model("initial-exec")));

/* The program passes flags through returns, as hand-written code may: seen at a call's return site. */
static _Atomic bool returns_flags;

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
    for (uint32_t i = 0; i < in->n_insns; i++)
        ir_block_add_insn(out, &in->insns[i]);
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

/* From now on a write to b's pages drops their translations. */
static void protect_pages(const struct ir_block *b)
{
    const guest_addr last = b->pc + (b->guest_bytes ? b->guest_bytes - 1 : 0);
    space_protect_code(b->pc);
    if (last / NG_PAGE != b->pc / NG_PAGE)
        space_protect_code(last);
}

/* Are the guest's bytes still those that were decoded? */
static bool is_current(const struct translator *x)
{
    uint8_t now[MAX_BYTES];
    const uint32_t n = x->out.guest_bytes;
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

/* Decodes, instruments and emits into x; false if the bytes cannot be fetched. */
static bool compile(struct ng_thread *t, struct translator *x, guest_addr pc, int mode, bool indirect)
{
    struct vex_decode_request r = {
        .pc = pc, .form = tool->forms[mode], .mode = mode, .max_insns = MAX_INSNS, .hook = redirect_at(pc),
        .peek = peek_successor, .host_cpu = options.cpu == 1, .returns_flags = atomic_load(&returns_flags),
    };
    struct vex_host host = run_vex_host();
    host.indirect_target = indirect;
    r.n_bytes = space_code_bytes(pc, &r.bytes, MAX_BYTES);
    r.n_bytes = r.n_bytes ? ng_read(x->bytes, pc, r.n_bytes) : 0;
    r.bytes = x->bytes;
    if (!r.n_bytes && !r.hook)
        return false;
    for (;;) {
        decode_guarded(t, &r, &x->in);
        if (x->in.sees_returned_flags && !r.returns_flags) { /* all that was made before counts on the contrary */
            atomic_store(&returns_flags, r.returns_flags = true);
            code_discard_all();
            continue;
        }
        check_block(&x->in, "decoding");
        run_trace_guest(&x->in);
        run_trace_block(RUN_TRACE_IR, &x->in);
        instrument(x, mode);
        vex_code_reset(&x->code);
        if (host_x86_64_emit(&x->out, &host, &x->code) == 0)
            return true;
        ng_assert(r.max_insns > 1); /* one instruction always fits */
        r.max_insns = x->in.n_insns > 1 && x->in.n_insns < r.max_insns ? x->in.n_insns / 2 : r.max_insns / 2;
    }
}

struct translation *run_translate(struct ng_thread *t, guest_addr pc, int mode, bool indirect, guest_addr *fault_at)
{
    struct translator *x = translator_get();
    struct translation *made;
    const uint64_t start = options.stats ? run_cpu_ns() : 0;
    *fault_at = pc;
    for (;;) {
        space_protect_code(pc);
        if (!compile(t, x, pc, mode, indirect))
            return NULL;
        const bool checked = run_checked_note(&x->out, x->bytes);
        made = code_insert(&x->out, &x->code);
        made->checked = checked;
        /* Another thread may have written meanwhile, when there was nothing to drop yet. */
        protect_pages(&x->out);
        if (is_current(x))
            break;
        code_discard_range(pc, x->out.guest_bytes ? x->out.guest_bytes : 1);
    }
    t->stats[RUN_STAT_BLOCKS + mode]++;
    t->stats[RUN_STAT_INSNS + mode] += x->out.n_insns;
    t->stats[RUN_STAT_HOST_BYTES] += x->code.size;
    if (options.stats)
        t->stats[RUN_STAT_NS + mode] += run_cpu_ns() - start;
    run_trace_host(made);
    return made;
}
