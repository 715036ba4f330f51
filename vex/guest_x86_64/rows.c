/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest_x86_64/rows: the instruction tables' look-up, by mnemonic.
 * A mnemonic that stands in both tables is refused when built (-Woverride-init). */
#include "translate.h"

static const struct x86_row rows[ZYDIS_MNEMONIC_MAX_VALUE + 1] = {
#define X86(name, function, op, lane, arg) [ZYDIS_MNEMONIC_##name] = { ZYDIS_MNEMONIC_##name, function, op, lane, arg },
#include "insn_int.def"
#include "insn_vec.def"
#undef X86
};

const struct x86_row *x86_row_find(ZydisMnemonic m)
{
    return m <= ZYDIS_MNEMONIC_MAX_VALUE && rows[m].translate ? &rows[m] : NULL;
}
