#include "gdb/register_layout.h"

#include <gtest/gtest.h>

#include <cstring>
#include <regex>

namespace ttrace::gdb {
namespace {

struct Described {
  std::string name;
  std::size_t bits;
  unsigned number;
};

/// A machine with everything that there is a description of, laid out as Intel's first one was.
XsaveLayout rich_machine() {
  XsaveLayout machine;
  machine.enabled = 0x2e7;
  machine.offset[XsaveLayout::avx] = 576;
  machine.offset[XsaveLayout::opmask] = 1088;
  machine.offset[XsaveLayout::zmm_hi256] = 1152;
  machine.offset[XsaveLayout::hi16_zmm] = 1664;
  machine.offset[XsaveLayout::pkru] = 2688;
  return machine;
}
constexpr std::size_t kRichImage = 2696;

const RegisterLayout& layout() {
  static const RegisterLayout rich(rich_machine());
  return rich;
}

std::vector<Described> described(const RegisterLayout& of = layout()) {
  const std::string xml = of.description();
  const std::regex reg(R"re(<reg name="([^"]*)" bitsize="(\d+)" type="[^"]*" regnum="(\d+)")re");
  std::vector<Described> all;
  for (std::sregex_iterator i(xml.begin(), xml.end(), reg), end; i != end; ++i) {
    all.push_back({(*i)[1], std::stoul((*i)[2]), unsigned(std::stoul((*i)[3]))});
  }
  return all;
}

unsigned number_of(const std::string& name) {
  for (const Described& one : described()) {
    if (one.name == name) return one.number;
  }
  ADD_FAILURE() << "no register " << name;
  return 0;
}

std::string value(const std::string& name, const Bytes& vector = {},
                  GeneralRegisters general = {}) {
  return layout().value(number_of(name), {general, vector});
}

template <class T>
void put(Bytes& image, std::size_t at, T number) {
  std::memcpy(image.data() + at, &number, sizeof number);
}

TEST(Registers, DescriptionAndPacketAgree) {
  for (const RegisterLayout& one : {layout(), RegisterLayout(XsaveLayout()), RegisterLayout()}) {
    const auto all = described(one);
    ASSERT_EQ(all.size(), one.count());
    std::size_t bytes = 0;
    for (unsigned i = 0; i < all.size(); ++i) {
      EXPECT_EQ(all[i].number, i);
      EXPECT_EQ(all[i].bits, one.size(i) * 8) << all[i].name;
      bytes += all[i].bits / 8;
    }
    EXPECT_EQ(one.values({}).size(), bytes * 2);
    EXPECT_EQ(one.values({{}, Bytes(832)}).size(), bytes * 2);
  }
}

TEST(Registers, AreThoseOfTheMachine) {
  const auto has = [](const XsaveLayout& machine, const char* feature) {
    return RegisterLayout(machine).description().find(feature) != std::string::npos;
  };
  EXPECT_FALSE(has({}, "i386.avx"));
  XsaveLayout avx_only;
  avx_only.enabled = 7;
  EXPECT_TRUE(has(avx_only, "\"org.gnu.gdb.i386.avx\""));
  EXPECT_FALSE(has(avx_only, "avx512"));
  EXPECT_TRUE(has(rich_machine(), "avx512"));
  EXPECT_TRUE(has(rich_machine(), "i386.pkeys"));
}

TEST(Registers, ComeOutOfTheExtendedArea) {
  Bytes image(kRichImage);
  put<std::uint64_t>(image, 512, 0x2e7);
  put<std::uint64_t>(image, 576 + 16 * 3, 0x0807060504030201);
  put<std::uint64_t>(image, 1088 + 8 * 7, 0x77);
  put<std::uint64_t>(image, 1152 + 32 * 15 + 24, 0x99);
  put<std::uint64_t>(image, 1664 + 64 * 2, 0x18);
  put<std::uint64_t>(image, 1664 + 64 * 2 + 16, 0x19);
  put<std::uint64_t>(image, 1664 + 64 * 2 + 32, 0x20);
  put<std::uint32_t>(image, 2688, 0x55555554);
  EXPECT_EQ(value("ymm3h", image), "01020304050607080000000000000000");
  EXPECT_EQ(value("k7", image), "7700000000000000");
  EXPECT_EQ(value("zmm15h", image), std::string(48, '0') + "9900000000000000");
  EXPECT_EQ(value("xmm18", image), "18" + std::string(30, '0'));
  EXPECT_EQ(value("ymm18h", image), "19" + std::string(30, '0'));
  EXPECT_EQ(value("zmm18h", image), "20" + std::string(62, '0'));
  EXPECT_EQ(value("pkru", image), "54555555");
  EXPECT_EQ(value("pkru", Bytes(832)), "xxxxxxxx");  // an image of another machine
}

// Whatever a debugger reads it can write back, and reads the same again.
TEST(Registers, CanBeSetAndReadBack) {
  RegisterValues values{{}, Bytes(kRichImage)};
  for (unsigned i = 0; i < layout().count(); ++i) {
    const std::string name = described().at(i).name;
    std::string digits;
    for (std::size_t j = 0; j < layout().size(i); ++j) digits += j < 2 ? "5a" : "00";
    if (name == "ftag") digits = "aaaa0000";  // two-bit tags; the values decide between these
    ASSERT_TRUE(layout().set(i, digits, values)) << name;
    if (name != "ftag") {
      EXPECT_EQ(layout().value(i, values), digits) << name;
    }
  }
  const std::string all = layout().values(values);
  RegisterValues other{{}, Bytes(kRichImage)};
  ASSERT_TRUE(layout().set_all(all, other));
  EXPECT_EQ(layout().values(other), all);
}

TEST(Registers, AComponentComesIntoUseWithItsInitialValues) {
  RegisterValues values{{}, Bytes(kRichImage, std::byte(0xee))};
  put<std::uint64_t>(values.vector_state, 512, 0);
  ASSERT_TRUE(layout().set(number_of("st2"), "0000000000000080ff3f", values));
  EXPECT_EQ(value("st2", values.vector_state), "0000000000000080ff3f");
  EXPECT_EQ(value("st1", values.vector_state), std::string(20, '0'));
  EXPECT_EQ(value("fctrl", values.vector_state), "7f030000");
  EXPECT_EQ(value("ymm0h", values.vector_state), std::string(32, '0'));
}

TEST(Registers, WhatIsMalformedIsNotSet) {
  RegisterValues values{{}, Bytes(kRichImage)};
  EXPECT_FALSE(layout().set(0, "00", values));
  EXPECT_FALSE(layout().set(0, "zz00000000000000", values));
  EXPECT_TRUE(layout().set(0, "xxxxxxxxxxxxxxxx", values));
  EXPECT_FALSE(layout().set_all("00", values));
  values.vector_state.clear();
  EXPECT_FALSE(layout().set(number_of("xmm0"), std::string(32, '1'), values));
}

// gdb's own numbers for amd64: a debugger that ignores the description still reads these right.
TEST(Registers, HaveTheUsualNumbers) {
  EXPECT_EQ(number_of("rax"), 0U);
  EXPECT_EQ(number_of("rsp"), 7U);
  EXPECT_EQ(number_of("rip"), 16U);
  EXPECT_EQ(number_of("eflags"), 17U);
  EXPECT_EQ(number_of("st0"), 24U);
  EXPECT_EQ(number_of("fctrl"), 32U);
  EXPECT_EQ(number_of("xmm0"), 40U);
  EXPECT_EQ(number_of("mxcsr"), 56U);
  EXPECT_EQ(number_of("orig_rax"), 57U);
  EXPECT_EQ(number_of("fs_base"), 58U);
  EXPECT_EQ(number_of("gs_base"), 59U);
}

TEST(Registers, GeneralOnesComeFromTheirPlace) {
  GeneralRegisters general{};
  general.rip = 0x1122334455667788;
  general.rbx = 2;
  general.orig_rax = 0xffffffffffffffff;
  general.cs = 0x33;
  general.fs_base = 0x7f0000000000;
  EXPECT_EQ(value("rip", {}, general), "8877665544332211");
  EXPECT_EQ(value("rbx", {}, general), "0200000000000000");
  EXPECT_EQ(value("orig_rax", {}, general), "ffffffffffffffff");
  EXPECT_EQ(value("cs", {}, general), "33000000");
  EXPECT_EQ(value("fs_base", {}, general), "00000000007f0000");
}

TEST(Registers, AreUnavailableWithoutAVectorState) {
  EXPECT_EQ(value("xmm0"), std::string(32, 'x'));
  EXPECT_EQ(value("ftag"), std::string(8, 'x'));
  EXPECT_EQ(value("st7", Bytes(100)), std::string(20, 'x'));
}

TEST(Registers, ComeOutOfTheLegacyArea) {
  Bytes image(832);
  put<std::uint64_t>(image, 512, 3);
  put<std::uint16_t>(image, 0, 0x27f);
  put<std::uint16_t>(image, 2, 7 << 11);  // the top is physical register 7
  image[4] = std::byte(0x80);             // which alone is in use
  put<std::uint64_t>(image, 32, 0x8000000000000000);
  put<std::uint16_t>(image, 40, 0x3fff);  // st0 = 1.0
  put<std::uint32_t>(image, 24, 0x1fa0);
  put<std::uint64_t>(image, 160 + 16 * 15, 0x0807060504030201);
  EXPECT_EQ(value("fctrl", image), "7f020000");
  EXPECT_EQ(value("ftag", image), "ff3f0000");
  EXPECT_EQ(value("st0", image), "0000000000000080ff3f");
  EXPECT_EQ(value("mxcsr", image), "a01f0000");
  EXPECT_EQ(value("xmm15", image), "01020304050607080000000000000000");
}

TEST(Registers, TagsTellZeroAndSpecialValues) {
  Bytes image(512);  // FXSAVE only: no header says what is in use
  image[4] = std::byte(0x07);
  put<std::uint16_t>(image, 32 + 8, 0x7fff);  // st0: infinity
  put<std::uint64_t>(image, 32, 1ULL << 63);
  put<std::uint64_t>(image, 32 + 32, 1ULL << 62);  // st2: denormal
  EXPECT_EQ(value("ftag", image), "e6ff0000");     // 3333 3 2 1 2: special, zero, special
}

// The processor does not write components in their initial state: what lies there is stale.
TEST(Registers, ComponentsThatAreNotInUseAreInitial) {
  Bytes image(832, std::byte(0xee));
  put<std::uint64_t>(image, 512, 0);
  EXPECT_EQ(value("fctrl", image), "7f030000");
  EXPECT_EQ(value("ftag", image), "ffff0000");
  EXPECT_EQ(value("st0", image), std::string(20, '0'));
  EXPECT_EQ(value("xmm3", image), std::string(32, '0'));
}

TEST(Registers, StopsCarryTheMostWanted) {
  GeneralRegisters general{};
  general.rip = 0x10;
  EXPECT_EQ(layout().expedited(general),
            "6:0000000000000000;7:0000000000000000;10:1000000000000000;");
}

}  // namespace
}  // namespace ttrace::gdb
