#include <algorithm>
#include <array>

#include "replay/state.h"

namespace ttrace {
namespace {

constexpr std::uint64_t kMostVectors = 1024;  // UIO_MAXIOV
constexpr std::uint64_t kMostAtOnce = 1 << 16;

/// The memory that an array of struct iovec names, in pieces.
class Pieces {
 public:
  Pieces(const Memory& memory, Address vectors, std::uint64_t count)
      : memory_(memory), next_(vectors), left_(std::min(count, kMostVectors)) {}

  /// Where the next byte lies, and how many follow it there; nothing at the end.
  bool settle() {
    while (length_ == 0) {
      std::array<std::uint64_t, 2> vector{};
      if (left_ == 0 || !memory_.read_value(next_, vector)) return false;
      at_ = Address(vector[0]);
      length_ = vector[1];
      next_ = next_ + sizeof vector;
      --left_;
    }
    return true;
  }
  Address at() const { return at_; }
  std::uint64_t length() const { return length_; }
  void pass(std::uint64_t bytes) {
    at_ = at_ + bytes;
    length_ -= bytes;
  }

 private:
  const Memory& memory_;
  Address next_;
  std::uint64_t left_;
  Address at_;
  std::uint64_t length_ = 0;
};

}  // namespace

/// process_vm_writev into another recorded process: its memory gets what lies in the caller's.
/// (Into the caller's own, it is an output like any other.)
void Replayer::State::write_other_process(ReplayContext& thread, const SyscallEntry& entry,
                                          const SyscallExit& exit) {
  const auto target = threads.find(Tid(pid_t(entry.args[0])));
  if (target == threads.end() || target->second->process->space == thread.process->space) return;
  const Memory& memory = thread.process->space->host->memory();
  Pieces from(memory, Address(entry.args[1]), entry.args[2]);
  Pieces to(memory, Address(entry.args[3]), entry.args[4]);
  for (auto left = std::uint64_t(std::max<std::int64_t>(exit.result, 0)); left > 0;) {
    if (!from.settle() || !to.settle()) return diverge(thread, "it names less memory");
    const std::uint64_t size = std::min({left, from.length(), to.length(), kMostAtOnce});
    Bytes data = memory.read(from.at(), size);
    if (data.size() != size) return diverge(thread, "it names memory that is not there");
    write(*target->second->process->space, {{to.at(), std::move(data)}});
    from.pass(size);
    to.pass(size);
    left -= size;
  }
}

}  // namespace ttrace
