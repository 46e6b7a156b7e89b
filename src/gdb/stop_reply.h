#pragma once

#include <string>

#include "base/registers.h"
#include "gdb/register_layout.h"
#include "gdb/target.h"

namespace ttrace::gdb {

/// What the debugger said in qSupported that it understands.
struct ClientFeatures {
  bool swbreak = false;
  bool hwbreak = false;
  bool exec_events = false;
};

/// The packet that tells a debugger why its program stands; `hardware`: the breakpoint there was
/// asked for as a hardware one. Ends the program for it (X) after TargetStop::Kind::diverged.
std::string stop_reply(const TargetStop& stop, Pid process, const GeneralRegisters& registers,
                       const ClientFeatures& client, const RegisterLayout& layout, bool hardware);
/// The same for a target that is lost: no registers can be had.
std::string lost_reply(Pid process);

}  // namespace ttrace::gdb
