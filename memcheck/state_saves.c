/* SPDX-License-Identifier: GPL-3.0-or-later */
/* state_saves: definedness through FXSAVE, XSAVE and their like, and back.
 *
 *     image    0  x87 and MXCSR      32  st0-7, 16 bytes each      160  xmm0-15, 16 bytes each
 *            512  XSTATE_BV: which components the image holds; the others are restored as initial
 *            576  upper halves of ymm0-15, 16 bytes each: also where the image is compacted, as
 *                 it is the first component after the header (SDM vol. 1, 13.4)
 *
 * The dynamic linker keeps a call's arguments so while it looks for the function.  */
#include "instrument.h"

enum { ST_AT = 32, ST_SIZE = 128, SSE_AT = 160, HEADER_AT = 512, AVX_AT = 576, HALF = 16, X87 = 1, SSE = 2, AVX = 4 };

static bool in_strip(guest_addr a) { return ng_in_client(a) && ng_in_client(a + AVX_AT + 16 * HALF); }

/* Components that an instruction of this kind is asked for. */
static uint64_t requested(struct ng_thread *t, enum state_kind kind)
{
    return kind == STATE_FXSAVE || kind == STATE_FXRSTOR ? X87 | SSE : ng_reg(t, X86_RAX) & (X87 | SSE | AVX);
}

static void set_shadow(guest_addr a, const uint8_t *v, size_t size, origin_tag tag)
{
    uint8_t old;
    bool any = false;
    for (size_t i = 0; i < size; i++)
        if (v[i] && shadow_get_byte(a + i, &old)) {
            shadow_set_byte(a + i, v[i]);
            any = true;
        }
    if (any && tag)
        shadow_set_origin(a, size, tag);
}

static void get_shadow(guest_addr a, uint8_t *v, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!shadow_get_byte(a + i, &v[i]))
            v[i] = VPAT_DEFINED;
}

static bool any_undefined(const uint8_t *v, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (v[i])
            return true;
    return false;
}

void state_saved(struct ng_thread *t, guest_addr a, enum state_kind kind)
{
    const struct x86_state *s = ng_thread_state(t);
    const uint64_t what = requested(t, kind);
    uint8_t undefined[ST_SIZE];
    if (!in_strip(a))
        return;
    memset(undefined, VPAT_UNDEFINED, sizeof undefined);
    if (what & X87 && s->v.x87)
        set_shadow(a + ST_AT, undefined, ST_SIZE, s->o[X86_X87]);
    for (int i = 0; i < 16; i++) {
        if (what & SSE)
            set_shadow(a + SSE_AT + HALF * i, s->v.ymm[i], HALF, s->o[X86_YMM0 + i]);
        if (what & AVX)
            set_shadow(a + AVX_AT + HALF * i, s->v.ymm[i] + HALF, HALF, s->o[X86_YMM0 + i]);
    }
}

/* One half of a vector register; held: the image has it, else it is initial. */
static void restore_half(struct x86_state *s, int i, int half, guest_addr from, bool held)
{
    uint8_t *v = s->v.ymm[i] + HALF * half;
    guest_addr at;
    origin_tag tag = 0;
    memset(v, 0, HALF);
    if (!held)
        return;
    get_shadow(from, v, HALF);
    if (any_undefined(v, HALF) && shadow_find_undefined(from, HALF, &at, &tag))
        s->o[X86_YMM0 + i] = tag;
}

void state_restored(struct ng_thread *t, guest_addr a, enum state_kind kind)
{
    struct x86_state *s = ng_thread_state(t);
    const uint64_t what = requested(t, kind);
    uint64_t held = X87 | SSE;
    uint8_t st[ST_SIZE];
    if (!in_strip(a) || (kind == STATE_XRSTOR && ng_read(&held, a + HEADER_AT, sizeof held) != sizeof held))
        return;
    if (what & X87) {
        get_shadow(a + ST_AT, st, ST_SIZE);
        s->v.x87 = held & X87 && any_undefined(st, ST_SIZE) ? ~0ull : 0;
    }
    for (int i = 0; i < 16; i++) {
        if (what & SSE)
            restore_half(s, i, 0, a + SSE_AT + HALF * i, held & SSE);
        if (what & AVX)
            restore_half(s, i, 1, a + AVX_AT + HALF * i, held & AVX);
    }
}

/* 0F AE /0 /1 /4 /5 /6 and 0F C7 /4, with a memory operand and no prefix that makes another instruction of it. */
enum state_kind state_kind_of(const struct ir_insn *n)
{
    static const uint8_t ae[8] = { STATE_FXSAVE, STATE_FXRSTOR, 0, 0, STATE_XSAVE, STATE_XRSTOR, STATE_XSAVE, 0 };
    if (n->modrm_off < 2 || n->vex_len || n->bytes[n->modrm_off - 2] != 0x0f || n->bytes[n->modrm_off] >= 0xc0)
        return STATE_NONE;
    for (int i = 0; i < n->modrm_off - 2; i++)
        if (n->bytes[i] == 0x66 || n->bytes[i] == 0xf2 || n->bytes[i] == 0xf3)
            return STATE_NONE;
    const int opcode = n->bytes[n->modrm_off - 1], group = n->bytes[n->modrm_off] >> 3 & 7;
    return opcode == 0xae ? ae[group] : opcode == 0xc7 && group == 4 ? STATE_XSAVE : STATE_NONE;
}
