// How fast is this core just now? A fixed piece of arithmetic, a fiftieth of the core's time, measured in CPU time.
//
// CPU time is no constant of a piece of work where a core is one of two threads of a physical one: while the other
// thread works, perhaps for another guest of the same host, the same piece takes up to twice as long.
//
// Usage: probe FILE    FILE holds three 64-bit numbers in the machine's order: pieces done, nanoseconds of CPU
// they took, nanoseconds of the quickest.
#include "wire.h"
#include <sys/mman.h>

static uint64_t cpu() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

// Registers alone, four chains side by side: what shares the physical core takes execution ports from them. Nothing may
// go through memory: how long a value that was just stored takes to be loaded again is a processor's guess, which is
// right in one piece and wrong in the next (0.2 to 0.9 ms for the same loop on an idle core of a Xeon of 2023).
static void work() {
  uint64_t a = 1, b = 2, c = 3, d = 4;
  for (uint32_t i = 0; i < 60000; i++) {
    a ^= a << 13, b ^= b << 13, c ^= c << 13, d ^= d << 13;
    a ^= a >> 7, b ^= b >> 7, c ^= c >> 7, d ^= d >> 7;
    asm volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
  }
}

int main(int argc, char **argv) {
  if (argc < 2) { fprintf(stderr, "usage: probe FILE\n"); return 2; }
  int fd = open(argv[1], O_RDWR | O_CREAT, 0600);
  if (fd < 0 || ftruncate(fd, 24) < 0) die(argv[1]);
  void *shared = mmap(nullptr, 24, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (shared == MAP_FAILED) die("mmap");
  auto *told = static_cast<volatile uint64_t *>(shared);
  told[2] = UINT64_MAX;
  for (;;) {
    usleep(5000);
    uint64_t before = cpu();
    work();
    uint64_t took = cpu() - before;
    told[1] = told[1] + took;
    if (took < told[2]) told[2] = took;
    told[0] = told[0] + 1;
  }
}
