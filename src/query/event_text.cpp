#include "query/event_text.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include "syscalls/table.h"

namespace ttrace {
namespace {

std::string status_text(int status) {
  if (WIFSIGNALED(status)) return "died by " + signal_name(WTERMSIG(status));
  return fmt::format("exit code {}", WEXITSTATUS(status));
}

std::string call_text(const SyscallEntry& entry, std::optional<std::int64_t> result) {
  SyscallView view;
  view.number = entry.number;
  view.args = entry.args;
  view.result = result.value_or(0);
  return describe(view, result);
}

// What a call brought besides its result.
std::string effects_text(const SyscallExit& exit) {
  std::uint64_t bytes = 0;
  for (const MemoryWrite& write : exit.writes) bytes += write.data.size();
  std::string text;
  if (bytes > 0) text += fmt::format(" [{} bytes written]", bytes);
  if (exit.backing) text += fmt::format(" [object {}]", exit.backing->object);
  if (exit.shared) {
    text += fmt::format(" [shared memory {}, {} bytes]", exit.shared->number, exit.shared->length);
  }
  if (!exit.patches.empty()) text += fmt::format(" [{} patches]", exit.patches.size());
  if (exit.output_stream) text += exit.output_stream == 2 ? " [stderr]" : " [stdout]";
  return text;
}

const char* name_of(MarkEvent::Kind kind) {
  constexpr const char* kNames[] = {"text",         "case begins",      "case ends",
                                    "failed",       "passed assertion", "section begins",
                                    "section ends", "skipped"};
  const auto index = std::size_t(kind);
  return index < std::size(kNames) ? kNames[index] : "?";
}

const char* name_of(SignalEvent::Action action) {
  constexpr const char* kNames[] = {"ignored", "handler", "fatal", "stop"};
  const auto index = std::size_t(action);
  return index < std::size(kNames) ? kNames[index] : "?";
}

const char* name_of(InstructionEvent::Kind kind) {
  constexpr const char* kNames[] = {"rdtsc", "rdtscp", "cpuid", "rdrand", "rdseed"};
  const auto index = std::size_t(kind);
  return index < std::size(kNames) ? kNames[index] : "?";
}

const char* name_of(EndEvent::Reason reason) {
  constexpr const char* kNames[] = {"every process has ended", "timed out", "interrupted"};
  const auto index = std::size_t(reason);
  return index < std::size(kNames) ? kNames[index] : "?";
}

// The details of each kind of event.
struct Details {
  std::map<Tid, SyscallEntry>& open_calls;
  Tid tid;

  std::string operator()(const ExecEvent& e) const {
    open_calls.erase(tid);
    return fmt::format("{} (process {}, {} mappings)", e.path, e.pid.value(), e.mappings.size());
  }
  std::string operator()(const SyscallEvent& e) const {
    return call_text(e.entry, e.exit.result) + effects_text(e.exit);
  }
  std::string operator()(const SyscallEnterEvent& e) const {
    open_calls[tid] = e.entry;
    return call_text(e.entry, std::nullopt);
  }
  std::string operator()(const SyscallExitEvent& e) const {
    const auto begun = open_calls.find(tid);
    std::string text = begun != open_calls.end() && begun->second.number == e.number
                           ? call_text(begun->second, e.exit.result)
                           : fmt::format("{} = {}", syscall_name(e.number), e.exit.result);
    if (begun != open_calls.end()) open_calls.erase(begun);
    return text + effects_text(e.exit);
  }
  std::string operator()(const NewTaskEvent& e) const {
    if (e.child_pid.value() != e.child.value()) {
      return fmt::format("thread {} of process {}", e.child.value(), e.child_pid.value());
    }
    return fmt::format("process {}{}", e.child.value(), e.shares_memory ? " (shares memory)" : "");
  }
  std::string operator()(const SignalEvent& e) const {
    return fmt::format("{} {}{} at {:#x}", signal_name(e.number), name_of(e.action),
                       e.synchronous ? ", by the instruction" : "", e.registers_before.rip);
  }
  std::string operator()(const InstructionEvent& e) const {
    return fmt::format("{} at {:#x}", name_of(e.kind), e.rip.value());
  }
  std::string operator()(const MarkEvent& e) const {
    std::string text = name_of(e.kind);
    if (e.kind == MarkEvent::Kind::case_end) {
      text += e.value == 1 ? " passed" : e.value == 2 ? " skipped" : " failed";
    }
    if (!e.file.empty()) text += fmt::format(" {}:{}", e.file, e.line);
    return e.text.empty() ? text : text + ": " + e.text;
  }
  std::string operator()(const TaskExitEvent& e) const { return status_text(e.status); }
  std::string operator()(const ProcessExitEvent& e) const {
    return fmt::format("process {}: {}", e.pid.value(), status_text(e.status));
  }
  std::string operator()(const EndEvent& e) const { return name_of(e.reason); }
  std::string operator()(const SwitchEvent& e) const {
    return fmt::format("taken off the CPU at {:#x}", e.at.value());
  }
  std::string operator()(const PointEvent& e) const {
    return fmt::format("taken off the CPU at {:#x}", e.registers.rip);
  }
  std::string operator()(const StepsEvent& e) const {
    return fmt::format("{} step{} on, taken off the CPU at {:#x}", e.steps, e.steps == 1 ? "" : "s",
                       e.at.value());
  }
  std::string operator()(const SplitEvent& e) const {
    return fmt::format("goes on with the {} bytes that it had loaded from {:#x}",
                       e.loaded.data.size(), e.loaded.at.value());
  }
};

}  // namespace

std::string Dumper::line(EventNumber number, const Event& event) {
  return fmt::format("{:>8} {:>12.6f} {:>7} {:<12} {}", number.value(), double(event.time_us) / 1e6,
                     event.tid.value(), kind_name(event.body), details(event));
}

std::string Dumper::details(const Event& event) {
  return escaped(std::visit(Details{open_calls_, event.tid}, event.body));
}

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\n') {
      result += "\\n";
    } else if (c == '\t') {
      result += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      result += c;
    }
  }
  return result;
}

}  // namespace ttrace
