#include "gdb/thread_local.h"

#include <cstdint>

namespace ttrace::gdb {
namespace {

enum Symbol : std::size_t { module_number, dtv_pointer, dtv_slots, slot_value };

constexpr std::array<std::string_view, 4> kNames{
    "_thread_db_link_map_l_tls_modid",
    "_thread_db_pthread_dtvp",
    "_thread_db_dtv_dtv",
    "_thread_db_dtv_t_pointer_val",
};

constexpr std::uint64_t kNotAllocated = ~std::uint64_t(0);

/// What such a symbol stands for: a field of a structure.
struct Field {
  std::uint32_t bits;  ///< of one element
  std::uint32_t count;
  std::uint32_t offset;  ///< in its structure
};

template <class T>
std::optional<T> value_at(const MemoryReader& read, Address at) {
  T value{};
  const auto bytes = std::as_writable_bytes(std::span(&value, 1));
  if (read(at, bytes) != sizeof value) return {};
  return value;
}

}  // namespace

void ThreadLocals::start_over() {
  symbols_ = {};
  asked_ = 0;
}

std::optional<std::string_view> ThreadLocals::wanted() const {
  if (asked_ == kSymbols) return {};
  return kNames[asked_];
}

void ThreadLocals::answer(std::optional<Address> at) {
  if (asked_ == kSymbols) return;
  symbols_[asked_] = at;
  // Without the first there is none of them.
  asked_ = at || asked_ > 0 ? asked_ + 1 : kSymbols;
}

std::optional<Address> ThreadLocals::find(const MemoryReader& read, Address thread,
                                          std::uint64_t offset, Address link_map) const {
  std::array<Field, kSymbols> fields{};
  for (std::size_t i = 0; i < kSymbols; ++i) {
    const auto field = symbols_[i] ? value_at<Field>(read, *symbols_[i]) : std::nullopt;
    if (!field) return {};
    fields[i] = *field;
  }
  const auto module =
      value_at<std::uint64_t>(read, link_map + std::uint64_t(fields[module_number].offset));
  const auto dtv =
      value_at<std::uint64_t>(read, thread + std::uint64_t(fields[dtv_pointer].offset));
  if (!module || !dtv || *module == 0 || *dtv == 0) return {};
  const std::uint64_t size = fields[dtv_slots].bits / 8;
  const Address first = Address(*dtv) + fields[dtv_slots].offset;
  // The slot before the first tells how many there are.
  const auto count = value_at<std::uint64_t>(read, first - size);
  if (!count || *module > *count) return {};
  const auto storage = value_at<std::uint64_t>(
      read, first + *module * size + std::uint64_t(fields[slot_value].offset));
  if (!storage || *storage == kNotAllocated || *storage == 0) return {};
  return Address(*storage) + offset;
}

}  // namespace ttrace::gdb
