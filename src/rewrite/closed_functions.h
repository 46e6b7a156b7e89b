#pragma once

#include <cstdint>
#include <unordered_map>

#include "rewrite/code_image.h"
#include "rewrite/control_flow.h"
#include "rewrite/instruction.h"

namespace ttrace {

/// Functions that nothing leads out of but their returns: whatever they call or jump to directly is
/// closed too, and nothing is called or jumped to indirectly. No recursion passes through one, so
/// that a call of it closes no cycle, wherever it lies; its own loops count, and so do those around
/// the call. In any doubt a function is not closed.
class ClosedFunctions {
 public:
  /// Both must outlive this object.
  ClosedFunctions(const CodeImage& image, const ControlFlow& flow) : image_(image), flow_(flow) {}

  /// Whether a closed function begins at `address`.
  bool begins_at(std::uint64_t address) { return is_closed(address, 0); }

 private:
  bool is_closed(std::uint64_t begin, int depth);
  bool look_through(const Function& function, int depth);

  const CodeImage& image_;
  const ControlFlow& flow_;
  std::unordered_map<std::uint64_t, bool> known_;  // by begin; false while it is looked through
};

}  // namespace ttrace
