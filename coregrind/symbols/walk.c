/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols/walk: whole stacks.
 *
 * The client's stack is read directly: a bad address lands where the walk
 * began, which then ends there with the frames it has.
 *
 * Two traces in a row mostly differ in their first frames only.  So each thread
 * remembers its last walk: of every frame the pc, the stack pointer and the registers
 * that matter from there on, and all words that were read.  A new walk goes frame by
 * frame until it comes to a remembered one; if the words read from there outward
 * are what they were, so are the frames.  Comparing words costs a fraction of
 * following them, for no load waits for another.  */
#include "run/run.h"
#include "symbols/unwind.h"

enum {
    FURTHER = 6,     /* frames walked beyond those asked for, so that later walks may start further out */
    FRAMES = 96, WORDS = 1024, NEW = 40 /* most frames of one walk */
};

/* What unwinding is about: callee-saved registers, and r10, which holds the frame while a stack is realigned. */
static const uint8_t wanted[] = { X86_RBX, X86_RSP, X86_RBP, X86_R10, X86_R12, X86_R13, X86_R14, X86_R15 };
#define WANTED 0xf438u

struct frame {
    guest_addr pc;               /* where execution goes on */
    uint64_t r[16];              /* only those in `wanted` */
    uint16_t needs;              /* registers that this frame or one further out uses as they are here */
    uint32_t words;              /* those read from it outward: [words, WORDS) */
};
/* The frames of the last walk: [top, FRAMES), the innermost first, as in traces. */
struct memory {
    uint32_t top, words;         /* FRAMES, WORDS: nothing */
    bool cut;                    /* there are frames further out */
    guest_addr at[FRAMES], sp[FRAMES];
    guest_addr word_at[WORDS];
    uint64_t word[WORDS];
    struct frame frame[FRAMES];
};
static __thread struct memory memory = { .top = FRAMES, .words = WORDS };

/* A walk in progress. */
struct walk {
    struct symbols_regs s;
    guest_addr *pcs, *sps;
    int max;
    volatile int n;              /* frames in pcs */
    bool opaque, ended;
    uint32_t n_new;              /* steps of its own, kept: */
    struct { guest_addr at; struct frame frame; struct unwind_trail trail; } new[NEW];
};

static inline void put_frame(struct walk *w, guest_addr at, guest_addr sp)
{
    const int i = w->n;
    if (i >= w->max)
        return;
    w->pcs[i] = at;
    if (w->sps)
        w->sps[i] = sp;
    w->n = i + 1;
}

/* ---- without memory ---- */

static void walk_plain(struct walk *w)
{
    struct unwind_trail trail;
    bool exact = true;
    guest_addr at;
    do {
        at = exact ? w->s.pc : w->s.pc - 1;
        put_frame(w, at, w->s.r[X86_RSP]);
    } while (w->n < w->max && unwind_step(&w->s, at, &exact, &trail));
}

/* ---- with it ---- */

static void forget(struct memory *m)
{
    m->top = FRAMES;
    m->words = WORDS;
    m->cut = false;
}

static inline uint64_t word_at(guest_addr a)
{
    uint64_t v;
    memcpy(&v, (const void *)a, sizeof v);
    return v;
}

/* The first word from which on, outward, all are what they were. */
static uint32_t words_unchanged(const struct memory *m)
{
    enum { STRIDE = 4 };
    uint32_t i = WORDS;
    while (i >= m->words + STRIDE) {
        uint64_t changed = 0;
        for (uint32_t k = i - STRIDE; k < i; k++)
            changed |= word_at(m->word_at[k]) ^ m->word[k];
        if (changed)
            break;
        i -= STRIDE;
    }
    while (i > m->words && word_at(m->word_at[i - 1]) == m->word[i - 1])
        i--;
    return i;
}

static bool same_registers(const struct frame *f, const struct symbols_regs *s)
{
    for (unsigned needs = f->needs; needs; needs &= needs - 1) {
        const int reg = __builtin_ctz(needs);
        if (f->r[reg] != s->r[reg])
            return false;
    }
    return true;
}

/* The remembered frame that w has come to, or FRAMES.  *inner: the innermost one that may still be it. */
static uint32_t find_frame(const struct memory *m, const struct walk *w, guest_addr at, uint32_t *inner)
{
    const guest_addr sp = w->s.r[X86_RSP];
    uint32_t i = *inner;
    while (i < FRAMES && m->sp[i] < sp)
        i++;
    *inner = i;
    for (; i < FRAMES && m->sp[i] == sp; i++)
        if (m->at[i] == at && m->frame[i].pc == w->s.pc && same_registers(&m->frame[i], &w->s))
            return i;
    return FRAMES;
}

/* One by one, whatever the compiler would like: the processor cannot forward two narrow stores to one wide load. */
static inline void copy_register(uint64_t *to, const uint64_t *from, int reg)
{
    uint64_t v = from[reg];
    __asm__("" : "+r"(v));
    to[reg] = v;
}

static inline void copy_registers(uint64_t *to, const uint64_t *from)
{
    copy_register(to, from, X86_RBX);
    copy_register(to, from, X86_RSP);
    copy_register(to, from, X86_RBP);
    copy_register(to, from, X86_R10);
    copy_register(to, from, X86_R12);
    copy_register(to, from, X86_R13);
    copy_register(to, from, X86_R14);
    copy_register(to, from, X86_R15);
}

/* A step of the walk's own, kept. */
static bool step_keeping(struct walk *w, guest_addr at, bool *exact)
{
    struct frame *f = &w->new[w->n_new].frame;
    struct unwind_trail *trail = &w->new[w->n_new].trail;
    w->new[w->n_new++].at = at;
    f->pc = w->s.pc;
    copy_registers(f->r, w->s.r);
    const bool more = unwind_step(&w->s, at, exact, trail);
    trail->opaque |= (trail->uses & ~WANTED) != 0;
    return more;
}

/* Walks until a remembered frame, its index, or FRAMES: the end, or frames enough. */
static uint32_t walk_to_memory(struct walk *w, const struct memory *m)
{
    uint32_t inner = m->top, unchanged = WORDS + 1;
    bool exact = true;
    for (int total = 0; total < w->max + FURTHER; total++) {
        const guest_addr at = exact ? w->s.pc : w->s.pc - 1;
        const uint32_t i = find_frame(m, w, at, &inner);
        if (i < FRAMES && (!m->cut || total + FRAMES - (int)i >= w->max)) {
            if (unchanged > WORDS)
                unchanged = words_unchanged(m);
            if (m->frame[i].words >= unchanged)
                return i;
        }
        put_frame(w, at, w->s.r[X86_RSP]);
        w->ended = !step_keeping(w, at, &exact);
        if (w->new[w->n_new - 1].trail.opaque) {
            if (total >= w->max) {
                w->n_new--; /* what is remembered ends before it */
                w->ended = false;
                break;
            }
            w->opaque = true;
        }
        if (w->ended || (w->opaque && total + 1 >= w->max))
            break;
    }
    return FRAMES;
}

/* Room for another walk's: the outermost frames go. */
static void make_room(struct memory *m)
{
    _Static_assert(2 * NEW <= FRAMES && NEW * UNWIND_READS <= WORDS / 2, "what is kept leaves room for a walk");
    if (m->top >= NEW && m->words >= NEW * UNWIND_READS)
        return;
    uint32_t keep = m->top; /* [top, keep) */
    while (keep < FRAMES && keep - m->top < NEW && m->frame[keep].words - m->words < WORDS / 2)
        keep++;
    const uint32_t end = keep < FRAMES ? m->frame[keep].words : WORDS, up = FRAMES - keep, words_up = WORDS - end;
    const uint32_t n = keep - m->top, n_words = end - m->words;
    memmove(m->at + m->top + up, m->at + m->top, n * sizeof *m->at);
    memmove(m->sp + m->top + up, m->sp + m->top, n * sizeof *m->sp);
    memmove(m->frame + m->top + up, m->frame + m->top, n * sizeof *m->frame);
    memmove(m->word_at + m->words + words_up, m->word_at + m->words, n_words * sizeof *m->word_at);
    memmove(m->word + m->words + words_up, m->word + m->words, n_words * sizeof *m->word);
    m->top += up;
    m->words += words_up;
    for (uint32_t i = m->top; i < FRAMES; i++)
        m->frame[i].words += words_up;
    m->cut = true;
}

/* The steps of w go below the frames from m->top on. */
static void remember(struct memory *m, const struct walk *w)
{
    for (uint32_t k = w->n_new; k-- > 0;) {
        const struct unwind_trail *t = &w->new[k].trail;
        const unsigned outer = m->top < FRAMES ? m->frame[m->top].needs : 0;
        struct frame *f = &m->frame[--m->top];
        for (uint32_t i = 0; i < t->n; i++) {
            m->words--;
            m->word_at[m->words] = t->word[i].a;
            m->word[m->words] = t->word[i].v;
        }
        m->at[m->top] = w->new[k].at;
        m->sp[m->top] = w->new[k].frame.r[X86_RSP];
        f->pc = w->new[k].frame.pc;
        copy_registers(f->r, w->new[k].frame.r);
        f->needs = (uint16_t)(t->uses | (outer & ~(unsigned)t->sets));
        f->words = m->words;
    }
}

/* The remembered frames from number i outward. */
static void put_remembered(struct walk *w, const struct memory *m, uint32_t i)
{
    int n = w->n;
    for (; i < FRAMES && n < w->max; i++, n++) {
        w->pcs[n] = m->at[i];
        if (w->sps)
            w->sps[n] = m->sp[i];
    }
    w->n = n;
}

static void walk_remembering(struct walk *w)
{
    struct memory *m = &memory;
    make_room(m);
    const uint32_t met = walk_to_memory(w, m);
    put_remembered(w, m, met);
    if (w->opaque || met == FRAMES)
        forget(m);
    if (w->opaque)
        return;
    if (met < FRAMES) {
        m->top = met;
        m->words = m->frame[met].words;
    } else {
        m->cut = !w->ended;
    }
    remember(m, w);
}

/* A fault while client memory is read comes back here. */
static void walk_guarded(struct walk *w)
{
    sigjmp_buf here, *outer = run_self.recover;
    const struct symbols_regs start = w->s;
    if (sigsetjmp(here, 0) == 0) {
        run_self.recover = &here;
        unwind_guarded = true;
        if (w->max + FURTHER <= NEW)
            walk_remembering(w);
        else
            walk_plain(w);
    } else if (memory.top < FRAMES) { /* perhaps it was the memory that led there */
        forget(&memory);
        w->s = start;
        w->n = 0;
        if (sigsetjmp(here, 0) == 0) {
            run_self.recover = &here;
            walk_plain(w);
        }
    }
    unwind_guarded = false;
    run_self.recover = outer;
}

static void registers_now(struct ng_thread *t, struct symbols_regs *s)
{
    s->pc = ng_reg(t, X86_RIP);
    s->r[X86_RAX] = s->r[X86_RCX] = s->r[X86_RDX] = s->r[X86_RSI] = s->r[X86_RDI] = 0;
    s->r[X86_R8] = s->r[X86_R9] = s->r[X86_R11] = 0;
    if (!t->in_generated)
        copy_registers(s->r, t->state.gpr);
    else
        for (size_t i = 0; i < sizeof wanted; i++)
            s->r[wanted[i]] = ng_reg(t, wanted[i]);
}

int symbols_walk(struct ng_thread *t, guest_addr *pcs, guest_addr *sps, int max)
{
    struct walk w; /* not all of it: that would be the larger part of the work */
    if (max <= 0)
        return 0;
    w.pcs = pcs;
    w.sps = sps;
    w.max = max;
    w.n = 0;
    w.opaque = w.ended = false;
    w.n_new = 0;
    registers_now(t, &w.s);
    if (unwind_drop_old_rules())
        forget(&memory);
    if (run_is_guest)
        walk_guarded(&w);
    else
        walk_plain(&w);
    return w.n;
}
