#include "trace/pack.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>

#include "samples.h"
#include "trace/reader.h"

namespace ttrace {
namespace {

using test::memory_object;
using test::overwrite;
using test::read_file;
using test::TemporaryDirectory;
using test::write_file;

std::string contents_of(const Fd& object) {
  std::array<char, 64> text{};
  const ssize_t n = pread(object.value(), text.data(), text.size(), 0);
  return {text.data(), std::size_t(std::max<ssize_t>(n, 0))};
}

class Pack : public testing::Test {
 protected:
  Pack() {
    Recording recording;
    recording.add_object(memory_object("/one", "the first"));
    recording.add_object(memory_object("/two", "the second"));
    recording.append({Tid(1), Ticks(), 0, EndEvent{}});
    keep(recording, test::sample_info(), trace_);
  }
  TemporaryDirectory directory_;
  const std::string trace_ = directory_ / "a.ttrace";
  const std::string packed_ = directory_ / "packed.ttrace";
};

TEST_F(Pack, NeedsNoObjectsBesideIt) {
  pack_trace(trace_, packed_);
  std::filesystem::remove(trace_);
  std::filesystem::remove_all(directory_ / "objects");
  TraceReader reader(packed_);
  EXPECT_TRUE(reader.is_packed());
  EXPECT_NO_THROW(reader.verify());
  EXPECT_EQ(reader.event_count(), 1u);
  EXPECT_EQ(contents_of(reader.open_object(0)), "the first");
  EXPECT_EQ(contents_of(reader.open_object(1)), "the second");
  EXPECT_EQ(directory_.all(), std::vector<std::string>{"packed.ttrace"});
}

TEST_F(Pack, ReplacesTheOutputAsAWhole) {
  write_file(packed_, "older");
  pack_trace(trace_, packed_);
  EXPECT_NO_THROW(TraceReader(packed_).verify());
}

TEST_F(Pack, LeavesTheOutputWhereAnObjectIsMissing) {
  write_file(packed_, "older");
  std::filesystem::remove_all(directory_ / "objects");
  EXPECT_THROW(pack_trace(trace_, packed_), Error);
  EXPECT_EQ(read_file(packed_), "older");
}

TEST_F(Pack, DamageIsNoticedWhereverItIs) {
  pack_trace(trace_, packed_);
  const std::string whole = read_file(packed_);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    overwrite(packed_, at, std::string(1, char(whole[at] ^ 0x20)));
    EXPECT_THROW(TraceReader(packed_).verify(), Error) << "byte " << at << " of " << whole.size();
    overwrite(packed_, at, whole.substr(at, 1));
  }
  EXPECT_NO_THROW(TraceReader(packed_).verify());
}

}  // namespace
}  // namespace ttrace
