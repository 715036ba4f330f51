/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A frame that grows over an old one starts undefined. */
// build: gcc -O0
// options: --track-origins=yes
volatile int sink;
__attribute__((noinline)) static void dirty(void)
{
    volatile char buffer[512];
    for (int i = 0; i < 512; i++)
        buffer[i] = 1;
}
__attribute__((noinline)) static void use(void)
{
    volatile char buffer[512];
    if (buffer[100])           // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;              // aux: Uninitialised value was created by a stack allocation
}
int main(void)
{
    dirty();
    use();
    return 0;
}
