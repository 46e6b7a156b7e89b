// Copies of a whole replay: one fork for each address space, the tables, and memory that processes
// share, which a fork would not copy.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>

#include "replay/state.h"
#include "tracee/maps.h"

namespace ttrace {
namespace {

std::vector<MapLine> maps_of(const HostProcess& host) {
  return read_maps(Pid(host.task().tid().value()));
}

/// Pages of a private file mapping that the process has made its own: /proc/PID/pagemap
/// (Documentation/admin-guide/mm/pagemap.rst in the kernel's tree).
std::vector<Address> own_pages(const HostProcess& host, const MapLine& line) {
  constexpr std::uint64_t kPresentOrSwapped = 3ull << 62;
  constexpr std::uint64_t kFileOrShared = 1ull << 61;
  const std::string path = "/proc/" + std::to_string(host.task().tid().value()) + "/pagemap";
  const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw_errno("open " + path);
  std::vector<Address> pages;
  std::array<std::uint64_t, 512> entries{};
  for (Address at = line.start; at < line.end;) {
    const std::size_t wanted = std::min<std::uint64_t>(entries.size(), (line.end - at) / kPageSize);
    const ssize_t got = pread(file.value(), entries.data(), wanted * sizeof(std::uint64_t),
                              off_t(at.value() / kPageSize * sizeof(std::uint64_t)));
    if (got <= 0) throw_errno("read " + path);
    for (std::size_t i = 0; i < std::size_t(got) / sizeof(std::uint64_t); ++i) {
      if ((entries.at(i) & kPresentOrSwapped) && !(entries.at(i) & kFileOrShared)) {
        pages.push_back(at);
      }
      at = at + kPageSize;
    }
  }
  return pages;
}

/// Maps the copy of some shared memory over a mapping that a host inherited; what the process wrote
/// to a private one stays.
void map_copy(HostProcess& host, const MapLine& line, int copy) {
  std::vector<std::pair<Address, Bytes>> kept;
  if (!line.shared) {
    for (const Address page : own_pages(host, line)) {
      kept.emplace_back(page, host.memory().read(page, kPageSize));
    }
  }
  host.map_memory(line.start, line.end - line.start, line.protection, copy, line.offset,
                  line.shared);
  for (const auto& [page, bytes] : kept) host.memory().write(page, bytes);
}

}  // namespace

std::shared_ptr<ReplaySpace> fork_space(const ReplaySpace& space) {
  auto copy = std::make_shared<ReplaySpace>();
  copy->host = space.host->fork();
  copy->loaded = space.loaded;
  copy->mappings = space.mappings;
  copy->plans = space.plans;
  copy->patched = space.patched;
  copy->brk = space.brk;
  if (WatchedPages pages = space.pages; !pages.empty()) pages.open(*copy->host, copy->mappings);
  for (const auto& [at, breakpoint] : space.breakpoints) {
    copy->host->memory().write(at, std::span(&breakpoint.covered, 1));
  }
  return copy;
}

std::unique_ptr<Replayer::State> Replayer::State::fork() const {
  auto copy = std::make_unique<State>(trace, layout);
  copy->counters = counters;
  copy->next = next;
  copy->arrived = arrived;
  // Not shown_signal: a search that begins with the copy must find the signal where it stands.
  copy->order = order;
  copy->objects = objects;
  copy->plans = plans;
  copy->cpu = cpu;
  copy->elapsed = elapsed;
  copy->uses_agent = uses_agent;

  std::map<const ReplaySpace*, std::shared_ptr<ReplaySpace>> spaces;
  std::map<const ReplayProcess*, std::shared_ptr<ReplayProcess>> processes;
  for (const auto& [tid, thread] : threads) {
    auto& process = processes[thread->process.get()];
    if (!process) {
      process = std::make_shared<ReplayProcess>(*thread->process);
      auto& space = spaces[process->space.get()];
      if (!space) space = fork_space(*process->space);
      process->space = space;
    }
    auto context = std::make_unique<ReplayContext>(*thread);
    context->process = process;
    copy->threads[tid] = std::move(context);
  }
  if (!shared.empty()) {
    std::vector<std::pair<HostProcess*, MapLine>> lines;
    std::set<std::uint64_t> mapped;
    for (const auto& [original, space] : spaces) {
      for (MapLine& line : maps_of(*space->host)) {
        if (!line.name.starts_with("/memfd:ttrace-shared") || !shared.owns(line.inode)) continue;
        mapped.insert(line.inode);
        lines.emplace_back(space->host.get(), std::move(line));
      }
    }
    copy->shared = shared.copy(mapped);
    for (const auto& [host, line] : lines) {
      map_copy(*host, line, shared.counterpart(line.inode, copy->shared));
    }
  }
  return copy;
}

}  // namespace ttrace
