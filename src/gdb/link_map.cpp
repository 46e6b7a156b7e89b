#include "gdb/link_map.h"

#include <elf.h>

#include <algorithm>
#include <cstdint>

namespace ttrace::gdb {
namespace {

constexpr std::size_t kMostHeaders = 256;
constexpr std::size_t kMostDynamic = 1024;
constexpr std::size_t kMostObjects = 8192;
constexpr std::size_t kLongestPath = 4096;

template <class T>
std::optional<T> value_at(const MemoryReader& read, Address at) {
  T value{};
  const auto bytes = std::as_writable_bytes(std::span(&value, 1));
  if (read(at, bytes) != sizeof value) return {};
  return value;
}

bool text_is(const MemoryReader& read, Address at, const std::string& text) {
  if (text.size() >= kLongestPath) return false;
  Bytes bytes(text.size() + 1);
  if (read(at, bytes) != bytes.size()) return false;
  return std::memcmp(bytes.data(), text.c_str(), bytes.size()) == 0;
}

std::uint64_t auxiliary(ByteView vector, std::uint64_t type) {
  for (; vector.size() >= sizeof(Elf64_auxv_t); vector = vector.subspan(sizeof(Elf64_auxv_t))) {
    Elf64_auxv_t entry;
    std::memcpy(&entry, vector.data(), sizeof entry);
    if (entry.a_type == AT_NULL) break;
    if (entry.a_type == type) return entry.a_un.a_val;
  }
  return 0;
}

/// What the program headers of the executable say; zero where they say nothing.
struct Executable {
  Address interpreter;  ///< the loader's path
  Address dynamic;
};

Executable read_headers(ByteView auxv, const MemoryReader& read) {
  const Address headers(auxiliary(auxv, AT_PHDR));
  const std::size_t count = std::min<std::uint64_t>(auxiliary(auxv, AT_PHNUM), kMostHeaders);
  std::uint64_t bias = 0;
  Executable found;
  std::optional<std::uint64_t> interpreter;
  std::optional<std::uint64_t> dynamic;
  for (std::size_t i = 0; i < count; ++i) {
    const auto header = value_at<Elf64_Phdr>(read, headers + i * sizeof(Elf64_Phdr));
    if (!header) break;
    if (header->p_type == PT_PHDR) bias = headers.value() - header->p_vaddr;
    if (header->p_type == PT_INTERP) interpreter = header->p_vaddr;
    if (header->p_type == PT_DYNAMIC) dynamic = header->p_vaddr;
  }
  if (interpreter) found.interpreter = Address(*interpreter + bias);
  if (dynamic) found.dynamic = Address(*dynamic + bias);
  return found;
}

/// The loader's struct r_debug and struct link_map, as debuggers know them.
struct DebugHeader {
  std::uint64_t version;
  std::uint64_t first;
};
struct LinkMap {
  std::uint64_t bias;
  std::uint64_t name;
  std::uint64_t dynamic;
  std::uint64_t next;
};

std::optional<DebugHeader> debug_header(Address dynamic, const MemoryReader& read) {
  for (std::size_t i = 0; i < kMostDynamic; ++i) {
    const auto entry = value_at<Elf64_Dyn>(read, dynamic + i * sizeof(Elf64_Dyn));
    if (!entry || entry->d_tag == DT_NULL) return {};
    if (entry->d_tag == DT_DEBUG) return value_at<DebugHeader>(read, Address(entry->d_un.d_ptr));
  }
  return {};
}

}  // namespace

std::optional<Address> loaded_as(const std::string& path, ByteView auxiliary_vector,
                                 const MemoryReader& read) {
  if (path.empty()) return {};
  const Executable executable = read_headers(auxiliary_vector, read);
  if (executable.interpreter.value() != 0 && text_is(read, executable.interpreter, path)) {
    return Address(auxiliary(auxiliary_vector, AT_BASE));
  }
  if (executable.dynamic.value() == 0) return {};
  const auto header = debug_header(executable.dynamic, read);
  std::uint64_t at = header ? header->first : 0;
  for (std::size_t i = 0; i < kMostObjects && at != 0; ++i) {
    const auto object = value_at<LinkMap>(read, Address(at));
    if (!object) break;
    if (text_is(read, Address(object->name), path)) return Address(object->dynamic);
    at = object->next;
  }
  return {};
}

std::optional<Address> executable_headers(ByteView auxiliary_vector) {
  const std::uint64_t at = auxiliary(auxiliary_vector, AT_PHDR);
  return at == 0 ? std::nullopt : std::optional(Address(at));
}

}  // namespace ttrace::gdb
