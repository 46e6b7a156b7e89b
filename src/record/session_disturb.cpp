#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>

#include "record/session.h"

// Chaos in what a call transfers. It is cut short only where a correct program cannot rely on the
// whole (docs/chaos.md has the rule): the kernel executes the call with a smaller length, so that
// nothing is lost, and the trace has its result as any other.

namespace ttrace {
namespace {

/// A descriptor of the thread's, as one of ours; empty where the kernel does not give it.
Fd borrowed_descriptor(Pid pid, int descriptor) {
  const Fd process(int(syscall(SYS_pidfd_open, pid.value(), 0)));
  return Fd(process ? int(syscall(SYS_pidfd_getfd, process.value(), descriptor, 0)) : -1);
}

int socket_option(const Fd& socket, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(socket.value(), SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

/// A connection over a network: bytes may arrive in pieces of any size. Those within a machine
/// (AF_UNIX) keep small messages together, as programs may know.
bool is_network_stream(const Fd& file) {
  const int domain = socket_option(file, SO_DOMAIN);
  return socket_option(file, SO_TYPE) == SOCK_STREAM && (domain == AF_INET || domain == AF_INET6) &&
         socket_option(file, SO_RCVLOWAT) == 1;
}

bool is_pipe(const Fd& file) {
  struct stat info {};
  return fstat(file.value(), &info) == 0 && S_ISFIFO(info.st_mode);
}

/// The descriptor of a stream of which a call tells the program more than that it is ready: how
/// much there is to read, or, by an edge, only what comes when all has been read. Then a short
/// transfer says that there is no more (epoll(7), question 9).
std::optional<int> measured_stream(const SyscallView& call, const Memory& memory) {
  const auto& args = call.args;
  const auto named_if = [](bool measures, std::uint64_t descriptor) {
    return measures ? std::optional(int(descriptor)) : std::nullopt;
  };
  switch (call.number) {
    case SYS_epoll_ctl: {
      std::uint32_t events = 0;  // struct epoll_event is packed
      const bool has_events =
          args[1] != EPOLL_CTL_DEL && memory.read_value(Address(args[3]), events);
      return named_if(has_events && (events & EPOLLET), args[2]);
    }
    case SYS_ioctl:
      return named_if(args[1] == FIONREAD, args[0]);
    case SYS_recvmsg:
      return named_if(args[2] & MSG_PEEK, args[0]);
    case SYS_recvfrom:
    case SYS_recvmmsg:
      return named_if(args[3] & MSG_PEEK, args[0]);
    default:
      return {};
  }
}

/// The same for all descriptors of it, whosever they are.
std::pair<dev_t, ino_t> identity_of(const Fd& file) {
  struct stat info {};
  (void)!fstat(file.value(), &info);
  return {info.st_dev, info.st_ino};
}

bool has_only(std::uint64_t flags, std::uint64_t allowed) { return (flags & ~allowed) == 0; }

}  // namespace

/// What the call tells the program of a stream holds for the calls that follow.
void RecordSession::note_measured_stream(const Thread& thread) {
  const auto descriptor = measured_stream(thread.call, thread.memory());
  if (!descriptor) return;
  const Fd file = borrowed_descriptor(thread.process->pid, *descriptor);
  if (file) measured_streams_.insert(identity_of(file));
}

/// Whether the call may transfer less than it is asked for, though nothing interrupts it, and no
/// correct program can have known better.
bool RecordSession::may_be_short(const Thread& thread) const {
  const SyscallView& call = thread.call;
  const bool reads = call.number == SYS_read ||
                     (call.number == SYS_recvfrom &&
                      has_only(call.args[3], MSG_DONTWAIT | MSG_NOSIGNAL | MSG_CMSG_CLOEXEC));
  const bool writes =
      call.number == SYS_write ||
      (call.number == SYS_sendto && has_only(call.args[3], MSG_DONTWAIT | MSG_NOSIGNAL));
  if ((!reads && !writes) || call.args[2] < 2 || call.args[2] > INT_MAX) return false;
  const Fd file = borrowed_descriptor(thread.process->pid, int(call.args[0]));
  if (!file || measured_streams_.contains(identity_of(file))) return false;
  const int flags = fcntl(file.value(), F_GETFL);
  if (flags & O_ASYNC) return false;  // SIGIO is an edge, too
  const bool stream = is_network_stream(file);
  if (reads) return stream;
  // What waits writes all. What does not wait depends on the room that there is, which nobody
  // knows; but up to PIPE_BUF bytes go into a pipe together or not at all.
  const bool waits =
      !(flags & O_NONBLOCK) && !(call.number == SYS_sendto && (call.args[3] & MSG_DONTWAIT));
  return !waits && (stream || (call.args[2] > PIPE_BUF && is_pipe(file)));
}

/// A call that is about to run: makes it transfer less, as chaos draws it. True if `regs` changed.
bool RecordSession::shorten(const Thread& thread, GeneralRegisters& regs) {
  if (!disturbances_.shortens() || !may_be_short(thread)) return false;
  const std::uint64_t length = disturbances_.shortened(thread.call.args[2]);
  if (regs.rdx <= length) return false;  // scratch memory is smaller than that
  regs.rdx = length;
  return true;
}

}  // namespace ttrace
