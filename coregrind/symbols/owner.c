/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols/owner: whose frame an address on a stack lies in.
 *
 * By unwinding the calling thread, or the owner of the stack if it is parked.  Of a stack whose registers are not to
 * be had (its thread runs, it is a coroutine that sleeps) by its words: the first return address below the frame
 * leads into the function that owns it; above a leaf's frame lies the address its own call left, and a call to a
 * known place names the function. */
#include "run/run.h"
#include "symbols/unwind.h"

enum { RED_ZONE = 128, OUTERMOST = 4096, SIGNAL_FRAME = 16384, SCAN_WORDS = 1024, UNKNOWN_FRAME = 64, DEEPEST = 400 };

/* A frame that was reached, and where the walk got from there. */
struct reached {
    guest_addr pc, sp, next_sp;
    bool interrupted;        /* execution is, or was interrupted, at pc */
    bool is_signal_return;
    bool is_outermost;       /* next_sp says nothing */
};

/* Its bounds: below its caller's stack pointer, above its own; where it was interrupted, above its red zone. */
static struct ng_frame frame_of(const struct reached *r)
{
    struct ng_frame f = { .pc = r->pc, .low = r->sp - (r->interrupted ? RED_ZONE : 0) };
    if (r->is_signal_return) /* what the kernel put there; the interrupted function's stack may be another */
        f.high = r->sp + SIGNAL_FRAME;
    else
        f.high = r->is_outermost ? r->sp + OUTERMOST : r->next_sp;
    if (!r->is_outermost && r->is_signal_return && r->next_sp - RED_ZONE >= r->sp && r->next_sp - RED_ZONE < f.high)
        f.high = r->next_sp - RED_ZONE;
    return f;
}

/* The walk goes no further than needed: the frame is mostly one of the innermost. */
static bool by_unwinding(struct ng_thread *t, guest_addr a, struct ng_frame *f)
{
    struct unwind u;
    bool exact = true;
    unwind_start(&u, t);
    for (int n = 1; n < DEEPEST; n++) {
        struct reached r = { .pc = exact ? u.pc : u.pc - 1, .sp = u.sp, .interrupted = exact };
        r.is_outermost = !unwind_step(&u, r.pc, &exact);
        r.is_signal_return = exact;
        r.next_sp = u.sp;
        *f = frame_of(&r);
        if (a >= f->low && a < f->high)
            return true;
        if (r.is_outermost)
            return false;
    }
    return false;
}

struct owner_search { guest_addr a; struct ng_thread *owner; };

static void look_at_thread(struct ng_thread *t, void *arg)
{
    struct owner_search *s = arg;
    guest_addr low, high;
    if (t == ng_thread_self() || !t->parked || s->owner)
        return;
    const guest_addr sp = ng_reg(t, X86_RSP);
    if (ng_stack_bounds(sp, &low, &high) && s->a >= sp - RED_ZONE && s->a < high)
        s->owner = t;
}

/* ---- by the stack's words ---- */

static bool read_word(guest_addr at, uint64_t *value) { return ng_read(value, at, 8) == 8; }

/* Target of the call before ra, if it is call rel32; else 0. */
static guest_addr called_from(guest_addr ra)
{
    uint8_t call[5];
    int32_t distance;
    if (ng_read(call, ra - 5, 5) != 5 || call[0] != 0xe8)
        return 0;
    memcpy(&distance, call + 1, 4);
    return ra + (guest_addr)(int64_t)distance;
}

static bool by_words(guest_addr a, enum ng_word (*kind)(guest_addr), struct ng_frame *f)
{
    uint64_t value;
    const guest_addr from = a & ~7ull;
    enum ng_word w = NG_WORD_OTHER;
    for (guest_addr at = from - 8; from - at <= 8 * SCAN_WORDS && (w = kind(at)) != NG_WORD_NONE && read_word(at, &value); at -= 8)
        if (w == NG_WORD_WRITTEN && rule_follows_call(value)) {
            *f = (struct ng_frame){ .pc = value - 1, .low = at + 8, .high = from + UNKNOWN_FRAME };
            return true;
        }
    for (guest_addr at = from + 8; at - from <= 8 * SCAN_WORDS && kind(at) != NG_WORD_NONE && read_word(at, &value); at += 8)
        if (kind(at) == NG_WORD_WRITTEN && rule_follows_call(value)) {
            *f = (struct ng_frame){ .pc = called_from(value), .low = from - UNKNOWN_FRAME, .high = at };
            return f->pc != 0;
        }
    return false;
}

NG_API bool ng_frame_at(guest_addr a, enum ng_word (*kind)(guest_addr), struct ng_frame *f)
{
    struct ng_thread *self = ng_thread_self();
    struct owner_search s = { .a = a };
    if (self && by_unwinding(self, a, f))
        return true;
    ng_threads_each(look_at_thread, &s);
    return (s.owner && by_unwinding(s.owner, a, f)) || by_words(a, kind, f);
}

NG_API ng_trace ng_trace_of_function(ng_trace t)
{
    guest_addr pc, start;
    if (ng_trace_frames(t, &pc, 1) < 1)
        return 0;
    start = symbols_function_start(pc);
    return start ? symbols_trace_of(&start, 1) : t;
}

NG_API ng_trace ng_trace_of_pc(guest_addr pc) { return symbols_trace_of(&pc, 1); }
