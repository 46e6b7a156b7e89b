#include "trace/store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>

#include "samples.h"
#include "trace/reader.h"

namespace ttrace {
namespace {

using test::memory_object;
using test::read_file;
using test::TemporaryDirectory;
using test::write_file;

class Store : public testing::Test {
 protected:
  Store() {
    keep_with("a.ttrace", {"shared", "only in a"});
    keep_with("b.ttrace", {"shared", "only in b"});
  }

  void keep_with(const std::string& name, const std::vector<std::string>& objects) {
    Recording recording;
    for (const std::string& contents : objects) {
      recording.add_object(memory_object("/" + contents, contents));
    }
    recording.append({Tid(1), Ticks(), 0, EndEvent{}});
    keep(recording, test::sample_info(), directory_ / name);
  }

  std::size_t object_count() const {
    std::size_t count = 0;
    for (const std::string& name : directory_.all()) count += name.starts_with("objects/");
    return count;
  }

  TemporaryDirectory directory_;
};

TEST_F(Store, ListsTracesByNameWithTheDamagedOnes) {
  std::string file = read_file(directory_ / "b.ttrace");
  file.resize(file.size() - 1);
  write_file(directory_ / "b.ttrace", file);
  write_file(directory_ / "c.ttrace", "");
  write_file(directory_ / "notes.txt", "no trace");
  std::filesystem::copy(directory_ / "a.ttrace", directory_ / "plain");
  ASSERT_EQ(::mkfifo((directory_ / "fifo.ttrace").c_str(), 0600), 0);

  const std::vector<StoredTrace> list = list_traces(directory_.str());
  ASSERT_EQ(list.size(), 4u);
  EXPECT_EQ(list[0].path, directory_ / "a.ttrace");
  EXPECT_EQ(list[0].info->case_name, "Queue.Race");
  EXPECT_EQ(list[0].event_count, 1u);
  EXPECT_EQ(list[0].size, std::filesystem::file_size(directory_ / "a.ttrace"));
  EXPECT_EQ(list[0].error, "");
  EXPECT_EQ(list[1].path, directory_ / "b.ttrace");
  EXPECT_FALSE(list[1].info);
  EXPECT_NE(list[1].error, "");
  EXPECT_EQ(list[2].path, directory_ / "c.ttrace");
  EXPECT_EQ(list[3].path, directory_ / "plain");
  EXPECT_TRUE(list[3].info);
  EXPECT_THROW(list_traces(directory_ / "missing"), Error);
}

TEST_F(Store, RemovingKeepsWhatOthersNeed) {
  const Removal removal = remove_trace(directory_ / "a.ttrace");
  EXPECT_EQ(removal.objects_removed, 1u);
  EXPECT_EQ(removal.note, "");
  EXPECT_EQ(object_count(), 2u);
  EXPECT_NO_THROW(TraceReader(directory_ / "b.ttrace").verify());
  EXPECT_EQ(remove_trace(directory_ / "b.ttrace").objects_removed, 2u);
  EXPECT_TRUE(directory_.all().empty());
}

TEST_F(Store, ATraceOfAnotherNameKeepsItsObjects) {
  keep_with("plain", {"only in plain"});
  remove_trace(directory_ / "a.ttrace");
  EXPECT_NO_THROW(TraceReader(directory_ / "plain").verify());
  EXPECT_EQ(object_count(), 3u);
}

TEST_F(Store, AnUnreadableTraceKeepsAllObjects) {
  write_file(directory_ / "b.ttrace", "damaged");
  const Removal removal = remove_trace(directory_ / "a.ttrace");
  EXPECT_EQ(removal.objects_removed, 0u);
  EXPECT_NE(removal.note.find("b.ttrace"), std::string::npos);
  EXPECT_EQ(object_count(), 3u);
  // With the damaged one gone nothing is in doubt any more.
  EXPECT_EQ(remove_trace(directory_ / "b.ttrace").objects_removed, 3u);
  EXPECT_TRUE(directory_.all().empty());
}

TEST_F(Store, WhileAnotherProcessWritesObjectsStay) {
  const Fd folder(::open((directory_ / "objects").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(::flock(folder.value(), LOCK_SH), 0);
  const Removal removal = remove_trace(directory_ / "a.ttrace");
  EXPECT_NE(removal.note, "");
  EXPECT_EQ(object_count(), 3u);
}

TEST_F(Store, OnlyObjectsAreRemoved) {
  write_file(directory_ / "objects/README", "mine");
  remove_trace(directory_ / "a.ttrace");
  remove_trace(directory_ / "b.ttrace");
  EXPECT_EQ(directory_.all(), (std::vector<std::string>{"objects", "objects/README"}));
}

// Both traces of the fixture are of one case; so is c.
class Limits : public Store {
 protected:
  Limits() {
    keep_with("c.ttrace", {"only in c"});
    const auto now = std::filesystem::file_time_type::clock::now();
    int age = 3;
    for (const char* name : {"b.ttrace", "a.ttrace", "c.ttrace"}) {
      std::filesystem::last_write_time(directory_ / name, now - std::chrono::hours(age--));
    }
  }
  using Paths = std::vector<std::string>;
};

TEST_F(Limits, OldestTracesGoFirst) {
  EXPECT_EQ(enforce_limits(directory_.str(), {0, 3}), Paths());
  EXPECT_EQ(enforce_limits(directory_.str(), {0, 2}), Paths{directory_ / "b.ttrace"});
  EXPECT_EQ(enforce_limits(directory_.str(), {0, 2}), Paths());
}

TEST_F(Limits, TheNewestOfACaseStays) {
  const Paths all_but_c = {directory_ / "b.ttrace", directory_ / "a.ttrace"};
  EXPECT_EQ(enforce_limits(directory_.str(), {1, 0}), all_but_c);
  EXPECT_NO_THROW(TraceReader(directory_ / "c.ttrace").verify());
}

TEST_F(Limits, OnlySoManyBytesAreFreedAsNeeded) {
  std::uint64_t size = 0;
  for (const std::string& name : directory_.all()) {
    const std::string path = directory_ / name;
    if (std::filesystem::is_regular_file(path)) size += std::filesystem::file_size(path);
  }
  EXPECT_EQ(enforce_limits(directory_.str(), {size, 0}), Paths());
  EXPECT_EQ(enforce_limits(directory_.str(), {size - 1, 0}), Paths{directory_ / "b.ttrace"});
}

TEST_F(Limits, WhatCannotBeReadStays) {
  const auto time = std::filesystem::last_write_time(directory_ / "b.ttrace");
  write_file(directory_ / "b.ttrace", "damaged");
  std::filesystem::last_write_time(directory_ / "b.ttrace", time);
  EXPECT_EQ(enforce_limits(directory_.str(), {0, 1}), Paths{directory_ / "a.ttrace"});
}

TEST_F(Limits, NoneIsNoLimit) { EXPECT_EQ(enforce_limits(directory_.str(), {0, 0}), Paths()); }

TEST_F(Store, WhatIsNoTraceIsNotRemoved) {
  write_file(directory_ / "notes.txt", "no trace");
  EXPECT_THROW(remove_trace(directory_ / "notes.txt"), Error);
  EXPECT_THROW(remove_trace(directory_ / "objects"), Error);
  EXPECT_THROW(remove_trace(directory_ / "missing.ttrace"), Error);
  EXPECT_EQ(read_file(directory_ / "notes.txt"), "no trace");
}

}  // namespace
}  // namespace ttrace
