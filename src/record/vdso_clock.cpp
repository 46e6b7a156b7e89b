#include "record/vdso_clock.h"

#include <dlfcn.h>
#include <elf.h>
#include <sys/auxv.h>

#include <algorithm>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "rewrite/instruction.h"

namespace ttrace {
namespace {

/// The image that the kernel mapped here; empty if it did not.
ByteView image() {
  const std::uint64_t base = getauxval(AT_SYSINFO_EHDR);
  if (base == 0) return {};
  const auto& header = *reinterpret_cast<const Elf64_Ehdr*>(base);
  const std::span programs(reinterpret_cast<const Elf64_Phdr*>(base + header.e_phoff),
                           header.e_phnum);
  for (const Elf64_Phdr& program : programs) {
    if (program.p_type == PT_LOAD && program.p_offset == 0) {
      return {reinterpret_cast<const std::byte*>(base), program.p_filesz};
    }
  }
  return {};
}

bool uses_vectors(const ZydisDecodedInstruction& d) {
  constexpr ZydisISASet kVectors[] = {
      ZYDIS_ISA_SET_PENTIUMMMX, ZYDIS_ISA_SET_SSE,   ZYDIS_ISA_SET_SSE2, ZYDIS_ISA_SET_SSE2MMX,
      ZYDIS_ISA_SET_SSE3,       ZYDIS_ISA_SET_SSSE3, ZYDIS_ISA_SET_SSE4, ZYDIS_ISA_SET_SSE42,
      ZYDIS_ISA_SET_X87,        ZYDIS_ISA_SET_FCMOV};
  return d.encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY ||
         std::find(std::begin(kVectors), std::end(kVectors), d.meta.isa_set) != std::end(kVectors);
}

std::optional<std::uint64_t> find() {
  const std::unique_ptr<void, int (*)(void*)> library(
      dlopen("linux-vdso.so.1", RTLD_NOW | RTLD_NOLOAD), &dlclose);
  if (!library) return std::nullopt;
  const auto* const function =
      static_cast<const std::byte*>(dlsym(library.get(), "__vdso_clock_gettime"));
  const ByteView vdso = image();
  if (function < vdso.data() || function >= vdso.data() + vdso.size()) return std::nullopt;
  const auto offset = std::uint64_t(function - vdso.data());
  return leaves_vectors_alone(vdso, offset) ? std::optional(offset) : std::nullopt;
}

}  // namespace

bool leaves_vectors_alone(ByteView code, std::uint64_t start) {
  InstructionDecoder decoder;
  std::vector<std::uint64_t> to_do = {start};
  std::set<std::uint64_t> seen;
  while (!to_do.empty()) {
    std::uint64_t at = to_do.back();
    to_do.pop_back();
    while (seen.insert(at).second) {
      if (at >= code.size() || !decoder.decode(code.subspan(at), at)) return false;
      const Instruction& instruction = decoder.instruction();
      const Flow flow = instruction.flow;
      if (uses_vectors(decoder.details()) || flow == Flow::indirect_jump ||
          flow == Flow::indirect_call) {
        return false;
      }
      if (is_direct(flow)) to_do.push_back(instruction.target);
      if (ends_block(flow)) break;
      at = instruction.end();
    }
  }
  return true;
}

std::optional<std::uint64_t> vdso_clock_offset() {
  static const std::optional<std::uint64_t> found = find();
  return found;
}

}  // namespace ttrace
