/* SPDX-License-Identifier: GPL-3.0-or-later */
// exit: -8
int zero;
int main(int argc, char **argv)
{
    return argc / zero;
}
// log: Process terminating with default action of signal 8 (SIGFPE)
// log:  Integer divide by zero at address 0x*
