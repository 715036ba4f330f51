/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report: where messages go, errors, suppressions.  The functions of tool.h
 * (ng_msg, ng_error_record, ...) are implemented here.  Output is whole lines,
 * one write each message block, under the report lock; never through stdio. */
#pragma once
#include "base/base.h"
#include "nagrind/tool.h"

void report_init(void);                 /* opens the sinks; ends the process with one line if it cannot */
void report_banner(void);
void report_load_suppressions(void);    /* ends the process with exit code 1 on a malformed file */
/* In the child: %p names are reopened, counts go on.  With a shared table of descriptors
 * the log's own one stays open: it is the parent's as well. */
void report_after_fork(bool shares_files);
void report_summary(void);              /* error list (-s), ERROR SUMMARY */
void report_fatal_signal(struct ng_thread *t, int sig, int si_code, guest_addr at); /* parity 2e.9 */
bool report_any_error(void);            /* an unsuppressed error was counted */
void report_launcher_error(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* "nagrind: ..." on stderr */
/* A message with --PID-- prefix; developer and -v chatter. */
void report_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void report_client(const char *text, bool backtrace); /* **PID** client printf */
