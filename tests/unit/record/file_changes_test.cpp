#include "record/file_changes.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"

namespace ttrace {
namespace {

/// Makes a call in this process and asks what it changed of a file of 100 bytes.
class FileChanges : public testing::Test {
 protected:
  FileChanges() : fd_(memfd_create("changed", MFD_CLOEXEC)), memory_(Pid(getpid())) {
    EXPECT_EQ(ftruncate(fd_.value(), kSize), 0);
  }

  /// "FROM+LENGTH", or "none" if the call changes no file.
  std::string of(long number, std::array<std::uint64_t, 6> args) {
    SyscallView call{number, args, 0};
    call.result = syscall(number, args[0], args[1], args[2], args[3], args[4], args[5]);
    EXPECT_GE(call.result, 0);
    if (changed_file(call, Tid(gettid()), memory_).empty()) return "none";
    const auto size = std::uint64_t(lseek(dup_of_end(), 0, SEEK_END));
    const FilePart part = changed_part(call, Tid(gettid()), memory_, kSize, size);
    return std::to_string(part.from) + "+" + std::to_string(part.length);
  }
  /// The file with a position of its own.
  int dup_of_end() {
    const std::string path = "/proc/self/fd/" + std::to_string(fd_.value());
    other_ = Fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    return other_.value();
  }
  std::uint64_t fd() const { return std::uint64_t(fd_.value()); }
  static std::uint64_t at(const void* pointer) { return reinterpret_cast<std::uint64_t>(pointer); }

  static constexpr std::uint64_t kSize = 100;
  Fd fd_;
  Fd other_;
  Memory memory_;
  char text_[16] = "0123456789";
};

TEST_F(FileChanges, OfWritesAtThePosition) {
  lseek(fd_.value(), 10, SEEK_SET);
  EXPECT_EQ(of(SYS_write, {fd(), at(text_), 5}), "10+5");
  const iovec parts[] = {{text_, 2}, {text_, 3}};
  EXPECT_EQ(of(SYS_writev, {fd(), at(parts), 2}), "15+5");
  EXPECT_EQ(of(SYS_pwritev2, {fd(), at(parts), 2, ~0ull, 0, 0}), "20+5");
}

TEST_F(FileChanges, OfWritesAtAnOffset) {
  EXPECT_EQ(of(SYS_pwrite64, {fd(), at(text_), 4, 50}), "50+4");
  const iovec part{text_, 7};
  EXPECT_EQ(of(SYS_pwritev, {fd(), at(&part), 1, 60}), "60+7");
}

TEST_F(FileChanges, OfAppending) {
  const iovec part{text_, 7};
  EXPECT_EQ(of(SYS_pwritev2, {fd(), at(&part), 1, 5, 0, RWF_APPEND}), "100+7");
  ASSERT_EQ(ftruncate(fd_.value(), kSize), 0);
  ASSERT_EQ(fcntl(fd_.value(), F_SETFL, O_APPEND), 0);
  EXPECT_EQ(of(SYS_pwrite64, {fd(), at(text_), 4, 50}), "100+4");
}

TEST_F(FileChanges, OfCopies) {
  const Fd source(memfd_create("source", MFD_CLOEXEC));
  ASSERT_EQ(write(source.value(), text_, 10), 10);
  std::uint64_t from = 1;
  std::uint64_t to = 30;
  const auto in = std::uint64_t(source.value());
  EXPECT_EQ(of(SYS_copy_file_range, {in, at(&from), fd(), at(&to), 6, 0}), "30+6");
  lseek(fd_.value(), 40, SEEK_SET);
  EXPECT_EQ(of(SYS_copy_file_range, {in, at(&from), fd(), 0, 2, 0}), "40+2");
  from = 0;
  EXPECT_EQ(of(SYS_sendfile, {fd(), in, at(&from), 3}), "42+3");
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], text_, 4), 4);
  to = 70;
  EXPECT_EQ(of(SYS_splice, {std::uint64_t(ends[0]), 0, fd(), at(&to), 4, 0}), "70+4");
  close(ends[0]);
  close(ends[1]);
}

TEST_F(FileChanges, OfSizes) {
  EXPECT_EQ(of(SYS_ftruncate, {fd(), 50}), "50+0");
  // What may have lain behind the end, up to the end of its page.
  EXPECT_EQ(of(SYS_ftruncate, {fd(), 300}), "100+200");
  EXPECT_EQ(of(SYS_ftruncate, {fd(), 9000}), "100+3996");
  EXPECT_EQ(of(SYS_pwrite64, {fd(), at(text_), 4, 9500}), "100+9404");
}

TEST_F(FileChanges, OfAllocation) {
  EXPECT_EQ(of(SYS_fallocate, {fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 20, 30}), "20+30");
  EXPECT_EQ(of(SYS_fallocate, {fd(), 0, 0, 40}), "0+40");
}

TEST_F(FileChanges, OfOpening) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd_.value());
  const auto name = at(path.c_str());
  EXPECT_EQ(of(SYS_open, {name, O_RDONLY, 0}), "none");
  EXPECT_EQ(of(SYS_open, {name, O_WRONLY | O_TRUNC, 0}), "0+0");
}

TEST_F(FileChanges, OfOtherCallsNone) { EXPECT_EQ(of(SYS_lseek, {fd(), 0, SEEK_SET}), "none"); }

}  // namespace
}  // namespace ttrace
