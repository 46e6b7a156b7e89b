#include "tick_guests.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>

#include "guests.h"
#include "rewrite/tick_counter.h"
#include "rewrite/tick_plan.h"

// Everything between these guests is code that cannot be taken for padding.
asm(R"(
.macro guest name
  .p2align 4
  .globl \name
  .type \name, @function
\name:
  .cfi_startproc
.endm
.macro end_guest name
  .cfi_endproc
  .size \name, .-\name
.endm

.text
guest ttrace_guest_spin
  xor %eax, %eax
1: add $3, %rax
  dec %rdi
  jnz 1b
  ret
end_guest ttrace_guest_spin

guest ttrace_guest_long_branch
  xor %eax, %eax
1: add $3, %rax
  .rept 200
  lea 1(%rax), %rax
  .endr
  dec %rdi
  jnz 1b
  ret
end_guest ttrace_guest_long_branch

guest ttrace_guest_jump_back
  xor %eax, %eax
1: add $5, %rax
  .rept 200
  lea 1(%rax), %rax
  .endr
  dec %rdi
  jz 2f
  jmp 1b
2: ret
end_guest ttrace_guest_jump_back

guest ttrace_guest_cold_part
  lea 7(%rax), %rax
  jmp ttrace_guest_cold_back
end_guest ttrace_guest_cold_part
guest ttrace_guest_cold
  xor %eax, %eax
1: test %rdi, %rdi
  jz 2f
  dec %rdi
  jmp ttrace_guest_cold_part
ttrace_guest_cold_back:
  call ttrace_guest_leaf
  jmp 1b
2: ret
end_guest ttrace_guest_cold
guest ttrace_guest_leaf
  inc %rax
  ret
end_guest ttrace_guest_leaf

guest ttrace_guest_ping
  xor %esi, %esi
  jmp ttrace_guest_ping_on
end_guest ttrace_guest_ping
guest ttrace_guest_ping_on
  test %rdi, %rdi
  jz 2f
  dec %rdi
  jmp ttrace_guest_pong
2: mov %rsi, %rax
  ret
end_guest ttrace_guest_ping_on
guest ttrace_guest_pong
  lea 2(%rsi), %rsi
  jmp ttrace_guest_ping_on
end_guest ttrace_guest_pong

guest ttrace_guest_indirect_tail
  xor %esi, %esi
  jmp ttrace_guest_indirect_ping
end_guest ttrace_guest_indirect_tail
guest ttrace_guest_indirect_ping
  test %rdi, %rdi
  jz 2f
  dec %rdi
  lea ttrace_guest_indirect_pong(%rip), %rdx
  jmp *%rdx
  .p2align 4
2: mov %rsi, %rax
  ret
end_guest ttrace_guest_indirect_ping
guest ttrace_guest_indirect_pong
  lea 2(%rsi), %rsi
  lea ttrace_guest_indirect_ping(%rip), %r9
  jmp *%r9
end_guest ttrace_guest_indirect_pong

guest ttrace_guest_fib
  cmp $2, %rdi
  jge 1f
  mov %rdi, %rax
  ret
1: push %rdi
  .cfi_adjust_cfa_offset 8
  dec %rdi
  call ttrace_guest_fib
  pop %rdi
  .cfi_adjust_cfa_offset -8
  push %rax
  .cfi_adjust_cfa_offset 8
  lea -2(%rdi), %rdi
  call ttrace_guest_fib
  pop %rdx
  .cfi_adjust_cfa_offset -8
  add %rdx, %rax
  ret
end_guest ttrace_guest_fib

guest ttrace_guest_computed_goto
  xor %eax, %eax
  lea ttrace_guest_labels(%rip), %rdx
  jmp ttrace_guest_label0
ttrace_guest_label0:
  add $1, %rax
  dec %rdi
  jz 3f
  mov %rdi, %rcx
  and $1, %ecx
  jmp *0(%rdx,%rcx,8)
  .p2align 4
ttrace_guest_label1:
  add $10, %rax
  dec %rdi
  jz 3f
  mov %rdi, %rcx
  and $1, %ecx
  jmp *0(%rdx,%rcx,8)
  .p2align 4
3: ret
end_guest ttrace_guest_computed_goto

guest ttrace_guest_switch
  xor %eax, %eax
  lea ttrace_guest_table(%rip), %rdx
1: mov %rdi, %rcx
  and $3, %ecx
  movslq (%rdx,%rcx,4), %rcx
  add %rdx, %rcx
  jmp *%rcx
  .p2align 4
ttrace_guest_case0: add $1, %rax
  jmp 2f
ttrace_guest_case1: add $10, %rax
  jmp 2f
ttrace_guest_case2: add $100, %rax
  jmp 2f
ttrace_guest_case3: add $1000, %rax
2: dec %rdi
  jnz 1b
  ret
end_guest ttrace_guest_switch

guest ttrace_guest_call_memory
  push %rbx
  .cfi_adjust_cfa_offset 8
  xor %eax, %eax
  lea ttrace_guest_pointers-0x1000(%rip), %rbx
1: xor %edx, %edx
  call *0x1000(%rbx)
ttrace_guest_returned:
  call *ttrace_guest_pointers(%rip)
  dec %rdi
  jz 2f
  .rept 40
  lea (%rax), %rax
  .endr
  jmp 1b
2: pop %rbx
  ret
end_guest ttrace_guest_call_memory
guest ttrace_guest_callee
  lea ttrace_guest_returned(%rip), %rcx
  xor %edx, %edx
  cmp %rcx, (%rsp)
  sete %dl
  lea 1(%rax,%rdx), %rax
  ret
end_guest ttrace_guest_callee

guest ttrace_guest_crowded
  xor %eax, %eax
  .rept 64
  lea 1(%rax), %rax
  .endr
1: mov (%rsp), %rdx
  add $3, %rax
  cmp %rdi, %rax
  jb 1b
  .rept 64
  lea 1(%rax), %rax
  .endr
  ret
end_guest ttrace_guest_crowded

guest ttrace_guest_long_nops
  xor %eax, %eax
  .rept 64
  lea 1(%rax), %rax
  .endr
1: dec %edi
  jnz 1b
  .fill 20, 8, 0x0000000000841f0f
  lea 1(%rax), %rax
  ret
end_guest ttrace_guest_long_nops

guest ttrace_guest_call_on_the_way
  xor %eax, %eax
  .rept 64
  lea 1(%rax), %rax
  .endr
1: mov (%rsp), %rdx
  call 5f
5: lea 8(%rsp), %rsp
  add $3, %rax
  cmp %rdi, %rax
  jb 1b
  .rept 64
  lea 1(%rax), %rax
  .endr
  ret
end_guest ttrace_guest_call_on_the_way

guest ttrace_guest_live_carry
  xor %eax, %eax
  mov $-1, %rdx
  clc
1: adc %rdi, %rax
  .rept 60
  lea 1(%rax), %rax
  .endr
  lea -1(%rdi), %rdi
  add %rdx, %rdx
  inc %rdi
  dec %rdi
  jnz 1b
  ret
end_guest ttrace_guest_live_carry

guest ttrace_guest_live_zero
  xor %eax, %eax
  cmp $-1, %rdi
1: setz %cl
  movzbl %cl, %ecx
  lea 1(%rax,%rcx), %rax
  .rept 40
  lea 1(%rax), %rax
  .endr
  dec %rdi
  jns 1b
  ret
end_guest ttrace_guest_live_zero

guest ttrace_guest_loop_instruction
  xor %eax, %eax
  mov %rdi, %rcx
1: lea 3(%rax), %rax
  loop 1b
  ret
end_guest ttrace_guest_loop_instruction

guest ttrace_guest_nested
  xor %eax, %eax
1: mov $10, %ecx
2: add %rdi, %rax
  dec %ecx
  jnz 2b
  dec %rdi
  jnz 1b
  ret
end_guest ttrace_guest_nested

guest ttrace_guest_if_else
  xor %eax, %eax
1: test $1, %dil
  jz 2f
  add $3, %rax
  jmp 3f
2: cmp $7, %rdi
  je 4f
  add $5, %rax
3: dec %rdi
  jnz 1b
4: ret
end_guest ttrace_guest_if_else

.section .data.rel.ro,"aw"
.p2align 3
ttrace_guest_labels: .quad ttrace_guest_label0, ttrace_guest_label1
ttrace_guest_pointers: .quad ttrace_guest_callee
.section .rodata
.p2align 2
ttrace_guest_table:
  .long ttrace_guest_case0 - ttrace_guest_table
  .long ttrace_guest_case1 - ttrace_guest_table
  .long ttrace_guest_case2 - ttrace_guest_table
  .long ttrace_guest_case3 - ttrace_guest_table
.text
)");

namespace ttrace::testing {
namespace {

constexpr std::uint64_t kFar = std::uint64_t(1) << 62;

long fib(long n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
long fib_calls(long n) { return n < 2 ? 0 : 2 + fib_calls(n - 1) + fib_calls(n - 2); }

struct Guest {
  const char* name;
  long (*run)(long);
  long turns;
  long ticks;         ///< when each turn counts
  long sparse_ticks;  ///< when small loops are copied
};

const Guest kGuests[] = {
    {"spin", ttrace_guest_spin, 1000, 999, sparse_ticks(999, 3)},
    {"long_branch", ttrace_guest_long_branch, 1000, 999, 999},
    {"jump_back", ttrace_guest_jump_back, 1000, 999, 999},
    // Per turn: into the part before it, and back to the head.
    {"cold", ttrace_guest_cold, 500, 1000, 1000},
    {"ping", ttrace_guest_ping, 500, 500, 500},
    {"indirect_tail", ttrace_guest_indirect_tail, 500, 1000, 1000},
    {"fib", ttrace_guest_fib, 15, fib_calls(15), fib_calls(15)},
    {"computed_goto", ttrace_guest_computed_goto, 500, 499, 499},
    {"switch", ttrace_guest_switch, 500, 499, 499},
    // Two counted calls per turn, and the turn.
    {"call_memory", ttrace_guest_call_memory, 100, 299, 299},
    {"crowded", ttrace_guest_crowded, 364, 99, sparse_ticks(99, 4)},
    {"long_nops", ttrace_guest_long_nops, 100, 99, sparse_ticks(99, 2)},
    {"call_on_the_way", ttrace_guest_call_on_the_way, 364, 100, 100},
    {"live_carry", ttrace_guest_live_carry, 60, 59, 59},
    {"live_zero", ttrace_guest_live_zero, 100, 100, 100},
    {"loop_instruction", ttrace_guest_loop_instruction, 500, 499, 499},
    {"nested", ttrace_guest_nested, 100, 999, -1},
    {"if_else", ttrace_guest_if_else, 100, 99, sparse_ticks(99, 9)},
};

std::uint64_t& counter() { return *reinterpret_cast<std::uint64_t*>(kTickCounterAddress); }

/// What the SIGTRAP handler of a patched child needs; handlers take no arguments.
struct Due {
  const TickPlan* plan = nullptr;
  std::uint64_t bias = 0;
  std::uint64_t interval = 0;
  std::uint64_t done = 0;
  bool to_target = false;
  std::uint64_t random = 1;
};
Due due_state;

void on_trap(int, siginfo_t*, void* context) {
  counter() = kFar;  // the handler runs patched code itself
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  GeneralRegisters general{};
  general.rax = std::uint64_t(registers[REG_RAX]);
  general.rbx = std::uint64_t(registers[REG_RBX]);
  general.rcx = std::uint64_t(registers[REG_RCX]);
  general.rdx = std::uint64_t(registers[REG_RDX]);
  general.r9 = std::uint64_t(registers[REG_R9]);
  general.rsp = std::uint64_t(registers[REG_RSP]);
  const std::uint64_t at = std::uint64_t(registers[REG_RIP]) - 1;
  const StoppedThread thread{general, due_state.bias, [](std::uint64_t from, std::uint64_t& value) {
                               std::memcpy(&value, reinterpret_cast<void*>(from), 8);
                               return true;
                             }};
  const auto due = due_state.plan->due(at - due_state.bias, thread);
  if (!due) ::_exit(3);
  // Dead flags may have any value; the live form restores rcx just before the trap.
  if (reinterpret_cast<const std::uint8_t*>(at)[-8] != 0x48) {
    due_state.random = due_state.random * 6364136223846793005U + 1;
    registers[REG_EFL] ^= greg_t(due_state.random >> 32 & 0x8d4);
  }
  registers[REG_RIP] = greg_t(due_state.to_target ? due->target : due->resume);
  due_state.done += due_state.interval;
  counter() = due_state.interval;
}

void map_segment(const PlanSegment& segment, std::uint64_t bias, int fd) {
  void* at = reinterpret_cast<void*>(segment.address + bias);
  if (segment.length != 0 && ::mmap(at, segment.length, PROT_READ | PROT_EXEC,
                                    MAP_PRIVATE | MAP_FIXED, fd, off_t(segment.plan_offset)) != at)
    ::_exit(4);
}

/// In a child of its own: patches this very binary and runs all guests; writes "name value ticks".
[[noreturn]] void run_patched(const Bytes& plan_bytes, std::uint64_t interval, bool to_target,
                              int out) {
  Fd file(::memfd_create("plan", MFD_CLOEXEC));
  if (::write(file.value(), plan_bytes.data(), plan_bytes.size()) != ssize_t(plan_bytes.size()))
    ::_exit(5);
  const TickPlan plan = TickPlan::open(std::move(file));
  due_state.plan = &plan;
  due_state.bias = loaded_binaries().front().base;
  due_state.to_target = to_target;
  struct sigaction action {};
  action.sa_sigaction = on_trap;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGTRAP, &action, nullptr);
  void* page = reinterpret_cast<void*>(std::uint64_t(kTickCounterAddress));
  if (::mmap(page, kPageSize, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != page)
    ::_exit(6);
  counter() = kFar;
  map_segment(plan.stubs(), due_state.bias, plan.fd());
  for (const PlanSegment& segment : plan.segments())
    map_segment(segment, due_state.bias, plan.fd());

  std::string text;
  for (const Guest& guest : kGuests) {
    due_state.interval = interval;
    due_state.done = 0;
    counter() = interval;
    const long value = guest.run(guest.turns);
    const std::uint64_t left = counter();
    counter() = kFar;
    text += std::string(guest.name) + " " + std::to_string(value) + " " +
            std::to_string(due_state.done + interval - left) + "\n";
  }
  const ssize_t done = ::write(out, text.data(), text.size());
  ::_exit(done == ssize_t(text.size()) ? 0 : 7);
}

struct Result {
  long value = 0;
  long ticks = 0;
};

class TickGuests : public ::testing::Test {
 protected:
  static Bytes plan(bool sparse) {
    PlanOptions options;
    options.sparse = sparse;
    options.sites = false;  // nobody here emulates them
    PlanReport report;
    auto bytes = build_tick_plan(open_file("/proc/self/exe").value(), report, options);
    EXPECT_TRUE(bytes) << report.refusal;
    return bytes.value_or(Bytes());
  }

  static std::map<std::string, Result> run(const Bytes& bytes, std::uint64_t interval = kFar,
                                           bool to_target = false) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) run_patched(bytes, interval, to_target, ends[1]);
    ::close(ends[1]);
    std::string text;
    char buffer[4096];
    for (ssize_t got; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
      text.append(buffer, std::size_t(got));
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << std::hex << status;
    std::map<std::string, Result> results;
    std::istringstream lines(text);
    std::string name;
    Result result;
    while (lines >> name >> result.value >> result.ticks) results[name] = result;
    return results;
  }
};

TEST_F(TickGuests, EveryTurnCountsAndNothingElse) {
  const auto results = run(plan(false));
  for (const Guest& guest : kGuests) {
    ASSERT_TRUE(results.contains(guest.name)) << guest.name;
    EXPECT_EQ(results.at(guest.name).value, guest.run(guest.turns)) << guest.name;
    EXPECT_EQ(results.at(guest.name).ticks, guest.ticks) << guest.name;
  }
}

TEST_F(TickGuests, SmallLoopsCountOnceInSeveralTurns) {
  const auto results = run(plan(true));
  for (const Guest& guest : kGuests) {
    ASSERT_TRUE(results.contains(guest.name)) << guest.name;
    EXPECT_EQ(results.at(guest.name).value, guest.run(guest.turns)) << guest.name;
    if (guest.sparse_ticks >= 0) {
      EXPECT_EQ(results.at(guest.name).ticks, guest.sparse_ticks) << guest.name;
    }
  }
}

TEST_F(TickGuests, StopsAreExactAndDoNotChangeTheCount) {
  for (const bool sparse : {false, true}) {
    const Bytes bytes = plan(sparse);
    const auto undisturbed = run(bytes);
    for (const std::uint64_t interval : {1, 2, 3, 7, 100}) {
      const auto results = run(bytes, interval);
      for (const Guest& guest : kGuests) {
        ASSERT_TRUE(results.contains(guest.name)) << guest.name;
        EXPECT_EQ(results.at(guest.name).value, guest.run(guest.turns)) << guest.name << interval;
        EXPECT_EQ(results.at(guest.name).ticks, undisturbed.at(guest.name).ticks)
            << guest.name << interval;
      }
    }
  }
}

TEST_F(TickGuests, GoingOnInTheOriginalIsRightToo) {
  const Bytes bytes = plan(true);
  for (const std::uint64_t interval : {1, 5}) {
    const auto results = run(bytes, interval, true);
    for (const Guest& guest : kGuests) {
      ASSERT_TRUE(results.contains(guest.name)) << guest.name;
      EXPECT_EQ(results.at(guest.name).value, guest.run(guest.turns)) << guest.name << interval;
    }
  }
}

TEST_F(TickGuests, TheSameCountInManyRuns) {
  const Bytes bytes = plan(true);
  const auto first = run(bytes);
  for (int i = 1; i < 100; ++i)
    for (const auto& [name, result] : run(bytes)) EXPECT_EQ(result.ticks, first.at(name).ticks);
}

TEST_F(TickGuests, FibIsRight) { EXPECT_EQ(ttrace_guest_fib(15), fib(15)); }

}  // namespace
}  // namespace ttrace::testing
