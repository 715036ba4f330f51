tools_PROGRAMS += none/none.so
none_none_so_CPPFLAGS = -I$(srcdir)/include -D_GNU_SOURCE
none_none_so_CFLAGS = $(AM_CFLAGS) -fPIC
none_none_so_LDFLAGS = -shared
none_none_so_SOURCES = none/none.c
