/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O0
// log:  Access not within mapped region at address 0x*
// log: Stack overflow in thread #1: can't grow stack to 0x*
// log:  The main thread stack size used in this run was *.
// differs: upstream reports no invalid write here
static int recurse(int n)
{                                    // expect: Invalid write of size
    char room[4096];
    room[n & 15] = (char)n;
    return recurse(n + 1) + room[0];
}
int main(void)
{
    return recurse(0);
}
