#pragma once

#include "base/bytes.h"
#include "hunt/crew.h"

namespace ttrace {

// What a crew's members say to the hunt and hear from it, as bytes for a pipe. Both ends are the
// same program.

struct KeepOrder {
  TraceInfo info;
  bool with_stack = false;
};
using CrewOrder = std::variant<AttemptOrder, KeepOrder>;

/// Why a member cannot work at all.
struct CrewError {
  std::string message;
  bool is_usage = false;  ///< UsageError
};
using CrewAnswer = std::variant<AttemptReport, KeptTrace, CrewError>;

Bytes encode(const CrewOrder& order);
Bytes encode(const CrewAnswer& answer);
/// Throw TraceError on anything else.
CrewOrder decode_order(ByteView bytes);
CrewAnswer decode_answer(ByteView bytes);

/// Writes all of it with its length before it; false if nobody reads any more.
bool send_message(int pipe, ByteView message);
/// False if nobody writes any more. Waits, also across signals.
bool receive_message(int pipe, Bytes& message);

}  // namespace ttrace
