/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run/trace: what --trace=guest,ir,tool,opt,host prints, line by line through the report. */
#include <Zydis/Zydis.h>
#include "run/internal.h"
#include "launch/options.h"
#include "report/report.h"

static bool wanted(enum run_trace what, guest_addr pc)
{
    if (!(options.trace & what))
        return false;
    const guest_addr to = options.trace_to ? options.trace_to : UINT64_MAX;
    return pc >= options.trace_from && pc <= to;
}

static void print_lines(char *text)
{
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        report_debug("  %s", line);
}

void run_trace_block(enum run_trace what, const struct ir_block *b)
{
    if (!wanted(what, b->pc))
        return;
    const char *stage = what == RUN_TRACE_IR ? "ir" : what == RUN_TRACE_TOOL ? "tool" : "opt";
    char *text = NULL;
    size_t size = 0;
    ir_print(b, &text, &size);
    report_debug("---- %s 0x%llx mode %d ----", stage, (unsigned long long)b->pc, b->mode);
    if (text)
        print_lines(text);
    free(text);
}

/* One line an instruction: address, bytes, text. */
static void disassemble(const uint8_t *bytes, size_t n, uint64_t at, uint64_t shown_at)
{
    ZydisDecoder decoder;
    ZydisFormatter formatter;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    for (size_t i = 0; i < n;) {
        ZydisDecodedInstruction insn;
        ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
        char text[128] = "(bad)", hex[3 * 15 + 1] = "";
        size_t length = 1;
        if (ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes + i, n - i, &insn, operands))) {
            length = insn.length;
            ZydisFormatterFormatInstruction(&formatter, &insn, operands, insn.operand_count_visible, text, sizeof text,
                                            at + i, NULL);
        }
        for (size_t k = 0; k < length; k++)
            snprintf(hex + 3 * k, 4, "%02x ", bytes[i + k]);
        report_debug("  0x%llx: %-30s %s", (unsigned long long)(shown_at + i), hex, text);
        i += length;
    }
}

void run_trace_guest(const struct ir_block *b)
{
    if (!wanted(RUN_TRACE_GUEST, b->pc))
        return;
    char name[256] = "";
    ng_describe_pc(b->pc, name, sizeof name);
    report_debug("---- guest 0x%llx mode %d %s ----", (unsigned long long)b->pc, b->mode, name);
    for (uint32_t i = 0; i < b->n_insns; i++)
        disassemble(b->insns[i].bytes, b->insns[i].len, b->insns[i].pc, b->insns[i].pc);
}

void run_trace_host(const struct translation *t)
{
    if (!wanted(RUN_TRACE_HOST, t->pc))
        return;
    report_debug("---- host 0x%llx mode %d id %u, %u bytes ----", (unsigned long long)t->pc, t->mode, t->id, t->size);
    disassemble(t->rx, t->hot, (uint64_t)(uintptr_t)t->rx, (uint64_t)(uintptr_t)t->rx);
    report_debug("---- its cold part ----");
    disassemble(t->cold_rx, t->size - t->hot, (uint64_t)(uintptr_t)t->cold_rx, (uint64_t)(uintptr_t)t->cold_rx);
}
