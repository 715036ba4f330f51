/* SPDX-License-Identifier: GPL-3.0-or-later */
// exit: -4
int main(void)
{
    __asm__ volatile("ud2");
}
// log: Process terminating with default action of signal 4 (SIGILL)
