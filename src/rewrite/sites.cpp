#include "rewrite/sites.h"

#include <elf.h>

#include <algorithm>
#include <iterator>

#include "rewrite/decode.h"
#include "rewrite/elf_file.h"
#include "rewrite/functions.h"

namespace ttrace {
namespace {

// Text is addressed with 32-bit displacements: more than this is no code.
constexpr std::uint64_t kMostCode = std::uint64_t(4) << 30;
// The longest functions of real programs have a tenth of this.
constexpr std::uint64_t kLongestFunction = std::uint64_t(16) << 20;
// How far to look for a return when judging bytes that belong to no function.
constexpr std::uint64_t kCodeToJudge = 1024;
// Chance gives one candidate in 15,000 bytes of code; more than this is a file made to hurt.
constexpr std::size_t kMostCandidates = std::size_t(1) << 21;

/// The executable segments, ascending and not overlapping, together no larger than the file (which
/// bounds the work that a hostile file can ask for).
std::vector<ElfSegment> code_of(const ElfFile& file) {
  std::vector<ElfSegment> code;
  for (const ElfSegment& segment : file.segments())
    if (segment.type == PT_LOAD && (segment.flags & PF_X) && segment.size > 0)
      code.push_back(segment);
  std::sort(code.begin(), code.end(),
            [](const ElfSegment& a, const ElfSegment& b) { return a.address < b.address; });
  std::uint64_t budget = std::min(kMostCode, file.file_size());
  std::uint64_t free_from = 0;
  std::erase_if(code, [&](const ElfSegment& segment) {
    if (segment.address < free_from || segment.size > budget) return true;
    free_from = segment.address + segment.size;
    budget -= segment.size;
    return false;
  });
  return code;
}

/// Executable sections, joined where they touch or overlap.
std::vector<FunctionRange> code_sections_of(const ElfFile& file) {
  std::vector<FunctionRange> ranges;
  for (const ElfSection& section : file.sections())
    if ((section.flags & SHF_EXECINSTR) && section.size > 0 &&
        section.address + section.size > section.address)
      ranges.push_back({section.address, section.address + section.size});
  std::sort(ranges.begin(), ranges.end(),
            [](const FunctionRange& a, const FunctionRange& b) { return a.begin < b.begin; });
  std::vector<FunctionRange> joined;
  for (const FunctionRange& range : ranges) {
    if (joined.empty() || range.begin > joined.back().end)
      joined.push_back(range);
    else
      joined.back().end = std::max(joined.back().end, range.end);
  }
  return joined;
}

/// The element whose range contains `at`, of ranges that are ascending and do not overlap.
const FunctionRange* range_at(const std::vector<FunctionRange>& ranges, std::uint64_t at) {
  auto next = std::upper_bound(
      ranges.begin(), ranges.end(), at,
      [](std::uint64_t value, const FunctionRange& range) { return value < range.begin; });
  if (next == ranges.begin()) return nullptr;
  --next;
  return at < next->end ? &*next : nullptr;
}

/// One run over one file.
class Analysis {
 public:
  explicit Analysis(const ElfFile& file)
      : file_(file), code_(code_of(file)), code_sections_(code_sections_of(file)) {}

  SitePlan run() {
    search();
    SitePlan plan;
    for (const ElfSegment& segment : code_) {
      plan.text.push_back({segment.offset, segment.offset + segment.size});
    }
    if (candidates_.size() > kMostCandidates) {
      plan.warning =
          "too many byte sequences that may be RDRAND, RDSEED or CPUID: none was looked at; a "
          "replay may not reproduce them";
      return plan;
    }
    if (!candidates_.empty()) look_closer(plan);
    // No such byte sequence: certainly no such instruction.
    plan.knows_counter_reads = unsure_counter_reads_ == 0;
    return plan;
  }

 private:
  void look_closer(SitePlan& plan) {
    functions_ = functions_from_eh_frame(file_);
    const bool has_unwind_tables = !functions_.empty();
    separate();
    add_symbols();
    decode();
    plan.warning = warning(has_unwind_tables);
    std::ranges::partition_copy(sites_, std::back_inserter(plan.counter_reads),
                                std::back_inserter(plan.sites), reads_counter);
  }

  void search() {
    for (const ElfSegment& segment : code_) {
      const std::uint64_t to_address = segment.address - segment.offset;
      file_.for_each_piece(segment.offset, segment.size, 2,
                           [&](ByteView piece, std::uint64_t offset) {
                             if (candidates_.size() > kMostCandidates) return;
                             find_candidates(piece, offset + to_address, candidates_);
                           });
      // The search leaves out the last two bytes, where a CPUID may still be.
      const std::uint64_t tail = segment.size >= 2 ? 2 : 0;
      Bytes last = file_.read(segment.offset + segment.size - tail, tail);
      last.push_back(std::byte(0));
      find_candidates(last, segment.address + segment.size - tail, candidates_);
    }
  }

  /// Cuts each function at the end of its segment and at the beginning of the next function, so
  /// that no byte is decoded twice and no site found twice.
  void separate() {
    std::erase_if(functions_, [&](FunctionRange& function) {
      const ElfSegment* segment = segment_of(function.begin);
      if (!segment) return true;
      function.end = std::min(function.end, segment->address + segment->size);
      return false;
    });
    for (std::size_t i = 0; i + 1 < functions_.size(); ++i)
      functions_[i].end = std::min(functions_[i].end, functions_[i + 1].begin);
    std::erase_if(functions_, [](const FunctionRange& f) { return f.end <= f.begin; });
  }

  /// Where unwind tables leave candidates uncovered (assembly without directives, Go), symbols say
  /// where functions begin. They never override the tables.
  void add_symbols() {
    const bool all_covered =
        std::all_of(candidates_.begin(), candidates_.end(),
                    [&](const Candidate& candidate) { return range_at(functions_, candidate.at); });
    if (all_covered) return;
    std::vector<FunctionRange> symbols = functions_from_symbols(file_);
    std::erase_if(symbols, [&](const FunctionRange& s) { return range_at(functions_, s.begin); });
    // Of several names for one place, the longest range counts; one of unknown size reaches as far
    // as the next function or the end of its section.
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      if (symbols[i].end > symbols[i].begin) continue;
      symbols[i].end = code_end_after(symbols[i].begin);
    }
    functions_.insert(functions_.end(), symbols.begin(), symbols.end());
    std::sort(functions_.begin(), functions_.end(),
              [](const FunctionRange& a, const FunctionRange& b) {
                return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
              });
    separate();
  }

  void decode() {
    auto candidate = candidates_.begin();
    while (candidate != candidates_.end()) {
      const FunctionRange* function = range_at(functions_, candidate->at);
      if (!function) {
        if (may_be_code(candidate->at)) note_unsure(candidate->reads_counter);
        ++candidate;
        continue;
      }
      const std::uint64_t decoded_to = decode(*function);
      for (; candidate != candidates_.end() && candidate->at < function->end; ++candidate)
        if (candidate->at >= decoded_to) note_unsure(candidate->reads_counter);
    }
    // Segments that show the same bytes of the file twice would give a site twice.
    std::sort(sites_.begin(), sites_.end(),
              [](const Site& a, const Site& b) { return a.file_offset < b.file_offset; });
    std::uint64_t free_from = 0;
    std::erase_if(sites_, [&](const Site& site) {
      if (site.file_offset < free_from) return true;
      free_from = site.file_offset + site.length;
      return false;
    });
  }

  /// Decodes one function; returns the address up to which that went well.
  std::uint64_t decode(const FunctionRange& function) {
    const ElfSegment* segment = segment_of(function.begin);
    const std::uint64_t offset = segment->offset + (function.begin - segment->address);
    const std::uint64_t size = std::min(function.end - function.begin, kLongestFunction);
    const DecodedFunction decoded = decode_function(file_.read(offset, size), offset);
    sites_.insert(sites_.end(), decoded.sites.begin(), decoded.sites.end());
    for (const Site& site : decoded.contradicted) note_unsure(reads_counter(site));
    return function.begin + decoded.decoded;
  }

  void note_unsure(bool of_counter) { ++(of_counter ? unsure_counter_reads_ : unsure_); }

  const ElfSegment* segment_of(std::uint64_t address) const {
    auto next = std::upper_bound(
        code_.begin(), code_.end(), address,
        [](std::uint64_t value, const ElfSegment& segment) { return value < segment.address; });
    if (next == code_.begin()) return nullptr;
    --next;
    return next->contains(address) ? &*next : nullptr;
  }

  std::uint64_t code_end_after(std::uint64_t address) const {
    if (const FunctionRange* section = range_at(code_sections_, address)) return section->end;
    if (const ElfSegment* segment = segment_of(address)) return segment->address + segment->size;
    return address;
  }

  /// False where sections say that an address in an executable segment is data (older linkers put
  /// .rodata and the unwind tables beside the code), or where the bytes do (tables of constants
  /// between hand-written functions).
  bool may_be_code(std::uint64_t address) const {
    if (!code_sections_.empty() && !range_at(code_sections_, address)) return false;
    const ElfSegment* segment = segment_of(address);
    const std::uint64_t skipped = address - segment->address;
    return reads_like_code(
        file_.read(segment->offset + skipped, std::min(segment->size - skipped, kCodeToJudge)));
  }

  std::string warning(bool has_unwind_tables) const {
    const bool only_counter_reads = std::ranges::all_of(candidates_, &Candidate::reads_counter);
    if (only_counter_reads) return {};
    if (!has_unwind_tables)
      return "no .eh_frame: RDRAND, RDSEED and CPUID were looked for from symbols only; a replay "
             "may not reproduce them";
    if (unsure_ == 0) return {};
    return std::to_string(unsure_) +
           " byte sequence(s) that may be RDRAND, RDSEED or CPUID lie in code that could not be "
           "decoded; if they are executed, a replay may not reproduce them";
  }

  const ElfFile& file_;
  std::vector<ElfSegment> code_;
  std::vector<FunctionRange> code_sections_;
  std::vector<Candidate> candidates_;     // virtual addresses, ascending
  std::vector<FunctionRange> functions_;  // ascending, not overlapping, each in one segment
  std::vector<Site> sites_;
  // Candidates behind an invalid instruction of their function or in no function, and sites that
  // are contradicted.
  unsigned unsure_ = 0;
  unsigned unsure_counter_reads_ = 0;
};

}  // namespace

SitePlan analyse_sites(int fd) {
  const std::optional<ElfFile> file = ElfFile::open(fd);
  if (!file) return {};
  return Analysis(*file).run();
}

}  // namespace ttrace
