/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a returned function's frame. */
// build: gcc -O0
volatile int sink;
__attribute__((noinline)) static char *frame(void)
{
    char buffer[4096];
    char *volatile p = buffer;
    for (int i = 0; i < 4096; i++)
        p[i] = 1;
    return p;
}
int main(void)
{
    char *p = frame();
    sink = p[0];               // expect: Invalid read of size 1
    return 0;                  // aux: Address 0x* is on thread 1's stack
}
