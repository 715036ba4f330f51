/* SPDX-License-Identifier: GPL-3.0-or-later */
/* symbols/known inside: traces that this thread has taken before.
 *
 * A trace is kept with all that its walk depended on (unwind.h).  Where that is unchanged, so is the trace.  Only
 * traces that begin where a function is entered, as those of replaced functions do.  */
#pragma once
#include "symbols/unwind.h"

/* The trace of a walk of t for max frames, if it was kept; else 0.  Drops all if rules have been taken back. */
ng_trace known_trace(struct ng_thread *t, int max);
/* u was walked for max frames, and gave this trace. */
void known_keep(const struct unwind *u, int max, ng_trace trace);
