#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "gdb/target.h"

namespace ttrace::gdb {

/// A way through the history that the session itself does not go (`monitor excursion`): our
/// commands in gdb look for a write or a call somewhere else, and the debugger sees no run of the
/// program for it. While there is one, the server shows registers and memory of its place, and
/// those of its thread whichever thread is asked for. Used as:
///
///   begin [PLACE]          from here, or from a place as `goto` takes it
///   back ADDRESS LENGTH    to the last write before that changed these bytes
///   write ADDRESS LENGTH   behind the next write that changes them
///   call ADDRESS...        to the next execution of one of these instructions
///   end
///
/// Each movement answers with the new place as JSON, or with "null" if there is no such place.
class Excursion {
 public:
  /// Begins where `session` stands. Throws Error if it has no history.
  explicit Excursion(const DebugTarget& session);

  /// A line without its first word. Throws UsageError, and Error as the target does.
  std::string go(std::string_view line, const std::atomic<bool>* interrupt);
  const DebugTarget& target() const { return *target_; }

 private:
  bool go_to(std::string_view place, const std::atomic<bool>* interrupt);
  bool resume(TargetStop::Kind wanted, bool backwards, const std::atomic<bool>* interrupt);
  bool to_write(std::string_view range, bool backwards, const std::atomic<bool>* interrupt);
  bool to_call(std::string_view addresses, const std::atomic<bool>* interrupt);

  std::unique_ptr<DebugTarget> target_;
};

}  // namespace ttrace::gdb
