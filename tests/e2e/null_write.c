/* SPDX-License-Identifier: GPL-3.0-or-later */
// build: gcc -O0
// build: clang -O1
// exit: -11
int *volatile where;
int main(void)
{
    *where = 1;                // expect: Invalid write of size 4
    return 0;                  // aux: Address 0x0 is not stack'd, malloc'd or (recently) free'd
}
// log: Process terminating with default action of signal 11 (SIGSEGV)
