/* SPDX-License-Identifier: GPL-3.0-or-later */
/* code/epoch: when may a dead translation's memory be used again?
 *
 * The epoch counts deaths.  At a safe point a thread notes the epoch it has seen;
 * what died in epoch e is free once every thread has noted more than e, or is
 * parked outside generated code.  What dies is taken out of every thread's jump
 * cache before the epoch moves on, so that none that has noted the new one finds it. */
#include <sys/mman.h>
#include "code/internal.h"

struct jump_entry { uint64_t pc; _Atomic(uint8_t *) code; };   /* struct x86_jump */
_Static_assert(sizeof(struct jump_entry) == sizeof(struct x86_jump), "as generated code sees it");

struct code_thread {
    struct x86_state *s;
    _Atomic(void *) *jumps;              /* its run_jumps */
    _Atomic uint64_t seen;
    struct code_thread *next;
};
static struct code_thread *threads;
static _Atomic uint64_t epoch = 1;
static __thread struct code_thread *self __attribute__((tls_model("initial-exec")));

/* Nobody stands at the empty places of the first level: the trampoline looks further. */
static void empty_first_level(_Atomic(void *) *jumps)
{
    void *const nobody = code_tramp(VEX_TRAMP_INDIRECT);
    for (size_t i = 0; i < X86_JUMPS; i++)
        atomic_store_explicit(&jumps[i], nobody, memory_order_relaxed);
}

void code_thread_init(struct x86_state *s)
{
    void *cache = mmap(NULL, X86_JUMPS * sizeof(struct jump_entry), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (cache == MAP_FAILED)
        base_out_of_memory(X86_JUMPS * sizeof(struct jump_entry));
    s->jump_cache = cache;
    s->red_zone = ~0ull;
    struct code_thread *t = base_alloc(sizeof *t);
    t->s = s;
    t->jumps = (_Atomic(void *) *)run_jumps;
    empty_first_level(t->jumps);
    base_lock(&code_lock);
    atomic_store(&t->seen, atomic_load(&epoch));
    t->next = threads;
    threads = t;
    self = t;
    base_unlock(&code_lock);
}

void code_thread_exit(struct x86_state *s)
{
    base_lock(&code_lock);
    struct code_thread **at = &threads;
    while (*at && (*at)->s != s)
        at = &(*at)->next;
    struct code_thread *t = *at;
    if (t)
        *at = t->next;
    base_unlock(&code_lock);
    free(t);
    self = NULL;
    munmap(s->jump_cache, X86_JUMPS * sizeof(struct jump_entry));
    s->jump_cache = NULL;
}

void code_jump_cache_put(struct x86_state *s, guest_addr pc, struct translation *to)
{
    struct jump_entry *e = (struct jump_entry *)s->jump_cache + x86_jump_second(pc);
    _Atomic(void *) *first = (_Atomic(void *) *)&run_jumps[x86_jump_first(pc)];
    if (to->table_entry == VEX_NO_ENTRY)
        return;
    void *const code = code_at(to, to->table_entry);
    atomic_store_explicit(&e->code, NULL, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    e->pc = pc;
    atomic_store(&e->code, code);
    atomic_store(first, code);
    /* Its killer may have looked at the entries just before. */
    if (((struct node *)to)->dead) {
        atomic_store(&e->code, NULL);
        atomic_store(first, code_tramp(VEX_TRAMP_INDIRECT));
    }
}

void *code_jump_cache_find(struct x86_state *s, guest_addr pc)
{
    struct jump_entry *e = (struct jump_entry *)s->jump_cache + x86_jump_second(pc);
    return e->pc == pc ? atomic_load(&e->code) : NULL;
}

/* Another thread's entries are changed under it: one word each, compared first.  The jump cache's before the first table's,
 * which its trampoline may fill from it meanwhile.  */
void epoch_forget_jumps(const struct node *n)
{
    if (n->t.table_entry == VEX_NO_ENTRY)
        return;
    for (struct code_thread *t = threads; t; t = t->next) {
        struct jump_entry *e = (struct jump_entry *)t->s->jump_cache + x86_jump_second(n->t.pc);
        void *const code = code_at(&n->t, n->t.table_entry);
        uint8_t *expected = code;
        void *expected_first = code;
        atomic_compare_exchange_strong(&e->code, &expected, NULL);
        atomic_compare_exchange_strong(&t->jumps[x86_jump_first(n->t.pc)], &expected_first, code_tramp(VEX_TRAMP_INDIRECT));
    }
}

void code_jump_cache_clear(struct x86_state *s)
{
    madvise(s->jump_cache, X86_JUMPS * sizeof(struct jump_entry), MADV_DONTNEED);
    empty_first_level((_Atomic(void *) *)run_jumps);
}

void code_safe_point(struct x86_state *s)
{
    (void)s;
    const uint64_t now = atomic_load(&epoch);
    if (self && atomic_load_explicit(&self->seen, memory_order_relaxed) != now) /* a store is a fence, and costs as one */
        atomic_store(&self->seen, now);
}

void epoch_ask_safe_points(void)
{
    for (struct code_thread *t = threads; t; t = t->next)
        if (t != self)
            run_attention((struct ng_thread *)t->s, X86_ATT_FLUSH);
}

void epoch_flush_caches(void)
{
    epoch_ask_safe_points();
    if (self)
        code_jump_cache_clear(self->s);
}

uint64_t epoch_advance(void)
{
    return atomic_fetch_add(&epoch, 1);
}

/* A thread that parks inside a helper goes back to its translation; and this one may be a fault handler that
 * interrupted a translation which it has just killed.  */
static bool has_passed(const struct code_thread *t, uint64_t e)
{
    const struct ng_thread *owner = (const struct ng_thread *)t->s;
    if (t != self && atomic_load(&t->seen) > e)
        return true;
    return !owner->in_generated && (t == self || atomic_load(&owner->parked));
}

bool epoch_passed(uint64_t e)
{
    for (struct code_thread *t = threads; t; t = t->next)
        if (!has_passed(t, e))
            return false;
    return true;
}

bool epoch_alone(void)
{
    return threads && !threads->next;
}

void code_before_fork(void)
{
    zone_copy_before_fork();
}

/* Only the forking thread is left in the child. */
void code_after_fork(bool child)
{
    zone_copy_after_fork(child);
    if (!child)
        return;
    struct code_thread **at = &threads;
    while (*at)
        if (*at != self) {
            struct code_thread *gone = *at;
            *at = gone->next;
            free(gone);
        } else {
            at = &(*at)->next;
        }
}
