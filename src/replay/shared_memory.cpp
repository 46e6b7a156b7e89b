#include "replay/shared_memory.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

namespace ttrace {
namespace {

bool write_all(int fd, std::uint64_t offset, ByteView data) {
  while (!data.empty()) {
    const ssize_t n = pwrite(fd, data.data(), data.size(), off_t(offset));
    if (n <= 0) return false;
    offset += std::uint64_t(n);
    data = data.subspan(std::size_t(n));
  }
  return true;
}

}  // namespace

void SharedMemory::apply(const SharedChange& change) {
  Memory& memory = by_number_[change.number];
  if (!memory.fd) {
    memory.fd = Fd(memfd_create("ttrace-shared", MFD_CLOEXEC));
    struct stat info {};
    if (!memory.fd || fstat(memory.fd.value(), &info) != 0) throw_errno("memfd_create");
    by_inode_[info.st_ino] = change.number;
  }
  if (!change.name.empty()) memory.name = change.name;
  const int fd = memory.fd.value();
  if (change.size != memory.size) {
    if (ftruncate(fd, off_t(change.size)) != 0) {
      throw_errno("make " + std::to_string(change.size) + " bytes of shared memory");
    }
    memory.size = change.size;
  }
  constexpr int kMakeHole = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  if (change.length != 0 &&
      fallocate(fd, kMakeHole, off_t(change.from), off_t(change.length)) != 0) {
    throw_errno("empty shared memory");
  }
  for (const SharedChange::Piece& piece : change.pieces) {
    if (!write_all(fd, piece.offset, piece.data)) throw_errno("fill shared memory");
  }
}

bool SharedMemory::write(std::uint64_t inode, std::uint64_t offset, ByteView data) const {
  const auto found = by_inode_.find(inode);
  if (found == by_inode_.end()) return false;
  const Memory& memory = at(found->second);
  return offset <= memory.size && data.size() <= memory.size - offset &&
         write_all(memory.fd.value(), offset, data);
}

const SharedMemory::Memory& SharedMemory::at(std::uint32_t number) const {
  const auto found = by_number_.find(number);
  if (found == by_number_.end()) throw TraceError("damaged: shared memory that was never mapped");
  return found->second;
}

}  // namespace ttrace
