// How long do the slowest wait while work arrives at fixed times, whatever has been answered by then?
//
//   tail get|echo --port N --rate PER_SECOND [--host NAME] [--connections 64] [--size 125] [--warm SECONDS] [--seconds SECONDS]
//
// The time that counts begins when the work was due, not when it was sent (no coordinated omission). Echo sends to each WebSocket
// in turn, whatever is still on its way. A request needs a connection to itself: where none is free it waits here, and that counts.
// Prints "start", and "stop ANSWERED P50 P99 P99.9 UNANSWERED LATE": times in ms; LATE is the p99 of this program's own lateness.
#include "stream.h"
#include <algorithm>
#include <deque>
#include <sys/prctl.h>

struct Connection : Stream {
  enum { CONNECTING, OPENING, IDLE, WAITING } state = CONNECTING;
  std::string in, out;
  std::deque<double> due;  // what is on its way
};

static std::string request, upgrade, answer;
static bool echo;
static int poller;
static sockaddr_in target;
static char buffer[1 << 16];
static std::deque<double> waiting;         // due, and not sent
static std::deque<Connection *> idle;
static std::vector<double> took, late;
static double counts_from = 1e300;
static size_t unopened;

static void begin(Connection &c) {
  c.make(0);
  c.in.clear();
  c.out.clear();
  c.state = Connection::CONNECTING;
  if (!c.dial(target)) die("connect");
  epoll_event event{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.ptr = &c}};
  epoll_ctl(poller, EPOLL_CTL_ADD, c.fd, &event);
}

static void over(Connection &c) {
  if (echo) wrong("a WebSocket ended before its time");
  // A server may end a connection that is kept alive whenever it likes: what was on its way goes first on another.
  waiting.insert(waiting.begin(), c.due.begin(), c.due.end());
  c.due.clear();
  std::erase(idle, &c);
  c.hang_up();
  begin(c);
}

static bool flush(Connection &c) {
  while (!c.out.empty()) {
    ssize_t n = c.give(c.out.data(), c.out.size());
    if (n == 0) return true;
    if (n < 0) return false;
    c.out.erase(0, n);
  }
  return true;
}

static void send_one(Connection &c, double due) {
  c.due.push_back(due);
  c.out += request;
  if (!flush(c)) over(c);
}

static void answered(Connection &c) {
  double due = c.due.front();
  c.due.pop_front();
  if (due >= counts_from) took.push_back((now() - due) * 1000);
}

static void free_for_work(Connection &c) {
  c.state = Connection::IDLE;
  if (!echo) idle.push_back(&c);
}

// Takes what is whole. False where the connection is over.
static bool parse(Connection &c) {
  if (c.state == Connection::OPENING) {
    size_t end = c.in.find("\r\n\r\n");
    if (end == std::string::npos) return true;
    if (c.in.compare(0, 12, "HTTP/1.1 101") != 0) wrong(c.in.substr(0, c.in.find('\r')).c_str());
    c.in.erase(0, end + 4);
    unopened--;
    free_for_work(c);
  }
  if (echo) {
    for (; c.in.size() >= answer.size(); c.in.erase(0, answer.size())) {
      if (c.due.empty() || c.in.compare(0, answer.size(), answer) != 0) wrong("a message came with wrong bytes");
      answered(c);
    }
    return true;
  }
  size_t end = c.in.find("\r\n\r\n");
  if (end == std::string::npos) return true;
  if (c.due.empty()) return false;
  std::string length = header(c.in.data(), end + 4, "content-length");
  if (c.in.compare(0, 12, "HTTP/1.1 200") != 0 || length.empty()) wrong(c.in.substr(0, c.in.find('\r')).c_str());
  if (c.in.size() < end + 4 + strtoull(length.c_str(), nullptr, 10)) return true;
  bool last = strcasecmp(header(c.in.data(), end + 4, "connection").c_str(), "close") == 0;
  c.in.clear();
  answered(c);
  if (last) return false;
  free_for_work(c);
  return true;
}

static bool advance(Connection &c, uint32_t events) {
  if (c.state == Connection::CONNECTING) {
    if (events & (EPOLLERR | EPOLLHUP)) wrong("a connection was refused");
    if (!(events & EPOLLOUT)) return true;
    c.state = Connection::OPENING;
    c.out = upgrade;
    if (!echo) free_for_work(c);
    if (!echo && unopened > 0) unopened--;
  }
  if (!flush(c)) return false;
  for (;;) {
    ssize_t n = c.take(buffer, sizeof buffer);
    if (n < 0) return false;
    if (n == 0) return true;
    c.in.append(buffer, n);
    if (!parse(c)) return false;
  }
}

static void turn(double wait) {
  static epoll_event events[1024];
  timespec limit{static_cast<time_t>(wait), static_cast<long>((wait - static_cast<time_t>(wait)) * 1e9)};
  int n = epoll_pwait2(poller, events, 1024, &limit, nullptr);
  for (int i = 0; i < n; i++) {
    auto &c = *static_cast<Connection *>(events[i].data.ptr);
    if (!advance(c, events[i].events)) over(c);
  }
}

static void send_due(std::vector<Connection> &connections) {
  static size_t turns = 0;
  for (; !waiting.empty() && (echo || !idle.empty()); ) {
    double due = waiting.front();
    waiting.pop_front();
    Connection &c = echo ? connections[turns++ % connections.size()] : *idle.front();
    if (!echo) { idle.pop_front(); c.state = Connection::WAITING; }
    send_one(c, due);
  }
}

int main(int argc, char **argv) {
  if (argc < 2) { fprintf(stderr, "usage: tail get|echo --port N --rate N …\n"); return 2; }
  echo = strcmp(argv[1], "echo") == 0;
  read_options(argc, argv, 2);
  raise_file_limit();
  prctl(PR_SET_TIMERSLACK, 1);
  double rate = number("rate", 1000), warm = number("warm", 1), seconds = number("seconds", 2);
  alarm(static_cast<unsigned>(warm + seconds + 40));
  target = loopback(static_cast<int>(number("port", 0)));
  std::string payload;
  for (uint64_t i = 0; i < static_cast<uint64_t>(number("size", 125)); i++) payload += static_cast<char>(pattern(i));
  answer = frame_head(2, payload.size(), false) + payload;
  request = echo ? masked_frame(2, payload) : "GET /1k HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
  if (echo) upgrade = upgrade_to("/echo");
  Stream::prepare();
  poller = epoll_create1(0);
  std::vector<Connection> connections(static_cast<size_t>(number("connections", 64)));
  unopened = connections.size();
  for (auto &c : connections) begin(c);
  for (double until = now() + 20; unopened > 0;) {
    if (now() > until) wrong("not all connections opened in time");
    turn(0.02);
  }

  double start = now() + 0.01, stop = start + warm + seconds, gap = 1 / rate;
  uint64_t sent = 0, counted = 0;
  bool told = false;
  for (double next = start;; ) {
    double time = now();
    if (!told && time >= start + warm) {
      told = true;
      counts_from = start + warm;
      puts("start");
      fflush(stdout);
    }
    for (; next <= time && next < stop; next = start + ++sent * gap) {
      waiting.push_back(next);
      if (next < start + warm) continue;
      counted++;
      late.push_back((time - next) * 1000);
    }
    send_due(connections);
    // What is late still counts, for some seconds.
    if (time >= stop && (took.size() == counted || time > stop + 5)) break;
    turn(std::max(0.0, std::min(0.02, (next < stop ? next : time + 0.02) - now())));
    send_due(connections);
  }
  std::sort(took.begin(), took.end());
  std::sort(late.begin(), late.end());
  printf("stop %zu %.3f %.3f %.3f %llu %.3f\n", took.size(), part_of(took, 0.5), part_of(took, 0.99), part_of(took, 0.999),
         static_cast<unsigned long long>(counted - took.size()), part_of(late, 0.99));
  return 0;
}
