nagrind_SOURCES += coregrind/base/base.h coregrind/base/base.c coregrind/base/assert.c coregrind/base/lock.c \
	coregrind/base/landing.h coregrind/base/landing.c
