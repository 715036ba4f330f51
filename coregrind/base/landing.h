/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/landing: loads of client memory that may fault.
 *
 * Each such load has a row in a table: where it is and where execution goes if it faults.  The handler of
 * SIGSEGV and SIGBUS looks there, so a load that does not fault costs no more than any other: nothing is
 * set up before.  Signal safe; any thread that runs with that handler may load.  */
#pragma once
#include "base/base.h"

struct landing { int32_t load, to; };    /* distances from these members themselves */

/* Reads 8 bytes at a into *v; false if they cannot be read. */
static inline bool landing_load(guest_addr a, uint64_t *v)
{
#ifndef __x86_64__
#error "a load with a landing"
#endif
    uint64_t value;
    __asm__ goto("0: movq (%[a]), %[value]\n"
                 ".pushsection nagrind_landings, \"a\"\n"
                 ".balign 4\n"
                 ".long 0b - ., %l[faulted] - .\n"
                 ".popsection"
                 : [value] "=r"(value) : [a] "r"(a) : : faulted);
    *v = value;
    return true;
faulted:
    return false;
}

/* The same at a + offset. */
static inline bool landing_load_at(guest_addr a, int64_t offset, uint64_t *v)
{
    uint64_t value;
    __asm__ goto("0: movq (%[a],%[offset]), %[value]\n"
                 ".pushsection nagrind_landings, \"a\"\n"
                 ".balign 4\n"
                 ".long 0b - ., %l[faulted] - .\n"
                 ".popsection"
                 : [value] "=r"(value) : [a] "r"(a), [offset] "r"(offset) : : faulted);
    *v = value;
    return true;
faulted:
    return false;
}

/* Where execution goes on after a fault of the host instruction at pc; NULL if that is no such load. */
uintptr_t landing_of(uintptr_t pc);
