/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap_hooks: malloc and its relatives, run instead of the client's own.
 *
 * Arguments are in the System V registers of *s.  An undefined size is a
 * conditional jump on it, as it would be in any allocator.  On failure the
 * client's errno is set.
 */
#include <errno.h>
#include "heap_inherit.h"
#include "shadow_side.h"

#define A0 (s->gpr[X86_RDI])
#define A1 (s->gpr[X86_RSI])
#define A2 (s->gpr[X86_RDX])
#define CHECK0() registers_check_argument(t, s, X86_RDI)
#define CHECK1() registers_check_argument(t, s, X86_RSI)

static bool is_power_of_2(uint64_t x) { return x != 0 && (x & (x - 1)) == 0; }

int64_t heap_tls_offset(const char *accessor)
{
    static const char add_fs[] = "\x64\x48\x03\x04\x25\0\0\0\0\xc3";
    guest_addr fn = ng_symbol_find ? ng_symbol_find("libc.so*", accessor) : 0;
    if (fn == 0 && ng_symbol_find)
        fn = ng_symbol_find("NONE", accessor); /* a static program */
    uint8_t c[32];
    if (fn == 0 || ng_read(c, fn, sizeof c) < sizeof c)
        return 0; /* libc may not be mapped yet */
    const int at = memcmp(c, "\xf3\x0f\x1e\xfa", 4) == 0 ? 4 : 0;
    int32_t number;
    int64_t value;
    memcpy(&number, c + at + 3, 4);
    if (memcmp(c + at + 7, add_fs, 10) != 0)
        return 0;
    if (memcmp(c + at, "\x48\xc7\xc0", 3) == 0) /* mov rax,number */
        return number;
    if (memcmp(c + at, "\x48\x8b\x05", 3) == 0 && /* mov rax,[rip+number] */
        ng_read(&value, fn + (uint64_t)(at + 7) + (uint64_t)(int64_t)number, 8) == 8)
        return value;
    return 0;
}

void heap_set_errno(struct ng_thread *t, int value)
{
    static _Atomic int64_t known;
    int64_t offset = known;
    if (offset == 0)
        known = offset = heap_tls_offset("__errno_location");
    const guest_addr at = ng_thread_state(t)->fs_base + (uint64_t)offset;
    if (offset != 0 && ng_write(at, &value, sizeof value) == sizeof value)
        shadow_make_defined(at, sizeof value);
}

static void allocate(struct ng_thread *t, struct x86_state *s, uint64_t size, uint64_t align, bool zeroed)
{
    const struct heap_request r = { .size = size, .align = align, .kind = HEAP_MALLOC, .zeroed = zeroed };
    const guest_addr a = heap_alloc(t, &r);
    if (a == 0)
        heap_set_errno(t, ENOMEM);
    heap_return(s, a);
}

static void fail(struct ng_thread *t, struct x86_state *s, int error)
{
    heap_set_errno(t, error);
    heap_return(s, 0);
}

HEAP_HOOK(heap_malloc)
{
    CHECK0();
    if (errors_fishy(t, "malloc", "size", A0))
        fail(t, s, ENOMEM);
    else
        allocate(t, s, A0, 0, false);
}

HEAP_HOOK(heap_calloc)
{
    uint64_t size;
    CHECK0();
    CHECK1();
    if (errors_fishy(t, "calloc", "nmemb", A0) || errors_fishy(t, "calloc", "size", A1) ||
        __builtin_mul_overflow(A0, A1, &size))
        fail(t, s, ENOMEM);
    else
        allocate(t, s, size, 0, true);
}

void heap_hook_free(struct ng_thread *t, guest_addr p, enum heap_kind kind)
{
    if (p == 0)
        return;
    struct heap_block *b = heap_live_block(p);
    if (!b) {
        heap_custom_free(t, p, kind);
        return;
    }
    if (b->kind != kind)
        errors_mismatched_free(t, p);
    if (!heap_release(t, b))
        errors_free(t, p);
}

HEAP_HOOK(heap_free)
{
    heap_hook_free(t, A0, HEAP_MALLOC);
    heap_return(s, 0);
}

/* The size of sized deallocation must be the block's. */
HEAP_HOOK(heap_free_sized)
{
    const struct heap_block *b = A0 ? heap_live_block(A0) : NULL;
    CHECK1();
    if (b && b->size != A1)
        errors_size_mismatch(t, "aligned_alloc/free_sized", A0, A1);
    heap_free(t, s);
}

HEAP_HOOK(heap_free_aligned_sized)
{
    const struct heap_block *b = A0 ? heap_live_block(A0) : NULL;
    CHECK1();
    registers_check_argument(t, s, X86_RDX);
    if (b) {
        if (!is_power_of_2(A1))
            errors_bad_alignment(t, A1, "a power of 2");
        else if (A2 % A1)
            errors_bad_size_alignment(t, A2, A1);
        if (b->size != A2)
            errors_size_mismatch(t, "aligned_alloc/free_aligned_sized", A0, A2);
        if (is_power_of_2(A1) && (b->align_log2 ? 1ull << b->align_log2 : 16) != A1)
            errors_align_mismatch(t, "aligned_alloc/free_aligned_sized", A0,
                                  b->align_log2 ? 1ull << b->align_log2 : 16, A1);
    }
    heap_free(t, s);
}

/* Contents and their shadow, into a block that is larger or smaller. */
static void move_contents(const struct heap_block *from, guest_addr to, uint64_t size)
{
    struct heap_block *b = heap_slot_at(to);
    struct heap_inherited inherits;
    if (mc_options.track_origins && !side_is_used() && b->alloc_trace && heap_can_inherit(from, size, &inherits)) {
        memcpy(ng_v(to), ng_v(from->addr), size);
        b->inherited = inherits.bytes & HEAP_INHERITED_MAX;
        b->origin_trace = inherits.trace;
    } else {
        shadow_copy(from->addr, to, size);
    }
    ng_write(to, (const void *)from->addr, size);
}

/* Always moves, so that stale pointers are found. */
static void reallocate(struct ng_thread *t, struct x86_state *s, guest_addr p, uint64_t size)
{
    if (errors_fishy(t, "realloc", "size", size)) {
        fail(t, s, ENOMEM);
        return;
    }
    if (p == 0) {
        allocate(t, s, size, 0, false);
        return;
    }
    if (size == 0) {
        errors_realloc_zero(t, p);
        if (mc_options.realloc_zero_frees) {
            heap_hook_free(t, p, HEAP_MALLOC);
            heap_return(s, 0);
            return;
        }
        size = 1;
    }
    struct heap_block *b = heap_live_block(p);
    if (!b) {
        heap_count_invalid_free();
        errors_free(t, p);
        heap_return(s, 0);
        return;
    }
    if (b->kind != HEAP_MALLOC)
        errors_mismatched_free(t, p);
    const uint64_t kept = b->size < size ? b->size : size;
    const struct heap_request r = { .size = size, .kind = HEAP_MALLOC, .copied = kept };
    const guest_addr to = heap_alloc(t, &r);
    if (to == 0) {
        fail(t, s, ENOMEM);
        return;
    }
    move_contents(b, to, kept);
    if (!heap_release(t, b))
        errors_free(t, p);
    heap_return(s, to);
}

HEAP_HOOK(heap_realloc)
{
    CHECK1();
    reallocate(t, s, A0, A1);
}

HEAP_HOOK(heap_reallocarray)
{
    uint64_t size;
    CHECK1();
    registers_check_argument(t, s, X86_RDX);
    if (__builtin_mul_overflow(A1, A2, &size))
        fail(t, s, ENOMEM);
    else
        reallocate(t, s, A0, size);
}

/* As glibc: any alignment goes, rounded up to a power of two. */
HEAP_HOOK(heap_memalign)
{
    uint64_t align = A0;
    CHECK0();
    CHECK1();
    if (!is_power_of_2(align)) {
        errors_bad_alignment(t, align, "power of 2");
        if (align > ng_strip_size) {
            fail(t, s, EINVAL);
            return;
        }
        uint64_t up = 16;
        while (up < align)
            up *= 2;
        align = up;
    }
    if (A1 == 0)
        errors_zero_size(t);
    if (errors_fishy(t, "memalign", "size", A1))
        fail(t, s, ENOMEM);
    else
        allocate(t, s, A1, align, false);
}

HEAP_HOOK(heap_aligned_alloc)
{
    CHECK0();
    CHECK1();
    if (!is_power_of_2(A0)) {
        errors_bad_alignment(t, A0, "a power of 2");
        fail(t, s, EINVAL);
        return;
    }
    if (A1 == 0)
        errors_zero_size(t);
    if (A1 % A0)
        errors_bad_size_alignment(t, A1, A0);
    if (errors_fishy(t, "aligned_alloc", "size", A1))
        fail(t, s, ENOMEM);
    else
        allocate(t, s, A1, A0, false);
}

/* *at = a, as the program would have stored it; false: it faults. */
static bool store_result(struct ng_thread *t, guest_addr at, guest_addr a)
{
    guest_addr bad;
    if (shadow_find_noaccess(at, sizeof a, &bad))
        errors_addr(t, at, sizeof a, true);
    if (ng_write(at, &a, sizeof a) < sizeof a) {
        if (ng_fault)
            ng_fault(t, at, true);
        return false;
    }
    shadow_make_defined_if_addressable(at, sizeof a);
    return true;
}

HEAP_HOOK(heap_posix_memalign)
{
    CHECK1();
    registers_check_argument(t, s, X86_RDX);
    if (!is_power_of_2(A1) || A1 % sizeof(void *)) {
        errors_bad_alignment(t, A1, "non-zero, a power of 2 and a multiple of sizeof(void*)");
        heap_return(s, EINVAL);
        return;
    }
    if (A2 == 0)
        errors_zero_size(t);
    const struct heap_request r = { .size = A2, .align = A1, .kind = HEAP_MALLOC };
    const guest_addr a = errors_fishy(t, "posix_memalign", "size", A2) ? 0 : heap_alloc(t, &r);
    if (a == 0)
        heap_return(s, ENOMEM);
    else if (store_result(t, A0, a))
        heap_return(s, 0);
    else
        heap_release(t, heap_live_block(a)); /* the program faults, and may come again */
}

HEAP_HOOK(heap_valloc)
{
    CHECK0();
    if (errors_fishy(t, "valloc", "size", A0))
        fail(t, s, ENOMEM);
    else
        allocate(t, s, A0, 4096, false);
}

HEAP_HOOK(heap_pvalloc)
{
    CHECK0();
    if (errors_fishy(t, "pvalloc", "size", A0))
        fail(t, s, ENOMEM);
    else
        allocate(t, s, (A0 + 4095) & ~4095ull, 4096, false);
}

HEAP_HOOK(heap_usable_size)
{
    const struct heap_block *b = A0 ? heap_live_block(A0) : NULL;
    (void)t;
    heap_return(s, b ? b->size : 0);
}

HEAP_HOOK(heap_return_0)
{
    (void)t;
    heap_return(s, 0);
}

HEAP_HOOK(heap_return_1)
{
    (void)t;
    heap_return(s, 1);
}

HEAP_HOOK(heap_set_state) /* malloc_set_state: no state of ours was ever given out */
{
    (void)t;
    heap_return(s, (uint64_t)-1);
}

/* Structures returned in memory that rdi points to: all zero. */
static void return_zeros(struct x86_state *s, size_t size)
{
    heap_fill(A0, size, 0);
    shadow_make_defined(A0, size);
    heap_return(s, A0);
}

HEAP_HOOK(heap_mallinfo)
{
    (void)t;
    return_zeros(s, 10 * sizeof(int));
}

HEAP_HOOK(heap_mallinfo2)
{
    (void)t;
    return_zeros(s, 10 * sizeof(size_t));
}
