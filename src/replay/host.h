#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "base/fd.h"
#include "ticks/tick_counter.h"
#include "tracee/gate.h"
#include "tracee/memory.h"
#include "tracee/task.h"

namespace ttrace {

/// The process that stands in for one recorded address space: one thread, traced, nothing mapped
/// but the gate page until a replay maps what the recording had. Killed with its object, and with
/// this process.
class HostProcess {
 public:
  /// Starts an empty one. Throws Error if the machine does not let us trace.
  static std::unique_ptr<HostProcess> create();
  /// A copy, private memory included.
  std::unique_ptr<HostProcess> fork();

  ~HostProcess();
  HostProcess(const HostProcess&) = delete;
  HostProcess& operator=(const HostProcess&) = delete;

  Task task() const { return Task(Tid(pid_.value())); }
  const Memory& memory() const { return memory_; }

  /// Resident memory that it shares with no other process, roughly; in bytes.
  std::uint64_t own_memory() const;

  /// Executes a system call in it; the registers are as before. Result or -errno.
  std::int64_t call(std::int64_t number, const std::array<std::uint64_t, 6>& args);

  /// Maps private zeroes over [start, start+length); `more`: flags of mmap beside those.
  void map_zero(Address start, std::uint64_t length, int protection, int more = 0);
  /// Maps a file of this process (descriptor `file`) privately over it.
  void map_file(Address start, std::uint64_t length, int protection, int file,
                std::uint64_t offset);
  /// Maps a memfd of this process over it, shared with all that map it, or privately.
  void map_memory(Address start, std::uint64_t length, int protection, int file,
                  std::uint64_t offset, bool shared);

  /// Lets it go on and waits for its next stop; nullopt if `interrupt` became true before (it then
  /// stands wherever it was). Needs a WakeTimer to notice that. Throws Error if it died. An
  /// overflow of `counter`, which counts it on the way if it is given, is a stop.
  std::optional<StopStatus> run(Resume how, const std::atomic<bool>* interrupt,
                                TickCounter* counter = nullptr);

 private:
  explicit HostProcess(Pid pid) : pid_(pid), memory_(pid) {}
  void unmap_all_but_gate();
  int open_ours(int file, int flags);

  Pid pid_;
  Memory memory_;
  /// Its descriptors of files that were mapped, by our descriptor.
  std::vector<std::pair<int, int>> opened_;
};

}  // namespace ttrace
