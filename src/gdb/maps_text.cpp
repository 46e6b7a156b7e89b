#include "gdb/maps_text.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"

namespace ttrace::gdb {

std::string maps_text(const std::vector<Mapping>& mappings) {
  std::string text;
  for (const Mapping& mapping : mappings) {
    const auto letter = [&](int bit, char c) { return mapping.protection & bit ? c : '-'; };
    const std::uint64_t offset = mapping.backing ? mapping.backing->offset : 0;
    std::string line = fmt::format("{:x}-{:x} {}{}{}{} {:08x} 00:00 {} ", mapping.start.value(),
                                   (mapping.start + mapping.length).value(), letter(PROT_READ, 'r'),
                                   letter(PROT_WRITE, 'w'), letter(PROT_EXEC, 'x'),
                                   mapping.shared ? 's' : 'p', offset, mapping.backing ? 1 : 0);
    if (!mapping.name.empty()) line.resize(std::max<std::size_t>(line.size(), 73), ' ');
    text += line + mapping.name + "\n";
  }
  return text;
}

Fd file_of(const std::string& text) {
  Fd file(::memfd_create("ttrace-text", MFD_CLOEXEC));
  if (!file) throw_errno("memfd_create");
  if (::write(file.value(), text.data(), text.size()) != ssize_t(text.size())) {
    throw_errno("write to a memfd");
  }
  return file;
}

}  // namespace ttrace::gdb
