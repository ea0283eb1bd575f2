// What does a client of the load need: a TCP or TLS connection that never waits, from an address of its own?
#pragma once
#include "wire.h"
#include <map>
#ifdef TLS
#include <openssl/ssl.h>
#endif

// The command line: pairs of --name and value.
inline std::map<std::string, std::string> options;
inline std::string host = "localhost";

inline void read_options(int argc, char **argv, int from) {
  for (int i = from; i + 1 < argc; i += 2) options[argv[i] + 2] = argv[i + 1];
  if (!options["host"].empty()) host = options["host"];
}

inline double number(const char *name, double otherwise) {
  auto found = options.find(name);
  return found == options.end() ? otherwise : atof(found->second.c_str());
}

[[noreturn]] inline void wrong(const char *what) {
  fprintf(stderr, "%s\n", what);
  exit(3);
}

// The sources are 127.0.0.10, .11, …: one address has some 28,000 ports towards one listener.
const uint32_t FIRST_SOURCE = 9;

struct Stream {
  int fd = -1;
#ifdef TLS
  SSL *ssl = nullptr;
  static inline SSL_CTX *context = nullptr;
#endif

  static void prepare() {
#ifdef TLS
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
#endif
  }

  // A socket on the source with that number; 0 is the system's choice.
  void make(uint32_t source) {
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0) die("socket");
    no_delay(fd);
    if (source == 0) return;
    int one = 1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    sockaddr_in address = loopback(0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + FIRST_SOURCE + source - 1);
    if (bind(fd, reinterpret_cast<sockaddr *>(&address), sizeof address) < 0) die("bind");
  }

  // False where it failed at once; errno says why.
  bool dial(const sockaddr_in &target) {
    return connect(fd, reinterpret_cast<const sockaddr *>(&target), sizeof target) == 0 || errno == EINPROGRESS;
  }

  // TLS from here on: 1 when done, 0 for "later", -1 for "never".
  int secure() {
#ifdef TLS
    if (ssl == nullptr) {
      ssl = SSL_new(context);
      SSL_set_fd(ssl, fd);
      SSL_set_connect_state(ssl);
      SSL_set_tlsext_host_name(ssl, host.c_str());
    }
    int n = SSL_do_handshake(ssl);
    return n == 1 ? 1 : later(n) ? 0 : -1;
#else
    return -1;
#endif
  }

  // Both: bytes moved, 0 for "later", -1 for "never".
  ssize_t take(char *to, size_t room) {
#ifdef TLS
    if (ssl != nullptr) {
      int n = SSL_read(ssl, to, room);
      return n > 0 ? n : later(n) ? 0 : -1;
    }
#endif
    ssize_t n = recv(fd, to, room, 0);
    if (n == 0) errno = 0;
    return n > 0 ? n : n < 0 && errno == EAGAIN ? 0 : -1;
  }

  ssize_t give(const char *from, size_t length) {
#ifdef TLS
    if (ssl != nullptr) {
      int n = SSL_write(ssl, from, length);
      return n > 0 ? n : later(n) ? 0 : -1;
    }
#endif
    ssize_t n = send(fd, from, length, MSG_NOSIGNAL);
    return n > 0 ? n : n < 0 && errno == EAGAIN ? 0 : -1;
  }

  void hang_up() {
#ifdef TLS
    if (ssl != nullptr) {
      SSL_shutdown(ssl);
      SSL_free(ssl);
      ssl = nullptr;
    }
#endif
    if (fd >= 0) close(fd);
    fd = -1;
  }

private:
#ifdef TLS
  bool later(int n) {
    int why = SSL_get_error(ssl, n);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
  }
#endif
};

// The request of an upgrade.
inline std::string upgrade_to(const char *path) {
  return std::string("GET ") + path + " HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) bench\r\nOrigin: http://" + host +
         "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
}

inline void wait_for_parent() {
  char c;
  while (read(0, &c, 1) == 1 && c != '\n') {}
}

// The value below which that part of the sorted values lies; 0 of none.
inline double part_of(const std::vector<double> &sorted, double part) {
  if (sorted.empty()) return 0;
  size_t at = static_cast<size_t>(part * sorted.size());
  return sorted[at < sorted.size() ? at : sorted.size() - 1];
}
