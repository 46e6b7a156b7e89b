// The part of Server for what a debugger changes: it works on a copy (decision 0020). The copy
// begins with the first write, and is dropped when the replay goes on: at a resume of a thread that
// stands where the replay has it, at a seek, or backwards.
#include <csignal>

#include "base/error.h"
#include "gdb/packets.h"
#include "gdb/server.h"

namespace ttrace::gdb {
namespace {

constexpr const char* kOk = "OK";
constexpr const char* kMalformed = "E16";
constexpr const char* kFault = "E0e";

struct Range {
  Address at;
  std::uint64_t length = 0;
};

/// "ADDRESS,LENGTH:" at the begin of a packet that writes memory.
std::optional<Range> parse_range(FieldReader& in) {
  const auto address = in.hex();
  if (!address || !in.take(',')) return {};
  const auto length = in.hex();
  if (!length || !in.take(':')) return {};
  return Range{Address(*address), *length};
}

}  // namespace

Diversion& Server::diversion() {
  if (!diversion_) {
    diversion_ = target_.divert();
    for (const auto& [at, breakpoint] : breakpoints_) diversion_->insert_breakpoint(at);
  }
  return *diversion_;
}

void Server::end_diversion() { diversion_.reset(); }

std::size_t Server::memory_at(Address at, std::span<std::byte> into) const {
  const bool in_copy = diversion_ && !excursion_;
  return in_copy ? diversion_->read_memory(at, into) : shown().read_memory(at, into);
}

std::string Server::write_all_registers(std::string_view arguments) {
  const Tid tid = general_thread();
  RegisterValues values = values_of(tid);
  if (!layout_.set_all(arguments, values)) return kMalformed;
  diversion().set_registers(tid, {values.general, std::move(values.vector_state)});
  return kOk;
}

std::string Server::write_register(std::string_view arguments) {
  FieldReader in(arguments);
  const auto number = in.hex();
  if (!number || !in.take('=') || *number >= layout_.count()) return kMalformed;
  const Tid tid = general_thread();
  RegisterValues values = values_of(tid);
  if (!layout_.set(unsigned(*number), in.rest(), values)) return kMalformed;
  diversion().set_registers(tid, {values.general, std::move(values.vector_state)});
  return kOk;
}

std::string Server::write_memory(std::string_view arguments) {
  FieldReader in(arguments);
  const auto range = parse_range(in);
  const auto data = range ? from_hex(in.rest()) : std::nullopt;
  if (!data || data->size() != range->length) return kMalformed;
  if (data->empty()) return kOk;
  return diversion().write_memory(range->at, bytes_of(std::string_view(*data))) ? kOk : kFault;
}

std::string Server::write_binary_memory(std::string_view arguments) {
  FieldReader in(arguments);
  const auto range = parse_range(in);
  if (!range || in.rest().size() != range->length) return kMalformed;
  if (range->length == 0) return kOk;  // asks whether the packet is known at all
  return diversion().write_memory(range->at, bytes_of(in.rest())) ? kOk : kFault;
}

/// The thread that a resume lets run in the copy: one that stands elsewhere than in the replay.
/// None: the replay goes on.
std::optional<Tid> Server::diverted_thread(const ResumePlan& plan) const {
  if (!diversion_ || pending_seek_ || held_arrival_) return {};
  if (plan.step) return diversion_->is_away(*plan.step) ? plan.step : std::nullopt;
  const Tid current = general_thread();
  if (diversion_->is_away(current)) return current;
  for (const TargetThread& thread : target_.threads()) {
    if (diversion_->is_away(thread.tid)) return thread.tid;
  }
  return {};
}

std::string Server::resume_diversion(Tid tid, const ResumePlan& plan) {
  TargetStop told;
  told.tid = tid;
  try {
    const Connection::Watch watch(line_, interrupt_);
    Diversion::Limits limits;
    limits.step = plan.step.has_value();
    limits.interrupt = &interrupt_;
    limits.output = [this](int, ByteView text) {
      print({reinterpret_cast<const char*>(text.data()), text.size()});
    };
    const auto in_range = [&] {
      const Address pc(diversion_->registers(tid).general.rip);
      return plan.range_begin <= pc && pc < plan.range_end;
    };
    Diversion::Stop stop;
    do {
      stop = diversion_->run(tid, limits);
    } while (stop.kind == Diversion::Stop::Kind::stepped && in_range());
    if (!stop.text.empty()) say(stop.text);
    using Kind = Diversion::Stop::Kind;
    told.signal = stop.signal;
    told.kind = stop.kind == Kind::breakpoint ? TargetStop::Kind::breakpoint
                : stop.kind == Kind::stepped  ? TargetStop::Kind::stepped
                                              : TargetStop::Kind::signal;
  } catch (const Error& error) {
    say(std::string("what was called is lost: ") + error.what());
    end_diversion();
    told.kind = TargetStop::Kind::signal;
    told.signal = SIGKILL;
  }
  general_thread_ = tid;  // as the debugger takes it from the answer
  return report(told);
}

}  // namespace ttrace::gdb
