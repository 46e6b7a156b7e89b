#include <sys/mman.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "record/session.h"
#include "tracee/maps.h"

// Text that the program maps: what is changed there so that it can be recorded.

namespace ttrace {
namespace {

bool is_of_the_system(const std::string& path) {
  constexpr std::string_view kDirectories[] = {"/lib", "/usr/lib"};
  return std::any_of(std::begin(kDirectories), std::end(kDirectories),
                     [&](std::string_view directory) { return path.starts_with(directory); });
}

/// What maps shows for memory of MAP_SHARED and MAP_ANONYMOUS.
constexpr std::string_view kSharedAnonymousName = "/dev/zero (deleted)";

}  // namespace

/// Makes new text fit for recording: by the binary's tick plan, or else site by site.
void RecordSession::patch_or_plan(Thread& thread, const MappedFiles::File& file,
                                  const Mapping& text, std::uint64_t offset,
                                  std::vector<Mapping>& overlays, std::vector<AppliedPlan>& plans,
                                  std::vector<Patch>& patches) {
  RecordedSpace& space = *thread.process->space;
  if (!is_of_the_system(text.name)) {
    space.own_text.emplace_back(text.start, text.start + text.length);
  }
  note_counter_reads(space, file.plan, text.start, text.length, offset);
  if (const auto plan = usable_plan(space, file, text)) {
    // Before the plan hides what was there.
    std::vector<Patch> planned;
    const std::map<Address, Site> before = space.patched;
    patch(space, file, text.start, text.length, offset, Text::planned, planned);
    if (apply_plan(thread, plan, file.object, text, offset, overlays, plans)) {
      patches.insert(patches.end(), planned.begin(), planned.end());
      return;
    }
    space.patched = before;
  }
  patch(space, file, text.start, text.length, offset, Text::original, patches);
}

/// Replaces the first byte of every site in new text by int3, or, where a plan does that, only
/// notes them.
void RecordSession::patch(RecordedSpace& space, const MappedFiles::File& file, Address start,
                          std::uint64_t length, std::uint64_t offset, Text text,
                          std::vector<Patch>& patches) {
  if (file.plan == nullptr) return;
  if (!file.plan->warning.empty()) {
    warn(result_.recording.objects().at(file.object).info.path + ": " + file.plan->warning);
  }
  const auto& sites = file.plan->sites;
  auto site = std::lower_bound(sites.begin(), sites.end(), offset,
                               [](const Site& s, std::uint64_t at) { return s.file_offset < at; });
  const auto end = std::find_if(
      site, sites.end(), [&](const Site& s) { return s.file_offset + s.length > offset + length; });
  const auto address_of = [&](const Site& s) { return start + (s.file_offset - offset); };
  while (site != end) {
    // The sites of one page at once.
    const Address page(page_floor(address_of(*site).value()));
    const auto next_page =
        std::find_if(site, end, [&](const Site& s) { return address_of(s) - page >= kPageSize; });
    const Address first = address_of(*site);
    Bytes bytes = space.memory.read(first, address_of(*(next_page - 1)) - first + 1);
    std::vector<Patch> done;
    std::map<Address, Site> patched;
    for (; site != next_page; ++site) {
      const Address at = address_of(*site);
      if (space.patched.contains(at)) continue;  // the text's protection changed, not its contents
      if (at - first >= bytes.size()) continue;
      std::byte& byte = bytes[at - first];
      done.push_back({at, {byte}, {std::byte(0xcc)}});
      byte = std::byte(0xcc);
      patched[at] = *site;
    }
    const bool writes = text == Text::original && !done.empty();
    if (writes && !space.memory.write(first, bytes)) continue;
    space.patched.merge(patched);
    std::move(done.begin(), done.end(), std::back_inserter(patches));
  }
}

/// Text that became executable only now is patched like text that was mapped so; a shared mapping
/// of a file that became writable cannot be recorded.
void RecordSession::on_protection_change(Thread& thread, const SyscallView& call,
                                         SyscallExit& exit) {
  RecordedSpace& space = *thread.process->space;
  const bool executable = call.args[2] & PROT_EXEC;
  const bool writable = call.args[2] & PROT_WRITE;
  if (!executable && !(writable && space.shows_shared_files)) return;
  const Address start(call.args[0]);
  const Address end = start + page_ceil(call.args[1]);
  for (const MapLine& line : read_maps(thread.process->pid)) {
    if (line.end <= start || line.start >= end) continue;
    if (executable && line.inode == 0) result_.writes_code = true;
    if (line.inode == 0) continue;
    // Whatever becomes text there is like text written at run time: nobody looks into it.
    const bool anonymous = line.shared && line.name == kSharedAnonymousName;
    if (anonymous || shared_files_.shown_by(line) != nullptr) {
      if (executable) result_.writes_code = true;
      if (writable && line.shared) share_memory(thread);
      continue;
    }
    if (writable && line.shared) {
      throw NotRecordable("mprotect that makes a shared mapping of " + line.name + " writable");
    }
    if (!executable || files_.is_plan(line.name)) continue;
    const Address from = std::max(start, line.start);
    const std::uint64_t length = std::min(end, line.end) - from;
    const MappedFiles::File file = files_.from_path(line.name, line.device, line.inode, true);
    patch(space, file, from, length, line.offset + (from - line.start), Text::original,
          exit.patches);
  }
}

void RecordSession::forget_patches(RecordedSpace& space, Address start, std::uint64_t length) {
  space.patched.erase(space.patched.lower_bound(start), space.patched.lower_bound(start + length));
  forget_text(space, start, length);
}

}  // namespace ttrace
