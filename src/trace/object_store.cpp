#include "trace/object_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <thread>

#include "trace/hex.h"
#include "trace/new_file.h"

namespace ttrace {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 20;
constexpr int kHashDigits = 32;
constexpr std::chrono::seconds kLockPatience{10};
constexpr int kMostAttempts = 100;

std::int64_t mtime_ns(const struct stat& status) {
  return std::int64_t(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec;
}

bool is_memfd(int fd) {
  std::array<char, 16> target{};
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
  return size > 0 && std::string_view(target.data(), std::size_t(size)).starts_with("/memfd:");
}

void check_unchanged(const RecordedObject& object) {
  struct stat status {};
  if (::fstat(object.file.value(), &status) != 0) throw_errno("read " + object.info.path);
  if (is_memfd(object.file.value())) return;
  if (!S_ISREG(status.st_mode) || std::uint64_t(status.st_size) != object.info.size ||
      mtime_ns(status) != object.mtime_ns) {
    throw NotRecordable("file " + object.info.path + " changed while it was recorded");
  }
}

}  // namespace

FileHash hash_file(int fd, const std::string& name) {
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(),
                                                                       &XXH3_freeState);
  if (!state || XXH3_128bits_reset(state.get()) != XXH_OK) throw std::bad_alloc();
  FileHash result;
  Bytes buffer(kChunk);
  for (;;) {
    const ssize_t got = ::pread(fd, buffer.data(), buffer.size(), off_t(result.size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("read " + name);
    if (got == 0) break;
    XXH3_128bits_update(state.get(), buffer.data(), std::size_t(got));
    result.size += std::uint64_t(got);
  }
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state.get()));
  result.hash = hex_of(std::as_bytes(std::span(canonical.digest)));
  return result;
}

bool is_object_name(const std::string& name) {
  return name.size() == kHashDigits &&
         name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool lock_folder(int folder, int operation, std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds pause{10};
  for (auto waited = pause; ::flock(folder, operation | LOCK_NB) != 0; waited += pause) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return true;  // No locks here (some network file systems).
    if (waited > patience) return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

ObjectStore::ObjectStore(int directory, const std::string& directory_name)
    : name_(directory_name + "/" + kObjectsName) {
  // The folder can be removed (ttrace rm) between being opened and being locked: look again then.
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    if (::mkdirat(directory, kObjectsName, 0700) != 0 && errno != EEXIST) {
      throw_cannot_write(name_, errno);
    }
    folder_ = Fd(::openat(directory, kObjectsName, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder_ && errno == ENOENT) continue;
    if (!folder_) throw_cannot_write(name_, errno);
    if (!lock_folder(folder_.value(), LOCK_SH, kLockPatience)) {
      throw Error(name_ + " is locked by another process: end that ttrace and try again");
    }
    struct stat opened {
    }, named{};
    if (::fstat(folder_.value(), &opened) == 0 &&
        ::fstatat(directory, kObjectsName, &named, 0) == 0 && opened.st_ino == named.st_ino &&
        opened.st_dev == named.st_dev) {
      return;
    }
  }
  throw Error(name_ + " is removed again and again by another process: end that and try again");
}

bool ObjectStore::has(const std::string& hash, std::uint64_t size) const {
  struct stat status {};
  return ::fstatat(folder_.value(), hash.c_str(), &status, 0) == 0 && S_ISREG(status.st_mode) &&
         std::uint64_t(status.st_size) == size;
}

ObjectInfo ObjectStore::put(const RecordedObject& object) {
  check_unchanged(object);
  const int source = object.file.value();
  const FileHash before = hash_file(source, object.info.path);
  if (!has(before.hash, before.size)) {
    NewFile file(folder_.value(), name_);
    copy_contents(source, object.info.path, file);
    const FileHash after = hash_file(file.fd(), name_ + "/" + before.hash);
    if (after.hash != before.hash) {
      throw NotRecordable("file " + object.info.path + " changed while it was recorded");
    }
    file.publish(before.hash);
    added_.push_back(before.hash);
  }
  check_unchanged(object);
  return {before.hash, before.size, object.info.path};
}

}  // namespace ttrace
