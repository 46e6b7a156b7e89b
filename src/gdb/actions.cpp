#include "gdb/actions.h"

#include <array>
#include <limits>

namespace ttrace::gdb {
namespace {

std::optional<std::int64_t> parse_id(FieldReader& in) {
  if (in.take('-')) {
    return in.take('1') ? std::optional(ThreadSelector::kAll) : std::nullopt;
  }
  const auto value = in.hex();
  if (!value || *value > std::uint64_t(std::numeric_limits<pid_t>::max())) return {};
  return std::int64_t(*value);
}

struct ActionRow {
  char letter;
  Action::Kind kind;
  bool has_signal;
  bool has_range;
};

constexpr std::array kActions{
    ActionRow{'c', Action::Kind::go_on, false, false},
    ActionRow{'C', Action::Kind::go_on, true, false},
    ActionRow{'s', Action::Kind::step, false, false},
    ActionRow{'S', Action::Kind::step, true, false},
    ActionRow{'r', Action::Kind::step_range, false, true},
    ActionRow{'t', Action::Kind::stop, false, false},
};

const ActionRow* find_action(FieldReader& in) {
  for (const ActionRow& row : kActions) {
    if (in.take(row.letter)) return &row;
  }
  return nullptr;
}

std::optional<Action> parse_action(std::string_view text) {
  FieldReader in(text);
  const ActionRow* row = find_action(in);
  if (!row) return {};
  Action action;
  action.kind = row->kind;
  if (row->has_signal && !in.hex()) return {};
  if (row->has_range) {
    const auto begin = in.hex();
    if (!begin || !in.take(',')) return {};
    const auto end = in.hex();
    if (!end) return {};
    action.range_begin = Address(*begin);
    action.range_end = Address(*end);
  }
  if (in.take(':')) {
    action.who = parse_thread(in);
    if (!action.who) return {};
  }
  if (!in.at_end()) return {};
  return action;
}

}  // namespace

bool ThreadSelector::matches(Pid process, Tid thread) const {
  if (pid && *pid != kAll && *pid != kAny && *pid != process.value()) return false;
  return tid == kAll || tid == kAny || tid == thread.value();
}

std::optional<Tid> ThreadSelector::single() const {
  if (tid <= 0) return {};
  return Tid(pid_t(tid));
}

std::optional<ThreadSelector> parse_thread(FieldReader& in) {
  ThreadSelector selector;
  if (in.take('p')) {
    selector.pid = parse_id(in);
    if (!selector.pid) return {};
    if (!in.take('.')) return selector;
  }
  const auto tid = parse_id(in);
  if (!tid) return {};
  selector.tid = *tid;
  return selector;
}

std::string thread_text(Pid process, Tid thread) {
  return "p" + hex_number(std::uint64_t(process.value())) + "." +
         hex_number(std::uint64_t(thread.value()));
}

std::optional<std::vector<Action>> parse_actions(std::string_view text) {
  FieldReader in(text);
  std::vector<Action> actions;
  while (in.take(';')) {
    const std::string_view rest = in.rest();
    const std::string_view one = rest.substr(0, rest.find(';'));
    in.take(one);
    const auto action = parse_action(one);
    if (!action) return {};
    actions.push_back(*action);
  }
  if (!in.at_end() || actions.empty()) return {};
  return actions;
}

ResumePlan plan_of(const std::vector<Action>& actions, Tid current) {
  ResumePlan plan;
  for (const Action& action : actions) {
    if (action.kind == Action::Kind::stop) continue;
    plan.runs = true;
    if (action.kind == Action::Kind::go_on || plan.step) continue;
    plan.step = action.who ? action.who->single().value_or(current) : current;
    plan.range_begin = action.range_begin;
    plan.range_end = action.range_end;
  }
  return plan;
}

}  // namespace ttrace::gdb
