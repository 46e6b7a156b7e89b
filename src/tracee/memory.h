#pragma once

#include <span>
#include <string>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/types.h"

namespace ttrace {

/// The memory of one address space, through /proc/PID/mem: page protections do not apply, and it
/// stays usable while any thread of that address space lives. After an exec, open it anew.
class Memory {
 public:
  /// Throws SystemError if the process cannot be opened.
  explicit Memory(Pid pid);

  /// Reads up to into.size() bytes, fewer where the rest is not mapped.
  std::size_t read(Address at, std::span<std::byte> into) const;
  /// Reads exactly `size` bytes or fewer at an unmapped page.
  Bytes read(Address at, std::size_t size) const;
  /// False if it is not mapped whole; `value` is then unspecified.
  template <class T>
  bool read_value(Address at, T& value) const {
    return read(at, std::as_writable_bytes(std::span(&value, 1))) == sizeof(T);
  }
  /// A zero-terminated string, cut at `limit` bytes or at unmapped memory.
  std::string read_string(Address at, std::size_t limit) const;

  /// Writes all of it, read-only pages included; false if some is not mapped.
  bool write(Address at, ByteView bytes) const;

 private:
  Fd fd_;
};

/// Reads with the rights that the thread itself has (process_vm_readv(2)), which of large memory is
/// twice as fast as Memory::read(). Returns the bytes read, fewer where it may not read.
std::size_t read_as_program(Tid tid, Address at, std::span<std::byte> into);
/// Writes with the rights that the thread itself has (process_vm_writev(2)): false if some of it
/// is not mapped or not writable; part of it may then be written.
bool write_as_program(Tid tid, Address at, ByteView bytes);

}  // namespace ttrace
