#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "rewrite/control_flow.h"
#include "rewrite/stubs.h"

namespace ttrace {

/// A short loop without calls, whose instructions can all be executed elsewhere: counting each of
/// its turns would cost a multiple of the turn. Its body is copied several times into the stubs and
/// counted once in as many turns.
class SmallLoop {
 public:
  /// The loop from its head to the end of its last branch back; empty if it is none of this kind.
  static std::optional<SmallLoop> read(const CodeImage& image, const ControlFlow& flow,
                                       std::uint64_t head, std::uint64_t end);

  /// Where its branches lead backwards but to its head, out of the loop or into an inner one: these
  /// close other cycles, count each time, and leave the copies.
  std::vector<std::uint64_t> backward_exits() const;

  /// Counts one tick and goes on with the copies. `stub_of` gives the stub of a backward exit.
  StubCode::Position emit(StubCode& stubs, bool flags_dead,
                          const std::function<StubCode::Position(std::uint64_t)>& stub_of) const;

 private:
  struct Part {
    Instruction instruction;
    ZydisDecodedInstruction details;
    ByteView bytes;
    std::uint8_t condition = 0;
  };

  bool leaves_backwards(const Instruction& instruction) const;

  std::uint64_t head_ = 0;
  std::uint64_t end_ = 0;
  std::vector<Part> parts_;
};

}  // namespace ttrace
