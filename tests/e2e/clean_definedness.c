/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Definedness of vector and x87 instructions, by brute force: run with undefined bits, then turn
 * those bits over; every bit of the result that changes must have been called undefined. */
// not under: flush: takes minutes
// build: gcc -O1 -mavx2 -mfma -mf16c -w
// native: no
// exit: 0
// differs: valgrind reports an undefined vector shift count itself; nagrind lets it make the result undefined
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "valgrind/memcheck.h"

/* Operands: ymm0 from a, ymm1 from b, ymm2 of both; the result is ymm0. */
#define RUN(name, text) \
    static void name(void *d, const void *a, const void *b) { \
        __asm__ volatile("vmovups (%1),%%ymm0; vmovups (%2),%%ymm1; vmovups 16(%2),%%xmm2; vinsertf128 $1,(%1),%%ymm2,%%ymm2;" \
                         text "; vmovups %%ymm0,(%0); vzeroupper" : : "r"(d), "r"(a), "r"(b) \
                         : "memory", "rcx", "rax", "cc", "xmm0", "xmm1", "xmm2"); }
#define X "%%xmm1,%%xmm0"
#define X3 "%%xmm1,%%xmm0,%%xmm0"
#define Y2 "%%ymm1,%%ymm0"
#define Y3 "%%ymm1,%%ymm0,%%ymm0"
/* legacy, VEX with 128 and 256 bits */
#define EACH_BINARY(F) F(paddb) F(paddw) F(paddd) F(paddq) F(psubb) F(psubw) F(psubd) F(psubq) F(paddsb) F(paddsw) F(paddusb) F(paddusw) \
    F(psubsb) F(psubsw) F(psubusb) F(psubusw) F(pmullw) F(pmulhw) F(pmulhuw) F(pmuludq) F(pmaddwd) F(psadbw) F(pavgb) F(pavgw) F(pminub) \
    F(pminsw) F(pmaxub) F(pmaxsw) F(pcmpeqb) F(pcmpeqw) F(pcmpeqd) F(pcmpgtb) F(pcmpgtw) F(pcmpgtd) F(packsswb) F(packssdw) F(packuswb) \
    F(punpcklbw) F(punpcklwd) F(punpckldq) F(punpcklqdq) F(punpckhbw) F(punpckhwd) F(punpckhdq) F(punpckhqdq) F(pand) F(pandn) F(por) \
    F(pxor) F(pshufb) F(pmaddubsw) F(pmulhrsw) F(phaddw) F(phaddd) F(phsubw) F(phsubd) F(phaddsw) F(phsubsw) F(psignb) F(psignw) \
    F(psignd) F(pmulld) F(pmuldq) F(pminsb) F(pminsd) F(pminuw) F(pminud) F(pmaxsb) F(pmaxsd) F(pmaxuw) F(pmaxud) F(pcmpeqq) F(pcmpgtq) \
    F(packusdw) F(andps) F(andpd) F(andnps) F(andnpd) F(orps) F(orpd) F(xorps) F(xorpd) F(unpcklps) F(unpcklpd) F(unpckhps) F(unpckhpd) \
    F(addps) F(addpd) F(subps) F(subpd) F(mulps) F(mulpd) F(divps) F(divpd) F(minps) F(minpd) F(maxps) F(maxpd) F(haddps) F(haddpd) \
    F(hsubps) F(hsubpd) F(addsubps) F(addsubpd)
/* legacy and VEX with 128 bits, three operands */
#define EACH_XMM(F) F(psllw) F(pslld) F(psllq) F(psrlw) F(psrld) F(psrlq) F(psraw) F(psrad) F(movss) F(movsd) F(addss) F(addsd) F(subss) \
    F(subsd) F(mulss) F(mulsd) F(divss) F(divsd) F(minss) F(minsd) F(maxss) F(maxsd) F(movhlps) F(movlhps) F(sqrtss) F(sqrtsd) F(cvtss2sd) \
    F(cvtsd2ss) F(rcpss) F(rsqrtss)
/* legacy with 128 and VEX with 256 bits, one source */
#define EACH_UNARY(F) F(pabsb) F(pabsw) F(pabsd) F(movdqa) F(movaps) F(movapd) F(movddup) F(movshdup) F(movsldup) F(sqrtps) F(sqrtpd) \
    F(cvtdq2ps) F(cvtps2dq) F(cvttps2dq) F(rcpps) F(rsqrtps)
/* legacy, and VEX from xmm to ymm */
#define EACH_WIDENING(F) F(pmovzxbw) F(pmovzxbd) F(pmovzxbq) F(pmovzxwd) F(pmovzxwq) F(pmovzxdq) F(pmovsxbw) F(pmovsxbd) F(pmovsxbq) \
    F(pmovsxwd) F(pmovsxwq) F(pmovsxdq) F(cvtps2pd) F(cvtdq2pd)
#define EACH_LEGACY(F) F(movq) F(cvtpd2ps) F(cvtpd2dq) F(cvttpd2dq) F(phminposuw) F(aesimc) F(aesenc)
/* with an immediate */
#define EACH_IMM(F) F(shufps, 0x1b) F(shufpd, 2) F(palignr, 5) F(blendps, 5) F(blendpd, 2) F(pblendw, 0xa5) F(cmpps, 1) F(cmppd, 2)
#define EACH_IMM_XMM(F) F(insertps, 0x9a) F(cmpss, 1) F(cmpsd, 2) F(roundss, 1) F(roundsd, 1) F(pclmulqdq, 0x10) F(mpsadbw, 5) \
    F(dpps, 0xf1) F(dpps, 0x3e) F(dppd, 0x12)
#define EACH_IMM_UNARY(F) F(pshufd, 0x1b) F(pshuflw, 0x1b) F(pshufhw, 0x9c) F(roundps, 1) F(roundpd, 1)
#define EACH_SHIFT(F) F(psllw, 3) F(pslld, 5) F(psllq, 9) F(psrlw, 3) F(psrld, 5) F(psrlq, 40) F(psraw, 3) F(psrad, 31) F(pslldq, 3) F(psrldq, 5)
/* the rest: name and text; the flags and general registers go to ymm0 */
#define ECX(text) text "; movd %%ecx,%%xmm0"
#define BIT(text, set) ECX(text "; " set " %%cl; movzbl %%cl,%%ecx")
#define EACH_ODD(F) \
    F(psllvd, "vpsllvd " Y3) F(psllvq, "vpsllvq " Y3) F(psrlvd, "vpsrlvd " Y3) F(psrlvq, "vpsrlvq " Y3) F(psravd, "vpsravd " Y3) \
    F(permd, "vpermd " Y3) F(permps, "vpermps " Y3) F(permq, "vpermq $0x1b," Y2) F(perm128, "vperm2i128 $0x21," Y3) \
    F(perm128z, "vperm2f128 $0x83," Y3) F(insert1, "vinserti128 $1,%%xmm1,%%ymm0,%%ymm0") F(insert0, "vinsertf128 $0,%%xmm1,%%ymm0,%%ymm0") \
    F(extract1, "vextracti128 $1,%%ymm1,%%xmm0") F(extract0, "vextractf128 $0,%%ymm1,%%xmm0") F(splatb, "vpbroadcastb %%xmm1,%%ymm0") \
    F(splatw, "vpbroadcastw %%xmm1,%%ymm0") F(splatd, "vpbroadcastd %%xmm1,%%ymm0") F(splatq, "vpbroadcastq %%xmm1,%%ymm0") \
    F(splatx, "vbroadcasti128 (%2),%%ymm0") F(permilps, "vpermilps $0x1b," Y2) F(permilpd, "vpermilpd $5," Y2) F(vpermilps, "vpermilps " Y3) \
    F(vpermilpd, "vpermilpd " Y3) F(blendd, "vpblendd $0xa5," Y3) F(blendvb, "pblendvb %%xmm0," X) F(vblendvb, "vpblendvb %%ymm2," Y3) \
    F(vblendvps, "vblendvps %%ymm2," Y3) F(vblendvpd, "vblendvpd %%ymm2," Y3) F(fmaps, "vfmadd231ps %%ymm2," Y2) \
    F(fmasd, "vfmadd132sd %%xmm2," X) F(fmspd, "vfnmsub213pd %%ymm2," Y2) F(fmas, "vfmaddsub231ps %%ymm2," Y2) \
    F(cvtpd2psy, "vcvtpd2psy %%ymm1,%%xmm0") F(cvtpd2dqy, "vcvttpd2dqy %%ymm1,%%xmm0") F(ps2ph, "vcvtps2ph $0,%%ymm1,%%xmm0") \
    F(ps2phx, "vcvtps2ph $0," X) F(ps2phm, "vcvtps2ph $0,%%xmm1,(%0); movq (%0),%%xmm0") F(ph2ps, "vcvtph2ps %%xmm1,%%ymm0") \
    F(movlps, "movlps 8(%2),%%xmm0") F(movhps, "movhps (%2),%%xmm0") F(loadss, "movss 4(%2),%%xmm0") F(loadsd, "movsd 8(%2),%%xmm0") \
    F(loadd, "movd (%2),%%xmm0") F(pinsrb, "pinsrb $3,5(%2),%%xmm0") F(pinsrw, "pinsrw $3,6(%2),%%xmm0") F(pinsrq, "vpinsrq $1,8(%2),%%xmm0,%%xmm0") \
    F(movqr, "movq %%xmm1,%%rcx; movq %%rcx,%%xmm0") F(movmskb, ECX("pmovmskb %%xmm1,%%ecx")) F(vmovmskb, ECX("vpmovmskb %%ymm1,%%ecx")) \
    F(movmskps, ECX("movmskps %%xmm1,%%ecx")) F(movmskpd, ECX("vmovmskpd %%ymm1,%%ecx")) F(ptestc, BIT("ptest " X, "setc")) \
    F(ptestz, BIT("ptest " X, "setz")) F(vtestps, BIT("vtestps " Y2, "setc")) F(vtestpd, BIT("vtestpd " Y2, "setz")) \
    F(ucomisd, BIT("ucomisd " X, "setc")) F(comiss, BIT("comiss " X, "setp")) F(sd2si, "cvttsd2si %%xmm1,%%rcx; movq %%rcx,%%xmm0") \
    F(ss2si, ECX("cvtss2si %%xmm1,%%ecx")) F(si2sd, "mov (%2),%%rcx; cvtsi2sd %%rcx,%%xmm0") F(si2ss, "mov 4(%2),%%ecx; cvtsi2ss %%ecx,%%xmm0") \
    F(pextrw, ECX("pextrw $1,%%xmm1,%%ecx")) F(pextrb, ECX("pextrb $5,%%xmm1,%%ecx")) F(pextrd, ECX("pextrd $3,%%xmm1,%%ecx")) \
    F(zero, "pxor %%xmm0,%%xmm0") F(ones, "vpcmpeqd %%ymm0,%%ymm0,%%ymm0") F(zeroupper, "vzeroupper") F(pcmpistri, ECX("pcmpistri $8," X)) \
    F(x87add, "fldl (%1); faddl (%2); fstpl (%0); movq (%0),%%xmm0") F(x87mulp, "fldl (%1); fldl (%2); fmulp; fstpl (%0); movq (%0),%%xmm0") \
    F(x87xch, "fldl (%1); fldl (%2); fxch; fstp %%st(0); fstpl (%0); movq (%0),%%xmm0") \
    F(x87deep, "fldl (%1); fldl 8(%2); fldz; faddp %%st,%%st(2); fstpl 8(%0); fstpl (%0); movups (%0),%%xmm0") \
    F(x87int, "fildq (%2); fistpq (%0); movq (%0),%%xmm0") \
    F(x87comi, BIT("fldl (%1); fldl (%2); fucomip %%st(1),%%st; fstp %%st(0)", "setc")) \
    F(x87com, ECX("fldl (%1); fcompl (%2); fnstsw %%ax; movzwl %%ax,%%ecx; and $0x4700,%%ecx")) \
    F(x87comp, ECX("fldl (%1); fldl (%2); fucompp; fnstsw %%ax; movzwl %%ax,%%ecx; and $0x4500,%%ecx")) \
    F(x87move, "fldt (%1); fstpt (%0); movups (%0),%%xmm0") F(x87pi, "fldl (%1); fldpi; fpatan; fstpl (%0); movq (%0),%%xmm0") \
    F(x87cmov, "fldl (%1); fldl (%2); cmp %%ecx,%%ecx; fcmove %%st(1),%%st; fstpl (%0); fstp %%st(0); movq (%0),%%xmm0") \
    F(x87save, "fldl (%1); fldl (%2); sub $0x100,%%rsp; fnsave (%%rsp); frstor (%%rsp); add $0x100,%%rsp; fstpl (%0); fstpl 8(%0); movups (%0),%%xmm0") \
    F(mmx, "movq (%1),%%mm0; paddb (%2),%%mm0; movq %%mm0,(%0); emms; movq (%0),%%xmm0")

#define MAKE_BINARY(m) RUN(l_##m, #m " " X) RUN(x_##m, "v" #m " " X3) RUN(y_##m, "v" #m " " Y3)
#define MAKE_XMM(m) RUN(l_##m, #m " " X) RUN(x_##m, "v" #m " " X3)
#define MAKE_UNARY(m) RUN(l_##m, #m " " X) RUN(y_##m, "v" #m " " Y2)
#define MAKE_WIDENING(m) RUN(l_##m, #m " " X) RUN(y_##m, "v" #m " %%xmm1,%%ymm0")
#define MAKE_LEGACY(m) RUN(l_##m, #m " " X)
#define MAKE_IMM(m, i) RUN(l_##m##i, #m " $" #i "," X) RUN(y_##m##i, "v" #m " $" #i "," Y3)
#define MAKE_IMM_XMM(m, i) RUN(l_##m##i, #m " $" #i "," X) RUN(x_##m##i, "v" #m " $" #i "," X3)
#define MAKE_IMM_UNARY(m, i) RUN(l_##m##i, #m " $" #i "," X) RUN(y_##m##i, "v" #m " $" #i "," Y2)
#define MAKE_SHIFT(m, i) RUN(l_##m##i, #m " $" #i ",%%xmm0") RUN(y_##m##i, "v" #m " $" #i "," Y2)
#define MAKE_ODD(m, text) RUN(o_##m, text)
#define LIST(MAKE) EACH_BINARY(MAKE##_BINARY) EACH_XMM(MAKE##_XMM) EACH_UNARY(MAKE##_UNARY) EACH_WIDENING(MAKE##_WIDENING) \
    EACH_LEGACY(MAKE##_LEGACY) EACH_IMM(MAKE##_IMM) EACH_IMM_XMM(MAKE##_IMM_XMM) EACH_IMM_UNARY(MAKE##_IMM_UNARY) EACH_SHIFT(MAKE##_SHIFT) \
    EACH_ODD(MAKE##_ODD)
LIST(MAKE)
#define ROW(f) { #f, f },
#define NAME_BINARY(m) ROW(l_##m) ROW(x_##m) ROW(y_##m)
#define NAME_XMM(m) ROW(l_##m) ROW(x_##m)
#define NAME_UNARY(m) ROW(l_##m) ROW(y_##m)
#define NAME_WIDENING(m) ROW(l_##m) ROW(y_##m)
#define NAME_LEGACY(m) ROW(l_##m)
#define NAME_IMM(m, i) ROW(l_##m##i) ROW(y_##m##i)
#define NAME_IMM_XMM(m, i) ROW(l_##m##i) ROW(x_##m##i)
#define NAME_IMM_UNARY(m, i) ROW(l_##m##i) ROW(y_##m##i)
#define NAME_SHIFT(m, i) ROW(l_##m##i) ROW(y_##m##i)
#define NAME_ODD(m, text) ROW(o_##m)
static const struct { const char *name; void (*run)(void *, const void *, const void *); } ops[] = { LIST(NAME) };

struct vec { uint8_t b[32]; } __attribute__((aligned(32)));
static uint64_t seed = 88172645463325252ull;
static uint64_t next(void) { seed ^= seed << 13; seed ^= seed >> 7; seed ^= seed << 17; return seed * 0x2545f4914f6cdd1dull; }

static struct vec random_value(void)
{
    struct vec v;
    for (int i = 0; i < 32; i += 8) {
        uint64_t x = next();
        double d = (int32_t)x / 1024.0;
        switch (next() % 5) {
        case 0: x &= 0x0101010101010101; break;
        case 1: x = 0; break;
        case 2: x &= 0x00ff00ff000000ff; break;
        case 3: memcpy(&x, &d, 8); break;
        }
        memcpy(v.b + i, &x, 8);
    }
    return v;
}

/* Undefined bits: here and there, whole bytes, elements. */
static struct vec random_mask(void)
{
    struct vec m = { { 0 } };
    const int kind = next() % 6, element = next() % 8;
    for (int i = 0; i < 32; i++)
        switch (kind) {
        case 0: m.b[i] = next() & 15 ? 0 : next(); break;
        case 1: m.b[i] = next() & 3 ? 0 : 0xff; break;
        case 2: m.b[i] = i / 4 == element ? 0xff : 0; break;
        case 3: m.b[i] = i / 8 == element % 4 ? 0xff : 0; break;
        case 4: m.b[i] = next() & 31 ? 0 : 1 << (next() & 7); break;
        }
    return m;
}

static struct vec turned(struct vec v, const struct vec *mask, int how)
{
    for (int i = 0; i < 32; i++)
        v.b[i] ^= mask->b[i] & (how == 0 ? 0xff : how & 1 ? next() & next() : next());
    return v;
}

/* 1: a bit that depends on undefined ones is called defined. */
static int unsound(int k)
{
    const struct vec a = random_value(), b = random_value(), ma = random_mask(), mb = random_mask();
    struct vec ua = a, ub = b, d = { { 0 } }, vd, changed = { { 0 } };
    VALGRIND_SET_VBITS(&ua, &ma, 32);
    VALGRIND_SET_VBITS(&ub, &mb, 32);
    ops[k].run(&d, &ua, &ub);
    VALGRIND_GET_VBITS(&d, &vd, 32);
    VALGRIND_MAKE_MEM_DEFINED(&d, 32);
    for (int i = 0; i < 16; i++) {
        const struct vec a2 = turned(a, &ma, i), b2 = turned(b, &mb, i);
        struct vec r = { { 0 } };
        ops[k].run(&r, &a2, &b2);
        for (int j = 0; j < 32; j++)
            changed.b[j] |= r.b[j] ^ d.b[j];
    }
    for (int j = 0; j < 32; j++)
        if (changed.b[j] & ~vd.b[j])
            return 1;
    return 0;
}

int main(void)
{
    int bad = 0;
    for (unsigned k = 0; k < sizeof ops / sizeof *ops; k++) {
        int n = 0;
        for (int i = 0; i < 12; i++)
            n += unsound(k);
        if (n)
            printf("%s: %d of 12 times too defined\n", ops[k].name, n);
        bad |= n;
    }
    return bad != 0;
}
