/* SPDX-License-Identifier: GPL-3.0-or-later */
// exit: -6
#include <stdlib.h>
int main(void)
{
    abort();
}
// log: Process terminating with default action of signal 6 (SIGABRT)
