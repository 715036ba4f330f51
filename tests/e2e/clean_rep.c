/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Repeated MOVS and STOS of few and of many elements: bytes, registers afterwards, direction, overlaps, and faults in the middle,
 * where registers say what has been done. */
// build: gcc -O1
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum { PAGE = 4096 };
struct regs { uint64_t di, si, cx; };

#define STRING(name, insn) \
    static struct regs name(void *to, uint64_t from, uint64_t n) \
    { \
        struct regs r = { (uint64_t)to, from, n }; \
        __asm__ volatile(insn : "+D"(r.di), "+S"(r.si), "+c"(r.cx) : "a"(from) : "memory"); \
        return r; \
    }
STRING(movsb, "rep movsb")
STRING(movsw, "rep movsw")
STRING(movsd, "rep movsl")
STRING(movsq, "rep movsq")
STRING(stosb, "rep stosb")
STRING(stosw, "rep stosw")
STRING(stosd, "rep stosl")
STRING(stosq, "rep stosq")
STRING(back_movsb, "std; rep movsb; cld")
STRING(back_movsq, "std; rep movsq; cld")
STRING(back_stosd, "std; rep stosl; cld")
STRING(low_movsb, "addr32 rep movsb")
STRING(low_stosq, "addr32 rep stosq")

static const struct { struct regs (*run)(void *, uint64_t, uint64_t); int size; } moves[] = { { movsb, 1 }, { movsw, 2 }, { movsd, 4 }, { movsq, 8 } },
    fills[] = { { stosb, 1 }, { stosw, 2 }, { stosd, 4 }, { stosq, 8 } };
static const uint64_t counts[] = { 0, 1, 2, 7, 25, 100, 255, 256, 257, 700, 3001 };
#define N(a) (sizeof(a) / sizeof *(a))

static uint64_t sum(const void *p, size_t n)
{
    uint64_t h = 14695981039346656037ull;
    for (size_t i = 0; i < n; i++)
        h = (h ^ ((const uint8_t *)p)[i]) * 1099511628211ull;
    return h;
}

static void show(const char *what, struct regs r, const void *to, const void *from, const void *buffer, size_t n)
{
    printf("%s: di %+ld si %+ld cx %lu, %016lx\n", what, (long)(r.di - (uint64_t)to), (long)(r.si - (uint64_t)from), r.cx, sum(buffer, n));
}

static void forward(uint8_t *a, uint8_t *b, size_t room)
{
    for (size_t k = 0; k < N(moves); k++)
        for (size_t i = 0; i < N(counts); i++) {
            memset(a, 9, room);
            struct regs r = moves[k].run(a + 5, (uint64_t)(b + 3), counts[i]);
            show("movs", r, a + 5, b + 3, a, room);
            r = fills[k].run(a + 1, i & 1 ? 0x5a5a5a5a5a5a5a5a : 0x0123456789abcdef, counts[i]);
            show("stos", r, a + 1, (void *)r.si, a, room);
        }
}

static void much(void)
{
    enum { MUCH = 3000001 };
    uint8_t *a = malloc(MUCH), *b = malloc(MUCH);
    for (int i = 0; i < MUCH; i++)
        b[i] = (uint8_t)(i * 31 + (i >> 8) + (i >> 15));
    show("much", movsb(a, (uint64_t)b, MUCH), a, b, a, MUCH);
    const struct regs r = stosd(a, 0x2a2a2a2a, MUCH / 4);
    show("much", r, a, (void *)r.si, a, MUCH);
    free(a);
    free(b);
}

static void overlaps(uint8_t *a, const uint8_t *b)
{
    static const int by[] = { -300, -41, -8, -3, -1, 0, 1, 3, 8, 41, 300 };
    for (size_t k = 0; k < N(moves); k++)
        for (size_t i = 0; i < N(by); i++) {
            memcpy(a, b, 8192);
            const struct regs r = moves[k].run(a + 1000 + by[i], (uint64_t)(a + 1000), 300);
            show("overlap", r, a + 1000 + by[i], a + 1000, a, 8192);
        }
}

static void backward(uint8_t *a, uint8_t *b)
{
    memset(a, 1, 8192);
    show("backward", back_movsb(a + 4000, (uint64_t)(b + 4000), 333), a + 4000, b + 4000, a, 8192);
    show("backward", back_movsq(a + 8000, (uint64_t)(b + 4000), 100), a + 8000, b + 4000, a, 8192);
    const struct regs r = back_stosd(a + 6000, 0x77777777, 200);
    show("backward", r, a + 6000, (void *)r.si, a, 8192);
}

/* ---- faults ---- */
static volatile struct { long di, si, cx, at; int n; } seen;
static uint8_t *open_page, *to_base, *from_base;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    const greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
    seen.di = g[REG_RDI] - (long)to_base;
    seen.si = g[REG_RSI] - (long)from_base;
    seen.cx = g[REG_RCX];
    seen.at = (long)info->si_addr - (long)open_page;
    seen.n++;
    mprotect(open_page, PAGE, PROT_READ | PROT_WRITE);
}

static uint8_t *pages(int closed, int prot)
{
    uint8_t *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 4 * PAGE; i++)
        p[i] = (uint8_t)(i * 7 + i / 256);
    mprotect(p + closed * PAGE, PAGE, prot);
    return p;
}

static void faults(void)
{
    static const int prots[] = { PROT_NONE, PROT_READ };
    const struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    sigaction(SIGSEGV, &action, NULL);
    for (size_t k = 0; k < N(moves); k++)
        for (int what = 0; what < 4; what++) { /* a closed or read-only destination, of a move or a fill; a closed source */
            uint8_t *const to = pages(2, what == 3 ? PROT_READ | PROT_WRITE : prots[what & 1]);
            uint8_t *const from = pages(1, what == 3 ? PROT_NONE : PROT_READ | PROT_WRITE);
            const uint64_t count = 3 * PAGE / moves[k].size;
            to_base = to + 3;
            from_base = from + 10;
            open_page = what == 3 ? from + PAGE : to + 2 * PAGE;
            seen.n = 0;
            struct regs r;
            if (what == 2) {
                r = fills[k].run(to_base, 0x3c3c3c3c3c3c3c3c, count);
                seen.si = 0;
                r.si = (uint64_t)from_base;
            } else {
                r = moves[k].run(to_base, (uint64_t)from_base, count);
            }
            printf("fault %d of %d: di %+ld si %+ld cx %ld, at %+ld, %d times\n", what, moves[k].size, seen.di, seen.si, seen.cx, seen.at, seen.n);
            show("then", r, to_base, from_base, to, 4 * PAGE);
            munmap(to, 4 * PAGE);
            munmap(from, 4 * PAGE);
        }
}

/* ---- what else may happen on the way ---- */
static void code(void)
{
    static const uint8_t five[] = { 0xb8, 5, 0, 0, 0, 0xc3 }; /* mov $5, %eax; ret */
    uint8_t body[64];
    uint8_t *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int total = 0;
    memset(body, 0x90, sizeof body);
    memcpy(body, five, sizeof five);
    for (int i = 0; i < 300; i++) {
        body[1] = (uint8_t)i;
        movsb(p, (uint64_t)body, sizeof body);
        total = total * 3 + ((int (*)(void))p)();
    }
    printf("code %d\n", total);
}

static void low(uint8_t *b)
{
    uint8_t *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    memcpy(p, b, 2 * PAGE);
    show("addr32", low_movsb(p + 2 * PAGE, (uint64_t)p, 5000), p + 2 * PAGE, p, p, 4 * PAGE);
    const struct regs r = low_stosq(p + 100, 0x1111111111111111, 200);
    show("addr32", r, p + 100, (void *)r.si, p, 4 * PAGE);
}

static void definedness(void)
{
    enum { WORDS = 600 };
    uint64_t *p = malloc(8 * WORDS), *q = malloc(8 * WORDS), n = 0;
    stosq(p, 0, WORDS);
    movsq(q, (uint64_t)p, WORDS);
    for (int i = 0; i < WORDS; i++)
        n += q[i] == 0;
    free(p);
    p = malloc(8 * WORDS);
    for (int i = 0; i < WORDS; i += 2)
        p[i] = (uint64_t)i; /* the others stay undefined */
    movsq(q, (uint64_t)p, WORDS);
    for (int i = 0; i < WORDS; i += 2)
        n += q[i] > 100;
    printf("definedness %lu\n", n);
    free(p);
    free(q);
}

int main(void)
{
    const size_t room = 8 * 3001 + 64;
    uint8_t *a = malloc(room), *b = malloc(room);
    for (size_t i = 0; i < room; i++)
        b[i] = (uint8_t)(i * 31 + (i >> 8) + (i >> 15));
    forward(a, b, room);
    much();
    overlaps(a, b);
    backward(a, b);
    faults();
    code();
    low(b);
    definedness();
    free(a);
    free(b);
    return 0;
}
