nagrind_SOURCES += coregrind/heap/redirect.h 
