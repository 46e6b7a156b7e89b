#include "trace/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>
#include <tuple>

#include "base/error.h"
#include "base/fd.h"
#include "trace/container.h"
#include "trace/new_file.h"
#include "trace/object_store.h"
#include "trace/reader.h"

namespace ttrace {
namespace {

constexpr std::string_view kExtension = ".ttrace";
constexpr std::chrono::seconds kLockPatience{1};
constexpr std::chrono::seconds kCollectPatience{10};

std::string message_of(int error) { return std::generic_category().message(error); }

struct CloseDirectory {
  void operator()(DIR* stream) const { ::closedir(stream); }
};

/// The names in a directory, sorted. Throws Error.
std::vector<std::string> names_in(const std::string& directory) {
  const std::unique_ptr<DIR, CloseDirectory> stream(::opendir(directory.c_str()));
  if (!stream) throw Error("cannot list " + directory + ": " + message_of(errno));
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr && errno != 0) {
      throw Error("cannot list " + directory + ": " + message_of(errno));
    }
    if (entry == nullptr) break;
    names.emplace_back(entry->d_name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool begins_as_trace(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  std::array<char, kMagic.size()> start{};
  return fd && ::pread(fd.value(), start.data(), start.size(), 0) == ssize_t(start.size()) &&
         start == kMagic;
}

bool is_trace(const std::string& path) {
  struct stat status {};
  const std::string name = std::filesystem::path(path).filename().string();
  if (name.starts_with(kTemporaryPrefix)) return false;
  if (::stat(path.c_str(), &status) != 0) return name.ends_with(kExtension);  // A dangling link.
  if (!S_ISREG(status.st_mode)) return false;
  return name.ends_with(kExtension) || begins_as_trace(path);
}

std::vector<std::string> traces_in(const std::string& directory) {
  std::vector<std::string> paths;
  for (const std::string& name : names_in(directory)) {
    std::string path = (std::filesystem::path(directory) / name).string();
    if (is_trace(path)) paths.push_back(std::move(path));
  }
  return paths;
}

/// Removes what is of no use from `folder`; the caller has locked it.
void remove_unused(int folder, const std::string& folder_name, const ObjectUse& use,
                   Removal& removal) {
  for (const std::string& name : names_in(folder_name)) {
    const bool object = is_object_name(name);
    if (!(object && !use.hashes.contains(name)) && !name.starts_with(kTemporaryPrefix)) continue;
    struct stat status {};
    const bool known = ::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (::unlinkat(folder, name.c_str(), 0) != 0) {
      const std::string reason = message_of(errno);
      removal.note = std::string("cannot remove ").append(folder_name).append("/").append(name);
      removal.note.append(": ").append(reason);
      continue;
    }
    if (object) ++removal.objects_removed;
    if (known) removal.bytes_freed += std::uint64_t(status.st_size);
  }
}

/// Removes the objects that no trace of `directory` needs. `alone`: nobody else writes there.
void remove_objects(const Fd& folder, bool alone, const std::string& directory, Removal& removal) {
  const std::string folder_name = directory + "/" + kObjectsName;
  if (!alone) {
    removal.note = "another ttrace writes in " + directory + ": all objects stay there";
    return;
  }
  const ObjectUse use = objects_in_use(directory);
  if (!use.unreadable.empty()) {
    removal.note = use.unreadable.front() +
                   " cannot be read, so it is not known which objects it needs: all stay in " +
                   folder_name;
    return;
  }
  remove_unused(folder.value(), folder_name, use, removal);
  ::rmdir(folder_name.c_str());  // Fails unless it is empty.
}

/// One trace as its age and what it is of decide over it.
struct DatedTrace {
  std::string path;
  std::string subject;  ///< the case, or the program
  std::int64_t time_ns = 0;
  bool readable = false;
};

/// The oldest first.
std::vector<DatedTrace> by_age(const std::string& directory) {
  std::vector<DatedTrace> traces;
  for (const StoredTrace& stored : list_traces(directory)) {
    DatedTrace trace{stored.path, "", 0, stored.info.has_value()};
    struct stat status {};
    if (::stat(stored.path.c_str(), &status) == 0) {
      trace.time_ns = std::int64_t(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec;
    }
    if (stored.info && !stored.info->case_name.empty()) {
      trace.subject = stored.info->case_name;
    } else if (stored.info && !stored.info->command.empty()) {
      trace.subject = stored.info->command.front();
    }
    traces.push_back(std::move(trace));
  }
  std::sort(traces.begin(), traces.end(), [](const DatedTrace& a, const DatedTrace& b) {
    return std::tie(a.time_ns, a.path) < std::tie(b.time_ns, b.path);
  });
  return traces;
}

std::uint64_t size_of_store(const std::string& directory) {
  std::uint64_t sum = 0;
  const auto add = [&](const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) sum += std::uint64_t(status.st_size);
  };
  for (const std::string& path : traces_in(directory)) add(path);
  const std::string folder = directory + "/" + kObjectsName;
  if (std::filesystem::is_directory(folder)) {
    for (const std::string& name : names_in(folder)) {
      if (is_object_name(name)) add((std::filesystem::path(folder) / name).string());
    }
  }
  return sum;
}

}  // namespace

std::vector<StoredTrace> list_traces(const std::string& directory) {
  std::vector<StoredTrace> list;
  for (const std::string& path : traces_in(directory)) {
    StoredTrace trace;
    trace.path = path;
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) trace.size = std::uint64_t(status.st_size);
    try {
      const TraceReader reader(path);
      trace.info = reader.info();
      trace.event_count = reader.event_count();
    } catch (const Error& error) {
      trace.error = error.what();
    }
    list.push_back(std::move(trace));
  }
  return list;
}

ObjectUse objects_in_use(const std::string& directory) {
  ObjectUse use;
  for (const std::string& path : traces_in(directory)) {
    try {
      const TraceReader reader(path);
      if (reader.is_packed()) continue;  // It brings its own.
      for (const ObjectInfo& object : reader.objects()) use.hashes.insert(object.hash);
    } catch (const Error&) {
      use.unreadable.push_back(path);
    }
  }
  return use;
}

Removal remove_trace(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    throw Error("cannot remove " + path + ": " + message_of(errno));
  }
  if (!is_trace(path)) throw Error(path + " is not a trace: it was not removed");

  std::string directory = std::filesystem::path(path).parent_path().string();
  if (directory.empty()) directory = ".";
  const std::string folder_name = directory + "/" + kObjectsName;
  const Fd folder(::open(folder_name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const bool alone = folder && lock_folder(folder.value(), LOCK_EX, kLockPatience);

  if (::unlink(path.c_str()) != 0) throw Error("cannot remove " + path + ": " + message_of(errno));
  Removal removal;
  removal.bytes_freed = std::uint64_t(status.st_size);
  if (!folder) return removal;
  remove_objects(folder, alone, directory, removal);
  return removal;
}

Removal collect_garbage(const std::string& directory) {
  names_in(directory);  // Throws if it cannot be read.
  const std::string folder_name = directory + "/" + kObjectsName;
  const Fd folder(::open(folder_name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  Removal removal;
  if (!folder) return removal;
  const bool alone = lock_folder(folder.value(), LOCK_EX, kCollectPatience);
  remove_objects(folder, alone, directory, removal);
  return removal;
}

std::vector<std::string> enforce_limits(const std::string& directory, const StoreLimits& limits) {
  std::vector<std::string> removed;
  if (limits.size == 0 && limits.traces == 0) return removed;
  std::vector<DatedTrace> traces = by_age(directory);
  std::uint64_t size = limits.size > 0 ? size_of_store(directory) : 0;
  std::uint64_t count = traces.size();
  for (std::size_t i = 0; i < traces.size(); ++i) {
    const bool too_large = limits.size > 0 && size > limits.size;
    const bool too_many = limits.traces > 0 && count > limits.traces;
    if (!too_large && !too_many) break;
    const bool has_newer =
        std::any_of(traces.begin() + std::ptrdiff_t(i) + 1, traces.end(),
                    [&](const DatedTrace& other) { return other.subject == traces[i].subject; });
    if (!has_newer || !traces[i].readable) continue;
    const Removal removal = remove_trace(traces[i].path);
    size -= std::min(size, removal.bytes_freed);
    --count;
    removed.push_back(traces[i].path);
  }
  return removed;
}

}  // namespace ttrace
