// Socket options whose length is no number of bytes, or whose answer is longer than asked: a filter
// that is read back, names, buffers, time stamps.
#include <linux/filter.h>
#include <sys/socket.h>
#include <unistd.h>

#include "observe.h"

int main() {
  int ends[2];
  OBSERVE(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
  sock_filter code[] = {{BPF_LD | BPF_B | BPF_ABS, 0, 0, 0},
                        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 'a'},
                        {BPF_RET | BPF_K, 0, 0, 100},
                        {BPF_RET | BPF_K, 0, 0, 0}};
  const sock_fprog program = {4, code};
  OBSERVE(setsockopt(ends[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0);
  (void)!send(ends[0], "b", 1, 0);  // dropped
  OBSERVE(send(ends[0], "a", 1, 0) == 1);
  char text[4] = {};
  OBSERVE(recv(ends[1], text, 4, MSG_DONTWAIT) == 1);
  std::printf("passed %s\n", text);
  sock_filter back[8] = {};
  socklen_t length = 8;  // instructions
  OBSERVE(getsockopt(ends[1], SOL_SOCKET, SO_GET_FILTER, back, &length) == 0);
  unsigned sum = 0;
  for (const auto& step : back) sum += step.code + step.k;
  std::printf("%u instructions, sum %u\n", length, sum);
  OBSERVE(setsockopt(ends[1], SOL_SOCKET, SO_DETACH_FILTER, code, sizeof(int)) == 0);
  int value = 0;
  length = 2;
  OBSERVE(getsockopt(ends[0], SOL_SOCKET, SO_TYPE, &value, &length) == 0);
  std::printf("type %d of %u bytes\n", value, length);
  length = sizeof value;
  OBSERVE(getsockopt(ends[0], SOL_SOCKET, SO_RCVBUF, &value, &length) == 0);
  std::printf("buffer %d\n", value > 0);
}
