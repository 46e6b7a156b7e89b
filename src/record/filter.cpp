#include "record/filter.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

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

  const Fd file(memfd_create("ttrace-filter", MFD_CLOEXEC));
  if (!file) throw_errno("memfd_create");
  if (const int error = seccomp_export_bpf(context.get(), file.value()); error < 0) {
    throw SystemError("seccomp_export_bpf", -error);
  }
  const off_t size = lseek(file.value(), 0, SEEK_END);
  std::vector<sock_filter> program(std::size_t(size) / sizeof(sock_filter));
  if (pread(file.value(), program.data(), std::size_t(size), 0) != size) throw_errno("pread");
  return program;
}

}  // namespace

std::vector<sock_filter> make_filter() {
  constexpr auto kRip = offsetof(seccomp_data, instruction_pointer);
  const auto after_gate = std::uint32_t(kGateCode.value() + 2);
  std::vector<sock_filter> program = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, std::uint32_t(kRip + 4)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, std::uint32_t(kGateCode.value() >> 32), 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, std::uint32_t(kRip)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, after_gate, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const std::vector<sock_filter> rest = trace_everything();
  program.insert(program.end(), rest.begin(), rest.end());
  return program;
}

}  // namespace ttrace
