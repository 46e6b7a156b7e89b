#include <sys/syscall.h>

#include <algorithm>

#include "syscalls/peek.h"
#include "syscalls/requests.h"
#include "syscalls/table.h"

namespace ttrace {
namespace {

constexpr std::uint64_t kLongestSlot = std::uint64_t(1) << 20;

/// Whether the call writes nothing, although its row leaves that to the request.
bool request_writes_nothing(const SyscallView& call) {
  const RequestRow* request = request_row(call);
  return request && std::all_of(request->outputs.begin(), request->outputs.end(),
                                [](const Output& o) { return o.extent == Extent::none; });
}

/// Gathers the slots of one call.
class Slots {
 public:
  Slots(const SyscallView& call, const MemoryPeek& peek) : call_(call), peek_(peek) {}

  /// False if the output cannot be redirected.
  bool add(const Output& output);
  std::vector<ScratchSlot> take() { return std::move(slots_); }

 private:
  bool add_slot(std::uint8_t argument, std::uint64_t length, bool copy_in);
  bool add_pointed_length(const Output& output);
  bool add_special();

  std::uint64_t arg(std::uint8_t i) const { return call_.args[i]; }
  std::uint64_t count(std::uint8_t by) const {
    return std::uint64_t(std::max(std::int32_t(std::uint32_t(arg(by))), 0));
  }

  const SyscallView& call_;
  const MemoryPeek& peek_;
  std::vector<ScratchSlot> slots_;
};

// Whatever the kernel may leave alone, wholly or in part, is copied in, so that copying all of it
// back changes nothing. Only buffers whose result is the number of bytes written are not.
bool Slots::add(const Output& output) {
  switch (output.extent) {
    case Extent::none:
      return true;
    case Extent::fixed:
      return add_slot(output.argument, output.size, true);
    case Extent::result:
      return add_slot(output.argument, arg(output.by), false);
    case Extent::result_times:
      return add_slot(output.argument, count(output.by) * output.size, true);
    case Extent::argument:
      return add_slot(output.argument, arg(output.by), true);
    case Extent::argument_times:
      return add_slot(output.argument, std::uint64_t(std::uint32_t(arg(output.by))) * output.size,
                      true);
    case Extent::bit_set:
      return add_slot(output.argument, (count(output.by) + 63) / 64 * 8, true);
    case Extent::pointed_length:
      return add_pointed_length(output);
    case Extent::special:
      return add_special();
    case Extent::string:
    case Extent::io_vector:
    case Extent::message:
    case Extent::messages:
      return false;
  }
  return false;
}

bool Slots::add_slot(std::uint8_t argument, std::uint64_t length, bool copy_in) {
  const std::uint64_t at = arg(argument);
  if (at == 0 || length == 0) return true;  // the kernel shall see the null pointer
  if (length > kLongestSlot || at > ~length) return false;
  // Scratch memory would hide a bad pointer from the kernel.
  if (!peek_value<std::uint8_t>(peek_, at) || !peek_value<std::uint8_t>(peek_, at + length - 1)) {
    return false;
  }
  for (const ScratchSlot& other : slots_) {
    const std::uint64_t start = arg(other.argument);
    if (at < start + other.length && start < at + length) return false;
  }
  slots_.push_back({argument, length, copy_in});
  return true;
}

bool Slots::add_pointed_length(const Output& output) {
  if (arg(output.argument) == 0) return true;  // accept and recvfrom then ignore the length
  const auto length = peek_value<std::int32_t>(peek_, arg(output.by));
  if (!length || *length < 0) return false;
  return add_slot(output.argument, std::uint64_t(*length), true) &&
         add_slot(output.by, sizeof(std::uint32_t), true);
}

bool Slots::add_special() {
  constexpr std::uint64_t kMessageType = 8;
  if (call_.number == SYS_msgrcv) {
    if (arg(2) > kLongestSlot) return false;
    return add_slot(1, kMessageType + arg(2), true);
  }
  return request_writes_nothing(call_);
}

}  // namespace

std::optional<std::vector<ScratchSlot>> scratch_slots(const SyscallView& call,
                                                      const MemoryPeek& peek) {
  const SyscallRow* row = syscall_row(call.number);
  if (!row || row->handling != Handling::plain) return std::nullopt;
  Slots slots(call, peek);
  for (const Output& output : row->outputs) {
    if (!slots.add(output)) return std::nullopt;
  }
  return slots.take();
}

}  // namespace ttrace
