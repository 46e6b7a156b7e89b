#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "rewrite/control_flow.h"

namespace ttrace {

/// Bytes that are proven to be padding: NOPs or INT3 between functions or behind an instruction
/// that does not go on, and NOPs in front of a loop, which execution has to be led around. Nothing
/// leads into the middle of a piece. Handed out in pieces of the size of one near jump.
class Padding {
 public:
  static constexpr std::uint64_t kIsland = 5;

  /// Room for an island, and where execution must be led around it, if it must.
  struct Island {
    std::uint64_t address = 0;
    std::uint64_t detour_at = 0;  ///< 0: none; else a two-byte jump to detour_to belongs here
    std::uint64_t detour_to = 0;
  };

  Padding(const CodeImage& image, const ControlFlow& flow);

  /// Takes room for an island that begins in [from, to].
  std::optional<Island> take(std::uint64_t from, std::uint64_t to);
  /// How many bytes of dead padding begin exactly at an address; for lengthening an instruction
  /// that does not go on.
  std::uint64_t dead_bytes_at(std::uint64_t address) const;
  /// Takes `size` bytes that dead_bytes_at() promised.
  void take_at(std::uint64_t address, std::uint64_t size);

 private:
  struct Piece {
    std::uint64_t end = 0;
    bool dead = true;
  };
  void add(std::uint64_t begin, std::uint64_t end, bool dead);

  std::map<std::uint64_t, Piece> pieces_;  // by address
};

}  // namespace ttrace
