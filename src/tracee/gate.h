#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "agent/abi.h"
#include "base/types.h"
#include "tracee/memory.h"
#include "tracee/task.h"

namespace ttrace {

/// One page at a fixed address of every recorded and replayed address space, readable and
/// executable: a syscall instruction that our seccomp filter lets pass, and a buffer that the
/// supervisor fills through /proc/PID/mem for calls that take a pointer.
///
/// The address is below 2 GiB, above non-PIE programs, and below AddressSanitizer's shadow
/// (0x7fff8000).
inline constexpr Address kGatePage{0x70000000};
/// The syscall instruction.
inline constexpr Address kGateCode = kGatePage + 0x100;
/// Room for arguments of injected calls.
inline constexpr Address kGateData = kGatePage + 0x200;
inline constexpr std::uint64_t kGateDataSize = kPageSize - 0x200;

/// The page behind it is readable and writable: the tick counter lies there
/// (rewrite/tick_counter.h) with the other words of agent::Head.
inline constexpr Address kGateWritable = kGatePage + kPageSize;
static_assert(kGateWritable.value() == agent::kHeadAddress);
/// Behind it lies the agent: its code, readable and executable, and its data.
inline constexpr Address kAgentCode{agent::kCodeAddress};
inline constexpr Address kAgentData{agent::kDataAddress};
/// All of it.
inline constexpr std::uint64_t kGateSize =
    agent::kVdsoAddress + agent::kVdsoSize - kGatePage.value();

/// What lies at kGateCode: a loop that executes the calls of a table (InjectedCall; rbx points to
/// it) until a number of -1 or a call that fails, and then makes a call that no kernel knows, which
/// our filter stops. r12 is kFirstResult at first, and then the result of the first call.
inline constexpr std::array<std::uint8_t, 81> kGateInstructions = {
    0x0f, 0x05,                    // gate:  syscall
    0x48, 0x89, 0x03,              //        mov %rax, (%rbx)
    0x49, 0x83, 0xfc, 0xfe,        //        cmp $-2, %r12
    0x4c, 0x0f, 0x44, 0xe0,        //        cmove %rax, %r12
    0x48, 0x85, 0xc0,              //        test %rax, %rax
    0x78, 0x37,                    //        js end
    0x48, 0x83, 0xc3, 0x38,        //        add $56, %rbx
    0x48, 0x83, 0x3b, 0xff,        // batch: cmpq $-1, (%rbx)
    0x74, 0x2d,                    //        je end
    0x48, 0x8b, 0x03,              //        mov (%rbx), %rax
    0x48, 0x8b, 0x7b, 0x08,        //        mov 8(%rbx), %rdi
    0x48, 0x8b, 0x73, 0x10,        //        mov 16(%rbx), %rsi
    0x48, 0x8b, 0x53, 0x18,        //        mov 24(%rbx), %rdx
    0x4c, 0x8b, 0x53, 0x20,        //        mov 32(%rbx), %r10
    0x4c, 0x8b, 0x43, 0x28,        //        mov 40(%rbx), %r8
    0x4c, 0x8b, 0x4b, 0x30,        //        mov 48(%rbx), %r9
    0x48, 0x83, 0xff, 0xfe,        //        cmp $-2, %rdi
    0x49, 0x0f, 0x44, 0xfc,        //        cmove %r12, %rdi
    0x49, 0x83, 0xf8, 0xfe,        //        cmp $-2, %r8
    0x4d, 0x0f, 0x44, 0xc4,        //        cmove %r12, %r8
    0xeb, 0xb7,                    //        jmp gate
    0xb8, 0x73, 0x74, 0x74, 0x00,  // end:   mov $0x747473, %eax
    0x0f, 0x05,                    //        syscall
    0xcc};                         //        int3
inline constexpr Address kGateBatch = kGateCode + 22;
inline constexpr std::uint64_t kBatchEnd = 0x747473;
/// Where the table is put, in the writable page.
inline constexpr Address kGateTable = kGateWritable + 0x100;
inline constexpr std::size_t kMostBatched = 64;
/// As the first or the fifth argument of a call in a batch: what the first call of the batch gave,
/// the descriptor of a file that it opened.
inline constexpr std::uint64_t kFirstResult = ~std::uint64_t(1);

/// How an injected call is brought back to a stop.
enum class InjectBy {
  /// One single step: one stop. The kernel forces the SIGTRAP of a step, which resets the
  /// disposition
  /// of a SIGTRAP that the program blocks or ignores: for host processes of a replay only.
  step,
  /// The stops at the call's entry and exit, which force nothing.
  syscall_stops,
};

/// Executes one system call in a stopped thread through the gate page and restores its registers.
/// The thread must not stand at the entry of a system call. By syscall_stops, all signals are
/// blocked meanwhile, so that none is lost. Returns the result or -errno.
std::int64_t inject(Task task, InjectBy how, std::int64_t number,
                    const std::array<std::uint64_t, 6>& args);
/// The same through a syscall instruction at another place (before the gate page exists).
std::int64_t inject_at(Address code, Task task, InjectBy how, std::int64_t number,
                       const std::array<std::uint64_t, 6>& args);

/// One line of the gate's table.
struct InjectedCall {
  std::int64_t number = 0;  ///< afterwards: the result or -errno
  std::array<std::uint64_t, 6> args{};
};
static_assert(sizeof(InjectedCall) == 56);

/// Executes several calls with one stop, in a recorded thread (the seccomp filter ends the batch):
/// under the conditions of inject() by syscall_stops. The results replace the numbers. After a call
/// that fails no more are executed: those keep their numbers. At most kMostBatched calls. The
/// thread then stands at the entry of a call that is skipped as long as
/// orig_rax stays -1.
void inject_batch(Task task, const Memory& memory, std::span<InjectedCall> calls);

/// The agent's code, as it lies at kAgentCode.
inline ByteView agent_code() {
  const auto size = std::size_t(agent::ttrace_agent_code_end - agent::ttrace_agent_code);
  return std::as_bytes(std::span(agent::ttrace_agent_code, size));
}

/// Waits for the next stop of one thread, signals to this process notwithstanding. Throws TaskGone
/// if the thread has ended without one that can be waited for: a process's first thread that was
/// killed is not reported while others of it live, which may stand at their PTRACE_EVENT_EXIT. That
/// is looked at whenever a signal interrupts the wait (WakeTimer).
int wait_for_stop(Tid tid);

}  // namespace ttrace
