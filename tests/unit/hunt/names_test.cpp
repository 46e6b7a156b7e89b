#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "hunt/keep.h"
#include "hunt/progress.h"

namespace ttrace {
namespace {

namespace fs = std::filesystem;

class TemporaryDirectory {
 public:
  TemporaryDirectory() : path_(fs::temp_directory_path() / "ttrace-names-XXXXXX") {
    std::string name = path_.string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryDirectory() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

TEST(TraceStem, KeepsPlainNamesAndReplacesTheRest) {
  EXPECT_EQ(trace_stem("Queue.Race"), "Queue.Race");
  EXPECT_EQ(trace_stem("Inst/P.Q/0"), "Inst_P.Q_0");
  EXPECT_EQ(trace_stem("T/std::x<4>.Z"), "T_std__x_4_.Z");
  EXPECT_EQ(trace_stem("../../etc"), "_._.._etc");
  EXPECT_EQ(trace_stem("-rf"), "_rf");
  EXPECT_EQ(trace_stem(""), "_");
  EXPECT_EQ(trace_stem(std::string(1000, 'x')).size(), 200u);
  EXPECT_EQ(trace_stem("\xc3\xa4.B"), "__.B");
}

TEST(NextTracePath, IsTheLowestFreeNumber) {
  const TemporaryDirectory directory;
  const auto path = [&](const char* name) { return (directory.path() / name).string(); };
  EXPECT_EQ(next_trace_path(directory.path(), "A.B"), path("A.B-1.ttrace"));
  std::ofstream(path("A.B-1.ttrace"));
  std::ofstream(path("A.B-3.ttrace"));
  EXPECT_EQ(next_trace_path(directory.path(), "A.B"), path("A.B-2.ttrace"));
  // A link to nowhere takes its name too.
  fs::create_symlink("nowhere", path("A.B-2.ttrace"));
  EXPECT_EQ(next_trace_path(directory.path(), "A.B"), path("A.B-4.ttrace"));
}

TEST(CheckTraceDirectory, CreatesNothingAndNamesWhatIsInTheWay) {
  const TemporaryDirectory directory;
  check_trace_directory(directory.path() / "a" / "b", "--dir=DIR");
  EXPECT_TRUE(fs::is_empty(directory.path()));
  std::ofstream(directory.path() / "file");
  try {
    check_trace_directory(directory.path() / "file" / "b", "--dir=DIR");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("file is not a directory"), std::string::npos)
        << error.what();
  }
}

TEST(CheckTraceDirectory, TakesRelativeNames) {
  check_trace_directory("does/not/exist/yet", "--dir=DIR");
}

TEST(ShellQuoted, QuotesOnlyWhereNeeded) {
  EXPECT_EQ(shell_quoted(".ttrace/A.B-1.ttrace"), ".ttrace/A.B-1.ttrace");
  EXPECT_EQ(shell_quoted("my tests/t"), "'my tests/t'");
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_quoted(""), "''");
  EXPECT_EQ(shell_quoted("~x"), "'~x'");
}

TEST(Texts, OfSizesAndDurations) {
  EXPECT_EQ(size_text(5), "5 bytes");
  EXPECT_EQ(size_text(312 * 1024), "312 KiB");
  EXPECT_EQ(size_text(3 << 20), "3.0 MiB");
  EXPECT_EQ(duration_text(std::chrono::milliseconds(4100)), "4.1 s");
  EXPECT_EQ(duration_text(std::chrono::milliseconds(123456)), "2 min 3 s");
}

}  // namespace
}  // namespace ttrace
