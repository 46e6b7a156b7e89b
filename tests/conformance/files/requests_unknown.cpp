// Requests that nobody knows fail, as they do natively: programs try them to see what there is.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <initializer_list>

#include "observe.h"

namespace {

constexpr unsigned long kNoRequest = 0x1234;
constexpr unsigned long kOfGraphics = 0xc0106400;  // DRM_IOCTL_VERSION

void fails_with(int error, long result) { OBSERVE(result == -1 && errno == error); }

}  // namespace

int main() {
  const int file = open("/etc/passwd", O_RDONLY);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  int ends[2];
  OBSERVE(file >= 0 && socket >= 0 && pipe(ends) == 0);
  for (const int one : {file, socket, ends[0], -1}) {
    for (const unsigned long request : {kNoRequest, kOfGraphics}) {
      OBSERVE(ioctl(one, request, 0) == -1);
      std::printf("%d\n", errno);
    }
  }
  fails_with(EINVAL, fcntl(file, 99, 0));
  fails_with(EINVAL, prctl(4321, 0, 0, 0, 0));
  const int semaphores = semget(IPC_PRIVATE, 1, 0600);
  OBSERVE(semaphores >= 0);
  fails_with(EINVAL, semctl(semaphores, 0, 4321));
  OBSERVE(semctl(semaphores, 0, IPC_RMID) == 0);
  OBSERVE(syscall(SYS_keyctl, 4321, 0, 0, 0, 0) == -1);
  std::printf("%d\n", errno);
  return 0;
}
