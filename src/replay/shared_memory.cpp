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

/// Copies what is not a hole.
void copy_contents(int from, int to, std::uint64_t size) {
  off_t at = 0;
  while (std::uint64_t(at) < size) {
    const off_t begin = lseek(from, at, SEEK_DATA);
    if (begin < 0) return;  // ENXIO: only holes follow
    const off_t end = lseek(from, begin, SEEK_HOLE);
    if (end < 0) throw_errno("look for holes in shared memory");
    off_t source = begin;
    off_t target = begin;
    while (source < end) {
      if (copy_file_range(from, &source, to, &target, std::size_t(end - source), 0) <= 0) {
        throw_errno("copy shared memory");
      }
    }
    at = end;
  }
}

}  // namespace

void SharedMemory::make(std::uint64_t number, Memory& memory) {
  memory.fd = Fd(memfd_create("ttrace-shared", MFD_CLOEXEC));
  struct stat info {};
  if (!memory.fd || fstat(memory.fd.value(), &info) != 0) throw_errno("memfd_create");
  by_inode_[info.st_ino] = number;
}

int SharedMemory::add_anonymous(std::uint64_t size) {
  Memory& memory = by_number_[next_anonymous_];
  make(next_anonymous_++, memory);
  if (ftruncate(memory.fd.value(), off_t(size)) != 0) {
    throw_errno("make " + std::to_string(size) + " bytes of shared memory");
  }
  memory.size = size;
  return memory.fd.value();
}

SharedMemory SharedMemory::copy(const std::set<std::uint64_t>& mapped) const {
  SharedMemory result;
  result.next_anonymous_ = next_anonymous_;
  for (const auto& [inode, number] : by_inode_) {
    if (number >= kFirstAnonymous && !mapped.contains(inode)) continue;
    const Memory& from = by_number_.at(number);
    Memory& to = result.by_number_[number];
    result.make(number, to);
    to.name = from.name;
    to.size = from.size;
    if (ftruncate(to.fd.value(), off_t(to.size)) != 0) throw_errno("copy shared memory");
    copy_contents(from.fd.value(), to.fd.value(), from.size);
  }
  return result;
}

int SharedMemory::counterpart(std::uint64_t inode, const SharedMemory& copy) const {
  const auto found = by_inode_.find(inode);
  return found == by_inode_.end() ? -1 : copy.at(found->second).fd.value();
}

void SharedMemory::apply(const SharedChange& change) {
  Memory& memory = by_number_[change.number];
  if (!memory.fd) make(change.number, memory);
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

const SharedMemory::Memory& SharedMemory::at(std::uint64_t number) const {
  const auto found = by_number_.find(number);
  if (found == by_number_.end()) throw TraceError("damaged: shared memory that was never mapped");
  return found->second;
}

}  // namespace ttrace
