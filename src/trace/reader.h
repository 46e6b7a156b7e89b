#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "trace/event.h"
#include "trace/info.h"
#include "trace/objects.h"
#include "trace/plain_call.h"

namespace ttrace {

/// Reads one kept trace. Opening checks the header, the metadata and the index; a frame of events
/// is checked when it is read. Every method throws TraceError with the file, the place and what is
/// wrong. Not thread-safe. No input makes it crash, hang or allocate without bound.
class TraceReader {
 public:
  explicit TraceReader(const std::string& path);
  ~TraceReader();
  TraceReader(TraceReader&&) noexcept;
  TraceReader& operator=(TraceReader&&) noexcept;

  const std::string& path() const;
  const TraceInfo& info() const;
  std::uint64_t event_count() const;
  const std::vector<ObjectInfo>& objects() const;
  /// It has its objects inside (trace/pack.h).
  bool is_packed() const;

  /// The event of that number, decoded; cheap for numbers near the one read last. The reference
  /// stays valid until another frame is read: copy what you keep.
  const Event& event(EventNumber number);
  /// The same event if it is a plain call, without decoding more: what it refers to stays valid as
  /// long.
  std::optional<PlainCall> plain_call(EventNumber number);

  /// Opens an object read-only and checks its contents against its hash. The error of a
  /// missing one names the trace, the object and the path that the program had it from.
  Fd open_object(std::uint32_t index) const;

  /// Reads everything: every frame, every event, every object against its hash. `progress` is told
  /// now and then how many of how many bytes are read.
  using VerifyProgress = std::function<void(std::uint64_t done, std::uint64_t all)>;
  void verify(const VerifyProgress& progress = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ttrace
