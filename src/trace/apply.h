#pragma once

#include "trace/event.h"

namespace ttrace {

/// Sets the results of an emulated instruction and moves rip behind it.
inline void apply(const InstructionEvent& event, GeneralRegisters& regs) {
  for (const auto& [index, value] : event.results) register_at(regs, index) = value;
  regs.rip = event.rip.value() + event.length;
}

}  // namespace ttrace
