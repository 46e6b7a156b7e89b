#include "rewrite/tick_plan_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "rewrite/cache_directory.h"
#include "rewrite/content_key.h"

namespace ttrace {
namespace {

/// Reads a piece of a file; shorter at its end or on an error.
Bytes read_piece(int fd, std::uint64_t offset, std::uint64_t size) {
  Bytes bytes(size);
  const ssize_t got = ::pread(fd, bytes.data(), size, off_t(offset));
  bytes.resize(got < 0 ? 0 : std::size_t(got));
  return bytes;
}

/// Compares one segment piece by piece, jumping over what is modified.
bool same_text(const TickPlan& plan, const PlanSegment& segment, int fd) {
  const auto& modified = plan.modified();
  auto range =
      std::lower_bound(modified.begin(), modified.end(), segment.address,
                       [](const ModifiedRange& r, std::uint64_t at) { return r.address < at; });
  constexpr std::uint64_t kPiece = 1 << 20;
  for (std::uint64_t done = 0; done < segment.length; done += kPiece) {
    const std::uint64_t size = std::min(kPiece, segment.length - done);
    Bytes ours = read_piece(plan.fd(), segment.plan_offset + done, size);
    Bytes theirs = read_piece(fd, segment.original_offset + done, size);
    theirs.resize(size);  // zero beyond the end of the file
    if (ours.size() != size) return false;
    const std::uint64_t begin = segment.address + done;
    for (; range != modified.end() && range->address < begin + size; ++range) {
      const std::uint64_t from = std::max(range->address, begin) - begin;
      const std::uint64_t to = std::min(range->address + range->length, begin + size) - begin;
      std::copy(ours.begin() + std::ptrdiff_t(from), ours.begin() + std::ptrdiff_t(to),
                theirs.begin() + std::ptrdiff_t(from));
      if (range->address + range->length > begin + size) break;  // goes on in the next piece
    }
    if (ours != theirs) return false;
  }
  return true;
}

std::shared_ptr<const TickPlan> read_kept(const std::string& path, const ContentKey& key, int fd) {
  Fd kept(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!kept) return nullptr;
  try {
    auto plan = std::make_shared<TickPlan>(TickPlan::open(std::move(kept)));
    if (fits(*plan, key, fd)) return plan;
  } catch (const Error&) {
    // Damaged or of another version: made again.
  }
  return nullptr;
}

std::shared_ptr<const TickPlan> in_memory(const Bytes& bytes) {
  Fd fd(::memfd_create("ttrace-ticks", MFD_CLOEXEC));
  if (!fd || !write_all(fd.value(), bytes)) throw_errno("memory for a tick plan");
  return std::make_shared<TickPlan>(TickPlan::open(std::move(fd), false));
}

}  // namespace

bool fits(const TickPlan& plan, const ContentKey& key, int fd) {
  return plan.planner() == kTickPlannerVersion && plan.key() == key &&
         std::all_of(plan.segments().begin(), plan.segments().end(),
                     [&](const PlanSegment& segment) { return same_text(plan, segment, fd); });
}

TickPlanCache::Entry TickPlanCache::load_or_build(int fd, const Identity& identity,
                                                  bool counts) const {
  const std::optional<ElfFile> file = ElfFile::open(fd);
  const std::optional<ContentKey> key = file ? content_key_of(*file) : std::nullopt;
  const std::string name = key ? hex_of(*key) + (counts ? ".ticks" : ".calls") : "";
  const bool kept = key && !directory_.empty();
  if (kept) {
    if (auto plan = read_kept(directory_ + "/" + name, *key, fd)) return {std::move(plan), ""};
  }

  PlanReport report;
  PlanOptions options = options_;
  options.counts = counts;
  const std::optional<Bytes> bytes = build_tick_plan(fd, report, options);
  if (!bytes) return {nullptr, report.refusal};
  // A file that changed while it was read may have given the key of one version and the plan of
  // another.
  if (kept && identity_of(fd) == identity) {
    keep_file(directory_, name, *bytes);
    if (auto plan = read_kept(directory_ + "/" + name, *key, fd)) return {std::move(plan), ""};
  }
  try {
    return {in_memory(*bytes), ""};
  } catch (const SystemError&) {
    // It runs without ticks rather than not at all.
    return {nullptr, "there is no file for its plan, neither on disk nor in memory"};
  }
}

const TickPlanCache::Entry& TickPlanCache::plan_of(int fd, bool counts) {
  const Identity identity = identity_of(fd);
  const auto known = entries_.find({identity, counts});
  if (known != entries_.end()) return known->second;
  return entries_.emplace(std::pair(identity, counts), load_or_build(fd, identity, counts))
      .first->second;
}

}  // namespace ttrace
