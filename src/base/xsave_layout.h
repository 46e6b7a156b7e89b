#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/cpu_features.h"

namespace ttrace {

/// One part of the extended state (AVX, AVX-512, PKRU...) in an XSAVE image of the standard form.
struct XsaveComponent {
  std::uint32_t number = 0;  ///< its bit in XCR0
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
  bool operator==(const XsaveComponent&) const = default;
};

/// How a CPU lays out the images that ptrace and signal frames hold: x87 and SSE first, the rest
/// where the CPU says (Intel SDM volume 1, 13.4). CPUs that have the same features differ in it.
struct XsaveLayout {
  std::uint64_t xcr0 = 0;
  std::uint32_t size = 0;  ///< of a whole image; 0: not known, or a CPU without XSAVE
  std::vector<XsaveComponent> components;  ///< those of XCR0 but x87 and SSE, by number
  bool operator==(const XsaveLayout&) const = default;
};

XsaveLayout xsave_layout_here();

/// An image laid out for another CPU. Throws TraceError if it holds state that `to` has no place
/// for, or is no image of `from`.
Bytes convert_xsave(ByteView image, const XsaveLayout& from, const XsaveLayout& to);

}  // namespace ttrace
