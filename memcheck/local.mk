pkglib_PROGRAMS += memcheck/memcheck.so
memcheck_memcheck_so_CPPFLAGS = -I$(srcdir)/include -I$(srcdir)/memcheck -D_GNU_SOURCE
memcheck_memcheck_so_CFLAGS = $(AM_CFLAGS) -fPIC -O2
memcheck_memcheck_so_LDFLAGS = -shared
memcheck_memcheck_so_SOURCES = \
	memcheck/main.c memcheck/memcheck.h \
	memcheck/options.c \
	memcheck/events.c memcheck/events.h \
	memcheck/shadow.c \
	memcheck/shadow_side.c memcheck/shadow_side.h \
	memcheck/registers.c \
	memcheck/stack.c \
	memcheck/helpers.c \
	memcheck/instrument.c memcheck/instrument.h \
	memcheck/instrument_clean.c \
	memcheck/instrument_dirty.c \
	memcheck/rules.c memcheck/rules.h memcheck/rules.def \
	memcheck/errors.c memcheck/errors.h \
	memcheck/errors_print.c \
	memcheck/suppressions.c
