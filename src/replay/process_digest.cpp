#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <memory>

#include "replay/shown_memory.h"
#include "replay/state.h"

namespace ttrace {
namespace {

/// Pages that are read at once.
constexpr std::uint64_t kMostAtOnce = 64;

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
  /// A page of zeros is as good as one that was never touched.
  void add_pages(Address at, ByteView bytes) {
    for (; !bytes.empty(); at = at + kPageSize) {
      const ByteView page = bytes.first(std::min<std::size_t>(kPageSize, bytes.size()));
      bytes = bytes.subspan(page.size());
      if (std::all_of(page.begin(), page.end(), [](auto b) { return b == std::byte(); })) continue;
      add_value(at.value());
      add(page);
    }
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

/// How many pages from page `first` on are there, at most `most`; 0: that one is not. An empty
/// `there`: all are.
std::uint64_t pages_from(std::uint64_t first, const std::vector<bool>& there, std::uint64_t most) {
  if (there.empty()) return most;
  std::uint64_t count = 0;
  while (count < most && there[first + count]) ++count;
  return count;
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
  std::vector<std::byte> buffer(kMostAtOnce * kPageSize);
  for (const Mapping& mapping : space->mappings.all()) {
    if (!mapping.backing && mapping.length > kMostAnonymous) continue;
    // Shared memory may hold pages that this process never touched.
    const bool holds_all = mapping.backing || mapping.shared;
    const std::vector<bool> there =
        holds_all ? std::vector<bool>() : pages_there(*space->host, mapping);
    const std::uint64_t count = mapping.length / kPageSize;
    for (std::uint64_t i = 0; i < count;) {
      const std::uint64_t pages = pages_from(i, there, std::min(count - i, kMostAtOnce));
      if (pages == 0) {
        ++i;
        continue;
      }
      const Address at = mapping.start + i * kPageSize;
      const std::size_t size = read_memory(pid, at, std::span(buffer).first(pages * kPageSize));
      digest.add_pages(at, ByteView(buffer).first(size));
      i += std::max<std::uint64_t>(1, (size + kPageSize - 1) / kPageSize);
    }
  }
  return digest.value();
}

}  // namespace ttrace
