// The upstream of every peer: as small and as fast as can be, so that the proxy is what is measured.
//
//   GET /1k, /64k   that much from memory          POST /sink   reads a body, sized or chunked, answers 200
//   /echo           WebSocket: each message back   /bulk        WebSocket: a message "SIZE COUNT" asks for COUNT messages of SIZE bytes
//   /leave          WebSocket: ends after its 101   /…?awake     the backend polls and does not sleep, until a request without it or 20 ms of silence
//
// Usage: backend PORT    Prints "ready". Ends when its standard input ends, or on SIGTERM. Several share a port where one may not
// have enough files open: the kernel chooses by a hash of the connection's addresses and ports.
#include "wire.h"
#include <map>
#include <memory>

static uint32_t rotate(uint32_t value, int bits) { return (value << bits) | (value >> (32 - bits)); }

// SHA-1 (RFC 3174) of a short text, in base64: what Sec-WebSocket-Accept is made of.
static std::string sha1_base64(std::string text) {
  uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  uint64_t bits = text.size() * 8;
  text += '\x80';
  while (text.size() % 64 != 56) text += '\0';
  for (int shift = 56; shift >= 0; shift -= 8) text += static_cast<char>(bits >> shift);
  for (size_t block = 0; block < text.size(); block += 64) {
    uint32_t w[80];
    for (int i = 0; i < 16; i++) {
      w[i] = 0;
      for (int j = 0; j < 4; j++) w[i] = w[i] << 8 | static_cast<unsigned char>(text[block + i * 4 + j]);
    }
    for (int i = 16; i < 80; i++) w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (int i = 0; i < 80; i++) {
      uint32_t f, k;
      if (i < 20) { f = (b & c) | (~b & d); k = 0x5a827999; }
      else if (i < 40) { f = b ^ c ^ d; k = 0x6ed9eba1; }
      else if (i < 60) { f = (b & c) | (b & d) | (c & d); k = 0x8f1bbcdc; }
      else { f = b ^ c ^ d; k = 0xca62c1d6; }
      uint32_t next = rotate(a, 5) + f + e + k + w[i];
      e = d; d = c; c = rotate(b, 30); b = a; a = next;
    }
    h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e;
  }
  unsigned char digest[21] = {};
  for (int i = 0; i < 20; i++) digest[i] = h[i / 4] >> (24 - 8 * (i % 4));
  const char *alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (int i = 0; i < 21; i += 3) {
    uint32_t v = digest[i] << 16 | digest[i + 1] << 8 | digest[i + 2];
    for (int shift = 18; shift >= 0; shift -= 6) out += alphabet[v >> shift & 63];
  }
  out[27] = '=';
  return out;
}

struct Connection {
  int fd;
  enum { HTTP, SIZED, CHUNK_SIZE, CHUNK, CHUNK_END, ECHO, BULK } state = HTTP;
  std::string in, out;
  uint64_t left = 0;              // of a body or a chunk
  bool closing = false, writable = true;
  const std::string *message = nullptr;  // bulk: the frame that is sent again and again
  uint64_t count = 0, offset = 0;
};

static int poller;
static bool awake = false;      // while the latest request asks for it, and something comes
static std::string answer_1k, answer_64k, answer_ok, answer_404;
static std::map<uint64_t, std::string> messages;
static char buffer[1 << 18];

static std::string answer(const char *status, const std::string &body) {
  return std::string("HTTP/1.1 ") + status + "\r\nServer: bench\r\nContent-Type: text/plain\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

static const std::string &bulk_message(uint64_t size) {
  std::string &frame = messages[size];
  if (frame.empty()) {
    frame = frame_head(2, size, false);
    for (uint64_t i = 0; i < size; i++) frame += static_cast<char>(pattern(i));
  }
  return frame;
}

// False where the connection is dead.
static bool flush(Connection &c) {
  size_t sent = 0;
  while (sent < c.out.size()) {
    ssize_t n = send(c.fd, c.out.data() + sent, c.out.size() - sent, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno != EAGAIN) return false;
      c.out.erase(0, sent);
      c.writable = false;
      return true;
    }
    sent += n;
  }
  c.out.clear();
  int budget = 1 << 20;  // a turn's worth, so that no connection starves the others
  while (c.count > 0 && c.writable) {
    ssize_t n = send(c.fd, c.message->data() + c.offset, c.message->size() - c.offset, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno != EAGAIN) return false;
      c.writable = false;
      return true;
    }
    c.offset += n;
    if (c.offset == c.message->size()) { c.offset = 0; c.count--; }
    if ((budget -= n) <= 0) {
      // Edge-triggered: ask to be called again.
      epoll_event event{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.ptr = &c}};
      epoll_ctl(poller, EPOLL_CTL_MOD, c.fd, &event);
      return true;
    }
  }
  return !c.closing;
}

static void respond(Connection &c, const std::string &text) { c.out += text; }

// Takes one request's head. False where it is not all there yet.
static bool take_head(Connection &c, size_t &at) {
  const char *start = c.in.data() + at;
  size_t rest = c.in.size() - at;
  const char *end = static_cast<const char *>(memmem(start, rest, "\r\n\r\n", 4));
  if (end == nullptr) return false;
  size_t length = end + 4 - start;
  at += length;
  const char *path = static_cast<const char *>(memchr(start, ' ', length));
  if (path == nullptr) { c.closing = true; return true; }
  path++;
  awake = memmem(path, static_cast<size_t>(end - path), "?awake ", 7) != nullptr;
  if (strcasecmp(header(start, length, "connection").c_str(), "close") == 0) c.closing = true;
  std::string key = header(start, length, "sec-websocket-key");
  if (!key.empty()) {
    respond(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
                   sha1_base64(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11") + "\r\n\r\n");
    c.state = strncmp(path, "/bulk", 5) == 0 ? Connection::BULK : Connection::ECHO;
    // Who ends first keeps the port for a while: here it is a listening one, of which proxies don't run out.
    c.closing = strncmp(path, "/leave", 6) == 0;
    return true;
  }
  if (*start == 'P') {
    std::string size = header(start, length, "content-length");
    if (!header(start, length, "expect").empty()) respond(c, "HTTP/1.1 100 Continue\r\n\r\n");
    if (!size.empty()) {
      c.left = strtoull(size.c_str(), nullptr, 10);
      c.state = Connection::SIZED;
    } else if (!header(start, length, "transfer-encoding").empty()) {
      c.state = Connection::CHUNK_SIZE;
    } else {
      respond(c, answer_ok);
    }
  } else if (strncmp(path, "/64k", 4) == 0) {
    respond(c, answer_64k);
  } else if (strncmp(path, "/1k", 3) == 0) {
    respond(c, answer_1k);
  } else {
    respond(c, answer_404);
  }
  return true;
}

static bool take_frame(Connection &c, size_t &at) {
  auto *p = reinterpret_cast<unsigned char *>(&c.in[at]);
  size_t rest = c.in.size() - at;
  if (rest < 6) return false;
  uint64_t length = p[1] & 0x7f;
  size_t head = 6;
  if (length == 126) {
    if (rest < 8) return false;
    length = p[2] << 8 | p[3];
    head = 8;
  } else if (length == 127) {
    if (rest < 14) return false;
    length = 0;
    for (int i = 2; i < 10; i++) length = length << 8 | p[i];
    head = 14;
  }
  if (rest < head + length) return false;
  unsigned char *mask = p + head - 4, *payload = p + head;
  for (uint64_t i = 0; i < length; i++) payload[i] ^= mask[i & 3];
  at += head + length;
  int opcode = p[0] & 15;
  std::string text(reinterpret_cast<char *>(payload), length);
  if (opcode == 8) {
    c.out += frame_head(8, length, false) + text;
    c.closing = true;
  } else if (opcode == 9) {
    c.out += frame_head(10, length, false) + text;
  } else if (opcode == 10) {
    return true;
  } else if (c.state == Connection::ECHO) {
    c.out += frame_head(opcode, length, false) + text;
  } else {
    char *next;
    uint64_t size = strtoull(text.c_str(), &next, 10);
    c.message = &bulk_message(size);
    c.count += strtoull(next, nullptr, 10);
  }
  return true;
}

// Takes what it can from the input. False where it needs more bytes.
static bool step(Connection &c, size_t &at) {
  size_t rest = c.in.size() - at;
  switch (c.state) {
    case Connection::HTTP: return take_head(c, at);
    case Connection::SIZED:
    case Connection::CHUNK: {
      if (rest == 0) return c.left == 0 ? (c.state = Connection::HTTP, respond(c, answer_ok), true) : false;
      uint64_t taken = rest < c.left ? rest : c.left;
      at += taken;
      if ((c.left -= taken) > 0) return false;
      if (c.state == Connection::CHUNK) { c.state = Connection::CHUNK_END; return true; }
      c.state = Connection::HTTP;
      respond(c, answer_ok);
      return true;
    }
    case Connection::CHUNK_SIZE:
    case Connection::CHUNK_END: {
      const char *line = c.in.data() + at;
      auto *end = static_cast<const char *>(memchr(line, '\n', rest));
      if (end == nullptr) return false;
      at += end + 1 - line;
      if (c.state == Connection::CHUNK_END) {
        c.state = Connection::CHUNK_SIZE;
        return true;
      }
      c.left = strtoull(line, nullptr, 16);
      if (c.left > 0) { c.state = Connection::CHUNK; return true; }
      // The last chunk: no trailers come from our generators, so one empty line is left.
      c.state = Connection::SIZED;
      c.left = 2;
      return true;
    }
    default: return take_frame(c, at);
  }
}

static void drop(Connection *c) {
  close(c->fd);
  delete c;
}

static void ready(Connection *c, uint32_t events) {
  bool ended = false;
  if (events & EPOLLOUT) c->writable = true;
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
    for (;;) {
      ssize_t n = recv(c->fd, buffer, sizeof buffer, 0);
      if (n > 0) {
        c->in.append(buffer, n);
        if (static_cast<size_t>(n) < sizeof buffer && !(events & EPOLLRDHUP)) break;
        continue;
      }
      if (n < 0 && errno == EAGAIN) break;
      ended = true;
      break;
    }
    size_t at = 0;
    while ((at < c->in.size() || (c->state == Connection::SIZED && c->left == 0)) && step(*c, at)) {}
    if (at == c->in.size()) {
      c->in.clear();
      if (c->in.capacity() > 1 << 16) c->in.shrink_to_fit();
    } else if (at > 0) {
      c->in.erase(0, at);
    }
  }
  if (!flush(*c) || ended) drop(c);
}

int main(int argc, char **argv) {
  if (argc < 2) { fprintf(stderr, "usage: backend PORT\n"); return 2; }
  raise_file_limit();
  std::string k(1024, 'x'), k64(65536, 'y');
  answer_1k = answer("200 OK", k);
  answer_64k = answer("200 OK", k64);
  answer_ok = answer("200 OK", "ok");
  answer_404 = answer("404 Not Found", "no such thing");

  // Four addresses of the loopback, so that it can be a farm of four servers as well.
  int listeners[4];
  poller = epoll_create1(0);
  epoll_event event{EPOLLIN, {.ptr = nullptr}};
  for (int i = 0; i < 4; i++) {
    int listener = listeners[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    sockaddr_in address = loopback(atoi(argv[1]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + i);
    if (bind(listener, reinterpret_cast<sockaddr *>(&address), sizeof address) < 0) die("bind");
    if (listen(listener, 4096) < 0) die("listen");
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  }
  // Standard input is the parent's hand: when it lets go, so do we.
  static Connection parent{.fd = 0};
  event = {EPOLLIN | EPOLLHUP, {.ptr = &parent}};
  epoll_ctl(poller, EPOLL_CTL_ADD, 0, &event);
  puts("ready");
  fflush(stdout);

  std::vector<epoll_event> events(1024);
  for (;;) {
    int n = awake ? stay_awake(poller, events.data(), events.size(), 0.02) : 0;
    if (n == 0) n = epoll_wait(poller, events.data(), events.size(), -1);
    for (int i = 0; i < n; i++) {
      auto *c = static_cast<Connection *>(events[i].data.ptr);
      if (c == &parent) {
        if (read(0, buffer, sizeof buffer) <= 0) return 0;
      } else if (c != nullptr) {
        ready(c, events[i].events);
      } else {
        for (int listener : listeners) {
          for (int fd; (fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
            no_delay(fd);
            auto *made = new Connection{.fd = fd};
            epoll_event on{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.ptr = made}};
            epoll_ctl(poller, EPOLL_CTL_ADD, fd, &on);
          }
        }
      }
    }
  }
}
