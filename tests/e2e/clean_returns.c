/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Returns that a simple idea of calls and returns does not foresee: from a stack that can only be read, deep ones, some left out by
 * longjmp, to other stacks, in threads; and the word that a callee finds at its stack pointer. */
// build: gcc -O1 -fno-optimize-sibling-calls -pthread
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <pthread.h>
/* rsp into a read-only page that holds a return address; ret */
long ret_on_read_only(void *word);
__asm__(".text\nret_on_read_only: push %rbx\n mov %rsp,%rbx\n lea 1f(%rip),%rax\n mov %rax,(%rdi)\n mov %rdi,%rsi\n push %rdi\n"
 " and $-4096,%rdi\n mov $4096,%esi\n mov $1,%edx\n mov $10,%eax\n syscall\n pop %rdi\n mov $7,%ecx\n mov %rdi,%rsp\n ret\n"
 "1: mov %rsp,%rax\n sub %rdi,%rax\n shl $8,%rax\n add %rcx,%rax\n mov %rbx,%rsp\n pop %rbx\n ret\n");
int slot(void);
__asm__("slot: call 2f\n3: ret\n2: mov (%rsp),%rcx\n lea 3b(%rip),%rdx\n xor %eax,%eax\n cmp %rcx,%rdx\n sete %al\n ret\n");
static int deep(int n){ volatile int x=n; return n? deep(n-1)+(x&1):0; }
static jmp_buf jb; static void down(int n){ volatile int x=n; if(!n) longjmp(jb,1); if (n > 0) down(n-1); x++; }
static ucontext_t a,b; static char st[65536]; static int co;
static void f(void){ for(;;){ co++; swapcontext(&b,&a);} }
static void *thr(void*p){ long s=0; for(int i=0;i<2000;i++) s+=deep(i%100); return (void*)s; }
int main(void){
 void *p=mmap(0,8192,3,MAP_PRIVATE|MAP_ANONYMOUS,-1,0); 
 printf("ro %lx\n",(unsigned long)ret_on_read_only((char*)p+64));
 int ok=0; for(int i=0;i<5000;i++) ok+=slot(); printf("slots %d\n",ok);
 printf("deep %d\n",deep(5000));
 int n=0; for(int i=0;i<300;i++){ if(!setjmp(jb)) down(50); else n++; } printf("longjmp %d\n",n);
 getcontext(&b); b.uc_stack.ss_sp=st; b.uc_stack.ss_size=sizeof st; makecontext(&b,f,0); for(int i=0;i<5000;i++) swapcontext(&a,&b); printf("co %d\n",co);
 pthread_t t[3]; long s=0; for(int i=0;i<3;i++) pthread_create(t+i,0,thr,0); for(int i=0;i<3;i++){void*r;pthread_join(t[i],&r);s+=(long)r;} printf("threads %ld\n",s);
 return 0; }
