/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols/owner: whose frame an address on a stack lies in.
 *
 * By unwinding the calling thread, or the owner of the stack if it is parked.  Of a stack whose registers are not to
 * be had (its thread runs, it is a coroutine that sleeps) by its words: the first return address below the frame
 * leads into the function that owns it; above a leaf's frame lies the address its own call left, and a call to a
 * known place names the function. */
#include "run/run.h"
#include "symbols/rules.h"

enum { RED_ZONE = 128, OUTERMOST = 4096, SIGNAL_FRAME = 16384, SCAN_WORDS = 1024, UNKNOWN_FRAME = 64, DEPTHS = 3, DEEPEST = 400 };

static bool is_signal_return(guest_addr pc)
{
    bool lasting;
    return rule_for(pc, &lasting)->kind == RULE_SIGNAL;
}

/* Bounds of frame i of a walk of n frames: below its caller's stack pointer, above its own; where it was interrupted,
 * above its red zone.  False: too little was walked. */
static bool frame_bounds(const guest_addr *pcs, const guest_addr *sps, int i, int n, bool all, struct ng_frame *f)
{
    const bool interrupted = i == 0 || is_signal_return(pcs[i - 1]);
    f->pc = pcs[i];
    f->low = sps[i] - (interrupted ? RED_ZONE : 0);
    if (is_signal_return(pcs[i])) /* what the kernel put there; the interrupted function's stack may be another */
        f->high = sps[i] + SIGNAL_FRAME;
    else
        f->high = i + 1 < n ? sps[i + 1] : sps[i] + OUTERMOST;
    if (i + 1 < n && is_signal_return(pcs[i]) && sps[i + 1] - RED_ZONE >= sps[i] && sps[i + 1] - RED_ZONE < f->high)
        f->high = sps[i + 1] - RED_ZONE;
    return i + 1 < n || all;
}

static bool by_unwinding(struct ng_thread *t, guest_addr a, struct ng_frame *f)
{
    static const int depths[DEPTHS] = { 3, 32, DEEPEST };
    guest_addr pcs[DEEPEST], sps[DEEPEST];
    for (int k = 0; k < DEPTHS; k++) {
        const int n = symbols_walk(t, pcs, sps, depths[k]);
        for (int i = 0; i < n && frame_bounds(pcs, sps, i, n, n < depths[k], f); i++)
            if (a >= f->low && a < f->high)
                return true;
        if (n < depths[k])
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
