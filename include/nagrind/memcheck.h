/* SPDX-License-Identifier: BSD-2-Clause */
/* Client requests to memcheck; see valgrind.h for what a client request is.  */
/*
 * Copyright (c) 2026 the nagrind authors.
 *
 * Redistribution and use in source and binary forms, with or without
 * modification, are permitted provided that the following conditions are met:
 *
 * 1. Redistributions of source code must retain the above copyright notice,
 *    this list of conditions and the following disclaimer.
 * 2. Redistributions in binary form must reproduce the above copyright notice,
 *    this list of conditions and the following disclaimer in the documentation
 *    and/or other materials provided with the distribution.
 *
 * THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS"
 * AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE
 * IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE
 * ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE
 * LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR
 * CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF
 * SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS
 * INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN
 * CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE)
 * ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE
 * POSSIBILITY OF SUCH DAMAGE.
 */
#ifndef NAGRIND_MEMCHECK_H
#define NAGRIND_MEMCHECK_H
#define __MEMCHECK_H

#include "valgrind.h"

typedef enum {
    VG_USERREQ__MAKE_MEM_NOACCESS = VG_USERREQ_TOOL_BASE('M', 'C'),
    VG_USERREQ__MAKE_MEM_UNDEFINED,
    VG_USERREQ__MAKE_MEM_DEFINED,
    VG_USERREQ__DISCARD,
    VG_USERREQ__CHECK_MEM_IS_ADDRESSABLE,
    VG_USERREQ__CHECK_MEM_IS_DEFINED,
    VG_USERREQ__DO_LEAK_CHECK,
    VG_USERREQ__COUNT_LEAKS,
    VG_USERREQ__GET_VBITS,
    VG_USERREQ__SET_VBITS,
    VG_USERREQ__CREATE_BLOCK,
    VG_USERREQ__MAKE_MEM_DEFINED_IF_ADDRESSABLE,
    VG_USERREQ__COUNT_LEAK_BLOCKS,
    VG_USERREQ__ENABLE_ADDR_ERROR_REPORTING_IN_RANGE,
    VG_USERREQ__DISABLE_ADDR_ERROR_REPORTING_IN_RANGE
} Vg_MemCheckClientRequest;

/* ---- state of memory; the results are -1 ---- */
#define VALGRIND_MAKE_MEM_NOACCESS(addr, len) \
    VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__MAKE_MEM_NOACCESS, addr, len, 0, 0, 0)
#define VALGRIND_MAKE_MEM_UNDEFINED(addr, len) \
    VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__MAKE_MEM_UNDEFINED, addr, len, 0, 0, 0)
#define VALGRIND_MAKE_MEM_DEFINED(addr, len) \
    VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__MAKE_MEM_DEFINED, addr, len, 0, 0, 0)
/* Bytes that are not addressable stay so. */
#define VALGRIND_MAKE_MEM_DEFINED_IF_ADDRESSABLE(addr, len) \
    VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__MAKE_MEM_DEFINED_IF_ADDRESSABLE, addr, len, 0, 0, 0)

/* Names a range for error messages: a handle for VALGRIND_DISCARD (0: it was valid, 1: not). */
#define VALGRIND_CREATE_BLOCK(addr, len, desc) \
    VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__CREATE_BLOCK, addr, len, desc, 0, 0)
#define VALGRIND_DISCARD(handle) VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__DISCARD, 0, handle, 0, 0, 0)

/* ---- checks: 0, or the first bad address, and an error is reported ---- */
#define VALGRIND_CHECK_MEM_IS_ADDRESSABLE(addr, len) \
    VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__CHECK_MEM_IS_ADDRESSABLE, addr, len, 0, 0, 0)
#define VALGRIND_CHECK_MEM_IS_DEFINED(addr, len) \
    VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__CHECK_MEM_IS_DEFINED, addr, len, 0, 0, 0)
#define VALGRIND_CHECK_VALUE_IS_DEFINED(lvalue) \
    VALGRIND_CHECK_MEM_IS_DEFINED((volatile unsigned char *)&(lvalue), (unsigned long)sizeof(lvalue))

/* ---- leaks: search now; all, or what has grown, changed, or is new since the last search ---- */
#define VALGRIND_DO_LEAK_CHECK VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__DO_LEAK_CHECK, 0, 0, 0, 0, 0)
#define VALGRIND_DO_ADDED_LEAK_CHECK VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__DO_LEAK_CHECK, 0, 1, 0, 0, 0)
#define VALGRIND_DO_CHANGED_LEAK_CHECK VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__DO_LEAK_CHECK, 0, 2, 0, 0, 0)
#define VALGRIND_DO_NEW_LEAK_CHECK VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__DO_LEAK_CHECK, 0, 3, 0, 0, 0)
/* Summary only. */
#define VALGRIND_DO_QUICK_LEAK_CHECK VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__DO_LEAK_CHECK, 1, 0, 0, 0, 0)

/* Result of the last search into four lvalues, in bytes or in blocks. */
#define NG_COUNT_LEAKS_(req, leaked, dubious, reachable, suppressed) \
    do { \
        unsigned long ng_leaked_ = 0, ng_dubious_ = 0, ng_reachable_ = 0, ng_suppressed_ = 0; \
        VALGRIND_DO_CLIENT_REQUEST_STMT(req, &ng_leaked_, &ng_dubious_, &ng_reachable_, &ng_suppressed_, 0); \
        (leaked) = ng_leaked_; \
        (dubious) = ng_dubious_; \
        (reachable) = ng_reachable_; \
        (suppressed) = ng_suppressed_; \
    } while (0)
#define VALGRIND_COUNT_LEAKS(leaked, dubious, reachable, suppressed) \
    NG_COUNT_LEAKS_(VG_USERREQ__COUNT_LEAKS, leaked, dubious, reachable, suppressed)
#define VALGRIND_COUNT_LEAK_BLOCKS(leaked, dubious, reachable, suppressed) \
    NG_COUNT_LEAKS_(VG_USERREQ__COUNT_LEAK_BLOCKS, leaked, dubious, reachable, suppressed)

/* ---- definedness bits: one byte a byte, a set bit is undefined.  1: done, 3: not addressable, 0: natively ---- */
#define VALGRIND_GET_VBITS(addr, vbits, n) \
    (unsigned)VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__GET_VBITS, (const char *)(addr), (char *)(vbits), n, 0, 0)
#define VALGRIND_SET_VBITS(addr, vbits, n) \
    (unsigned)VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__SET_VBITS, (const char *)(addr), (const char *)(vbits), n, 0, 0)

#define VALGRIND_DISABLE_ADDR_ERROR_REPORTING_IN_RANGE(addr, len) \
    VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__DISABLE_ADDR_ERROR_REPORTING_IN_RANGE, addr, len, 0, 0, 0)
#define VALGRIND_ENABLE_ADDR_ERROR_REPORTING_IN_RANGE(addr, len) \
    VALGRIND_DO_CLIENT_REQUEST_EXPR(0, VG_USERREQ__ENABLE_ADDR_ERROR_REPORTING_IN_RANGE, addr, len, 0, 0, 0)

#endif
