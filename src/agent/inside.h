#pragma once

#include <cstddef>
#include <cstdint>

#include "agent/abi.h"
#include "base/register_digest.h"

// What the parts of the agent share: how they were entered, how they make system calls and ask for
// room. All of it is code that runs inside the tracee (agent.cpp).

extern "C" {

// entry.S
void ttrace_agent_program_call();
void ttrace_agent_system_call();
void ttrace_agent_full();
[[noreturn]] void ttrace_agent_done();
[[noreturn]] void ttrace_agent_done_inside();
[[noreturn]] void ttrace_agent_undone();
[[noreturn]] void ttrace_agent_instruction_done();

}  // extern "C"

namespace ttrace::agent {

/// What entry.S pushes, from the top of the stack on.
struct Frame {
  // In the order of GeneralRegisters.
  std::uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax;
  std::uint64_t after;  ///< rcx: kSyscallLength from the program's instruction; afterwards its own
  std::uint64_t rdx, rsi, rdi;
  std::uint64_t flags;
};

inline Head& head() { return *reinterpret_cast<Head*>(std::uint64_t(kHeadAddress)); }
inline std::uint64_t records() { return kRecordsAddress; }

/// How a call or another instruction ended.
enum class Made {
  not_yet,    ///< with nothing changed: the traced path makes it
  by_kernel,  ///< a system call was made for it
  inside,
};

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
inline std::uint32_t digest_of(const Frame& f) {
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

/// Whether a record of so many bytes has room, perhaps because the recorder made some. It is not
/// asked where the program blocks SIGTRAP: one that is pending would hide ours.
inline bool has_room(const Head& h, std::uint64_t size) {
  constexpr std::uint64_t kTrap = 1ull << 4;  // SIGTRAP
  if (h.used + size <= kRecordsSize) return true;
  if (h.signal_mask & kTrap) return false;
  asm volatile(
      "mov $1f, %%ebx\n\t"
      "jmp %c[place]\n"
      "1:"
      :
      : [place] "i"(ttrace_agent_full)
      : "rbx", "memory");
  return h.used + size <= kRecordsSize;
}

/// Before a record is written. Behind the first one after a stop nothing is known of pages yet.
inline void begin_record(Head& h) {
  if (h.used == 0) h.written_page = 0;
}

/// Replay: the record is used up.
inline void take(const Record& record) {
  Head& h = head();
  h.used += record.size;
  ++h.records;
  if (h.used >= h.size) h.leave = 1;
}

}  // namespace ttrace::agent
