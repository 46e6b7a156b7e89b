#include "hunt/keep.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "base/fd.h"
#include "hunt/version.h"
#include "trace/new_file.h"

namespace ttrace {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestStem = 200;  // of the 255 bytes that file systems allow

// Makes a directory and those above it, and removes again what it made unless something was put
// there.
class Directories {
 public:
  explicit Directories(const fs::path& directory) { make(directory); }
  Directories(const Directories&) = delete;
  Directories& operator=(const Directories&) = delete;
  ~Directories() {
    for (auto made = made_.rbegin(); made != made_.rend(); ++made) rmdir(made->c_str());
  }

 private:
  void make(const fs::path& directory) {
    if (directory.empty() || fs::is_directory(directory)) return;
    make(directory.parent_path());
    if (mkdir(directory.c_str(), 0700) == 0) {
      made_.push_back(directory);
    } else if (errno != EEXIST) {
      throw_errno("cannot create the directory " + directory.string());
    }
  }

  std::vector<fs::path> made_;
};

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("model name")) continue;
    const std::size_t begin = line.find_first_not_of(": \t", line.find(':'));
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

std::string host_description() {
  utsname names{};
  if (uname(&names) != 0) return processor_name();
  return std::string(names.sysname) + " " + names.release + " " + names.machine + ", " +
         processor_name();
}

}  // namespace

std::string trace_stem(const std::string& name) {
  std::string stem = name.substr(0, kLongestStem);
  for (char& c : stem) {
    const bool kept = std::isalnum(static_cast<unsigned char>(c)) ||
                      std::string_view("._-+").find(c) != std::string_view::npos;
    if (!kept || static_cast<unsigned char>(c) >= 0x80) c = '_';
  }
  if (stem.empty()) return "_";
  if (stem[0] == '.' || stem[0] == '-') stem[0] = '_';
  return stem;
}

std::string next_trace_path(const std::string& directory, const std::string& stem) {
  for (std::uint64_t number = 1;; ++number) {
    const fs::path path = fs::path(directory) / (stem + "-" + std::to_string(number) + ".ttrace");
    struct stat info {};
    if (lstat(path.c_str(), &info) != 0) return path.string();
  }
}

std::string keep_as(const Recording& recording, const TraceInfo& info, const std::string& directory,
                    const std::string& stem) {
  // One spelling throughout: in "a/b/../c", b need not exist.
  const fs::path where = fs::path(directory).lexically_normal();
  const Directories made(where);
  // The lock on the directory itself leaves nothing behind, and ends with this process.
  const Fd lock(open(where.empty() ? "." : where.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock) throw_errno("cannot open the directory " + where.string());
  while (flock(lock.value(), LOCK_EX) != 0 && errno == EINTR) {
  }
  std::string path = next_trace_path(where.string(), stem);
  keep(recording, info, path);
  return path;
}

void check_trace_directory(const std::string& directory, const std::string& advice) {
  const std::string cannot = "cannot keep traces in " + directory;
  std::error_code ignored;
  fs::path existing = fs::absolute(directory, ignored).lexically_normal();
  if (existing.empty()) {
    throw Error(cannot +
                ": the working directory is gone; go to one that exists, or give an absolute " +
                advice);
  }
  while (!fs::exists(existing, ignored) && existing.has_relative_path()) {
    existing = existing.parent_path();
  }
  if (!fs::is_directory(existing, ignored)) {
    throw Error(cannot + ": " + existing.string() +
                " is not a directory; choose another place with " + advice);
  }
  // Whether files can be made there only shows when one is made: permissions say nothing of /proc.
  const Fd folder(open(existing.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || access(existing.c_str(), W_OK | X_OK) != 0) {
    throw SystemError(cannot + " (choose another place with " + advice + "): " + existing.string() +
                          " is not writable",
                      errno);
  }
  try {
    const NewFile probe(folder.value(), existing.string());
  } catch (const Error& error) {
    throw Error(cannot + " (choose another place with " + advice + "): " + error.what());
  }
}

TraceInfo describe_recording(const Program& program, const RecordResult& result) {
  TraceInfo info;
  info.writer = kWriter;
  info.command = program.arguments;
  std::error_code ignored;
  info.directory = fs::current_path(ignored).string();
  info.environment_names = environment_names(program.environment);
  info.host = host_description();
  info.exit_status = result.status;
  info.duration_us = result.duration_us;
  info.ticks = result.ticks;
  info.hardware_ticks = result.hardware_ticks;
  return info;
}

}  // namespace ttrace
