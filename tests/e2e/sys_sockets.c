/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Socket addresses and options: reported by field, under the names that suppressions know. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(void)
{
    const int unix_socket = socket(AF_UNIX, SOCK_DGRAM, 0), s = socket(AF_INET, SOCK_DGRAM, 0), six = socket(AF_INET6, SOCK_DGRAM, 0);
    struct sockaddr_un *un = malloc(sizeof *un);
    struct sockaddr_in *in = malloc(sizeof *in);
    struct sockaddr_in6 *in6 = malloc(sizeof *in6);
    char *undefined = malloc(8), *small = malloc(4), buf[16] = "";
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, "/nonexistent", 12);
    un->sun_path[13] = 0;
    connect(unix_socket, (struct sockaddr *)un, 20);     // expect: Syscall param socketcall.connect(serv_addr.sun_path) points to uninitialised byte(s)
    un->sun_path[12] = 0;
    connect(unix_socket, (struct sockaddr *)un, sizeof *un);
    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(s, (struct sockaddr *)in, sizeof *in);          // expect: Syscall param socketcall.bind(my_addr.sin_port) points to uninitialised byte(s)
    in->sin_port = htons(9);
    sendto(s, undefined, 5, 0, (struct sockaddr *)in, sizeof *in);        // expect: Syscall param socketcall.sendto(msg) points to uninitialised byte(s)
    memset(in6, 0, sizeof *in6);
    in6->sin6_family = AF_INET6;
    memcpy(&in6->sin6_addr, undefined, 4);
    connect(six, (struct sockaddr *)in6, sizeof *in6);   // expect: Syscall param socketcall.connect(serv_addr.sin6_addr) points to uninitialised byte(s)
    recv(s, small, 5, MSG_DONTWAIT);                     // expect: Syscall param socketcall.recvfrom(buf) points to unaddressable byte(s)
    socklen_t *length = malloc(sizeof *length);
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, undefined, 4);                // expect: Syscall param socketcall.setsockopt(optval) points to uninitialised byte(s)
    *length = 16;
    getsockname(s, (struct sockaddr *)malloc(12), length);    // expect: Syscall param socketcall.getsockname(name) points to unaddressable byte(s)
    socketpair(AF_UNIX, SOCK_STREAM, 0, malloc(4));   // expect: Syscall param socketcall.socketpair(sv) points to unaddressable byte(s)
    (void)buf;
    free(un), free(in), free(in6), free(undefined), free(small), free(length);
    return 0;
}
