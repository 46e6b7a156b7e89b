#pragma once

#include <cstdint>
#include <string>

#include "base/fd.h"

namespace ttrace::gdb {

/// Where a debugger may connect: a port of the loopback address, or the path of a Unix socket.
struct ListenAddress {
  std::string path;  ///< empty: TCP
  std::uint16_t port = 0;
};

/// See serve() in launch.h for the forms. Throws UsageError for anything else.
ListenAddress parse_address(const std::string& text);

/// A listening socket. The path of a Unix socket is created with mode 0600 and removed when the
/// object ends.
class Listener {
 public:
  /// Throws UsageError if the address is in use or cannot be had.
  explicit Listener(const ListenAddress& address);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// What `target remote` takes: "127.0.0.1:1234" or a path.
  const std::string& remote() const { return remote_; }

  /// Waits for a client. Empty if `cancel` (a descriptor; -1: none) becomes readable or hangs up
  /// first.
  Fd accept(int cancel = -1);
  /// Removes the path of a Unix socket now; safe while another thread accepts.
  void remove_path() const;

 private:
  Fd socket_;
  std::string path_;
  std::string remote_;
};

}  // namespace ttrace::gdb
