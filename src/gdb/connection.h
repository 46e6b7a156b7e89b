#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/fd.h"
#include "gdb/packets.h"

namespace ttrace::gdb {

/// The line to one debugger: a connected stream socket. A debugger that vanishes is no error: from
/// then on nothing is received and what is sent is lost.
class Connection {
 public:
  explicit Connection(Fd socket);

  /// Waits for the next packet and acknowledges it. None: the debugger is gone.
  std::optional<std::string> receive();
  void send(std::string_view payload);
  /// After the answer to QStartNoAckMode has been sent.
  void stop_acknowledging();
  bool gone() const { return gone_; }
  /// Whether an interrupt byte came between two packets: gdb steps through a software watchpoint,
  /// and the user's Ctrl-C nearly always meets a pause. It is for the next resume. Forgets it.
  bool take_late_interrupt() { return std::exchange(late_interrupt_, false); }

  /// While it exists, the line is watched from a thread of its own: an interrupt byte or a debugger
  /// that vanishes sets `interrupt`. receive() must not be called meanwhile; send() may.
  class Watch {
   public:
    Watch(Connection& line, std::atomic<bool>& interrupt);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    void watch();

    Connection& line_;
    std::atomic<bool>& interrupt_;
    Fd wake_;           ///< an eventfd, written to end the thread
    std::string late_;  ///< what came in; the thread's until it is joined
    bool gone_ = false;
    std::thread thread_;
  };

 private:
  void write(std::string_view bytes);
  bool read();

  Fd socket_;
  PacketDecoder decoder_;
  std::string last_sent_;  ///< as it went over the line, for a debugger that asks again
  bool acknowledge_ = true;
  bool gone_ = false;
  bool late_interrupt_ = false;
};

}  // namespace ttrace::gdb
