#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gdb/xsave_layout.h"

namespace ttrace::gdb {

/// One register: what a debugger is told of it, and where its value lies.
struct RegisterRow {
  enum class Source : std::uint8_t {
    general,   ///< `offset` in GeneralRegisters
    image,     ///< `offset` in the XSAVE image, `stored` bytes there
    tag_word,  ///< computed from the abridged tags of the FXSAVE area
  };
  /// `component` of a register that is never in an initial state of its own.
  static constexpr unsigned kAlways = 64;

  const char* feature;
  std::string name;
  const char* type;
  const char* group;  ///< "" for gdb's default
  std::size_t size;   ///< in the g packet
  Source source;
  std::size_t offset;
  std::size_t stored;            ///< bytes at the source; the rest of `size` is zero
  unsigned component = kAlways;  ///< bit of XSTATE_BV that says whether the image has a value
  std::uint32_t initial = 0;     ///< value while `component` is in its initial state
  bool expedited = false;
};

// Offsets in the FXSAVE area (64-bit form), which is also the begin of an XSAVE image.
namespace fxsave {
inline constexpr std::size_t kControlWord = 0;
inline constexpr std::size_t kStatusWord = 2;
inline constexpr std::size_t kAbridgedTags = 4;
inline constexpr std::size_t kOpcode = 6;
inline constexpr std::size_t kInstructionOffset = 8;
inline constexpr std::size_t kInstructionSegment = 12;
inline constexpr std::size_t kOperandOffset = 16;
inline constexpr std::size_t kOperandSegment = 20;
inline constexpr std::size_t kMxcsr = 24;
inline constexpr std::size_t kStack = 32;
inline constexpr std::size_t kXmm = 160;
inline constexpr std::size_t kSlot = 16;
inline constexpr std::size_t kSize = 512;
inline constexpr std::size_t kHeaderEnd = 520;  ///< XSTATE_BV follows the legacy area
}  // namespace fxsave

/// The registers of such a machine, feature by feature, in the order of the g packet.
std::vector<RegisterRow> register_rows(const XsaveLayout& machine);

/// XML of the types that a feature's registers use and that gdb does not know by itself.
std::string types_of_feature(const char* feature);

}  // namespace ttrace::gdb
