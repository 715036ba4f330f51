/* SPDX-License-Identifier: GPL-3.0-or-later */
/* needs: vex/guest_x86_64/quick.c, Zydis */
/* The quick decoder against the full one: wherever it answers, every field that
 * the front end reads is the same. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "vex/guest_x86_64/quick.h"

static ZydisDecoder decoder;
static uint64_t seed = 88172645463325252ull;
static long answered;

static uint64_t next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* rip and rflags, which the quick decoder leaves out. */
static bool is_left_out(const ZydisDecodedOperand *o)
{
    return o->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN && o->type == ZYDIS_OPERAND_TYPE_REGISTER &&
           (o->reg.value == ZYDIS_REGISTER_RIP || o->reg.value == ZYDIS_REGISTER_RFLAGS);
}

#define SAME(field) if (a->field != b->field) return #field

static const char *different_operand(const ZydisDecodedOperand *a, const ZydisDecodedOperand *b)
{
    SAME(type);
    SAME(visibility);
    SAME(actions);
    SAME(size);
    if ((a->encoding == ZYDIS_OPERAND_ENCODING_MODRM_RM) != (b->encoding == ZYDIS_OPERAND_ENCODING_MODRM_RM))
        return "encoding";
    switch (a->type) {
    case ZYDIS_OPERAND_TYPE_REGISTER:
        SAME(reg.value);
        break;
    case ZYDIS_OPERAND_TYPE_MEMORY:
        SAME(mem.type);
        SAME(mem.segment);
        SAME(mem.base);
        SAME(mem.index);
        SAME(mem.scale);
        SAME(mem.disp.value);
        break;
    default:
        SAME(imm.value.u);
    }
    return NULL;
}

static const char *different_raw(const ZydisDecodedInstructionRaw *a, const ZydisDecodedInstructionRaw *b, ZydisInstructionAttributes has)
{
    SAME(prefix_count);
    for (int i = 0; i < a->prefix_count; i++)
        SAME(prefixes[i].value);
    if (has & ZYDIS_ATTRIB_HAS_REX) {
        SAME(rex.offset);
        SAME(rex.B);
    }
    if (has & ZYDIS_ATTRIB_HAS_MODRM)
        SAME(modrm.offset);
    if (has & ZYDIS_ATTRIB_HAS_SIB)
        SAME(sib.offset);
    SAME(disp.size);
    if (a->disp.size) {
        SAME(disp.offset);
        SAME(disp.value);
    }
    SAME(imm[1].size);
    SAME(imm[0].size);
    if (a->imm[0].size) {
        SAME(imm[0].offset);
        SAME(imm[0].is_relative);
        SAME(imm[0].value.u);
    }
    return NULL;
}

static const char *different_flags(const ZydisAccessedFlags *a, const ZydisAccessedFlags *b)
{
    static const ZydisAccessedFlags none;
    a = a ? a : &none;
    SAME(tested);
    SAME(modified);
    SAME(set_0);
    SAME(set_1);
    SAME(undefined);
    return NULL;
}

/* The short way to IR_FLAG_* says what the long one says. */
static const char *different_ir_flags(const ZydisAccessedFlags *f)
{
    uint8_t read = 0xff, written = 0xff;
    if (!x86_quick_flags(f, &read, &written))
        return "x86_quick_flags";
    if (read != x86_flags_from_zydis(f->tested))
        return "flags read";
    return written != x86_flags_from_zydis(f->modified | f->set_0 | f->set_1 | f->undefined) ? "flags written" : NULL;
}

static const char *different(const ZydisDecodedInstruction *a, ZydisDecodedOperand *ao, const ZydisDecodedInstruction *b,
                             const ZydisDecodedOperand *bo)
{
    const ZydisInstructionAttributes has = ZYDIS_ATTRIB_HAS_MODRM | ZYDIS_ATTRIB_HAS_SIB | ZYDIS_ATTRIB_HAS_REX | ZYDIS_ATTRIB_HAS_LOCK |
                                           ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE |
                                           ZYDIS_ATTRIB_HAS_SEGMENT | ZYDIS_ATTRIB_IS_PRIVILEGED;
    const char *what;
    int n = 0;
    SAME(mnemonic);
    SAME(length);
    SAME(encoding);
    SAME(opcode_map);
    SAME(opcode);
    SAME(operand_width);
    SAME(address_width);
    SAME(meta.category);
    SAME(meta.isa_ext);
    if ((a->attributes & has) != (b->attributes & has))
        return "attributes";
    if ((what = different_raw(&a->raw, &b->raw, a->attributes)) || (what = different_flags(a->cpu_flags, b->cpu_flags)) ||
        (what = different_ir_flags(b->cpu_flags)))
        return what;
    for (int i = 0; i < a->operand_count; i++)
        if (!is_left_out(&ao[i]))
            ao[n++] = ao[i];
    if (n != b->operand_count)
        return "operand_count";
    SAME(operand_count_visible);
    for (int i = 0; i < n; i++)
        if ((what = different_operand(&ao[i], &bo[i])))
            return what;
    return NULL;
}

static void compare(const uint8_t *bytes)
{
    ZydisDecodedInstruction full, quick;
    ZydisDecodedOperand fo[ZYDIS_MAX_OPERAND_COUNT], qo[ZYDIS_MAX_OPERAND_COUNT];
    const char *what = "refused by the full decoder";

    memset(&quick, 0xa5, sizeof quick); /* what is not filled in must not be looked at */
    memset(qo, 0xa5, sizeof qo);
    if (!x86_quick_decode(bytes, 15, &quick, qo))
        return;
    answered++;
    if (ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, 15, &full, fo)))
        what = different(&full, fo, &quick, qo);
    if (what) {
        for (int i = 0; i < 15; i++)
            printf("%02x ", bytes[i]);
        ck_abort_msg("%s, mnemonic %s", what, ZydisMnemonicGetString(quick.mnemonic));
    }
}

START_TEST(every_opcode)
{
    static const uint8_t prefixes[] = { 0, 0x66, 0xf3, 0xf2 }, rexes[] = { 0, 0x40, 0x41, 0x42, 0x48, 0x4c, 0x4f };
    uint8_t bytes[15];
    for (int prefix = 0; prefix < 4; prefix++)
        for (unsigned rex = 0; rex < sizeof rexes; rex++)
            for (int op = 0; op < 512; op++)
                for (int modrm = 0; modrm < 256; modrm++) {
                    int n = 0;
                    if (prefixes[prefix])
                        bytes[n++] = prefixes[prefix];
                    if (rexes[rex])
                        bytes[n++] = rexes[rex];
                    if (op > 255)
                        bytes[n++] = 0x0f;
                    bytes[n++] = op;
                    bytes[n++] = modrm;
                    for (uint64_t tail = next(); n < 15; tail = tail >> 8 | tail << 56)
                        bytes[n++] = tail;
                    compare(bytes);
                }
    ck_assert_int_gt(answered, 400000);
}
END_TEST

START_TEST(random_bytes)
{
    uint8_t bytes[16];
    for (int i = 0; i < 500000; i++) {
        const uint64_t a = next(), b = next();
        memcpy(bytes, &a, 8);
        memcpy(bytes + 8, &b, 8);
        compare(bytes);
    }
}
END_TEST

/* Never past what may be read. */
START_TEST(short_buffers)
{
    static const uint8_t mov[15] = { 0x48, 0x8b, 0x05 };
    ZydisDecodedInstruction zi;
    ZydisDecodedOperand zo[ZYDIS_MAX_OPERAND_COUNT];
    for (size_t n = 0; n < 15; n++)
        ck_assert(!x86_quick_decode(mov, n, &zi, zo));
    ck_assert(x86_quick_decode(mov, 15, &zi, zo));
    ck_assert_int_eq(zi.length, 7);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("quick");
    TCase *t = tcase_create("quick");
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, every_opcode);
    tcase_add_test(t, random_bytes);
    tcase_add_test(t, short_buffers);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
