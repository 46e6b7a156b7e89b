#include "record/filter.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <memory>

#include "base/error.h"
#include "base/fd.h"
#include "tracee/gate.h"

namespace ttrace {
namespace {

std::vector<sock_filter> trace_everything() {
  const std::unique_ptr<void, decltype(&seccomp_release)> context(
      seccomp_init(SCMP_ACT_TRACE(kTracedCall)), &seccomp_release);
  if (!context) throw Error("libseccomp could not make a filter");
  seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_TRACE(kForeignCall));

  // Through a pipe: a file, even one in memory, may be over the caller's file size limit (ulimit
  // -f).
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("pipe");
  const Fd from(ends[0]);
  Fd to(ends[1]);
  if (const int error = seccomp_export_bpf(context.get(), to.value()); error < 0) {
    throw SystemError("seccomp_export_bpf", -error);
  }
  to.reset();
  std::vector<sock_filter> program;
  for (sock_filter one{}; read(from.value(), &one, sizeof one) == ssize_t(sizeof one);) {
    program.push_back(one);
  }
  return program;
}

}  // namespace

std::vector<sock_filter> make_filter() {
  constexpr auto kRip = offsetof(seccomp_data, instruction_pointer);
  const auto after_gate = std::uint32_t(kGateCode.value() + 2);
  static_assert(kGateCode.value() >> 32 == 0);
  std::vector<sock_filter> program = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, std::uint32_t(kRip + 4)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 6),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, std::uint32_t(kRip)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, agent::kAfterSystemCall, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, after_gate, 2, 0),
      // The vDSO asks the kernel for what it cannot tell itself.
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, agent::kVdsoAddress, 0, 2),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, agent::kVdsoAddress + agent::kVdsoSize, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const std::vector<sock_filter> rest = trace_everything();
  program.insert(program.end(), rest.begin(), rest.end());
  return program;
}

}  // namespace ttrace
