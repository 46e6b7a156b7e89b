#include "rewrite/decode.h"

#include <Zydis/Zydis.h>
#include <emmintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>

#include "base/registers.h"

namespace ttrace {
namespace {

/// From the number of a register in an instruction to its index in GeneralRegisters.
constexpr std::array<std::uint8_t, 16> kRegisterOfEncoding = {
    register_index(offsetof(GeneralRegisters, rax)),
    register_index(offsetof(GeneralRegisters, rcx)),
    register_index(offsetof(GeneralRegisters, rdx)),
    register_index(offsetof(GeneralRegisters, rbx)),
    register_index(offsetof(GeneralRegisters, rsp)),
    register_index(offsetof(GeneralRegisters, rbp)),
    register_index(offsetof(GeneralRegisters, rsi)),
    register_index(offsetof(GeneralRegisters, rdi)),
    register_index(offsetof(GeneralRegisters, r8)),
    register_index(offsetof(GeneralRegisters, r9)),
    register_index(offsetof(GeneralRegisters, r10)),
    register_index(offsetof(GeneralRegisters, r11)),
    register_index(offsetof(GeneralRegisters, r12)),
    register_index(offsetof(GeneralRegisters, r13)),
    register_index(offsetof(GeneralRegisters, r14)),
    register_index(offsetof(GeneralRegisters, r15)),
};

class Decoder {
 public:
  Decoder() { ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64); }

  /// False for bytes that are no instruction or only the beginning of one.
  bool decode(ByteView code) {
    ZydisDecoderContext context;
    return ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder_, &context, code.data(), code.size(),
                                                      &instruction_));
  }
  const ZydisDecodedInstruction& instruction() const { return instruction_; }

  std::optional<Site> site(std::uint64_t file_offset) const {
    Site site;
    site.file_offset = file_offset;
    site.length = instruction_.length;
    switch (instruction_.mnemonic) {
      case ZYDIS_MNEMONIC_CPUID:
        site.kind = InstructionEvent::Kind::cpuid;
        return site;
      case ZYDIS_MNEMONIC_RDTSC:
        site.kind = InstructionEvent::Kind::rdtsc;
        return site;
      case ZYDIS_MNEMONIC_RDTSCP:
        site.kind = InstructionEvent::Kind::rdtscp;
        return site;
      case ZYDIS_MNEMONIC_RDRAND:
        site.kind = InstructionEvent::Kind::rdrand;
        break;
      case ZYDIS_MNEMONIC_RDSEED:
        site.kind = InstructionEvent::Kind::rdseed;
        break;
      default:
        return std::nullopt;
    }
    const unsigned extension = instruction_.raw.rex.B ? 8 : 0;
    site.destination = kRegisterOfEncoding[(instruction_.raw.modrm.rm & 7) | extension];
    site.width = std::uint8_t(instruction_.operand_width / 8);
    return site;
  }

 private:
  ZydisDecoder decoder_;
  ZydisDecodedInstruction instruction_;
};

}  // namespace

std::uint8_t register_of_encoding(unsigned number) { return kRegisterOfEncoding[number & 15]; }

std::optional<Site> site_at(ByteView code, std::uint64_t file_offset) {
  Decoder decoder;
  if (!decoder.decode(code)) return std::nullopt;
  return decoder.site(file_offset);
}

DecodedFunction decode_function(ByteView code, std::uint64_t file_offset) {
  DecodedFunction result;
  Decoder decoder;
  std::vector<std::uint64_t> targets;  // of direct branches, relative to the function
  while (result.decoded < code.size()) {
    if (!decoder.decode(code.subspan(result.decoded))) break;
    if (const auto site = decoder.site(file_offset + result.decoded)) result.sites.push_back(*site);
    const ZydisDecodedInstruction& instruction = decoder.instruction();
    result.decoded += instruction.length;
    if (instruction.raw.imm[0].is_relative)
      targets.push_back(result.decoded + std::uint64_t(instruction.raw.imm[0].value.s));
  }
  if (result.sites.empty()) return result;

  std::sort(targets.begin(), targets.end());
  const auto agreed =
      std::stable_partition(result.sites.begin(), result.sites.end(), [&](const Site& site) {
        const std::uint64_t begin = site.file_offset - file_offset;
        const auto inside = std::upper_bound(targets.begin(), targets.end(), begin);
        return inside == targets.end() || *inside >= begin + site.length;
      });
  result.contradicted.assign(agreed, result.sites.end());
  result.sites.erase(agreed, result.sites.end());
  return result;
}

bool reads_like_code(ByteView code) {
  Decoder decoder;
  while (!code.empty()) {
    if (!decoder.decode(code)) return false;
    const ZydisDecodedInstruction& instruction = decoder.instruction();
    if (instruction.attributes & ZYDIS_ATTRIB_IS_PRIVILEGED) return false;
    switch (instruction.meta.category) {
      case ZYDIS_CATEGORY_RET:
      case ZYDIS_CATEGORY_UNCOND_BR:
        return instruction.meta.branch_type != ZYDIS_BRANCH_TYPE_FAR;
      case ZYDIS_CATEGORY_IO:
      case ZYDIS_CATEGORY_IOSTRINGOP:
      case ZYDIS_CATEGORY_INTERRUPT:
        return false;
      default:
        code = code.subspan(instruction.length);
    }
  }
  return true;
}

void find_candidates(ByteView bytes, std::uint64_t base, std::vector<Candidate>& found) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const auto check = [&](std::size_t at) {
    if (data[at] != 0x0f) return;
    const std::uint8_t second = data[at + 1];
    const std::uint8_t third = data[at + 2];
    if (second == 0xa2 || (second == 0xc7 && third >= 0xf0)) found.push_back({base + at, false});
    if (second == 0x31 || (second == 0x01 && third == 0xf9)) found.push_back({base + at, true});
  };
  std::size_t at = 0;
  // 16 positions at a time (SSE2 is part of x86-64): a byte 0F followed by A2, C7, 31 or 01. Nearly
  // every block has none, and this loop is all that most binaries cost.
  const __m128i escape = _mm_set1_epi8(0x0f);
  const __m128i cpuid = _mm_set1_epi8(char(0xa2));
  const __m128i group9 = _mm_set1_epi8(char(0xc7));
  const __m128i rdtsc = _mm_set1_epi8(0x31);
  const __m128i group7 = _mm_set1_epi8(0x01);
  for (; at + 18 <= bytes.size(); at += 16) {
    const __m128i first = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data + at));
    const __m128i second = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data + at + 1));
    const __m128i not_told =
        _mm_or_si128(_mm_cmpeq_epi8(second, cpuid), _mm_cmpeq_epi8(second, group9));
    const __m128i counter =
        _mm_or_si128(_mm_cmpeq_epi8(second, rdtsc), _mm_cmpeq_epi8(second, group7));
    const __m128i both =
        _mm_and_si128(_mm_cmpeq_epi8(first, escape), _mm_or_si128(not_told, counter));
    for (auto mask = unsigned(_mm_movemask_epi8(both)); mask != 0; mask &= mask - 1)
      check(at + std::size_t(std::countr_zero(mask)));
  }
  for (; at + 2 < bytes.size(); ++at) check(at);
}

}  // namespace ttrace
