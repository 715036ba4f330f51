nagrind_SOURCES += coregrind/launch/launch.h coregrind/launch/options.h 
