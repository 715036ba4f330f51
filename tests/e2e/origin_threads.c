/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Origins on the stacks of other threads (waiting, running, in a leaf), of signal handlers, of coroutines. */
// build: gcc -O0 -pthread
// build: clang -O0 -pthread
// build: gcc -O1 -pthread
// options: --track-origins=yes
// differs: valgrind does not unwind out of an alternate stack, and ends a coroutine where it begins
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <ucontext.h>
#define APART __attribute__((noinline, noclone))
volatile int sink;
static sem_t ready, done;
static volatile int *volatile shared;
static volatile int go_on;

APART static void waiter(void)
{
    volatile int x[60];
    shared = x;
    sem_post(&ready);
    sem_wait(&done);
    sink = x[0] = 1;
}
APART static void spin(void)
{
    while (!go_on)
        ;
    go_on = 0;
}
APART static void runner(void)
{
    volatile int x[60];
    shared = x;
    sem_post(&ready);
    spin();
    sink = x[0] = 1;
}
APART static void spinning_leaf(void)
{
    volatile int x[20];
    shared = x;
    __atomic_store_n(&go_on, 2, __ATOMIC_SEQ_CST);
    while (go_on != 1)
        ;
    sink = x[0] = 1;
}
static void *start(void *how)
{
    if (how == (void *)0)
        waiter();
    else if (how == (void *)1)
        runner();
    else
        spinning_leaf();
    return NULL;
}
static void others(void)
{
    pthread_t t;
    sem_init(&ready, 0, 0);
    sem_init(&done, 0, 0);
    pthread_create(&t, NULL, start, (void *)0);
    sem_wait(&ready);
    if (shared[12])                // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;                  // aux: Uninitialised value was created by a stack allocation @ waiter
    sem_post(&done);
    pthread_join(t, NULL);

    pthread_create(&t, NULL, start, (void *)1);
    sem_wait(&ready);
    if (shared[13])                // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;                  // aux: Uninitialised value was created by a stack allocation @ runner
    go_on = 1;
    pthread_join(t, NULL);

    pthread_create(&t, NULL, start, (void *)2);
    while (go_on != 2)
        ;
    if (shared[14])                // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;                  // aux: Uninitialised value was created by a stack allocation @ spinning_leaf
    go_on = 1;
    pthread_join(t, NULL);
}

static volatile int *from_main;
static void handler(int sig)
{
    volatile int local[40];
    if (local[20])                 // expect: Conditional jump or move depends on uninitialised value(s)
        sink = sig;                // aux: Uninitialised value was created by a stack allocation @ handler
    if (from_main[5])              // expect: Conditional jump or move depends on uninitialised value(s)
        sink = sig;                // aux: Uninitialised value was created by a stack allocation @ interrupted
}
static void on_alternate(int sig)
{
    volatile int local[40];
    if (local[21])                 // expect: Conditional jump or move depends on uninitialised value(s)
        sink = sig;                // aux: Uninitialised value was created by a stack allocation @ on_alternate
    if (from_main[25])             // expect: Conditional jump or move depends on uninitialised value(s)
        sink = sig;                // aux: Uninitialised value was created by a stack allocation @ interrupted
}
APART static void interrupted(void)
{
    volatile int x[50];
    from_main = x;
    raise(SIGUSR1);
    raise(SIGUSR2);
    sink = x[0] = 1;
}

static ucontext_t main_context, coroutine;
APART static void coroutine_body(void)
{
    volatile int x[30];
    shared = x;
    swapcontext(&coroutine, &main_context);
    if (x[10])                     // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;                  // aux: Uninitialised value was created by a stack allocation @ coroutine_body
}
static void enter_coroutine(void)
{
    coroutine_body();
}
static char coroutine_stack[65536];

int main(void)
{
    struct sigaction a = { .sa_handler = handler }, b = { .sa_handler = on_alternate, .sa_flags = SA_ONSTACK };
    stack_t alternate = { .ss_sp = malloc(65536), .ss_size = 65536 };
    others();
    sigaltstack(&alternate, NULL);
    sigaction(SIGUSR1, &a, NULL);
    sigaction(SIGUSR2, &b, NULL);
    interrupted();
    getcontext(&coroutine);
    coroutine.uc_stack.ss_sp = coroutine_stack;
    coroutine.uc_stack.ss_size = sizeof coroutine_stack;
    coroutine.uc_link = &main_context;
    makecontext(&coroutine, enter_coroutine, 0);
    swapcontext(&main_context, &coroutine);
    if (shared[20])                // expect: Conditional jump or move depends on uninitialised value(s)
        sink = 1;                  // aux: Uninitialised value was created by a stack allocation @ coroutine_body
    swapcontext(&main_context, &coroutine);
    alternate.ss_flags = SS_DISABLE;
    sigaltstack(&alternate, NULL);
    free(alternate.ss_sp);
    return 0;
}
