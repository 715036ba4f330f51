/* SPDX-License-Identifier: GPL-3.0-or-later */
/* suppressions: the kind words of suppression files, and which errors they mean.
 * A word's number is its row; Value and Addr rows are told apart by size.  */
#include "errors.h"

enum { EXTRA_NONE, EXTRA_REQUIRED, EXTRA_OPTIONAL };
static const struct row { const char *word; int16_t kind; uint8_t size, extra; } rows[] = {
    { "Cond", ERR_COND, 0, EXTRA_NONE },
    { "Value1", ERR_VALUE, 1, EXTRA_NONE },
    { "Value2", ERR_VALUE, 2, EXTRA_NONE },
    { "Value4", ERR_VALUE, 4, EXTRA_NONE },
    { "Value8", ERR_VALUE, 8, EXTRA_NONE },
    { "Value16", ERR_VALUE, 16, EXTRA_NONE },
    { "Value32", ERR_VALUE, 32, EXTRA_NONE },
    { "Addr1", ERR_ADDR, 1, EXTRA_NONE },
    { "Addr2", ERR_ADDR, 2, EXTRA_NONE },
    { "Addr4", ERR_ADDR, 4, EXTRA_NONE },
    { "Addr8", ERR_ADDR, 8, EXTRA_NONE },
    { "Addr16", ERR_ADDR, 16, EXTRA_NONE },
    { "Addr32", ERR_ADDR, 32, EXTRA_NONE },
    { "Jump", ERR_JUMP, 0, EXTRA_NONE },
    { "Param", ERR_PARAM, 0, EXTRA_REQUIRED },
    { "User", ERR_USER, 0, EXTRA_NONE },
    { "CoreMem", ERR_CORE_MEM, 0, EXTRA_NONE },
    { "Free", ERR_FREE, 0, EXTRA_NONE },
    { "Overlap", ERR_OVERLAP, 0, EXTRA_NONE },
    { "Leak", ERR_LEAK, 0, EXTRA_OPTIONAL },
    { "Mempool", ERR_MEMPOOL, 0, EXTRA_NONE },
    { "FishyValue", ERR_FISHY, 0, EXTRA_REQUIRED },
    { "ReallocZero", ERR_REALLOC_ZERO, 0, EXTRA_NONE },
    { "BadAlign", ERR_BAD_ALIGN, 0, EXTRA_NONE },
    { "UnsafeZeroSize", ERR_ZERO_SIZE, 0, EXTRA_NONE },
    { "SizeMismatch", ERR_SIZE_MISMATCH, 0, EXTRA_NONE },
    { "AlignMismatch", ERR_ALIGN_MISMATCH, 0, EXTRA_NONE },
    /* other spellings; never generated */
    { "Value0", ERR_COND, 0, EXTRA_NONE },
    { "BadSize", ERR_ZERO_SIZE, 0, EXTRA_NONE },
};
enum { ROWS = sizeof rows / sizeof *rows };

/* Two kinds share a word with another. */
static int kind_of_word(int kind)
{
    return kind == ERR_MISMATCH ? ERR_FREE : kind == ERR_BAD_SIZE_ALIGN ? ERR_BAD_ALIGN : kind;
}

static bool is_row_of(const struct row *r, const struct ng_error *e)
{
    return r->kind == kind_of_word(e->kind) && (!r->size || r->size == e->size);
}

int suppressions_kind(const char *word, int *needs_extra)
{
    for (int i = 0; i < ROWS; i++)
        if (!strcmp(word, rows[i].word)) {
            *needs_extra = rows[i].extra;
            return i;
        }
    return -1;
}

const char *suppressions_kind_of(const struct ng_error *e, char extra[256])
{
    char word[32];
    extra[0] = '\0';
    if (e->kind == ERR_PARAM || e->kind == ERR_FISHY)
        snprintf(extra, 256, "%s", e->text);
    else if (e->kind == ERR_LEAK)
        leak_error_supp_extra(e, extra);
    for (int i = 0; i < ROWS; i++)
        if (is_row_of(&rows[i], e))
            return rows[i].word;
    snprintf(word, sizeof word, "%s%lu", e->kind == ERR_VALUE ? "Value" : "Addr", (unsigned long)e->size);
    return ng_intern(word);
}

bool suppressions_match(const struct ng_error *e, int kind, const char *extra)
{
    if (kind < 0 || kind >= ROWS || !is_row_of(&rows[kind], e))
        return false;
    if (e->kind == ERR_LEAK)
        return leak_supp_matches(e, extra);
    return rows[kind].extra != EXTRA_REQUIRED || (extra && !strcmp(extra, e->text));
}

int suppressions_check_extra(int kind, const char *extra)
{
    if (rows[kind].kind == ERR_LEAK)
        return leak_supp_check_extra(extra);
    return rows[kind].extra == EXTRA_REQUIRED && (!extra || !*extra) ? -1 : 0;
}
