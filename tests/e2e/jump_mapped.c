/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jumps to a page that may not be executed, and to one that is gone. */
// differs: valgrind loses the frame of main, whose return address is at the top of the stack
// build: gcc -O0
// native: no
// exit: -11
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
static sigjmp_buf out;
static void handler(int sig) { siglongjmp(out, 1); }
int main(void)
{
    char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    signal(SIGSEGV, handler);
    munmap(p, 4096);
    if (!sigsetjmp(out, 1))
        ((void (*volatile)(void))p)(); // expect: Jump to the invalid address stated on the next line
                                   // aux: Address 0x* is not stack'd, malloc'd or (recently) free'd
    signal(SIGSEGV, SIG_DFL);
    *(volatile int *)0 = 1;        // expect: Invalid write of size 4
    return 0;                      // aux: Address 0x0 is not stack'd, malloc'd or (recently) free'd
}
