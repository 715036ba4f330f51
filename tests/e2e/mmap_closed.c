/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory that the program itself has closed, and opens in its handler, as garbage collectors do: nothing is wrong.  Memory that never was
 * accessible is not the program's to touch, until it is made so. */
// differs: valgrind repeats the access with a stale address, unless --vex-iropt-register-updates=allregs-at-mem-access (then it agrees)
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

enum { PAGE = 4096 };
static char *volatile area;
static volatile int faults;

static void open_all(int sig)
{
    faults++;
    mprotect(area, 4 * PAGE, PROT_READ | PROT_WRITE);
}

int main(void)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    int sum = 0;
    signal(SIGSEGV, open_all);
    area = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, flags, -1, 0);
    for (int i = 0; i < 3; i++) {
        mprotect(area, 2 * PAGE, PROT_NONE);
        area[PAGE + i] = 1;
        mprotect(area + PAGE, PAGE, PROT_NONE);
        sum += area[2 * PAGE - 1];
    }
    munmap(area, 4 * PAGE);
    area = mmap(NULL, 4 * PAGE, PROT_NONE, flags, -1, 0);
    area[5] = 1; // expect: Invalid write of size 1
    // aux: Address 0x* is in a --- anonymous segment
    mprotect(area, 4 * PAGE, PROT_NONE);
    sum += area[5];
    munmap(area, 4 * PAGE);
    area = mmap(NULL, 4 * PAGE, PROT_NONE, flags, -1, 0);
    mprotect(area, PAGE, PROT_READ); /* the rest stays as it was */
    mprotect(area, PAGE, PROT_NONE);
    sum += area[0];
    mprotect(area, 4 * PAGE, PROT_NONE);
    sum += area[PAGE];
    printf("%d %d\n", sum, faults);
    return 0;
}
