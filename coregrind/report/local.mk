nagrind_SOURCES += coregrind/report/report.h coregrind/report/internal.h \
	coregrind/report/sink.c coregrind/report/message.c coregrind/report/text.c coregrind/report/events.c coregrind/report/errors.c \
	coregrind/report/suppress_parse.c coregrind/report/suppress_match.c \
	coregrind/report/describe.c coregrind/report/fatal.c
