// The library of dl_many: state of its own, of each thread and of each loading.
#include <cstdio>
#include <string>

namespace {
struct Noisy {
  Noisy() { std::printf("[loaded] "); }
  ~Noisy() { std::printf("[unloaded] "); }
} noisy;
thread_local std::string word = "thread";
int calls = 0;
}  // namespace

extern "C" int plugin_work(int x) {
  word += char('0' + x);
  ++calls;
  int sum = 0;
  for (const char c : word) sum += c;
  return sum * 10 + calls;
}
