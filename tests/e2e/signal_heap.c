/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A handler on its own stack writes behind a block and frees one twice. */
// differs: valgrind cannot follow the stack from an alternate signal stack to the program's
// build: gcc -O0
// build: clang -O0
// native: no
// exit: 0
#include <signal.h>
#include <stdlib.h>
static char *p;
static void handler(int sig)
{
    p[20] = sig;                   // expect: Invalid write of size 1
                                   // aux: Address 0x* is 0 bytes after a block of size 20 alloc'd
    free(p);
    free(p);                       // expect: Invalid free() / delete / delete[] / realloc()
}                                  // aux: Address 0x* is 0 bytes inside a block of size 20 free'd
int main(void)
{
    static char memory[65536];
    stack_t alt = { .ss_sp = memory, .ss_size = sizeof memory };
    struct sigaction act = { .sa_handler = handler, .sa_flags = SA_ONSTACK };
    p = malloc(20);
    sigaltstack(&alt, NULL);
    sigaction(SIGUSR1, &act, NULL);
    raise(SIGUSR1);
    return 0;
}
