// The code that runs inside the tracee (abi.h). No library, no static data that is written, no
// thread-local storage, no vector registers: it interrupts the program anywhere.

#include <cstddef>
#include <cstdint>

#include "agent/abi.h"
#include "agent/areas.h"
#include "agent/calls.h"
#include "agent/clock.h"
#include "agent/descriptors.h"
#include "agent/inside.h"
#include "agent/instructions.h"

#define XXH_INLINE_ALL
#define XXH_NO_STDLIB
#define XXH_VECTOR 0  // XXH_SCALAR
#include <xxhash.h>

extern "C" {

void* memcpy(void* to, const void* from, std::size_t size) {
  void* const result = to;
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
  return result;
}

void* memset(void* to, int value, std::size_t size) {
  void* const result = to;
  asm volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
  return result;
}

}  // extern "C"

namespace ttrace::agent {
namespace {

/// Bytes that are mostly few.
void copy(std::uint64_t to, std::uint64_t from, std::uint64_t size) {
  if (size > 64) {
    memcpy(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), size);
    return;
  }
  while (size >= 8) {
    size -= 8;
    std::uint64_t word;
    __builtin_memcpy(&word, reinterpret_cast<const void*>(from + size), 8);
    __builtin_memcpy(reinterpret_cast<void*>(to + size), &word, 8);
  }
  while (size > 0) {
    --size;
    *reinterpret_cast<volatile char*>(to + size) =
        *reinterpret_cast<const volatile char*>(from + size);
  }
}

/// As digest_of_written() in syscalls/written.h, for a call that passes on `length` bytes.
std::uint32_t digest_of_written(std::uint64_t at, std::uint64_t length) {
  const auto digest = std::uint32_t(XXH3_64bits(reinterpret_cast<const void*>(at), length));
  return digest == 0 ? 1 : digest;
}

bool writes_data(std::uint64_t number) {
  return number == 1 || number == 18 || number == 44;  // write, pwrite64, sendto
}

/// Whether the second of two areas of 8 bytes lies apart from the first.
bool lies_apart(std::uint64_t first, std::uint64_t second) {
  return first - second + 8 > 16 || first == 0 || second == 0;
}

/// As far as is known of the threads that are recorded.
bool wakes_nobody(const std::uint64_t* args) {
  constexpr std::uint32_t kFlags = 128 | 256;  // FUTEX_PRIVATE_FLAG, FUTEX_CLOCK_REALTIME
  const std::uint32_t operation = std::uint32_t(args[1]) & ~kFlags;
  if (operation != 1 && operation != 10) return false;  // FUTEX_WAKE, FUTEX_WAKE_BITSET
  const Waits& waits = head().waits;
  if (waits.count > kMostWaits) return false;
  for (std::uint64_t i = 0; i < waits.count; ++i)
    if (waits.futexes[i] == args[0]) return false;
  return true;
}

/// As far as Call::special says; `opened` is what the call opens.
bool is_for_agent(Special special, const std::uint64_t* args, Descriptor& opened) {
  constexpr std::uint64_t kHere = std::uint64_t(-100);  // AT_FDCWD
  switch (special) {
    case Special::open:
    case Special::openat: {
      const bool at = special == Special::openat;
      if (!opens_plainly(args[at ? 2 : 1])) return false;
      const Found found = look_at(at ? args[0] : kHere, args[at ? 1 : 0]);
      opened = found.kind;
      return found.may_open;
    }
    case Special::flags:
      return args[1] >= 1 && args[1] <= 3;
    case Special::message:
      return (args[3] & ~std::uint64_t(0x4040)) == 0;  // MSG_DONTWAIT, MSG_NOSIGNAL
    case Special::alone:
      return head().alone != 0;
    case Special::mask:
      return lies_apart(args[1], args[2]);
    case Special::protect:
      return may_protect(args);
    case Special::drop:
      return may_drop(args);
    case Special::wake:
      return wakes_nobody(args);
    case Special::none:
    case Special::close:
      return true;
  }
  return false;
}

bool has_zeros(std::uint8_t zeros, const std::uint64_t* args) {
  for (unsigned i = 0; i < 6; ++i)
    if ((zeros >> i & 1) && args[i] != 0) return false;
  return true;
}

/// The mask that the thread has after rt_sigprocmask, of which the kernel has read the arguments.
std::uint64_t mask_after(const std::uint64_t* args, std::uint64_t before) {
  constexpr std::uint64_t kNeverBlocked = 1ull << 8 | 1ull << 18;  // SIGKILL, SIGSTOP
  if (args[1] == 0) return before;
  std::uint64_t set;
  __builtin_memcpy(&set, reinterpret_cast<const void*>(args[1]), sizeof set);
  switch (std::uint32_t(args[0])) {
    case 0:  // SIG_BLOCK
      return (before | set) & ~kNeverBlocked;
    case 1:  // SIG_UNBLOCK
      return before & ~set;
    default:  // SIG_SETMASK
      return set & ~kNeverBlocked;
  }
}

/// The bytes that the call may write, as far as its arguments tell.
std::uint64_t most_written(const Call& call, const std::uint64_t* args) {
  std::uint64_t most = 0;
  for (const Output& output : call.outputs) {
    switch (output.extent) {
      case Extent::none:
        break;
      case Extent::fixed:
        most += output.size;
        break;
      default:
        if (args[output.by] > kMostWritten) return ~0ull;
        most += args[output.by] * (output.extent == Extent::result ? 1 : output.size);
    }
  }
  return most;
}

std::uint64_t written_now(const Output& output, const std::uint64_t* args, std::int64_t result) {
  if (result < 0 || args[output.argument] == 0) return 0;
  switch (output.extent) {
    case Extent::none:
      return 0;
    case Extent::fixed:
      return output.size;
    case Extent::result:
      return std::uint64_t(result);
    case Extent::result_times:
      return std::uint64_t(result) * output.size;
    case Extent::argument_times:
      return args[output.by] * output.size;
  }
  return 0;
}

/// Whether what the call did is for the traced path to find out, which makes it again. What the
/// kernel would restart is none of ours. Memory may have been written by one that failed; of a
/// stream, what it did not give is gone, and the traced path knows no more.
bool is_unclear(const Call& call, Descriptor kind, std::int64_t result) {
  if (result >= 0) return false;
  const bool wrote = call.outputs[0].extent == Extent::argument_times;
  return (result == kFault && !is_stream(kind)) || wrote || (result <= -512 && result >= -516);
}

/// Whether the call may be made here, as far as its descriptor and its arguments tell.
bool may_make(const Call& call, Descriptor kind, const std::uint64_t* args, Descriptor& opened) {
  if (call.zeros != 0 && !has_zeros(call.zeros, args)) return false;
  if (call.special != Special::none && !is_for_agent(call.special, args, opened)) return false;
  return call.needs == Needs::nothing || (may_use(call.needs, kind) && !may_wait(call, kind, args));
}

/// What a call that was made changes of what is known.
void note_effects(Special special, const std::uint64_t* args, std::int64_t result,
                  Descriptor opened) {
  Head& h = head();
  if (special == Special::protect || special == Special::drop) h.written_page = 0;
  if (special == Special::close) note_descriptor(args[0], Descriptor::unknown);
  if (special == Special::mask && result == 0) h.signal_mask = mask_after(args, h.signal_mask);
  if (opened != Descriptor::unknown && result >= 0) note_descriptor(std::uint64_t(result), opened);
  // The recorder did not know that somebody waited there (requeued, or not recorded): it comes to
  // look.
  if (special == Special::wake && result > 0) h.calls_left = 1;
}

/// Executes the call and leaves a record of it.
Made record(Frame& frame) {
  Head& h = head();
  const std::uint64_t number = frame.rax;
  const Call* const known = kCallTable.of(number);
  if (known == nullptr || h.calls_left == 0) return Made::not_yet;
  const Call& call = *known;
  const std::uint64_t args[6] = {frame.rdi, frame.rsi, frame.rdx, frame.r10, frame.r8, frame.r9};
  const bool writes = call.needs != Needs::nothing && writes_data(number);
  constexpr std::uint64_t kOverhead = sizeof(Record) + 2 * (sizeof(Write) + 8);
  const std::uint64_t most = call.has_outputs() ? most_written(call, args) : 0;
  if (most > kMostWritten || (writes && args[2] > kMostWritten)) return Made::not_yet;
  if (!has_room(h, kOverhead + most)) return Made::not_yet;

  const Descriptor kind = call.needs == Needs::nothing ? Descriptor::unknown : kind_of(args[0]);
  Descriptor opened = Descriptor::unknown;
  if (call.has_conditions() && !may_make(call, kind, args, opened)) return Made::not_yet;

  const bool inside = number == kClockGettime && may_read_clock(h, args);
  const std::int64_t result = inside ? read_clock(h, args) : program_call(number, args);
  if (is_unclear(call, kind, result)) return Made::not_yet;

  begin_record(h);
  if (number == kClockGettime && result == 0) h.written_page = page_of(args[1], kTimespecSize);
  if (call.special != Special::none) note_effects(call.special, args, result, opened);

  Record& record = *reinterpret_cast<Record*>(records() + h.used);
  record.number = std::uint16_t(number);
  record.digest = digest_of(frame);
  record.rip = frame.after;
  record.ticks = h.ticks;
  record.result = result;
  // What /dev/null is given the kernel does not look at: it may be memory that nobody may read.
  const bool passes_on = writes && kind != Descriptor::null && result > 0;
  record.written_digest = passes_on ? digest_of_written(args[1], std::uint64_t(result)) : 0;
  for (unsigned i = 0; i < 6; ++i) record.args[i] = args[i];
  std::uint64_t end = records() + h.used + sizeof(Record);
  std::uint16_t outputs = 0;
  if (call.has_outputs()) {
    for (const Output& output : call.outputs) {
      const std::uint64_t length = written_now(output, args, result);
      if (length == 0) continue;
      auto& write = *reinterpret_cast<Write*>(end);
      write.at = args[output.argument];
      write.length = length;
      copy(end + sizeof(Write), write.at, length);
      end += sizeof(Write) + padded(length);
      ++outputs;
    }
  }
  record.writes = outputs;
  record.size = std::uint32_t(end - (records() + h.used));
  h.used += record.size;
  ++h.records;
  --h.calls_left;
  frame.rax = std::uint64_t(result);
  return inside ? Made::inside : Made::by_kernel;
}

/// Takes the next record if the program does what it says. If not, the replayer finds out on the
/// traced path what is different.
Made replay(Frame& frame) {
  Head& h = head();
  if (h.used >= h.size) return Made::not_yet;
  const Record& record = *reinterpret_cast<const Record*>(records() + h.used);
  const std::uint64_t args[6] = {frame.rdi, frame.rsi, frame.rdx, frame.r10, frame.r8, frame.r9};
  if (record.number != frame.rax || record.rip != frame.after || record.ticks != h.ticks ||
      record.digest != digest_of(frame)) {
    return Made::not_yet;
  }
  for (unsigned i = 0; i < 6; ++i)
    if (record.args[i] != args[i]) return Made::not_yet;
  if (record.written_digest != 0 &&
      record.written_digest != digest_of_written(args[1], std::uint64_t(record.result))) {
    return Made::not_yet;
  }
  std::uint64_t from = records() + h.used + sizeof(Record);
  for (unsigned i = 0; i < record.writes; ++i) {
    const auto& write = *reinterpret_cast<const Write*>(from);
    copy(write.at, from + sizeof(Write), write.length);
    from += sizeof(Write) + padded(write.length);
  }
  frame.rax = std::uint64_t(record.result);
  take(record);
  return Made::inside;
}

/// As the mode has it.
template <Made (*kRecord)(Frame&), Made (*kReplay)(Frame&)>
Made make(Frame& frame) {
  const Mode mode = head().mode;
  if (mode == Mode::record) return kRecord(frame);
  return mode == Mode::replay ? kReplay(frame) : Made::not_yet;
}

}  // namespace
}  // namespace ttrace::agent

/// From entry.S. Leaves with the call made and its result in the frame, or with the call yet to be
/// made.
extern "C" [[noreturn]] void ttrace_agent_call(ttrace::agent::Frame* frame) {
  using namespace ttrace::agent;
  switch (make<record, replay>(*frame)) {
    case Made::by_kernel:
      ttrace_agent_done();
    case Made::inside:
      ttrace_agent_done_inside();
    case Made::not_yet:
      break;
  }
  ttrace_agent_undone();
}

/// The same for another instruction.
extern "C" [[noreturn]] void ttrace_agent_instruction(ttrace::agent::Frame* frame) {
  using namespace ttrace::agent;
  if (make<record_instruction, replay_instruction>(*frame) == Made::inside) {
    ttrace_agent_instruction_done();
  }
  ttrace_agent_undone();
}
