#include "syscalls/special.h"

#include <linux/ethtool.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <sys/syscall.h>

#include "base/types.h"
#include "syscalls/peek.h"
#include "syscalls/requests.h"

namespace ttrace {
namespace {

/// What a call with special outputs needs to say them.
struct Context {
  const SyscallView& call;
  const OutputNotes& notes;
  const MemoryPeek& peek;
  bool everything;
  RangeCollector& out;

  std::uint64_t arg(int i) const { return call.args[std::size_t(i)]; }
  bool succeeded() const { return !is_error(call.result); }
};

/// Where note_special() keeps the one number that it reads.
constexpr std::size_t kNote = 5;

// --- ioctl ------------------------------------------------------------------------------------

constexpr std::uint32_t kFiemap = 0xc020660b;
constexpr std::uint32_t kDedupe = 0xc0189436;
constexpr std::uint32_t kIfconf = 0x8912;
constexpr std::uint32_t kIfconfSize = 16;
constexpr std::uint32_t kIfconfBuffer = 8;

/// A structure that an array follows, whose length stands in it.
struct TrailingArray {
  std::uint32_t request;
  std::uint32_t header;
  std::uint32_t count_at;
  std::uint32_t count_mask;
  std::uint32_t element;
};
constexpr std::array kTrailingArrays{
    TrailingArray{kFiemap, 32, 24, 0xffffffff, 56},
    TrailingArray{kDedupe, 24, 16, 0xffff, 32},
};

const TrailingArray* trailing_array(std::uint32_t request) {
  for (const TrailingArray& array : kTrailingArrays) {
    if (array.request == request) return &array;
  }
  return nullptr;
}

constexpr std::uint32_t kIocRead = 2;
constexpr std::uint32_t direction(std::uint32_t request) { return request >> 30; }
constexpr std::uint32_t encoded_size(std::uint32_t request) { return (request >> 16) & 0x3fff; }

/// Where a struct ifreq has the pointer to what SIOCETHTOOL is asked for; that begins with a
/// command.
constexpr std::uint32_t kIfreqData = 16;

/// What commands of SIOCETHTOOL write (linux/ethtool.h). Those that set something write nothing.
struct EthtoolOutput {
  std::uint32_t command;
  std::uint32_t size;
};
constexpr std::array kEthtoolOutputs{
    EthtoolOutput{ETHTOOL_GSET, sizeof(ethtool_cmd)},
    EthtoolOutput{ETHTOOL_GDRVINFO, sizeof(ethtool_drvinfo)},
    EthtoolOutput{ETHTOOL_GLINK, sizeof(ethtool_value)},
    EthtoolOutput{ETHTOOL_GRINGPARAM, sizeof(ethtool_ringparam)},
    EthtoolOutput{ETHTOOL_GPAUSEPARAM, sizeof(ethtool_pauseparam)},
    EthtoolOutput{ETHTOOL_GCHANNELS, sizeof(ethtool_channels)},
    EthtoolOutput{ETHTOOL_GTSO, sizeof(ethtool_value)},
    EthtoolOutput{ETHTOOL_GGSO, sizeof(ethtool_value)},
    EthtoolOutput{ETHTOOL_GGRO, sizeof(ethtool_value)},
    EthtoolOutput{ETHTOOL_GFLAGS, sizeof(ethtool_value)},
    EthtoolOutput{ETHTOOL_GET_TS_INFO, sizeof(ethtool_ts_info)},
    EthtoolOutput{ETHTOOL_GLINKSETTINGS, sizeof(ethtool_link_settings)},  // and masks
};

const EthtoolOutput* ethtool_output(std::uint64_t command) {
  for (const EthtoolOutput& output : kEthtoolOutputs) {
    if (output.command == command) return &output;
  }
  return nullptr;
}

std::uint32_t ethtool_command(const SyscallView& call, const MemoryPeek& peek) {
  const std::uint64_t data = peek_value<std::uint64_t>(peek, call.args[2] + kIfreqData).value_or(0);
  return peek_value<std::uint32_t>(peek, data).value_or(0);
}

void add_ethtool(const Context& c) {
  const EthtoolOutput* output = ethtool_output(c.notes.lengths[kNote]);
  if (output == nullptr) return;
  const std::uint64_t data = peek_value<std::uint64_t>(c.peek, c.arg(2) + kIfreqData).value_or(0);
  std::uint64_t size = output->size;
  if (output->command == ETHTOOL_GLINKSETTINGS) {
    // Three masks of so many words; less than 0: only how many words there would be.
    constexpr std::uint64_t kWordsAt = offsetof(ethtool_link_settings, link_mode_masks_nwords);
    const int words = peek_value<std::int8_t>(c.peek, data + kWordsAt).value_or(0);
    if (words > 0) size += 3 * std::uint64_t(words) * sizeof(std::uint32_t);
  }
  c.out.add(data, size);
}

std::uint64_t note_ioctl(const SyscallView& call, const MemoryPeek& peek) {
  const std::uint32_t request = request_of(call);
  if (const TrailingArray* array = trailing_array(request)) {
    return peek_value<std::uint32_t>(peek, call.args[2] + array->count_at).value_or(0) &
           array->count_mask;
  }
  if (request == kIfconf) return peek_value<std::uint32_t>(peek, call.args[2]).value_or(0);
  if (request == SIOCETHTOOL) return ethtool_command(call, peek);
  return 0;
}

void add_ioctl(const Context& c) {
  const std::uint32_t request = request_of(c.call);
  const std::uint64_t at = c.arg(2);
  if (const TrailingArray* array = trailing_array(request)) {
    c.out.add(at, array->header + c.notes.lengths[kNote] * array->element);
  } else if (request == kIfconf) {
    const std::uint64_t before = c.notes.lengths[kNote];
    const std::uint64_t after = peek_value<std::uint32_t>(c.peek, at).value_or(0);
    const std::uint64_t buffer = peek_value<std::uint64_t>(c.peek, at + kIfconfBuffer).value_or(0);
    c.out.add(at, kIfconfSize);
    c.out.add(buffer, c.succeeded() ? std::min(before, after) : before);
  } else if (request == SIOCETHTOOL) {
    add_ethtool(c);
  } else if (direction(request) & kIocRead) {
    c.out.add(at, encoded_size(request));
  }
}

// --- prctl ------------------------------------------------------------------------------------

void add_prctl(const Context& c) {
  constexpr std::uint32_t kSetMm = 35, kSetMmMapSize = 15;
  constexpr std::uint32_t kSchedCore = 62, kSchedCoreGet = 0;
  const std::uint32_t option = request_of(c.call);
  if (option == kSetMm && std::uint32_t(c.arg(1)) == kSetMmMapSize) c.out.add(c.arg(2), 4);
  if (option == kSchedCore && c.arg(1) == kSchedCoreGet) c.out.add(c.arg(4), 8);
}

// --- tasks ------------------------------------------------------------------------------------

/// The parent's word, and the child's if both see the same memory.
void add_clone(const Context& c) {
  const std::uint64_t flags = c.arg(0);
  if (flags & (CLONE_PARENT_SETTID | CLONE_PIDFD)) c.out.add(c.arg(2), 4);
  if ((flags & CLONE_CHILD_SETTID) && (flags & CLONE_VM)) c.out.add(c.arg(3), 4);
}

void add_clone3(const Context& c) {
  const auto field = [&](std::uint64_t offset) {
    return peek_value<std::uint64_t>(c.peek, c.arg(0) + offset).value_or(0);
  };
  constexpr std::uint64_t kPidfd = 8, kChildTid = 16, kParentTid = 24;
  const std::uint64_t flags = field(0);
  if (flags & CLONE_PIDFD) c.out.add(field(kPidfd), 4);
  if (flags & CLONE_PARENT_SETTID) c.out.add(field(kParentTid), 4);
  if ((flags & CLONE_CHILD_SETTID) && (flags & CLONE_VM)) c.out.add(field(kChildTid), 4);
}

void add_capget(const Context& c) {
  constexpr std::uint32_t kVersion1 = 0x19980330;
  c.out.add(c.arg(0), 8);
  if (!c.succeeded() && !c.everything) return;
  const bool short_data = peek_value<std::uint32_t>(c.peek, c.arg(0)) == kVersion1;
  c.out.add(c.arg(1), short_data ? 12 : 24);
}

// --- memory -----------------------------------------------------------------------------------

void add_mincore(const Context& c) { c.out.add(c.arg(2), page_ceil(c.arg(1)) / kPageSize); }

void add_get_mempolicy(const Context& c) {
  const std::uint64_t bits = c.arg(2) == 0 ? 0 : c.arg(2) - 1;
  const std::uint64_t bytes = bits / 64 * 8 + (bits % 64 != 0 ? 8 : 0);
  if (bytes <= kPageSize) c.out.add(c.arg(1), bytes);
}

// --- messages and files -----------------------------------------------------------------------

void add_msgrcv(const Context& c) {
  constexpr std::uint64_t kType = 8;
  if (!c.succeeded() && !c.everything) return;
  const std::uint64_t text =
      c.succeeded() ? std::min(std::uint64_t(c.call.result), c.arg(2)) : c.arg(2);
  c.out.add(c.arg(1), text > ~kType ? text : kType + text);
}

/// GETALL: a number for each semaphore, of which a set has at most SEMMSL.
void add_semctl(const Context& c) {
  constexpr std::uint32_t kGetAll = 13;
  constexpr std::uint64_t kMostSemaphores = 32000;
  if (request_of(c.call) != kGetAll || (!c.succeeded() && !c.everything)) return;
  c.out.add(c.arg(3), readable_length(c.peek, c.arg(3), kMostSemaphores * sizeof(std::uint16_t)));
}

/// How many bytes of each message were sent.
void add_sendmmsg(const Context& c) {
  constexpr std::uint64_t kHeader = 64, kLength = 56, kMostMessages = 1024;
  std::uint64_t count = std::min<std::uint64_t>(std::uint32_t(c.arg(2)), kMostMessages);
  if (c.succeeded()) {
    count = std::min(count, std::uint64_t(c.call.result));
  } else if (!c.everything) {
    return;
  }
  if (c.arg(1) == 0) return;
  for (std::uint64_t i = 0; i < count; ++i) c.out.add(c.arg(1) + i * kHeader + kLength, 4);
}

constexpr std::uint64_t kMostHandleBytes = 128;

std::uint64_t note_file_handle(const SyscallView& call, const MemoryPeek& peek) {
  return std::min<std::uint64_t>(peek_value<std::uint32_t>(peek, call.args[2]).value_or(0),
                                 kMostHandleBytes);
}

void add_file_handle(const Context& c) {
  constexpr std::uint64_t kUniqueMountId = 1;
  c.out.add(c.arg(2), 8 + c.notes.lengths[kNote]);
  c.out.add(c.arg(3), c.arg(4) & kUniqueMountId ? 8 : 4);
}

struct SpecialRow {
  std::int32_t number;
  void (*add)(const Context&);
  std::uint64_t (*note)(const SyscallView&, const MemoryPeek&) = nullptr;
};

constexpr std::array kSpecialRows{
    SpecialRow{SYS_ioctl, add_ioctl, note_ioctl},
    SpecialRow{SYS_prctl, add_prctl},
    SpecialRow{SYS_clone, add_clone},
    SpecialRow{SYS_clone3, add_clone3},
    SpecialRow{SYS_capget, add_capget},
    SpecialRow{SYS_mincore, add_mincore},
    SpecialRow{SYS_get_mempolicy, add_get_mempolicy},
    SpecialRow{SYS_msgrcv, add_msgrcv},
    SpecialRow{SYS_semctl, add_semctl},
    SpecialRow{SYS_sendmmsg, add_sendmmsg},
    SpecialRow{SYS_name_to_handle_at, add_file_handle, note_file_handle},
};

const SpecialRow* special_row(std::int64_t number) {
  for (const SpecialRow& row : kSpecialRows) {
    if (row.number == number) return &row;
  }
  return nullptr;
}

}  // namespace

void note_special(const SyscallView& call, const MemoryPeek& peek, OutputNotes& notes) {
  const SpecialRow* row = special_row(call.number);
  if (row && row->note) notes.lengths[kNote] = row->note(call, peek);
}

void add_special(const SyscallView& call, const OutputNotes& notes, const MemoryPeek& peek,
                 bool everything, RangeCollector& out) {
  if (const SpecialRow* row = special_row(call.number)) {
    row->add({call, notes, peek, everything, out});
  }
}

bool is_described_ethtool(const SyscallView& call, const MemoryPeek& peek) {
  return ethtool_output(ethtool_command(call, peek)) != nullptr;
}

}  // namespace ttrace
