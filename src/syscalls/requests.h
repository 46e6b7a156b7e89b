#pragma once

#include "syscalls/table.h"

namespace ttrace {

/// One request of a call that is many calls in one: a command of fcntl, an option of prctl, an
/// operation of futex, a request of ioctl...
struct RequestRow {
  std::int32_t call = -1;  ///< the number of the system call
  std::uint32_t request = 0;
  const char* name = "";
  const char* refused = nullptr;  ///< why it cannot be recorded; null if it can
  std::array<Output, 2> outputs{};
};

/// Whether the call has requests, and which of its arguments says which.
bool has_requests(std::int64_t number);
/// The request's number, without flags that leave its meaning alone. The call must have requests.
std::uint32_t request_of(const SyscallView& call);
/// Its row, or null if the table does not know it.
const RequestRow* request_row(const SyscallView& call);
/// Whether a request of this call without a row is refused, not passed on to fail in the kernel.
bool unknown_requests_are_refused(std::int64_t number);
/// All rows, sorted by call and request.
std::span<const RequestRow> request_rows();

}  // namespace ttrace
