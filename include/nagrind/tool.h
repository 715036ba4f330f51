/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nagrind/tool.h: the tool API.  A tool is one shared object that defines
 *
 *     const struct ng_tool ng_tool = { .api = NG_TOOL_API, .name = "mine", ... };
 *
 * nagrind loads it, calls init once, then instrument for every translation.
 * Everything a tool may call is declared here, in nagrind/ir.h and nagrind/x86_64.h.
 *
 * Threads: instrument, helpers and events run on whichever guest thread causes
 * them, several at a time.  ng_tool_lock guards a tool's own slow paths.
 */
#pragma once
#include <stdarg.h>
#include <stdio.h>
#include <sys/types.h>
#include "nagrind/ir.h"
#include "nagrind/x86_64.h"

#define NG_TOOL_API 2

/* ---- threads and the client's memory ---- */
struct ng_thread;                    /* a guest thread */
NG_API struct ng_thread *ng_thread_self(void);   /* NULL outside guest threads */
NG_API struct x86_state *ng_thread_state(struct ng_thread *t); /* registers image and shadows; see ng_reg for exact registers in helpers */
NG_API int ng_thread_id(struct ng_thread *t);    /* 1, 2, ... in order of creation */
/* Calls fn for every live guest thread.  The world is stopped, or the caller accepts a moving picture. */
NG_API void ng_threads_each(void (*fn)(struct ng_thread *t, void *arg), void *arg);
NG_API void ng_world_stop(void);     /* returns when all other guest threads stand at safe points; nests */
NG_API void ng_world_resume(void);
/* Exact guest general register (X86_RAX..X86_R15, X86_RIP), also inside helpers. */
NG_API uint64_t ng_reg(struct ng_thread *t, int slot);

NG_API extern uint64_t ng_strip_size;            /* S */
/* Where a client address has its place in a plane: at address + ng_v_shift, address + NG_PLANE_O.  Whole strips would
 * do but for the processor: AMD's L1 tells addresses apart by a hash of their low 28 bits, so a byte and its shadow
 * would evict each other (the planes' offsets); and a load that follows a store is matched by the low 12 bits, so a
 * frame's marks would hold up the loads of its locals (NG_V_SKEW; left out where planes are mapped piecewise). */
#define NG_PLANE_V (ng_strip_size + 0x5555000ull)
#define NG_PLANE_O (3 * ng_strip_size + 0xaaaa000ull)
#define NG_PLANE_SKEW 0x10000000ull              /* more than any plane is off its strip's start */
#define NG_V_SKEW 2368u
NG_API extern uint64_t ng_v_shift;               /* NG_PLANE_V, or that and NG_V_SKEW */
static inline int ng_in_client(guest_addr a) { return a < ng_strip_size; }
static inline uint8_t *ng_v(guest_addr a) { return (uint8_t *)(a + ng_v_shift); }
static inline uint32_t *ng_o(guest_addr a) { return (uint32_t *)((a & ~3ull) + NG_PLANE_O); }

/* Copies between tool and client memory; any address; stop at the first byte
 * that cannot be accessed and return how many bytes were done.  */
NG_API size_t ng_read(void *to, guest_addr from, size_t size);
NG_API size_t ng_write(guest_addr to, const void *from, size_t size);
/* NUL-terminated client string into buf (always terminated): its length, or -1 if unreadable. */
NG_API ssize_t ng_read_string(char *buf, guest_addr from, size_t size);

enum { NG_PROT_R = 1, NG_PROT_W = 2, NG_PROT_X = 4 };
enum ng_segment_kind { NG_SEG_FILE, NG_SEG_ANON, NG_SEG_STACK, NG_SEG_BRK, NG_SEG_SHM, NG_SEG_HEAP /* the tool's client heap */ };
struct ng_segment {
    guest_addr start, end; /* page-aligned */
    uint8_t prot, kind, shared;
    uint8_t reserved;     /* mapped without any access, and never given any */
    uint64_t dev, ino, offset; /* of a file mapping */
    const char *path;          /* or NULL; lives as long as the process */
};
/* The mapping that holds a: copied to *out, true; false if none. */
NG_API bool ng_segment_at(guest_addr a, struct ng_segment *out);
/* The first mapping that ends above a. */
NG_API bool ng_segment_next(guest_addr a, struct ng_segment *out);
/* Pages of client memory for a tool's client heap (kind NG_SEG_HEAP), zero, read-write; 0 on failure.
 * No new_mem event.  Release with ng_client_unmap. */
NG_API guest_addr ng_client_map(size_t size);
NG_API void ng_client_unmap(guest_addr a, size_t size);
/* Bounds of the stack that holds sp (registered, main, or thread mapping); false if unknown. */
NG_API bool ng_stack_bounds(guest_addr sp, guest_addr *low, guest_addr *high);

/* ---- translation ---- */
struct ng_instrument {
    const struct ir_block *in;   /* decoded guest block */
    struct ir_block *out;        /* empty copy: insns and exits carried over */
    int mode;
};

/* Registers a C function as a helper that IR_CALL can name; up to 3 integer arguments, 64-bit result.
 * Call only from init.  name shows in printed IR. */
typedef uint64_t (*ng_helper_fn)(uint64_t a0, uint64_t a1, uint64_t a2);
NG_API int ng_helper_register(const char *name, ng_helper_fn fn);
/* What the tool's instrument function goes by has changed: all translations are made anew.  Running ones go on to their next
 * exit.  Any thread, without locks of the tool's that instrument may take; also from helpers. */
NG_API void ng_discard_translations(void);
/* Table of tool constants that translations may name (CONST with IR_HOST_OBJ). */
NG_API int ng_object_register(const char *name, void *p);

/* ---- stack traces, errors, output ---- */
typedef uint32_t ng_trace;       /* hash-consed stack trace; 0: none */
NG_API ng_trace ng_trace_take(struct ng_thread *t);             /* of the current guest pc */
NG_API ng_trace ng_trace_take_depth(struct ng_thread *t, int max_frames);
/* What ng_trace_take would yield, if this thread has taken that trace lately; else 0.  For fast ways of hooks, too: then
 * the first frame is the replaced function.  t: the calling thread; NULL: 0. */
NG_API ng_trace ng_trace_known(struct ng_thread *t);
/* Synthetic first frame put before the next frames: replacement functions appear as `name (file:line)`. */
NG_API int ng_trace_frames(ng_trace t, guest_addr *pcs, int max); /* return addresses are minus 1 */
NG_API ng_trace ng_trace_of_pc(guest_addr pc);   /* one frame: where execution is, or a return address minus 1 */
/* The beginning of the function that t's first frame is in; t if that is unknown.  Reads symbols: for reports. */
NG_API ng_trace ng_trace_of_function(ng_trace t);
/* The function whose frame on a stack holds `a`: pc is somewhere in it (a return address minus 1, unless it is where
 * execution is); what lies in [low, high) is its frame's as well.  False if it cannot be found out.  kind tells of an
 * aligned word of a stack whether the program stored something there: stale return addresses must not count. */
enum ng_word { NG_WORD_NONE /* not addressable */, NG_WORD_OTHER, NG_WORD_WRITTEN };
struct ng_frame { guest_addr pc, low, high; };
NG_API bool ng_frame_at(guest_addr a, enum ng_word (*kind)(guest_addr word), struct ng_frame *f);
NG_API void ng_trace_print(ng_trace t);   /* as a message block's stack; text or XML as configured */
/* "fn (file:line)" style description of a code address into buf. */
NG_API void ng_describe_pc(guest_addr pc, char *buf, size_t size);
/* Name and start of the data symbol that holds a; false if none. */
NG_API bool ng_data_symbol(guest_addr a, char *name, size_t size, guest_addr *start);

/* A message line: prefix ==PID==; printf format; no newline in fmt needed (one line a call). */
NG_API void ng_msg(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
NG_API void ng_umsg_v(int verbosity, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
NG_API void ng_fatal(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn)); /* one clear line, exit 1 */
/* N with thousands commas; one of 8 rotating thread-local buffers. */
NG_API const char *ng_commas(uint64_t n);

/* An error candidate.  The core compares it with earlier ones (kind, tool's same(), top frames),
 * applies suppressions, counts, prints through the tool's print_error. */
struct ng_error {
    int kind;                 /* tool's number */
    ng_trace where;
    struct ng_thread *thread;
    guest_addr addr;
    uint64_t size, aux[4];
    const char *text;         /* static or interned (ng_intern) */
    void *extra;              /* copied (extra_size bytes) when the error is new */
    size_t extra_size;
};
NG_API const char *ng_intern(const char *s);
NG_API void ng_error_record(struct ng_error *e);      /* where and thread are filled if 0 */
/* As ng_error_record for a leak record: always printed if print, unique; false if it was suppressed. */
NG_API bool ng_error_unique(struct ng_error *e, bool print, bool count);
NG_API uint64_t ng_errors_found(void);
NG_API void ng_errors_disable(struct ng_thread *t, int delta); /* client request 0x1801 */
/* Only inside print_error: main line, auxiliary line, stacks. */
NG_API void ng_what(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
NG_API void ng_auxwhat(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
NG_API void ng_xml(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* raw, XML only */
/* Describes an address that the tool itself does not know: stack, data symbol, section, mapping, nothing. */
NG_API void ng_describe_addr(guest_addr a);

/* ---- options ---- */
enum ng_opt_type { NG_OPT_BOOL, NG_OPT_INT, NG_OPT_SIZE, NG_OPT_STRING, NG_OPT_CHOICE, NG_OPT_CALLBACK };
struct ng_option {
    const char *name;         /* without -- */
    enum ng_opt_type type;
    void *storage;            /* bool*, int64_t*, const char**, int* (choice index) */
    const char *choices;      /* "no|summary|yes|full"; CALLBACK: unused */
    int (*callback)(const char *value); /* 0, or -1: bad value */
    int64_t min, max;
    const char *help;         /* one line; default last in brackets */
};
NG_API int ng_verbosity(void);            /* 0 with -q, 1, 2 with -v, ... */
NG_API bool ng_option_xml(void);
NG_API int ng_option_num_callers(void);
/* Value of a core option by its long name (booleans and numbers); false if there is no such option. */
NG_API bool ng_option_value(const char *name, int64_t *value);

/* ---- function redirection: guest function name -> host code ---- */
/* Runs instead of the guest function; args are in *t's state (System V ABI: rdi rsi rdx rcx r8 r9), the
 * result goes to gpr[X86_RAX].  The core then returns to the caller.  Shadows are the hook's business. */
typedef void (*ng_hook_fn)(struct ng_thread *t, struct x86_state *s);
struct ng_redirect {
    const char *symbol;      /* mangled; exact */
    const char *soname;      /* glob on the object's soname, "NONE" without; "*" any */
    ng_hook_fn hook;
    const char *display;     /* name in stack traces, e.g. "malloc" */
    const char *file; int line; /* shown as its source position */
    /* A fast way for the common case, or NULL: generated code of mode 0 calls it with the first fast_args (at most 4)
     * arguments, if they and rsp have no attention bit, and puts what it returns into rax (a tool should take that to be
     * defined).  If it does not yield `done`, or faults, the hook is called as if nothing had been: so it must do nothing
     * that may not be done half, or twice.  It may access client memory and planes, and look at general registers and rip as
     * a hook may (ng_reg), but other registers are not in the thread's state: it must not report, take traces (but for
     * ng_trace_known), allocate, block, or change any shadow of a register.  Flags and
     * vector registers are the callee's: what C leaves there, stays. */
    ng_fast_fn fast;
    int fast_args;
};

/* For hooks: client memory at a could not be accessed.  After the hook returns (registers unchanged), the guest
 * sees SIGSEGV for address a at the hook's pc, as if the replaced function had touched it; if a handler returns, or
 * the fault was the core's own doing (stack growth, write-protected code), the hook runs again.  */
NG_API void ng_fault(struct ng_thread *t, guest_addr a, bool write);
/* For hooks: instead of returning to its caller the guest continues at `to`, with its stack, and its registers as
 * the hook leaves them. */
NG_API void ng_hook_jump(struct ng_thread *t, guest_addr to);
/* Moves a tool's own descriptor above the client's (close-on-exec): the new number, or -errno. */
NG_API int ng_fd_hide(int fd);
/* Address of a function symbol in an object whose soname matches the glob; 0: none. */
NG_API guest_addr ng_symbol_find(const char *soname_glob, const char *name);

/* ---- events: kernel layer to tool ---- */
struct ng_events {
    /* memory appears and goes; always page-aligned except stack ones */
    void (*mem_mapped)(guest_addr a, size_t size, int prot, bool zeroed_or_file);
    void (*mem_unmapped)(guest_addr a, size_t size);
    void (*mem_protected)(guest_addr a, size_t size, int prot);
    void (*mem_moved)(guest_addr from, guest_addr to, size_t size); /* mremap */
    void (*brk_grown)(guest_addr a, size_t size);
    void (*brk_shrunk)(guest_addr a, size_t size);
    void (*stack_set)(struct ng_thread *t, guest_addr old_sp, guest_addr new_sp); /* signal frames, thread start */
    /* system calls: syscall name and argument text like "write(buf)" are for reports */
    void (*pre_reg_read)(struct ng_thread *t, int slot, const char *what, int size);
    void (*pre_mem_read)(struct ng_thread *t, const char *what, guest_addr a, size_t size);
    void (*pre_mem_read_string)(struct ng_thread *t, const char *what, guest_addr a);
    void (*pre_mem_write)(struct ng_thread *t, const char *what, guest_addr a, size_t size);
    void (*post_mem_write)(struct ng_thread *t, guest_addr a, size_t size);
    void (*post_reg_write)(struct ng_thread *t, int slot, int size);
    /* generated code faulted at guest pc on address a (access size and kind as decoded); called before the signal is delivered */
    void (*access_fault)(struct ng_thread *t, guest_addr pc, guest_addr a, size_t size, bool write);
    void (*jump_invalid)(struct ng_thread *t, guest_addr pc); /* fetch from unmapped or not executable */
    void (*thread_created)(struct ng_thread *parent, struct ng_thread *child);
    void (*thread_exited)(struct ng_thread *t);
    void (*forked)(void);                            /* in the child */
    /* returns true if it knew the request; args[0] is the code; *result preset to the default */
    bool (*client_request)(struct ng_thread *t, const uint64_t args[6], uint64_t *result);
};

enum { NG_MODES_MAX = 4 };
struct ng_tool {
    int api;                         /* NG_TOOL_API */
    const char *name;                /* "memcheck" */
    const char *banner;              /* "Memcheck, a memory error detector" */
    const char *copyright;
    const char *supp_name;           /* "Memcheck" in suppression files; NULL: no errors */
    int modes;                       /* translation modes, 1 to NG_MODES_MAX; execution starts in 0 */
    enum ir_form forms[NG_MODES_MAX];           /* wanted form per mode */
    bool wants_planes_v, wants_planes_o; /* map the shadow planes */
    const struct ng_option *options; /* ends with a NULL name */
    const struct ng_redirect *redirects; /* ends with a NULL symbol */
    int (*init)(void);               /* after options are parsed, before the client is loaded; 0 or -errno */
    void (*instrument)(struct ng_instrument *i);
    struct ng_events events;
    void (*fini)(int exit_code);     /* before the error summary; world stopped */
    /* errors */
    bool (*error_same)(const struct ng_error *a, const struct ng_error *b);
    void (*error_print)(const struct ng_error *e);
    const char *(*error_supp_kind)(const struct ng_error *e, char extra[256]); /* "Cond", extra line or "" */
    const char *(*error_xml_kind)(const struct ng_error *e);
    /* a suppression's kind word: number >= 0, or -1 unknown; *needs_extra 0 none, 1 required, 2 optional */
    int (*supp_kind)(const char *word, int *needs_extra);
    bool (*supp_matches)(const struct ng_error *e, int kind, const char *extra);
    int (*supp_check_extra)(int kind, const char *extra); /* 0 or -1 */
    void (*stats)(void);
    /* Bytes and blocks that a suppressed ng_error_unique stands for ("used_suppression" lines); may be NULL. */
    void (*error_weight)(const struct ng_error *e, uint64_t *bytes, uint64_t *blocks);
    /* An access of generated code, or the tool's own, to a plane was refused: a page that the tool has protected.  host is
     * the plane's address.  Runs in a signal handler, on any thread.  True: it is mended, try again.  May be NULL. */
    bool (*plane_fault)(uint64_t host);
    /* For REP MOVS and REP STOS of many elements, in mode 0 of NATIVE form; NULL: the tool sees each element.  To move
     * (to, from, bytes, 0), which may overlap if to < from; and to fill (to, byte, bytes, 0).  As struct ng_redirect.fast: all is done, shadows among
     * it, or nothing that may not be done twice, for then it happens element by element.  Both or neither. */
    ng_fast_fn string_move, string_fill;
};
NG_API void ng_tool_lock(void);
NG_API void ng_tool_unlock(void);
