#include "record/mapped_files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "record/descriptor_link.h"
#include "trace/new_file.h"

namespace ttrace {
namespace {

/// The clock that the kernel stamps files with moves in steps of up to 10 ms.
constexpr std::int64_t kUnsettledNs = 50'000'000;

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

/// The time by that clock.
std::int64_t file_time_now() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return nanoseconds(now);
}

/// In memory if it is small, else where large recordings go.
Fd copy_of(int file, std::uint64_t size, const RecordingLimits& limits) {
  const bool small = size <= limits.in_memory || limits.directory.empty();
  Fd copy(small ? Fd(memfd_create("ttrace-copy", MFD_CLOEXEC)) : open_unnamed(limits.directory));
  if (!copy) throw_errno("memfd_create");
  off_t offset = 0;
  while (std::uint64_t(offset) < size) {
    const ssize_t n = sendfile(copy.value(), file, &offset, size - std::uint64_t(offset));
    if (n < 0 && errno == EINTR) continue;  // the timer that wakes the recorder
    if (n < 0) throw_errno("copy a mapped file");
    if (n == 0) break;
  }
  return copy;
}

}  // namespace

MappedFiles::MappedFiles(Recording& recording, SiteCache* sites, TickPlanCache* ticks)
    : recording_(recording), sites_(sites), ticks_(ticks) {
  began_ns_ = file_time_now();
}

MappedFiles::MappedFiles(const MappedFiles& same, Recording& copy)
    : recording_(copy),
      sites_(same.sites_),
      ticks_(same.ticks_),
      began_ns_(same.began_ns_),
      plans_(same.plans_),
      plan_names_(same.plan_names_),
      known_(same.known_),
      data_(same.data_),
      changing_(same.changing_) {}

std::optional<MappedFiles::File> MappedFiles::from_descriptor(Tid tid, int descriptor,
                                                              bool executable) {
  const std::string link = descriptor_link(tid, descriptor);
  struct stat info {};
  if (stat(link.c_str(), &info) == 0) {
    if (S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 5)) return {};  // /dev/zero
    if (!executable) data_[{info.st_dev, info.st_ino}] = std::uint64_t(info.st_size);
    // A library is mapped piece by piece: most times it is known.
    if (const auto known = known_.find(identity_of(info));
        known != known_.end() && known->second.is_settled &&
        !changing_.contains({info.st_dev, info.st_ino}) &&
        (!executable || known->second.file.plan != nullptr)) {
      return known->second.file;
    }
  }
  const std::string path = link_target(link);
  if (!S_ISREG(info.st_mode)) throw NotRecordable("mmap of " + path + " (not a regular file)");
  Fd file(open(link.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) {
    throw NotRecordable("mmap of " + path +
                        ", which the recorder cannot open: " + std::strerror(errno));
  }
  return enter(std::move(file), path, executable);
}

std::optional<MappedFiles::Data> MappedFiles::mapped_data(const std::string& path) const {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return {};
  const auto found = data_.find({info.st_dev, info.st_ino});
  if (found == data_.end()) return {};
  return Data{info.st_ino, found->second, std::uint64_t(info.st_size)};
}

MappedFiles::File MappedFiles::from_path(const std::string& path, std::uint64_t device,
                                         std::uint64_t inode, bool executable) {
  Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  // Some file systems (overlayfs, btrfs) show one device in maps and another in stat: then only the
  // name can be trusted.
  const bool same_device = file && fstat(file.value(), &info) == 0 && info.st_dev == device;
  if (!file || (same_device && info.st_ino != inode)) {
    throw NotRecordable("mapping of " + path + ", which was replaced or cannot be read");
  }
  return enter(std::move(file), path, executable);
}

MappedFiles::File MappedFiles::from_link(const std::string& link, bool executable) {
  Fd file(open(link.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw NotRecordable("execution of " + link_target(link) + ", which cannot be read");
  return enter(std::move(file), link_target(link), executable);
}

const TickPlanCache::Entry* MappedFiles::ticks_of(Tid tid, int descriptor) const {
  if (ticks_ == nullptr) return nullptr;
  const Fd file(open(descriptor_link(tid, descriptor).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  return file ? &ticks_->plan_of(file.value()) : nullptr;
}

std::shared_ptr<const TickPlan> MappedFiles::uncounted_plan_of(const File& binary) const {
  if (ticks_ == nullptr) return nullptr;
  return ticks_->uncounted_plan_of(recording_.objects().at(binary.object).file.value()).plan;
}

std::uint32_t MappedFiles::enter_plan(const TickPlan& plan, const std::string& binary) {
  const auto [known, is_new] = plans_.try_emplace(&plan);
  if (!is_new) return known->second;
  plan_names_.insert(link_target("/proc/self/fd/" + std::to_string(plan.fd())));
  struct stat info {};
  fstat(plan.fd(), &info);
  RecordedObject object;
  object.info.path = binary + " (tick plan)";
  object.info.size = std::uint64_t(info.st_size);
  object.mtime_ns = nanoseconds(info.st_mtim);
  object.file = Fd(fcntl(plan.fd(), F_DUPFD_CLOEXEC, 3));
  if (!object.file) throw_errno("fcntl(F_DUPFD)");
  known->second = recording_.add_object(std::move(object));
  return known->second;
}

MappedFiles::Identity MappedFiles::identity_of(const struct stat& info) {
  return {info.st_dev, info.st_ino, std::uint64_t(info.st_size), nanoseconds(info.st_mtim),
          nanoseconds(info.st_ctim)};
}

/// Whether a copy that was made just now has the contents of the one made earlier.
bool MappedFiles::is_unchanged(const File& known, const Fd& copy) const {
  const int before = recording_.objects().at(known.object).file.value();
  std::array<char, 65536> old_part;
  std::array<char, 65536> new_part;
  for (off_t at = 0;;) {
    const ssize_t got = pread(copy.value(), new_part.data(), new_part.size(), at);
    if (got < 0 || pread(before, old_part.data(), old_part.size(), at) != got) return false;
    if (got == 0) return true;
    if (!std::equal(new_part.begin(), new_part.begin() + got, old_part.begin())) return false;
    at += got;
  }
}

MappedFiles::File MappedFiles::enter(Fd file, const std::string& path, bool executable) {
  const File entered = enter_object(std::move(file), path, executable);
  if (executable) recording_.note_executed(entered.object);
  return entered;
}

MappedFiles::File MappedFiles::enter_object(Fd file, const std::string& path, bool executable) {
  struct stat info {};
  fstat(file.value(), &info);
  const bool changing = changing_.contains({info.st_dev, info.st_ino});
  if (changing) known_.erase(identity_of(info));
  const auto [known, is_new] = known_.try_emplace(identity_of(info));
  File& result = known->second.file;
  if (executable && sites_ != nullptr) result.plan = &sites_->plan_of(file.value());
  if (executable && ticks_ != nullptr) result.ticks = &ticks_->plan_of(file.value());
  if (known->second.is_settled) return result;
  const std::int64_t changed = std::max(nanoseconds(info.st_mtim), nanoseconds(info.st_ctim));
  known->second.is_settled = changed + kUnsettledNs < file_time_now();
  RecordedObject object;
  object.info.path = path;
  object.info.size = std::uint64_t(info.st_size);
  object.mtime_ns = nanoseconds(info.st_mtim);
  // A file written during the recording may be written again: take its contents now.
  if (changing || changed >= began_ns_) {
    file = copy_of(file.value(), std::uint64_t(info.st_size), recording_.limits());
    struct stat copied {};
    fstat(file.value(), &copied);
    object.mtime_ns = nanoseconds(copied.st_mtim);
    if (!is_new && is_unchanged(result, file)) return result;
  } else if (!is_new) {
    return result;
  }
  object.file = std::move(file);
  result.object = recording_.add_object(std::move(object));
  return result;
}

}  // namespace ttrace
