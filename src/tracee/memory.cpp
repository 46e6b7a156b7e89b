#include "tracee/memory.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/error.h"

namespace ttrace {

Memory::Memory(Pid pid) {
  const std::string path = "/proc/" + std::to_string(pid.value()) + "/mem";
  fd_ = Fd(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd_) throw_errno("open " + path);
}

std::size_t Memory::read(Address at, std::span<std::byte> into) const {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t n = pread(fd_.value(), into.data() + done, into.size() - done,
                            static_cast<off_t>(at.value() + done));
    if (n <= 0) break;
    done += std::size_t(n);
  }
  return done;
}

Bytes Memory::read(Address at, std::size_t size) const {
  Bytes bytes(size);
  bytes.resize(read(at, std::span(bytes)));
  return bytes;
}

std::string Memory::read_string(Address at, std::size_t limit) const {
  std::string text;
  while (text.size() < limit) {
    // Up to the end of a page at a time: the next one may not be mapped.
    std::array<std::byte, 256> part;
    const Address here = at + text.size();
    const std::size_t in_page = kPageSize - here.value() % kPageSize;
    const std::size_t n =
        read(here, std::span(part).first(std::min({part.size(), in_page, limit - text.size()})));
    const auto* chars = reinterpret_cast<const char*>(part.data());
    const char* end = std::find(chars, chars + n, '\0');
    text.append(chars, end);
    if (n == 0 || end != chars + n) break;
  }
  return text;
}

bool Memory::write(Address at, ByteView bytes) const {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = pwrite(fd_.value(), bytes.data() + done, bytes.size() - done,
                             static_cast<off_t>(at.value() + done));
    if (n <= 0) return false;
    done += std::size_t(n);
  }
  return true;
}

std::size_t read_as_program(Tid tid, Address at, std::span<std::byte> into) {
  const iovec here{into.data(), into.size()};
  const iovec there{reinterpret_cast<void*>(at.value()), into.size()};
  const ssize_t n = process_vm_readv(tid.value(), &here, 1, &there, 1, 0);
  return n < 0 ? 0 : std::size_t(n);
}

bool write_as_program(Tid tid, Address at, ByteView bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const iovec here{const_cast<std::byte*>(bytes.data()) + done, bytes.size() - done};
    const iovec there{reinterpret_cast<void*>(at.value() + done), bytes.size() - done};
    const ssize_t n = process_vm_writev(tid.value(), &here, 1, &there, 1, 0);
    if (n <= 0) return false;
    done += std::size_t(n);
  }
  return true;
}

}  // namespace ttrace
