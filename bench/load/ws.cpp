// The WebSocket client of the benchmark: one thread, epoll, frames made beforehand.
//
//   ws echo       --connections 64 --size 125      each connection keeps one message on its way; counts round trips
//   ws bulk       --connections 4 --size 65536     the upstream streams messages of that size; counts bytes
//   ws handshake  --connections 16                 connect, upgrade, 101, the upstream's end, again; counts those ends
//   ws idle       --connections 5000               a rehearsal of --rehearse handshakes, then opens them and holds
//   ws slow       --size 65536 --bytes 500000000   asks for that much and does not read
//
// All take --port N [--host NAME] [--tls 1] [--warm SECONDS] [--seconds SECONDS] [--limit SECONDS] [--sources N [--first-source N]].
// Talks in lines: "start" and "stop COUNT" around the time that counts ("asked" for slow; "warm", "open COUNT" and "held COUNT"
// for idle, which waits for a line after each).
// Every received message is compared with what was sent at its ends and at each read; a wrong byte ends the run.
#include "stream.h"

struct Connection : Stream {
  enum { CLOSED, CONNECTING, SECURING, HEAD, OPEN } state = CLOSED;
  std::string head, out;
  unsigned char frame[10];
  int framed = 0;               // bytes of the frame's head so far
  uint64_t left = 0, offset = 0;  // of the payload; of the message
  int opcode = 0;
  bool in_payload = false, fin = false;
};

static std::string mode, upgrade, request;
static sockaddr_in target;
static int poller;
static std::vector<Connection> connections;
static uint64_t size, count, opened, failed, asked_at_once;
static bool tls, awake;
static uint32_t sources, first_source, made;
static char buffer[1 << 18];

static void say(const char *format, uint64_t value = 0) {
  printf(format, static_cast<unsigned long long>(value));
  putchar('\n');
  fflush(stdout);
}

static void begin(Connection &c) {
  c.make(sources == 0 ? 0 : first_source + made++ % sources);
  if (!c.dial(target)) die("connect");
  c.state = Connection::CONNECTING;
  c.head.clear();
  c.out.clear();
  c.framed = 0;
  c.offset = 0;
  c.in_payload = false;
  epoll_event event{EPOLLIN | EPOLLOUT | EPOLLET, {.ptr = &c}};
  epoll_ctl(poller, EPOLL_CTL_ADD, c.fd, &event);
}

static void end(Connection &c) {
  c.hang_up();
  c.state = Connection::CLOSED;
}

static bool write_out(Connection &c) {
  while (!c.out.empty()) {
    ssize_t n = c.give(c.out.data(), c.out.size());
    if (n < 0) return false;
    if (n == 0) return true;
    c.out.erase(0, n);
  }
  return true;
}

static bool send_request(Connection &c) {
  if (!c.out.empty()) {
    c.out += request;
    return write_out(c);
  }
  ssize_t n = c.give(request.data(), request.size());
  if (n < 0) return false;
  c.out.append(request, n, std::string::npos);
  return true;
}

static bool message_done(Connection &c) {
  static std::map<Connection *, uint64_t> received;
  if (mode == "echo") {
    count++;
    return send_request(c);
  }
  // One request is always on its way while another is being answered.
  uint64_t &n = received[&c];
  if (++n < asked_at_once) return true;
  n = 0;
  return send_request(c);
}

static void compare(const char *bytes, uint64_t length, uint64_t offset) {
  if (static_cast<unsigned char>(bytes[0]) != pattern(offset) || static_cast<unsigned char>(bytes[length - 1]) != pattern(offset + length - 1)) {
    wrong("a message came with wrong bytes");
  }
}

static bool frames(Connection &c, const char *bytes, size_t length) {
  while (length > 0) {
    if (!c.in_payload) {
      c.frame[c.framed++] = *bytes++;
      length--;
      if (c.framed < 2) continue;
      int small = c.frame[1] & 0x7f;
      int needed = small == 127 ? 10 : small == 126 ? 4 : 2;
      if (c.framed < needed) continue;
      if (c.frame[1] & 0x80 || c.frame[0] & 0x70) wrong("a frame came that the upstream did not send");
      c.left = small;
      if (needed > 2) {
        c.left = 0;
        for (int i = 2; i < needed; i++) c.left = c.left << 8 | c.frame[i];
      }
      c.opcode = c.frame[0] & 15;
      c.fin = c.frame[0] & 0x80;
      c.framed = 0;
      if (c.opcode == 8 && mode == "handshake") return false;
      if (c.opcode == 8) wrong("the connection was closed with a Close frame");
      c.in_payload = true;
    }
    uint64_t n = length < c.left ? length : c.left;
    if (c.opcode < 8 && n > 0) {
      compare(bytes, n, c.offset);
      c.offset += n;
      if (mode == "bulk") count += n;
    }
    bytes += n;
    length -= n;
    if ((c.left -= n) > 0) return true;
    c.in_payload = false;
    if (c.opcode < 8 && c.fin) {
      if (c.offset != size) wrong("a message came with a wrong length");
      c.offset = 0;
      if (!message_done(c)) return false;
    }
  }
  return true;
}

// What a connection does once it is open. False where it is over.
static bool open_for_work(Connection &c) {
  c.state = Connection::OPEN;
  opened++;
  if (mode == "rehearsal") return false;
  // The upstream ends it, and that end is to come through.
  if (mode == "idle" || mode == "handshake") return true;
  if (mode == "slow") {
    // The socket is left alone from here on.
    epoll_ctl(poller, EPOLL_CTL_DEL, c.fd, nullptr);
    return send_request(c);
  }
  return send_request(c) && (mode != "bulk" || send_request(c));
}

static bool advance(Connection &c, uint32_t events) {
  if (c.state == Connection::CONNECTING) {
    if (events & (EPOLLERR | EPOLLHUP)) return false;
    if (!(events & EPOLLOUT)) return true;
    c.state = Connection::HEAD;
    if (tls) c.state = Connection::SECURING;
    c.out = upgrade;
    if (c.state == Connection::HEAD && !write_out(c)) return false;
  }
  if (c.state == Connection::SECURING) {
    int done = c.secure();
    if (done != 1) return done == 0;
    c.state = Connection::HEAD;
    if (!write_out(c)) return false;
  }
  if (events & EPOLLOUT && !c.out.empty() && !write_out(c)) return false;
  if (!(events & (EPOLLIN | EPOLLERR | EPOLLHUP)) && !tls) return true;
  for (;;) {
    ssize_t n = c.take(buffer, sizeof buffer);
    if (n < 0) return false;
    if (n == 0) return true;
    if (c.state == Connection::OPEN) {
      if (!frames(c, buffer, n)) return false;
    } else {
      c.head.append(buffer, n);
      size_t stop = c.head.find("\r\n\r\n");
      if (stop == std::string::npos) continue;
      if (c.head.compare(0, 12, "HTTP/1.1 101") != 0) {
        fprintf(stderr, "%s\n", c.head.substr(0, c.head.find('\r')).c_str());
        return false;
      }
      std::string glued = c.head.substr(stop + 4);
      c.head = std::string();
      if (!open_for_work(c)) return false;
      if (mode == "slow") return true;
      if (!glued.empty() && !frames(c, glued.data(), glued.size())) return false;
    }
    // An end that came along is told only to those who read on.
    if (!tls && mode != "handshake" && static_cast<size_t>(n) < sizeof buffer && !(events & EPOLLHUP)) return true;
  }
}

// Turns the loop for at most that long. `again` starts a slot anew whenever its connection is over.
static void turn(double until, bool again, uint64_t stop_when_opened = 0) {
  static std::vector<epoll_event> events(1024);
  while (now() < until && (stop_when_opened == 0 || opened < stop_when_opened)) {
    int n = awake ? stay_awake(poller, events.data(), events.size(), 0.02) : epoll_wait(poller, events.data(), events.size(), 20);
    for (int i = 0; i < n; i++) {
      auto &c = *static_cast<Connection *>(events[i].data.ptr);
      if (c.state == Connection::CLOSED || advance(c, events[i].events)) continue;
      bool was_open = c.state == Connection::OPEN;
      if (was_open && mode == "handshake") count++;
      end(c);
      if (!was_open && ++failed > 100) wrong("more than 100 handshakes failed");
      if (!again) {
        fprintf(stderr, "%llu were open\n", static_cast<unsigned long long>(opened));
        wrong(was_open ? "a connection ended before its time" : "a handshake failed");
      }
      begin(c);
    }
  }
}

static void open_all(size_t at_once) {
  uint64_t goal = connections.size();
  size_t begun = 0;
  double until = now() + number("limit", 60);
  opened = 0;
  while (opened < goal) {
    if (now() > until) wrong("not all connections opened in time");
    while (begun < goal && begun - opened < at_once) begin(connections[begun++]);
    turn(until, false, opened + 1);
  }
}

int main(int argc, char **argv) {
  if (argc < 2) { fprintf(stderr, "usage: ws echo|bulk|handshake|idle|slow --port N …\n"); return 2; }
  mode = argv[1];
  read_options(argc, argv, 2);
  raise_file_limit();
  double warm = number("warm", 0.5), seconds = number("seconds", 2);
  alarm(static_cast<unsigned>(number("limit", 60) + warm + seconds + 5));
  target = loopback(static_cast<int>(number("port", 0)));
  size = static_cast<uint64_t>(number("size", 125));
  tls = number("tls", 0) != 0;
  size_t slots = static_cast<size_t>(number("connections", mode == "slow" ? 1 : 64));
  sources = static_cast<uint32_t>(number("sources", 0));
  first_source = static_cast<uint32_t>(number("first-source", 1));
  Stream::prepare();
#ifndef TLS
  if (tls) wrong("built without TLS");
#endif
  bool bulk = mode == "bulk" || mode == "slow";
  // The backend does as its load does.
  awake = number("awake", 0) != 0;
  upgrade = upgrade_to((std::string(bulk ? "/bulk" : mode == "handshake" ? "/leave" : "/echo") + (awake ? "?awake" : "")).c_str());
  if (bulk) {
    // Some 4 MiB are asked for at a time.
    asked_at_once = mode == "slow" ? static_cast<uint64_t>(number("bytes", 5e8)) / size : std::max<uint64_t>(1, (4 << 20) / size);
    request = masked_frame(1, std::to_string(size) + " " + std::to_string(asked_at_once));
  } else {
    std::string payload;
    for (uint64_t i = 0; i < size; i++) payload += static_cast<char>(pattern(i));
    request = masked_frame(2, payload);
  }
  poller = epoll_create1(0);
  connections.resize(slots);

  if (mode == "idle") {
    mode = "rehearsal";
    std::vector<Connection> kept;
    kept.swap(connections);
    connections.resize(32);
    for (auto &c : connections) begin(c);
    turn(now() + number("limit", 60), true, static_cast<uint64_t>(number("rehearse", 2000)));
    for (auto &c : connections) end(c);
    mode = "idle";
    say("warm");
    wait_for_parent();
    connections.swap(kept);
    open_all(32);
    say("open %llu", opened);
    wait_for_parent();
    // One that has ended meanwhile would make the figure smaller.
    turn(now() + 0.1, false);
    say("held %llu", opened);
    wait_for_parent();
    return 0;
  }
  if (mode == "slow") {
    open_all(1);
    say("asked");
    wait_for_parent();
    return 0;
  }
  if (mode == "handshake") {
    for (auto &c : connections) begin(c);
  } else {
    open_all(32);
  }
  bool again = mode == "handshake";
  turn(now() + warm, again);
  say("start");
  uint64_t before = count;
  turn(now() + seconds, again);
  say("stop %llu", count - before);
  return 0;
}
