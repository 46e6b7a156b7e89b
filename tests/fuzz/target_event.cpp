#include "target.h"
#include "trace/event.h"

// One event after the other, as they lie in a frame.

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ttrace;
  const ByteView input = fuzz::view_of(data, size);
  ByteReader in(input);
  try {
    while (!in.at_end()) {
      const std::size_t from = in.position();
      const Event event = decode_event(in);
      Bytes again;
      encode(event, again);
      const ByteView read = input.subspan(from, in.position() - from);
      fuzz::require(std::equal(read.begin(), read.end(), again.begin(), again.end()),
                    "an event has two encodings");
    }
  } catch (const TraceError&) {
    // Refused.
  }
  return 0;
}
