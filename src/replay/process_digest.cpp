#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <memory>

#include "replay/shown_memory.h"
#include "replay/state.h"

namespace ttrace {
namespace {

/// Larger anonymous mappings (the shadows of sanitizers) are left out.
constexpr std::uint64_t kMostAnonymous = 1ull << 30;

class Digest {
 public:
  Digest() : state_(XXH3_createState(), XXH3_freeState) { XXH3_64bits_reset(state_.get()); }
  void add(ByteView bytes) { XXH3_64bits_update(state_.get(), bytes.data(), bytes.size()); }
  template <class T>
  void add_value(const T& value) {
    add(bytes_of(value));
  }
  std::uint64_t value() const { return XXH3_64bits_digest(state_.get()); }

 private:
  std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state_;
};

/// Whether each page of a mapping is there at all: /proc/PID/pagemap, one word each
/// (Documentation/admin-guide/mm/pagemap.rst in the kernel's tree).
std::vector<bool> pages_there(const HostProcess& host, const Mapping& mapping) {
  constexpr std::uint64_t kPresentOrSwapped = 3ull << 62;
  const std::string path = "/proc/" + std::to_string(host.task().tid().value()) + "/pagemap";
  const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::vector<std::uint64_t> entries(mapping.length / kPageSize, kPresentOrSwapped);
  if (file) {
    (void)!pread(file.value(), entries.data(), entries.size() * sizeof entries[0],
                 off_t(mapping.start.value() / kPageSize * sizeof entries[0]));
  }
  std::vector<bool> there;
  there.reserve(entries.size());
  for (const std::uint64_t entry : entries) there.push_back((entry & kPresentOrSwapped) != 0);
  return there;
}

}  // namespace

std::uint64_t Replayer::process_digest(Pid pid) const {
  Digest digest;
  std::shared_ptr<ReplaySpace> space;
  for (const ReplayThread& thread : threads(pid)) {
    GeneralRegisters registers = this->registers(thread.tid);
    digest.add_value(thread.tid.value());
    registers.eflags &= ~kFlagsOfTheWay;  // equal places may differ in these
    digest.add_value(registers);
    // Without the header of an XSAVE image, which says how the state is kept, not what it is.
    constexpr std::size_t kHeader = 512;
    constexpr std::size_t kHeaderEnd = kHeader + 64;
    const Bytes vectors = vector_state(thread.tid);
    digest.add(ByteView(vectors).first(std::min(kHeader, vectors.size())));
    if (vectors.size() > kHeaderEnd) digest.add(ByteView(vectors).subspan(kHeaderEnd));
    space = state_->context(thread.tid).process->space;
  }
  if (!space) return digest.value();
  std::array<std::byte, kPageSize> page;
  for (const Mapping& mapping : space->mappings.all()) {
    if (!mapping.backing && mapping.length > kMostAnonymous) continue;
    const std::vector<bool> there =
        mapping.backing ? std::vector<bool>() : pages_there(*space->host, mapping);
    for (std::uint64_t i = 0; i < mapping.length / kPageSize; ++i) {
      if (!there.empty() && !there[i]) continue;
      const Address at = mapping.start + i * kPageSize;
      const std::size_t size = read_memory(pid, at, page);
      // A page of zeros is as good as one that was never touched.
      if (std::all_of(page.begin(), page.begin() + size, [](auto b) { return b == std::byte(); })) {
        continue;
      }
      digest.add_value(at.value());
      digest.add(std::span(page).first(size));
    }
  }
  return digest.value();
}

}  // namespace ttrace
