#include <elf.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/registers.h"
#include "base/types.h"
#include "rewrite/agent_site.h"
#include "rewrite/code_image.h"
#include "rewrite/content_key.h"
#include "rewrite/control_flow.h"
#include "rewrite/entry_points.h"
#include "rewrite/flag_liveness.h"
#include "rewrite/neighbours.h"
#include "rewrite/padding.h"
#include "rewrite/small_loop.h"
#include "rewrite/stubs.h"
#include "rewrite/text_patch.h"
#include "rewrite/tick_plan.h"

namespace ttrace {
namespace {

using Kind = PlanReport::Kind;
using How = PlanReport::How;

constexpr std::uint64_t kNearJump = 5;
constexpr std::uint64_t kShortReach = 127;
constexpr std::uint64_t kMostLoop = 160;    // bytes of a loop that may be copied
constexpr std::uint64_t kLowest = 0x10000;  // mappings below are refused
constexpr std::uint64_t kHighest = 0x6f000000;
constexpr std::uint64_t kAboveImage = std::uint64_t(64) << 20;
constexpr std::uint64_t kAboveAlign = std::uint64_t(16) << 20;
constexpr std::uint64_t kReach = std::uint64_t(1) << 31;
constexpr unsigned kCallPushes = 8;

/// A site as linked.
struct LocatedSite {
  std::uint64_t address = 0;
  Site site;
};

/// Adds those whose results the agent can set.
void add_agent_sites(const std::vector<LocatedSite>& located, AgentSites& sites) {
  for (const auto& [address, site] : located)
    if (agent::can_set(site.destination))
      sites[address] = agent::InstructionWord{agent::InstructionKind(site.kind), site.length,
                                              site.destination, site.width};
}

/// One run over one binary. Long transfers are patched first, then short ones with what is left of
/// the padding; last what the agent does.
class Planner {
 public:
  /// `agent_sites` but for the system calls.
  Planner(const ElfFile& file, const CodeImage& image, AgentSites agent_sites, PlanReport& report,
          bool sparse)
      : file_(file),
        image_(image),
        report_(report),
        relocations_(read_relocations(file)),
        flow_(scan_control_flow(image, functions_of(file), file.fixed_address())),
        carried_away_(image.begin(), image.end()),
        patch_(image),
        sparse_(sparse),
        agent_sites_(std::move(agent_sites)) {
    for (const std::uint64_t at : flow_.system_calls) agent_sites_[at] = std::nullopt;
    add_entry_points(file, image, relocations_, flow_);
    padding_.emplace(image, flow_);
  }

  void count_cycles() {
    report_.functions = flow_.functions.size();
    report_.unsound_functions =
        std::uint64_t(std::count_if(flow_.functions.begin(), flow_.functions.end(),
                                    [](const Function& f) { return !f.sound; }));
    find_loop_ends();
    std::vector<const Transfer*> later;
    for (const Transfer& transfer : flow_.transfers) {
      if (is_short(transfer))
        later.push_back(&transfer);
      else
        note(transfer, patch_long(transfer));
    }
    for (const Transfer* transfer : later) note(*transfer, patch_short(*transfer));
  }

  void lead_to_agent() {
    report_.system_calls = flow_.system_calls.size();
    for (const auto& site : agent_sites_)
      if (lead_to_agent(site) || behind_counts_.contains(site.first)) ++patched(site.second);
  }

  StubCode& stubs() { return stubs_; }
  TextPatch& patch() { return patch_; }

 private:
  /// The procedure linkage table is described as one function, but nothing in it closes a cycle
  /// that its callers do not close.
  static std::vector<FunctionRange> functions_of(const ElfFile& file) {
    std::vector<FunctionRange> functions = functions_from_eh_frame(file);
    for (const char* name : {".plt", ".plt.got", ".plt.sec", ".iplt"}) {
      const ElfSection* section = file.section_named(name);
      if (!section) continue;
      std::erase_if(functions, [&](const FunctionRange& f) {
        return f.begin >= section->address && f.begin < section->address + section->size;
      });
    }
    return functions;
  }

  static bool is_short(const Transfer& t) {
    return t.flow != Flow::call && t.flow != Flow::indirect_call && t.length < kNearJump;
  }

  bool within_function(const Transfer& t) const {
    return t.target >= flow_.functions[t.function].begin;
  }

  Kind kind_of(const Transfer& t) const {
    switch (t.flow) {
      case Flow::call:
        return Kind::call;
      case Flow::indirect_call:
        return Kind::indirect_call;
      case Flow::indirect_jump:
        return Kind::indirect_jump;
      default:
        return within_function(t) ? Kind::loop_jump : Kind::far_jump;
    }
  }

  void note(const Transfer& t, How how) { ++report_.transfers[kind_of(t)][how]; }

  void find_loop_ends() {
    for (const Transfer& t : flow_.transfers)
      if ((t.flow == Flow::jump || t.flow == Flow::branch) && within_function(t) &&
          t.end() - t.target <= kMostLoop)
        loop_end_[t.target] = t.end();
  }

  /// Why a transfer must not be touched, if so.
  std::optional<How> obstacle(const Transfer& t) const {
    if (!flow_.functions[t.function].sound) return How::unsound;
    if (!t.plain) return How::odd;
    if (!flow_.reached(t)) return How::unreached;
    if (is_direct(t.flow) && (!image_.contains(t.target) || !is_instruction(t.target)))
      return How::odd;
    return std::nullopt;
  }
  /// Code without a description may be a target, the middle of a known instruction may not.
  bool is_instruction(std::uint64_t address) const {
    return flow_.starts.contains(address) || !flow_.function_at(address);
  }

  /// At an entry of the procedure linkage table they are dead: the resolver behind it changes them.
  bool flags_dead(std::uint64_t target) const {
    return flags_dead_at(image_, flow_, target) || slot_of_plt_entry(target) != 0;
  }

  StubCode::Position plain_stub(std::uint64_t target) {
    const auto [known, is_new] = plain_.try_emplace(target, 0);
    if (is_new) {
      const bool dead = flags_dead(target);
      ++report_.plain_targets;
      if (!dead) ++report_.targets_with_live_flags;
      known->second = count(target, dead);
    }
    return known->second;
  }

  /// The stub of a jump: with copies of the loop if it is a small one.
  StubCode::Position jump_stub(std::uint64_t target) {
    const auto end = loop_end_.find(target);
    if (!sparse_ || end == loop_end_.end()) return plain_stub(target);
    const auto known = copied_.find(target);
    if (known != copied_.end()) return known->second;
    const auto loop = SmallLoop::read(image_, flow_, target, end->second);
    // The copies leave the loop by a jump to its end: nothing else may claim that place.
    if (!loop || carried_away_.contains(end->second)) {
      loop_end_.erase(end);
      return plain_stub(target);
    }
    flow_.targets.add(end->second);
    for (const std::uint64_t exit : loop->backward_exits()) plain_stub(exit);
    const bool dead = flags_dead(target);
    ++report_.sparse_loops;
    if (!dead) ++report_.targets_with_live_flags;
    const StubCode::Position stub =
        loop->emit(stubs_, dead, [&](std::uint64_t exit) { return plain_stub(exit); });
    return copied_[target] = stub;
  }

  How patch_long(const Transfer& t) {
    if (const auto why = obstacle(t)) return *why;
    switch (t.flow) {
      case Flow::call:
        return patch_call(t);
      case Flow::indirect_call:
        return patch_indirect_call(t);
      case Flow::indirect_jump:
        return patch_indirect_jump(t);
      default:
        if (t.relative_size != 4) return How::odd;
        patch_.aim(t.end(), jump_stub(t.target));
        return How::in_place;
    }
  }

  /// What a jump through a linker's slot closes, its callers close too, unless the slot leads back
  /// into this binary.
  bool leads_away(std::uint64_t slot) const {
    const LinkedSlot* known = relocations_.slot_at(slot);
    return known && !known->own;
  }

  /// A call to an entry of the procedure linkage table: its slot, or 0.
  std::uint64_t slot_of_plt_entry(std::uint64_t address) const {
    if (flow_.function_at(address)) return 0;
    ByteView code = image_.at(address);
    const auto starts_with = [&](std::initializer_list<unsigned> bytes) {
      return code.size() >= bytes.size() &&
             std::equal(bytes.begin(), bytes.end(), code.begin(),
                        [](unsigned a, std::byte b) { return std::byte(a) == b; });
    };
    const auto skip = [&](std::size_t n) {
      code = code.subspan(n);
      address += n;
    };
    if (starts_with({0xf3, 0x0f, 0x1e, 0xfa})) skip(4);  // endbr64
    if (starts_with({0xf2})) skip(1);                    // bnd
    if (!starts_with({0xff, 0x25}) || code.size() < 6) return 0;
    std::int32_t distance;
    std::memcpy(&distance, code.data() + 2, sizeof distance);
    return address + 6 + std::uint64_t(std::int64_t(distance));
  }

  How patch_call(const Transfer& t) {
    if (t.relative_size != 4) return How::odd;
    if (const std::uint64_t slot = slot_of_plt_entry(t.target); slot != 0 && leads_away(slot))
      return How::not_needed;
    if (!patch_.touches(t.address, t.end())) patch_.aim(t.end(), plain_stub(t.target));
    return How::in_place;
  }

  bool decode(const Transfer& t) { return decoder_.decode(image_.at(t.address), t.address); }
  ByteView bytes_of_transfer(const Transfer& t) const {
    return image_.at(t.address).first(t.length);
  }

  /// `call *memory` of six bytes and more: filler, then a call of five bytes that pushes the same
  /// return address.
  How patch_indirect_call(const Transfer& t) {
    if (t.memory != 0 && leads_away(t.memory)) return How::not_needed;
    if (t.length <= kNearJump) return How::no_room;
    decode(t);
    const auto operand = operand_of(decoder_.instruction(), decoder_.details());
    constexpr std::uint8_t kStackPointer = register_index(offsetof(GeneralRegisters, rsp));
    // The stub's stack is one word deeper than the operand means.
    if (!operand || operand->in_register || operand->base == kStackPointer) return How::odd;
    const StubCode::Position stub =
        stubs_.count_and_jump_indirect(decoder_.instruction(), decoder_.details(),
                                       bytes_of_transfer(t), *operand, true, kCallPushes);
    const std::uint64_t filler = t.length - kNearJump;
    static constexpr unsigned kOperandSize = 0x66;
    if (filler == 1)
      patch_.write(t.address, {0x90});
    else if (filler == 2)
      patch_.write(t.address, {kOperandSize, 0x90});
    else if (filler == 3)
      patch_.write(t.address, {0x0f, 0x1f, 0x00});
    else
      patch_.write(t.address, {0x0f, 0x1f, 0x40, 0x00});
    if (filler > 4) return How::odd;  // no such call exists
    patch_.write(t.address + filler, {0xe8});
    patch_.aim(t.end(), stub);
    patch_.explain(t.address, t.length, t.address);
    return How::in_place;
  }

  /// Forward only, if the whole table is known.
  bool only_forward(const Transfer& t) {
    if (t.table == 0) return false;
    const std::vector<std::uint64_t> targets = read_jump_table(file_, flow_, t.table);
    return !targets.empty() && *std::min_element(targets.begin(), targets.end()) > t.address;
  }

  /// Flags are dead at an indirect jump if they are at each entry of its table.
  bool flags_dead_behind(const Transfer& t) const {
    if (t.table == 0) return false;
    const std::vector<std::uint64_t> targets = read_jump_table(file_, flow_, t.table);
    return !targets.empty() && std::all_of(targets.begin(), targets.end(),
                                           [&](std::uint64_t at) { return flags_dead(at); });
  }

  std::optional<StubCode::Position> indirect_jump_stub(const Transfer& t) {
    decode(t);
    const auto operand = operand_of(decoder_.instruction(), decoder_.details());
    if (!operand) return std::nullopt;
    return stubs_.count_and_jump_indirect(decoder_.instruction(), decoder_.details(),
                                          bytes_of_transfer(t), *operand, flags_dead_behind(t), 0);
  }

  How patch_indirect_jump(const Transfer& t) {
    if (t.memory != 0 && leads_away(t.memory)) return How::not_needed;
    const auto stub = indirect_jump_stub(t);
    if (!stub) return How::odd;
    patch_.jump(t.address, *stub);
    patch_.fill(t.address + kNearJump, t.end());
    patch_.explain(t.address, kNearJump, t.address);
    return How::in_place;
  }

  How patch_short(const Transfer& t) {
    if (const auto why = obstacle(t)) return *why;
    if (t.flow == Flow::indirect_jump) return patch_short_indirect(t);
    if (t.relative_size != 1) return How::odd;
    if (t.flow == Flow::jump && t.length == 2 &&
        padding_->dead_bytes_at(t.end()) >= kNearJump - t.length) {
      padding_->take_at(t.end(), kNearJump - t.length);
      patch_.jump(t.address, jump_stub(t.target));
      return How::lengthened;
    }
    if (const auto island = known_island(t)) {
      aim_short(t, *island);
      return How::shared;
    }
    if (const auto island = new_island(t)) {
      patch_.jump(*island, jump_stub(t.target));
      patch_.explain(*island, kNearJump, t.target);
      islands_[t.target].push_back(*island);
      aim_short(t, *island);
      return How::island;
    }
    if (passes_counted_call(t)) return How::elsewhere;
    return carry(t) ? How::carried : How::no_room;
  }

  How patch_short_indirect(const Transfer& t) {
    if (t.memory != 0 && leads_away(t.memory)) return How::not_needed;
    if (only_forward(t)) return How::not_needed;
    const std::uint64_t missing = kNearJump - t.length;
    if (padding_->dead_bytes_at(t.end()) >= missing) {
      const auto stub = indirect_jump_stub(t);
      if (!stub) return How::odd;
      padding_->take_at(t.end(), missing);
      patch_.jump(t.address, *stub);
      patch_.explain(t.address, kNearJump, t.address);
      return How::lengthened;
    }
    decode(t);
    if (!operand_of(decoder_.instruction(), decoder_.details())) return How::odd;
    const auto island = new_island(t, t.address + 2);
    if (!island) return carry_indirect(t) ? How::carried : How::no_room;
    patch_.jump(*island, *indirect_jump_stub(t));
    patch_.explain(*island, kNearJump, t.address);
    patch_.write(t.address, {0xeb, unsigned(*island - (t.address + 2)) & 0xff});
    patch_.fill(t.address + 2, t.end());
    patch_.explain(t.address, 2, t.address);
    return How::island;
  }

  static bool in_reach(std::uint64_t end, std::uint64_t place) {
    const auto distance = std::int64_t(place - end);
    return distance >= -128 && distance <= 127;
  }

  std::optional<std::uint64_t> known_island(const Transfer& t) const {
    const auto known = islands_.find(t.target);
    if (known == islands_.end()) return std::nullopt;
    for (const std::uint64_t island : known->second)
      if (in_reach(t.end(), island)) return island;
    return std::nullopt;
  }

  std::optional<std::uint64_t> new_island(const Transfer& t, std::uint64_t end = 0) {
    if (end == 0) end = t.end();
    const auto island = padding_->take(end - kShortReach - 1, end + kShortReach);
    if (!island || carried_away_.contains(island->detour_to)) return std::nullopt;
    if (island->detour_at != 0) flow_.targets.add(island->detour_to);
    if (island->detour_at != 0)
      patch_.write(island->detour_at,
                   {0xeb, unsigned(island->detour_to - (island->detour_at + 2)) & 0xff});
    return island->address;
  }

  void aim_short(const Transfer& t, std::uint64_t island) {
    patch_.write(t.end() - 1, {unsigned(island - t.end()) & 0xff});
  }

  /// A call on the way of every turn through the loop that a branch closes; makes it count.
  bool passes_counted_call(const Transfer& t) {
    std::uint64_t skipped_to = 0;  // branches lead at most here
    for (std::uint64_t at = t.target; at < t.address; at = decoder_.instruction().end()) {
      if (!flow_.starts.contains(at) || !decoder_.decode(image_.at(at), at)) return false;
      const Instruction& instruction = decoder_.instruction();
      if (instruction.flow == Flow::indirect_jump) return false;
      if (instruction.flow == Flow::call && skipped_to <= at && instruction.plain &&
          instruction.relative_size == 4 && image_.contains(instruction.target) &&
          is_instruction(instruction.target)) {
        if (!patch_.touches(at, instruction.end()))
          patch_.aim(instruction.end(), plain_stub(instruction.target));
        return true;
      }
      if (is_direct(instruction.flow) && instruction.flow != Flow::call &&
          instruction.target <= t.address)
        skipped_to = std::max(skipped_to, instruction.target);
    }
    return false;
  }

  bool carry(const Transfer& t) {
    // First: a copied loop makes its end a target.
    const StubCode::Position target = jump_stub(t.target);
    const auto found = find_neighbours(image_, flow_, patch_, t);
    if (!found) return false;
    const StubCode::Position stub = stubs_.size();
    for (std::size_t i = 0; i < found->parts.size(); ++i) {
      const auto& [instruction, details, bytes] = found->parts[i];
      if (i != found->branch)
        stubs_.copy(instruction, details, bytes);
      else if (t.flow == Flow::jump)
        stubs_.bind(stubs_.jump(instruction), target);
      else
        stubs_.bind(stubs_.branch(details.opcode & 15, instruction), target);
    }
    if (t.flow == Flow::branch) {
      stubs_.jump_to_text(found->end(), found->end(), false);
      flow_.targets.add(found->end());
    }
    replace(found->begin(), found->end(), stub);
    return true;
  }

  bool carry_indirect(const Transfer& t) {
    const auto found = find_neighbours(image_, flow_, patch_, t);
    if (!found) return false;
    const StubCode::Position stub = stubs_.size();
    for (std::size_t i = 0; i < found->branch; ++i) {
      const auto& [instruction, details, bytes] = found->parts[i];
      stubs_.copy(instruction, details, bytes);
    }
    indirect_jump_stub(t);  // goes on where the copies end
    replace(found->begin(), found->end(), stub);
    return true;
  }

  /// Takes the way to a site through a stub that may let the agent execute it. The instruction
  /// itself stays, for everybody else who comes there. What is patched is left alone.
  bool lead_to_agent(const AgentSites::value_type& site) {
    const auto& [at, word] = site;
    const Function* function = flow_.function_at(at);
    if (!function || !function->sound || carried_away_.contains(at)) return false;
    const auto found = find_approach(image_, flow_, patch_, *function, site);
    if (!found || is_never_made(word, found->way)) return false;
    const StubCode::Position stub = stubs_.size();
    for (const auto& [instruction, details, bytes] : found->way) {
      if (instruction.flow == Flow::branch)
        stubs_.branch_to_text(details.opcode & 15, instruction.target, instruction);
      else
        stubs_.copy(instruction, details, bytes);
    }
    stubs_.call_agent(at, word);
    const std::uint64_t begin = found->way.front().instruction.address;
    replace(begin, begin + found->replaced, stub);
    return true;
  }

  /// Counts one tick, then goes on at `target`, or through copies of what is there to the agent: a
  /// loop that begins with such an instruction never comes to it by the way that leads to the loop.
  StubCode::Position count(std::uint64_t target, bool flags_dead) {
    const Function* function = flow_.function_at(target);
    const auto ahead = function && function->sound
                           ? find_site_ahead(image_, flow_, agent_sites_, target)
                           : std::nullopt;
    if (!ahead || is_never_made(ahead->site->second, ahead->way))
      return stubs_.count_and_jump(target, flags_dead);
    const StubCode::Position stub = stubs_.count_and_continue(target, flags_dead);
    for (const auto& [instruction, details, bytes] : ahead->way)
      stubs_.copy(instruction, details, bytes);
    stubs_.call_agent(ahead->site->first, ahead->site->second);
    behind_counts_.insert(ahead->site->first);
    return stub;
  }

  /// Where the report counts those that the agent may execute.
  std::uint64_t& patched(const AgentWord& word) {
    if (!word) return report_.patched_system_calls;
    const bool reads =
        word->kind == agent::InstructionKind::rdtsc || word->kind == agent::InstructionKind::rdtscp;
    return reads ? report_.patched_counter_reads : report_.patched_sites;
  }

  /// Makes a jump of the first of these instructions.
  void replace(std::uint64_t begin, std::uint64_t end, StubCode::Position stub) {
    for (std::uint64_t i = begin + 1; i < end; ++i) carried_away_.add(i);
    patch_.jump(begin, stub);
    patch_.explain(begin, kNearJump, begin);
    patch_.fill(begin + kNearJump, end);
  }

  const ElfFile& file_;
  const CodeImage& image_;
  PlanReport& report_;
  const Relocations relocations_;
  ControlFlow flow_;
  std::optional<Padding> padding_;
  AddressSet carried_away_;  // bytes behind the jump that replaced an instruction and neighbours
  TextPatch patch_;
  StubCode stubs_;
  InstructionDecoder decoder_;
  const bool sparse_;
  AgentSites agent_sites_;
  std::set<std::uint64_t> behind_counts_;  // sites that stubs lead to which count
  std::unordered_map<std::uint64_t, std::uint64_t> loop_end_;  // by head
  std::unordered_map<std::uint64_t, StubCode::Position> plain_;
  std::unordered_map<std::uint64_t, StubCode::Position> copied_;
  std::unordered_map<std::uint64_t, std::vector<std::uint64_t>> islands_;
};

std::vector<LocatedSite> locate(const CodeImage& image, const std::vector<Site>& sites) {
  std::vector<LocatedSite> located;
  for (const Site& site : sites)
    for (const TextSegment& text : image.segments()) {
      const std::uint64_t address = text.address + (site.file_offset - text.offset);
      if (address >= text.begin && address < text.end) located.push_back({address, site});
    }
  return located;
}

/// The INT3 of the sites whose results are inputs.
void patch_sites(const std::vector<LocatedSite>& sites, TextPatch& patch) {
  for (const auto& [address, site] : sites)
    if (!patch.touches(address, address + site.length)) patch.write(address, {0xcc});
}

/// Linked address of stubs of `size` bytes; empty where they do not fit.
std::optional<std::uint64_t> stub_address(const ElfFile& file, const CodeImage& image,
                                          std::uint64_t size) {
  if (!file.fixed_address()) return image.image_begin() - size;
  if (image.image_begin() >= kLowest + size) return image.image_begin() - size;
  const std::uint64_t above =
      (image.image_end() + kAboveAlign - 1) / kAboveAlign * kAboveAlign + kAboveImage;
  if (above + size > kHighest) return std::nullopt;
  return above;
}

std::optional<Bytes> build(int fd, PlanReport& report, const PlanOptions& options) {
  const auto refuse = [&](const char* why) {
    report.refusal = why;
    return std::nullopt;
  };
  const std::optional<ElfFile> file = ElfFile::open(fd);
  if (!file) return refuse("no ELF file for x86-64");
  std::optional<CodeImage> image = CodeImage::load(*file, report.refusal);
  if (!image) return std::nullopt;
  const std::optional<ContentKey> key = content_key_of(*file);
  if (!key) return refuse("it is too large");
  for (const TextSegment& text : image->segments()) report.text_bytes += text.end - text.begin;

  const SitePlan sites = analyse_sites(fd);
  std::vector<LocatedSite> located;
  AgentSites agent_sites;
  if (options.sites) {
    located = locate(*image, sites.sites);
    add_agent_sites(located, agent_sites);
    add_agent_sites(locate(*image, sites.counter_reads), agent_sites);
  }
  Planner planner(*file, *image, std::move(agent_sites), report, options.sparse);
  if (options.counts) planner.count_cycles();
  planner.lead_to_agent();
  patch_sites(located, planner.patch());

  TickPlanContents contents;
  contents.key = *key;
  contents.sites = sites.sites;
  contents.warning = sites.warning;
  if (options.counts && report.functions == 0)
    contents.warning = "no .eh_frame: its loops are not counted" +
                       (sites.warning.empty() ? "" : "; " + sites.warning);
  StubCode& stubs = planner.stubs();
  report.stub_bytes = stubs.size();
  const std::uint64_t size = page_ceil(stubs.size());
  const auto address = options.address ? options.address : stub_address(*file, *image, size);
  if (!address) return refuse("no room for its stubs");
  contents.origin =
      std::int64_t(*address) < std::int64_t(image->image_begin()) ? *address : image->image_begin();
  contents.span = std::max(*address + size - contents.origin, image->image_end() - contents.origin);
  if (contents.span > kReach) return refuse("its stubs would be out of reach");
  stubs.place(*address, contents.origin);
  planner.patch().apply(*image, *address);

  contents.stubs.where = {*address, size, 0, 0};
  contents.stubs.bytes = stubs.code();
  contents.stubs.bytes.resize(size, std::byte(0xcc));
  for (TextSegment& text : image->segments())
    contents.text.push_back(
        {{text.address, text.bytes.size(), text.offset, 0}, std::move(text.bytes)});
  contents.modified = planner.patch().modified();
  contents.due = std::move(stubs.due());
  contents.places = std::move(stubs.places());
  const auto in_text = planner.patch().places(contents.origin);
  contents.places.insert(contents.places.end(), in_text.begin(), in_text.end());
  std::sort(contents.places.begin(), contents.places.end(),
            [](const auto& a, const auto& b) { return a.at < b.at; });
  return encode_tick_plan(std::move(contents));
}

}  // namespace

std::optional<Bytes> build_tick_plan(int fd, PlanReport& report, const PlanOptions& options) {
  report = {};
  return build(fd, report, options);
}

}  // namespace ttrace
