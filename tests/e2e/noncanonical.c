/* SPDX-License-Identifier: GPL-3.0-or-later */
// exit: -11
int *volatile where = (int *)0x8123456789abcdef;
int main(void)
{
    return *where;             // expect: Invalid read of size 4
}
// log: Process terminating with default action of signal 11 (SIGSEGV)
// log:  General Protection Fault
