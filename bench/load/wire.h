// What do both ends of the load need to speak HTTP/1.1 and WebSocket frames over non-blocking sockets?
#pragma once
#include <arpa/inet.h>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <string>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

inline double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

// Waits for events without going to sleep: who writes to a process that sleeps on another core pays for waking it. The core
// goes to others in between.
inline int stay_awake(int poller, epoll_event *events, int count, double seconds) {
  for (double until = now() + seconds;; sched_yield()) {
    int n = epoll_wait(poller, events, count, 0);
    if (n != 0 || now() > until) return n;
  }
}

[[noreturn]] inline void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(2);
}

inline void raise_file_limit() {
  rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

inline sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

inline void no_delay(int fd) {
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

// The payload of every bulk message, so that the reader can tell a byte that is not its own.
inline unsigned char pattern(uint64_t position) { return (position * 131 + (position >> 8) * 17 + 7) & 0xff; }

inline std::string frame_head(int opcode, uint64_t length, bool masked) {
  std::string head;
  head += static_cast<char>(0x80 | opcode);
  int bit = masked ? 0x80 : 0;
  if (length < 126) {
    head += static_cast<char>(bit | length);
  } else if (length < 65536) {
    head += static_cast<char>(bit | 126);
    head += static_cast<char>(length >> 8);
    head += static_cast<char>(length);
  } else {
    head += static_cast<char>(bit | 127);
    for (int shift = 56; shift >= 0; shift -= 8) head += static_cast<char>(length >> shift);
  }
  return head;
}

const unsigned char MASK[4] = {0x12, 0x9a, 0x5e, 0xc3};

inline std::string masked_frame(int opcode, const std::string &payload) {
  std::string frame = frame_head(opcode, payload.size(), true);
  frame.append(reinterpret_cast<const char *>(MASK), 4);
  for (size_t i = 0; i < payload.size(); i++) frame += static_cast<char>(payload[i] ^ MASK[i & 3]);
  return frame;
}

// A header of an HTTP head by its lower-case name; empty where it is missing.
inline std::string header(const char *head, size_t length, const char *name) {
  size_t size = strlen(name);
  const char *end = head + length;
  for (const char *line = static_cast<const char *>(memchr(head, '\n', length)); line != nullptr && ++line < end;
       line = static_cast<const char *>(memchr(line, '\n', end - line))) {
    if (static_cast<size_t>(end - line) > size && line[size] == ':' && strncasecmp(line, name, size) == 0) {
      const char *value = line + size + 1;
      while (value < end && (*value == ' ' || *value == '\t')) value++;
      const char *stop = value;
      while (stop < end && *stop != '\r' && *stop != '\n') stop++;
      return std::string(value, stop);
    }
  }
  return "";
}
