#include <gtest/gtest.h>
#include <sys/wait.h>

#include <filesystem>
#include <functional>
#include <ostream>

#include "record/recorder.h"
#include "replay/replayer.h"
#include "ticks/counter_offer.h"
#include "ticks/stepped_counter.h"
#include "trace/reader.h"
#include "tracee/cpu_pin.h"

// Recordings whose ticks a hardware counter counts, and their replays: with a counter that steps on
// every machine, with the CPU's own where there is one.

namespace ttrace {
namespace {

namespace fs = std::filesystem;
using Counters = std::shared_ptr<const TickCounters>;

class Directory {
 public:
  Directory() : path_(fs::temp_directory_path() / "ttrace-counted-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) throw_errno("mkdtemp");
  }
  ~Directory() { fs::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::string text_of(const std::vector<OutputChunk>& output) {
  std::string text;
  for (const OutputChunk& chunk : output) text += chunk.text;
  return text;
}

/// A guest, recorded and kept.
class Kept {
 public:
  Kept(const std::string& guest, const TickCounters& counters, std::uint64_t seed, Chaos chaos,
       const std::string& event = "") {
    RecordOptions options;
    options.seed = seed;
    options.chaos = chaos;
    options.addresses = AddressChoice::fixed;
    options.timeout = std::chrono::minutes(2);
    options.capture_output = true;
    SiteCache sites(directory_ / "cache");
    options.sites = &sites;
    options.counters = &counters;
    const std::string path = std::string(COUNTED_GUESTS) + "/counted_" + guest;
    result_ = record({path, {path}, {}}, options);
    if (result_.not_recordable) throw Error("not recordable: " + *result_.not_recordable);
    TraceInfo info;
    info.cpu.vendor = "any";
    info.cpu.layout = xsave_layout_here();
    info.hardware_ticks = event.empty() ? result_.hardware_ticks : event;
    keep(result_.recording, info, directory_ / "guest.ttrace");
    trace_ = std::make_unique<TraceReader>(directory_ / "guest.ttrace");
  }

  TraceReader& trace() { return *trace_; }
  const RecordResult& result() const { return result_; }
  std::string output() const { return text_of(result_.output); }

  /// How many events are places that only their ticks tell.
  int places() {
    int count = 0;
    for (std::uint64_t i = 0; i < trace_->event_count(); ++i) {
      const Event& event = trace_->event(EventNumber(i));
      const auto* signal = std::get_if<SignalEvent>(&event.body);
      const bool held = signal != nullptr && !signal->synchronous && event.ticks.value() > 0;
      count += held || std::holds_alternative<PointEvent>(event.body);
    }
    return count;
  }

  /// To the end; what the program wrote on the way.
  std::string replay(Counters counters) {
    Replayer replayer(*trace_, replay_cpu_here(), std::move(counters));
    std::string text;
    replayer.on_output([&](int, ByteView bytes) {
      text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    });
    const ReplayStop stop = replayer.run({});
    EXPECT_EQ(stop.kind, ReplayStop::Kind::end);
    return text;
  }

 private:
  Directory directory_;
  RecordResult result_;
  std::unique_ptr<TraceReader> trace_;
};

/// What counts: makes one for a seed, or says why there is none.
struct Maker {
  std::string name;
  std::function<Counters(std::uint64_t seed)> make;
  std::string obstacle;
};

Maker simulated() {
  return {"simulated", [](std::uint64_t seed) { return std::make_shared<SteppedCounters>(seed); },
          ""};
}

Maker of_the_cpu() {
  const CounterOffer offer = examine_counters();
  return {"hardware", [offer](std::uint64_t) { return counters_of(offer); }, offer.obstacle};
}

struct Guest {
  const char* name;
  int seeds;
};
void PrintTo(const Guest& guest, std::ostream* out) { *out << guest.name; }

class Counted : public testing::TestWithParam<std::tuple<Guest, bool>> {
 protected:
  void SetUp() override {
    maker_ = std::get<1>(GetParam()) ? of_the_cpu() : simulated();
    if (!maker_.obstacle.empty())
      GTEST_SKIP() << "skipped: no hardware counters: " << maker_.obstacle;
  }
  Maker maker_;
};

TEST_P(Counted, ReplaysWhatItRecorded) {
  const Guest guest = std::get<0>(GetParam());
  for (int seed = 1; seed <= guest.seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Kept kept(guest.name, *maker_.make(std::uint64_t(seed)), std::uint64_t(seed), Chaos::mixed);
    ASSERT_EQ(kept.result().status, 0) << kept.output();
    EXPECT_GT(kept.places(), 0);
    for (int i = 1; i <= 3; ++i) {
      EXPECT_EQ(kept.replay(maker_.make(std::uint64_t(100 * seed + i))), kept.output());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Guests, Counted,
                         testing::Combine(testing::Values(Guest{"spin", 3}, Guest{"timer", 3},
                                                          Guest{"straight", 2}, Guest{"masks", 2}),
                                          testing::Bool()),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param).name) +
                                  (std::get<1>(info.param) ? "_hardware" : "_simulated");
                         });

class CountedChaos : public testing::TestWithParam<bool> {};

TEST_P(CountedChaos, FindsALostUpdate) {
  const Maker maker = GetParam() ? of_the_cpu() : simulated();
  if (!maker.obstacle.empty()) GTEST_SKIP() << "skipped: no hardware counters: " << maker.obstacle;
  constexpr std::uint64_t kMost = 30;
  for (std::uint64_t seed = 1; seed <= kMost; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Kept kept("lost_update", *maker.make(seed), seed, Chaos::on);
    if (kept.result().status == 0) continue;
    EXPECT_EQ(WEXITSTATUS(kept.result().status), 1);
    for (std::uint64_t i = 1; i <= 3; ++i) {
      EXPECT_EQ(kept.replay(maker.make(100 * seed + i)), kept.output());
    }
    return;
  }
  FAIL() << "no update was lost in " << kMost << " attempts";
}

INSTANTIATE_TEST_SUITE_P(LostUpdate, CountedChaos, testing::Bool(), [](const auto& info) {
  return std::string(info.param ? "hardware" : "simulated");
});

// All events of the table count the same: what one counted, another finds again.
TEST(CountedReplay, NeedsAMachineThatCounts) {
  Kept kept("timer", SteppedCounters(5), 5, Chaos::off, "ivb::BR_INST_RETIRED:COND");
  const CounterOffer offer = examine_counters();
  if (offer.works()) {
    EXPECT_EQ(kept.replay(nullptr), kept.output());
    return;
  }
  try {
    kept.replay(nullptr);
    FAIL() << "it was replayed";
  } catch (const TraceError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("has hardware ticks (ivb::BR_INST_RETIRED:COND)"), std::string::npos)
        << text;
    EXPECT_NE(text.find(offer.obstacle), std::string::npos) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace ttrace
