/* SPDX-License-Identifier: GPL-3.0-or-later */
/* errors_print: the texts of errors, as users, IDEs and filters know them. */
#include "errors.h"

void errors_describe_addr(guest_addr a)
{
    if (!heap_describe_addr(a))
        ng_describe_addr(a);
}

void errors_print_origin(origin_tag tag)
{
    static const char *const by[] = { "", " by a heap allocation", " by a stack allocation", " by a client request" };
    if (!tag || !(tag >> 2))
        return;
    ng_auxwhat("Uninitialised value was created%s", by[tag & 3]);
    /* A frame is shown by its function's beginning: where in it execution was when somebody looked says nothing. */
    ng_trace_print((tag & 3) == ORIGIN_STACK ? ng_trace_of_function(tag >> 2) : tag >> 2);
}

static void print_param(const struct ng_error *e)
{
    static const char *const how[] = { "contains uninitialised", "points to uninitialised", "points to unaddressable" };
    ng_what("Syscall param %s %s byte(s)", e->text, how[e->aux[0]]);
}

static void print_overlap(const struct ng_error *e)
{
    const unsigned long to = e->addr, from = e->aux[2];
    if (e->size)
        ng_what("Source and destination overlap in %s(0x%lx, 0x%lx, %lu)", e->text, to, from, (unsigned long)e->size);
    else
        ng_what("Source and destination overlap in %s(0x%lx, 0x%lx)", e->text, to, from);
}

/* text is "FN(ARG)" */
static void print_fishy(const struct ng_error *e)
{
    const int fn = (int)strcspn(e->text, "("), argument = (int)strlen(e->text) - fn - 2;
    ng_what("Argument '%.*s' of function %.*s has a fishy (possibly negative) value: %ld", argument, e->text + fn + 1, fn,
            e->text, (long)e->size);
}

static void print_align_mismatch(const struct ng_error *e)
{
    const char *what = ng_option_xml() ? "size" : "alignment";
    if (e->aux[3])
        ng_what("Mismatched %s %s alloc value: %lu dealloc value: %lu", e->text, what, (unsigned long)e->aux[2],
                (unsigned long)e->aux[3]);
    else
        ng_what("Mismatched %s %s alloc value: %lu dealloc value: default-aligned", e->text, what, (unsigned long)e->aux[2]);
}

static void print_what(const struct ng_error *e)
{
    const unsigned long size = e->size;
    switch (e->kind) {
    case ERR_COND: ng_what("Conditional jump or move depends on uninitialised value(s)"); break;
    case ERR_VALUE: ng_what("Use of uninitialised value of size %lu", size); break;
    case ERR_ADDR: ng_what("Invalid %s of size %lu", e->aux[0] ? "write" : "read", size); break;
    case ERR_JUMP: ng_what("Jump to the invalid address stated on the next line"); break;
    case ERR_PARAM: print_param(e); break;
    case ERR_FREE: ng_what("Invalid free() / delete / delete[] / realloc()"); break;
    case ERR_MISMATCH: ng_what("Mismatched free() / delete / delete []"); break;
    case ERR_OVERLAP: print_overlap(e); break;
    case ERR_FISHY: print_fishy(e); break;
    case ERR_USER: ng_what("%s byte(s) found during client check request", e->aux[0] ? "Unaddressable" : "Uninitialised"); break;
    case ERR_REALLOC_ZERO: ng_what("realloc() with size 0"); break;
    case ERR_BAD_ALIGN: ng_what("Invalid alignment value: %lu (should be %s)", (unsigned long)e->aux[2], e->text); break;
    case ERR_BAD_SIZE_ALIGN:
        ng_what("Invalid size value: %lu alignment value: %lu (size should be a multiple of alignment)", size, (unsigned long)e->aux[2]);
        break;
    case ERR_ZERO_SIZE: ng_what("Unsafe allocation with size of zero is implementation-defined"); break;
    case ERR_SIZE_MISMATCH: ng_what("Mismatched %s size value: %lu", e->text, size); break;
    case ERR_ALIGN_MISMATCH: print_align_mismatch(e); break;
    case ERR_MEMPOOL: ng_what("Illegal memory pool address"); break;
    case ERR_CORE_MEM: ng_what("%s contains unaddressable byte(s)", e->text); break;
    }
}

static bool describes_address(const struct ng_error *e)
{
    switch (e->kind) {
    case ERR_ADDR: case ERR_JUMP: case ERR_FREE: case ERR_MISMATCH: case ERR_USER: case ERR_REALLOC_ZERO:
    case ERR_SIZE_MISMATCH: case ERR_ALIGN_MISMATCH: case ERR_MEMPOOL:
        return true;
    case ERR_PARAM:
        return e->aux[0] != PARAM_CONTAINS_UNDEFINED;
    default:
        return false;
    }
}

void errors_print(const struct ng_error *e)
{
    if (e->kind == ERR_LEAK) {
        leak_error_print(e);
        return;
    }
    print_what(e);
    ng_trace_print(e->where);
    if (describes_address(e))
        errors_describe_addr(e->addr);
    if (e->kind == ERR_COND || e->kind == ERR_VALUE || e->kind == ERR_PARAM || e->kind == ERR_USER)
        errors_print_origin((origin_tag)e->aux[1]);
}

const char *errors_xml_kind(const struct ng_error *e)
{
    static const char *const names[ERR_KINDS] = {
        [ERR_COND] = "UninitCondition", [ERR_VALUE] = "UninitValue", [ERR_JUMP] = "InvalidJump", [ERR_PARAM] = "SyscallParam",
        [ERR_FREE] = "InvalidFree", [ERR_MISMATCH] = "MismatchedFree", [ERR_OVERLAP] = "Overlap", [ERR_FISHY] = "FishyValue",
        [ERR_USER] = "ClientCheck", [ERR_REALLOC_ZERO] = "ReallocSizeZero", [ERR_BAD_ALIGN] = "InvalidAlignment",
        [ERR_BAD_SIZE_ALIGN] = "InvalidSizeAndAlignment", [ERR_ZERO_SIZE] = "InvalidSize",
        [ERR_SIZE_MISMATCH] = "MismatchedAllocateDeallocateSize",
        [ERR_ALIGN_MISMATCH] = "MismatchedAllocateDeallocateAlignment", [ERR_MEMPOOL] = "InvalidMemPool",
        [ERR_CORE_MEM] = "CoreMemError",
    };
    if (e->kind == ERR_LEAK)
        return leak_error_xml_kind(e);
    if (e->kind == ERR_ADDR)
        return e->aux[0] ? "InvalidWrite" : "InvalidRead";
    return names[e->kind];
}
