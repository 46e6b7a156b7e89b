#include "replay/replayer.h"

#include "replay/shown_memory.h"
#include "replay/state.h"

namespace ttrace {

Replayer::Replayer(TraceReader& trace) : state_(std::make_unique<State>(trace)) {}
Replayer::~Replayer() = default;

void Replayer::on_output(std::function<void(int, ByteView)> sink) {
  state_->output = std::move(sink);
}

EventNumber Replayer::position() const { return EventNumber(state_->next); }
bool Replayer::at_end() const { return state_->next + 1 >= state_->trace.event_count(); }
ReplayStop Replayer::run(const ReplayLimits& limits) { return state_->run(limits); }

std::vector<ReplayThread> Replayer::threads(std::optional<Pid> process) const {
  std::vector<ReplayThread> result;
  for (const Tid tid : state_->order) {
    const ReplayContext& thread = state_->context(tid);
    if (process && *process != thread.process->pid) continue;
    result.push_back({tid, thread.process->pid, thread.name});
  }
  return result;
}

namespace {

/// The first thread of a process, or null.
const ReplayContext* any_thread_of(const std::map<Tid, std::unique_ptr<ReplayContext>>& threads,
                                   Pid pid) {
  for (const auto& [tid, thread] : threads) {
    if (thread->process->pid == pid) return thread.get();
  }
  return nullptr;
}

}  // namespace

bool Replayer::has_process(Pid pid) const { return any_thread_of(state_->threads, pid) != nullptr; }

GeneralRegisters Replayer::registers(Tid tid) const {
  return shown_registers(state_->context(tid));
}

Bytes Replayer::vector_state(Tid tid) const {
  const ReplayContext& thread = state_->context(tid);
  const ReplaySpace& space = *thread.process->space;
  return space.loaded == tid || thread.vector_state.empty() ? space.host->task().vector_state()
                                                            : thread.vector_state;
}

bool Replayer::in_system_call(Tid tid) const { return state_->context(tid).inside.has_value(); }

std::size_t Replayer::read_memory(Pid pid, Address at, std::span<std::byte> into) const {
  const ReplayContext* thread = any_thread_of(state_->threads, pid);
  if (thread == nullptr) return 0;
  const ReplaySpace& space = *thread->process->space;
  return read_shown(space, at, into,
                    [&](std::uint32_t object, std::uint64_t offset, std::span<std::byte> bytes) {
                      state_->read_object(object, offset, bytes);
                    });
}

std::vector<Mapping> Replayer::mappings(Pid pid) const {
  const ReplayContext* thread = any_thread_of(state_->threads, pid);
  return thread == nullptr ? std::vector<Mapping>() : thread->process->space->mappings.all();
}

std::string Replayer::executable(Pid pid) const {
  const ReplayContext* thread = any_thread_of(state_->threads, pid);
  return thread == nullptr ? "" : thread->process->executable;
}

std::optional<std::uint32_t> Replayer::object_by_path(const std::string& path) const {
  const auto& objects = state_->trace.objects();
  for (std::uint32_t i = 0; i < objects.size(); ++i) {
    if (objects[i].path == path) return i;
  }
  return {};
}

bool Replayer::insert_breakpoint(Pid pid, Address at) {
  const ReplayContext* thread = any_thread_of(state_->threads, pid);
  if (thread == nullptr) return false;
  ReplaySpace& space = *thread->process->space;
  bool inserted = false;
  for (const Address place : places_of(space, at)) {
    if (space.insert_breakpoint(place)) inserted = true;
  }
  return inserted;
}

void Replayer::remove_breakpoint(Pid pid, Address at) {
  const ReplayContext* thread = any_thread_of(state_->threads, pid);
  if (thread == nullptr) return;
  ReplaySpace& space = *thread->process->space;
  for (const Address place : places_of(space, at)) space.remove_breakpoint(place);
}

}  // namespace ttrace
