/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run/hot: the way of a block that is translated as one superblock (see hot.c). */
#pragma once
#include "run/internal.h"

enum { RUN_HOT_PARTS = 64, RUN_HOT_PART_BYTES = 512, RUN_HOT_SEEN = 64, RUN_HOT_INSNS = 160 };

/* Guest bytes that were copied for the decoder. */
struct run_hot_part { guest_addr pc; const uint8_t *bytes; uint32_t n; };
struct run_hot {
    guest_addr head, seen[RUN_HOT_SEEN];
    uint32_t runs;                    /* of the head's first translation */
    uint32_t n_seen, n_parts, used;
    const struct translation *first;  /* the one that counted where the block is now, or NULL, */
    uint32_t first_part;              /* and which part of it that is */
    struct run_hot_part part[RUN_HOT_PARTS];
    uint8_t bytes[16384];
};

void run_hot_begin(struct run_hot *h, guest_addr head);
/* Guest code at pc: a copy that lives as long as *h, *n bytes of it; NULL if there is none, or no room. */
const uint8_t *run_hot_bytes(struct run_hot *h, guest_addr pc, size_t *n);
/* vex_decode_request.return_to for a block at whose head the guest is, and which has run so often. */
guest_addr run_hot_return(const struct x86_state *s, uint32_t runs);
/* vex_decode_request.follow; arg is the struct run_hot. */
guest_addr run_hot_follow(void *arg, const struct ir_block *b, guest_addr taken, guest_addr next, const uint8_t **bytes, size_t *n);
/* vex_decode_request.pointer */
guest_addr run_hot_pointer(guest_addr at);
/* The same of first translations: past branches that are not taken, as long as they are short. */
guest_addr run_first_follow(void *arg, const struct ir_block *b, guest_addr taken, guest_addr next, const uint8_t **bytes, size_t *n);
/* Is the guest's code still what b was made of? */
bool run_hot_is_current(const struct run_hot *h, const struct ir_block *b);
