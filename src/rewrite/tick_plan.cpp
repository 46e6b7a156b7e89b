#include "rewrite/tick_plan.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/error.h"
#include "base/types.h"

namespace ttrace {
namespace {

constexpr std::array<char, 8> kMagic = {'t', 't', 't', 'i', 'c', 'k', 's', '\n'};
constexpr std::uint32_t kFormat = 1;
constexpr std::uint64_t kMostSegments = 64;
constexpr std::uint64_t kMostSpan = std::uint64_t(1) << 31;
constexpr std::uint8_t kLongestInstruction = 15;

/// The beginning of a plan file. Tables follow in the order of their counts, then the warning, then
/// text and stubs, each from a new page on.
struct Header {
  std::array<char, 8> magic{};
  std::uint32_t format = 0;
  std::uint32_t planner = 0;
  std::uint64_t checksum = 0;  ///< of the whole file with this field 0
  std::uint64_t file_size = 0;
  ContentKey key{};
  std::uint64_t origin = 0;
  std::uint64_t span = 0;
  PlanSegment stubs;
  std::uint64_t segments = 0;
  std::uint64_t sites = 0;
  std::uint64_t modified = 0;
  std::uint64_t due = 0;
  std::uint64_t places = 0;
  std::uint64_t warning = 0;
};

/// Site and ModifiedRange as they lie in the file.
struct SiteRecord {
  std::uint64_t file_offset = 0;
  std::uint8_t kind = 0;
  std::uint8_t length = 0;
  std::uint8_t destination = 0;
  std::uint8_t width = 0;
  std::uint32_t unused = 0;
};

static_assert(sizeof(TickPlan::DueEntry) == 20 && sizeof(TickPlan::PlaceEntry) == 12);

[[noreturn]] void damaged(const char* what) {
  throw TraceError(std::string("tick plan: damaged (") + what +
                   "); delete it, it will be made again");
}

template <class T>
void append(Bytes& out, const std::vector<T>& table) {
  const ByteView bytes = std::as_bytes(std::span(table));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

Bytes read_range(int fd, std::uint64_t offset, std::uint64_t size) {
  Bytes bytes(size);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(fd, bytes.data() + done, size - done, off_t(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("read of a tick plan");
    if (got == 0) damaged("it ends early");
    done += std::size_t(got);
  }
  return bytes;
}

struct FreeState {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

std::uint64_t checksum_of_file(int fd, Header header) {
  const std::unique_ptr<XXH3_state_t, FreeState> state(XXH3_createState());
  XXH3_64bits_reset(state.get());
  header.checksum = 0;
  XXH3_64bits_update(state.get(), &header, sizeof header);
  constexpr std::uint64_t kPiece = 1 << 20;
  for (std::uint64_t at = sizeof header; at < header.file_size; at += kPiece) {
    const Bytes piece = read_range(fd, at, std::min(kPiece, header.file_size - at));
    XXH3_64bits_update(state.get(), piece.data(), piece.size());
  }
  return XXH3_64bits_digest(state.get());
}

/// Takes tables from the bytes behind the header.
class TableReader {
 public:
  explicit TableReader(ByteView bytes) : bytes_(bytes) {}

  template <class Table>
  Table table(std::uint64_t count) {
    const ByteView raw = take(count * sizeof(typename Table::value_type));
    Table result(count);
    if (count > 0) std::memcpy(static_cast<void*>(result.data()), raw.data(), raw.size());
    return result;
  }
  ByteView take(std::uint64_t size) {
    const ByteView raw = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return raw;
  }

 private:
  ByteView bytes_;
};

/// Size of all tables; checked against the file before anything is allocated.
std::uint64_t size_of_tables(const Header& h) {
  std::uint64_t total = 0;
  const auto add = [&](std::uint64_t count, std::uint64_t size) {
    if (count > (h.file_size - total) / size) damaged("a table exceeds the file");
    total += count * size;
  };
  add(h.segments, sizeof(PlanSegment));
  add(h.sites, sizeof(SiteRecord));
  add(h.modified, sizeof(ModifiedRange));
  add(h.due, sizeof(TickPlan::DueEntry));
  add(h.places, sizeof(TickPlan::PlaceEntry));
  add(h.warning, 1);
  return total;
}

bool is_page_range(const PlanSegment& s) {
  return s.address % kPageSize == 0 && s.length % kPageSize == 0 &&
         s.original_offset % kPageSize == 0 && s.plan_offset % kPageSize == 0;
}

void check_segment(const PlanSegment& s, const Header& h, std::uint64_t first_page) {
  if (!is_page_range(s)) damaged("a segment is not of whole pages");
  if (s.length > h.file_size || s.plan_offset < first_page ||
      s.plan_offset > h.file_size - s.length)
    damaged("a segment exceeds the file");
  const std::uint64_t place = s.address - h.origin;
  if (place > h.span || s.length > h.span - place) damaged("a segment exceeds the image");
}

bool valid_site(const Site& site) {
  const bool known = site.kind == InstructionEvent::Kind::cpuid ||
                     site.kind == InstructionEvent::Kind::rdrand ||
                     site.kind == InstructionEvent::Kind::rdseed;
  return known && site.length >= 2 && site.length <= kLongestInstruction &&
         site.destination < kRegisterCount &&
         (site.width == 2 || site.width == 4 || site.width == 8);
}

void check_due(const TickPlan::DueEntry& entry, std::uint64_t stubs, const Header& h) {
  using Due = TickPlan::DueEntry;
  const auto is_register = [](std::uint8_t r) { return r == Due::kNone || r < kRegisterCount; };
  const bool in_stubs = entry.at - stubs < h.stubs.length;
  const bool known =
      entry.kind == Due::fixed || entry.kind == Due::in_register || entry.kind == Due::in_memory;
  const bool base_ok =
      is_register(entry.base) || (entry.base == Due::kImage && entry.kind == Due::in_memory);
  if (!in_stubs || !known || !base_ok || !is_register(entry.index) || entry.target >= h.span ||
      entry.resume >= h.span || (entry.kind == Due::in_register && entry.base == Due::kNone))
    damaged("a due stop makes no sense");
}

}  // namespace

Bytes encode_tick_plan(TickPlanContents contents) {
  Header header;
  header.magic = kMagic;
  header.format = kFormat;
  header.planner = kTickPlannerVersion;
  header.key = contents.key;
  header.origin = contents.origin;
  header.span = contents.span;
  header.segments = contents.text.size();
  header.sites = contents.sites.size();
  header.modified = contents.modified.size();
  header.due = contents.due.size();
  header.places = contents.places.size();
  header.warning = contents.warning.size();
  header.file_size = ~std::uint64_t(0);
  std::uint64_t end = page_ceil(sizeof header + size_of_tables(header));
  std::vector<PlanSegment> segments;
  for (TickPlanContents::Part& part : contents.text) {
    part.where.plan_offset = end;
    end += part.where.length;
    segments.push_back(part.where);
  }
  contents.stubs.where.plan_offset = end;
  header.stubs = contents.stubs.where;
  header.file_size = end + header.stubs.length;

  std::vector<SiteRecord> sites;
  for (const Site& site : contents.sites)
    sites.push_back(
        {site.file_offset, std::uint8_t(site.kind), site.length, site.destination, site.width, 0});
  Bytes out(sizeof header);
  out.reserve(header.file_size);
  append(out, segments);
  append(out, sites);
  append(out, contents.modified);
  append(out, contents.due);
  append(out, contents.places);
  const ByteView warning = bytes_of(std::string_view(contents.warning));
  out.insert(out.end(), warning.begin(), warning.end());
  out.resize(page_ceil(out.size()));
  for (const TickPlanContents::Part& part : contents.text)
    out.insert(out.end(), part.bytes.begin(), part.bytes.end());
  out.insert(out.end(), contents.stubs.bytes.begin(), contents.stubs.bytes.end());
  if (out.size() != header.file_size) throw Error("internal: a tick plan of the wrong size");
  std::memcpy(out.data(), &header, sizeof header);
  header.checksum = XXH3_64bits(out.data(), out.size());
  std::memcpy(out.data(), &header, sizeof header);
  return out;
}

TickPlan TickPlan::open(Fd fd, bool verify) {
  struct stat status;
  if (::fstat(fd.value(), &status) != 0) throw_errno("fstat of a tick plan");
  Header h;
  if (!S_ISREG(status.st_mode) || std::uint64_t(status.st_size) < sizeof h) damaged("too short");
  const Bytes raw = read_range(fd.value(), 0, sizeof h);
  std::memcpy(static_cast<void*>(&h), raw.data(), sizeof h);
  if (h.magic != kMagic) throw TraceError("tick plan: another kind of file");
  if (h.format != kFormat)
    throw TraceError("tick plan: format " + std::to_string(h.format) +
                     ", this version reads format " + std::to_string(kFormat));
  if (h.file_size != std::uint64_t(status.st_size)) damaged("its size is not what it says");
  if (h.span > kMostSpan) damaged("its image is too large");
  const std::uint64_t tables_size = size_of_tables(h);
  if (tables_size > h.file_size - sizeof h || h.segments > kMostSegments)
    damaged("a table exceeds the file");
  if (verify && checksum_of_file(fd.value(), h) != h.checksum) damaged("checksum");

  TickPlan plan;
  const Bytes tables = read_range(fd.value(), sizeof h, tables_size);
  TableReader reader(tables);
  plan.key_ = h.key;
  plan.planner_ = h.planner;
  plan.origin_ = h.origin;
  plan.stubs_ = h.stubs;
  const std::uint64_t first_page = page_ceil(sizeof h + tables_size);
  check_segment(h.stubs, h, first_page);

  plan.segments_ = reader.table<std::vector<PlanSegment>>(h.segments);
  std::uint64_t free_from = 0;
  for (const PlanSegment& segment : plan.segments_) {
    check_segment(segment, h, first_page);
    const std::uint64_t place = segment.address - h.origin;
    const std::uint64_t stubs = h.stubs.address - h.origin;
    if (place < free_from) damaged("segments overlap");
    free_from = place + segment.length;
    if (place < stubs + h.stubs.length && stubs < free_from) damaged("stubs overlap the text");
  }
  std::uint64_t last = 0;
  for (const SiteRecord& record : reader.table<std::vector<SiteRecord>>(h.sites)) {
    Site site;
    site.file_offset = record.file_offset;
    site.kind = InstructionEvent::Kind(record.kind);
    site.length = record.length;
    site.destination = record.destination;
    site.width = record.width;
    if (!valid_site(site) || site.file_offset < last) damaged("a site makes no sense");
    last = site.file_offset + site.length;
    plan.sites_.push_back(site);
  }
  plan.modified_ = reader.table<UnforkedVector<ModifiedRange>>(h.modified);
  last = 0;
  for (const ModifiedRange& range : plan.modified_) {
    const std::uint64_t place = range.address - h.origin;
    const bool in_text =
        std::any_of(plan.segments_.begin(), plan.segments_.end(), [&](const PlanSegment& segment) {
          const std::uint64_t skipped = range.address - segment.address;
          return skipped < segment.length && range.length <= segment.length - skipped;
        });
    if (!in_text || place < last || range.length == 0) damaged("a modified range makes no sense");
    last = place + range.length;
  }
  plan.due_ = reader.table<UnforkedVector<DueEntry>>(h.due);
  last = 0;
  for (const DueEntry& entry : plan.due_) {
    check_due(entry, h.stubs.address - h.origin, h);
    if (entry.at < last) damaged("due stops are not in order");
    last = std::uint64_t(entry.at) + 1;
  }
  plan.places_ = reader.table<UnforkedVector<PlaceEntry>>(h.places);
  last = 0;
  for (const PlaceEntry& entry : plan.places_) {
    if (entry.at < last || entry.at >= h.span || entry.original >= h.span || entry.length == 0 ||
        entry.executes > 1)
      damaged("places are not in order");
    last = std::uint64_t(entry.at) + entry.length;
  }
  const ByteView warning = reader.take(h.warning);
  plan.warning_.assign(reinterpret_cast<const char*>(warning.data()), warning.size());
  plan.fd_ = std::move(fd);
  return plan;
}

namespace {

template <class Entry>
const Entry* last_at_or_before(const UnforkedVector<Entry>& entries, std::uint64_t place) {
  const auto next =
      std::upper_bound(entries.begin(), entries.end(), place,
                       [](std::uint64_t value, const Entry& entry) { return value < entry.at; });
  return next == entries.begin() ? nullptr : &*std::prev(next);
}

}  // namespace

bool TickPlan::is_due(std::uint64_t address) const {
  const DueEntry* entry = last_at_or_before(due_, address - origin_);
  return entry && entry->at == address - origin_;
}

std::optional<DueStop> TickPlan::due(std::uint64_t address, const StoppedThread& thread) const {
  const DueEntry* entry = last_at_or_before(due_, address - origin_);
  if (!entry || entry->at != address - origin_) return std::nullopt;
  const std::uint64_t base = origin_ + thread.bias;
  if (entry->kind == DueEntry::fixed) return DueStop{base + entry->target, base + entry->resume};

  const auto value_of = [&](std::uint8_t index) {
    return index == DueEntry::kNone ? 0 : register_at(thread.registers, index);
  };
  if (entry->kind == DueEntry::in_register) {
    const std::uint64_t target = value_of(entry->base);
    return DueStop{target, target};
  }
  std::uint64_t operand;
  if (entry->base == DueEntry::kImage)
    operand = base + std::uint32_t(entry->displacement);
  else
    operand = value_of(entry->base) + value_of(entry->index) * entry->scale +
              std::uint64_t(std::int64_t(entry->displacement));
  std::uint64_t target = 0;
  if (!thread.read(operand, target)) return DueStop{base + entry->target, base + entry->resume};
  return DueStop{target, target};
}

std::optional<OriginalPlace> TickPlan::original_pc(std::uint64_t address) const {
  const std::uint64_t place = address - origin_;
  const PlaceEntry* entry = last_at_or_before(places_, place);
  if (!entry || place - entry->at >= entry->length) return std::nullopt;
  // The first byte of a patch is where the original instruction begins, too.
  return OriginalPlace{origin_ + entry->original, entry->stack_adjust, entry->executes != 0};
}

std::vector<std::uint64_t> TickPlan::copies_of(std::uint64_t address) const {
  std::vector<std::uint64_t> copies;
  for (const PlaceEntry& entry : places_)
    if (entry.executes && origin_ + entry.original == address) copies.push_back(origin_ + entry.at);
  return copies;
}

const char* PlanReport::name(Kind kind) {
  static constexpr std::array<const char*, kind_count> kNames = {
      "jump within a function", "jump across functions", "indirect jump", "call", "indirect call"};
  return kNames[kind];
}

const char* PlanReport::name(How how) {
  static constexpr std::array<const char*, how_count> kNames = {
      "in place",      "lengthened",      "island",
      "shared island", "with neighbours", "by a call on the way",
      "not needed",    "no room",         "unsound",
      "unreached",     "not understood"};
  return kNames[how];
}

}  // namespace ttrace
