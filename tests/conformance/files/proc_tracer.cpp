// Nobody traces this program, says /proc: a failing assertion of Catch2 or doctest would stop for a
// debugger otherwise. What follows in the file is where it was.
#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "observe.h"

namespace {

std::string line_of(const std::string& text, const std::string& name) {
  const std::size_t at = text.find("\n" + name + ":");
  return at == std::string::npos ? "" : text.substr(at + 1, text.find('\n', at + 1) - at - 1);
}

int tracer_in(const std::string& text) {
  const std::string line = line_of(text, "TracerPid");
  return line.empty() ? -1 : std::stoi(line.substr(line.find('\t')));
}

void look_at(const char* path) {
  char buffer[8192];
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t all = read(fd, buffer, sizeof buffer);
  OBSERVE(all > 0);
  std::string text(buffer, std::size_t(all));
  OBSERVE(tracer_in(text) == 0);
  OBSERVE(!line_of(text, "Uid").empty());
  OBSERVE(read(fd, buffer, sizeof buffer) == 0);
  const ssize_t again = pread(fd, buffer, sizeof buffer, 0);
  OBSERVE(again > 0);
  text.assign(buffer, std::size_t(again));
  OBSERVE(tracer_in(text) == 0);
  close(fd);
}

}  // namespace

int main() {
  look_at("/proc/self/status");
  look_at(("/proc/" + std::to_string(getpid()) + "/status").c_str());
  look_at("/proc/thread-self/status");
}
