/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run/strings: REP MOVS and REP STOS of many elements, by the tool's fast functions (nagrind/tool.h: string_move, string_fill).
 *
 * Generated code goes element by element (vex/guest_x86_64/control.c), but once in 256 it calls string_helper first: what that has done
 * is done, and the registers say so; what it declines, a fault among it, happens element by element at its exact place. */
#include "run/internal.h"
#include "tool/load.h"

/* Events wait for no longer than MOST; what declines declines LEAST at no cost to speak of.  Multiples of 256 elements. */
enum { MOST_BYTES = 64 << 10, LEAST_BYTES = 2 << 10, RFLAGS_DF = 0x400 };

/* A guest register of a thread that runs a helper. */
static void set_reg(struct ng_thread *t, int slot, uint64_t v)
{
    struct x86_state *s = &t->state;
    s->gpr[slot] = v; /* also where the host's counts: generated code may believe that both are the same */
    if (!(s->call_gpr_in_state >> slot & 1))
        s->host_gpr[slot] = v;
}

static bool is_one_byte(uint64_t v, unsigned size)
{
    for (unsigned i = 1; i < size; i++)
        if ((uint8_t)(v >> 8 * i) != (uint8_t)v)
            return false;
    return true;
}

static bool run_fast(guest_addr to, uint64_t from, size_t n, bool moves)
{
    sigjmp_buf here;
    sigjmp_buf *outer = run_self.recover;
    volatile bool done = false;
    if (sigsetjmp(here, 0) == 0) {
        run_self.recover = &here;
        done = (moves ? tool->string_move(to, from, n, 0) : tool->string_fill(to, (uint8_t)from, n, 0)).done;
    }
    run_self.recover = outer;
    return done;
}

/* What begins the n bytes may be in order though the whole is not. */
static size_t run_some(guest_addr to, uint64_t from, size_t n, bool moves)
{
    const size_t first = n < LEAST_BYTES ? n : LEAST_BYTES, rest = n - first;
    if (moves && to - from < n) /* what is written is read again */
        return 0;
    if (!run_fast(to, from, first, moves))
        return 0;
    return rest && run_fast(to + first, moves ? from + first : from, rest, moves) ? n : first;
}

/* size: of an element; moves: MOVS, else STOS.  The result is nonzero if something was done, and registers have changed. */
static uint64_t string_helper(uint64_t size, uint64_t moves, uint64_t unused)
{
    struct ng_thread *t = &run_self;
    const uint64_t count = ng_reg(t, X86_RCX), to = ng_reg(t, X86_RDI), from = ng_reg(t, moves ? X86_RSI : X86_RAX);
    const size_t most = (count < MOST_BYTES / size ? count : MOST_BYTES / size) * size;
    (void)unused;
    if (t->state.host_rflags & RFLAGS_DF || (!moves && !is_one_byte(from, (unsigned)size)))
        return 0;
    const size_t n = run_some(to, from, most, moves);
    if (!n)
        return 0;
    set_reg(t, X86_RDI, to + n);
    set_reg(t, X86_RCX, count - n / size);
    if (moves)
        set_reg(t, X86_RSI, from + n);
    return 1;
}

static int helper; /* + 1 */

void run_strings_init(void)
{
    if (tool->string_move && tool->string_fill)
        helper = ng_helper_register("string", string_helper) + 1;
}

int run_string_helper(void) { return helper; }
