/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ir/print: the text form of a block; ir/parse reads it back to the same block.
 *
 *     block pc=0x401000 bytes=3 form=tandem mode=1 mask=0x1 kill=0 entry_mode=1 flags_out=0x3f
 *     insn pc=0x401000 bytes=488b07 gpr_read=0x80 ...
 *     exit jump pc=0x401003 mode=0 aux=0
 *     imark #0
 *     %2 = get.i64 g rdi+0
 *     %3 = load.i64 g [%2 + _<<0 + 0x0] {described}
 *
 * One line an op; ops are numbered from 1 in order, values or not. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "vex/ir/text.h"

static void print_ref(FILE *f, ir_ref r)
{
    if (r)
        fprintf(f, "%%%u", r);
    else
        fputc('_', f);
}

static void print_refs(FILE *f, const ir_ref *r, int n)
{
    while (n > 0 && r[n - 1] == IR_NONE)
        n--;
    for (int i = 0; i < n; i++) {
        fputc(' ', f);
        print_ref(f, r[i]);
    }
}

static void print_flags(FILE *f, uint8_t flags)
{
    const char *sep = " {";
    for (const struct ir_flag_word *w = ir_flag_words; w->bit; w++)
        if (flags & w->bit) {
            fprintf(f, "%s%s", sep, w->text);
            sep = ",";
        }
    if (flags)
        fputc('}', f);
}

static void print_op(FILE *f, const struct ir_op *op, ir_ref number)
{
    const struct ir_row *row = &ir_rows[op->op];
    const ir_ref refs[4] = { op->a, op->b, op->c, op->d };
    if (ir_result_type(op) != IR_VOID)
        fprintf(f, "%%%u = ", number);
    fprintf(f, "%s", row->text);
    if (op->type)
        fprintf(f, ".%s", ir_type_name(op->type));
    if (op->lane)
        fprintf(f, ":%s", ir_type_name(op->lane));
    if (row->props & IRP_MEM) {
        fprintf(f, " %s [", ir_plane_words[op->plane % IR_PLANES]);
        print_ref(f, op->a);
        fprintf(f, " + ");
        print_ref(f, op->b);
        fprintf(f, "<<%u + %#" PRIx64 "]", op->scale, (uint64_t)op->imm);
        if (op->aux)
            fprintf(f, " aux=%u", op->aux);
        print_refs(f, refs + 2, 2);
    } else if (op->op == IR_GET || op->op == IR_PUT) {
        fprintf(f, " %s %s+%" PRId64, ir_plane_words[op->plane % IR_PLANES], ir_slot_name(op->aux), op->imm);
        print_refs(f, refs, 4);
    } else {
        if (op->aux)
            fprintf(f, " aux=%u", op->aux);
        print_refs(f, refs, 4);
        if (op->imm)
            fprintf(f, " #%#" PRIx64, (uint64_t)op->imm);
    }
    print_flags(f, op->flags);
    fputc('\n', f);
}

static void print_insn(FILE *f, const struct ir_insn *insn)
{
    fprintf(f, "insn pc=%#" PRIx64 " bytes=", insn->pc);
    for (int i = 0; i < insn->len && i < 15; i++)
        fprintf(f, "%02x", insn->bytes[i]);
    for (const struct ir_insn_field *field = ir_insn_fields; field->name; field++) {
        uint64_t v = 0;
        memcpy(&v, (const char *)insn + field->offset, field->size);
        if (v)
            fprintf(f, " %s=%#" PRIx64, field->name, v);
    }
    fputc('\n', f);
}

void ir_print(const struct ir_block *b, char **text, size_t *size)
{
    FILE *f = open_memstream(text, size);
    if (!f) {
        *text = NULL;
        *size = 0;
        return;
    }
    fprintf(f, "block pc=%#" PRIx64 " bytes=%u form=%s mode=%u mask=%#" PRIx64 " kill=%#" PRIx64 " entry_mode=%u flags_out=%#x end=%#" PRIx64 " counts=%d\n", b->pc,
            b->guest_bytes, ir_form_words[b->form % 3], b->mode, b->entry_mask, b->entry_kill, b->entry_mode, b->flags_live_out, b->end, b->counts);
    for (uint32_t i = 0; i < b->n_extents; i++)
        fprintf(f, "extent pc=%#" PRIx64 " bytes=%u\n", b->extents[i].pc, b->extents[i].bytes);
    for (uint32_t i = 0; i < b->n_insns; i++)
        print_insn(f, &b->insns[i]);
    for (uint32_t i = 0; i < b->n_exits; i++)
        fprintf(f, "exit %s pc=%#" PRIx64 " mode=%u aux=%u dead=%#x\n", ir_exit_words[b->exits[i].kind % IR_EXIT_KINDS],
                b->exits[i].pc, b->exits[i].mode, b->exits[i].aux, b->exits[i].flags_dead);
    for (ir_ref i = 1; i < b->n_ops; i++)
        print_op(f, &b->ops[i], i);
    fclose(f);
}
