#include "hunt/binary.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"

namespace ttrace {
namespace {

// A whole file, mapped for reading.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path) {
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat info {};
    if (!file || fstat(file.value(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_size <= 0) {
      return;
    }
    void* const at =
        mmap(nullptr, std::size_t(info.st_size), PROT_READ, MAP_PRIVATE, file.value(), 0);
    if (at != MAP_FAILED) bytes_ = {static_cast<const char*>(at), std::size_t(info.st_size)};
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() {
    if (!bytes_.empty()) munmap(const_cast<char*>(bytes_.data()), bytes_.size());
  }

  bool has(std::string_view text) const {
    return memmem(bytes_.data(), bytes_.size(), text.data(), text.size()) != nullptr;
  }
  bool is_elf() const { return bytes_.starts_with("\177ELF"); }

 private:
  std::string_view bytes_;
};

}  // namespace

BinaryLook look_at_binary(const std::string& path) {
  const MappedFile file(path);
  if (!file.is_elf()) return {};
  for (const Framework* framework : all_frameworks()) {
    for (const char* fingerprint : framework->fingerprints) {
      if (!file.has(fingerprint)) continue;
      // What the listener keeps in the executable (start.h).
      return {framework, file.has(std::string("ttrace listener for ") + framework->name)};
    }
  }
  return {};
}

}  // namespace ttrace
