/* SPDX-License-Identifier: GPL-3.0-or-later */
/* meet: do the two ways of a conditional branch meet again in one combined condition?
 *
 * For `if (a && b)` compilers may test b first, although b is undefined whenever
 * a is false.  A branch on the undefined b is harmless if one of its ways only
 * tests something defined, and that test leads to where the other way goes.
 * Decided when such a branch is about to be reported, on the guest's bytes and
 * its present values: up to four more compare-and-branch steps are followed.
 * Whatever else the code does (stores, calls, constants put into registers) is
 * an effect that tells the two ways apart: then they do not meet.  */
#pragma once
#include "memcheck.h"

bool ways_meet(struct ng_thread *t, guest_addr taken, guest_addr next);
