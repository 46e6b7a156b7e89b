#include "gdb/register_layout.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gdb/packets.h"

namespace ttrace::gdb {
namespace {

enum class Source {
  general,   ///< `offset` in GeneralRegisters
  legacy,    ///< `offset` in the FXSAVE area, `stored` bytes there
  tag_word,  ///< computed from the abridged tags
};

/// State components of an XSAVE image (bits of XSTATE_BV).
enum Component : std::uint64_t { kX87 = 1, kSse = 2, kAlways = ~std::uint64_t(0) };

struct RegisterRow {
  const char* feature;
  std::string name;
  const char* type;
  const char* group;  ///< "" for gdb's default
  std::size_t size;   ///< in the g packet
  Source source;
  std::size_t offset;
  std::size_t stored;  ///< bytes at the source; the rest of `size` is zero
  Component component = kAlways;
  std::uint32_t initial = 0;  ///< value while `component` is in its initial state
  bool expedited = false;
};

constexpr const char* kCore = "org.gnu.gdb.i386.core";
constexpr const char* kSseFeature = "org.gnu.gdb.i386.sse";
constexpr const char* kLinux = "org.gnu.gdb.i386.linux";
constexpr const char* kSegments = "org.gnu.gdb.i386.segments";

// Offsets in the FXSAVE area (64-bit form), which is also the begin of an XSAVE image.
constexpr std::size_t kControlWord = 0;
constexpr std::size_t kStatusWord = 2;
constexpr std::size_t kAbridgedTags = 4;
constexpr std::size_t kOpcode = 6;
constexpr std::size_t kInstructionOffset = 8;
constexpr std::size_t kInstructionSegment = 12;
constexpr std::size_t kOperandOffset = 16;
constexpr std::size_t kOperandSegment = 20;
constexpr std::size_t kMxcsr = 24;
constexpr std::size_t kStack = 32;
constexpr std::size_t kXmm = 160;
constexpr std::size_t kSlot = 16;
constexpr std::size_t kLegacySize = 512;
constexpr std::size_t kHeaderEnd = 520;  // XSTATE_BV follows the legacy area

std::vector<RegisterRow> make_rows() {
  std::vector<RegisterRow> rows;
  const auto word = [&](const char* name, std::size_t offset, const char* type = "int64",
                        bool expedited = false) {
    rows.push_back({kCore, name, type, "", 8, Source::general, offset, 8, kAlways, 0, expedited});
  };
  const auto half = [&](const char* name, std::size_t offset, const char* type) {
    rows.push_back({kCore, name, type, "", 4, Source::general, offset, 4});
  };
  const auto x87 = [&](const char* name, std::size_t offset, std::size_t stored,
                       std::uint32_t initial = 0) {
    rows.push_back({kCore, name, "int", "float", 4, Source::legacy, offset, stored, kX87, initial});
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
    rows.push_back({kCore, "st" + std::to_string(i), "i387_ext", "", 10, Source::legacy,
                    kStack + kSlot * i, 10, kX87});
  }
  x87("fctrl", kControlWord, 2, 0x37f);
  x87("fstat", kStatusWord, 2);
  rows.push_back(
      {kCore, "ftag", "int", "float", 4, Source::tag_word, kAbridgedTags, 1, kX87, 0xffff});
  x87("fiseg", kInstructionSegment, 2);
  x87("fioff", kInstructionOffset, 4);
  x87("foseg", kOperandSegment, 2);
  x87("fooff", kOperandOffset, 4);
  x87("fop", kOpcode, 2);
  for (std::size_t i = 0; i < 16; ++i) {
    rows.push_back({kSseFeature, "xmm" + std::to_string(i), "vec128", "", 16, Source::legacy,
                    kXmm + kSlot * i, 16, kSse});
  }
  rows.push_back({kSseFeature, "mxcsr", "i386_mxcsr", "vector", 4, Source::legacy, kMxcsr, 4});
  rows.push_back({kLinux, "orig_rax", "int", "", 8, Source::general, offsetof(R, orig_rax), 8});
  rows.push_back({kSegments, "fs_base", "int", "", 8, Source::general, offsetof(R, fs_base), 8});
  rows.push_back({kSegments, "gs_base", "int", "", 8, Source::general, offsetof(R, gs_base), 8});
  return rows;
}

const std::vector<RegisterRow>& rows() {
  static const std::vector<RegisterRow> table = make_rows();
  return table;
}

// Types that a feature's registers use and that gdb does not know by itself.
struct FeatureTypes {
  const char* feature;
  const char* xml;
};

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
    FeatureTypes{kSseFeature,
                 R"(<vector id="v4f" type="ieee_single" count="4"/>)"
                 R"(<vector id="v2d" type="ieee_double" count="2"/>)"
                 R"(<vector id="v16i8" type="int8" count="16"/>)"
                 R"(<vector id="v8i16" type="int16" count="8"/>)"
                 R"(<vector id="v4i32" type="int32" count="4"/>)"
                 R"(<vector id="v2i64" type="int64" count="2"/>)"
                 R"(<union id="vec128"><field name="v4_float" type="v4f"/>)"
                 R"(<field name="v2_double" type="v2d"/><field name="v16_int8" type="v16i8"/>)"
                 R"(<field name="v8_int16" type="v8i16"/><field name="v4_int32" type="v4i32"/>)"
                 R"(<field name="v2_int64" type="v2i64"/><field name="uint128" type="uint128"/>)"
                 R"(</union><flags id="i386_mxcsr" size="4">)"
                 R"(<field name="IE" start="0" end="0"/><field name="DE" start="1" end="1"/>)"
                 R"(<field name="ZE" start="2" end="2"/><field name="OE" start="3" end="3"/>)"
                 R"(<field name="UE" start="4" end="4"/><field name="PE" start="5" end="5"/>)"
                 R"(<field name="DAZ" start="6" end="6"/><field name="IM" start="7" end="7"/>)"
                 R"(<field name="DM" start="8" end="8"/><field name="ZM" start="9" end="9"/>)"
                 R"(<field name="OM" start="10" end="10"/><field name="UM" start="11" end="11"/>)"
                 R"(<field name="PM" start="12" end="12"/><field name="FZ" start="15" end="15"/>)"
                 R"(</flags>)"},
};

std::uint64_t components_in_use(ByteView image) {
  if (image.size() < kHeaderEnd) return kAlways;  // an FXSAVE image: everything is there
  std::uint64_t bits = 0;
  std::memcpy(&bits, image.data() + kLegacySize, sizeof bits);
  return bits;
}

std::uint16_t word_at(ByteView image, std::size_t offset) {
  std::uint16_t value = 0;
  std::memcpy(&value, image.data() + offset, sizeof value);
  return value;
}

/// The two-bit tags of the x87 registers, of which FXSAVE keeps only "empty or not".
std::uint16_t full_tags(ByteView image) {
  enum Tag : unsigned { valid = 0, zero = 1, special = 2, empty = 3 };
  const unsigned abridged = std::uint8_t(image[kAbridgedTags]);
  const unsigned top = (word_at(image, kStatusWord) >> 11) & 7;
  unsigned tags = 0;
  for (unsigned physical = 0; physical < 8; ++physical) {
    Tag tag = empty;
    if (abridged & (1u << physical)) {
      const std::size_t at = kStack + kSlot * ((physical - top) & 7);
      std::uint64_t mantissa = 0;
      std::memcpy(&mantissa, image.data() + at, sizeof mantissa);
      const unsigned exponent = word_at(image, at + 8) & 0x7fff;
      if (exponent == 0 && mantissa == 0) {
        tag = zero;
      } else if (exponent == 0 || exponent == 0x7fff || !(mantissa >> 63)) {
        tag = special;
      } else {
        tag = valid;
      }
    }
    tags |= tag << (2 * physical);
  }
  return std::uint16_t(tags);
}

std::string text_of(const RegisterRow& row, const GeneralRegisters& general, ByteView image) {
  Bytes value(row.size);
  if (row.source == Source::general) {
    std::memcpy(value.data(), bytes_of(general).data() + row.offset, row.stored);
    return to_hex(value);
  }
  if (image.size() < kLegacySize) return std::string(row.size * 2, 'x');
  if (row.component != kAlways && !(components_in_use(image) & row.component)) {
    std::memcpy(value.data(), &row.initial, std::min(row.size, sizeof row.initial));
  } else if (row.source == Source::tag_word) {
    const std::uint16_t tags = full_tags(image);
    std::memcpy(value.data(), &tags, sizeof tags);
  } else {
    std::memcpy(value.data(), image.data() + row.offset, row.stored);
  }
  return to_hex(value);
}

}  // namespace

std::string RegisterLayout::description() {
  std::string xml = R"(<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target>)"
                    R"(<architecture>i386:x86-64</architecture><osabi>GNU/Linux</osabi>)";
  const char* feature = nullptr;
  unsigned number = 0;
  for (const RegisterRow& row : rows()) {
    if (row.feature != feature) {
      if (feature) xml += "</feature>";
      feature = row.feature;
      xml += std::string("<feature name=\"") + feature + "\">";
      for (const FeatureTypes& types : kTypes) {
        if (types.feature == feature) xml += types.xml;
      }
    }
    xml += "<reg name=\"" + row.name + "\" bitsize=\"" + std::to_string(row.size * 8) +
           "\" type=\"" + row.type + "\" regnum=\"" + std::to_string(number++) + "\"";
    if (*row.group) xml += std::string(" group=\"") + row.group + "\"";
    xml += "/>";
  }
  return xml + "</feature></target>";
}

unsigned RegisterLayout::count() { return unsigned(rows().size()); }

std::size_t RegisterLayout::size(unsigned number) { return rows().at(number).size; }

std::string RegisterLayout::value(unsigned number, const GeneralRegisters& general,
                                  ByteView vector_state) {
  return text_of(rows().at(number), general, vector_state);
}

std::string RegisterLayout::values(const GeneralRegisters& general, ByteView vector_state) {
  std::string text;
  for (const RegisterRow& row : rows()) text += text_of(row, general, vector_state);
  return text;
}

std::string RegisterLayout::expedited(const GeneralRegisters& general) {
  std::string text;
  unsigned number = 0;
  for (const RegisterRow& row : rows()) {
    if (row.expedited) text += hex_number(number) + ":" + text_of(row, general, {}) + ";";
    ++number;
  }
  return text;
}

}  // namespace ttrace::gdb
