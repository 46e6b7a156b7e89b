// The code that runs inside the tracee (abi.h). No library, no static data that is written, no
// thread-local storage, no vector registers: it interrupts the program anywhere.

#include <cstddef>
#include <cstdint>

#include "agent/abi.h"
#include "agent/calls.h"
#include "base/register_digest.h"

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

// entry.S
void ttrace_agent_program_call();
void ttrace_agent_system_call();
[[noreturn]] void ttrace_agent_done();
[[noreturn]] void ttrace_agent_done_inside();
[[noreturn]] void ttrace_agent_undone();
[[noreturn]] void ttrace_agent_cpuid_done();

}  // extern "C"

namespace ttrace::agent {
namespace {

/// What entry.S pushes, from the top of the stack on.
struct Frame {
  std::uint64_t rax, rdi, rsi, rdx, r8, r9, r10, r11, rbx, rbp, r12, r13, r14, r15;
  std::uint64_t after;  ///< behind the program's instruction; afterwards rcx
  std::uint64_t flags;
};

constexpr std::int64_t kFault = -14;  // EFAULT

Head& head() { return *reinterpret_cast<Head*>(std::uint64_t(kHeadAddress)); }
std::uint64_t records() { return kRecordsAddress; }
Descriptor* descriptors() {
  return reinterpret_cast<Descriptor*>(std::uint64_t(kDescriptorsAddress));
}

/// The kernel's answer, by way of a place in entry.S. Inlined, so that nothing returns behind the
/// call.
[[gnu::always_inline]] inline std::int64_t call_by(void (*place)(), std::uint64_t number,
                                                   const std::uint64_t* args) {
  std::int64_t result;
  register std::uint64_t r10 asm("r10") = args[3];
  register std::uint64_t r8 asm("r8") = args[4];
  register std::uint64_t r9 asm("r9") = args[5];
  asm volatile(
      "mov $1f, %%ebx\n\t"
      "jmp %c[place]\n"
      "1:"
      : "=a"(result)
      : [place] "i"(place), "a"(number), "D"(args[0]), "S"(args[1]), "d"(args[2]), "r"(r10),
        "r"(r8), "r"(r9)
      : "rbx", "rcx", "r11", "memory");
  return result;
}

/// A call of the agent's own.
[[gnu::always_inline]] inline std::int64_t system_call(std::uint64_t number,
                                                       const std::uint64_t* args) {
  return call_by(ttrace_agent_system_call, number, args);
}

/// The program's call. Does not return, with the call yet to be made, if the thread is to leave:
/// the signal that it is to leave for comes first, and finds the program's own signal mask.
[[gnu::always_inline]] inline std::int64_t program_call(std::uint64_t number,
                                                        const std::uint64_t* args) {
  return call_by(ttrace_agent_program_call, number, args);
}

/// As digest_of(registers) in base/registers.h.
std::uint32_t digest_of(const Frame& f) {
  RegisterDigest digest;
  digest.add(f.r15);
  digest.add(f.r14);
  digest.add(f.r13);
  digest.add(f.r12);
  digest.add(f.rbp);
  digest.add(f.rbx);
  digest.add(f.r10);
  digest.add(f.r9);
  digest.add(f.r8);
  digest.add(f.rdx);
  digest.add(f.rsi);
  digest.add(f.rdi);
  digest.add(f.after);
  digest.add(head().program_rsp);
  return digest.value();
}

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

/// What is known of a descriptor.
Descriptor kind_of(std::uint64_t descriptor) {
  return descriptor < kMostDescriptors ? descriptors()[descriptor] : Descriptor::unknown;
}

bool is_stream(Descriptor kind) {
  return kind == Descriptor::stream || kind == Descriptor::waiting;
}

bool may_use(Needs needs, Descriptor kind) {
  switch (needs) {
    case Needs::nothing:
      return true;
    case Needs::file:
      return kind == Descriptor::regular || kind == Descriptor::null || kind == Descriptor::written;
    case Needs::directory:
      return kind == Descriptor::directory;
    case Needs::input:
      return may_use(Needs::file, kind) || is_stream(kind);
    case Needs::output:
      return kind == Descriptor::null || kind == Descriptor::written || is_stream(kind);
    case Needs::stream:
      return is_stream(kind);
    case Needs::known:
      return kind != Descriptor::unknown;
  }
  return false;
}

void note_descriptor(std::uint64_t descriptor, Descriptor kind) {
  if (descriptor < kMostDescriptors) descriptors()[descriptor] = kind;
}

/// A stream is asked each time: whoever shares it may have changed that.
bool waits(std::uint64_t stream) {
  constexpr std::uint64_t kFcntl = 72;
  constexpr std::uint64_t kGetFlags = 3;        // F_GETFL
  constexpr std::int64_t kDoesNotWait = 04000;  // O_NONBLOCK
  const std::uint64_t args[6] = {stream, kGetFlags};
  const std::int64_t flags = system_call(kFcntl, args);
  return flags < 0 || (flags & kDoesNotWait) == 0;
}

/// Whether a call that transfers what a stream holds could wait for it.
bool may_wait(const Call& call, Descriptor kind, const std::uint64_t* args) {
  constexpr std::uint64_t kDoesNotWait = 0x40;  // MSG_DONTWAIT
  const bool is_message = call.special == Special::message;
  const bool transfers = is_message || call.needs == Needs::input || call.needs == Needs::output;
  if (!transfers || !is_stream(kind) || (is_message && (args[3] & kDoesNotWait))) return false;
  if (kind == Descriptor::stream && !waits(args[0])) return false;
  note_descriptor(args[0], Descriptor::waiting);
  return true;
}

/// What lies at a path, as far as the agent opens it: unknown for anything that could wait (a
/// FIFO) or that is no file. What is not there can be opened, too: that gives an error.
struct Found {
  Descriptor kind = Descriptor::unknown;
  bool may_open = false;
};

Found look_at(std::uint64_t directory, std::uint64_t path) {
  constexpr std::int64_t kNewfstatat = 262;
  constexpr unsigned kModeAt = 24;  // st_mode of struct stat
  constexpr unsigned kSizeAt = 48;  // st_size
  constexpr std::uint32_t kTypeMask = 0170000;
  constexpr std::uint32_t kRegular = 0100000;
  constexpr std::uint32_t kDirectory = 0040000;
  alignas(8) unsigned char stat[kStatSize];
  const std::uint64_t args[6] = {directory, path, std::uint64_t(stat), 0, 0, 0};
  const std::int64_t result = system_call(kNewfstatat, args);
  if (result == kFault) return {};
  if (result != 0) return {Descriptor::unknown, true};
  std::uint32_t mode;
  __builtin_memcpy(&mode, stat + kModeAt, sizeof mode);
  std::uint64_t size;
  __builtin_memcpy(&size, stat + kSizeAt, sizeof size);
  // One without a size may be made at the time of reading, as those of /proc are: not for the
  // agent.
  if ((mode & kTypeMask) == kRegular)
    return {size == 0 ? Descriptor::unknown : Descriptor::regular, true};
  if ((mode & kTypeMask) == kDirectory) return {Descriptor::directory, true};
  return {};
}

/// Only for reading, and without effects on what is there.
bool opens_plainly(std::uint64_t flags) {
  constexpr std::uint64_t kHarmless = 02000000    // O_CLOEXEC
                                      | 0200000   // O_DIRECTORY
                                      | 0400      // O_NOCTTY
                                      | 0100000   // O_LARGEFILE
                                      | 0400000;  // O_NOFOLLOW
  return (flags & ~kHarmless) == 0;
}

/// Whether the second of two areas of 8 bytes lies apart from the first.
bool lies_apart(std::uint64_t first, std::uint64_t second) {
  return first - second + 8 > 16 || first == 0 || second == 0;
}

/// Whether the call may be made here, as far as Call::special says; `opened` is what it opens.
bool may_make(Special special, const std::uint64_t* args, Descriptor& opened) {
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

constexpr std::uint64_t kClockGettime = 228;

/// The page that an area lies in; 0 if it is more than one.
std::uint64_t page_of(std::uint64_t at, std::uint64_t size) {
  constexpr unsigned kPageBits = 12;
  return (at + size - 1) >> kPageBits == at >> kPageBits ? at >> kPageBits : 0;
}

/// Whether the vDSO may read the clock that clock_gettime asks for. It writes as the program would:
/// only where the kernel could since the thread stopped last, because nobody unmapped anything
/// meanwhile.
bool may_read_clock(const Head& h, const std::uint64_t* args) {
  constexpr std::uint32_t kClocks = 1u << 0      // CLOCK_REALTIME
                                    | 1u << 1    // CLOCK_MONOTONIC
                                    | 1u << 4    // CLOCK_MONOTONIC_RAW
                                    | 1u << 5    // CLOCK_REALTIME_COARSE
                                    | 1u << 6    // CLOCK_MONOTONIC_COARSE
                                    | 1u << 7    // CLOCK_BOOTTIME
                                    | 1u << 11;  // CLOCK_TAI
  const auto clock = std::uint32_t(args[0]);
  if (h.read_clock == 0 || clock >= 32 || (kClocks >> clock & 1) == 0) return false;
  const std::uint64_t page = page_of(args[1], kTimespecSize);
  return page != 0 && page == h.written_page && h.used != 0;
}

std::int64_t read_clock(const Head& h, const std::uint64_t* args) {
  using ClockGettime = int (*)(int, void*);
  const auto function = reinterpret_cast<ClockGettime>(h.read_clock);
  return function(int(args[0]), reinterpret_cast<void*>(args[1]));
}

/// How a call or CPUID ended.
enum class Made {
  not_yet,    ///< with nothing changed: the traced path makes it
  by_kernel,  ///< a system call was made for it
  inside,
};

/// Before a record is written. Behind the first one after a stop nothing is known of pages yet.
void begin_record(Head& h) {
  if (h.used == 0) h.written_page = 0;
}

/// Executes the call and leaves a record of it.
Made record(Frame& frame) {
  Head& h = head();
  const std::uint64_t number = frame.rax;
  if (number >= kCallNumbers || !kCallTable.calls[number].allowed) return Made::not_yet;
  if (h.calls_left == 0) return Made::not_yet;
  const Call& call = kCallTable.calls[number];
  const std::uint64_t args[6] = {frame.rdi, frame.rsi, frame.rdx, frame.r10, frame.r8, frame.r9};
  const Descriptor kind = call.needs == Needs::nothing ? Descriptor::unknown : kind_of(args[0]);
  if (!may_use(call.needs, kind) || !has_zeros(call.zeros, args)) return Made::not_yet;
  constexpr std::uint64_t kOverhead = sizeof(Record) + 2 * (sizeof(Write) + 8);
  const std::uint64_t most = most_written(call, args);
  if (most > kMostWritten || h.used + kOverhead + most > kRecordsSize) return Made::not_yet;
  if (writes_data(number) && args[2] > kMostWritten) return Made::not_yet;

  Descriptor opened = Descriptor::unknown;
  if (!may_make(call.special, args, opened) || may_wait(call, kind, args)) return Made::not_yet;

  const bool inside = number == kClockGettime && may_read_clock(h, args);
  const std::int64_t result = inside ? read_clock(h, args) : program_call(number, args);
  if (is_unclear(call, kind, result)) return Made::not_yet;

  begin_record(h);
  if (number == kClockGettime && result == 0) h.written_page = page_of(args[1], kTimespecSize);
  if (call.special == Special::close) note_descriptor(args[0], Descriptor::unknown);
  if (call.special == Special::mask && result == 0) h.signal_mask = mask_after(args, h.signal_mask);
  if (opened != Descriptor::unknown && result >= 0) note_descriptor(std::uint64_t(result), opened);

  Record& record = *reinterpret_cast<Record*>(records() + h.used);
  record.number = std::uint16_t(number);
  record.digest = digest_of(frame);
  record.rip = frame.after;
  record.ticks = h.ticks;
  record.result = result;
  record.written_digest =
      writes_data(number) && result > 0 ? digest_of_written(args[1], std::uint64_t(result)) : 0;
  for (unsigned i = 0; i < 6; ++i) record.args[i] = args[i];
  std::uint64_t end = records() + h.used + sizeof(Record);
  std::uint16_t writes = 0;
  for (const Output& output : call.outputs) {
    const std::uint64_t length = written_now(output, args, result);
    if (length == 0) continue;
    auto& write = *reinterpret_cast<Write*>(end);
    write.at = args[output.argument];
    write.length = length;
    copy(end + sizeof(Write), write.at, length);
    end += sizeof(Write) + padded(length);
    ++writes;
  }
  record.writes = writes;
  record.size = std::uint32_t(end - (records() + h.used));
  h.used += record.size;
  ++h.records;
  --h.calls_left;
  frame.rax = std::uint64_t(result);
  return inside ? Made::inside : Made::by_kernel;
}

/// Replay: the record is used up.
void take(const Record& record) {
  Head& h = head();
  h.used += record.size;
  ++h.records;
  if (h.used >= h.size) h.leave = 1;
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

/// What is told of it; null: not this.
const CpuidAnswer* answer_to(const Frame& frame) {
  const auto& table = *reinterpret_cast<const CpuidTable*>(std::uint64_t(kCpuidAddress));
  const auto leaf = std::uint32_t(frame.rax);
  const std::uint32_t subleaf = has_subleaves(leaf) ? std::uint32_t(head().stub_rcx) : 0;
  const bool is_loader = frame.after >= table.loader_start && frame.after < table.loader_end;
  for (std::uint64_t i = 0; i < table.count && i < kMostCpuidAnswers; ++i) {
    const CpuidAnswer& known = table.answers[i];
    if (known.leaf == leaf && known.subleaf == subleaf && known.is_loader == is_loader) {
      return &known;
    }
  }
  return nullptr;
}

/// The registers that CPUID sets, its upper halves cleared, and the way back.
void set_cpuid(Frame& frame, const std::uint64_t* registers) {
  frame.rax = registers[0];
  frame.rbx = registers[1];
  frame.rdx = registers[3];
  head().goes_on = frame.after;
  frame.after = registers[2];
}

/// As record(), for CPUID.
Made record_cpuid(Frame& frame) {
  Head& h = head();
  if (h.used + sizeof(Record) > kRecordsSize) return Made::not_yet;
  const CpuidAnswer* const answer = answer_to(frame);
  if (answer == nullptr) return Made::not_yet;
  begin_record(h);
  Record& record = *reinterpret_cast<Record*>(records() + h.used);
  record.size = sizeof(Record);
  record.number = kCpuidNumber;
  record.writes = 0;
  record.rip = frame.after;
  record.ticks = h.ticks;
  for (unsigned i = 0; i < 4; ++i) record.args[i] = answer->registers[i];
  h.used += sizeof(Record);
  ++h.records;
  set_cpuid(frame, record.args);
  return Made::inside;
}

/// As replay(), for CPUID.
Made replay_cpuid(Frame& frame) {
  Head& h = head();
  if (h.used >= h.size) return Made::not_yet;
  const Record& record = *reinterpret_cast<const Record*>(records() + h.used);
  if (record.number != kCpuidNumber || record.rip != frame.after || record.ticks != h.ticks) {
    return Made::not_yet;
  }
  take(record);
  set_cpuid(frame, record.args);
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

/// The same for CPUID.
extern "C" [[noreturn]] void ttrace_agent_cpuid(ttrace::agent::Frame* frame) {
  using namespace ttrace::agent;
  if (make<record_cpuid, replay_cpuid>(*frame) == Made::inside) ttrace_agent_cpuid_done();
  ttrace_agent_undone();
}
