#include "record/snapshot.h"

#include <sched.h>

#include "record/session.h"
#include "tracee/descriptor_limit.h"

namespace ttrace {

Snapshot::Snapshot(const Program& program, const RecordOptions& options) : options_(options) {
  if (options_.cpu < 0) options_.cpu = sched_getcpu();
  result_.recording = Recording(options_.limits);
  const CpuPin pin(options_.cpu);
  if (options_.counters != nullptr) result_.hardware_ticks = options_.counters->event();
  launched_ = std::make_unique<Launched>(launch(program, options_));
  const DescriptorLimit many_processes;  // after the launch: the program keeps its own limit
  held_ = std::make_unique<RecordSession>(options_, pin, result_);
  is_whole_ = !held_->hold_at_case(*launched_);
  if (!is_whole_) held_->prepare_copies();
}

Snapshot::~Snapshot() = default;

bool Snapshot::attempt(const RecordOptions& options, RecordResult& result) {
  const CpuPin pin(options_.cpu);  // where the held program is
  const DescriptorLimit many_processes;
  RecordSession copy(*held_, options, result);
  try {
    return copy.run_copy();
  } catch (const NotRecordable& refused) {
    result.not_recordable = refused.name();
    return true;
  }
}

}  // namespace ttrace
