#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <filesystem>
#include <functional>

#include "samples.h"
#include "trace/new_file.h"
#include "trace/object_store.h"
#include "trace/reader.h"
#include "trace/recording.h"

namespace ttrace {
namespace {

using test::memory_object;
using test::read_file;
using test::sample_info;
using test::sample_recording;
using test::TemporaryDirectory;
using test::write_file;

mode_t mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777;
}

std::string keeping_error(const Recording& recording, const std::string& path) {
  try {
    keep(recording, sample_info(), path);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// An object as a recorder enters a file that was mapped.
RecordedObject file_object(const std::string& path) {
  RecordedObject object;
  object.file = Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  EXPECT_EQ(::fstat(object.file.value(), &status), 0);
  object.info.path = path;
  object.info.size = std::uint64_t(status.st_size);
  object.mtime_ns = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
  return object;
}

/// Runs in a child process and returns its exit code, -1 if it was killed.
int in_child(const std::function<int()>& action) {
  const pid_t child = ::fork();
  if (child == 0) {
    int code = 99;
    try {
      code = action();
    } catch (const std::exception& error) {
      fprintf(stderr, "%s\n", error.what());
    }
    ::_exit(code);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Keep, MakesItsDirectoriesAndLeavesNothingElse) {
  const TemporaryDirectory directory;
  const std::string path = directory / "x/y/a.ttrace";
  keep(sample_recording(), sample_info(), path);
  TraceReader reader(path);
  EXPECT_NO_THROW(reader.verify());
  const std::string objects = "x/y/objects";
  std::vector<std::string> expected = {"x", "x/y", "x/y/a.ttrace", objects};
  for (const ObjectInfo& object : reader.objects()) expected.push_back(objects + "/" + object.hash);
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(directory.all(), expected);
  EXPECT_EQ(mode_of(directory / "x"), 0700u);
  EXPECT_EQ(mode_of(directory / objects), 0700u);
  EXPECT_EQ(mode_of(path), 0600u);
  EXPECT_EQ(mode_of(directory / expected.back()), 0600u);
}

TEST(Keep, ARelativePath) {
  const TemporaryDirectory directory;
  EXPECT_EQ(in_child([&] {
              if (::chdir(directory.str().c_str()) != 0) return 1;
              keep(sample_recording(), sample_info(), "a.ttrace");
              TraceReader("a.ttrace").verify();
              return 0;
            }),
            0);
}

TEST(Keep, ReplacesAnOlderTrace) {
  const TemporaryDirectory directory;
  const std::string path = directory / "a.ttrace";
  write_file(path, "something older");
  keep(sample_recording(), sample_info(), path);
  EXPECT_NO_THROW(TraceReader(path).verify());
  keep(Recording(), sample_info(), path);
  EXPECT_EQ(TraceReader(path).event_count(), 0u);
  EXPECT_EQ(directory.all().size(), 4u) << "a.ttrace, objects and two of them";
}

TEST(Keep, EqualContentsAreStoredOnce) {
  const TemporaryDirectory directory;
  Recording recording;
  recording.add_object(memory_object("/a", "same"));
  recording.add_object(memory_object("/b", "same"));
  recording.add_object(memory_object("/empty", ""));
  keep(recording, sample_info(), directory / "a.ttrace");
  keep(recording, sample_info(), directory / "b.ttrace");
  TraceReader reader(directory / "b.ttrace");
  EXPECT_NO_THROW(reader.verify());
  EXPECT_EQ(reader.objects()[0].hash, reader.objects()[1].hash);
  EXPECT_EQ(reader.objects()[1].path, "/b");
  EXPECT_EQ(directory.all().size(), 5u);
}

TEST(Keep, AnObjectOfTheWrongSizeIsReplaced) {
  const TemporaryDirectory directory;
  keep(sample_recording(), sample_info(), directory / "a.ttrace");
  const std::string object =
      (directory / "objects/") + TraceReader(directory / "a.ttrace").objects()[0].hash;
  write_file(object, "cut");
  keep(sample_recording(), sample_info(), directory / "b.ttrace");
  EXPECT_EQ(read_file(object), "the executable");
}

TEST(Keep, ALargeObjectIsCopiedWhole) {
  const TemporaryDirectory directory;
  std::string contents(5'000'001, 'x');
  for (std::size_t i = 0; i < contents.size(); i += 7) contents[i] = char(i >> 3);
  write_file(directory / "library", contents);
  Recording recording;
  recording.add_object(file_object(directory / "library"));
  recording.add_object(memory_object("/copied", contents + "y"));
  keep(recording, sample_info(), directory / "a.ttrace");
  TraceReader reader(directory / "a.ttrace");
  EXPECT_NO_THROW(reader.verify());
  EXPECT_EQ(read_file((directory / "objects/") + reader.objects()[0].hash), contents);
}

TEST(Keep, ADeletedFileIsStillKept) {
  const TemporaryDirectory directory;
  write_file(directory / "library", "contents");
  Recording recording;
  recording.add_object(file_object(directory / "library"));
  std::filesystem::remove(directory / "library");
  keep(recording, sample_info(), directory / "a.ttrace");
  EXPECT_NO_THROW(TraceReader(directory / "a.ttrace").verify());
}

TEST(Keep, AFileThatChangedIsNotRecordable) {
  const TemporaryDirectory directory;
  const std::string library = directory / "library";
  write_file(library, "contents");
  Recording grown;
  grown.add_object(file_object(library));
  write_file(library, "contents and more");
  Recording touched;
  touched.add_object(file_object(library));
  const timespec times[2] = {{0, UTIME_OMIT}, {1, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, library.c_str(), times, 0), 0);
  for (const Recording* recording : {&grown, &touched}) {
    try {
      keep(*recording, sample_info(), directory / "new/a.ttrace");
      ADD_FAILURE() << "kept";
    } catch (const NotRecordable& error) {
      EXPECT_EQ(error.name(), "file " + library + " changed while it was recorded");
    }
  }
  EXPECT_EQ(directory.all(), std::vector<std::string>{"library"});
}

TEST(Keep, ADirectoryThatCannotBe) {
  const TemporaryDirectory directory;
  write_file(directory / "file", "");
  const std::string error = keeping_error(sample_recording(), directory / "file/below/a.ttrace");
  EXPECT_EQ(error, "cannot write " + (directory / "file/below") +
                       ": Not a directory; choose another directory that can be written");
  EXPECT_NE(keeping_error(sample_recording(), directory / "file/a.ttrace"), "");
  EXPECT_NE(keeping_error(sample_recording(), "/proc/ttrace/a.ttrace"), "");
  EXPECT_NE(keeping_error(sample_recording(), directory.str() + "/"), "");
  EXPECT_NE(keeping_error(sample_recording(), directory / std::string(300, 'n')), "");
  std::filesystem::create_directory(directory / "a.ttrace");
  EXPECT_NE(keeping_error(sample_recording(), directory / "a.ttrace").find("Is a directory"),
            std::string::npos);
  EXPECT_EQ(directory.all(), (std::vector<std::string>{"a.ttrace", "file"}));
}

TEST(Keep, AFullDiskLeavesNothing) {
  // A limit on file sizes stands in for it: the first limit stops an object, the second the trace.
  for (const rlim_t limit : {rlim_t{5}, rlim_t{1000}}) {
    const TemporaryDirectory directory;
    EXPECT_EQ(in_child([&] {
                ::signal(SIGXFSZ, SIG_IGN);
                const Recording recording = sample_recording();
                const rlimit bound{limit, limit};
                if (::setrlimit(RLIMIT_FSIZE, &bound) != 0) return 1;
                const std::string error = keeping_error(recording, directory / "new/a.ttrace");
                return error.find("File too large") != std::string::npos ? 0 : 2;
              }),
              0);
    EXPECT_EQ(directory.all(), std::vector<std::string>{}) << "limit " << limit;
  }
}

TEST(Keep, AFailureLeavesTheObjectsOfOthers) {
  const TemporaryDirectory directory;
  keep(sample_recording(), sample_info(), directory / "a.ttrace");
  const std::vector<std::string> before = directory.all();
  std::filesystem::create_directory(directory / "b.ttrace");
  Recording recording = sample_recording();
  recording.add_object(memory_object("/z", "a third object"));
  EXPECT_NE(keeping_error(recording, directory / "b.ttrace"), "");
  std::filesystem::remove(directory / "b.ttrace");
  EXPECT_EQ(directory.all(), before);
  EXPECT_NO_THROW(TraceReader(directory / "a.ttrace").verify());
}

TEST(Keep, SeveralProcessesKeepTheSameObjects) {
  const TemporaryDirectory directory;
  std::string contents(300'000, 'q');
  std::vector<pid_t> children;
  for (int process = 0; process < 4; ++process) {
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        for (int round = 0; round < 5; ++round) {
          Recording recording = sample_recording();
          recording.add_object(memory_object("/big", contents + std::to_string(round)));
          keep(recording, sample_info(),
               directory / (std::to_string(process) + "-" + std::to_string(round) + ".ttrace"));
        }
      } catch (...) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  std::size_t traces = 0;
  for (const std::string& name : directory.all()) {
    if (!name.ends_with(".ttrace")) continue;
    EXPECT_NO_THROW(TraceReader(directory / name).verify());
    ++traces;
  }
  EXPECT_EQ(traces, 20u);
  EXPECT_EQ(directory.all().size(), 20u + 1 + 2 + 5) << "something was left behind";
}

class NewFileOn : public testing::TestWithParam<NewFile::Unnamed> {};

TEST_P(NewFileOn, IsThereWholeOrNotAtAll) {
  const TemporaryDirectory directory;
  const Fd fd(::open(directory.str().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  {
    NewFile file(fd.value(), directory.str(), GetParam());
    file.write(bytes_of(std::string_view("lost")));
  }
  EXPECT_TRUE(directory.all().empty());
  for (const char* text : {"first", "second"}) {
    NewFile file(fd.value(), directory.str(), GetParam());
    NewFile other(fd.value(), directory.str(), GetParam());
    file.write(bytes_of(std::string_view(text)));
    file.publish("name");
  }
  EXPECT_EQ(directory.all(), std::vector<std::string>{"name"});
  EXPECT_EQ(read_file(directory / "name"), "second");
  EXPECT_EQ(mode_of(directory / "name"), 0600u);
}

INSTANTIATE_TEST_SUITE_P(FileSystems, NewFileOn,
                         testing::Values(NewFile::Unnamed::if_supported, NewFile::Unnamed::never));

}  // namespace
}  // namespace ttrace
