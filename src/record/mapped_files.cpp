#include "record/mapped_files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace ttrace {
namespace {

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

std::string descriptor_link(Tid tid, int descriptor) {
  return "/proc/" + std::to_string(tid.value()) + "/fd/" + std::to_string(descriptor);
}

std::string link_target(const std::string& link) {
  std::array<char, 4096> target{};
  const ssize_t n = readlink(link.c_str(), target.data(), target.size());
  return n < 0 ? link : std::string(target.data(), std::size_t(n));
}

Fd copy_to_memory(int file, std::uint64_t size) {
  Fd copy(memfd_create("ttrace-copy", MFD_CLOEXEC));
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
  timespec now{};
  // The coarse clock is the one that the kernel stamps files with.
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  began_ns_ = nanoseconds(now);
}

std::optional<MappedFiles::File> MappedFiles::from_descriptor(Tid tid, int descriptor,
                                                              bool executable) {
  const std::string link = descriptor_link(tid, descriptor);
  struct stat info {};
  if (stat(link.c_str(), &info) == 0) {
    if (S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 5)) return {};  // /dev/zero
    if (!executable) data_[{info.st_dev, info.st_ino}] = std::uint64_t(info.st_size);
    // A library is mapped piece by piece: most times it is known.
    if (const auto known = known_.find(identity_of(info));
        known != known_.end() && !changing_.contains({info.st_dev, info.st_ino}) &&
        (!executable || known->second.plan != nullptr)) {
      return known->second;
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

std::uint32_t MappedFiles::enter_plan(const TickPlan& plan, const std::string& binary) {
  const auto [known, is_new] = plans_.try_emplace(&plan);
  if (!is_new) return known->second;
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
  return {info.st_dev, info.st_ino, std::uint64_t(info.st_size), nanoseconds(info.st_mtim)};
}

MappedFiles::File MappedFiles::enter(Fd file, const std::string& path, bool executable) {
  struct stat info {};
  fstat(file.value(), &info);
  const bool changing = changing_.contains({info.st_dev, info.st_ino});
  if (changing) known_.erase(identity_of(info));
  const auto [known, is_new] = known_.try_emplace(identity_of(info));
  File& result = known->second;
  if (executable && sites_ != nullptr) result.plan = &sites_->plan_of(file.value());
  if (executable && ticks_ != nullptr) result.ticks = &ticks_->plan_of(file.value());
  if (!is_new) return result;
  RecordedObject object;
  object.info.path = path;
  object.info.size = std::uint64_t(info.st_size);
  object.mtime_ns = nanoseconds(info.st_mtim);
  // A file written during the recording may be written again: take its contents now.
  object.file = changing || object.mtime_ns >= began_ns_
                    ? copy_to_memory(file.value(), std::uint64_t(info.st_size))
                    : std::move(file);
  result.object = recording_.add_object(std::move(object));
  return result;
}

}  // namespace ttrace
