#include <gtest/gtest.h>
#include <sys/stat.h>

#include "samples.h"
#include "trace/container.h"
#include "trace/reader.h"

namespace ttrace {
namespace {

using test::TemporaryDirectory;

Event numbered(std::uint64_t number, std::size_t size) {
  SyscallEvent call;
  call.exit.writes = {{Address(number), Bytes(size, std::byte(number))}};
  return {Tid(1), Ticks(), number, call};
}

/// Appends `count` events of a kilobyte and now and then a large one.
void fill(Recording& recording, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    ASSERT_EQ(recording.append(numbered(i, i % 100 == 99 ? 300'000 : 1000)), EventNumber(i));
  }
}

void expect_all(const std::string& path, std::uint64_t count) {
  TraceReader reader(path);
  ASSERT_EQ(reader.event_count(), count);
  reader.verify();
  for (std::uint64_t i = 0; i < count; ++i) {
    const Event& event = reader.event(EventNumber(i));
    ASSERT_EQ(event.time_us, i);
    const auto& write = std::get<SyscallEvent>(event.body).exit.writes.at(0);
    ASSERT_EQ(write.data, Bytes(write.data.size(), std::byte(i)));
  }
}

RecordingLimits within(const TemporaryDirectory& directory, std::uint64_t memory) {
  return {directory / "traces", memory, 0};
}

TEST(Spill, SmallRecordingsTouchNoDisk) {
  const TemporaryDirectory directory;
  Recording recording(within(directory, 1 << 20));
  fill(recording, 500);
  EXPECT_EQ(recording.spilled(), nullptr);
}

TEST(Spill, WhatIsTooLargeForMemoryGoesToAFileWithoutAName) {
  const TemporaryDirectory directory;
  {
    Recording recording(within(directory, 100'000));
    fill(recording, 3000);
    ASSERT_NE(recording.spilled(), nullptr);
    EXPECT_GT(recording.spilled()->event_count(), 1000u);
    EXPECT_LT(recording.encoded_events().size(), 600'000u);
    EXPECT_TRUE(directory.all().empty());
  }
  EXPECT_TRUE(directory.all().empty());
}

TEST(Spill, TheFileBecomesTheTrace) {
  const TemporaryDirectory directory;
  for (const std::uint64_t count : {1000u, 1001u, 3000u}) {
    Recording recording(within(directory, 100'000));
    fill(recording, count);
    const std::string path = directory / "traces/t.ttrace";
    keep(recording, test::sample_info(), path);
    expect_all(path, count);
    struct stat kept {
    }, spilled{};
    ::stat(path.c_str(), &kept);
    ::fstat(recording.spilled()->fd(), &spilled);
    EXPECT_EQ(kept.st_ino, spilled.st_ino) << "it was copied";
    EXPECT_EQ(kept.st_mode & 0777, 0600u);
  }
}

TEST(Spill, KeptTwiceItIsTwoFiles) {
  const TemporaryDirectory directory;
  Recording recording(within(directory, 100'000));
  fill(recording, 1000);
  TraceInfo info = test::sample_info();
  keep(recording, info, directory / "a.ttrace");
  info.case_name = std::string(10'000, 'x');
  keep(recording, info, directory / "b.ttrace");
  expect_all(directory / "a.ttrace", 1000);
  expect_all(directory / "b.ttrace", 1000);
  EXPECT_EQ(TraceReader(directory / "a.ttrace").info().case_name, "Queue.Race");
}

TEST(Spill, AFailedKeepLeavesItAsItWas) {
  const TemporaryDirectory directory;
  Recording recording(within(directory, 100'000));
  fill(recording, 1000);
  test::write_file(directory / "file", "");
  EXPECT_THROW(keep(recording, test::sample_info(), directory / "file/t.ttrace"), Error);
  // The tables of this one are written before its name is refused.
  ::mkdir((directory / "taken.ttrace").c_str(), 0700);
  ::mkdir((directory / "taken.ttrace/x").c_str(), 0700);
  EXPECT_THROW(keep(recording, test::sample_info(), directory / "taken.ttrace"), Error);
  keep(recording, test::sample_info(), directory / "t.ttrace");
  expect_all(directory / "t.ttrace", 1000);
}

TEST(Spill, AnotherFileSystemGetsACopy) {
  if (::access("/dev/shm", W_OK) != 0) GTEST_SKIP() << "no second file system";
  const TemporaryDirectory directory;
  struct stat here {
  }, there{};
  ::stat(directory.str().c_str(), &here);
  ::stat("/dev/shm", &there);
  if (here.st_dev == there.st_dev) GTEST_SKIP() << "no second file system";
  Recording recording({"/dev/shm", 100'000, 0});
  fill(recording, 1000);
  keep(recording, test::sample_info(), directory / "t.ttrace");
  expect_all(directory / "t.ttrace", 1000);
}

TEST(Spill, TheQuotaIsNamed) {
  const TemporaryDirectory directory;
  Recording recording({directory.str(), 100'000, 2 << 20});
  try {
    for (std::uint64_t i = 0;; ++i) {
      Event event = numbered(i, 1000);
      auto& data = std::get<SyscallEvent>(event.body).exit.writes[0].data;
      for (std::size_t at = 0; at < data.size(); ++at) data[at] = std::byte(i * 7919 + at * at * i);
      recording.append(event);
      ASSERT_LT(i, 1'000'000u);
    }
  } catch (const NotRecordable& refused) {
    EXPECT_NE(refused.name().find("2 MiB"), std::string::npos) << refused.name();
  }
}

TEST(Spill, RoomInTheHeaderIsNoDamage) {
  const HeaderPayload payload{"ttrace", {"avx2", "sse2"}};
  for (const std::size_t size : {std::size_t{0}, std::size_t{30}, kRoomyHeader}) {
    const Bytes header = make_header(payload, size);
    EXPECT_GE(header.size(), size);
    const ByteView body = ByteView(header).subspan(
        sizeof(HeaderPrefix), header.size() - sizeof(HeaderPrefix) - kChecksumSize);
    EXPECT_EQ(parse_header_payload(body).cpu_features, payload.cpu_features);
    Bytes odd(body.begin(), body.end());
    odd.push_back(std::byte(1));
    EXPECT_THROW(parse_header_payload(odd), TraceError);
  }
}

}  // namespace
}  // namespace ttrace
