#pragma once

#include <string>
#include <vector>

#include "base/cpu_features.h"
#include "rewrite/elf_file.h"

namespace ttrace {

/// What a binary's code asks of a CPU, as found by decoding all its functions.
struct InstructionUse {
  std::vector<std::string> features;  ///< names of base/cpu_features.h, sorted
  /// Instructions whose results the manuals leave open, so that vendors differ, and XGETBV, which
  /// tells of the CPU and the kernel: lower-case mnemonics.
  std::vector<std::string> by_vendor;
  /// It asks what the CPU has (CPUID, IFUNC...) and may hold code for CPUs better than the one it
  /// runs on. What does not ask executes whatever it has.
  bool asks = false;
  /// It saves or restores the extended state itself (XSAVE and its kin).
  bool saves_state = false;
};

/// Decodes an ELF file. Empty for a file that is none. Never throws for the contents of a file.
InstructionUse instruction_use_of(int fd);

/// The same, kept on disk by the file's contents between runs. `directory` as in SiteCache.
InstructionUse instruction_use_of(int fd, const std::string& directory);

/// What a CPU must have for code that ran on a CPU that has `here`, and was told of `visible`.
std::vector<std::string> needed_features(const std::vector<InstructionUse>& uses,
                                         const CpuFeatureSet& visible, const CpuFeatureSet& here);

}  // namespace ttrace
