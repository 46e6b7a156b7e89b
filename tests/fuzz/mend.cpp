#include "mend.h"

#include <algorithm>
#include <cstring>

#include "trace/container.h"

namespace ttrace::fuzz {
namespace {

template <class T>
T load(const Bytes& file, std::size_t at) {
  T value;
  std::memcpy(&value, file.data() + at, sizeof value);
  return value;
}

template <class T>
void store(Bytes& file, std::size_t at, const T& value) {
  std::memcpy(file.data() + at, &value, sizeof value);
}

/// Writes the checksum of [from, to) behind it.
void sum(Bytes& file, std::size_t from, std::size_t to) {
  store(file, to, checksum_of(ByteView(file).subspan(from, to - from)));
}

}  // namespace

void mend_trace(Bytes& file) {
  if (file.size() < sizeof(HeaderPrefix) + kChecksumSize + sizeof(Footer)) return;
  const std::size_t footer_at = file.size() - sizeof(Footer);

  const auto prefix = load<HeaderPrefix>(file, 0);
  const std::size_t header = sizeof prefix + prefix.payload_size;
  if (header + kChecksumSize > footer_at) return;
  sum(file, 0, header);

  for (std::size_t at = header + kChecksumSize; at + sizeof(FrameHeader) < footer_at;) {
    const auto frame = load<FrameHeader>(file, at);
    const std::size_t end = at + sizeof frame + frame.stored_size;
    if (end + kChecksumSize > footer_at) break;
    sum(file, at, end);
    at = end + kChecksumSize;
  }

  auto footer = load<Footer>(file, footer_at);
  footer.magic = kFooterMagic;
  footer.file_size = file.size();
  store(file, footer_at, footer);
  sum(file, footer_at, footer_at + offsetof(Footer, checksum));
}

}  // namespace ttrace::fuzz
