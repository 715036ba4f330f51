nagrind_SOURCES += coregrind/kernel/kernel.h 
