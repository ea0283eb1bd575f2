// How long do thousands of clients wait who all connect at the same moment, and is one turned away?
//
//   storm --port N --count 5000 [--host NAME] [--tls 1] [--limit SECONDS] [--sources 16]
//
// Prints "ready", waits for a line, and begins. Prints
//   "open OPENED ALL P50 P99 P99.9 REFUSED RESET STATUS UNANSWERED RETRIED BUSY"
// (times in ms; ALL from the first connect to the last 101, the others from each client's own connect; RETRIED are those of which
// the kernel had to send something again, as when the proxy's backlog is full; BUSY is this program's part of its core), waits for
// a line, closes each with a Close frame, so that the upstream ends first and no proxy runs out of ports, and prints "closed".
#include "stream.h"
#include <algorithm>

struct Client : Stream {
  enum { NONE, CONNECTING, SECURING, HEAD, OPEN, OVER } state = NONE;
  double begun = 0;
  bool late = false;  // connected only after its SYN was sent again
  std::string head;
};

static std::string upgrade;
static bool tls;
static int poller;
static char buffer[1 << 16];
static std::vector<double> took;
static uint64_t refused, reset, status, retried, over;

static double cpu() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(Client &c, uint64_t &why) {
  why++;
  over++;
  c.hang_up();
  c.state = Client::OVER;
}

static uint32_t sent_again(Client &c) {
  tcp_info info{};
  socklen_t length = sizeof info;
  return getsockopt(c.fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 ? info.tcpi_total_retrans : 0;
}

static void opened(Client &c) {
  took.push_back((now() - c.begun) * 1000);
  over++;
  c.state = Client::OPEN;
  c.head = std::string();
  // One is the kernel's probe for a lost tail, which it sends when the answer takes its time.
  if (c.late || sent_again(c) > 1) retried++;
}

// The request fits into any socket's buffer.
static void ask(Client &c) {
  c.state = Client::HEAD;
  if (c.give(upgrade.data(), upgrade.size()) != static_cast<ssize_t>(upgrade.size())) fail(c, reset);
}

static void advance(Client &c) {
  if (c.state == Client::CONNECTING) {
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(c.fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) return fail(c, error == ECONNREFUSED ? refused : reset);
    tcp_info info{};
    socklen_t size = sizeof info;
    if (getsockopt(c.fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_state == TCP_SYN_SENT) return;
    c.late = sent_again(c) > 0;
    if (tls) c.state = Client::SECURING;
    else ask(c);
  }
  if (c.state == Client::SECURING) {
    int done = c.secure();
    if (done < 0) return fail(c, reset);
    if (done == 0) return;
    ask(c);
  }
  while (c.state == Client::HEAD) {
    ssize_t n = c.take(buffer, sizeof buffer);
    if (n == 0) return;
    if (n < 0) return fail(c, reset);
    c.head.append(buffer, n);
    if (c.head.find("\r\n\r\n") == std::string::npos) continue;
    if (c.head.compare(0, 12, "HTTP/1.1 101") == 0) return opened(c);
    fprintf(stderr, "%s\n", c.head.substr(0, c.head.find('\r')).c_str());
    return fail(c, status);
  }
  // Nothing comes until this side closes: then it is read to its end.
  while (c.state == Client::OPEN) {
    ssize_t n = c.take(buffer, sizeof buffer);
    if (n == 0) return;
    if (n < 0) { c.hang_up(); c.state = Client::OVER; over++; }
  }
}

static void turn(int wait) {
  static epoll_event events[1024];
  int n = epoll_wait(poller, events, 1024, wait);
  for (int i = 0; i < n; i++) {
    auto &c = *static_cast<Client *>(events[i].data.ptr);
    if (c.fd >= 0) advance(c);
  }
}

int main(int argc, char **argv) {
  read_options(argc, argv, 1);
  raise_file_limit();
  size_t count = static_cast<size_t>(number("count", 5000));
  uint32_t sources = static_cast<uint32_t>(number("sources", 16));
  double limit = number("limit", 30);
  tls = number("tls", 0) != 0;
  sockaddr_in target = loopback(static_cast<int>(number("port", 0)));
  alarm(static_cast<unsigned>(limit + 60));
  upgrade = upgrade_to("/echo");
  Stream::prepare();
  poller = epoll_create1(0);
  std::vector<Client> clients(count);
  took.reserve(count);
  for (size_t i = 0; i < count; i++) clients[i].make(1 + i % sources);

  puts("ready");
  fflush(stdout);
  wait_for_parent();
  // Nobody is served before all have connected: a TLS handshake here would draw the storm out.
  double start = now(), used = cpu(), last = start;
  for (size_t i = 0; i < count; i++) {
    Client &c = clients[i];
    c.begun = now();
    c.state = Client::CONNECTING;
    if (!c.dial(target)) { fail(c, errno == ECONNREFUSED ? refused : reset); continue; }
    epoll_event event{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.ptr = &c}};
    epoll_ctl(poller, EPOLL_CTL_ADD, c.fd, &event);
  }
  for (size_t before = took.size(); over < count && now() < start + limit; before = took.size()) {
    turn(20);
    if (took.size() > before) last = now();
  }
  double busy = (cpu() - used) / (now() - start);
  std::sort(took.begin(), took.end());
  printf("open %zu %.3f %.3f %.3f %.3f %llu %llu %llu %llu %llu %.3f\n", took.size(), (last - start) * 1000, part_of(took, 0.5), part_of(took, 0.99), part_of(took, 0.999),
         static_cast<unsigned long long>(refused), static_cast<unsigned long long>(reset), static_cast<unsigned long long>(status),
         static_cast<unsigned long long>(count - over), static_cast<unsigned long long>(retried), busy);
  fflush(stdout);
  wait_for_parent();

  std::string goodbye = masked_frame(8, std::string("\x03\xe8", 2));
  over = 0;
  uint64_t open = 0;
  for (auto &c : clients) {
    if (c.state != Client::OPEN) continue;
    open++;
    if (c.give(goodbye.data(), goodbye.size()) < 0) { c.hang_up(); c.state = Client::OVER; over++; }
  }
  for (double until = now() + 10; over < open && now() < until;) turn(20);
  puts("closed");
  return 0;
}
