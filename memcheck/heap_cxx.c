/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap_cxx: C++ operators new and delete.
 *
 * Plain new that fails goes on in libstdc++'s function that throws std::bad_alloc,
 * as if called from where new was; without one the run ends with a message.  The
 * nothrow forms return NULL.  Sized and aligned delete must agree with new.
 */
#include "heap.h"

#define A0 (s->gpr[X86_RDI])
#define A1 (s->gpr[X86_RSI])
#define A2 (s->gpr[X86_RDX])

static void new_failed(struct ng_thread *t)
{
    guest_addr throw = 0;
    if (ng_hook_jump && ng_symbol_find && !(throw = ng_symbol_find("libstdc++*", "_ZSt17__throw_bad_allocv")))
        throw = ng_symbol_find("NONE", "_ZSt17__throw_bad_allocv");
    if (throw) {
        ng_hook_jump(t, throw);
        return;
    }
    ng_msg("new/new[] failed and should throw an exception, but nagrind");
    ng_msg("   cannot throw exceptions and so is aborting instead.  Sorry.");
    ng_trace_print(ng_trace_take(t));
    ng_fatal("operator new: out of memory");
}

struct form { enum heap_kind kind; bool nothrow, aligned; };

static void allocate(struct ng_thread *t, struct x86_state *s, struct form f)
{
    static const char *const names[2][2] = { { "__builtin_new", "__builtin_new_aligned" },
                                             { "__builtin_vec_new", "__builtin_vec_new_aligned" } };
    guest_addr a = 0;
    bool bad_align = false;
    registers_check_argument(t, s, X86_RDI);
    if (f.aligned) {
        registers_check_argument(t, s, X86_RSI);
        bad_align = A1 == 0 || (A1 & (A1 - 1));
        if (bad_align)
            errors_bad_alignment(t, A1, "non-zero and a power of 2");
    }
    const struct heap_request r = { .size = A0, .align = f.aligned ? A1 : 0, .kind = f.kind };
    if (!errors_fishy(t, names[f.kind == HEAP_NEW_ARRAY][f.aligned], "size", A0) && !bad_align)
        a = heap_alloc(t, &r);
    if (a == 0 && !f.nothrow)
        new_failed(t);
    else
        heap_return(s, a);
}

#define NEW(name, kind, nothrow, aligned)                  \
    HEAP_HOOK(name)                                        \
    {                                                      \
        allocate(t, s, (struct form){ kind, nothrow, aligned }); \
    }
NEW(heap_new, HEAP_NEW, false, false)
NEW(heap_new_nothrow, HEAP_NEW, true, false)
NEW(heap_new_aligned, HEAP_NEW, false, true)
NEW(heap_new_aligned_nothrow, HEAP_NEW, true, true)
NEW(heap_new_array, HEAP_NEW_ARRAY, false, false)
NEW(heap_new_array_nothrow, HEAP_NEW_ARRAY, true, false)
NEW(heap_new_array_aligned, HEAP_NEW_ARRAY, false, true)
NEW(heap_new_array_aligned_nothrow, HEAP_NEW_ARRAY, true, true)

/* size, align: NULL where the operator has no such argument. */
static void deallocate(struct ng_thread *t, struct x86_state *s, enum heap_kind kind, const uint64_t *size,
                       const uint64_t *align)
{
    const char *pair = kind == HEAP_NEW ? "new/delete" : size && !align ? "new[][/delete[]" : "new[]/delete[]";
    const struct heap_block *b = A0 ? heap_live_block(A0) : NULL;
    if (b && mc_options.show_mismatched_frees) {
        const uint64_t alloc = b->align_log2 ? 1ull << b->align_log2 : 0;
        if (align && (*align == 0 || (*align & (*align - 1))))
            errors_bad_alignment(t, *align, "non-zero and a power of 2");
        if (size && b->size != *size)
            errors_size_mismatch(t, pair, A0, *size);
        if (b->kind == kind && (align ? *align : 0) != alloc)
            errors_align_mismatch(t, pair, A0, alloc ? alloc : heap_min_align, align ? *align : 0);
    }
    heap_hook_free(t, A0, kind);
    heap_return(s, 0);
}

HEAP_HOOK(heap_delete) { deallocate(t, s, HEAP_NEW, NULL, NULL); }
HEAP_HOOK(heap_delete_sized) { deallocate(t, s, HEAP_NEW, &A1, NULL); }
HEAP_HOOK(heap_delete_aligned) { deallocate(t, s, HEAP_NEW, NULL, &A1); }
HEAP_HOOK(heap_delete_sized_aligned) { deallocate(t, s, HEAP_NEW, &A1, &A2); }
HEAP_HOOK(heap_delete_array) { deallocate(t, s, HEAP_NEW_ARRAY, NULL, NULL); }
HEAP_HOOK(heap_delete_array_sized) { deallocate(t, s, HEAP_NEW_ARRAY, &A1, NULL); }
HEAP_HOOK(heap_delete_array_aligned) { deallocate(t, s, HEAP_NEW_ARRAY, NULL, &A1); }
HEAP_HOOK(heap_delete_array_sized_aligned) { deallocate(t, s, HEAP_NEW_ARRAY, &A1, &A2); }
