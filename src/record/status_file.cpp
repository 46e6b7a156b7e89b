#include "record/status_file.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "record/descriptor_link.h"

namespace ttrace {

bool is_status_file(Tid tid, int descriptor) {
  const std::string name = link_target(descriptor_link(tid, descriptor));
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
