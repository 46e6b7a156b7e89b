#pragma once

#include <sys/stat.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "record/recorder.h"
#include "rewrite/sites.h"
#include "rewrite/tick_plan_cache.h"
#include "trace/recording.h"

namespace ttrace {

/// The files that the recorded program mapped, each entered in the recording once.
class MappedFiles {
 public:
  MappedFiles(Recording& recording, SiteCache* sites, TickPlanCache* ticks);
  /// The same files, entered in a copy of their recording.
  MappedFiles(const MappedFiles& same, Recording& copy);

  struct File {
    std::uint32_t object = 0;
    const SitePlan* plan = nullptr;  ///< null for a file of no interest (never null for ELF)
    const TickPlanCache::Entry* ticks = nullptr;  ///< null: ticks are not asked for
  };

  /// The file behind a descriptor of a stopped thread. nullopt: /dev/zero, which maps as anonymous
  /// memory. Throws NotRecordable for any other device.
  std::optional<File> from_descriptor(Tid tid, int descriptor, bool executable);
  /// The tick plan of the file behind a descriptor, if ticks are asked for.
  const TickPlanCache::Entry* ticks_of(Tid tid, int descriptor) const;
  /// A plan of the binary that counts nothing; null if there is none.
  std::shared_ptr<const TickPlan> uncounted_plan_of(const File& binary) const;
  /// The object of a tick plan, for the binary of that name.
  std::uint32_t enter_plan(const TickPlan& plan, const std::string& binary);
  /// The name, as maps show it, is that of a tick plan's file.
  bool is_plan(const std::string& name) const { return plan_names_.contains(name); }
  /// The file behind a /proc/PID/exe link; it is entered under the name that the link shows.
  File from_link(const std::string& link, bool executable);
  /// A file that was mapped as data, not as text.
  struct Data {
    std::uint64_t inode = 0;
    std::uint64_t size_when_mapped = 0;
    std::uint64_t size_now = 0;
  };
  bool has_data() const { return !data_.empty(); }
  /// The file may be changed without notice from now on: its contents are taken anew whenever it is
  /// mapped.
  void note_changing(const struct stat& info) { changing_.insert({info.st_dev, info.st_ino}); }
  /// It was mapped before, as data.
  bool was_mapped(const struct stat& info) const {
    return data_.contains({info.st_dev, info.st_ino});
  }
  /// What is known of the file of that name if it was ever mapped as data.
  std::optional<Data> mapped_data(const std::string& path) const;
  /// The file of that name, which maps showed with this device and inode; NotRecordable if it was
  /// replaced.
  File from_path(const std::string& path, std::uint64_t device, std::uint64_t inode,
                 bool executable);

 private:
  /// Device, inode, size, times of the last change of the contents and of anything. A program can
  /// set the former back, but not the latter.
  using Identity =
      std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, std::int64_t, std::int64_t>;
  struct Known {
    File file;
    /// It had not been changed for so long that the clock of file times tells the next change.
    bool is_settled = false;
  };

  static Identity identity_of(const struct stat& info);
  File enter(Fd file, const std::string& path, bool executable);
  File enter_object(Fd file, const std::string& path, bool executable);
  bool is_unchanged(const File& known, const Fd& copy) const;

  Recording& recording_;
  SiteCache* sites_;
  TickPlanCache* ticks_;
  std::int64_t began_ns_;
  std::map<const TickPlan*, std::uint32_t> plans_;
  std::set<std::string> plan_names_;
  std::map<Identity, Known> known_;
  /// Sizes of the files mapped as data, by device and inode.
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> data_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> changing_;  ///< device and inode
};

}  // namespace ttrace
