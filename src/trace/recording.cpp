#include "trace/recording.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>

#include "base/duplicate.h"
#include "trace/container.h"

namespace ttrace {
namespace {

constexpr std::uint64_t kGathered = 1 << 20;

/// No more than this is reserved for events that may never come.
constexpr std::uint64_t kMostReserved = 64 << 20;

/// Gives a buffer that has become large room for `expected` bytes, in huge pages if the system has
/// some. First touches of memory, in small pages and in one new buffer after the other, took a
/// tenth of a recording of a million calls.
void grow(Bytes& bytes, std::uint64_t expected) {
  Bytes larger;
  larger.reserve(std::max<std::uint64_t>(2 * bytes.capacity(), std::min(expected, kMostReserved)));
  const auto from = page_ceil(reinterpret_cast<std::uintptr_t>(larger.data()));
  const auto to = page_floor(reinterpret_cast<std::uintptr_t>(larger.data()) + larger.capacity());
  if (from < to) ::madvise(reinterpret_cast<void*>(from), to - from, MADV_HUGEPAGE);
  larger.insert(larger.end(), bytes.begin(), bytes.end());
  bytes.swap(larger);
}

}  // namespace

/// `encode_into` appends one event to a buffer.
EventNumber Recording::append_encoded(auto encode_into, const char* kind) {
  const std::size_t before = events_.size();
  if (before >= 2 * kGathered && events_.capacity() - before < kFrameSize) {
    grow(events_, limits_.in_memory + 2 * kFrameSize);
  }
  try {
    encode_into(events_);
    std::size_t size = events_.size() - before;
    if (frames_.empty() || frames_.back().size + size > kFrameSize) {
      // Once more, as the first of a frame.
      frames_.emplace_back();
      recent_.clear();
      events_.resize(before);
      encode_into(events_);
      size = events_.size() - before;
    }
    if (size > kMaxFrameSize) {
      throw NotRecordable("one event of " + std::to_string(size) + " bytes (" + kind + ")");
    }
    frames_.back().size += size;
    ++frames_.back().event_count;
  } catch (...) {
    events_.resize(before);
    if (!frames_.empty() && frames_.back().event_count == 0) frames_.pop_back();
    throw;
  }
  const EventNumber number(event_count_++);
  // Once there is a file, little is gathered in memory before the next write.
  const std::uint64_t most = spilled_ ? std::min(kGathered, limits_.in_memory) : limits_.in_memory;
  const bool is_full = events_.size() > std::max<std::uint64_t>(most, kFrameSize);
  if (is_full && !limits_.directory.empty()) spill();
  return number;
}

EventNumber Recording::append(const Event& event) {
  if (const auto call = plain_call_of(event)) return append(*call);
  return append_encoded([&](Bytes& out) { encode(event, out); }, kind_name(event.body));
}

EventNumber Recording::append(const PlainCall& call) {
  bool in_full = false;
  const EventNumber number =
      append_encoded([&](Bytes& out) { in_full = encode(call, recent_, out); }, "syscall");
  if (in_full) recent_.add(call);
  return number;
}

Recording Recording::copy() const {
  if (spilled_) throw Error("internal error: a spilled recording is copied; please report it");
  Recording same(limits_);
  same.events_ = events_;
  same.frames_ = frames_;
  same.recent_ = recent_;
  same.event_count_ = event_count_;
  for (const RecordedObject& object : objects_) {
    same.objects_.push_back(
        {object.info, duplicate(object.file), object.mtime_ns, object.executed});
  }
  return same;
}

void Recording::spill() {
  if (!spilled_) spilled_ = std::make_unique<SpillFile>(limits_.directory);
  ByteView rest = events_;
  for (const Frame& frame : frames_) {
    spilled_->add(rest.first(frame.size), frame.event_count);
    rest = rest.subspan(frame.size);
  }
  frames_.clear();
  // A large event shall not hold its memory for ever.
  if (events_.capacity() > 2 * kGathered) Bytes().swap(events_);
  events_.clear();
  if (limits_.on_disk != 0 && spilled_->size() > limits_.on_disk) {
    throw NotRecordable("a recording of more than " + std::to_string(limits_.on_disk >> 20) +
                        " MiB; a larger --ttrace-quota (--quota) allows more");
  }
}

std::uint32_t Recording::add_object(RecordedObject object) {
  objects_.push_back(std::move(object));
  return std::uint32_t(objects_.size() - 1);
}

}  // namespace ttrace
