#include "gdb/register_rows.h"

#include <array>
#include <cstring>

#include "base/registers.h"

namespace ttrace::gdb {
namespace {

constexpr const char* kCore = "org.gnu.gdb.i386.core";
constexpr const char* kSse = "org.gnu.gdb.i386.sse";
constexpr const char* kLinux = "org.gnu.gdb.i386.linux";
constexpr const char* kSegments = "org.gnu.gdb.i386.segments";
constexpr const char* kAvx = "org.gnu.gdb.i386.avx";
constexpr const char* kAvx512 = "org.gnu.gdb.i386.avx512";
constexpr const char* kPkeys = "org.gnu.gdb.i386.pkeys";

using Source = RegisterRow::Source;
using Rows = std::vector<RegisterRow>;
using X = XsaveLayout;

void add_core(Rows& rows) {
  const auto word = [&](const char* name, std::size_t offset, const char* type = "int64",
                        bool expedited = false) {
    rows.push_back(
        {kCore, name, type, "", 8, Source::general, offset, 8, RegisterRow::kAlways, 0, expedited});
  };
  const auto half = [&](const char* name, std::size_t offset, const char* type) {
    rows.push_back({kCore, name, type, "", 4, Source::general, offset, 4});
  };
  const auto x87 = [&](const char* name, std::size_t offset, std::size_t stored,
                       std::uint32_t initial = 0) {
    rows.push_back(
        {kCore, name, "int", "float", 4, Source::image, offset, stored, X::x87, initial});
  };
  using R = GeneralRegisters;
  word("rax", offsetof(R, rax));
  word("rbx", offsetof(R, rbx));
  word("rcx", offsetof(R, rcx));
  word("rdx", offsetof(R, rdx));
  word("rsi", offsetof(R, rsi));
  word("rdi", offsetof(R, rdi));
  word("rbp", offsetof(R, rbp), "data_ptr", true);
  word("rsp", offsetof(R, rsp), "data_ptr", true);
  word("r8", offsetof(R, r8));
  word("r9", offsetof(R, r9));
  word("r10", offsetof(R, r10));
  word("r11", offsetof(R, r11));
  word("r12", offsetof(R, r12));
  word("r13", offsetof(R, r13));
  word("r14", offsetof(R, r14));
  word("r15", offsetof(R, r15));
  word("rip", offsetof(R, rip), "code_ptr", true);
  half("eflags", offsetof(R, eflags), "i386_eflags");
  half("cs", offsetof(R, cs), "int32");
  half("ss", offsetof(R, ss), "int32");
  half("ds", offsetof(R, ds), "int32");
  half("es", offsetof(R, es), "int32");
  half("fs", offsetof(R, fs), "int32");
  half("gs", offsetof(R, gs), "int32");
  for (std::size_t i = 0; i < 8; ++i) {
    rows.push_back({kCore, "st" + std::to_string(i), "i387_ext", "", 10, Source::image,
                    fxsave::kStack + fxsave::kSlot * i, 10, X::x87});
  }
  x87("fctrl", fxsave::kControlWord, 2, 0x37f);
  x87("fstat", fxsave::kStatusWord, 2);
  rows.push_back({kCore, "ftag", "int", "float", 4, Source::tag_word, fxsave::kAbridgedTags, 1,
                  X::x87, 0xffff});
  x87("fiseg", fxsave::kInstructionSegment, 2);
  x87("fioff", fxsave::kInstructionOffset, 4);
  x87("foseg", fxsave::kOperandSegment, 2);
  x87("fooff", fxsave::kOperandOffset, 4);
  x87("fop", fxsave::kOpcode, 2);
}

/// `count` registers NAMEn of one component, `stride` bytes apart.
struct VectorRows {
  const char* feature;
  const char* name;
  const char* suffix;
  unsigned first;  ///< n of the first
  unsigned count;
  const char* type;
  std::size_t size;
  std::size_t begin;  ///< in the image
  std::size_t stride;
  unsigned component;
};

void add(Rows& rows, const VectorRows& all) {
  for (unsigned i = 0; i < all.count; ++i) {
    rows.push_back({all.feature, all.name + std::to_string(all.first + i) + all.suffix, all.type,
                    "", all.size, Source::image, all.begin + all.stride * i, all.size,
                    all.component});
  }
}

void add_sse(Rows& rows) {
  add(rows, {kSse, "xmm", "", 0, 16, "vec128", 16, fxsave::kXmm, fxsave::kSlot, X::sse});
  rows.push_back({kSse, "mxcsr", "i386_mxcsr", "vector", 4, Source::image, fxsave::kMxcsr, 4});
}

void add_general(Rows& rows, const char* feature, const char* name, std::size_t offset) {
  rows.push_back({feature, name, "int", "", 8, Source::general, offset, 8});
}

void add_avx512(Rows& rows, const XsaveLayout& machine) {
  const std::size_t high = machine.offset[X::hi16_zmm];  // whole registers, 64 bytes each
  const std::size_t upper = machine.offset[X::zmm_hi256];
  add(rows, {kAvx512, "xmm", "", 16, 16, "vec128", 16, high, 64, X::hi16_zmm});
  add(rows, {kAvx512, "ymm", "h", 16, 16, "uint128", 16, high + 16, 64, X::hi16_zmm});
  add(rows, {kAvx512, "k", "", 0, 8, "uint64", 8, machine.offset[X::opmask], 8, X::opmask});
  add(rows, {kAvx512, "zmm", "h", 0, 16, "v2ui128", 32, upper, 32, X::zmm_hi256});
  add(rows, {kAvx512, "zmm", "h", 16, 16, "v2ui128", 32, high + 32, 64, X::hi16_zmm});
}

struct FeatureTypes {
  const char* feature;
  const char* xml;
};

constexpr const char* kVectorOf128Bits =
    R"(<vector id="v4f" type="ieee_single" count="4"/>)"
    R"(<vector id="v2d" type="ieee_double" count="2"/>)"
    R"(<vector id="v16i8" type="int8" count="16"/>)"
    R"(<vector id="v8i16" type="int16" count="8"/>)"
    R"(<vector id="v4i32" type="int32" count="4"/>)"
    R"(<vector id="v2i64" type="int64" count="2"/>)"
    R"(<union id="vec128"><field name="v4_float" type="v4f"/>)"
    R"(<field name="v2_double" type="v2d"/><field name="v16_int8" type="v16i8"/>)"
    R"(<field name="v8_int16" type="v8i16"/><field name="v4_int32" type="v4i32"/>)"
    R"(<field name="v2_int64" type="v2i64"/><field name="uint128" type="uint128"/></union>)";

constexpr std::array kTypes{
    FeatureTypes{kCore,
                 R"(<flags id="i386_eflags" size="4">)"
                 R"(<field name="CF" start="0" end="0"/><field name="" start="1" end="1"/>)"
                 R"(<field name="PF" start="2" end="2"/><field name="AF" start="4" end="4"/>)"
                 R"(<field name="ZF" start="6" end="6"/><field name="SF" start="7" end="7"/>)"
                 R"(<field name="TF" start="8" end="8"/><field name="IF" start="9" end="9"/>)"
                 R"(<field name="DF" start="10" end="10"/><field name="OF" start="11" end="11"/>)"
                 R"(<field name="NT" start="14" end="14"/><field name="RF" start="16" end="16"/>)"
                 R"(<field name="VM" start="17" end="17"/><field name="AC" start="18" end="18"/>)"
                 R"(<field name="VIF" start="19" end="19"/><field name="VIP" start="20" end="20"/>)"
                 R"(<field name="ID" start="21" end="21"/></flags>)"},
    FeatureTypes{kSse, kVectorOf128Bits},
    FeatureTypes{kSse,
                 R"(<flags id="i386_mxcsr" size="4">)"
                 R"(<field name="IE" start="0" end="0"/><field name="DE" start="1" end="1"/>)"
                 R"(<field name="ZE" start="2" end="2"/><field name="OE" start="3" end="3"/>)"
                 R"(<field name="UE" start="4" end="4"/><field name="PE" start="5" end="5"/>)"
                 R"(<field name="DAZ" start="6" end="6"/><field name="IM" start="7" end="7"/>)"
                 R"(<field name="DM" start="8" end="8"/><field name="ZM" start="9" end="9"/>)"
                 R"(<field name="OM" start="10" end="10"/><field name="UM" start="11" end="11"/>)"
                 R"(<field name="PM" start="12" end="12"/><field name="FZ" start="15" end="15"/>)"
                 R"(</flags>)"},
    FeatureTypes{kAvx512, kVectorOf128Bits},
    FeatureTypes{kAvx512, R"(<vector id="v2ui128" type="uint128" count="2"/>)"},
};

}  // namespace

std::vector<RegisterRow> register_rows(const XsaveLayout& machine) {
  using R = GeneralRegisters;
  Rows rows;
  add_core(rows);
  add_sse(rows);
  add_general(rows, kLinux, "orig_rax", offsetof(R, orig_rax));
  add_general(rows, kSegments, "fs_base", offsetof(R, fs_base));
  add_general(rows, kSegments, "gs_base", offsetof(R, gs_base));
  if (machine.has(X::avx)) {
    add(rows, {kAvx, "ymm", "h", 0, 16, "uint128", 16, machine.offset[X::avx], 16, X::avx});
  }
  if (machine.has_avx512()) add_avx512(rows, machine);
  if (machine.has(X::pkru)) {
    rows.push_back(
        {kPkeys, "pkru", "int", "", 4, Source::image, machine.offset[X::pkru], 4, X::pkru});
  }
  return rows;
}

std::string types_of_feature(const char* feature) {
  std::string xml;
  for (const FeatureTypes& types : kTypes) {
    if (std::strcmp(types.feature, feature) == 0) xml += types.xml;
  }
  return xml;
}

}  // namespace ttrace::gdb
