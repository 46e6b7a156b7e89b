#pragma once

#include <cstddef>
#include <cstdint>

#include "base/registers.h"

/// What the agent and its supervisor share: where the agent lies, the words that both read and
/// write, and the records between them. Freestanding: the agent includes it too.
namespace ttrace::agent {

// Addresses in every recorded and replayed process, behind the gate page (tracee/gate.h).

/// The words of the writable page behind the gate.
inline constexpr std::uint32_t kHeadAddress = 0x70001000;
inline constexpr std::uint32_t kCodeAddress = 0x70002000;
inline constexpr std::uint32_t kCodeSize = 0x4000;
/// Readable and writable: the agent's stack, what is known of descriptors, of CPUID and of memory,
/// the records.
inline constexpr std::uint32_t kDataAddress = kCodeAddress + kCodeSize;
inline constexpr std::uint32_t kStackTop = kDataAddress + 0x2000;
inline constexpr std::uint32_t kDescriptorsAddress = kStackTop;
inline constexpr std::uint32_t kMostDescriptors = 1024;
inline constexpr std::uint32_t kCpuidAddress = kDescriptorsAddress + kMostDescriptors;
inline constexpr std::uint32_t kRecordsAddress = kDescriptorsAddress + 0x1000;
inline constexpr std::uint32_t kRecordsSize = 0x40000;
inline constexpr std::uint32_t kDataSize = kRecordsAddress + kRecordsSize - kDataAddress;
/// Where the recorder moves the vDSO with the kernel's data that belongs to it.
inline constexpr std::uint32_t kVdsoAddress = kDataAddress + kDataSize;
inline constexpr std::uint32_t kVdsoSize = 0x20000;

/// SYSCALL has this length.
inline constexpr std::uint8_t kSyscallLength = 2;

// Fixed places in its code (entry.S).

/// Where a stub jumps to: rcx holds the address behind the program's system call instruction,
/// Head::stub_rcx what the program had in rcx.
inline constexpr std::uint32_t kEntry = kCodeAddress;
/// Behind the one system call instruction of the agent: our seccomp filter lets it pass.
inline constexpr std::uint32_t kAfterSystemCall = kCodeAddress + 0x12;
/// Before it: a jump that is taken while Head::leave is set, and what it jumps to, where the
/// program's call is not made.
inline constexpr std::uint32_t kBeforeSystemCall = kCodeAddress + 0xe;
inline constexpr std::uint32_t kNoSystemCall = kCodeAddress + 0x14;
/// Three INT3 at which a thread stops that leaves the agent while Head::leave is set: with the call
/// made (it goes on at rcx), with the call or instruction yet to be made, or with the instruction
/// made (both at Head::goes_on).
inline constexpr std::uint32_t kLeftDone = kCodeAddress + 0x20;
inline constexpr std::uint32_t kLeftUndone = kCodeAddress + 0x30;
inline constexpr std::uint32_t kLeftInstruction = kCodeAddress + 0x40;
/// The INT3 at which a thread stops whose records have no room for one more. It goes on behind it,
/// with its call on the traced path if there still is none.
inline constexpr std::uint32_t kFull = kCodeAddress + 0x130;
/// Like kEntry, for the other instructions, of which Head::instruction tells the length, too: rcx
/// holds the address kSyscallLength from where one begins.
inline constexpr std::uint32_t kInstructionEntry = kCodeAddress + 0x50;

/// A way out past one of those INT3: at a jump that is decided by what Head::leave was, it goes to
/// `past`, behind which the same instructions lie as at `left`, from where a thread comes to the
/// INT3.
struct WayOut {
  // From kCodeAddress on.
  std::uint32_t decision;
  std::uint32_t past;
  std::uint32_t size;  ///< bytes of those instructions
  std::uint32_t left;
};
inline constexpr WayOut kWaysOut[] = {
    {0x68, 0x80, 0x12, 0x6a},
    {0xa9, 0xab, 0x10, 0xbb},
    {0xd9, 0xdb, 0x10, 0xeb},
    {0x109, 0x10b, 0x10, 0x11b},
};

/// Where a thread that is stopped at `rip` inside the agent has to go on so that it stops at one of
/// the INT3, once Head::leave is set: elsewhere if it has looked at that word before.
constexpr std::uint64_t leaving(std::uint64_t rip) {
  if (rip >= kBeforeSystemCall && rip < kAfterSystemCall) return kNoSystemCall;
  const std::uint64_t place = rip - kCodeAddress;
  for (const WayOut& way : kWaysOut) {
    if (place == way.decision) return kCodeAddress + way.left;
    if (place - way.past < way.size) return kCodeAddress + way.left + (place - way.past);
  }
  return rip;
}

enum class Mode : std::uint64_t {
  off = 0,  ///< every call takes the traced path
  record,   ///< executes calls that can be recorded here and leaves records
  replay,   ///< takes results from the records, as long as the program does what they say
};

/// Instructions that the agent executes besides SYSCALL, by the numbers of InstructionEvent::Kind.
enum class InstructionKind : std::uint8_t { rdtsc, rdtscp, cpuid, rdrand, rdseed };

/// One of them, as a stub tells what it stands for.
struct InstructionWord {
  InstructionKind kind;
  std::uint8_t length;
  std::uint8_t destination;  ///< as Site has it (rewrite/sites.h)
  std::uint8_t width;        ///< likewise
};

/// The futexes that other threads wait for. More than kMostWaits: they may be any.
inline constexpr std::uint64_t kMostWaits = 8;
struct Waits {
  std::uint64_t count = 0;
  std::uint64_t futexes[kMostWaits] = {};

  bool operator==(const Waits&) const = default;
};

/// The words at kHeadAddress. The supervisor writes them only while the thread is stopped outside
/// of the agent, except `leave`, and `used` at kFull. Those that stubs use have their places for
/// ever, because the plans of old traces do: the first five, instruction_entry and `instruction`.
struct Head {
  std::uint64_t ticks = 0;     ///< the tick counter (rewrite/tick_counter.h)
  std::uint64_t tick_rcx = 0;  ///< tick stubs save rcx here
  /// Not 0: stubs go to the agent. 0: to the instruction itself.
  std::uint64_t enter = 0;
  std::uint64_t entry = kEntry;  ///< stubs at system calls jump through it
  std::uint64_t stub_rcx = 0;    ///< stubs save rcx here
  std::uint64_t program_rsp = 0;
  std::uint64_t goes_on = 0;

  Mode mode = Mode::off;
  std::uint64_t used = 0;        ///< bytes of records written, or taken
  std::uint64_t size = 0;        ///< replay: bytes of records that there are
  std::uint64_t records = 0;     ///< how many those in `used` are
  std::uint64_t calls_left = 0;  ///< record: so many more calls, then one takes the traced path
  std::uint64_t leave = 0;       ///< stop at kLeftDone, kLeftUndone or kLeftInstruction
  std::uint64_t instruction_entry = kInstructionEntry;  ///< other stubs jump through it
  std::uint64_t alone = 0;                              ///< record: there is no other thread
  std::uint64_t signal_mask = 0;                        ///< record: the thread's
  /// record: the vDSO's clock_gettime, which the thread may call; 0: the kernel's has to do.
  std::uint64_t read_clock = 0;
  /// record: a page, by its number, that a call of the records in `used` wrote; 0: none.
  std::uint64_t written_page = 0;
  std::uint64_t reads_counter = 0;  ///< record: the time-stamp counter does not trap

  /// What instruction_entry is for. The stub's, as the first words are.
  InstructionWord instruction = {};

  Waits waits;  ///< record
};
static_assert(sizeof(Head) <= 0x100);
static_assert(offsetof(Head, leave) == 0x60 && offsetof(Head, instruction_entry) == 0x68);
static_assert(offsetof(Head, instruction) == 0x98);

/// Most registers that an instruction sets: CPUID's.
inline constexpr unsigned kMostResults = 4;
inline constexpr std::uint8_t kNoRegister = 0xff;
/// The agent keeps these of the program's registers, by their indices in GeneralRegisters.
constexpr bool can_set(std::uint8_t index) { return index <= kRdiIndex || index == kFlagsIndex; }

/// One system call. Followed by `writes` times a Write with its bytes, each filled up to 8. Or one
/// instruction, and the registers that it sets.
struct Record {
  std::uint32_t size = 0;    ///< with what follows it
  std::uint16_t number = 0;  ///< of the call; kInstructionNumber
  std::uint16_t writes = 0;
  union {
    std::uint32_t digest = 0;  ///< digest_of(registers)
    InstructionWord instruction;
  };
  union {
    std::uint32_t written_digest = 0;  ///< as SyscallExit has it
    /// An instruction's results: what each sets, by its index in GeneralRegisters, in the order of
    /// InstructionEvent; behind the last one kNoRegister.
    std::uint8_t results[kMostResults];
  };
  std::uint64_t rip = 0;    ///< behind the instruction
  std::uint64_t ticks = 0;  ///< what the counter held
  std::int64_t result = 0;
  std::uint64_t args[6] = {};  ///< an instruction's: the values of its results
};
inline constexpr std::uint16_t kInstructionNumber = 0xffff;
struct Write {
  std::uint64_t at = 0;
  std::uint64_t length = 0;
};
constexpr std::uint64_t padded(std::uint64_t length) { return (length + 7) & ~std::uint64_t(7); }

/// What may be done with a descriptor here; one byte each at kDescriptorsAddress.
enum class Descriptor : std::uint8_t {
  unknown = 0,
  regular,  ///< a regular file that is not empty: reading it waits for nobody
  directory,
  null,  ///< /dev/null, and not what the program was given as standard output or error
  /// A regular file of which no memory of the recording shows anything, nor is it what the program
  /// was given as standard output or error: writing it concerns nobody else.
  written,
  /// A pipe, socket, eventfd or timerfd, and not what the program was given as standard output or
  /// error. It is for the agent as long as it does not wait (O_NONBLOCK, MSG_DONTWAIT).
  stream,
  /// A stream that was found to wait: it is not asked any more, until the recorder forgets that.
  waiting,
};

/// What CPUID answers, at kCpuidAddress. The recorder tells what it has answered at a stop before;
/// what is not there takes the traced path.
struct CpuidAnswer {
  std::uint32_t leaf = 0;
  std::uint32_t subleaf = 0;        ///< 0 without has_subleaves()
  std::uint32_t is_loader = 0;      ///< who asks: 1 the dynamic loader, 0 anyone else
  std::uint32_t registers[4] = {};  ///< eax, ebx, ecx, edx

  bool operator==(const CpuidAnswer&) const = default;
};
/// Whether an answer depends on ecx. True also for leaves that not every x86-64 CPU has: Intel's
/// answer those above its highest as that one, with its subleaves (SDM volume 2, CPUID).
constexpr bool has_subleaves(std::uint32_t leaf) {
  return leaf > 3 && !(leaf >= 0x80000000 && leaf <= 0x80000008);
}
inline constexpr std::uint32_t kMostCpuidAnswers = 96;
struct CpuidTable {
  std::uint64_t loader_start = 0;  ///< text of the dynamic loader
  std::uint64_t loader_end = 0;
  std::uint64_t count = 0;  ///< of answers
  CpuidAnswer answers[kMostCpuidAnswers] = {};
};

/// Private memory of the program's without a file behind it, which is not executable, at
/// kAreasAddress: what mprotect and MADV_DONTNEED do there concerns nobody else.
struct Area {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
};
inline constexpr std::uint32_t kMostAreas = 16;
inline constexpr std::uint32_t kAreasAddress = kRecordsAddress - kMostAreas * sizeof(Area);
static_assert(kCpuidAddress + sizeof(CpuidTable) <= kAreasAddress);

/// No call that writes more takes the agent's path.
inline constexpr std::uint64_t kMostWritten = 0x4000;

/// In its code, or in the vDSO, which only the agent calls.
inline constexpr bool is_in_agent(std::uint64_t rip) {
  return rip - kCodeAddress < kCodeSize || rip - kVdsoAddress < kVdsoSize;
}

/// The size of the agent's code, and the code (code.S).
extern "C" const unsigned char ttrace_agent_code[];
extern "C" const unsigned char ttrace_agent_code_end[];

}  // namespace ttrace::agent
