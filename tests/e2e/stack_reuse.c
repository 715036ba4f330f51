/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A small frame over the place of another small one: its variables are undefined all the same. */
// build: gcc -O0
// build: clang -O0
// build: gcc -O1
volatile int sink;
__attribute__((noinline)) static void first(void)
{
    volatile int x[6];
    for (int i = 0; i < 6; i++)
        x[i] = i;
}
__attribute__((noinline)) static void second(void)
{
    volatile int x[6];
    if (x[2])                  // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;
}
int main(void)
{
    first();
    second();
    return 0;
}
