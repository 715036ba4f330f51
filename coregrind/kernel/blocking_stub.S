/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel/blocking_stub: system calls on behalf of the guest, with labels that let a
 * signal handler tell where it struck (see kernel/signals.c).
 *
 *   start..insn   not yet in the kernel (or the kernel wants it restarted): the
 *                 handler sends it to abort, which yields -KERNEL_ERESTART
 *   after         the kernel is done, its result counts
 */
    .text
    .globl  kernel_blocking_stub, kernel_blocking_start, kernel_blocking_insn
    .globl  kernel_blocking_after, kernel_blocking_abort
    .hidden kernel_blocking_stub, kernel_blocking_start, kernel_blocking_insn
    .hidden kernel_blocking_after, kernel_blocking_abort
    .type   kernel_blocking_stub, @function

/* int64_t kernel_blocking_stub(long number, const uint64_t a[6], const uint64_t *attention, uint64_t bits) */
kernel_blocking_stub:
    mov     %rdi, %rax
    mov     %rsi, %r11
kernel_blocking_start:
    test    %rcx, (%rdx)
    jnz     kernel_blocking_abort
    mov     0(%r11), %rdi
    mov     8(%r11), %rsi
    mov     16(%r11), %rdx
    mov     24(%r11), %r10
    mov     32(%r11), %r8
    mov     40(%r11), %r9
kernel_blocking_insn:
    syscall
kernel_blocking_after:
    ret
kernel_blocking_abort:
    mov     $-512, %rax
    ret
    .size   kernel_blocking_stub, . - kernel_blocking_stub

/* int64_t kernel_direct_stub(long number, const uint64_t a[6]) */
    .globl  kernel_direct_stub, kernel_direct_start, kernel_direct_end
    .hidden kernel_direct_stub, kernel_direct_start, kernel_direct_end
    .type   kernel_direct_stub, @function
kernel_direct_stub:
kernel_direct_start:
    mov     %rdi, %rax
    mov     %rsi, %r11
    mov     0(%r11), %rdi
    mov     8(%r11), %rsi
    mov     16(%r11), %rdx
    mov     24(%r11), %r10
    mov     32(%r11), %r8
    mov     40(%r11), %r9
    syscall
kernel_direct_end:
    ret
    .size   kernel_direct_stub, . - kernel_direct_stub

/* The host's sa_restorer. */
    .globl  kernel_restorer
    .hidden kernel_restorer
    .type   kernel_restorer, @function
kernel_restorer:
    movq    $15, %rax       /* in the form that unwinders know */
    syscall
    .size   kernel_restorer, . - kernel_restorer
    .section .note.GNU-stack, "", @progbits
