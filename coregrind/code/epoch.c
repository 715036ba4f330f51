/* SPDX-License-Identifier: GPL-3.0-or-later */
/* code/epoch: when may a dead translation's memory be used again?
 *
 * The epoch counts deaths.  At a safe point a thread notes the epoch it has seen;
 * what died in epoch e is free once every thread has noted more than e, or is
 * parked outside generated code.  What dies is taken out of every thread's jump
 * cache before the epoch moves on, so that none that has noted the new one finds it. */
#include <sys/mman.h>
#include "code/internal.h"

enum { JUMP_CACHE_ENTRIES = 65536 };
struct jump_entry { uint64_t pc; _Atomic(uint8_t *) code; };   /* code NULL: empty */

struct code_thread {
    struct x86_state *s;
    _Atomic uint64_t seen;
    struct code_thread *next;
};
static struct code_thread *threads;
static _Atomic uint64_t epoch = 1;
static __thread struct code_thread *self __attribute__((tls_model("initial-exec")));

void code_thread_init(struct x86_state *s)
{
    void *cache = mmap(NULL, JUMP_CACHE_ENTRIES * sizeof(struct jump_entry), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (cache == MAP_FAILED)
        base_out_of_memory(JUMP_CACHE_ENTRIES * sizeof(struct jump_entry));
    s->jump_cache = cache;
    struct code_thread *t = base_alloc(sizeof *t);
    t->s = s;
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
    munmap(s->jump_cache, JUMP_CACHE_ENTRIES * sizeof(struct jump_entry));
    s->jump_cache = NULL;
}

void code_jump_cache_put(struct x86_state *s, guest_addr pc, struct translation *to)
{
    struct jump_entry *e = (struct jump_entry *)s->jump_cache + (pc & (JUMP_CACHE_ENTRIES - 1));
    atomic_store_explicit(&e->code, NULL, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    e->pc = pc;
    atomic_store(&e->code, to->rx);
    /* Its killer may have looked at the entry just before. */
    if (((struct node *)to)->dead)
        atomic_store(&e->code, NULL);
}

void *code_jump_cache_find(struct x86_state *s, guest_addr pc)
{
    struct jump_entry *e = (struct jump_entry *)s->jump_cache + (pc & (JUMP_CACHE_ENTRIES - 1));
    return e->pc == pc ? atomic_load(&e->code) : NULL;
}

/* Another thread's entry is changed under it: one word, compared first. */
void epoch_forget_jumps(const struct node *n)
{
    for (struct code_thread *t = threads; t; t = t->next) {
        struct jump_entry *e = (struct jump_entry *)t->s->jump_cache + (n->t.pc & (JUMP_CACHE_ENTRIES - 1));
        uint8_t *expected = n->t.rx;
        atomic_compare_exchange_strong(&e->code, &expected, NULL);
    }
}

void code_jump_cache_clear(struct x86_state *s)
{
    madvise(s->jump_cache, JUMP_CACHE_ENTRIES * sizeof(struct jump_entry), MADV_DONTNEED);
}

void code_safe_point(struct x86_state *s)
{
    (void)s;
    if (self)
        atomic_store(&self->seen, atomic_load(&epoch));
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
