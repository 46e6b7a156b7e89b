#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "trace/recording.h"

namespace ttrace::test {

/// A directory that is gone after the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "ttrace-unit-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw_errno("mkdtemp");
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string operator/(std::string_view name) const { return (path_ / name).string(); }
  std::string str() const { return path_.string(); }
  /// Every file and directory below, relative, sorted.
  std::vector<std::string> all() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path_)) {
      names.push_back(std::filesystem::relative(entry.path(), path_).string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  std::filesystem::path path_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_file(const std::string& path, std::string_view contents) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(contents.data(), std::streamsize(contents.size()));
}

/// Overwrites a file in place: much cheaper than truncating it, for tests that do so often.
inline void overwrite(const std::string& path, std::size_t at, std::string_view contents) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (::pwrite(fd.value(), contents.data(), contents.size(), off_t(at)) !=
      ssize_t(contents.size())) {
    throw_errno("write " + path);
  }
}

inline Bytes bytes(std::string_view text) {
  const ByteView view = bytes_of(text);
  return {view.begin(), view.end()};
}

inline GeneralRegisters registers(std::uint64_t seed) {
  GeneralRegisters regs{};
  for (unsigned i = 0; i < kRegisterCount; ++i) register_at(regs, i) = seed * (i + 1);
  return regs;
}

inline constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
inline constexpr auto kLeast64 = std::numeric_limits<std::int64_t>::min();
inline constexpr auto kLeast32 = std::numeric_limits<std::int32_t>::min();
inline constexpr auto kMost32 = std::numeric_limits<std::int32_t>::max();

inline SyscallEntry extreme_entry() {
  return {kLeast32, {kMost, 0, 1, 0x7f, 0x80, kMost - 1}, Address(kMost), 0xffffffff};
}

inline SharedChange full_shared_change() {
  constexpr std::uint64_t kMostSize = std::numeric_limits<std::int64_t>::max();
  return {0xffffffff, "/dev/shm/x",  kMostSize,
          1,          kMostSize - 1, {{1, {}}, {kMostSize - 3, bytes("abc")}}};
}

inline SyscallExit full_exit() {
  return {kLeast64,
          {{Address(0), {}}, {Address(kMost - 3), bytes("abc")}},
          ObjectRef{0, kMost},
          {{Address(0x401000), bytes("\x0f\xc7\xf0"), bytes("\xcc\x90\x90")}},
          {{Address(0x402000), kPageSize, 5, false, false, "[ttrace]", ObjectRef{0, 8192}}},
          {{0, 0, kMost}},
          registers(kMost / 3),
          bytes("xsave"),
          2,
          0xffffffff,
          full_shared_change()};
}

/// Every kind of event, each with values at the ends of their ranges and once with none.
inline std::vector<Event> every_kind_of_event() {
  const Tid tid(kMost32);
  std::vector<EventBody> bodies = {
      ExecEvent{Pid(kLeast32),
                "/bin/x",
                {{Address(0x400000), kPageSize, -1, true, false, "/bin/x", ObjectRef{0, 4096}},
                 {Address(0x7ffffffde000), 33 * kPageSize, 3, false, true, "[stack]", {}}},
                {{Address(0x7ffffffff000), Bytes(3000, std::byte{7})}},
                {{Address(1), bytes("a"), bytes("b")}},
                {{0, 0, 1}},
                registers(0x0123456789abcdef)},
      ExecEvent{},
      SyscallEvent{extreme_entry(), full_exit()},
      SyscallEvent{},
      SyscallEnterEvent{extreme_entry()},
      SyscallExitEvent{kMost32, full_exit()},
      NewTaskEvent{Tid(2),
                   Pid(3),
                   true,
                   kMost,
                   registers(5),
                   {{Address(8), bytes("p")}},
                   {{Address(16), bytes("c")}}},
      SignalEvent{64,
                  Bytes(128, std::byte{0xff}),
                  SignalEvent::Action::stop,
                  true,
                  registers(1),
                  registers(2),
                  bytes("vector"),
                  {{Address(24), bytes("frame")}}},
      SignalEvent{},
      InstructionEvent{InstructionEvent::Kind::rdseed,
                       Address(kMost),
                       255,
                       {{0, kMost}, {kRegisterCount - 1, 0}}},
      MarkEvent{MarkEvent::Kind::skipped, kLeast64, "a.cpp", kLeast32,
                std::string("zero \0 and \xff", 12), extreme_entry()},
      TaskExitEvent{kLeast32, {{Address(32), bytes("\0\0\0\0")}}},
      ProcessExitEvent{Pid(7), kMost32},
      EndEvent{EndEvent::Reason::interrupted, -1},
      SwitchEvent{Address(kMost)},
      StepsEvent{kMost, Address(kMost), 0xffffffff},
      SplitEvent{{Address(40), bytes("old")}},
      PointEvent{registers(7)},
  };
  std::vector<Event> events;
  for (EventBody& body : bodies) events.push_back({tid, Ticks(kMost), kMost, std::move(body)});
  return events;
}

/// An object in memory, as a recorder leaves contents that it copied.
inline RecordedObject memory_object(const std::string& path, std::string_view contents) {
  RecordedObject object;
  object.info.path = path;
  object.info.size = contents.size();
  object.file = Fd(::memfd_create("object", MFD_CLOEXEC));
  if (::write(object.file.value(), contents.data(), contents.size()) != ssize_t(contents.size())) {
    throw_errno("write to a memfd");
  }
  return object;
}

inline TraceInfo sample_info() {
  TraceInfo info;
  info.writer = "ttrace 0.1.0";
  info.framework = "gtest";
  info.case_name = "Queue.Race";
  info.verdict = "failed";
  info.failure = Failure{"queue_test.cpp", 42, "Expected:\n  1\n", EventNumber(kMost), Tid(17)};
  info.seed = kMost;
  info.attempt = 37;
  info.command = {"./tests", "--flag=\"x\""};
  info.directory = "/home/someone";
  info.environment_names = {"HOME", "PATH"};
  info.host = "Linux 6.1, a CPU";
  info.exit_status = 256;
  info.duration_us = 123456;
  return info;
}

/// A small recording that has every kind of event and two objects.
inline Recording sample_recording() {
  Recording recording;
  recording.add_object(memory_object("/bin/x", "the executable"));
  recording.add_object(memory_object("/lib/y.so", "the library"));
  for (const Event& event : every_kind_of_event()) recording.append(event);
  return recording;
}

}  // namespace ttrace::test
