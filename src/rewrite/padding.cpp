#include "rewrite/padding.h"

namespace ttrace {
namespace {

constexpr std::uint64_t kDetour = 2;  // bytes of a short jump
constexpr std::uint64_t kFarthestDetour = kDetour + 127;
constexpr std::uint64_t kLongestGap =
    256;  // alignment is never more; beyond it something else lies

/// Whether all bytes are NOPs or INT3.
bool is_padding(ByteView bytes, std::uint64_t address, InstructionDecoder& decoder) {
  while (!bytes.empty()) {
    if (!decoder.decode(bytes, address)) return false;
    const bool trap = bytes[0] == std::byte(0xcc);
    if (!decoder.instruction().nop && !trap) return false;
    bytes = bytes.subspan(decoder.instruction().length);
  }
  return true;
}

/// The end of the last NOP that a detour from the first can lead to.
std::uint64_t end_of_detour(const CodeImage& image, const NopRun& run,
                            InstructionDecoder& decoder) {
  std::uint64_t end = run.begin;
  while (end < run.end && decoder.decode(image.at(end), end) &&
         decoder.instruction().end() - run.begin <= kFarthestDetour) {
    end = decoder.instruction().end();
  }
  return end;
}

}  // namespace

Padding::Padding(const CodeImage& image, const ControlFlow& flow) {
  InstructionDecoder decoder;
  for (std::size_t i = 0; i + 1 < flow.functions.size(); ++i) {
    const Function& before = flow.functions[i];
    const std::uint64_t gap = flow.functions[i + 1].begin - before.end;
    if (!before.sound || !before.ends_with_transfer || gap == 0 || gap > kLongestGap) continue;
    const ByteView bytes = image.at(before.end);
    if (bytes.size() <= gap || flow.targets.any_in(before.end, before.end + gap)) continue;
    if (is_padding(bytes.first(gap), before.end, decoder)) add(before.end, before.end + gap, true);
  }
  for (const NopRun& run : flow.nops) {
    const Function& function = flow.functions[run.function];
    if (!function.sound || (!run.dead && function.unresolved_jump)) continue;
    if (flow.targets.any_in(run.begin + (run.dead ? 0 : 1), run.end)) continue;
    // A run behind which the function ends would go on into nothing: unknown what it is for.
    if (run.end == function.end && !run.dead) continue;
    add(run.begin, run.dead ? run.end : end_of_detour(image, run, decoder), run.dead);
  }
}

void Padding::add(std::uint64_t begin, std::uint64_t end, bool dead) {
  if (end - begin < (dead ? 1 : kDetour + kIsland)) return;
  pieces_[begin] = {end, dead};
}

std::optional<Padding::Island> Padding::take(std::uint64_t from, std::uint64_t to) {
  // What is executed costs a jump each time: only where nothing else is in reach.
  for (const bool dead : {true, false}) {
    const std::uint64_t skip = dead ? 0 : kDetour;
    auto piece = pieces_.lower_bound(from > kLongestGap ? from - kLongestGap : 0);
    for (; piece != pieces_.end() && piece->first + skip <= to; ++piece) {
      const auto [begin, rest] = *piece;
      if (rest.dead != dead) continue;
      // A long piece that begins too early may still have room further on.
      std::uint64_t at = begin + skip;
      if (dead && at < from) at = from;
      if (at < from || at > to || at + kIsland > rest.end) continue;
      pieces_.erase(piece);
      add(begin, dead ? at : begin, true);
      add(at + kIsland, rest.end, true);
      Island island{at, 0, 0};
      if (!dead) {
        island.detour_at = begin;
        island.detour_to = rest.end;
      }
      return island;
    }
  }
  return std::nullopt;
}

std::uint64_t Padding::dead_bytes_at(std::uint64_t address) const {
  const auto piece = pieces_.find(address);
  return piece == pieces_.end() || !piece->second.dead ? 0 : piece->second.end - address;
}

void Padding::take_at(std::uint64_t address, std::uint64_t size) {
  const auto piece = pieces_.find(address);
  const std::uint64_t end = piece->second.end;
  pieces_.erase(piece);
  add(address + size, end, true);
}

}  // namespace ttrace
