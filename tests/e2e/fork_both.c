/* SPDX-License-Identifier: GPL-3.0-or-later */
/* After a fork parent and child have their own errors, the child's heap is a copy. */
// build: gcc -O0
// build: clang -O0
// options: --leak-check=full
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
volatile int sink;
void *volatile lost;
int main(void)
{
    int *volatile p = malloc(40), status;
    char *volatile q = malloc(10);
    pid_t pid = fork();
    if (pid == 0) {
        free(q);
        sink = q[3];               // expect: Invalid read of size 1
                                   // aux: Address 0x* is 3 bytes inside a block of size 10 free'd
        lost = malloc(77);         // expect: 77 bytes in 1 blocks are definitely lost in loss record
        lost = NULL;
        free(p);
        exit(5);
    }
    waitpid(pid, &status, 0);
    q[9] = 1;
    if (p[4])                      // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;
    free(p);
    free(q);
    return WEXITSTATUS(status);
}
