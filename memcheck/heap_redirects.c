/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap_redirects: which functions of the client the heap replaces.
 *
 * In every object that defines them: a program's own malloc is one too.  File
 * names are those that suppressions and report filters know.  Where libc has one
 * body for several names the first row wins.
 */
#include "heap.h"

#define FILE_NAME "vg_replace_malloc.c"
#define ANY(symbol, hook, line)             { symbol, "*", hook, symbol, FILE_NAME, line, NULL, 0 }
#define LIBC(symbol, hook, line)            { symbol, "libc.so*", hook, symbol, FILE_NAME, line, NULL, 0 }
#define CXX(symbol, display, hook, line)    { symbol, "*", hook, display, FILE_NAME, line, NULL, 0 }

const struct ng_redirect heap_redirects[] = {
    ANY("malloc", heap_malloc, 484),
    ANY("free", heap_free, 1027),
    ANY("cfree", heap_free, 1033),
    ANY("calloc", heap_calloc, 1675),
    ANY("realloc", heap_realloc, 1800),
    ANY("reallocarray", heap_reallocarray, 1910),
    ANY("memalign", heap_memalign, 2035),
    ANY("aligned_alloc", heap_aligned_alloc, 2210),
    ANY("posix_memalign", heap_posix_memalign, 2125),
    ANY("valloc", heap_valloc, 2265),
    LIBC("pvalloc", heap_pvalloc, 2300),
    ANY("free_sized", heap_free_sized, 1052),
    ANY("free_aligned_sized", heap_free_aligned_sized, 1068),
    ANY("malloc_usable_size", heap_usable_size, 2350),
    ANY("malloc_size", heap_usable_size, 2360),
    ANY("malloc_trim", heap_return_0, 2320),
    ANY("mallopt", heap_return_1, 2310),
    ANY("malloc_stats", heap_return_0, 2370),
    ANY("mallinfo", heap_mallinfo, 2400),
    ANY("mallinfo2", heap_mallinfo2, 2410),
    LIBC("malloc_get_state", heap_return_0, 2420),
    LIBC("malloc_set_state", heap_set_state, 2425),
    ANY("__builtin_new", heap_new, 540),
    ANY("builtin_new", heap_new, 540),
    ANY("__builtin_vec_new", heap_new_array, 710),
    ANY("__builtin_delete", heap_delete, 1088),
    ANY("__builtin_vec_delete", heap_delete_array, 1140),

    CXX("_Znwm", "operator new(unsigned long)", heap_new, 538),
    CXX("_ZnwmRKSt9nothrow_t", "operator new(unsigned long, std::nothrow_t const&)", heap_new_nothrow, 620),
    CXX("_ZnwmSt11align_val_t", "operator new(unsigned long, std::align_val_t)", heap_new_aligned, 640),
    CXX("_ZnwmSt11align_val_tRKSt9nothrow_t",
        "operator new(unsigned long, std::align_val_t, std::nothrow_t const&)", heap_new_aligned_nothrow, 670),
    CXX("_Znam", "operator new[](unsigned long)", heap_new_array, 708),
    CXX("_ZnamRKSt9nothrow_t", "operator new[](unsigned long, std::nothrow_t const&)", heap_new_array_nothrow, 790),
    CXX("_ZnamSt11align_val_t", "operator new[](unsigned long, std::align_val_t)", heap_new_array_aligned, 810),
    CXX("_ZnamSt11align_val_tRKSt9nothrow_t",
        "operator new[](unsigned long, std::align_val_t, std::nothrow_t const&)", heap_new_array_aligned_nothrow, 840),
    CXX("_ZdlPv", "operator delete(void*)", heap_delete, 1086),
    CXX("_ZdlPvm", "operator delete(void*, unsigned long)", heap_delete_sized, 1098),
    CXX("_ZdlPvRKSt9nothrow_t", "operator delete(void*, std::nothrow_t const&)", heap_delete, 1120),
    CXX("_ZdlPvSt11align_val_t", "operator delete(void*, std::align_val_t)", heap_delete_aligned, 1108),
    CXX("_ZdlPvmSt11align_val_t", "operator delete(void*, unsigned long, std::align_val_t)",
        heap_delete_sized_aligned, 1114),
    CXX("_ZdlPvSt11align_val_tRKSt9nothrow_t",
        "operator delete(void*, std::align_val_t, std::nothrow_t const&)", heap_delete_aligned, 1126),
    CXX("_ZdaPv", "operator delete[](void*)", heap_delete_array, 1138),
    CXX("_ZdaPvm", "operator delete[](void*, unsigned long)", heap_delete_array_sized, 1150),
    CXX("_ZdaPvRKSt9nothrow_t", "operator delete[](void*, std::nothrow_t const&)", heap_delete_array, 1172),
    CXX("_ZdaPvSt11align_val_t", "operator delete[](void*, std::align_val_t)", heap_delete_array_aligned, 1160),
    CXX("_ZdaPvmSt11align_val_t", "operator delete[](void*, unsigned long, std::align_val_t)",
        heap_delete_array_sized_aligned, 1166),
    CXX("_ZdaPvSt11align_val_tRKSt9nothrow_t",
        "operator delete[](void*, std::align_val_t, std::nothrow_t const&)", heap_delete_array_aligned, 1178),
    { 0 }
};
