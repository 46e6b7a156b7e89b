#include <cstdlib>

#include "rewrite/cache_directory.h"
#include "rewrite/content_key.h"
#include "rewrite/elf_file.h"
#include "rewrite/plan_file.h"
#include "rewrite/sites.h"

namespace ttrace {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// From the disk if it is there and fits the file, else by analysis, then kept for the next run.
SitePlan load_or_analyse(const std::string& directory, int fd, const FileIdentity& identity) {
  const std::optional<ElfFile> file = ElfFile::open(fd);
  if (!file) return {};
  const std::optional<ContentKey> key = directory.empty() ? std::nullopt : content_key_of(*file);
  if (!key) return analyse_sites(fd);

  if (auto kept = read_plan_file(directory, *key, *file)) return *std::move(kept);
  SitePlan plan = analyse_sites(fd);
  // A file that changed while it was read may have given the key of one version and the plan of
  // another.
  if (identity_of(fd) == identity) write_plan_file(directory, *key, plan);
  return plan;
}

}  // namespace

SiteCache::SiteCache(std::string directory) : directory_(std::move(directory)) {}

std::string SiteCache::default_directory() {
  if (std::string own = environment("TTRACE_CACHE_DIR"); !own.empty()) return own;
  // The base directory specification says to ignore relative paths.
  if (const std::string cache = environment("XDG_CACHE_HOME"); cache.starts_with('/'))
    return cache + "/ttrace";
  if (const std::string home = environment("HOME"); home.starts_with('/'))
    return home + "/.cache/ttrace";
  return {};
}

const SitePlan& SiteCache::plan_of(int fd) {
  const Identity identity = identity_of(fd);
  const auto known = plans_.find(identity);
  if (known != plans_.end()) return known->second;
  return plans_.emplace(identity, load_or_analyse(directory_, fd, identity)).first->second;
}

}  // namespace ttrace
