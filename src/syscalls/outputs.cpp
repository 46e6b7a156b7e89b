#include <errno.h>

#include "syscalls/peek.h"
#include "syscalls/ranges.h"
#include "syscalls/requests.h"
#include "syscalls/special.h"
#include "syscalls/table.h"

namespace ttrace {
namespace {

/// Of a range that the kernel has not confirmed.
constexpr std::uint64_t kMostUnconfirmed = std::uint64_t(16) << 20;
/// The kernel knows no longer socket address.
constexpr std::uint64_t kMostAddress = 128;
constexpr std::uint64_t kMostVectors = 1024;
/// recvmmsg has no limit of its own; no program has as many.
constexpr std::uint64_t kMostMessages = 65536;
constexpr std::uint64_t kMostText = 4096;

/// struct iovec, msghdr and mmsghdr as the kernel lays them out.
struct Vector {
  std::uint64_t base;
  std::uint64_t length;
};
struct Message {
  std::uint64_t name;
  std::uint32_t name_length;
  std::uint32_t pad0;
  std::uint64_t vectors;
  std::uint64_t vector_count;
  std::uint64_t control;
  std::uint64_t control_length;
  std::uint32_t flags;
  std::uint32_t pad1;
};
static_assert(sizeof(Message) == 56);
constexpr std::uint64_t kManyMessageSize = 64;
constexpr std::uint64_t kManyMessageLength = 56;

// --- before the call ----------------------------------------------------------------------------

std::vector<MemoryRange> note_vectors(const MemoryPeek& peek, std::uint64_t at,
                                      std::uint64_t count) {
  std::vector<MemoryRange> ranges;
  if (at == 0 || count == 0 || count > kMostVectors) return ranges;
  std::vector<Vector> vectors(count);
  const std::size_t got = peek(Address(at), std::as_writable_bytes(std::span(vectors)));
  if (got != count * sizeof(Vector)) return ranges;
  ranges.reserve(count);
  for (const Vector& vector : vectors) ranges.push_back({Address(vector.base), vector.length});
  return ranges;
}

std::optional<MessageNote> note_message(const MemoryPeek& peek, std::uint64_t at,
                                        std::uint64_t header_size) {
  const auto message = peek_value<Message>(peek, at);
  if (!message) return std::nullopt;
  MessageNote note;
  note.header = {Address(at), header_size};
  // A negative length is refused by the kernel.
  const auto name_length = std::int32_t(message->name_length);
  note.name = {Address(message->name),
               std::min(std::uint64_t(std::max(name_length, 0)), kMostAddress)};
  note.control = {Address(message->control), message->control_length};
  note.vectors = note_vectors(peek, message->vectors, message->vector_count);
  return note;
}

void note_messages(const MemoryPeek& peek, std::uint64_t at, std::uint64_t count,
                   OutputNotes& notes) {
  for (std::uint64_t i = 0; i < std::min(count, kMostMessages); ++i) {
    auto note = note_message(peek, at + i * kManyMessageSize, kManyMessageSize);
    if (!note) return;
    notes.messages.push_back(std::move(*note));
  }
}

/// The length that an argument points to, by the number of the buffer's argument; whether it could
/// be read, by the number of its own.
void note_pointed_length(const SyscallView& call, const Output& output, const MemoryPeek& peek,
                         OutputNotes& notes) {
  const auto length = peek_value<std::int32_t>(peek, call.args[output.by]);
  notes.lengths[output.by] = length.has_value();
  notes.lengths[output.argument] = std::uint64_t(std::max(length.value_or(0), 0));
}

// --- after the call -----------------------------------------------------------------------------

/// SO_GET_FILTER counts instructions, all other options bytes.
std::uint64_t option_unit(const SyscallView& call) {
  constexpr std::uint64_t kSocketLevel = 1, kGetFilter = 26, kInstruction = 8;
  const bool filter = call.args[1] == kSocketLevel && call.args[2] == kGetFilter;
  return filter ? kInstruction : 1;
}

/// The outputs of one call, gathered one after the other.
class Outputs {
 public:
  Outputs(const SyscallView& call, const OutputNotes& notes, const MemoryPeek& peek)
      : call_(call),
        notes_(notes),
        peek_(peek),
        failed_(is_error(call.result)),
        everything_(call.result == -EFAULT) {}

  void add(const Output& output);

  std::vector<MemoryRange> take() {
    if (failed_) out_.clip(peek_, kMostUnconfirmed);
    return out_.take();
  }

 private:
  std::uint64_t arg(std::uint8_t i) const { return call_.args[i]; }

  /// How much of `most` the result says was written.
  std::uint64_t confirmed(std::uint64_t most) const {
    if (everything_) return most;
    return failed_ ? 0 : std::min(std::uint64_t(call_.result), most);
  }
  /// An int argument that counts something.
  std::uint64_t count(std::uint8_t by) const {
    return std::uint64_t(std::max(std::int32_t(std::uint32_t(arg(by))), 0));
  }

  void add_special_output();
  void add_pointed_length(const Output& output);
  void add_text(std::uint64_t at);
  void add_vectors(const MessageNote& note, std::uint64_t length);
  void add_message(const MessageNote& note, std::uint64_t length);

  const SyscallView& call_;
  const OutputNotes& notes_;
  const MemoryPeek& peek_;
  const bool failed_;
  const bool everything_;
  RangeCollector out_;
};

void Outputs::add(const Output& output) {
  const std::uint64_t at = arg(output.argument);
  switch (output.extent) {
    case Extent::none:
      return;
    case Extent::fixed:
      return out_.add(at, output.size);
    case Extent::result:
      return out_.add(at, confirmed(arg(output.by)));
    case Extent::result_times:
      return out_.add(at, confirmed(count(output.by)) * output.size);
    case Extent::argument:
      return out_.add(at, arg(output.by));
    case Extent::argument_times:
      return out_.add(at, std::uint64_t(std::uint32_t(arg(output.by))) * output.size);
    case Extent::bit_set:
      return out_.add(at, (count(output.by) + 63) / 64 * 8);
    case Extent::pointed_length:
      return add_pointed_length(output);
    case Extent::string:
      return add_text(at);
    case Extent::io_vector:
      if (!notes_.messages.empty()) add_vectors(notes_.messages[0], confirmed(~std::uint64_t(0)));
      return;
    case Extent::message:
      if (!notes_.messages.empty() && (everything_ || !failed_)) {
        add_message(notes_.messages[0], confirmed(~std::uint64_t(0)));
      }
      return;
    case Extent::messages:
      for (std::uint64_t i = 0; i < confirmed(notes_.messages.size()); ++i) {
        const MessageNote& note = notes_.messages[i];
        const auto length =
            peek_value<std::uint32_t>(peek_, note.header.at.value() + kManyMessageLength);
        add_message(note, everything_ || !length ? ~std::uint64_t(0) : *length);
      }
      return;
    case Extent::special:
      return add_special_output();
  }
}

/// A request's own outputs if its row has any, else those of special.cpp.
void Outputs::add_special_output() {
  const RequestRow* request = request_row(call_);
  bool described = request != nullptr;
  if (request) {
    for (const Output& output : request->outputs) {
      if (output.extent == Extent::special) {
        described = false;
      } else {
        add(output);
      }
    }
  }
  if (!described) add_special(call_, notes_, peek_, everything_, out_);
}

void Outputs::add_pointed_length(const Output& output) {
  if (!notes_.lengths[output.by]) return;
  const std::uint64_t before = notes_.lengths[output.argument];
  const bool is_address = output.size == 0;
  std::uint64_t length = is_address ? std::min(before, kMostAddress) : before;
  if (is_address && !failed_) {
    const auto after = peek_value<std::uint32_t>(peek_, arg(output.by));
    length = std::min<std::uint64_t>(length, after.value_or(0));
  } else if (!is_address && arg(output.argument) != 0) {
    length *= option_unit(call_);
    // Programs may promise more room than they have.
    length = readable_length(peek_, arg(output.argument), std::min(length, kMostUnconfirmed));
  }
  out_.add(arg(output.argument), length);
  out_.add(arg(output.by), sizeof(std::uint32_t));
}

void Outputs::add_text(std::uint64_t at) {
  if (at == 0) return;
  std::array<char, kMostText> text;
  const std::size_t got = peek_(Address(at), std::as_writable_bytes(std::span(text)));
  const auto* end = std::find(text.begin(), text.begin() + got, '\0');
  const auto length = std::uint64_t(end - text.begin());
  out_.add(at, everything_ || length == got ? got : length + 1);
}

void Outputs::add_vectors(const MessageNote& note, std::uint64_t length) {
  for (const MemoryRange& vector : note.vectors) {
    const std::uint64_t here = std::min(length, vector.length);
    out_.add(vector.at.value(), here);
    length -= here;
    if (length == 0) return;
  }
}

void Outputs::add_message(const MessageNote& note, std::uint64_t length) {
  const auto after = peek_value<Message>(peek_, note.header.at.value());
  const bool known = after && !everything_;
  out_.add(note.header.at.value(), note.header.length);
  out_.add(note.name.at.value(), known
                                     ? std::min<std::uint64_t>(note.name.length, after->name_length)
                                     : note.name.length);
  out_.add(note.control.at.value(),
           known ? std::min(note.control.length, after->control_length) : note.control.length);
  add_vectors(note, length);
}

}  // namespace

OutputNotes before_call(const SyscallView& call, const MemoryPeek& peek) {
  OutputNotes notes;
  const SyscallRow* row = syscall_row(call.number);
  if (!row) return notes;
  for (const Output& output : row->outputs) {
    const std::uint64_t at = call.args[output.argument];
    if (output.extent == Extent::pointed_length) {
      note_pointed_length(call, output, peek, notes);
    } else if (output.extent == Extent::io_vector) {
      notes.messages.push_back({{}, {}, {}, note_vectors(peek, at, call.args[output.by])});
    } else if (output.extent == Extent::message) {
      if (auto note = note_message(peek, at, sizeof(Message))) notes.messages.push_back(*note);
    } else if (output.extent == Extent::messages) {
      note_messages(peek, at, std::uint32_t(call.args[output.by]), notes);
    } else if (output.extent == Extent::special) {
      note_special(call, peek, notes);
    }
  }
  return notes;
}

std::vector<MemoryRange> outputs_of(const SyscallView& call, const OutputNotes& notes,
                                    const MemoryPeek& peek) {
  const SyscallRow* row = syscall_row(call.number);
  if (!row) return {};
  if (is_error(call.result) && call.result != -EFAULT && !row->outputs_on_error) return {};
  Outputs outputs(call, notes, peek);
  for (const Output& output : row->outputs) outputs.add(output);
  return outputs.take();
}

}  // namespace ttrace
