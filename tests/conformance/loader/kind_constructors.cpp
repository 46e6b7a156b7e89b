// Everything that runs before and after main: constructors with priorities, .preinit_array, static
// objects, atexit, on_exit, quick_exit handlers, thread-local destructors, stdio's flush.
#include <unistd.h>

#include <thread>

#include "observe.h"

namespace {
struct Static {
  explicit Static(const char* word) : word_(word) { std::printf("made %s\n", word_); }
  ~Static() { std::printf("destroyed %s\n", word_); }
  const char* word_;
};
Static one("one"), two("two");
thread_local Static of_thread("of a thread");

__attribute__((constructor(200))) void late() { dprintf(1, "constructor 200\n"); }
__attribute__((constructor(150))) void early() { dprintf(1, "constructor 150\n"); }
__attribute__((destructor)) void after() { dprintf(1, "destructor\n"); }
void before_all(int argc, char**, char**) { dprintf(1, "before all: %d\n", argc); }
__attribute__((section(".preinit_array"), used)) void (*pointer)(int, char**, char**) = before_all;
}  // namespace

int main() {
  atexit([] { std::printf("atexit\n"); });
  on_exit([](int status,
             void* data) { std::printf("on_exit %d %s\n", status, static_cast<char*>(data)); },
          const_cast<char*>("data"));
  std::thread([] { std::printf("thread has %s\n", of_thread.word_); }).join();
  std::printf("main has %s\n", of_thread.word_);
  setvbuf(stdout, nullptr, _IOFBF, 4096);
  std::printf("buffered until the end\n");
  exit(4);
}
