nagrind_SOURCES += coregrind/run/run.h coregrind/run/internal.h coregrind/run/checked.c coregrind/run/client_printf.c \
	coregrind/run/client_request.c coregrind/run/dispatch.c coregrind/run/emulate.c coregrind/run/exit.c \
	coregrind/run/fault.c coregrind/run/hot.c coregrind/run/hot.h coregrind/run/interp.c coregrind/run/stats.c coregrind/run/strings.c coregrind/run/threads.c coregrind/run/trace.c \
	coregrind/run/translate.c coregrind/run/world.c
# run/'s half of kernel/: signals and processes
nagrind_SOURCES += coregrind/kernel/signals.h coregrind/kernel/blocking_stub.S coregrind/kernel/blocking.c \
	coregrind/kernel/cpuid.c coregrind/kernel/frame.c coregrind/kernel/process.c coregrind/kernel/process_exec.c \
	coregrind/kernel/signals.c coregrind/kernel/signals_deliver.c coregrind/kernel/signals_fault.c \
	coregrind/kernel/signals_sys.c
