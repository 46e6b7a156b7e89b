#include "replay/arrival.h"

#include "syscalls/table.h"

namespace ttrace {

bool needs_execution(const Event& event) {
  const EventBody& body = event.body;
  if (const auto* signal = std::get_if<SignalEvent>(&body)) {
    return signal->synchronous || event.ticks.value() > 0;
  }
  return is_switch(body) || std::holds_alternative<InstructionEvent>(body) ||
         entry_of(body) != nullptr;
}

const SyscallEntry* entry_of(const EventBody& body) {
  if (const auto* call = std::get_if<SyscallEvent>(&body)) return &call->entry;
  if (const auto* call = std::get_if<SyscallEnterEvent>(&body)) return &call->entry;
  if (const auto* mark = std::get_if<MarkEvent>(&body)) return &mark->entry;
  return nullptr;
}

std::optional<std::int64_t> call_begun(const EventBody& body) {
  const SyscallEntry* entry = entry_of(body);
  if (entry == nullptr || std::holds_alternative<MarkEvent>(body)) return {};
  return entry->number;
}

std::optional<std::int64_t> call_ended(const EventBody& body,
                                       const std::optional<SyscallEntry>& inside) {
  if (const auto* call = std::get_if<SyscallEvent>(&body)) return call->entry.number;
  const bool leaves =
      std::holds_alternative<SyscallExitEvent>(body) || std::holds_alternative<ExecEvent>(body);
  return leaves && inside ? std::optional<std::int64_t>(inside->number) : std::nullopt;
}

bool is_place_in_time(const Event& event) {
  const auto* signal = std::get_if<SignalEvent>(&event.body);
  return std::holds_alternative<SwitchEvent>(event.body) ||
         std::holds_alternative<PointEvent>(event.body) ||
         (signal != nullptr && !signal->synchronous && event.ticks.value() > 0);
}

bool completes_a_step(const EventBody& body) {
  return !std::holds_alternative<SyscallEnterEvent>(body) && !is_switch(body) &&
         !std::holds_alternative<SplitEvent>(body) && !std::holds_alternative<NewTaskEvent>(body);
}

bool is_switch(const EventBody& body) {
  return std::holds_alternative<SwitchEvent>(body) || std::holds_alternative<StepsEvent>(body) ||
         std::holds_alternative<PointEvent>(body);
}

std::string describe_event(const EventBody& body) {
  if (const SyscallEntry* entry = entry_of(body)) {
    return describe({entry->number, entry->args, 0}, {});
  }
  if (const auto* signal = std::get_if<SignalEvent>(&body)) return signal_name(signal->number);
  return kind_name(body);
}

}  // namespace ttrace
