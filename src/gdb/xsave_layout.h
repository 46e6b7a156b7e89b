#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ttrace::gdb {

/// Where the state components of an XSAVE image lie (in its standard form, as ptrace gives it), and
/// which of them there are: decided by the CPU and by what the kernel switched on.
struct XsaveLayout {
  /// Numbers of components: bits of XCR0.
  enum Component : unsigned { x87, sse, avx, opmask = 5, zmm_hi256, hi16_zmm, pkru = 9 };
  static constexpr std::size_t kComponents = 10;

  std::uint64_t enabled = 3;  ///< XCR0
  std::array<std::size_t, kComponents> offset{};

  bool has(Component component) const { return (enabled >> component & 1) != 0; }
  /// The three of AVX-512, which come together.
  bool has_avx512() const { return has(opmask) && has(zmm_hi256) && has(hi16_zmm); }

  static XsaveLayout of_this_machine();
};

}  // namespace ttrace::gdb
