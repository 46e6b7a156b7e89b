#include "replay/shared_memory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ttrace {
namespace {

Bytes bytes(const std::string& text) {
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}

std::string contents(const SharedMemory& memory, std::uint32_t number) {
  struct stat info {};
  EXPECT_EQ(fstat(memory.descriptor(number), &info), 0);
  std::string text(std::size_t(info.st_size), '?');
  EXPECT_EQ(pread(memory.descriptor(number), text.data(), text.size(), 0), ssize_t(text.size()));
  for (char& c : text) c = c == 0 ? '.' : c;
  return text;
}

TEST(SharedMemory, IsWhatItsChangesMadeOfIt) {
  SharedMemory memory;
  memory.apply({3, "/x", 8, 0, 8, {{1, bytes("abc")}, {6, bytes("z")}}});
  EXPECT_EQ(memory.name(3), "/x");
  EXPECT_EQ(contents(memory, 3), ".abc..z.");
  // All of the part that a change is about is zero but for its pieces.
  memory.apply({3, "", 8, 2, 3, {{4, bytes("m")}}});
  EXPECT_EQ(memory.name(3), "/x");
  EXPECT_EQ(contents(memory, 3), ".a..m.z.");
  memory.apply({3, "", 2, 2, 0, {}});
  EXPECT_EQ(contents(memory, 3), ".a");
  memory.apply({3, "", 4, 4, 0, {}});
  EXPECT_EQ(contents(memory, 3), ".a..");
}

TEST(SharedMemory, IsKnownByTheInodeOfItsMappings) {
  SharedMemory memory;
  memory.apply({0, "/x", 4, 0, 0, {}});
  struct stat info {};
  ASSERT_EQ(fstat(memory.descriptor(0), &info), 0);
  EXPECT_TRUE(memory.owns(info.st_ino));
  EXPECT_FALSE(memory.owns(0));
  EXPECT_TRUE(memory.write(info.st_ino, 1, bytes("ab")));
  EXPECT_EQ(contents(memory, 0), ".ab.");
  EXPECT_FALSE(memory.write(info.st_ino, 3, bytes("ab")));
  EXPECT_FALSE(memory.write(0, 0, bytes("a")));
  EXPECT_EQ(contents(memory, 0), ".ab.");
}

TEST(SharedMemory, OfAnUnknownNumberIsDamage) {
  const SharedMemory memory;
  EXPECT_THROW(memory.descriptor(0), TraceError);
}

}  // namespace
}  // namespace ttrace
