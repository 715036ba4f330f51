nagrind_SOURCES += coregrind/heap/redirect.h coregrind/heap/redirect.c coregrind/heap/hook_api.c
nagrind_SOURCES += coregrind/heap/vsyscall.h coregrind/heap/vsyscall.c coregrind/heap/synonyms.h coregrind/heap/synonyms.c
