#include "replay/replayer.h"

#include <sched.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string_view>

#include "replay/shown_memory.h"
#include "replay/state.h"
#include "ticks/counter_offer.h"

namespace ttrace {

Replayer::Replayer(TraceReader& trace, const ReplayCpu& cpu,
                   std::shared_ptr<const TickCounters> counters)
    : state_(std::make_unique<State>(trace, cpu.layout)) {
  check_cpu(trace, cpu);
  const std::string& event = trace.info().hardware_ticks;
  if (event.empty()) return;
  try {
    state_->counters = counters ? std::move(counters) : counters_like(event, trace.info().seed);
  } catch (const Error& error) {
    throw TraceError(trace.path() + ": " + error.what());
  }
}
Replayer::Replayer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Replayer::~Replayer() = default;

std::unique_ptr<Replayer> Replayer::fork() const {
  return std::unique_ptr<Replayer>(new Replayer(state_->fork()));
}

void Replayer::on_output(std::function<void(int, ByteView)> sink) {
  state_->output = std::move(sink);
}

void Replayer::use_agent(bool yes) { state_->uses_agent = yes; }

EventNumber Replayer::position() const { return EventNumber(state_->next); }
bool Replayer::at_end() const { return state_->next + 1 >= state_->trace.event_count(); }
std::optional<Position> Replayer::place() const { return state_->place(); }

std::uint64_t Replayer::ticks() const {
  if (state_->arrived) return Position::kAtEvent;
  const auto thread = state_->threads.find(state_->trace.event(position()).tid);
  return thread == state_->threads.end() ? 0 : thread->second->ticks;
}

std::chrono::microseconds Replayer::elapsed() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(state_->elapsed);
}

int Replayer::cpu() const { return state_->cpu < 0 ? sched_getcpu() : state_->cpu; }

std::size_t Replayer::host_count() const { return state_->spaces().size(); }

std::uint64_t Replayer::own_memory() const {
  std::uint64_t bytes = 0;
  for (const ReplaySpace* space : state_->spaces()) bytes += space->host->own_memory();
  return bytes;
}

std::uint64_t Replayer::fingerprint() const {
  const ReplayContext& thread = state_->context(state_->trace.event(position()).tid);
  Bytes bytes;
  const auto add = [&bytes](ByteView more) { bytes.insert(bytes.end(), more.begin(), more.end()); };
  GeneralRegisters regs = shown_registers(thread);
  regs.eflags &= ~kFlagsOfTheWay;
  add(bytes_of(regs));
  // Without the header, which says how the state is kept, not what it is.
  const Bytes vectors = vector_state(thread.tid);
  constexpr std::size_t kHeader = 512;
  constexpr std::size_t kHeaderEnd = kHeader + 64;
  add(ByteView(vectors).first(std::min(kHeader, vectors.size())));
  if (vectors.size() > kHeaderEnd) add(ByteView(vectors).subspan(kHeaderEnd));
  std::set<std::uint64_t> pages;
  for (unsigned i = 0; i < kRegisterCount; ++i) pages.insert(page_floor(register_at(regs, i)));
  for (const std::uint64_t page : pages) {
    Bytes content(kPageSize);
    content.resize(read_memory(thread.process->pid, Address(page), content));
    add(content);
  }
  const std::string_view view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return std::hash<std::string_view>()(view);
}

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

void Replayer::watch(Pid pid, const std::vector<WatchRange>& ranges) {
  ReplaySpace* space = state_->space_of(pid);
  if (space == nullptr) return;
  const bool was_watched = !space->watches.empty();
  if (!space->pages.empty()) space->pages.open(*space->host, space->mappings);
  space->watches = Watches(space->host->memory(), ranges);
  space->pages = WatchedPages(space->watches.without_slot());
  if (!space->pages.empty()) space->pages.close(*space->host, space->mappings);
  if (was_watched || !ranges.empty()) {
    set_debug_registers(space->host->task(), space->watches.slots());
  }
}

}  // namespace ttrace
