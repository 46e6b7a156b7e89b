#include "syscalls/requests.h"

#include <sys/syscall.h>

#include <algorithm>

#include "syscalls/outputs_dsl.h"

namespace ttrace {
namespace {

using namespace writes;

#define REQUEST(call, request, name, ...) \
  RequestRow{SYS_##call, request, #name, nullptr, list<2>({__VA_ARGS__})},
#define NO_REQUEST(call, request, name, why) RequestRow{SYS_##call, request, #name, why, {}},

constexpr auto kUnsortedRows = std::to_array<RequestRow>({
#include "syscalls/ioctls.inc"
#include "syscalls/requests.inc"
});

#undef REQUEST
#undef NO_REQUEST

constexpr bool before(const RequestRow& a, const RequestRow& b) {
  return a.call != b.call ? a.call < b.call : a.request < b.request;
}

constexpr auto kRows = [] {
  auto rows = kUnsortedRows;
  std::sort(rows.begin(), rows.end(), before);
  return rows;
}();

static_assert(std::adjacent_find(kRows.begin(), kRows.end(),
                                 [](const RequestRow& a, const RequestRow& b) {
                                   return !before(a, b);
                                 }) == kRows.end(),
              "a request has one row");

/// A call that is many calls in one.
struct Selector {
  std::int32_t call;
  std::uint8_t argument;  ///< that says which
  std::uint32_t mask;     ///< of the bits that say it
  bool refuse_unknown;
};

constexpr std::uint32_t kAllBits = 0xffffffff;
/// FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME left out.
constexpr std::uint32_t kFutexOperation = ~std::uint32_t(128 | 256);

constexpr std::array kSelectors{
    Selector{SYS_ioctl, 1, kAllBits, true},                                                   //
    Selector{SYS_fcntl, 1, kAllBits, true},                                                   //
    Selector{SYS_prctl, 0, kAllBits, true},                                                   //
    Selector{SYS_arch_prctl, 0, kAllBits, false},                                             //
    Selector{SYS_futex, 1, kFutexOperation, false}, Selector{SYS_keyctl, 0, kAllBits, true},  //
    Selector{SYS_seccomp, 0, kAllBits, true},                                                 //
    Selector{SYS_semctl, 2, kAllBits, true},                                                  //
    Selector{SYS_msgctl, 1, kAllBits, true},                                                  //
    Selector{SYS_shmctl, 1, kAllBits, true},                                                  //
    Selector{SYS_syslog, 0, kAllBits, false},                                                 //
    Selector{SYS_sysfs, 0, kAllBits, false},                                                  //
};

const Selector* selector(std::int64_t number) {
  for (const Selector& entry : kSelectors) {
    if (entry.call == number) return &entry;
  }
  return nullptr;
}

}  // namespace

bool has_requests(std::int64_t number) { return selector(number) != nullptr; }

std::uint32_t request_of(const SyscallView& call) {
  const Selector* entry = selector(call.number);
  return entry ? std::uint32_t(call.args[entry->argument]) & entry->mask : 0;
}

const RequestRow* request_row(const SyscallView& call) {
  if (!has_requests(call.number)) return nullptr;
  const RequestRow wanted{std::int32_t(call.number), request_of(call)};
  const auto found = std::lower_bound(kRows.begin(), kRows.end(), wanted, before);
  return found != kRows.end() && !before(wanted, *found) ? &*found : nullptr;
}

bool unknown_requests_are_refused(std::int64_t number) {
  const Selector* entry = selector(number);
  return entry && entry->refuse_unknown;
}

std::span<const RequestRow> request_rows() { return kRows; }

}  // namespace ttrace
