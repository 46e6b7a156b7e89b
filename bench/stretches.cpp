// How long a program runs between two places where it could be stopped: replays traces one
// instruction at a time and prints their longest stretches without a tick or an event. A held
// signal, and a thread whose turn is over, waits that long at most.
//
//     bench/stretches TRACE...
//
// A `rep` instruction counts as one, as in a place (replay/position.h).

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <map>
#include <vector>

#include "replay/replayer.h"
#include "trace/reader.h"

namespace ttrace {
namespace {

struct Stretch {
  std::uint64_t instructions = 0;
  std::uint64_t times = 0;  ///< that a stretch began there
  EventNumber event;        ///< of the longest
  std::string begin;
};

/// "FILE+0xOFFSET", as addr2line and objdump take it for a library.
std::string place_name(const Replayer& replay, Pid pid, Address at) {
  for (const Mapping& mapping : replay.mappings(pid)) {
    if (at < mapping.start || at - mapping.start >= mapping.length) continue;
    const std::string file = std::filesystem::path(mapping.name).filename().string();
    const std::uint64_t offset = mapping.backing ? mapping.backing->offset : 0;
    return fmt::format("{}+{:#x}", file, at - mapping.start + offset);
  }
  return fmt::format("{:#x}", at.value());
}

class Measurement {
 public:
  explicit Measurement(TraceReader& trace) : trace_(trace), replay_(trace) {}

  void run() {
    ReplayStop stop;
    do {
      const EventNumber event = replay_.position();
      const std::uint64_t ticks = replay_.ticks();
      stop = replay_.run(next_step(event));
      ++length_;
      ++instructions_;
      if (replay_.position() != event || replay_.ticks() != ticks) close(event);
    } while (stop.kind != ReplayStop::Kind::end);
  }

  void print(std::size_t most) const {
    std::vector<Stretch> longest;
    for (const auto& [at, stretch] : stretches_) longest.push_back(stretch);
    std::sort(longest.begin(), longest.end(),
              [](const Stretch& a, const Stretch& b) { return a.instructions > b.instructions; });
    fmt::print("{}: {} instructions in {} stretches\n", trace_.path(), instructions_, count_);
    for (std::size_t i = 0; i < std::min(most, longest.size()); ++i) {
      fmt::print("{:>10} instructions from {} (event {}, {} times begun there)\n",
                 longest[i].instructions, longest[i].begin, longest[i].event.value(),
                 longest[i].times);
    }
  }

 private:
  /// One instruction of the thread that runs there. At an event that is about to make its thread:
  /// that event.
  ReplayLimits next_step(EventNumber event) {
    const Tid tid = trace_.event(event).tid;
    ReplayLimits limits;
    for (const ReplayThread& thread : replay_.threads()) {
      if (thread.tid != tid) continue;
      limits.step = tid;
      if (length_ == 0) {
        begin_ = Address(replay_.registers(tid).rip);
        pid_ = thread.pid;
      }
      return limits;
    }
    limits.before_event = EventNumber(event.value() + 1);
    return limits;
  }

  void close(EventNumber event) {
    ++count_;
    Stretch& stretch = stretches_[begin_];
    ++stretch.times;
    if (length_ > stretch.instructions) {
      stretch.instructions = length_;
      stretch.event = event;
      if (stretch.begin.empty()) stretch.begin = place_name(replay_, pid_, begin_);
    }
    length_ = 0;
  }

  TraceReader& trace_;
  Replayer replay_;
  std::map<Address, Stretch> stretches_;  ///< by where they begin
  std::uint64_t instructions_ = 0;
  std::uint64_t count_ = 0;
  std::uint64_t length_ = 0;
  Address begin_;
  Pid pid_;
};

}  // namespace
}  // namespace ttrace

int main(int argc, char** argv) {
  constexpr std::size_t kMostShown = 5;
  try {
    for (int i = 1; i < argc; ++i) {
      ttrace::TraceReader trace(argv[i]);
      ttrace::Measurement measurement(trace);
      measurement.run();
      measurement.print(kMostShown);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "stretches: {}\n", error.what());
    return 2;
  }
}
