#include "trace/reader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstring>
#include <filesystem>
#include <functional>
#include <random>

#include "samples.h"
#include "trace/container.h"
#include "trace/object_store.h"
#include "trace/table.h"

namespace ttrace {
namespace {

using test::read_file;
using test::sample_recording;
using test::TemporaryDirectory;
using test::write_file;

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const TraceError& error) {
    return error.what();
  }
  return "";
}

std::string opening_error(const std::string& path) {
  return error_of([&] { TraceReader reader(path); });
}

std::string verify_error(const std::string& path) {
  return error_of([&] { TraceReader(path).verify(); });
}

void expect_one_line_naming(const std::string& error, const std::string& name) {
  EXPECT_NE(error.find(name), std::string::npos) << error;
  EXPECT_EQ(error.find('\n'), std::string::npos) << error;
}

class Reader : public testing::Test {
 protected:
  Reader() { keep(sample_recording(), test::sample_info(), path_); }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "a.ttrace";
};

Bytes encoded(const Event& event) {
  Bytes out;
  encode(event, out);
  return out;
}

TEST_F(Reader, EverythingComesBack) {
  TraceReader reader(path_);
  const std::vector<Event> events = test::every_kind_of_event();
  ASSERT_EQ(reader.event_count(), events.size());
  for (std::size_t n = 0; n < events.size(); ++n) {
    EXPECT_EQ(encoded(reader.event(EventNumber(n))), encoded(events[n]));
  }
  EXPECT_EQ(reader.path(), path_);
  EXPECT_EQ(reader.info().case_name, "Queue.Race");
  ASSERT_EQ(reader.objects().size(), 2u);
  EXPECT_EQ(reader.objects()[1].path, "/lib/y.so");
  EXPECT_EQ(reader.objects()[1].size, 11u);
  EXPECT_EQ(read_file("/proc/self/fd/" + std::to_string(reader.open_object(1).value())),
            "the library");
  EXPECT_NO_THROW(reader.verify());
  EXPECT_THROW(reader.event(EventNumber(events.size())), TraceError);
  EXPECT_THROW(reader.event(EventNumber(test::kMost)), TraceError);
  EXPECT_THROW(reader.open_object(2), TraceError);
}

TEST_F(Reader, ARecordingWithoutEvents) {
  const std::string path = directory_ / "empty.ttrace";
  keep(Recording(), TraceInfo(), path);
  TraceReader reader(path);
  EXPECT_EQ(reader.event_count(), 0u);
  EXPECT_NO_THROW(reader.verify());
  EXPECT_THROW(reader.event(EventNumber(0)), TraceError);
}

TEST_F(Reader, ManyFramesInAnyOrder) {
  Recording recording;
  std::vector<Bytes> expected;
  std::mt19937 random(3);
  for (int i = 0; i < 3000; ++i) {
    SyscallEvent call;
    call.entry.number = i;
    // Mostly small, some larger than a frame, some that do not compress.
    const std::size_t size = i % 500 == 7 ? 200'000 : random() % 600;
    call.exit.writes = {{Address(0x1000), Bytes(size)}};
    if (i % 2) {
      for (std::byte& byte : call.exit.writes[0].data) byte = std::byte(random());
    }
    const Event event{Tid(i), Ticks(), std::uint64_t(i), call};
    expected.push_back(encoded(event));
    recording.append(event);
  }
  EXPECT_GT(recording.frames().size(), 10u);
  const std::string path = directory_ / "b.ttrace";
  keep(recording, TraceInfo(), path);
  TraceReader reader(path);
  ASSERT_EQ(reader.event_count(), expected.size());
  for (std::size_t n = 0; n < expected.size(); ++n) {
    ASSERT_EQ(encoded(reader.event(EventNumber(n))), expected[n]);
  }
  for (int i = 0; i < 500; ++i) {
    const std::size_t n = random() % expected.size();
    ASSERT_EQ(encoded(reader.event(EventNumber(n))), expected[n]);
  }
  EXPECT_NO_THROW(reader.verify());
}

TEST_F(Reader, ATruncationAtAnyByteIsFoundOnOpening) {
  const std::string whole = read_file(path_);
  const std::string cut = directory_ / "cut.ttrace";
  write_file(cut, whole);
  for (std::size_t size = whole.size(); size-- > 0;) {
    std::filesystem::resize_file(cut, size);
    const std::string error = opening_error(cut);
    ASSERT_NE(error, "") << "cut to " << size << " of " << whole.size();
    expect_one_line_naming(error, cut);
  }
}

TEST_F(Reader, TrailingBytesAreFoundOnOpening) {
  write_file(path_, read_file(path_) + "x");
  EXPECT_NE(opening_error(path_), "");
}

TEST_F(Reader, AnyFlippedByteIsFoundByVerify) {
  const std::string whole = read_file(path_);
  for (const int mask : {0x01, 0x80, 0xff}) {
    for (std::size_t at = 0; at < whole.size(); ++at) {
      test::overwrite(path_, at, std::string(1, char(whole[at] ^ mask)));
      const std::string error = verify_error(path_);
      test::overwrite(path_, at, whole.substr(at, 1));
      ASSERT_NE(error, "") << "byte " << at << " of " << whole.size() << ", mask " << mask;
      expect_one_line_naming(error, path_);
    }
  }
  EXPECT_EQ(verify_error(path_), "");
}

TEST_F(Reader, AFrameIsCheckedWhenItIsRead) {
  Recording recording;
  std::mt19937 random(4);
  for (int i = 0; i < 20; ++i) {
    MarkEvent mark;
    for (int k = 0; k < 30'000; ++k) mark.text += char(random());
    recording.append({Tid(1), Ticks(), 0, mark});
  }
  keep(recording, TraceInfo(), path_);
  std::string damaged = read_file(path_);
  damaged[damaged.size() / 2] ^= 1;
  write_file(path_, damaged);
  TraceReader reader(path_);
  EXPECT_NO_THROW(reader.event(EventNumber(0)));
  EXPECT_NO_THROW(reader.event(EventNumber(19)));
  EXPECT_THROW(
      {
        for (int n = 0; n < 20; ++n) reader.event(EventNumber(n));
      },
      TraceError);
}

TEST_F(Reader, ANewerFormatIsNamed) {
  std::string file = read_file(path_);
  file[8] = char(kFormatVersion + 1);
  std::uint32_t payload = 0;
  std::memcpy(&payload, file.data() + 12, sizeof payload);
  const std::uint64_t sum = checksum_of(bytes_of(std::string_view(file).substr(0, 16 + payload)));
  std::memcpy(file.data() + 16 + payload, &sum, sizeof sum);
  write_file(path_, file);
  EXPECT_EQ(opening_error(path_), path_ + " was written by a newer ttrace (format " +
                                      std::to_string(kFormatVersion + 1) +
                                      ", this one reads up to " + std::to_string(kFormatVersion) +
                                      "): use a newer ttrace");
}

TEST_F(Reader, HardwareTicksAreNamed) {
  EXPECT_EQ(read_file(path_)[8], char(kFormatVersion));
  EXPECT_EQ(TraceReader(path_).info().hardware_ticks, "");
  TraceInfo info = test::sample_info();
  info.hardware_ticks = "zen3::BRANCHES";
  keep(test::sample_recording(), info, path_);
  EXPECT_EQ(TraceReader(path_).info().hardware_ticks, info.hardware_ticks);
}

TEST_F(Reader, TheFirstFormatIsRead) {
  std::string file = read_file(path_);
  file[8] = 1;
  std::uint32_t payload = 0;
  std::memcpy(&payload, file.data() + 12, sizeof payload);
  const std::uint64_t sum = checksum_of(bytes_of(std::string_view(file).substr(0, 16 + payload)));
  std::memcpy(file.data() + 16 + payload, &sum, sizeof sum);
  write_file(path_, file);
  EXPECT_EQ(opening_error(path_), "");
  EXPECT_TRUE(TraceReader(path_).info().cpu_features.empty());
}

TEST_F(Reader, WhatIsNoTraceIsNamed) {
  const std::string empty = directory_ / "empty";
  write_file(empty, "");
  EXPECT_NE(opening_error(empty).find("is empty"), std::string::npos);
  const std::string text = directory_ / "text";
  write_file(text, "#!/bin/sh\n");
  EXPECT_NE(opening_error(text).find("is not a ttrace file"), std::string::npos);
  const std::string fifo = directory_ / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_NE(opening_error(fifo).find("is not a regular file"), std::string::npos);
  EXPECT_NE(opening_error(directory_.str()).find("is a directory"), std::string::npos);
  EXPECT_NE(opening_error(directory_ / "none").find("no such file"), std::string::npos);
  EXPECT_NE(opening_error(text + "/x").find("cannot open"), std::string::npos);
  EXPECT_NE(opening_error("/dev/null").find("is not a regular file"), std::string::npos);
  for (const char* name : {"empty", "text", "fifo", "none"}) {
    expect_one_line_naming(opening_error(directory_ / name), directory_ / name);
  }
}

TEST_F(Reader, ALinkFindsTheObjectsBesideTheFile) {
  const TemporaryDirectory elsewhere;
  std::filesystem::create_symlink(path_, elsewhere / "link");
  EXPECT_NO_THROW(TraceReader(elsewhere / "link").verify());
}

TEST_F(Reader, AMissingObjectIsNamed) {
  TraceReader reader(path_);
  const std::string hash = reader.objects()[0].hash;
  std::filesystem::remove((directory_ / "objects/") + hash);
  const std::string expected = path_ + ": its object " + hash + " (/bin/x) is missing from " +
                               (directory_ / "objects") +
                               ": copy the objects folder along with the trace";
  EXPECT_EQ(error_of([&] { reader.open_object(0); }), expected);
  EXPECT_EQ(verify_error(path_), expected);
  EXPECT_NO_THROW(reader.open_object(1));
}

TEST_F(Reader, AnObjectOfAnotherSizeIsRefused) {
  TraceReader reader(path_);
  write_file((directory_ / "objects/") + reader.objects()[1].hash, "the librar");
  EXPECT_THROW(reader.open_object(1), TraceError);
  EXPECT_NE(verify_error(path_), "");
}

TEST_F(Reader, AnObjectWithOtherContentsIsRefused) {
  TraceReader reader(path_);
  write_file((directory_ / "objects/") + reader.objects()[1].hash, "the librarx");
  EXPECT_THROW(reader.open_object(1), TraceError);
  EXPECT_NE(verify_error(path_).find("/lib/y.so"), std::string::npos);
}

TEST_F(Reader, AnObjectThatIsNoFileIsRefused) {
  TraceReader reader(path_);
  const std::string name = (directory_ / "objects/") + reader.objects()[0].hash;
  std::filesystem::remove(name);
  ASSERT_EQ(::mkfifo(name.c_str(), 0600), 0);
  EXPECT_THROW(reader.open_object(0), TraceError);
}

TEST_F(Reader, AnEventThatRefersToNoObjectIsRefused) {
  Recording recording;
  SyscallEvent call;
  call.exit.backing = ObjectRef{0, 0};
  recording.append({Tid(1), Ticks(), 0, call});
  keep(recording, TraceInfo(), path_);
  EXPECT_NE(verify_error(path_).find("event 0 refers to an object"), std::string::npos);
}

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kAddressSanitizer = true;
#elif defined(__has_feature)
constexpr bool kAddressSanitizer = __has_feature(address_sanitizer);
#else
constexpr bool kAddressSanitizer = false;
#endif

// Runs in a child whose address space is bounded; true if it ended by itself.
bool survives_with_little_memory(const std::function<void()>& action) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!kAddressSanitizer) {
      const rlimit limit{rlim_t{512} << 20, rlim_t{512} << 20};
      ::setrlimit(RLIMIT_AS, &limit);
    }
    try {
      action();
    } catch (...) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_F(Reader, GarbageBehindAGoodStartNeverCrashes) {
  const std::string whole = read_file(path_);
  EXPECT_TRUE(survives_with_little_memory([&] {
    std::mt19937 random(5);
    for (int round = 0; round < 2000; ++round) {
      std::string file = whole;
      for (int i = 0; i < 8; ++i) file[random() % file.size()] = char(random());
      if (round % 4 == 1) {
        for (std::size_t at = 24; at < file.size(); ++at) file[at] = char(random());
      }
      test::overwrite(path_, 0, file);
      std::filesystem::resize_file(path_, round % 4 ? file.size() : random() % file.size());
      verify_error(path_);
    }
  }));
}

/// The payloads of a file, to be put together with checksums that match: a hostile file.
struct Payloads {
  Bytes events;
  std::uint32_t event_count = 0;
  Bytes objects;
  Bytes metadata;
  std::function<Bytes(std::uint64_t frame_size)> index;
};

std::string put_together(const Payloads& payloads) {
  std::string file;
  const auto add = [&](const Bytes& bytes) {
    file.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return bytes.size();
  };
  add(make_header({"ttrace 0.1.0", {"avx2"}}));
  const std::uint64_t size =
      add(make_frame(FrameKind::events, 0, payloads.event_count, payloads.events));
  Footer footer{};
  footer.event_count = payloads.event_count;
  footer.objects_at = file.size();
  add(make_frame(FrameKind::objects, 0, 0, payloads.objects));
  footer.metadata_at = file.size();
  add(make_frame(FrameKind::metadata, 0, 0, payloads.metadata));
  footer.index_at = file.size();
  add(make_frame(FrameKind::index, 0, 0, payloads.index(size)));
  footer.file_size = file.size() + sizeof footer;
  add(make_footer(footer));
  return file;
}

Payloads good_payloads() {
  Payloads payloads;
  const Recording recording = sample_recording();
  const ByteView events = recording.encoded_events();
  payloads.events.assign(events.begin(), events.end());
  payloads.event_count = std::uint32_t(recording.event_count());
  payloads.objects =
      encode_objects({{std::string(32, 'a'), 1, "/a"}, {std::string(32, 'b'), 2, "/b"}});
  payloads.metadata = test::bytes(to_json(test::sample_info()));
  payloads.index = [count = payloads.event_count](std::uint64_t size) {
    return encode_index({{0, size, 0, count}});
  };
  return payloads;
}

void verify_text(const std::string& path, const std::string& file) {
  test::overwrite(path, 0, file);
  std::filesystem::resize_file(path, file.size());
  verify_error(path);
}

TEST_F(Reader, HostilePayloadsAreRefusedWithinLittleMemory) {
  write_file(path_, put_together(good_payloads()));
  EXPECT_NE(verify_error(path_).find("is missing from"), std::string::npos)
      << "good but for objects";
  EXPECT_TRUE(survives_with_little_memory([&] {
    std::mt19937 random(7);
    const auto damage = [&](Bytes& bytes) {
      for (int flips = 1 + int(random() % 4); flips > 0; --flips) {
        bytes[random() % bytes.size()] = std::byte(random());
      }
    };
    for (int round = 0; round < 3000; ++round) {
      Payloads payloads = good_payloads();
      if (round % 4 == 0) damage(payloads.events);
      if (round % 4 == 1) damage(payloads.objects);
      if (round % 4 == 2) damage(payloads.metadata);
      if (round % 4 == 3) {
        payloads.index = [&, index = payloads.index](std::uint64_t size) {
          Bytes bytes = index(size);
          damage(bytes);
          return bytes;
        };
      }
      verify_text(path_, put_together(payloads));
    }
  }));
}

TEST_F(Reader, AFewBytesThatBecomeManyAreRefusedWithinLittleMemory) {
  // Sixty megabytes that compress to a quarter of one: nested lists, lists of nothing, a long
  // index.
  static constexpr std::size_t size = std::size_t{60} << 20;
  EXPECT_TRUE(survives_with_little_memory([&] {
    Payloads nested = good_payloads();
    nested.metadata.assign(size, std::byte('['));
    verify_text(path_, put_together(nested));

    Payloads index = good_payloads();
    index.index = [](std::uint64_t) {
      Bytes bytes;
      ByteWriter(bytes).varint(size / 2);
      bytes.resize(bytes.size() + size, std::byte{1});
      return bytes;
    };
    verify_text(path_, put_together(index));

    Payloads lists = good_payloads();
    lists.event_count = 1;
    lists.index = [](std::uint64_t frame) { return encode_index({{0, frame, 0, 1}}); };
    lists.events.clear();
    ByteWriter out(lists.events);
    // A task_exit of thread 0 at time 0 with status 0 and as many writes as the format allows.
    for (const int byte : {8, 0, 0, 0, 0}) out.u8(std::uint8_t(byte));
    out.varint(kMaxListLength);
    lists.events.resize(lists.events.size() + 2 * kMaxListLength);
    verify_text(path_, put_together(lists));
  }));
}

// Damage with checksums that match: what a hostile file would have.
TEST(Container, HostileFramesAreBounded) {
  EXPECT_TRUE(survives_with_little_memory([] {
    std::mt19937 random(6);
    const Bytes good = make_frame(FrameKind::events, 0, 1, Bytes(1000));
    for (int round = 0; round < 20000; ++round) {
      Bytes frame = good;
      for (int flips = 1 + int(random() % 3); flips > 0; --flips) {
        frame[random() % (frame.size() - kChecksumSize)] = std::byte(random());
      }
      const std::uint64_t sum = checksum_of(ByteView(frame).first(frame.size() - kChecksumSize));
      std::memcpy(frame.data() + frame.size() - kChecksumSize, &sum, sizeof sum);
      try {
        open_frame(frame, {FrameKind::events, 0, 1});
      } catch (const TraceError&) {
      }
    }
  }));
}

TEST(Container, AFrameDoesNotClaimMoreThanItsBytesCanHold) {
  Bytes frame = make_frame(FrameKind::events, 0, 1, Bytes(1000));
  FrameHeader header{};
  std::memcpy(&header, frame.data(), sizeof header);
  ASSERT_EQ(header.codec, 1);
  header.raw_size = std::uint32_t(kMaxFrameSize);
  std::memcpy(frame.data(), &header, sizeof header);
  const std::uint64_t sum = checksum_of(ByteView(frame).first(frame.size() - kChecksumSize));
  std::memcpy(frame.data() + frame.size() - kChecksumSize, &sum, sizeof sum);
  const std::string error = error_of([&] { open_frame(frame, {FrameKind::events, 0, 1}); });
  EXPECT_NE(error.find("than its bytes can hold"), std::string::npos) << error;
}

TEST(Container, AnEndBelongsToAFileOfItsSize) {
  Footer footer{};
  footer.file_size = 1000;
  footer.objects_at = 100;
  footer.metadata_at = 200;
  footer.index_at = 300;
  const Bytes bytes = make_footer(footer);
  EXPECT_EQ(parse_footer(bytes, 1000).index_at, 300u);
  EXPECT_THROW(parse_footer(bytes, 1001), TraceError);
  footer.metadata_at = 301;
  EXPECT_THROW(parse_footer(make_footer(footer), 1000), TraceError);
  footer.metadata_at = 200;
  footer.index_at = 1000 - sizeof footer;
  EXPECT_THROW(parse_footer(make_footer(footer), 1000), TraceError);
}

TEST(Container, ManyEventsDoNotShareALargeFrame) {
  EXPECT_THROW(make_frame(FrameKind::events, 0, 2, Bytes(kFrameSize + 1)), Error);
  EXPECT_NO_THROW(make_frame(FrameKind::events, 0, 1, Bytes(kFrameSize + 1)));
}

}  // namespace
}  // namespace ttrace
