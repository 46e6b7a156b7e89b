#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/fd.h"
#include "rewrite/content_key.h"

namespace ttrace::fuzz {

/// The binary whose plans of sites are read: the C++ library, which has such sites.
struct SiteBinary {
  SiteBinary();
  Fd fd;
  std::unique_ptr<ElfFile> file;
  ContentKey key{};
};

/// A plan file is a beginning that is checked whole (magic, format, key), a body, and a checksum of
/// both. Only the body is worth changing.
Bytes body_of_plan_file(ByteView file, const ContentKey& key);
Bytes plan_file_with(ByteView body, const ContentKey& key);

}  // namespace ttrace::fuzz
