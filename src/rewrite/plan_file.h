#pragma once

#include <optional>
#include <string>

#include "rewrite/content_key.h"
#include "rewrite/sites.h"

namespace ttrace {

/// A plan on disk: DIRECTORY/KEY.sites. A small file with magic, version, key and checksum, that
/// appears complete or not at all.

/// Empty if there is none or anything about it is wrong. Every site is compared with the bytes of
/// `file`, so that no file in the cache, however it came there, can make anything else be patched.
std::optional<SitePlan> read_plan_file(const std::string& directory, const ContentKey& key,
                                       const ElfFile& file);

/// Creates the directory (0700) and the file (0600), or replaces a file that read_plan_file()
/// refused. Says nothing if it cannot: the next run will analyse again.
void write_plan_file(const std::string& directory, const ContentKey& key, const SitePlan& plan);

}  // namespace ttrace
