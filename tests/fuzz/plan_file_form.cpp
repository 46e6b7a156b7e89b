#include "plan_file_form.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <xxhash.h>

#include <iostream>

#include "target.h"

namespace ttrace::fuzz {
namespace {

// As src/rewrite/plan_file.cpp writes it.
constexpr std::string_view kMagic = "ttsites";
constexpr std::uint8_t kFormat = 1;

Bytes beginning(const ContentKey& key) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.raw(bytes_of(kMagic));
  writer.u8(kFormat);
  writer.raw(key);
  return bytes;
}

}  // namespace

SiteBinary::SiteBinary() {
  Dl_info library{};
  require(dladdr(static_cast<const void*>(&std::cout), &library) != 0, "no C++ library");
  fd = Fd(::open(library.dli_fname, O_RDONLY | O_CLOEXEC));
  auto opened = ElfFile::open(fd.value());
  require(opened.has_value(), "the C++ library is no ELF file");
  file = std::make_unique<ElfFile>(std::move(*opened));
  key = content_key_of(*file).value();
}

Bytes body_of_plan_file(ByteView file, const ContentKey& key) {
  const std::size_t begin = beginning(key).size();
  require(file.size() >= begin + sizeof(XXH64_canonical_t), "a plan file is too short");
  const ByteView body = file.subspan(begin, file.size() - begin - sizeof(XXH64_canonical_t));
  return {body.begin(), body.end()};
}

Bytes plan_file_with(ByteView body, const ContentKey& key) {
  Bytes bytes = beginning(key);
  bytes.insert(bytes.end(), body.begin(), body.end());
  XXH64_canonical_t canonical;
  XXH64_canonicalFromHash(&canonical, XXH3_64bits(bytes.data(), bytes.size()));
  ByteWriter(bytes).raw(bytes_of(canonical));
  return bytes;
}

}  // namespace ttrace::fuzz
