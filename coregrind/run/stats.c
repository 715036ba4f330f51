/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run/stats: what --stats prints when the program ends: sums over all threads. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "run/internal.h"
#include "heap/redirect.h"
#include "launch/options.h"
#include "report/report.h"
#include "tool/load.h"

static const char *const stat_names[RUN_STAT_BLOCKS] = {
    [RUN_STAT_TURNS] = "dispatcher turns",
    [RUN_STAT_HOST_BYTES] = "host bytes emitted",
    [RUN_STAT_CHAINED] = "exits chained",
    [RUN_STAT_INDIRECT] = "indirect jumps that missed",
    [RUN_STAT_JUMPS] = "indirect jumps that hit, returns included",
    [RUN_STAT_JUMPS_SECOND] = "of these by the second table",
    [RUN_STAT_SYSCALLS] = "system calls",
    [RUN_STAT_HOSTCALLS] = "replaced functions called",
    [RUN_STAT_REQUESTS] = "client requests",
    [RUN_STAT_SIGNALS] = "signals delivered",
    [RUN_STAT_FAULTS] = "faults in generated code",
    [RUN_STAT_ATTENTION] = "attention events",
    [RUN_STAT_MODE] = "mode changes through the dispatcher",
    [RUN_STAT_HOT] = "longer translations of hot code",
    [RUN_STAT_TRACES] = "stack traces taken",
    [RUN_STAT_WHY + IR_WHY_REGISTER] = "other mode: register undefined at a block's head",
    [RUN_STAT_WHY + IR_WHY_LOAD] = "other mode: load of what is not all defined",
    [RUN_STAT_WHY + IR_WHY_STORE] = "other mode: store to what is not all defined",
    [RUN_STAT_WHY + IR_WHY_STACK] = "other mode: push, pop, call or return",
};

static uint64_t started_ns;
static struct base_lock lock;
static struct { uint64_t sum[RUN_STATS]; int threads; } gone; /* threads that have ended */

/* Where other modes are entered: a hash table by instruction and reason; what finds no place counts in the sums only. */
enum { PLACES = 1 << 14, PLACES_TRIED = 16, PLACES_SHOWN = 12 };
struct place { guest_addr pc; uint64_t n, registers; uint8_t why; };
static struct place places[PLACES];

void run_stats_mode(struct ng_thread *t, guest_addr pc, enum ir_why why)
{
    t->stats[RUN_STAT_WHY + why]++;
    base_lock(&lock);
    for (uint32_t k = 0; k < PLACES_TRIED; k++) {
        struct place *p = &places[(pc * 4 + why + k) % PLACES];
        if (p->n && (p->pc != pc || p->why != why))
            continue;
        p->pc = pc;
        p->why = (uint8_t)why;
        p->n++;
        p->registers |= t->state.attention & ~X86_ATT_EVENTS;
        break;
    }
    base_unlock(&lock);
}

static int by_count(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return (x->n < y->n) - (x->n > y->n);
}

static void print_places(void)
{
    static const char *const words[IR_WHYS] = { "register", "load", "store", "stack" };
    char where[256];
    qsort(places, PLACES, sizeof *places, by_count);
    for (int i = 0; i < PLACES_SHOWN && places[i].n; i++) {
        ng_describe_pc(places[i].pc, where, sizeof where);
        report_debug("  %11s times by a %-8s at 0x%llx (undefined then: %016llx), %s", ng_commas(places[i].n), words[places[i].why], (unsigned long long)places[i].pc,
                     (unsigned long long)places[i].registers, where);
    }
}

uint64_t run_cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* What lies between two readings of the clock with nothing between them: the least of some.  A system call takes as long
 * as translating an instruction or two. */
static uint64_t reading_ns;

static void measure_readings(void)
{
    reading_ns = UINT64_MAX;
    for (int i = 0; i < 64; i++) {
        const uint64_t start = run_cpu_ns(), took = run_cpu_ns() - start;
        reading_ns = took < reading_ns ? took : reading_ns;
    }
}

uint64_t run_cpu_ns_since(uint64_t start)
{
    const uint64_t took = run_cpu_ns() - start;
    return took > reading_ns ? took - reading_ns : 0;
}

void run_stats_init(void)
{
    if (options.stats) {
        redirect_count_calls();
        measure_readings();
    }
    started_ns = base_now_ns();
    base_lock_register(&lock, 40);
}

static void add(uint64_t *to, const struct ng_thread *t)
{
    for (int i = 0; i < RUN_STATS; i++)
        to[i] += t->stats[i];
    to[RUN_STAT_JUMPS] += t->state.jump_hits[0];
    to[RUN_STAT_JUMPS_SECOND] += t->state.jump_hits[1];
}

void run_stats_thread_gone(const struct ng_thread *t)
{
    base_lock(&lock);
    add(gone.sum, t);
    gone.threads++;
    base_unlock(&lock);
}

static void add_living(struct ng_thread *t, void *arg)
{
    add(arg, t);
    gone.threads++;
}

static double ratio(uint64_t a, uint64_t b)
{
    return b ? (double)a / (double)b : 0;
}

static void print_translation(const uint64_t *sum, int mode)
{
    char blocks[32], insns[32];
    snprintf(blocks, sizeof blocks, "%s", ng_commas(sum[RUN_STAT_BLOCKS + mode]));
    snprintf(insns, sizeof insns, "%s", ng_commas(sum[RUN_STAT_INSNS + mode]));
    report_debug("mode %d: %s blocks, %s guest instructions translated in %.1f ms: %.3f us a guest instruction", mode, blocks, insns,
                 (double)sum[RUN_STAT_NS + mode] / 1e6, ratio(sum[RUN_STAT_NS + mode], 1000 * sum[RUN_STAT_INSNS + mode]));
}

static void print_rate(const char *what, uint64_t n, double seconds)
{
    report_debug("%s: %s, %.0f a second", what, ng_commas(n), (double)n / seconds);
}

static void print_calls(double seconds)
{
    const char *name;
    uint64_t n;
    for (uint32_t row = 0; (name = redirect_calls(row, &n)); row++)
        if (n)
            report_debug("  calls of %-31s %s, %.0f a second", name, ng_commas(n), (double)n / seconds);
}

void run_print_stats(void)
{
    uint64_t *sum = gone.sum;
    const double seconds = (double)(base_now_ns() - started_ns) / 1e9;
    ng_threads_each(add_living, sum);
    report_debug("ran for %.3f s in %d threads", seconds, gone.threads);
    for (int mode = 0; mode < tool->modes; mode++)
        print_translation(sum, mode);
    for (int i = 0; i < RUN_STAT_BLOCKS; i++)
        report_debug("  %-48s %s", stat_names[i], ng_commas(sum[i]));
    print_places();
    print_rate("stack traces", sum[RUN_STAT_TRACES], seconds);
    code_stats();
    print_calls(seconds);
    if (tool->stats)
        tool->stats();
}
