nagrind_SOURCES += coregrind/symbols/symbols.h coregrind/symbols/internal.h coregrind/symbols/rules.h \
	coregrind/symbols/objects.c coregrind/symbols/dynamic.c coregrind/symbols/elf.c coregrind/symbols/names.c \
	coregrind/symbols/scopes.c coregrind/symbols/describe.c coregrind/symbols/rules.c coregrind/symbols/unwind.c \
	coregrind/symbols/unwind.h coregrind/symbols/known.c coregrind/symbols/known.h \
	coregrind/symbols/trace.c coregrind/symbols/owner.c
