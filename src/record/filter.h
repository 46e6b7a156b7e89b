#pragma once

#include <linux/filter.h>

#include <vector>

namespace ttrace {

/// What the data of a seccomp stop (PTRACE_GETEVENTMSG) says about the call.
enum FilterVerdict : unsigned {
  kTracedCall = 0,
  kForeignCall = 1,  ///< by int 0x80 or the x32 ABI: another architecture to a filter
};

/// The seccomp program of every tracee: system calls from the gate page pass, everything else stops
/// (SECCOMP_RET_TRACE). Made by libseccomp, which checks the architecture, and prefixed with a test
/// of the instruction pointer, which libseccomp lacks (seccomp(2), seccomp_export_bpf(3)).
std::vector<sock_filter> make_filter();

}  // namespace ttrace
