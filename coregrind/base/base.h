/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base: what every room uses: assertions, locks, growable arrays. */
#pragma once
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include "nagrind/ir.h"

#define NG_PAGE 4096ull
#define ROUND_DOWN(x, n) ((x) & ~((uint64_t)(n) - 1))
#define ROUND_UP(x, n) ROUND_DOWN((uint64_t)(x) + (n) - 1, n)

/* Cheap assertion, on in every build: prints the guest pc, the tool's own stack and where to report. */
#define ng_assert(cond) ((cond) ? (void)0 : base_assert_failed(#cond, __FILE__, __LINE__))
void base_assert_failed(const char *cond, const char *file, int line) __attribute__((noreturn));
void base_out_of_memory(size_t size) __attribute__((noreturn));
/* malloc and friends of the tool half that never return NULL. */
void *base_alloc(size_t size);         /* zeroed */
void *base_realloc(void *p, size_t size);
char *base_strdup(const char *s);

/* Appends room for one element to a growable array; yields its index. */
#define BASE_GROW(array, n, cap)                                                         \
    ((n) < (cap) ? (n)++ : ((cap) = (cap) ? 2 * (cap) : 16,                              \
     (array) = base_realloc((array), (cap) * sizeof *(array)), (n)++))

/* Locks of the tool half.  Not recursive.  base_lock is a futex mutex that a signal
 * handler never takes; fork reinitialises those registered with base_lock_register. */
struct base_lock { _Atomic uint32_t word; };
void base_lock(struct base_lock *l);
void base_unlock(struct base_lock *l);
/* Locks registered here are taken in order of rank (low first, as nesting code takes them) around fork() of the
 * host libc, so that what they guard is whole in the child.  base_locks_before_fork and base_locks_after_fork
 * do the same by hand, for a fork that goes around libc. */
void base_lock_register(struct base_lock *l, int rank);
void base_locks_before_fork(void);
void base_locks_after_fork(void);
/* Printed by a failed assertion, if set: the guest pc of this thread, or 0. */
extern uint64_t (*base_guest_pc)(void);

uint64_t base_hash64(uint64_t x);
uint64_t base_hash_bytes(const void *p, size_t n);
uint64_t base_now_ns(void);            /* CLOCK_MONOTONIC */
/* First number of the tool's own descriptors; set once at start from the client's RLIMIT_NOFILE. */
extern int base_fd_floor;
/* Moves fd above the client's descriptors (close-on-exec): the new number, or -errno. */
int base_fd_hide(int fd);
