#include "gdb/link_map.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>

namespace ttrace::gdb {
namespace {

/// A program's memory with headers, a dynamic section and the loader's list of two objects.
class LinkMapTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kBase = 0x555500000000;

  LinkMapTest() {
    put(0x40, Elf64_Phdr{PT_PHDR, 0, 0, 0x40, 0, 0, 0, 0});
    put(0x78, Elf64_Phdr{PT_INTERP, 0, 0, 0x200, 0, 0, 0, 0});
    put(0xb0, Elf64_Phdr{PT_DYNAMIC, 0, 0, 0x300, 0, 0, 0, 0});
    put_text(0x200, "/lib64/ld.so");
    put(0x300, Elf64_Dyn{DT_STRTAB, {1}});
    put(0x310, Elf64_Dyn{DT_DEBUG, {kBase + 0x400}});
    put(0x400, std::uint64_t(1));
    put(0x408, kBase + 0x500);
    put_object(0x500, 0x600, 0x1111, kBase + 0x540);
    put_object(0x540, 0x610, 0x2222, 0);
    put_text(0x600, "");
    put_text(0x610, "/lib/libfoo.so.1");
    for (const auto& [type, value] :
         {std::pair<std::uint64_t, std::uint64_t>{AT_PHDR, kBase + 0x40},
          {AT_PHNUM, 3},
          {AT_BASE, 0x7777},
          {AT_NULL, 0}}) {
      const Elf64_auxv_t entry{type, {value}};
      const ByteView bytes = bytes_of(entry);
      auxv.insert(auxv.end(), bytes.begin(), bytes.end());
    }
  }

  template <class T>
  void put(std::size_t at, const T& value) {
    std::memcpy(memory.data() + at, &value, sizeof value);
  }
  void put_text(std::size_t at, const char* text) {
    std::memcpy(memory.data() + at, text, std::strlen(text) + 1);
  }
  void put_object(std::size_t at, std::uint64_t name, std::uint64_t dynamic, std::uint64_t next) {
    put(at + 8, kBase + name);
    put(at + 16, dynamic);
    put(at + 24, next);
  }
  std::optional<Address> find(const std::string& path) {
    return loaded_as(path, auxv, [this](Address at, std::span<std::byte> into) -> std::size_t {
      const std::uint64_t offset = at.value() - kBase;
      if (offset > memory.size() || into.size() > memory.size() - offset) return 0;
      std::memcpy(into.data(), memory.data() + offset, into.size());
      return into.size();
    });
  }

  Bytes memory = Bytes(0x1000);
  Bytes auxv;
};

TEST_F(LinkMapTest, FindsObjectsByTheLoadersNames) {
  EXPECT_EQ(find("/lib/libfoo.so.1"), Address(0x2222));
  EXPECT_EQ(find("/lib64/ld.so"), Address(0x7777));
  EXPECT_FALSE(find("/lib/libfoo.so"));
  EXPECT_FALSE(find(""));
}

TEST_F(LinkMapTest, EndsInARing) {
  put_object(0x540, 0x610, 0x2222, kBase + 0x500);
  EXPECT_FALSE(find("/other"));
}

TEST_F(LinkMapTest, SurvivesNonsense) {
  put(0x408, std::uint64_t(0xffffffffffffffff));
  EXPECT_FALSE(find("/lib/libfoo.so.1"));
  auxv.resize(5);
  EXPECT_FALSE(find("/lib/libfoo.so.1"));
}

}  // namespace
}  // namespace ttrace::gdb
