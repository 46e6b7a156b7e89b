#include "record/shared_files.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

namespace ttrace {
namespace {

MapLine line_of(std::uint64_t device, std::uint64_t inode, const std::string& name) {
  MapLine line;
  line.device = device;
  line.inode = inode;
  line.name = name;
  return line;
}

std::string text_of(const SharedChange::Piece& piece) {
  const auto* text = reinterpret_cast<const char*>(piece.data.data());
  return std::to_string(piece.offset) + ":" + std::string(text, strnlen(text, piece.data.size())) +
         "/" + std::to_string(piece.data.size());
}

TEST(SharedFiles, AreFoundByFileAndByMapping) {
  SharedFiles files;
  EXPECT_TRUE(files.empty());
  EXPECT_EQ(files.find(SharedFiles::Key{1, 2}), nullptr);
  SharedFiles::File& first = files.enter({1, 2}, Fd(), line_of(7, 8, "/first"));
  SharedFiles::File& segment = files.enter({1, 2, true}, Fd(), line_of(1, 5, "/SYSV0"));
  EXPECT_EQ(files.find(SharedFiles::Key{1, 2}), &first);
  EXPECT_EQ(files.find(SharedFiles::Key{1, 2, true}), &segment);
  EXPECT_EQ(files.shown_by(line_of(7, 8, "")), &first);
  EXPECT_EQ(files.shown_by(line_of(7, 9, "")), nullptr);
  EXPECT_EQ(files.shown_by(line_of(0, 0, "")), nullptr);
  EXPECT_EQ(first.number, 0u);
  EXPECT_EQ(segment.number, 1u);
}

TEST(SharedFiles, AreReadWithoutTheirHolesAndZeros) {
  SharedFiles files;
  Fd fd(memfd_create("read", MFD_CLOEXEC));
  ASSERT_EQ(ftruncate(fd.value(), (std::int64_t(1) << 40) + 10), 0);
  const std::string zeros(3 * kPageSize, '\0');
  ASSERT_EQ(pwrite(fd.value(), zeros.data(), zeros.size(), 0), ssize_t(zeros.size()));
  ASSERT_EQ(pwrite(fd.value(), "second", 6, kPageSize), 6);
  ASSERT_EQ(pwrite(fd.value(), "end", 3, std::int64_t(1) << 40), 3);
  SharedFiles::File& file = files.enter({1, 2}, std::move(fd), line_of(1, 2, "/read"));

  SharedChange change = SharedFiles::read(file, 0, ~0ull);
  EXPECT_EQ(change.name, "/read");
  EXPECT_EQ(change.size, (1ull << 40) + 10);
  EXPECT_EQ(change.length, change.size);
  ASSERT_EQ(change.pieces.size(), 2u);
  EXPECT_EQ(text_of(change.pieces[0]), "4096:second/4096");
  EXPECT_EQ(text_of(change.pieces[1]), "1099511627776:end/10");

  change = SharedFiles::read(file, kPageSize + 1, 3);
  EXPECT_EQ(change.name, "");
  ASSERT_EQ(change.pieces.size(), 1u);
  EXPECT_EQ(text_of(change.pieces[0]), "4097:eco/3");
  EXPECT_EQ(change.from, kPageSize + 1);
  EXPECT_EQ(change.length, 3u);

  change = SharedFiles::read(file, 1ull << 41, 5);
  EXPECT_EQ(change.from, change.size);
  EXPECT_EQ(change.length, 0u);
}

}  // namespace
}  // namespace ttrace
