/* SPDX-License-Identifier: GPL-3.0-or-later */
/* known: memory that a block of clean code knows to have zero shadow, so that it need not be checked (again).
 *
 * A range is named by the registers of its address and their versions (how often each was written in the block).
 * What goes by rsp alone is kept as a distance from rsp as it is now and survives its moves.  By any other register
 * the same memory may have a second name: such a range is given up wherever anything near rsp is marked, unless it is in the
 * thread's control block, where no stack is.  */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "nagrind/ir.h"
#include "nagrind/x86_64.h"

enum { KNOWN_MAX = 24, KNOWN_CONTROL_BLOCK = 128 };

struct known_range {
    int16_t base, index;     /* general registers, -1 none */
    uint16_t base_version, index_version; /* 0 for an rsp that is all of the address */
    uint8_t scale, segment;  /* log2; enum ir_segment */
    int64_t low, high;       /* bytes [low, high) from there */
};

struct known { struct known_range range[KNOWN_MAX]; unsigned n, next; };

static inline struct known_range known_by_rsp(int64_t low, int64_t high)
{
    return (struct known_range){ .base = X86_RSP, .index = -1, .low = low, .high = high };
}

/* Is all of r known? */
bool known_has(const struct known *k, const struct known_range *r);
/* From here on it is.  The oldest of KNOWN_MAX ranges is given up for it. */
void known_add(struct known *k, const struct known_range *r);
/* rsp has gone up by `by` (down: negative); of shadows nothing is said. */
void known_rsp_moved(struct known *k, int64_t by);
/* Anything below rsp + to may have been marked. */
void known_lost_below(struct known *k, int64_t to);
void known_forget(struct known *k);
