#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/types.h"

namespace ttrace::gdb {

/// What an agent expression may ask of the thread that it is evaluated for. Each answers none or
/// false for what does not exist.
struct AgentContext {
  std::function<std::optional<std::uint64_t>(std::uint16_t number)> register_value;
  std::function<bool(Address at, std::span<std::byte> into)> read;
};

/// Evaluates an expression that a debugger compiled (the bytecode of "The GDB Agent Expression
/// Mechanism" in gdb's manual): the value on top of its stack when it ends. None if it cannot be
/// evaluated: it is malformed, too long, or reads what is not there. Floating point, tracing,
/// printf and trace state variables are not part of a condition, and cannot be evaluated here.
std::optional<std::uint64_t> evaluate_agent_expression(ByteView code, const AgentContext& context);

}  // namespace ttrace::gdb
