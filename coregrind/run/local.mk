nagrind_SOURCES += coregrind/run/run.h 
