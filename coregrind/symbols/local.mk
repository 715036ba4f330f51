nagrind_SOURCES += coregrind/symbols/symbols.h coregrind/symbols/internal.h coregrind/symbols/rules.h \
	coregrind/symbols/objects.c coregrind/symbols/dynamic.c coregrind/symbols/elf.c coregrind/symbols/names.c \
	coregrind/symbols/scopes.c coregrind/symbols/describe.c coregrind/symbols/rules.c coregrind/symbols/unwind.c coregrind/symbols/trace.c
nagrind_SOURCES += coregrind/symbols/owner.c
