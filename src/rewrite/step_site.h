#pragma once

#include <Zydis/Zydis.h>

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/registers.h"
#include "base/types.h"

namespace ttrace {

/// Bytes of memory, no more than a register has.
struct SmallOperand {
  Address at;
  std::uint8_t size = 0;  ///< 1, 2, 4 or 8
};

/// What an instruction is to somebody who steps a thread through its code.
struct StepSite {
  /// A system call, an int3: to be run, not to be stepped over.
  bool enters_kernel = false;
  /// Reads or writes memory that other threads may use: neither thread-local nor near the top of
  /// the thread's own stack.
  bool touches_shared = false;
  /// What it reads and writes without a lock, so that on a real CPU another one may write between.
  std::optional<SmallOperand> read_modify_write;
};

class StepSiteDecoder {
 public:
  StepSiteDecoder() {
    ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  }

  /// The instruction at the beginning of `code`, about to be executed with `regs`; nothing is known
  /// of bytes that are no instruction (they count as entering the kernel).
  StepSite decode(ByteView code, const GeneralRegisters& regs) const;

 private:
  ZydisDecoder decoder_;
};

}  // namespace ttrace
