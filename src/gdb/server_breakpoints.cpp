// The part of Server that sets breakpoints and watchpoints (Z and z packets).
#include <array>
#include <memory>

#include "gdb/agent_expression.h"
#include "gdb/packets.h"
#include "gdb/server.h"

namespace ttrace::gdb {
namespace {

constexpr const char* kOk = "OK";
constexpr const char* kUnsupported = "";
constexpr const char* kMalformed = "E16";  // EINVAL
constexpr const char* kFault = "E0e";      // EFAULT

/// Longer ones are no variable that anybody watches, and each byte is compared at every event.
constexpr std::uint64_t kLongestWatch = 1 << 16;

constexpr std::uint64_t kSoftware = 0;
constexpr std::uint64_t kHardware = 1;

std::optional<WatchRange::Kind> watch_kind(std::uint64_t type) {
  constexpr std::array kKinds{WatchRange::Kind::write, WatchRange::Kind::read,
                              WatchRange::Kind::access};
  if (type < 2 || type >= 2 + kKinds.size()) return {};
  return kKinds.at(type - 2);
}

/// What follows Z or z: "TYPE,ADDRESS,KIND" and then, after a semicolon, more.
struct Place {
  std::uint64_t type = 0;
  Address at;
  std::uint64_t kind = 0;  ///< of a watchpoint: its length
};

std::optional<Place> parse_place(FieldReader& in) {
  Place place;
  const auto type = in.hex();
  if (!type || !in.take(',')) return {};
  const auto address = in.hex();
  if (!address) return {};
  if (in.take(',')) {
    const auto kind = in.hex();
    if (!kind) return {};
    place.kind = *kind;
  }
  place.type = *type;
  place.at = Address(*address);
  return place;
}

/// "Xlength,bytes" one after the other; other lists (commands) end it. None if malformed.
std::optional<std::vector<Bytes>> parse_conditions(FieldReader& in) {
  std::vector<Bytes> conditions;
  if (!in.take(';')) return conditions;
  while (in.take('X')) {
    const auto length = in.hex();
    if (!length || !in.take(',')) return {};
    const std::string_view digits = in.rest().substr(0, *length * 2);
    const auto code = from_hex(digits);
    if (!code || code->size() != *length) return {};
    in.take(digits);
    const ByteView bytes = bytes_of(std::string_view(*code));
    conditions.emplace_back(bytes.begin(), bytes.end());
  }
  return conditions;
}

/// The registers that conditions are about, by the numbers of the target description.
std::optional<std::uint64_t> general_register(const GeneralRegisters& regs, std::uint16_t number) {
  const std::array values{regs.rax, regs.rbx, regs.rcx, regs.rdx, regs.rsi, regs.rdi,
                          regs.rbp, regs.rsp, regs.r8,  regs.r9,  regs.r10, regs.r11,
                          regs.r12, regs.r13, regs.r14, regs.r15, regs.rip, regs.eflags};
  if (number >= values.size()) return {};
  return values.at(number);
}

}  // namespace

std::string Server::insert_breakpoint(std::string_view arguments) {
  FieldReader in(arguments);
  const auto type = FieldReader(arguments).hex();
  if (type && *type > 4) return kUnsupported;
  const auto place = parse_place(in);
  if (!place) return kMalformed;
  if (const auto kind = watch_kind(place->type)) {
    if (place->kind == 0 || place->kind > kLongestWatch) return kMalformed;
    return target_.insert_watchpoint({*kind, place->at, place->kind}) ? kOk : kFault;
  }
  auto conditions = parse_conditions(in);
  if (!conditions) return kMalformed;
  ServerBreakpoint& breakpoint = breakpoints_[place->at];
  (place->type == kHardware ? breakpoint.hardware : breakpoint.software) = std::move(*conditions);
  const bool there = diversion_ && diversion_->insert_breakpoint(place->at);
  if (target_.insert_breakpoint(place->at, condition_of(breakpoint)) || there) return kOk;
  breakpoints_.erase(place->at);
  return kFault;
}

std::string Server::remove_breakpoint(std::string_view arguments) {
  FieldReader in(arguments);
  const auto type = FieldReader(arguments).hex();
  if (type && *type > 4) return kUnsupported;
  const auto place = parse_place(in);
  if (!place) return kMalformed;
  if (const auto kind = watch_kind(place->type)) {
    target_.remove_watchpoint({*kind, place->at, place->kind});
    return kOk;
  }
  const auto found = breakpoints_.find(place->at);
  if (found == breakpoints_.end()) return kOk;
  ServerBreakpoint& breakpoint = found->second;
  (place->type == kSoftware ? breakpoint.software : breakpoint.hardware).reset();
  if (breakpoint.software || breakpoint.hardware) {
    target_.insert_breakpoint(place->at, condition_of(breakpoint));
  } else {
    breakpoints_.erase(found);
    target_.remove_breakpoint(place->at);
    if (diversion_) diversion_->remove_breakpoint(place->at);
  }
  return kOk;
}

/// One breakpoint without a condition stops always. One that cannot be evaluated counts as true,
/// so that the user sees it.
DebugTarget::Condition Server::condition_of(const ServerBreakpoint& breakpoint) const {
  auto all = std::make_shared<std::vector<Bytes>>();
  for (const auto& conditions : {breakpoint.software, breakpoint.hardware}) {
    if (!conditions) continue;
    if (conditions->empty()) return {};
    all->insert(all->end(), conditions->begin(), conditions->end());
  }
  return [this, all](Tid tid) {
    const GeneralRegisters regs = target_.registers(tid);
    AgentContext context;
    context.register_value = [&](std::uint16_t number) { return general_register(regs, number); };
    context.read = [&](Address at, std::span<std::byte> into) {
      return target_.read_memory(at, into) == into.size();
    };
    for (const Bytes& code : *all) {
      if (evaluate_agent_expression(code, context).value_or(1) != 0) return true;
    }
    return false;
  };
}

}  // namespace ttrace::gdb
