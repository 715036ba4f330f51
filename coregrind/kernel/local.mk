nagrind_SOURCES += coregrind/kernel/kernel.h 
nagrind_SOURCES += coregrind/kernel/syscalls.def coregrind/kernel/syscall_table.h coregrind/kernel/syscall_table.c coregrind/kernel/syscall.c \
    coregrind/kernel/sys.h coregrind/kernel/sys_iov.c coregrind/kernel/sys_fd.c coregrind/kernel/sys_ioctl.c coregrind/kernel/ioctls.def \
    coregrind/kernel/sys_ipc.c coregrind/kernel/sys_limits.c coregrind/kernel/sys_mem.c coregrind/kernel/sys_path.c coregrind/kernel/sys_poll.c \
    coregrind/kernel/sys_socket.c coregrind/kernel/sys_thread.c coregrind/kernel/proc.c
