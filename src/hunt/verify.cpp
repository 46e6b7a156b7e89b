#include <array>

#include "hunt/keep.h"
#include "replay/replayer.h"

namespace ttrace {
namespace {

// Where two texts differ first, for a message.
std::string first_difference(int stream, std::string_view recorded, std::string_view replayed) {
  std::size_t at = 0;
  while (at < recorded.size() && at < replayed.size() && recorded[at] == replayed[at]) ++at;
  return std::string("its ") + (stream == 1 ? "standard output" : "standard error") +
         " differs from the recorded one at byte " + std::to_string(at) + " (" +
         std::to_string(recorded.size()) + " bytes recorded, " + std::to_string(replayed.size()) +
         " replayed)";
}

}  // namespace

Verification verify_by_replay(const std::string& path,
                              const std::optional<std::vector<OutputChunk>>& expected,
                              const std::atomic<bool>* interrupted) {
  using Outcome = Verification::Outcome;
  std::array<std::string, 2> recorded, replayed;  // standard output, standard error
  const auto append = [](std::array<std::string, 2>& to, int stream, std::string_view text) {
    to[stream == 2 ? 1 : 0].append(text);
  };
  if (expected) {
    for (const OutputChunk& chunk : *expected) append(recorded, chunk.stream, chunk.text);
  }
  try {
    TraceReader trace(path);
    Replayer replayer(trace);
    replayer.on_output([&](int stream, ByteView text) {
      append(replayed, stream, {reinterpret_cast<const char*>(text.data()), text.size()});
    });
    ReplayLimits limits;
    limits.interrupt = interrupted;
    const ReplayStop stop = replayer.run(limits);
    if (stop.kind == ReplayStop::Kind::interrupted) return {Outcome::interrupted, ""};
    if (!replayer.at_end()) {
      return {Outcome::failed, "it stopped at event " +
                                   std::to_string(replayer.position().value()) + " of " +
                                   std::to_string(trace.event_count())};
    }
  } catch (const Error& error) {
    return {Outcome::failed, error.what()};
  }
  for (int stream = 1; expected && stream <= 2; ++stream) {
    if (recorded[stream - 1] != replayed[stream - 1]) {
      return {Outcome::failed,
              first_difference(stream, recorded[stream - 1], replayed[stream - 1])};
    }
  }
  return {Outcome::verified, ""};
}

}  // namespace ttrace
