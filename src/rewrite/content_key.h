#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "rewrite/elf_file.h"

namespace ttrace {

/// Goes up whenever analyse_sites() may give another plan for the same file, so that plans of an
/// older analyser are not used.
inline constexpr std::uint32_t kAnalyserVersion = 2;

/// Names what a plan depends on: the analyser's version, the file's size and build-id, and a hash
/// of its contents. A build-id alone can lie (an edited binary keeps it), so the headers and all
/// segments that are not writable (code, unwind tables, dynamic symbols) are hashed beside it; a
/// file without one is hashed whole. Two files with one key have the same sites.
using ContentKey = std::array<std::byte, 16>;

/// Empty for a file so large that hashing it would cost more than its plan is worth.
std::optional<ContentKey> content_key_of(const ElfFile& file);

std::string hex_of(const ContentKey& key);

}  // namespace ttrace
