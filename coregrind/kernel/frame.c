/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/frame: the x86-64 signal frame, as arch/x86/kernel/signal.c lays it out, and back.
 *
 *     sp ->  pretcode (sa_restorer) | ucontext | siginfo      sp = 8 mod 16
 *            ... up to 64-byte alignment: XSAVE image (x87, SSE, AVX), magic word
 *            red zone (128 bytes) of the interrupted code
 *
 * x87 and MXCSR are read from and written to the hardware: they are the guest's at any
 * time.  A handler starts with all of it in its initial state, as native.  Shadows of
 * the registers are kept beside, since code after sigreturn must find its own again.  */
#include <immintrin.h>
#include "kernel/signals.h"
#include "report/report.h"
#include "tool/load.h"

enum {
    XSAVE_AREA = 832, AVX_OFFSET = 576, XFEATURES = 7,
    FX_SW_OFFSET = 464, FX_MXCSR_OFFSET = 24, FX_XMM_OFFSET = 160, XSAVE_HEADER = 512,
    FP_SIZE = XSAVE_AREA + 4,
};
#define XSTATE_MAGIC1 0x46505853u
#define XSTATE_MAGIC2 0x46505845u
#define UC_FLAGS (1ull | 2 | 4)    /* UC_FP_XSTATE, UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS */
#define FIX_EFLAGS 0x40cd5ull      /* AC OF DF SF ZF AF PF CF: what a frame may set (TF and RF are not honoured) */
#define ALT_AUTODISARM (1u << 31)

struct frame_context {             /* struct sigcontext_64 */
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
    uint16_t cs, gs, fs, ss;
    uint64_t err, trapno, oldmask, cr2, fpstate, reserved[8];
};
struct frame {
    uint64_t pretcode;
    uint64_t uc_flags, uc_link;
    uint64_t stack_sp; int32_t stack_flags, pad; uint64_t stack_size;
    struct frame_context c;
    uint64_t mask;
    siginfo_t info;
};
_Static_assert(sizeof(struct frame) == 440 && sizeof(struct frame_context) == 256, "the kernel's layout");

struct fx_sw { uint32_t magic1, extended_size; uint64_t xfeatures; uint32_t xstate_size, pad[7]; };
_Static_assert(sizeof(struct fx_sw) == 48, "the kernel's layout");

struct xsave_area { uint8_t b[1024] __attribute__((aligned(64))); };

/* Place of each general register in frame_context, in x86 order. */
static const uint8_t context_offset[16] = {
#define AT(r) offsetof(struct frame_context, r)
    AT(rax), AT(rcx), AT(rdx), AT(rbx), AT(rsp), AT(rbp), AT(rsi), AT(rdi),
    AT(r8), AT(r9), AT(r10), AT(r11), AT(r12), AT(r13), AT(r14), AT(r15),
#undef AT
};

static uint32_t mxcsr_mask = 0xffbf;

void kernel_frame_init(void)
{
    struct xsave_area fx;
    memset(&fx, 0, sizeof fx);
    __asm__ volatile("fxsave64 %0" : "=m"(fx));
    memcpy(&mxcsr_mask, fx.b + 28, 4);
    if (!mxcsr_mask)
        mxcsr_mask = 0xffbf;
}

/* ---- shadows of interrupted registers ---- */

struct kernel_shadows { guest_addr frame; uint64_t attention; struct x86_planes_v v; uint32_t o[X86_SLOTS]; };
enum { MAX_SHADOWS = 64 };

static void shadows_push(struct ng_thread *t, guest_addr frame)
{
    struct kernel_pending *p = t->pending;
    if (!tool->wants_planes_v)
        return;
    if (!p->shadows)
        p->shadows = base_alloc(MAX_SHADOWS * sizeof *p->shadows);
    if (p->n_shadows == MAX_SHADOWS) /* handlers left by longjmp, most likely */
        memmove(p->shadows, p->shadows + 1, (size_t)--p->n_shadows * sizeof *p->shadows);
    struct kernel_shadows *s = &p->shadows[p->n_shadows++];
    s->frame = frame;
    s->attention = t->state.attention & ~X86_ATT_EVENTS;
    s->v = t->state.v;
    memcpy(s->o, t->state.o, sizeof s->o);
}

static void shadows_pop(struct ng_thread *t, guest_addr frame)
{
    struct kernel_pending *p = t->pending;
    for (int i = p->n_shadows; i-- > 0;) {
        const struct kernel_shadows *s = &p->shadows[i];
        if (s->frame != frame)
            continue;
        t->state.v = s->v;
        memcpy(t->state.o, s->o, sizeof s->o);
        __atomic_and_fetch(&t->state.attention, X86_ATT_EVENTS, __ATOMIC_SEQ_CST);
        __atomic_or_fetch(&t->state.attention, s->attention, __ATOMIC_SEQ_CST);
        p->n_shadows = i;
        return;
    }
}

/* ---- vector and floating-point state ---- */

static void fp_reset(struct ng_thread *t)
{
    const uint32_t mxcsr = 0x1f80;
    __asm__ volatile("fninit; ldmxcsr %0" : : "m"(mxcsr));
    memset(t->state.ymm, 0, sizeof t->state.ymm);
    memset(t->state.v.ymm, 0, sizeof t->state.v.ymm);
    t->state.v.x87 = t->state.v.mxcsr = 0;
}

/* XSAVE image of the guest's state: x87 and MXCSR from the hardware, vectors from t->state. */
static void fp_save(const struct ng_thread *t, struct xsave_area *x)
{
    memset(x, 0, sizeof *x);
    __asm__ volatile("xsave64 %0" : "+m"(*x) : "a"(3), "d"(0));
    const uint64_t bv = XFEATURES;
    memcpy(x->b + XSAVE_HEADER, &bv, sizeof bv);
    for (int i = 0; i < 16; i++) {
        memcpy(x->b + FX_XMM_OFFSET + 16 * i, t->state.ymm[i], 16);
        memcpy(x->b + AVX_OFFSET + 16 * i, t->state.ymm[i] + 16, 16);
    }
    const struct fx_sw sw = { .magic1 = XSTATE_MAGIC1, .extended_size = FP_SIZE, .xfeatures = XFEATURES,
                              .xstate_size = XSAVE_AREA };
    memcpy(x->b + FX_SW_OFFSET, &sw, sizeof sw);
    const uint32_t magic2 = XSTATE_MAGIC2;
    memcpy(x->b + XSAVE_AREA, &magic2, sizeof magic2);
}

static void fp_load(struct ng_thread *t, struct xsave_area *x, uint64_t bv)
{
    uint32_t mxcsr;
    memcpy(&mxcsr, x->b + FX_MXCSR_OFFSET, 4);
    mxcsr &= mxcsr_mask;
    memcpy(x->b + FX_MXCSR_OFFSET, &mxcsr, 4);
    for (int i = 0; i < 16; i++) {
        memset(t->state.ymm[i], 0, 32);
        if (bv & 2)
            memcpy(t->state.ymm[i], x->b + FX_XMM_OFFSET + 16 * i, 16);
        if (bv & 4)
            memcpy(t->state.ymm[i] + 16, x->b + AVX_OFFSET + 16 * i, 16);
    }
    memset(x->b + XSAVE_HEADER, 0, 64);
    const uint64_t header = bv & 3;
    memcpy(x->b + XSAVE_HEADER, &header, sizeof header);
    __asm__ volatile("xrstor64 %0" : : "m"(*x), "a"(3), "d"(0)
                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
                       "xmm12", "xmm13", "xmm14", "xmm15");
}

/* The image a frame points to; without the magic words only its FXSAVE part counts. */
static bool fp_restore(struct ng_thread *t, guest_addr at)
{
    struct xsave_area x;
    struct fx_sw sw;
    uint32_t magic2 = 0;
    uint64_t bv = 3;
    if (!at) {
        fp_reset(t);
        return true;
    }
    memset(&x, 0, sizeof x);
    if (ng_read(&x, at, 512) != 512)
        return false;
    memcpy(&sw, x.b + FX_SW_OFFSET, sizeof sw);
    if (sw.magic1 == XSTATE_MAGIC1 && sw.xstate_size >= XSAVE_AREA && sw.xstate_size <= 1 << 16 &&
        ng_read(&magic2, at + sw.xstate_size, 4) == 4 && magic2 == XSTATE_MAGIC2) {
        if (ng_read(&x, at, XSAVE_AREA) != XSAVE_AREA)
            return false;
        memcpy(&bv, x.b + XSAVE_HEADER, sizeof bv);
        bv &= sw.xfeatures & XFEATURES;
    }
    fp_load(t, &x, bv);
    return true;
}

void kernel_vectors_from_context(const ucontext_t *uc, uint8_t ymm[16][32], uint32_t skip)
{
    const uint8_t *fp = (const uint8_t *)uc->uc_mcontext.fpregs;
    struct fx_sw sw;
    uint64_t bv = 3;
    memcpy(&sw, fp + FX_SW_OFFSET, sizeof sw);
    if (sw.magic1 == XSTATE_MAGIC1)
        memcpy(&bv, fp + XSAVE_HEADER, sizeof bv);
    for (int i = 0; i < 16; i++) {
        if (skip >> i & 1)
            continue;
        memset(ymm[i], 0, 32);
        if (bv & 2)
            memcpy(ymm[i], fp + FX_XMM_OFFSET + 16 * i, 16);
        if (bv & 4)
            memcpy(ymm[i] + 16, fp + AVX_OFFSET + 16 * i, 16);
    }
}

/* ---- the frame ---- */

static bool on_altstack(const struct ng_thread *t, guest_addr sp)
{
    const struct kernel_sigaltstack *a = &t->altstack;
    return a->size && !((uint32_t)a->flags & ALT_AUTODISARM) && sp > a->sp && sp - a->sp <= a->size;
}

int kernel_altstack_flags(const struct ng_thread *t, guest_addr sp)
{
    return !t->altstack.size ? SS_DISABLE : on_altstack(t, sp) ? SS_ONSTACK : 0;
}

/* Addresses of the frame and its XSAVE image, and from where the stack grows down to it; false if they do not fit the
 * alternate stack. */
static bool frame_place(const struct ng_thread *t, const struct kernel_sigaction *a, guest_addr *frame, guest_addr *fp, guest_addr *from)
{
    guest_addr sp = t->state.gpr[X86_RSP];
    const bool nested = on_altstack(t, sp);
    bool entering = false;
    *from = sp;
    sp -= 128;
    if ((a->flags & SA_ONSTACK) && kernel_altstack_flags(t, sp) == 0) {
        *from = sp = t->altstack.sp + t->altstack.size;
        entering = true;
    }
    *fp = ROUND_DOWN(sp - FP_SIZE, 64);
    *frame = ROUND_DOWN(*fp - sizeof(struct frame), 16) - 8;
    const guest_addr low = t->altstack.sp;
    return !(nested || entering) || (*frame > low && *frame - low <= t->altstack.size);
}

static void frame_fill(const struct ng_thread *t, struct frame *f)
{
    const struct x86_state *s = &t->state;
    for (int i = 0; i < 16; i++)
        memcpy((char *)&f->c + context_offset[i], &s->gpr[i], 8);
    f->c.rip = s->rip;
    f->c.eflags = s->rflags | 0x202;
    f->c.cs = 0x33;
    f->c.ss = 0x2b;
    f->uc_flags = UC_FLAGS;
    f->stack_sp = t->altstack.sp;
    f->stack_size = t->altstack.size;
    f->stack_flags = kernel_altstack_flags(t, s->gpr[X86_RSP]) | (int32_t)((uint32_t)t->altstack.flags & ALT_AUTODISARM);
}

/* The handler's registers. */
static void enter_handler(struct ng_thread *t, const struct kernel_sigaction *a, int sig, guest_addr frame)
{
    static const uint8_t set[] = { X86_RDI, X86_RSI, X86_RDX, X86_RAX, X86_RSP };
    struct x86_state *s = &t->state;
    s->gpr[X86_RDI] = (uint64_t)sig;
    s->gpr[X86_RSI] = frame + offsetof(struct frame, info);
    s->gpr[X86_RDX] = frame + offsetof(struct frame, uc_flags);
    s->gpr[X86_RAX] = 0;
    s->gpr[X86_RSP] = frame;
    s->rip = a->handler;
    s->rflags &= ~0x400ull;
    fp_reset(t);
    for (size_t i = 0; tool->events.post_reg_write && i < sizeof set; i++)
        tool->events.post_reg_write(t, set[i], 8);
}

bool kernel_frame_push(struct ng_thread *t, const struct kernel_sigaction *a, const siginfo_t *info, kernel_sigset saved_mask,
                       int trapno, int err, guest_addr cr2)
{
    struct xsave_area x;
    struct frame f = { .pretcode = a->restorer, .mask = saved_mask, .info = *info };
    guest_addr at, fp, from;
    if (!(a->flags & 0x04000000 /* SA_RESTORER */) || !frame_place(t, a, &at, &fp, &from))
        return false;
    fp_save(t, &x);
    frame_fill(t, &f);
    f.c.fpstate = fp;
    f.c.trapno = (uint64_t)trapno;
    f.c.err = (uint64_t)err;
    f.c.cr2 = cr2;
    f.c.oldmask = saved_mask;
    if (ng_write(at, &f, sizeof f) != sizeof f || ng_write(fp, &x, FP_SIZE) != FP_SIZE)
        return false;
    shadows_push(t, at);
    if (tool->events.stack_set)
        tool->events.stack_set(t, from, at);
    if (tool->events.post_mem_write)
        tool->events.post_mem_write(t, at, fp + FP_SIZE - at);
    if ((uint32_t)t->altstack.flags & ALT_AUTODISARM)
        t->altstack = (struct kernel_sigaltstack){ .flags = SS_DISABLE };
    enter_handler(t, a, info->si_signo, at);
    return true;
}

static void restore_altstack(struct ng_thread *t, const struct frame *f)
{
    struct kernel_sigaltstack *a = &t->altstack;
    const uint32_t mode = (uint32_t)f->stack_flags & ~ALT_AUTODISARM;
    if (on_altstack(t, t->state.gpr[X86_RSP]) || (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0))
        return;
    if (mode == SS_DISABLE)
        *a = (struct kernel_sigaltstack){ .flags = SS_DISABLE };
    else if (f->stack_size >= 2048)
        *a = (struct kernel_sigaltstack){ .sp = f->stack_sp, .flags = f->stack_flags, .size = f->stack_size };
}

bool kernel_frame_pop(struct ng_thread *t, kernel_sigset *mask)
{
    struct x86_state *s = &t->state;
    struct frame f;
    const guest_addr sp = s->gpr[X86_RSP], at = sp - 8;
    if (ng_read(&f, at, sizeof f) != sizeof f || !fp_restore(t, f.c.fpstate))
        return false;
    for (int i = 0; i < 16; i++)
        memcpy(&s->gpr[i], (char *)&f.c + context_offset[i], 8);
    s->rip = f.c.rip;
    s->rflags = (s->rflags & ~FIX_EFLAGS) | (f.c.eflags & FIX_EFLAGS) | 0x202;
    *mask = f.mask;
    restore_altstack(t, &f);
    if (tool->events.stack_set)
        tool->events.stack_set(t, sp, s->gpr[X86_RSP]);
    shadows_pop(t, at);
    return true;
}
