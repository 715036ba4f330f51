/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Deep recursion until the stack is full. */
static int deep(volatile int *p)
{
    volatile int pad[300];
    pad[0] = *p + 1;
    return deep(pad) + pad[0];
}
int main(void)
{
    volatile int zero = 0;
    return deep(&zero);
}
