#include "mend.h"
#include "target.h"
#include "trace/reader.h"

// A whole trace, as it is and with its checksums made right.

namespace {

using namespace ttrace;

void read_all(ByteView contents) {
  const fuzz::MemoryFile file(contents);
  try {
    TraceReader reader(file.path());
    for (std::uint64_t i = 0; i < reader.event_count(); ++i) {
      try {
        reader.event(EventNumber(i));
      } catch (const TraceError&) {
        break;
      }
    }
    for (std::uint32_t i = 0; i <= reader.objects().size(); ++i) {
      try {
        reader.open_object(i);
      } catch (const TraceError&) {
        continue;
      }
      fuzz::require(false, "an object that is nowhere was opened");
    }
    reader.verify();
  } catch (const TraceError&) {
    // Refused.
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input = fuzz::view_of(data, size);
  read_all(input);
  Bytes mended(input.begin(), input.end());
  fuzz::mend_trace(mended);
  read_all(mended);
  return 0;
}
