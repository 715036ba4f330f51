/* SPDX-License-Identifier: GPL-3.0-or-later */
/* errors: recording.  Fields of struct ng_error by kind:
 *     addr     the address that the report describes
 *     size     of the access or value
 *     text     syscall argument, function name, pair
 *     aux[0]   variant (write, PARAM_*, ...); aux[1] origin tag; aux[2], aux[3] further numbers */
#include <stdatomic.h>
#include "errors.h"

static _Atomic bool value_error_seen;
static __thread guest_addr last_addr_pc; /* where this thread last had an address error */

bool errors_value_error_seen(void) { return value_error_seen; }

static void record(struct ng_thread *t, struct ng_error e)
{
    e.thread = t;
    ng_error_record(&e);
}

static void record_value(struct ng_thread *t, struct ng_error e)
{
    value_error_seen = true;
    record(t, e);
}

void errors_cond(struct ng_thread *t, origin_tag tag)
{
    record_value(t, (struct ng_error){ .kind = ERR_COND, .aux = { 0, tag } });
}

void errors_value(struct ng_thread *t, size_t size, origin_tag tag)
{
    record_value(t, (struct ng_error){ .kind = ERR_VALUE, .size = size, .aux = { 0, tag } });
}

static guest_addr pc_of(struct ng_thread *t)
{
    t = t ? t : ng_thread_self();
    return t ? ng_reg(t, X86_RIP) : 0;
}

void errors_addr(struct ng_thread *t, guest_addr a, size_t size, bool write)
{
    if (requests_address_ignored(a, size))
        return;
    last_addr_pc = pc_of(t);
    record(t, (struct ng_error){ .kind = ERR_ADDR, .addr = a, .size = size, .aux = { write } });
}

bool errors_addr_just_reported(guest_addr pc)
{
    const bool same = pc && pc == last_addr_pc;
    last_addr_pc = 0;
    return same;
}

void errors_jump(struct ng_thread *t, guest_addr pc) { record(t, (struct ng_error){ .kind = ERR_JUMP, .addr = pc }); }

void errors_param(struct ng_thread *t, const char *what, int how, guest_addr a, origin_tag tag)
{
    struct ng_error e = { .kind = ERR_PARAM, .addr = a, .text = ng_intern(what), .aux = { (uint64_t)how, tag } };
    if (how == PARAM_POINTS_NOACCESS)
        record(t, e);
    else
        record_value(t, e);
}

void errors_user(struct ng_thread *t, bool noaccess, guest_addr a, origin_tag tag)
{
    struct ng_error e = { .kind = ERR_USER, .addr = a, .aux = { noaccess, tag } };
    if (noaccess)
        record(t, e);
    else
        record_value(t, e);
}

void errors_free(struct ng_thread *t, guest_addr a) { record(t, (struct ng_error){ .kind = ERR_FREE, .addr = a }); }

void errors_mismatched_free(struct ng_thread *t, guest_addr a)
{
    if (mc_options.show_mismatched_frees)
        record(t, (struct ng_error){ .kind = ERR_MISMATCH, .addr = a });
}

void errors_overlap(struct ng_thread *t, const char *fn, guest_addr to, guest_addr from, size_t len)
{
    record(t, (struct ng_error){ .kind = ERR_OVERLAP, .text = ng_intern(fn), .addr = to, .size = len, .aux = { 0, 0, from } });
}

bool errors_fishy(struct ng_thread *t, const char *fn, const char *argument, uint64_t size)
{
    char name[128];
    if (!(size >> 63))
        return false;
    snprintf(name, sizeof name, "%s(%s)", fn, argument);
    record(t, (struct ng_error){ .kind = ERR_FISHY, .text = ng_intern(name), .size = size });
    return true;
}

void errors_realloc_zero(struct ng_thread *t, guest_addr a)
{
    if (mc_options.show_realloc_size_zero)
        record(t, (struct ng_error){ .kind = ERR_REALLOC_ZERO, .addr = a });
}

void errors_bad_alignment(struct ng_thread *t, uint64_t align, const char *should_be)
{
    record(t, (struct ng_error){ .kind = ERR_BAD_ALIGN, .text = ng_intern(should_be), .aux = { 0, 0, align } });
}

void errors_bad_size_alignment(struct ng_thread *t, uint64_t size, uint64_t align)
{
    record(t, (struct ng_error){ .kind = ERR_BAD_SIZE_ALIGN, .size = size, .aux = { 0, 0, align } });
}

void errors_zero_size(struct ng_thread *t) { record(t, (struct ng_error){ .kind = ERR_ZERO_SIZE }); }

void errors_size_mismatch(struct ng_thread *t, const char *pair, guest_addr a, uint64_t size)
{
    record(t, (struct ng_error){ .kind = ERR_SIZE_MISMATCH, .text = ng_intern(pair), .addr = a, .size = size });
}

void errors_align_mismatch(struct ng_thread *t, const char *pair, guest_addr a, uint64_t alloc, uint64_t dealloc)
{
    record(t, (struct ng_error){ .kind = ERR_ALIGN_MISMATCH, .text = ng_intern(pair), .addr = a, .aux = { 0, 0, alloc, dealloc } });
}

void errors_mempool(struct ng_thread *t, guest_addr pool) { record(t, (struct ng_error){ .kind = ERR_MEMPOOL, .addr = pool }); }

/* Core has compared kind and stack. */
bool errors_same(const struct ng_error *a, const struct ng_error *b)
{
    switch (a->kind) {
    case ERR_VALUE:
    case ERR_ADDR:
        return a->size == b->size;
    case ERR_PARAM:
        return a->aux[0] == b->aux[0] && !strcmp(a->text, b->text);
    case ERR_USER:
        return a->aux[0] == b->aux[0];
    case ERR_OVERLAP:
    case ERR_FISHY:
        return !strcmp(a->text, b->text);
    case ERR_LEAK:
        return false;
    default:
        return true;
    }
}
