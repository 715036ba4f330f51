nagrind_SOURCES += coregrind/code/code.h 
