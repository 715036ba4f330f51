/* SPDX-License-Identifier: GPL-3.0-or-later */
/* leak_heuristics: interior pointers that are as good as start pointers.
 *
 * C++ objects and length-prefixed blocks are often known only by an address a
 * few words into them.  Each heuristic reads words of the block that must be
 * addressable and defined.  */
#include "leak.h"

/* std::string before C++11: length, capacity, reference count, then the text. */
static bool is_stdstring(const struct leak_chunk *c, guest_addr p)
{
    uint64_t length, capacity;
    return p == c->addr + 24 && leak_read_word(c->addr, &length) && leak_read_word(c->addr + 8, &capacity) &&
           length <= capacity && 24 + capacity + 1 == c->size;
}

/* The size of the rest of the block in its first word. */
static bool is_length64(const struct leak_chunk *c, guest_addr p)
{
    uint64_t length;
    return p == c->addr + 8 && c->size > 8 && leak_read_word(c->addr, &length) && length == c->size - 8;
}

/* new[] of objects with destructors: their number in the first word. */
static bool is_newarray(const struct leak_chunk *c, guest_addr p)
{
    uint64_t n;
    return p == c->addr + 8 && c->size > 8 && leak_read_word(c->addr, &n) && n > 0 && (c->size - 8) % n == 0;
}

static bool in_file(guest_addr a, int prot)
{
    struct ng_segment g;
    return ng_segment_at(a, &g) && g.kind == NG_SEG_FILE && (g.prot & prot) == prot;
}

static bool is_vtable(guest_addr p)
{
    enum { WORDS = 20, PAGE_0 = 4096 };
    uint64_t word;
    int functions = 0;
    if ((p & 7) != 0 || p < PAGE_0 || !in_file(p, NG_PROT_R))
        return false;
    for (int i = 0; i < WORDS && functions < 2; i++) {
        if (!leak_read_word(p + 8 * (guest_addr)i, &word))
            return false;
        if (word == 0)
            continue;
        if (word < PAGE_0 || !in_file(word, NG_PROT_R | NG_PROT_X))
            return false;
        functions++;
    }
    return functions == 2;
}

/* A pointer to a base class that is not the first: both the object and the part begin with vtables. */
static bool is_multiple_inheritance(const struct leak_chunk *c, guest_addr p)
{
    uint64_t first, inner;
    return (p & 7) == 0 && leak_read_word(p, &inner) && leak_read_word(c->addr, &first) && is_vtable(inner) &&
           is_vtable(first);
}

int leak_heuristic(const struct leak_chunk *c, guest_addr p, unsigned heuristics)
{
    if ((heuristics & 1u << HEUR_STDSTRING) && is_stdstring(c, p))
        return HEUR_STDSTRING;
    if ((heuristics & 1u << HEUR_LENGTH64) && is_length64(c, p))
        return HEUR_LENGTH64;
    if ((heuristics & 1u << HEUR_NEWARRAY) && is_newarray(c, p))
        return HEUR_NEWARRAY;
    if ((heuristics & 1u << HEUR_MULTIPLEINHERITANCE) && is_multiple_inheritance(c, p))
        return HEUR_MULTIPLEINHERITANCE;
    return LEAK_NO_HEURISTIC;
}
