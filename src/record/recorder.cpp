#include "record/recorder.h"

#include <sched.h>

#include "record/session.h"
#include "tracee/descriptor_limit.h"

namespace ttrace {

RecordResult record(const Program& program, const RecordOptions& options) {
  RecordResult result;
  result.recording = Recording(options.limits);
  const CpuPin pin(options.cpu >= 0 ? options.cpu : sched_getcpu());
  Launched launched = launch(program, options);  // outlives the session, which ends the child
  const DescriptorLimit many_processes;  // after the launch: the program keeps its own limit
  if (options.counters != nullptr) result.hardware_ticks = options.counters->event();
  {
    RecordSession session(options, pin, result);  // uses the result to its own end
    try {
      session.run(launched);
    } catch (const NotRecordable& refused) {
      result.not_recordable = refused.name();
    }
  }
  return result;
}

}  // namespace ttrace
