#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "gdb/target.h"
#include "replay/diversion.h"

namespace ttrace {

/// A program that exists only as what a test says: two threads, 4096 bytes of memory at kMemory,
/// and a list of stops to come.
class FakeTarget : public DebugTarget {
 public:
  static constexpr std::uint64_t kMemory = 0x1000;

  FakeTarget() {
    for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = std::byte(i);
    stop_.tid = Tid(100);
  }

  Pid process() const override { return Pid(100); }
  std::vector<TargetThread> threads() const override { return threads_; }
  GeneralRegisters registers(Tid tid) const override {
    if (!registers_.contains(tid)) throw Error("no such thread");
    return registers_.at(tid);
  }
  Bytes vector_state(Tid) const override { return vector; }
  std::size_t read_memory(Address at, std::span<std::byte> into) const override {
    if (at.value() < kMemory || at.value() >= kMemory + memory.size()) return 0;
    const std::size_t offset = at.value() - kMemory;
    const std::size_t count = std::min(into.size(), memory.size() - offset);
    std::memcpy(into.data(), memory.data() + offset, count);
    return count;
  }
  Bytes signal_info() const override { return signal; }
  Bytes auxiliary_vector() const override { return {std::byte(1), std::byte(2)}; }
  std::string executable() const override { return "/bin/guest"; }
  std::optional<Fd> open_file(const std::string& path) const override {
    if (path != "/bin/guest") return {};
    Fd file(::memfd_create("guest", MFD_CLOEXEC));
    if (::write(file.value(), contents.data(), contents.size()) < 0) throw_errno("write");
    return file;
  }
  bool insert_breakpoint(Address at, Condition condition) override {
    if (at.value() >= 0x10000) return false;
    breakpoints[at] = 1;
    conditions[at] = std::move(condition);
    return true;
  }
  void remove_breakpoint(Address at) override { --breakpoints[at]; }
  bool insert_watchpoint(const WatchRange& range) override {
    watchpoints.insert(range);
    return true;
  }
  void remove_watchpoint(const WatchRange& range) override { watchpoints.erase(range); }

  const TargetStop& stop() const override { return stop_; }
  const TargetStop& resume(const ResumeRequest& request) override {
    requests.push_back(request);
    if (!output.empty() && sink) sink(bytes_of(std::string_view(output)));
    if (until_interrupt) {
      while (!request.interrupt->load()) ::usleep(1000);
      stop_.kind = TargetStop::Kind::interrupted;
      return stop_;
    }
    if (stops.empty()) throw Divergence("event 7: the recording has read, the replay write");
    auto [stop, pc] = stops.front();
    stops.pop_front();
    registers_[stop.tid].rip = pc;
    stop_ = stop;
    return stop_;
  }
  const TargetStop& seek(Position to, const std::atomic<bool>*) override {
    position_ = to;
    stop_ = seek_stop;
    return stop_;
  }
  bool can_go_back() const override { return history; }
  Position position() override { return position_; }
  Position history_begin() const override { return {EventNumber(1)}; }
  Position history_end() const override { return {EventNumber(50)}; }
  std::optional<TargetFailure> failure() const override { return failure_; }
  std::string case_name() const override { return "Suite.Case"; }
  std::vector<TargetMark> marks() const override {
    return {{EventNumber(9), Tid(100), "case begins  Suite.Case"}};
  }
  std::uint64_t digest() const override { return 0x1234; }
  std::unique_ptr<Diversion> divert() const override { throw Error("it exists only here"); }
  void on_output(std::function<void(ByteView)> to) override { sink = std::move(to); }

  std::vector<TargetThread> threads_{{Tid(100), "main"}, {Tid(101), "a<b>&\"c"}};
  std::map<Tid, GeneralRegisters> registers_{{Tid(100), {}}, {Tid(101), {}}};
  Bytes vector;
  Bytes signal;
  Bytes memory = Bytes(4096);
  std::string contents = "contents with $#}* and more";
  std::map<Address, int> breakpoints;
  std::map<Address, Condition> conditions;
  std::set<WatchRange> watchpoints;
  std::deque<std::pair<TargetStop, std::uint64_t>> stops;  ///< and the program counter there
  std::vector<ResumeRequest> requests;
  bool until_interrupt = false;
  bool history = false;
  std::string output;
  std::optional<TargetFailure> failure_;
  TargetStop stop_;
  TargetStop seek_stop{TargetStop::Kind::arrived, Tid(101), 0, {}};
  Position position_{EventNumber(5)};
  std::function<void(ByteView)> sink;
};

}  // namespace ttrace
