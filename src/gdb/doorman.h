#pragma once

#include <thread>

#include "base/fd.h"
#include "gdb/listener.h"

namespace ttrace::gdb {

/// While it exists, whoever connects to the listener is told that its one debugger is there, as an
/// error in answer to the first packet, and is hung up on. A signal that ends this process (see
/// `signals`, a signalfd; they are blocked in all threads) removes the listener's path first.
class Doorman {
 public:
  Doorman(Listener& listener, int signals);
  ~Doorman();
  Doorman(const Doorman&) = delete;
  Doorman& operator=(const Doorman&) = delete;

 private:
  void watch();
  void die_of_signal() const;

  Listener& listener_;
  int signals_;
  Fd wake_;   ///< an eventfd, written to end the thread
  Fd alarm_;  ///< an epoll of `signals` and `wake_`: readable when there is no more refusing
  std::thread thread_;
};

}  // namespace ttrace::gdb
