/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O0
// build: gcc -O2
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
static jmp_buf a; static sigjmp_buf b; static volatile int n;
static void handler(int s) { siglongjmp(b, s); }
__attribute__((noinline)) static int deep(int k) { char pad[256]; for (int i = 0; i < 256; i++) pad[i] = k; if (k == 0) longjmp(a, 7); return deep(k - 1) + pad[9]; }
int main(void)
{
    int r = setjmp(a);
    if (!r) deep(50);
    printf("%d\n", r);
    signal(SIGSEGV, handler); signal(SIGFPE, handler);
    for (volatile int i = 0; i < 3; i++) if (sigsetjmp(b, 1) == 0) raise(SIGFPE); else n++;
    printf("%d\n", n);
    return 0;
}
