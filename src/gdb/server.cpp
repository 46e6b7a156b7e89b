#include "gdb/server.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "gdb/monitor.h"
#include "gdb/packets.h"

namespace ttrace::gdb {
namespace {

constexpr const char* kOk = "OK";
constexpr const char* kUnsupported = "";
constexpr const char* kMalformed = "E16";  // EINVAL
constexpr const char* kRefused = "E01";    // EPERM
constexpr const char* kFault = "E0e";      // EFAULT
constexpr const char* kNoThread = "E03";   // ESRCH

struct Feature {
  std::string_view text;
  bool needs_history = false;  ///< offered only by a target that can go backwards
};

constexpr std::array kFeatures{
    Feature{"QStartNoAckMode+"},
    Feature{"multiprocess+"},
    Feature{"swbreak+"},
    Feature{"hwbreak+"},
    Feature{"ConditionalBreakpoints+"},
    Feature{"exec-events+"},
    Feature{"vContSupported+"},
    Feature{"QPassSignals+"},
    Feature{"QProgramSignals+"},
    Feature{"QCatchSyscalls+"},
    Feature{"qXfer:features:read+"},
    Feature{"qXfer:auxv:read+"},
    Feature{"qXfer:exec-file:read+"},
    Feature{"qXfer:siginfo:read+"},
    Feature{"qXfer:threads:read+"},
    Feature{"ReverseStep+", true},
    Feature{"ReverseContinue+", true},
};

struct ClientFeatureRow {
  std::string_view text;
  bool ClientFeatures::*flag;
};

constexpr std::array kClientFeatures{
    ClientFeatureRow{"swbreak+", &ClientFeatures::swbreak},
    ClientFeatureRow{"hwbreak+", &ClientFeatures::hwbreak},
    ClientFeatureRow{"exec-events+", &ClientFeatures::exec_events},
};

std::string xml_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (std::uint8_t(c) >= 0x20) {
      out += c;
    }
  }
  return out;
}

std::string text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The objects of qXfer:NAME:read. None: no such annex.
using Object = std::optional<std::string>;

Object features_object(const DebugTarget&, std::string_view annex) {
  if (annex != "target.xml") return {};
  return RegisterLayout().description();
}

Object auxv_object(const DebugTarget& target, std::string_view) {
  return text_of(target.auxiliary_vector());
}

Object signal_object(const DebugTarget& target, std::string_view) {
  const Bytes info = target.signal_info();
  return info.empty() ? Object() : text_of(info);
}

Object executable_object(const DebugTarget& target, std::string_view) {
  return target.executable();
}

Object threads_object(const DebugTarget& target, std::string_view) {
  std::string xml = "<?xml version=\"1.0\"?>\n<threads>\n";
  for (const TargetThread& thread : target.threads()) {
    xml += "<thread id=\"" + thread_text(target.process(), thread.tid) + "\" name=\"" +
           xml_escape(thread.name) + "\"/>\n";
  }
  return xml + "</threads>\n";
}

struct ObjectRow {
  std::string_view name;
  Object (*make)(const DebugTarget&, std::string_view annex);
};

constexpr std::array kObjects{
    ObjectRow{"features", features_object},    ObjectRow{"auxv", auxv_object},
    ObjectRow{"exec-file", executable_object}, ObjectRow{"siginfo", signal_object},
    ObjectRow{"threads", threads_object},
};

}  // namespace

/// Every packet that is understood. The first row that fits is taken.
struct PacketTable {
  enum class Match {
    exact,   ///< nothing follows the name
    word,    ///< nothing, or ':', ';' or ',' (left to the handler)
    prefix,  ///< anything follows
  };
  struct Row {
    std::string_view name;
    Match match;
    std::string (Server::*handler)(std::string_view arguments);

    bool fits(std::string_view packet) const {
      if (!packet.starts_with(name)) return false;
      if (match == Match::prefix || packet.size() == name.size()) return true;
      return match == Match::word &&
             std::string_view(":;,").find(packet[name.size()]) != std::string_view::npos;
    }
  };
  using S = Server;
  static constexpr std::array kRows{
      Row{"qSupported", Match::word, &S::supported},
      Row{"QStartNoAckMode", Match::exact, &S::start_no_ack},
      Row{"QPassSignals:", Match::prefix, &S::pass_signals},
      Row{"QCatchSyscalls:", Match::prefix, &S::catch_calls},
      Row{"QProgramSignals:", Match::prefix, &S::accept},
      Row{"qXfer:", Match::prefix, &S::transfer},
      Row{"qRcmd,", Match::prefix, &S::monitor},
      Row{"qfThreadInfo", Match::exact, &S::first_threads},
      Row{"qsThreadInfo", Match::exact, &S::more_threads},
      Row{"qThreadExtraInfo,", Match::prefix, &S::thread_info},
      Row{"qAttached", Match::word, &S::attached},
      Row{"qSymbol:", Match::prefix, &S::symbol},
      Row{"qGetTLSAddr:", Match::prefix, &S::thread_local_address},
      Row{"qC", Match::exact, &S::current_thread},
      Row{"vCont?", Match::exact, &S::resume_kinds},
      Row{"vCont", Match::word, &S::resume_actions},
      Row{"vFile:", Match::prefix, &S::file},
      Row{"vKill;", Match::prefix, &S::kill_process},
      Row{"?", Match::exact, &S::stop_reason},
      Row{"H", Match::prefix, &S::select_thread},
      Row{"T", Match::prefix, &S::thread_alive},
      Row{"g", Match::exact, &S::all_registers},
      Row{"p", Match::prefix, &S::one_register},
      Row{"G", Match::prefix, &S::write_all_registers},
      Row{"P", Match::prefix, &S::write_register},
      Row{"M", Match::prefix, &S::write_memory},
      Row{"X", Match::prefix, &S::write_binary_memory},
      Row{"m", Match::prefix, &S::read_memory},
      Row{"Z", Match::prefix, &S::insert_breakpoint},
      Row{"z", Match::prefix, &S::remove_breakpoint},
      Row{"c", Match::exact, &S::resume_all},
      Row{"C", Match::prefix, &S::resume_all_with_signal},
      Row{"s", Match::exact, &S::step_one},
      Row{"S", Match::prefix, &S::step_one_with_signal},
      Row{"bc", Match::exact, &S::back_all},
      Row{"bs", Match::exact, &S::back_one},
      Row{"D", Match::word, &S::detach},
      Row{"k", Match::exact, &S::kill},
  };
};

Server::Server(DebugTarget& target, Connection& line)
    : target_(target), line_(line), files_(target) {
  target_.on_output([this](ByteView text) {
    if (show_output_) print(text_of(text));
  });
}

Server::~Server() { target_.on_output({}); }

void Server::run() {
  while (!ended_) {
    const auto packet = line_.receive();
    if (!packet) return;
    const std::string reply = answer(*packet);
    if (!silent_) line_.send(reply);
    if (no_ack_) line_.stop_acknowledging();
  }
}

std::string Server::answer(std::string_view packet) {
  for (const PacketTable::Row& row : PacketTable::kRows) {
    if (!row.fits(packet)) continue;
    try {
      return (this->*row.handler)(packet.substr(row.name.size()));
    } catch (const Error& error) {
      // Not fatal: the position did not move. gdb shows only that it failed.
      return kRefused;
    }
  }
  return kUnsupported;
}

std::string Server::supported(std::string_view arguments) {
  FieldReader in(arguments);
  in.take(':');
  client_ = {};
  while (!in.at_end()) {
    const std::string_view feature = in.until(';');
    for (const ClientFeatureRow& row : kClientFeatures) {
      if (row.text == feature) client_.*row.flag = true;
    }
  }
  std::string reply = "PacketSize=" + hex_number(kPacketSize);
  for (const Feature& feature : kFeatures) {
    if (feature.needs_history && !target_.can_go_back()) continue;
    reply += ";" + std::string(feature.text);
  }
  return reply;
}

std::string Server::start_no_ack(std::string_view) {
  no_ack_ = true;
  return kOk;
}

std::string Server::accept(std::string_view) { return kOk; }

std::string Server::stop_reason(std::string_view) { return report(target_.stop()); }

std::string Server::select_thread(std::string_view arguments) {
  FieldReader in(arguments);
  if (in.take('c')) return kOk;  // an older way to say what vCont says
  if (!in.take('g')) return kUnsupported;
  const auto selector = parse_thread(in);
  if (!selector || !in.at_end()) return kMalformed;
  const auto thread = selector->single();
  if (thread && !has_thread(*thread)) return kNoThread;
  general_thread_ = thread;
  return kOk;
}

std::string Server::thread_alive(std::string_view arguments) {
  FieldReader in(arguments);
  const auto selector = parse_thread(in);
  if (!selector || !in.at_end()) return kMalformed;
  for (const TargetThread& thread : target_.threads()) {
    if (selector->matches(target_.process(), thread.tid)) return kOk;
  }
  return kNoThread;
}

std::string Server::current_thread(std::string_view) {
  return "QC" + thread_text(target_.process(), general_thread());
}

std::string Server::first_threads(std::string_view) {
  std::string reply;
  for (const TargetThread& thread : target_.threads()) {
    reply += (reply.empty() ? "m" : ",") + thread_text(target_.process(), thread.tid);
  }
  return reply;
}

std::string Server::more_threads(std::string_view) { return "l"; }

std::string Server::thread_info(std::string_view arguments) {
  FieldReader in(arguments);
  const auto selector = parse_thread(in);
  if (!selector) return kMalformed;
  for (const TargetThread& thread : target_.threads()) {
    if (selector->single() == thread.tid) return to_hex(std::string_view(thread.name));
  }
  return kNoThread;
}

/// 1: it existed before the debugger came, so a debugger that quits detaches without a question.
std::string Server::attached(std::string_view) { return "1"; }

std::string Server::all_registers(std::string_view) {
  return layout_.values(values_of(general_thread()));
}

std::string Server::one_register(std::string_view arguments) {
  FieldReader in(arguments);
  const auto number = in.hex();
  if (!number || !in.at_end() || *number >= layout_.count()) return kMalformed;
  return layout_.value(unsigned(*number), values_of(general_thread()));
}

std::string Server::read_memory(std::string_view arguments) {
  FieldReader in(arguments);
  const auto address = in.hex();
  if (!address || !in.take(',')) return kMalformed;
  const auto length = in.hex();
  if (!length || !in.at_end()) return kMalformed;
  Bytes data(std::min<std::uint64_t>(*length, kPacketSize / 2));
  const std::size_t got = memory_at(Address(*address), data);
  if (got == 0 && *length != 0) return kFault;
  return to_hex(ByteView(data).first(got));
}

std::string Server::transfer(std::string_view arguments) {
  FieldReader in(arguments);
  const std::string_view name = in.until(':');
  if (!in.take("read:")) return kUnsupported;
  const std::string_view annex = in.until(':');
  const auto offset = in.hex();
  if (!offset || !in.take(',')) return kMalformed;
  const auto length = in.hex();
  if (!length || !in.at_end()) return kMalformed;
  const auto row = std::find_if(kObjects.begin(), kObjects.end(),
                                [&](const ObjectRow& object) { return object.name == name; });
  if (row == kObjects.end()) return kUnsupported;
  // Made once, so that the pieces fit together.
  if (*offset == 0 || transfer_name_ != name) {
    const Object object = row->make(target_, annex);
    if (!object) return "E00";  // as the protocol names a wrong annex
    transfer_name_ = name;
    transfer_data_ = *object;
  }
  if (*offset > transfer_data_.size()) return kMalformed;
  const std::size_t wanted = std::min<std::uint64_t>(*length, kPacketSize - 1);
  const std::string piece = transfer_data_.substr(*offset, wanted);
  const bool last = *offset + piece.size() == transfer_data_.size();
  return (last ? "l" : "m") + piece;
}

std::string Server::pass_signals(std::string_view arguments) {
  FieldReader in(arguments);
  std::set<int> signals;
  while (!in.at_end()) {
    const auto signal = in.hex();
    if (!signal || *signal > 0xff || (!in.at_end() && !in.take(';'))) return kMalformed;
    signals.insert(int(*signal));
  }
  passed_signals_ = std::move(signals);
  return kOk;
}

/// "0", or "1" and the numbers of system calls, each after a semicolon; without numbers, all.
std::string Server::catch_calls(std::string_view arguments) {
  FieldReader in(arguments);
  const auto on = in.hex();
  if (!on || *on > 1) return kMalformed;
  std::set<std::int64_t> calls;
  while (!in.at_end()) {
    if (!in.take(';')) return kMalformed;
    const auto number = in.hex();
    if (!number) return kMalformed;
    calls.insert(std::int64_t(*number));
  }
  caught_calls_.reset();
  if (*on == 1) caught_calls_ = std::move(calls);
  return kOk;
}

std::string Server::monitor(std::string_view arguments) {
  const auto line = from_hex(arguments);
  if (!line) return kMalformed;
  MonitorAnswer result;
  try {
    constexpr std::string_view kExcursion = "excursion ";
    if (line->starts_with(kExcursion)) {
      print(excursion(std::string_view(*line).substr(kExcursion.size())));
      return kOk;
    }
    result = run_monitor(target_, *line);
  } catch (const Error& error) {
    result.text = std::string(error.what()) + "\n";
  }
  if (result.seek) pending_seek_ = result.seek;
  if (result.drops_changes) end_diversion();
  print(result.text);
  return kOk;
}

std::string Server::excursion(std::string_view line) {
  if (line == "end") {
    excursion_.reset();
    return "";
  }
  if (line.starts_with("begin")) excursion_ = std::make_unique<Excursion>(target_);
  if (!excursion_) throw UsageError("excursion begin comes first");
  interrupt_ = line_.take_late_interrupt();
  const Connection::Watch watch(line_, interrupt_);
  try {
    return excursion_->go(line, &interrupt_);
  } catch (const Error&) {
    excursion_.reset();
    throw;
  }
}

std::string Server::file(std::string_view arguments) { return files_.answer(arguments); }

std::string Server::detach(std::string_view) {
  ended_ = true;
  return kOk;
}

std::string Server::kill(std::string_view) {
  ended_ = true;
  silent_ = true;  // the one packet without an answer
  return kOk;
}

std::string Server::kill_process(std::string_view) {
  ended_ = true;
  return kOk;
}

/// "VALUE:NAME" answers a question of ours; ":" says that there are symbols to ask for.
std::string Server::symbol(std::string_view arguments) {
  FieldReader in(arguments);
  const std::string_view value = in.until(':');
  if (in.at_end()) {
    thread_locals_.start_over();
  } else if (thread_locals_.wanted() == from_hex(in.rest())) {
    FieldReader digits(value);
    const auto at = digits.hex();
    thread_locals_.answer(at ? std::optional(Address(*at)) : std::nullopt);
  }
  const auto next = thread_locals_.wanted();
  return next ? "qSymbol:" + to_hex(*next) : kOk;
}

std::string Server::thread_local_address(std::string_view arguments) {
  FieldReader in(arguments);
  const auto selector = parse_thread(in);
  if (!selector || !in.take(',')) return kMalformed;
  const auto offset = in.hex();
  if (!offset || !in.take(',')) return kMalformed;
  const auto link_map = in.hex();
  if (!link_map || !in.at_end()) return kMalformed;
  const Tid tid = selector->single().value_or(general_thread());
  if (!has_thread(tid)) return kNoThread;
  const auto read = [this](Address at, std::span<std::byte> into) { return memory_at(at, into); };
  const auto at = thread_locals_.find(read, Address(values_of(tid).general.fs_base), *offset,
                                      Address(*link_map));
  return at ? hex_number(at->value()) : kFault;
}

RegisterValues Server::values_of(Tid tid) const {
  if (excursion_) {
    const DebugTarget& target = excursion_->target();
    return {target.registers(target.stop().tid), target.vector_state(target.stop().tid)};
  }
  if (diversion_) {
    const Diversion::Registers& registers = diversion_->registers(tid);
    return {registers.general, registers.vector_state};
  }
  return {target_.registers(tid), target_.vector_state(tid)};
}

Tid Server::general_thread() const {
  if (general_thread_ && has_thread(*general_thread_)) return *general_thread_;
  const Tid stopped = target_.stop().tid;
  return has_thread(stopped) ? stopped : target_.threads().at(0).tid;
}

bool Server::has_thread(Tid tid) const {
  const auto threads = target_.threads();
  return std::any_of(threads.begin(), threads.end(),
                     [&](const TargetThread& thread) { return thread.tid == tid; });
}

}  // namespace ttrace::gdb
