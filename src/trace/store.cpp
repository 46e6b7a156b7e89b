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
  if (!alone) {
    removal.note = "another ttrace writes in " + directory + ": all objects stay there";
    return removal;
  }
  const ObjectUse use = objects_in_use(directory);
  if (!use.unreadable.empty()) {
    removal.note = use.unreadable.front() +
                   " cannot be read, so it is not known which objects it needs: all stay in " +
                   folder_name;
    return removal;
  }
  remove_unused(folder.value(), folder_name, use, removal);
  ::rmdir(folder_name.c_str());  // Fails unless it is empty.
  return removal;
}

}  // namespace ttrace
