#pragma once

#include <cstddef>
#include <string>

#include "base/bytes.h"
#include "base/registers.h"

namespace ttrace::gdb {

/// The registers that a debugger sees, in the order of the g packet and with the numbers of the
/// target description, which is made from the same table: they cannot disagree.
class RegisterLayout {
 public:
  /// XML of the target description (qXfer:features:read:target.xml).
  static std::string description();
  static unsigned count();
  /// Bytes of one register. `number` must be below count().
  static std::size_t size(unsigned number);
  /// Hex digits of one register, or of x's where its value is not known (`vector_state` is empty).
  static std::string value(unsigned number, const GeneralRegisters& general, ByteView vector_state);
  /// All of them: the g packet.
  static std::string values(const GeneralRegisters& general, ByteView vector_state);
  /// "06:...;07:...;10:...;": the registers that gdb wants at every stop, for a stop reply.
  static std::string expedited(const GeneralRegisters& general);
};

}  // namespace ttrace::gdb
