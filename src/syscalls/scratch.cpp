#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>

#include "syscalls/peek.h"
#include "syscalls/requests.h"
#include "syscalls/table.h"

namespace ttrace {
namespace {

constexpr std::uint64_t kLongestSlot = std::uint64_t(16) << 20;
constexpr std::uint64_t kMostVectors = 1024;   // UIO_MAXIOV, of recvmmsg too
constexpr std::uint64_t kMostAddress = 128;    // the kernel knows no longer socket address
constexpr std::uint64_t kMostControl = 65536;  // a few kilobytes are the kernel's limit

/// Offsets of struct iovec, msghdr and mmsghdr.
constexpr std::uint64_t kVectorSize = 16;
constexpr std::uint64_t kVectorLength = 8;
constexpr std::uint64_t kMessageSize = 56;
constexpr std::uint64_t kManyMessageSize = 64;
constexpr std::uint64_t kNameLength = 8;
constexpr std::uint64_t kVectors = 16;
constexpr std::uint64_t kVectorCount = 24;
constexpr std::uint64_t kControl = 32;
constexpr std::uint64_t kControlLength = 40;

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
  using Inside = ScratchSlot::Inside;

  bool add_slot(std::uint8_t argument, std::uint64_t length, bool copy_in) {
    return add_slot({argument, length, copy_in, Address(arg(argument)), {}, {}});
  }
  bool add_slot(const ScratchSlot& slot);
  bool add_counted(const Output& output);
  bool add_pointed_length(const Output& output);
  bool add_vectors(std::uint8_t argument, std::uint64_t count, std::optional<Inside> inside,
                   std::uint64_t at);
  bool add_messages(std::uint8_t argument, std::uint64_t count, std::uint64_t size);
  bool add_special();

  std::uint64_t arg(std::uint8_t i) const { return call_.args[i]; }
  std::uint64_t count(std::uint8_t by) const {
    return std::uint64_t(std::max(std::int32_t(std::uint32_t(arg(by))), 0));
  }

  const SyscallView& call_;
  const MemoryPeek& peek_;
  std::vector<ScratchSlot> slots_;
  std::uint64_t total_ = 0;
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
      return add_counted(output);
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
    case Extent::io_vector:
      return add_vectors(output.argument, arg(output.by), {}, arg(output.argument));
    case Extent::message:
      return add_messages(output.argument, 1, kMessageSize);
    case Extent::messages:
      return add_messages(output.argument, std::uint32_t(arg(output.by)), kManyMessageSize);
    case Extent::string:
      return false;
  }
  return false;
}

bool Slots::add_slot(const ScratchSlot& slot) {
  const std::uint64_t at = slot.original.value();
  if (at == 0 || slot.length == 0) return true;  // the kernel shall see the null pointer
  if (slot.length > kLongestSlot || at > ~slot.length) return false;
  // Scratch memory would hide a bad pointer from the kernel.
  if (!peek_value<std::uint8_t>(peek_, at) ||
      !peek_value<std::uint8_t>(peek_, at + slot.length - 1)) {
    return false;
  }
  for (const ScratchSlot& other : slots_) {
    const std::uint64_t start = other.original.value();
    if (at < start + other.length && start < at + slot.length) return false;
  }
  total_ += slot.length;
  if (total_ > kLongestSlot) return false;
  slots_.push_back(slot);
  return true;
}

/// A buffer that is filled from its beginning on, as far as the result says.
bool Slots::add_counted(const Output& output) {
  ScratchSlot slot{output.argument, arg(output.by), false, Address(arg(output.argument)), {}, {}};
  const bool may_shorten =
      call_.number == SYS_read || (call_.number == SYS_recvfrom && !(arg(3) & MSG_WAITALL));
  if (slot.length > kLongestSlot && may_shorten) {
    slot.length = kLongestSlot / 2;  // room for the address of the sender
    slot.shortened = output.by;
  }
  return add_slot(slot);
}

/// An array of vectors at `at`, and what they point to.
bool Slots::add_vectors(std::uint8_t argument, std::uint64_t count, std::optional<Inside> inside,
                        std::uint64_t at) {
  if (at == 0 || count == 0) return true;
  if (count > kMostVectors) return false;
  const std::size_t array = slots_.size();
  if (!add_slot({argument, count * kVectorSize, true, Address(at), inside, {}})) return false;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto base = peek_value<std::uint64_t>(peek_, at + i * kVectorSize);
    const auto length = peek_value<std::uint64_t>(peek_, at + i * kVectorSize + kVectorLength);
    if (!base || !length) return false;
    const Inside here{array, i * kVectorSize};
    if (!add_slot({0, *length, false, Address(*base), here, {}})) return false;
  }
  return true;
}

/// An array of messages, each `size` long, and what they point to.
bool Slots::add_messages(std::uint8_t argument, std::uint64_t count, std::uint64_t size) {
  const std::uint64_t at = arg(argument);
  if (at == 0 || count == 0) return true;
  if (count > kMostVectors) return false;
  const std::size_t array = slots_.size();
  if (!add_slot({argument, count * size, true, Address(at), {}, {}})) return false;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t message = at + i * size;
    const auto word = [&](std::uint64_t offset) {
      return peek_value<std::uint64_t>(peek_, message + offset).value_or(0);
    };
    const auto add = [&](std::uint64_t pointer, std::uint64_t length) {
      const Inside here{array, i * size + pointer};
      return add_slot({0, length, true, Address(word(pointer)), here, {}});
    };
    const auto name_length = std::int32_t(std::uint32_t(word(kNameLength)));
    if (name_length < 0 || word(kControlLength) > kMostControl) return false;
    if (!add(0, std::min(std::uint64_t(name_length), kMostAddress))) return false;
    if (!add(kControl, word(kControlLength))) return false;
    const Inside vectors{array, i * size + kVectors};
    if (!add_vectors(0, word(kVectorCount), vectors, word(kVectors))) return false;
  }
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
  // A pipe would keep pages of scratch memory, which is used again for other calls.
  if (call.number == SYS_vmsplice) return std::nullopt;
  Slots slots(call, peek);
  for (const Output& output : row->outputs) {
    if (!slots.add(output)) return std::nullopt;
  }
  return slots.take();
}

}  // namespace ttrace
