#pragma once

#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include <array>
#include <memory>
#include <string>

#include "ticks/hardware_counter.h"
#include "tracee/probe_child.h"
#include "tracee/task.h"

namespace ttrace {

/// Counted in software, so on machines without hardware counters too. Each comes on time.
inline const EncodedEvent kPageFaults{"page faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS,
                                      0, 0};

/// A traced child that touches fresh pages: every turn of its loop is a page fault, and ends in
/// the same instructions with other registers. Stands at the trap before a round after
/// construction.
class PageFaultChild {
 public:
  static constexpr std::uint64_t kPages = 400;
  static constexpr unsigned kRounds = 3;

  PageFaultChild() : pipe_(make_pipe()), child_([this] { return touch_pages(); }) {
    if (child_.error() != 0) throw SystemError("fork", child_.error());
    if (ptrace(PTRACE_SEIZE, child_.pid(), nullptr, PTRACE_O_EXITKILL) != 0) throw_errno("ptrace");
    pipe_[1].reset();
    wait();
    forget_its_past();
  }

  Tid tid() const { return Tid(child_.pid()); }
  Task task() const { return Task(tid()); }
  /// Lets it run; what it stops with.
  siginfo_t run() const {
    task().resume(Resume::run);
    wait();
    return task().signal_info();
  }
  /// From the trap before a round to the one after it.
  void run_to_end_of_round() const {
    if (run().si_signo != SIGTRAP) throw Error("the child did not come to its trap");
    if (run().si_signo != SIGTRAP) throw Error("the child did not come to its next round");
  }
  int wait() const {
    int status = 0;
    while (waitpid(child_.pid(), &status, __WALL) < 0) {
      if (errno != EINTR) throw_errno("waitpid");
    }
    return status;
  }

  /// Why the counter cannot be had here; empty if it can.
  static std::string refusal() {
    try {
      HardwareCounter(kPageFaults, Tid(getpid()));
      return "";
    } catch (const CounterError& error) {
      return error.what();
    }
  }

 private:
  static std::array<Fd, 2> make_pipe() {
    std::array<int, 2> ends = {-1, -1};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("pipe");
    return {Fd(ends[0]), Fd(ends[1])};
  }

  int touch_pages() {
    close(pipe_[1].release());
    char byte;
    if (::read(pipe_[0].value(), &byte, 1) < 0) return 1;
    // On one page: of two, the second would be one more page fault wherever the kernel does not map
    // it along with the first.
    asm volatile(
        ".p2align 6\n"
        "2: mov %[pages], %%esi\n"
        "int3\n"
        "1: movb $1, (%%rdi)\n"
        "add $4096, %%rdi\n"
        "dec %%esi\n"
        "jnz 1b\n"
        "int3\n"
        "dec %%ecx\n"
        "jnz 2b\n"
        "mov %[exit], %%eax\n"
        "syscall\n"
        :
        : "D"(memory_), "c"(kRounds), [pages] "i"(kPages), [exit] "i"(SYS_exit)
        : "rsi", "rax", "r11", "cc", "memory");
    __builtin_unreachable();
  }

  /// So that children have the same registers, wherever they were forked. It needs no stack.
  void forget_its_past() const {
    GeneralRegisters regs = task().registers();
    for (auto* word : {&regs.r15, &regs.r14, &regs.r13, &regs.r12, &regs.rbp, &regs.rbx, &regs.r11,
                       &regs.r10, &regs.r9, &regs.r8, &regs.rax, &regs.rdx, &regs.rsp}) {
      *word = 0;
    }
    task().set_registers(regs);
  }

  /// Fresh in every child: this process does not touch them, and has them at one place.
  static char* fresh_pages() {
    constexpr std::size_t kLength = kRounds * kPages * kPageSize;
    static char* const pages = [] {
      void* const memory =
          mmap(nullptr, kLength, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (memory == MAP_FAILED) throw_errno("mmap");
      madvise(memory, kLength, MADV_NOHUGEPAGE);
      return static_cast<char*>(memory);
    }();
    return pages;
  }

  char* const memory_ = fresh_pages();
  std::array<Fd, 2> pipe_;
  ProbeChild child_;
};

}  // namespace ttrace
