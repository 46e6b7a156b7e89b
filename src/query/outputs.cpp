#include "query/outputs.h"

#include "replay/replayer.h"

namespace ttrace {

std::vector<OutputRecord> outputs_of(const std::string& trace_path) {
  TraceReader trace(trace_path);
  Replayer replayer(trace);
  std::vector<OutputRecord> all;
  replayer.on_output([&](int stream, ByteView text) {
    const EventNumber number = replayer.position();
    const std::string_view bytes(reinterpret_cast<const char*>(text.data()), text.size());
    // A call may write several pieces.
    if (all.empty() || all.back().event != number) {
      all.push_back({number, {}, stream, 0, {}});
    }
    all.back().text += bytes;
  });
  replayer.run({});
  for (OutputRecord& output : all) {
    const Event& event = trace.event(output.event);
    output.tid = event.tid;
    output.time_us = event.time_us;
  }
  return all;
}

}  // namespace ttrace
