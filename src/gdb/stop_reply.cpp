#include "gdb/stop_reply.h"

#include <array>
#include <csignal>

#include "gdb/actions.h"
#include "gdb/packets.h"
#include "gdb/signals.h"

namespace ttrace::gdb {
namespace {

struct StopRow {
  TargetStop::Kind kind;
  int signal;  ///< as Linux numbers it; -1: the stop's own
  const char* reason;
};

// Signal 0 reads as "stopped", without a cause that the program would have to do with.
constexpr std::array kStops{
    StopRow{TargetStop::Kind::arrived, 0, ""},
    StopRow{TargetStop::Kind::breakpoint, SIGTRAP, ""},
    StopRow{TargetStop::Kind::watchpoint, SIGTRAP, ""},
    StopRow{TargetStop::Kind::stepped, SIGTRAP, ""},
    StopRow{TargetStop::Kind::call, SIGTRAP, "syscall_entry:"},
    StopRow{TargetStop::Kind::call_return, SIGTRAP, "syscall_return:"},
    StopRow{TargetStop::Kind::signal, -1, ""},
    StopRow{TargetStop::Kind::exec, SIGTRAP, "exec:"},
    StopRow{TargetStop::Kind::interrupted, SIGINT, ""},
    StopRow{TargetStop::Kind::history_begin, SIGTRAP, "replaylog:begin;"},
    StopRow{TargetStop::Kind::history_end, SIGTRAP, "replaylog:end;"},
};

std::string reason_of(const StopRow& row, const TargetStop& stop, const ClientFeatures& client,
                      bool hardware) {
  if (stop.kind == TargetStop::Kind::exec) {
    return client.exec_events ? row.reason + to_hex(stop.text) + ";" : "";
  }
  if (stop.kind == TargetStop::Kind::call || stop.kind == TargetStop::Kind::call_return) {
    return row.reason + hex_number(std::uint64_t(stop.call)) + ";";
  }
  if (stop.kind == TargetStop::Kind::watchpoint) {
    constexpr std::array kNames{"watch:", "rwatch:", "awatch:"};
    return kNames.at(std::size_t(stop.watched.kind)) + hex_number(stop.watched.at.value()) + ";";
  }
  if (stop.kind == TargetStop::Kind::breakpoint) {
    if (hardware) return client.hwbreak ? "hwbreak:;" : "";
    return client.swbreak ? "swbreak:;" : "";
  }
  return row.reason;
}

}  // namespace

std::string stop_reply(const TargetStop& stop, Pid process, const GeneralRegisters& registers,
                       const ClientFeatures& client, const RegisterLayout& layout, bool hardware) {
  for (const StopRow& row : kStops) {
    if (row.kind != stop.kind) continue;
    const int signal = gdb_signal(row.signal < 0 ? stop.signal : row.signal);
    const char byte = char(signal);
    return "T" + to_hex(std::string_view(&byte, 1)) + reason_of(row, stop, client, hardware) +
           layout.expedited(registers) + "thread:" + thread_text(process, stop.tid) + ";";
  }
  return lost_reply(process);
}

std::string lost_reply(Pid process) {
  return "X09;process:" + hex_number(std::uint64_t(process.value()));
}

}  // namespace ttrace::gdb
