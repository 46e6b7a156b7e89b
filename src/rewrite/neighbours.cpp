#include "rewrite/neighbours.h"

#include <algorithm>

#include "rewrite/relocate.h"

namespace ttrace {
namespace {

constexpr std::uint64_t kRoom = 5;
constexpr std::uint64_t kLongestInstruction = 15;

class Search {
 public:
  Search(const CodeImage& image, const ControlFlow& flow, const TextPatch& patch, bool may_fault)
      : image_(image), flow_(flow), patch_(patch), may_fault_(may_fault) {}

  std::optional<Neighbours> run(const Transfer& branch) {
    const Function& function = flow_.functions[branch.function];
    if (!function.sound || function.unresolved_jump) return std::nullopt;
    if (branch.flow == Flow::loop) return std::nullopt;
    auto own = read(branch.address);
    if (!own) return std::nullopt;
    Neighbours found;
    found.parts.push_back(*own);
    while (room(found) < kRoom && add_before(found, branch.stretch)) continue;
    // A jump's neighbour behind it is not on its way.
    while (branch.flow == Flow::branch && room(found) < kRoom && add_behind(found, function.end))
      continue;
    if (room(found) < kRoom || patch_.touches(found.begin(), found.end())) return std::nullopt;
    return found;
  }

 private:
  static std::uint64_t room(const Neighbours& n) { return n.end() - n.begin(); }

  std::optional<Neighbours::Part> read(std::uint64_t address) {
    const ByteView code = image_.at(address);
    if (!flow_.starts.contains(address) || !decoder_.decode(code, address)) return std::nullopt;
    return Neighbours::Part{decoder_.instruction(), decoder_.details(),
                            code.first(decoder_.instruction().length)};
  }

  bool may_come_along(const Neighbours::Part& part) const {
    // NOPs may be handed out as padding later.
    return part.instruction.flow == Flow::next && !part.instruction.nop &&
           can_move(part.instruction, part.details) && (may_fault_ || cannot_fault(part.details));
  }

  bool add_before(Neighbours& found, std::uint64_t least) {
    const std::uint64_t first = found.begin();
    if (flow_.targets.contains(first)) return false;
    const auto before = flow_.starts.last_before(
        first, std::max(least, first - std::min(first, kLongestInstruction)));
    if (!before) return false;
    const auto part = read(*before);
    if (!part || part->instruction.end() != first || !may_come_along(*part)) return false;
    found.parts.insert(found.parts.begin(), *part);
    ++found.branch;
    return true;
  }

  bool add_behind(Neighbours& found, std::uint64_t end) {
    const std::uint64_t next = found.end();
    if (next >= end || flow_.targets.contains(next)) return false;
    const auto part = read(next);
    if (!part || part->instruction.end() > end || !may_come_along(*part)) return false;
    found.parts.push_back(*part);
    return true;
  }

  const CodeImage& image_;
  const ControlFlow& flow_;
  const TextPatch& patch_;
  const bool may_fault_;
  InstructionDecoder decoder_;
};

}  // namespace

std::optional<Neighbours> find_neighbours(const CodeImage& image, const ControlFlow& flow,
                                          const TextPatch& patch, const Transfer& branch) {
  for (const bool may_fault : {false, true})
    if (auto found = Search(image, flow, patch, may_fault).run(branch)) return found;
  return std::nullopt;
}

}  // namespace ttrace
