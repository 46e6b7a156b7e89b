#include "record/status_file.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace ttrace {

bool is_status_file(Tid tid, int descriptor) {
  std::array<char, 64> target{};
  const std::string link =
      "/proc/" + std::to_string(tid.value()) + "/fd/" + std::to_string(descriptor);
  const ssize_t length = readlink(link.c_str(), target.data(), target.size());
  const std::string_view name(target.data(), length < 0 ? 0 : std::size_t(length));
  return name.starts_with("/proc/") && name.ends_with("/status");
}

std::optional<Bytes> without_tracer(ByteView text, Pid tracer) {
  const std::string number = std::to_string(tracer.value());
  const std::string line = "\nTracerPid:\t" + number + "\n";
  const std::string_view all(reinterpret_cast<const char*>(text.data()), text.size());
  const std::size_t at = all.find(line);
  if (at == std::string_view::npos) return std::nullopt;
  const std::size_t digits = at + line.size() - 1 - number.size();
  Bytes result(text.begin(), text.end());
  std::fill_n(result.begin() + std::ptrdiff_t(digits), number.size(), std::byte(' '));
  result[digits] = std::byte('0');
  return result;
}

}  // namespace ttrace
