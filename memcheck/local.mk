tools_PROGRAMS += memcheck/memcheck.so
memcheck_memcheck_so_CPPFLAGS = -I$(srcdir)/include -I$(srcdir)/memcheck -D_GNU_SOURCE
memcheck_memcheck_so_CFLAGS = $(AM_CFLAGS) -fPIC -O2
memcheck_memcheck_so_LDFLAGS = -shared
memcheck_memcheck_so_SOURCES = memcheck/memcheck.h
memcheck_memcheck_so_SOURCES += memcheck/heap.h memcheck/heap_cache.h memcheck/heap_inherit.h memcheck/heap_spans.c memcheck/heap_blocks.c memcheck/heap_fast.c memcheck/heap_lazy.c memcheck/heap_custom.c \
	memcheck/heap_describe.c memcheck/heap_hooks.c memcheck/heap_cxx.c memcheck/heap_redirects.c \
	memcheck/strings_text.h memcheck/strings_text.c memcheck/strings_fast.h memcheck/strings_fast.c \
	memcheck/strings_mem.c memcheck/strings_str.c memcheck/strings_redirects.c \
	memcheck/leak.h memcheck/leak.c memcheck/leak_search.c memcheck/leak_records.c memcheck/leak_heuristics.c \
	memcheck/requests.c
memcheck_memcheck_so_SOURCES += \
	memcheck/main.c \
	memcheck/options.c \
	memcheck/events.c memcheck/events.h \
	memcheck/shadow.c memcheck/shadow_fresh.c \
	memcheck/shadow_side.c memcheck/shadow_side.h \
	memcheck/registers.c \
	memcheck/stack.c memcheck/stack_zone.c memcheck/stack_heap.c memcheck/stack_plain.c memcheck/state_saves.c \
	memcheck/helpers.c \
	memcheck/meet.c memcheck/meet.h \
	memcheck/instrument.c memcheck/instrument.h \
	memcheck/instrument_clean.c \
	memcheck/known.c memcheck/known.h \
	memcheck/instrument_dirty.c \
	memcheck/rules.c memcheck/rules.h memcheck/rules.def \
	memcheck/errors.c memcheck/errors.h \
	memcheck/errors_print.c \
	memcheck/suppressions.c
