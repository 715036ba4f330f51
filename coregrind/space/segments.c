/* SPDX-License-Identifier: GPL-3.0-or-later */
/* space/segments: see the header. */
#include "space/segments.h"

struct node {
    struct segment seg;
    struct node *left, *right;
    guest_addr lo, hi;     /* extent of the subtree */
    uint64_t max_gap;      /* largest gap between neighbours inside the subtree */
    uint32_t priority;     /* heap order: no child has a higher one */
};

static struct node *root;
static int n_nodes;
static uint64_t total;
static struct base_lock list_lock;
static _Atomic uint64_t changes;       /* of the list; written with the lock held */
/* What this thread found last, and when: translation asks for the same few segments again and again. */
static __thread struct { uint64_t change; struct segment seg; } last_found __attribute__((tls_model("initial-exec")));

static uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void summarise(struct node *t)
{
    t->lo = t->left ? t->left->lo : t->seg.s.start;
    t->hi = t->right ? t->right->hi : t->seg.s.end;
    uint64_t gap = 0;
    if (t->left)
        gap = max_u64(t->left->max_gap, t->seg.s.start - t->left->hi);
    if (t->right)
        gap = max_u64(gap, max_u64(t->right->max_gap, t->right->lo - t->seg.s.end));
    t->max_gap = gap;
}

static struct node *join(struct node *a, struct node *b)
{
    if (!a || !b)
        return a ? a : b;
    struct node *top;
    if (a->priority >= b->priority) {
        a->right = join(a->right, b);
        top = a;
    } else {
        b->left = join(a, b->left);
        top = b;
    }
    summarise(top);
    return top;
}

/* *low gets the segments that start below at, *high the rest. */
static void split(struct node *t, guest_addr at, struct node **low, struct node **high)
{
    if (!t) {
        *low = *high = NULL;
    } else if (t->seg.s.start < at) {
        split(t->right, at, &t->right, high);
        *low = t;
        summarise(t);
    } else {
        split(t->left, at, low, &t->left);
        *high = t;
        summarise(t);
    }
}

/* Priorities come from a counter through a hash: random enough, and the same in every run. */
static struct node *node_new(const struct segment *seg)
{
    static uint64_t counter;
    struct node *n = base_alloc(sizeof *n);
    n->seg = *seg;
    n->priority = (uint32_t)base_hash64(++counter);
    summarise(n);
    n_nodes++;
    total += seg->s.end - seg->s.start;
    return n;
}

static void node_free(struct node *n)
{
    n_nodes--;
    total -= n->seg.s.end - n->seg.s.start;
    free(n);
}

static struct node *find_at(guest_addr a)
{
    for (struct node *t = root; t;) {
        if (a < t->seg.s.start)
            t = t->left;
        else if (a >= t->seg.s.end)
            t = t->right;
        else
            return t;
    }
    return NULL;
}

static struct node *find_next(guest_addr a)
{
    struct node *best = NULL;
    for (struct node *t = root; t;) {
        if (t->seg.s.end > a) {
            best = t;
            t = t->left;
        } else {
            t = t->right;
        }
    }
    return best;
}

static struct node *find_before(guest_addr a)
{
    struct node *best = NULL;
    for (struct node *t = root; t;) {
        if (t->seg.s.start < a) {
            best = t;
            t = t->right;
        } else {
            t = t->left;
        }
    }
    return best;
}

static void insert(const struct segment *seg)
{
    struct node *low, *high;
    split(root, seg->s.start, &low, &high);
    root = join(join(low, node_new(seg)), high);
}

static void erase(guest_addr start)
{
    struct node *low, *mid, *high;
    split(root, start, &low, &mid);
    split(mid, start + 1, &mid, &high);
    ng_assert(mid && !mid->left && !mid->right);
    node_free(mid);
    root = join(low, high);
}

/* The part of seg in [a, end). */
static struct segment part(const struct segment *seg, guest_addr a, guest_addr end)
{
    struct segment p = *seg;
    if (a > p.s.start) {
        p.s.offset += p.s.path || p.s.ino ? a - p.s.start : 0;
        p.s.start = a;
    }
    if (end < p.s.end)
        p.s.end = end;
    return p;
}

/* Makes at a boundary between segments. */
static void cut(guest_addr at)
{
    struct node *n = find_at(at);
    if (!n || n->seg.s.start == at)
        return;
    const struct segment whole = n->seg, low = part(&whole, 0, at), high = part(&whole, at, whole.s.end);
    erase(whole.s.start);
    insert(&low);
    insert(&high);
}

static bool mergeable(const struct segment *a, const struct segment *b)
{
    const struct ng_segment *x = &a->s, *y = &b->s;
    if (x->end != y->start || x->prot != y->prot || x->reserved != y->reserved || x->kind != y->kind || x->shared != y->shared ||
        a->flags != b->flags || (a->flags & SEGMENT_STACK) || a->attach != b->attach)
        return false;
    if (!x->ino && !y->ino && !x->path && !y->path)
        return true;
    return x->ino == y->ino && x->dev == y->dev && x->path == y->path && x->offset + (x->end - x->start) == y->offset;
}

/* Merges the segments on both sides of the boundary at, if they are alike. */
static void mend(guest_addr at)
{
    struct node *low = at ? find_at(at - 1) : NULL, *high = find_at(at);
    if (!low || !high || low == high || !mergeable(&low->seg, &high->seg))
        return;
    struct segment both = low->seg;
    const guest_addr high_start = high->seg.s.start;
    both.s.end = high->seg.s.end;
    erase(high_start);
    erase(both.s.start);
    insert(&both);
}

void segments_init(void)
{
    base_lock_register(&list_lock, 30);
}

static bool give(const struct node *n, struct segment *out)
{
    if (n && out)
        *out = n->seg;
    return n != NULL;
}

bool segments_at(guest_addr a, struct segment *out)
{
    const struct ng_segment *s = &last_found.seg.s;
    if (a - s->start < s->end - s->start && last_found.change == atomic_load_explicit(&changes, memory_order_acquire)) {
        if (out)
            *out = last_found.seg;
        return true;
    }
    base_lock(&list_lock);
    const struct node *n = find_at(a);
    const bool found = give(n, out);
    if (n) {
        last_found.seg = n->seg;
        last_found.change = changes;
    }
    base_unlock(&list_lock);
    return found;
}

bool segments_next(guest_addr a, struct segment *out)
{
    base_lock(&list_lock);
    const bool found = give(find_next(a), out);
    base_unlock(&list_lock);
    return found;
}

bool segments_before(guest_addr a, struct segment *out)
{
    base_lock(&list_lock);
    const bool found = give(find_before(a), out);
    base_unlock(&list_lock);
    return found;
}

struct list { struct segment *v; int n, cap; };

/* Frees a subtree; its segments go to *out in order. */
static void drain(struct node *t, struct list *out)
{
    if (!t)
        return;
    drain(t->left, out);
    const int i = BASE_GROW(out->v, out->n, out->cap);
    out->v[i] = t->seg;
    struct node *right = t->right;
    node_free(t);
    drain(right, out);
}

int segments_replace(guest_addr a, guest_addr end, const struct segment *with, struct segment **removed)
{
    struct list gone = { 0 };
    base_lock(&list_lock);
    cut(a);
    cut(end);
    struct node *low, *mid, *high;
    split(root, a, &low, &mid);
    split(mid, end, &mid, &high);
    drain(mid, &gone);
    root = join(low, high);
    if (with) {
        insert(with);
        mend(with->s.start);
        mend(with->s.end);
    }
    changes++;
    base_unlock(&list_lock);
    if (removed)
        *removed = gone.v;
    else
        free(gone.v);
    return gone.n;
}

void segments_set_prot(guest_addr a, guest_addr end, int prot)
{
    base_lock(&list_lock);
    cut(a);
    cut(end);
    for (struct node *n = find_next(a); n && n->seg.s.start < end;) {
        n->seg.s.prot = (uint8_t)prot;
        n->seg.s.reserved = n->seg.s.reserved && !prot;
        if (prot & NG_PROT_X)
            n->seg.flags |= SEGMENT_CODE;
        const guest_addr start = n->seg.s.start, next = n->seg.s.end;
        mend(start);
        n = find_next(next);
    }
    mend(end);
    changes++;
    base_unlock(&list_lock);
}

bool segments_overlap(guest_addr a, guest_addr end)
{
    base_lock(&list_lock);
    const struct node *n = find_next(a);
    const bool yes = n && n->seg.s.start < end;
    base_unlock(&list_lock);
    return yes;
}

bool segments_allow(guest_addr a, guest_addr end, int prot)
{
    base_lock(&list_lock);
    bool yes = true;
    while (yes && a < end) {
        const struct node *n = find_at(a);
        yes = n && (n->seg.s.prot & prot) == prot;
        if (yes)
            a = n->seg.s.end;
    }
    base_unlock(&list_lock);
    return yes;
}

/* First fit in t at or above *cursor.  Moves *cursor above t's segments if there is none. */
static bool fit(const struct node *t, guest_addr *cursor, uint64_t size)
{
    if (!t || t->hi <= *cursor)
        return false;
    if (t->lo >= *cursor) {
        if (t->lo - *cursor >= size)
            return true;
        if (t->max_gap < size) {
            *cursor = t->hi;
            return false;
        }
    }
    if (fit(t->left, cursor, size))
        return true;
    if (t->seg.s.start >= *cursor && t->seg.s.start - *cursor >= size)
        return true;
    *cursor = max_u64(*cursor, t->seg.s.end);
    return fit(t->right, cursor, size);
}

guest_addr segments_find_gap(uint64_t size, guest_addr low, guest_addr high)
{
    if (high < low || high - low < size)
        return 0;
    guest_addr cursor = low;
    base_lock(&list_lock);
    fit(root, &cursor, size);
    base_unlock(&list_lock);
    return cursor <= high && high - cursor >= size ? cursor : 0;
}

uint64_t segments_total(void)
{
    base_lock(&list_lock);
    const uint64_t sum = total;
    base_unlock(&list_lock);
    return sum;
}

int segments_count(void)
{
    return n_nodes;
}

static bool subtree_is_valid(const struct node *t, guest_addr *last)
{
    if (!t)
        return true;
    if (t->left && (t->left->priority > t->priority || !subtree_is_valid(t->left, last)))
        return false;
    const struct ng_segment *s = &t->seg.s;
    if (s->start < *last || s->end <= s->start || ((s->start | s->end) & (NG_PAGE - 1)))
        return false;
    *last = s->end;
    if (t->right && (t->right->priority > t->priority || !subtree_is_valid(t->right, last)))
        return false;
    struct node copy = *t;
    summarise(&copy);
    return copy.lo == t->lo && copy.hi == t->hi && copy.max_gap == t->max_gap;
}

bool segments_are_valid(void)
{
    guest_addr last = 0;
    base_lock(&list_lock);
    const bool ok = subtree_is_valid(root, &last);
    base_unlock(&list_lock);
    return ok;
}
