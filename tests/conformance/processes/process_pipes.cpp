// Three processes in a row, joined by pipes; more data than a pipe holds.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

namespace {
bool write_all(int file, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t written = write(file, data, size);
    if (written <= 0) return false;
    data += written;
    size -= static_cast<size_t>(written);
  }
  return true;
}
}  // namespace

int main() {
  constexpr size_t kSize = 200'000;
  int first[2], second[2];
  if (pipe(first) != 0 || pipe(second) != 0) return 1;
  if (fork() == 0) {
    std::vector<char> data(kSize);
    for (size_t i = 0; i < kSize; ++i) data[i] = static_cast<char>(i % 100);
    _exit(!write_all(first[1], data.data(), data.size()));
  }
  if (fork() == 0) {
    close(first[1]);
    char buffer[3000];
    for (ssize_t size; (size = read(first[0], buffer, sizeof buffer)) > 0;) {
      for (ssize_t i = 0; i < size; ++i) buffer[i] = static_cast<char>(buffer[i] + 1);
      if (!write_all(second[1], buffer, static_cast<size_t>(size))) _exit(1);
    }
    _exit(0);
  }
  close(first[1]);
  close(second[1]);
  std::vector<char> buffer(5000);
  size_t total = 0;
  long sum = 0, reads = 0;
  for (ssize_t size; (size = read(second[0], buffer.data(), buffer.size())) > 0; ++reads) {
    for (ssize_t i = 0; i < size; ++i) sum += buffer[static_cast<size_t>(i)];
    total += static_cast<size_t>(size);
  }
  int statuses = 0, status = 0;
  while (wait(&status) > 0) statuses |= status;
  std::printf("total %zu, sum %ld, reads %ld, statuses %d\n", total, sum, reads, statuses);
  return total != kSize || sum != 101 * 50 * 2000 || statuses != 0;
}
