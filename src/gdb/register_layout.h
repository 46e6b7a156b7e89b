#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/registers.h"
#include "gdb/register_rows.h"

namespace ttrace::gdb {

/// The registers of one thread: the general ones, and an XSAVE image (empty if it is not known).
struct RegisterValues {
  GeneralRegisters general{};
  Bytes vector_state;
};

/// The registers that a debugger sees, in the order of the g packet and with the numbers of the
/// target description, which is made from the same table: they cannot disagree. Which there are is
/// a matter of the machine that the replay runs on.
class RegisterLayout {
 public:
  explicit RegisterLayout(const XsaveLayout& machine = XsaveLayout::of_this_machine());

  /// XML of the target description (qXfer:features:read:target.xml).
  std::string description() const;
  unsigned count() const { return unsigned(rows_.size()); }
  /// Bytes of one register. `number` must be below count().
  std::size_t size(unsigned number) const { return rows_.at(number).size; }
  /// Hex digits of one register, or of x's where its value is not known.
  std::string value(unsigned number, const RegisterValues& from) const;
  /// All of them: the g packet.
  std::string values(const RegisterValues& from) const;
  /// "06:...;07:...;10:...;": the registers that gdb wants at every stop, for a stop reply.
  std::string expedited(const GeneralRegisters& general) const;

  /// Sets one register from hex digits; x's leave it as it is. False if there are not size() bytes
  /// of them, or the image that it lies in is not known.
  bool set(unsigned number, std::string_view digits, RegisterValues& into) const;
  /// Sets all of them, as values() gives them.
  bool set_all(std::string_view digits, RegisterValues& into) const;

 private:
  void put_in_use(unsigned component, Bytes& image) const;

  std::vector<RegisterRow> rows_;
};

}  // namespace ttrace::gdb
