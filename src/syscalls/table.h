#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/types.h"

namespace ttrace {

/// How long a piece of memory is that the kernel may write through an argument.
enum class Extent : std::uint8_t {
  none,
  fixed,           ///< `size` bytes
  result,          ///< as many bytes as the result says (read)
  result_times,    ///< result x size (getgroups)
  argument,        ///< as many bytes as argument `by` says (rt_sigprocmask's sigsetsize)
  argument_times,  ///< argument `by` x size (poll)
  pointed_length,  ///< argument `by` points to a u32: the length before the call bounds it, the
                   ///< length after it tells what was written (getsockname)
  string,          ///< a zero-terminated string
  io_vector,       ///< an iovec array with argument `by` elements, filled up to the result
  message,         ///< a struct msghdr: its name, control data, vectors (up to the result), flags
  messages,        ///< an array of struct mmsghdr, as many as the result says
  bit_set,         ///< argument `by` bits, rounded up to words of 8 bytes (select)
  special,         ///< known to Row::special only
};

/// One argument through which the kernel writes.
struct Output {
  std::uint8_t argument = 0;  ///< 0..5
  Extent extent = Extent::none;
  std::uint8_t by = 0;  ///< the argument that Extent names
  std::uint32_t size = 0;
};

/// Why a recorder has to do more than to let the call run and to save its outputs.
enum class Handling : std::uint8_t {
  plain,          ///< run it, save result and outputs; a replay only applies them
  address_space,  ///< changes the address space: a replay executes it with fixed addresses
  new_task,       ///< fork, vfork, clone, clone3
  exec,
  exit,          ///< exit, exit_group
  signal_state,  ///< rt_sigaction, masks, alternate stacks: run, and noted by the recorder
  sigreturn,
  thread_state,  ///< arch_prctl, set_tid_address, set_robust_list...: run, and noted
  affinity,      ///< sched_setaffinity/getaffinity: answered, not run
  tracing,       ///< ptrace: answered, not run; what cannot be answered ends the attempt by name
  absent,        ///< answered with ENOSYS, as an old kernel would
  refused,       ///< cannot be recorded yet: ends the attempt by name
};

enum class Blocking : std::uint8_t {
  never,  ///< does not sleep for what another task of the recording does
  may,    ///< may wait for others; outputs go to scratch memory where memory is shared
};

/// One x86-64 system call as of Linux 6.1.
struct SyscallRow {
  std::int32_t number = -1;
  const char* name = "";
  Handling handling = Handling::refused;
  Blocking blocking = Blocking::never;
  std::uint8_t argument_count = 0;
  bool outputs_on_error = false;  ///< the outputs can be written although the result is an error
  std::array<Output, 5> outputs{};
  /// A comment on why a row is refused, absent or special; shown to the user for refused ones.
  const char* why = "";
};

/// The row of a number, or null for a number that Linux 6.1 does not know.
const SyscallRow* syscall_row(std::int64_t number);
/// All rows, by number, without gaps between known calls being filled.
std::span<const SyscallRow> syscall_rows();
/// "openat", or "syscall 1234".
std::string syscall_name(std::int64_t number);

/// Reads the tracee's memory for the table: fills `into` and says how many bytes could be read.
using MemoryPeek = std::function<std::size_t(Address at, std::span<std::byte> into)>;

/// Kernel-internal results of an interrupted call that will be restarted or turned into EINTR:
/// ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK (include/linux/errno.h).
constexpr bool is_restart(std::int64_t result) {
  return result == -512 || result == -513 || result == -514 || result == -516;
}

/// A system call as a stop shows it.
struct SyscallView {
  std::int64_t number = 0;
  std::array<std::uint64_t, 6> args{};
  std::int64_t result = 0;  ///< meaningful after the call only
};

/// Whether this very call is refused though its row is not: an ioctl, fcntl, prctl, mmap, clone,
/// keyctl... whose request cannot be recorded yet. Returns its name ("ioctl 0x1234 on ...").
std::optional<std::string> refusal(const SyscallView& call, const MemoryPeek& peek);
/// Whether that is for a request which the tables do not know. The call may run to see whether the
/// kernel knows it: says_unknown_request() of its result.
bool is_unknown_request(const SyscallView& call);
/// The kernel did nothing, because it knows no such request, or not of such a file.
bool says_unknown_request(std::int64_t result);

struct MemoryRange {
  Address at;
  std::uint64_t length = 0;
};

/// Where one message, or one iovec array, is received to, as far as the call allows.
struct MessageNote {
  MemoryRange header;  ///< its msghdr or mmsghdr; empty for an iovec array
  MemoryRange name;
  MemoryRange control;
  std::vector<MemoryRange> vectors;
};

/// What had to be read before the call ran in order to know its outputs after it (lengths and
/// pointers that the call, or another thread while it blocks, overwrites). Opaque; from
/// before_call() to outputs_of() of the same call.
struct OutputNotes {
  std::array<std::uint64_t, 6> lengths{};  ///< by argument, where Extent::pointed_length needs one
  std::vector<MessageNote> messages;
};
OutputNotes before_call(const SyscallView& call, const MemoryPeek& peek);

/// The memory that the call wrote, or may have written: a superset is always right, a missing byte
/// never is. Ranges lie within what the kernel could have written; null pointers are left out.
/// After -EFAULT all that the arguments allow is listed (bounded by 16 MiB a range).
std::vector<MemoryRange> outputs_of(const SyscallView& call, const OutputNotes& notes,
                                    const MemoryPeek& peek);

/// Memory for which scratch memory stands in while a call blocks: a buffer of the program's that
/// the kernel writes, or an array of pointers to such buffers that it reads.
struct ScratchSlot {
  /// Where the pointer to it stands, if not in an argument: in another slot, listed before this
  /// one.
  struct Inside {
    std::size_t slot = 0;
    std::uint64_t offset = 0;
  };

  std::uint8_t argument = 0;
  std::uint64_t length = 0;  ///< bytes that the kernel may write or read there
  bool copy_in = false;      ///< the kernel reads it too (poll, select, msghdr...)
  Address original;
  std::optional<Inside> inside;
  /// The argument that says the length, if it asks for more than a slot may have: a stream gives
  /// no more than it has, so that it may be told a smaller one.
  std::optional<std::uint8_t> shortened;
};
/// The redirections that keep a blocking call's writes out of the program's sight until its end,
/// or nullopt if that cannot be done (bad pointers, overlapping or enormous buffers: the caller
/// then lets the call write directly).
std::optional<std::vector<ScratchSlot>> scratch_slots(const SyscallView& call,
                                                      const MemoryPeek& peek);

/// "openat(-100, \"/etc/passwd\", 0x80000) = 3": for dump. `result` absent: the call did not end.
std::string describe(const SyscallView& call, std::optional<std::int64_t> result);
/// "ENOENT" for 2; "errno 4321" for an unknown one.
std::string errno_name(int error);
/// "SIGSEGV" for 11; "SIGRTMIN+3".
std::string signal_name(int signal);

}  // namespace ttrace
