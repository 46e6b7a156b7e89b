#include "record/recorder.h"

#include <sched.h>

#include "record/session.h"

namespace ttrace {

RecordResult record(const Program& program, const RecordOptions& options) {
  RecordResult result;
  const CpuPin pin(options.cpu >= 0 ? options.cpu : sched_getcpu());
  Launched launched = launch(program, options);
  RecordSession session(options, pin, result);
  try {
    session.run(std::move(launched));
  } catch (const NotRecordable& refused) {
    result.not_recordable = refused.name();
  }
  return result;
}

}  // namespace ttrace
