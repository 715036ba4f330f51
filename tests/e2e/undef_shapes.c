/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Uninitialised values at different sizes and by different uses. */
// build: gcc -O0
// build: clang -O0
// build: gcc -O1
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
volatile long sink;
static const char table[256];
__attribute__((noinline)) static void byte(volatile uint8_t *p)
{
    if (*p == 4)                   // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;
}
__attribute__((noinline)) static void half(volatile uint16_t *p)
{
    while (*p > 70000u / 2)        // expect: Conditional jump or move depends on uninitialised value(s)
        *p = 0;
}
__attribute__((noinline)) static void index_of(volatile uint8_t *p)
{
    sink = ((volatile const char *)table)[*p]; // expect: Use of uninitialised value of size 8
}
__attribute__((noinline)) static void choose(volatile uint32_t *p)
{
    switch (*p) {                  // expect: Conditional jump or move depends on uninitialised value(s)
    case 1000: sink = 1; break;
    case 70: sink = 2; break;
    }
}
__attribute__((noinline)) static void real(volatile float *p)
{
    if (*p < 1.5f)                 // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 3;
}
__attribute__((noinline)) static void carry(volatile uint64_t *p)
{
    if ((*p + 1) >> 60)            // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 4;
}
int main(void)
{
    char *p = malloc(64);
    byte((void *)p);
    half((void *)(p + 2));
    index_of((void *)(p + 4));
    choose((void *)(p + 8));
    real((void *)(p + 12));
    carry((void *)(p + 16));
    free(p);
    return 0;
}
