/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ir/parse: reads the text form described in print.c.  Blank lines and lines
 * that start with ';' are skipped. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include "vex/ir/text.h"

struct parser {
    const char *p;      /* in the current line */
    int line;
    char *error;
    size_t error_size;
    bool failed;
};

__attribute__((format(printf, 2, 3))) static bool fail(struct parser *s, const char *fmt, ...)
{
    if (!s->failed && s->error_size) {
        va_list ap;
        va_start(ap, fmt);
        int n = snprintf(s->error, s->error_size, "line %d: ", s->line);
        if (n >= 0 && (size_t)n < s->error_size)
            vsnprintf(s->error + n, s->error_size - n, fmt, ap);
        va_end(ap);
    }
    s->failed = true;
    return false;
}

static void skip_blanks(struct parser *s)
{
    while (*s->p == ' ' || *s->p == '\t')
        s->p++;
}

static bool accept(struct parser *s, const char *word)
{
    skip_blanks(s);
    size_t n = strlen(word);
    if (strncmp(s->p, word, n) != 0)
        return false;
    if (isalnum((unsigned char)word[n - 1]) && isalnum((unsigned char)s->p[n]))
        return false;
    s->p += n;
    return true;
}

static bool expect(struct parser *s, const char *word)
{
    return accept(s, word) || fail(s, "expected '%s'", word);
}

static size_t word_length(struct parser *s)
{
    skip_blanks(s);
    size_t n = 0;
    while (isalnum((unsigned char)s->p[n]) || s->p[n] == '_')
        n++;
    return n;
}

static bool same_word(const char *word, const char *p, size_t n)
{
    return word && strlen(word) == n && memcmp(word, p, n) == 0;
}

static uint64_t number(struct parser *s)
{
    skip_blanks(s);
    char *end;
    bool negative = *s->p == '-';
    errno = 0;
    uint64_t v = negative ? (uint64_t)strtoll(s->p, &end, 0) : strtoull(s->p, &end, 0);
    if (end == s->p || errno)
        fail(s, "expected a number");
    s->p = end;
    return v;
}

static uint64_t key_number(struct parser *s, const char *key)
{
    return expect(s, key) && expect(s, "=") ? number(s) : 0;
}

static uint64_t optional_number(struct parser *s, const char *key)
{
    return accept(s, key) && expect(s, "=") ? number(s) : 0;
}

static int word_of(struct parser *s, const char *const *words, int n, const char *what)
{
    size_t len = word_length(s);
    for (int i = 0; i < n; i++)
        if (same_word(words[i], s->p, len)) {
            s->p += len;
            return i;
        }
    fail(s, "unknown %s '%.*s'", what, (int)len, s->p);
    return 0;
}

static enum ir_type type_word(struct parser *s)
{
    const char *names[IR_TYPES];
    for (int i = 0; i < IR_TYPES; i++)
        names[i] = ir_type_name(i);
    return word_of(s, names, IR_TYPES, "type");
}

/* A ref: %N, or _ for none.  true if one was there. */
static bool reference(struct parser *s, ir_ref *r)
{
    skip_blanks(s);
    if (*s->p == '_') {
        s->p++;
        *r = IR_NONE;
        return true;
    }
    if (*s->p != '%')
        return false;
    s->p++;
    *r = number(s);
    return true;
}

static void flags(struct parser *s, uint8_t *out)
{
    if (!accept(s, "{"))
        return;
    do {
        size_t n = word_length(s);
        const struct ir_flag_word *w = ir_flag_words;
        while (w->bit && !same_word(w->text, s->p, n))
            w++;
        if (!w->bit)
            fail(s, "unknown flag '%.*s'", (int)n, s->p);
        *out |= w->bit;
        s->p += n;
    } while (!s->failed && accept(s, ","));
    expect(s, "}");
}

static void address(struct parser *s, struct ir_op *op)
{
    op->plane = word_of(s, ir_plane_words, IR_PLANES, "plane");
    expect(s, "[");
    reference(s, &op->a);
    expect(s, "+");
    reference(s, &op->b);
    expect(s, "<<");
    op->scale = number(s);
    expect(s, "+");
    op->imm = (int64_t)number(s);
    expect(s, "]");
}

static void slot(struct parser *s, struct ir_op *op)
{
    const char *names[X86_SLOTS];
    for (int i = 0; i < X86_SLOTS; i++)
        names[i] = ir_slot_name(i);
    op->plane = word_of(s, ir_plane_words, IR_PLANES, "plane");
    op->aux = word_of(s, names, X86_SLOTS, "slot");
    expect(s, "+");
    op->imm = (int64_t)number(s);
}

static void operation(struct parser *s, struct ir_block *b)
{
    struct ir_op op = { 0 };
    ir_ref result, *refs[4] = { &op.a, &op.b, &op.c, &op.d };
    int next = 0;
    skip_blanks(s);
    if (*s->p == '%') {
        reference(s, &result);
        expect(s, "=");
        if (result != b->n_ops)
            fail(s, "value %%%u defined as op %u", result, b->n_ops);
    }
    const char *names[IR_OPCODES];
    for (int i = 0; i < IR_OPCODES; i++)
        names[i] = ir_rows[i].text;
    op.op = word_of(s, names, IR_OPCODES, "op");
    if (*s->p == '.' && s->p++)
        op.type = type_word(s);
    if (*s->p == ':' && s->p++)
        op.lane = type_word(s);
    if (ir_rows[op.op].props & IRP_MEM) {
        address(s, &op);
        next = 2;
    } else if (op.op == IR_GET || op.op == IR_PUT) {
        slot(s, &op);
    }
    if (accept(s, "aux="))
        op.aux = number(s);
    while (next < 4 && reference(s, refs[next]))
        next++;
    if (accept(s, "#"))
        op.imm = (int64_t)number(s);
    flags(s, &op.flags);
    ir_append(b, op);
}

static void insn_line(struct parser *s, struct ir_block *b)
{
    struct ir_insn insn = { 0 };
    insn.pc = key_number(s, "pc");
    expect(s, "bytes=");
    unsigned byte;
    int used;
    while (insn.len < 15 && isxdigit((unsigned char)*s->p) && sscanf(s->p, "%2x%n", &byte, &used) == 1 && used == 2) {
        insn.bytes[insn.len++] = byte;
        s->p += 2;
    }
    for (skip_blanks(s); *s->p && *s->p != '\n' && !s->failed; skip_blanks(s)) {
        size_t n = word_length(s);
        const struct ir_insn_field *f = ir_insn_fields;
        while (f->name && !same_word(f->name, s->p, n))
            f++;
        if (!f->name) {
            fail(s, "unknown instruction field '%.*s'", (int)n, s->p);
            return;
        }
        s->p += n;
        expect(s, "=");
        uint64_t v = number(s);
        memcpy((char *)&insn + f->offset, &v, f->size);
    }
    ir_block_add_insn(b, &insn);
}

static void block_line(struct parser *s, struct ir_block *b)
{
    b->pc = key_number(s, "pc");
    b->guest_bytes = key_number(s, "bytes");
    expect(s, "form=");
    b->form = word_of(s, ir_form_words, 3, "form");
    b->mode = key_number(s, "mode");
    b->entry_mask = key_number(s, "mask");
    b->entry_kill = key_number(s, "kill");
    b->entry_mode = key_number(s, "entry_mode");
    b->flags_live_out = key_number(s, "flags_out");
    b->end = optional_number(s, "end");
    b->counts = optional_number(s, "counts");
}

static void extent_line(struct parser *s, struct ir_block *b)
{
    struct ir_extent e;
    e.pc = key_number(s, "pc");
    e.bytes = key_number(s, "bytes");
    ir_block_add_extent(b, e);
}

static void exit_line(struct parser *s, struct ir_block *b)
{
    struct ir_exit e = { 0 };
    e.kind = word_of(s, ir_exit_words, IR_EXIT_KINDS, "exit kind");
    e.pc = key_number(s, "pc");
    e.mode = key_number(s, "mode");
    e.aux = key_number(s, "aux");
    e.flags_dead = optional_number(s, "dead");
    ir_block_add_exit(b, e);
}

/* "exit" begins both an exit line ("exit jump pc=") and the EXIT op ("exit #0", "exit %3 #0"). */
static bool is_exit_line(const char *p)
{
    while (*p == ' ')
        p++;
    return isalpha((unsigned char)*p) && strncmp(p, "aux=", 4) != 0;
}

static void line(struct parser *s, struct ir_block *b)
{
    skip_blanks(s);
    if (*s->p == '\n' || *s->p == ';' || !*s->p)
        return;
    const char *start = s->p;
    if (accept(s, "block"))
        block_line(s, b);
    else if (accept(s, "insn"))
        insn_line(s, b);
    else if (accept(s, "extent"))
        extent_line(s, b);
    else if (accept(s, "exit") && is_exit_line(s->p))
        exit_line(s, b);
    else {
        s->p = start;
        operation(s, b);
    }
    skip_blanks(s);
    if (!s->failed && *s->p && *s->p != '\n')
        fail(s, "unexpected '%.10s'", s->p);
}

int ir_parse(const char *text, struct ir_block *b, char *error, size_t error_size)
{
    struct parser s = { .p = text, .line = 1, .error = error, .error_size = error_size };
    ir_block_reset(b);
    while (*s.p && !s.failed) {
        const char *end = strchr(s.p, '\n');
        line(&s, b);
        if (!end)
            break;
        s.p = end + 1;
        s.line++;
    }
    return s.failed ? -EINVAL : 0;
}
