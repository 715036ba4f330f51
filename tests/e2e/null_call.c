/* SPDX-License-Identifier: GPL-3.0-or-later */
// exit: -11
// differs: valgrind loses the frame of main, whose return address is at the top of the stack
void (*volatile f)(void);
int main(void)
{
    f();                       // expect: Jump to the invalid address stated on the next line
    return 0;                  // aux: Address 0x0 is not stack'd, malloc'd or (recently) free'd
}
