/* SPDX-License-Identifier: GPL-3.0-or-later */
// differs: valgrind gets this wrong itself
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>
static ucontext_t m, c[2]; static int turns;
static void work(int id) { int local[64]; for (int i = 0; i < 64; i++) local[i] = i * id; for (int i = 0; i < 5; i++) { turns += local[i]; swapcontext(&c[id], id ? &c[0] : &c[1]); } }
int main(void)
{
    char *s[2];
    for (int i = 0; i < 2; i++) { s[i] = malloc(65536); getcontext(&c[i]); c[i].uc_stack.ss_sp = s[i]; c[i].uc_stack.ss_size = 65536; c[i].uc_link = &m; makecontext(&c[i], (void (*)(void))work, 1, i); }
    swapcontext(&m, &c[0]);
    printf("%d\n", turns);
    free(s[0]); free(s[1]);
    return 0;
}
