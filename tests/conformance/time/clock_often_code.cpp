// After the clock was read often, code comes that reads the time-stamp counter where nobody could
// have looked for it: in every way in which a process gets code. Argument: plugin_rdtsc.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "clock_often.h"

namespace {

constexpr std::size_t kPage = 4096;
// rdtsc; shl rdx, 32; or rax, rdx; ret
constexpr unsigned char kCode[] = {0x0f, 0x31, 0x48, 0xc1, 0xe2, 0x20, 0x48, 0x09, 0xd0, 0xc3};

void run(const void* code) {
  const auto read_counter = reinterpret_cast<unsigned long (*)()>(code);
  const unsigned long first = read_counter(), second = read_counter();
  OBSERVE(second >= first);
  std::printf("%lx %lx\n", first, second);
}

void* map(int protection) {
  void* const memory = mmap(nullptr, kPage, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  OBSERVE(memory != MAP_FAILED);
  return memory;
}

/// A page of a library's data, as code.
void of_data(const char* path) {
  const int file = open(path, O_RDONLY);
  struct stat info {};
  OBSERVE(file >= 0 && fstat(file, &info) == 0);
  std::vector<unsigned char> bytes(std::size_t(info.st_size));
  OBSERVE(pread(file, bytes.data(), bytes.size(), 0) == info.st_size);
  // The last such page is data; plugin_counter may be the same.
  std::size_t at = (bytes.size() / kPage - 1) * kPage;
  while (std::memcmp(bytes.data() + at, kCode, sizeof kCode) != 0) at -= kPage;
  void* const code = mmap(nullptr, kPage, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, off_t(at));
  OBSERVE(code != MAP_FAILED);
  run(code);
  read_clock_often();
  run(code);
}

void protected_later() {
  void* const memory = map(PROT_READ | PROT_WRITE);
  std::memcpy(memory, kCode, sizeof kCode);
  OBSERVE(mprotect(memory, kPage, PROT_READ | PROT_EXEC) == 0);
  run(memory);
}

void written_at_once() {
  void* const memory = map(PROT_READ | PROT_WRITE | PROT_EXEC);
  std::memcpy(memory, kCode, sizeof kCode);
  run(memory);
}

void shared_segment() {
  const int segment = shmget(IPC_PRIVATE, kPage, IPC_CREAT | 0700);
  OBSERVE(segment >= 0);
  void* const memory = shmat(segment, nullptr, 0);
  OBSERVE(memory != reinterpret_cast<void*>(-1));
  std::memcpy(memory, kCode, sizeof kCode);
  const void* const code = shmat(segment, nullptr, SHM_RDONLY | SHM_EXEC);
  OBSERVE(code != reinterpret_cast<void*>(-1) && shmctl(segment, IPC_RMID, nullptr) == 0);
  run(code);
}

void of_a_library(const char* path) {
  void* const library = dlopen(path, RTLD_NOW);
  OBSERVE(library != nullptr);
  run(dlsym(library, "plugin_counter"));
  read_clock_often();
  run(dlsym(library, "plugin_counter"));
  OBSERVE(dlclose(library) == 0);
}

/// Text of a library changes: two bytes become what reads the counter.
void changed_text(const char* path) {
  void* const library = dlopen(path, RTLD_NOW);
  OBSERVE(library != nullptr);
  void* const code = dlsym(library, "plugin_text");
  read_clock_often();
  OBSERVE(mprotect(code, kPage, PROT_READ | PROT_WRITE) == 0);
  std::memcpy(code, kCode, 2);
  OBSERVE(mprotect(code, kPage, PROT_READ | PROT_EXEC) == 0);
  read_clock_often();
  run(code);
}

/// Text of a library is read from its file once more.
void text_again(const char* path) {
  void* const library = dlopen(path, RTLD_NOW);
  OBSERVE(library != nullptr);
  void* const code = dlsym(library, "plugin_counter");
  read_clock_often();
  run(code);
  const auto page = reinterpret_cast<unsigned long>(code) & ~(kPage - 1);
  OBSERVE(madvise(reinterpret_cast<void*>(page), kPage, MADV_DONTNEED) == 0);
  run(code);
}

}  // namespace

int main(int argc, char** argv) {
  OBSERVE(argc == 3);
  read_clock_often();
  print_counter();
  switch (argv[1][0]) {
    case 'l':
      of_a_library(argv[2]);
      of_a_library(argv[2]);
      break;
    case 'd':
      of_data(argv[2]);
      break;
    case 's':
      shared_segment();
      break;
    case 'w':
      written_at_once();
      break;
    case 'p':
      protected_later();
      break;
    case 'a':
      text_again(argv[2]);
      break;
    default:
      changed_text(argv[2]);
  }
  read_clock_often();
  print_counter();
}
