// What a waiting call receives appears in memory when the call ends, not before: a thread (or a
// process that shares memory) that watches the buffer counts the same turns in every replay. The
// argument says which call waits.
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "observe.h"

namespace {

constexpr char kText[] = "abcdefghi";
constexpr int kMany = 300;

int ends[2];
volatile char buffer[20 << 20];
int many_ends[kMany][2];
volatile char many_buffers[kMany][sizeof kText];

char* at(int offset) { return const_cast<char*>(buffer) + offset; }

void* reads(void*) {
  OBSERVE(read(ends[0], at(0), 100) == sizeof kText);
  return nullptr;
}

void* reads_much(void*) {
  OBSERVE(read(ends[0], at(0), sizeof buffer) == sizeof kText);
  return nullptr;
}

void* reads_vectors(void*) {
  const iovec vectors[] = {{at(0), 3}, {nullptr, 0}, {at(3), 60}};
  OBSERVE(readv(ends[0], vectors, 3) == sizeof kText);
  return nullptr;
}

void* receives_message(void*) {
  iovec vectors[] = {{at(0), 2}, {at(2), 60}};
  char control[64];
  msghdr message{};
  message.msg_iov = vectors;
  message.msg_iovlen = 2;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  OBSERVE(recvmsg(ends[0], &message, 0) == sizeof kText);
  OBSERVE(message.msg_controllen == 0 && message.msg_iov == vectors);
  return nullptr;
}

void* receives_messages(void*) {
  iovec vectors[] = {{at(0), 60}, {at(60), 60}};
  mmsghdr messages[2]{};
  for (int i = 0; i < 2; ++i) messages[i].msg_hdr.msg_iov = &vectors[i];
  for (int i = 0; i < 2; ++i) messages[i].msg_hdr.msg_iovlen = 1;
  OBSERVE(recvmmsg(ends[0], messages, 2, MSG_WAITFORONE, nullptr) == 1);
  OBSERVE(messages[0].msg_len == sizeof kText);
  return nullptr;
}

void* reads_one_of_many(void* number) {
  const auto i = reinterpret_cast<long>(number);
  OBSERVE(read(many_ends[i][0], const_cast<char*>(many_buffers[i]), sizeof kText) == sizeof kText);
  return nullptr;
}

long watch(volatile char* where) {
  long turns = 0;
  while (where[0] == 0) ++turns;
  OBSERVE(std::string(const_cast<char*>(where)) == kText);
  return turns;
}

void in_a_thread(void* (*receiver)(void*)) {
  pthread_t thread;
  OBSERVE(pthread_create(&thread, nullptr, receiver, nullptr) == 0);
  usleep(2000);
  OBSERVE(write(ends[1], kText, sizeof kText) == sizeof kText);
  std::printf("%ld turns\n", watch(buffer));
  OBSERVE(pthread_join(thread, nullptr) == 0);
}

void in_many_threads() {
  pthread_t threads[kMany];
  for (long i = 0; i < kMany; ++i) {
    OBSERVE(pipe(many_ends[i]) == 0);
    OBSERVE(pthread_create(&threads[i], nullptr, reads_one_of_many, reinterpret_cast<void*>(i)) ==
            0);
  }
  usleep(2000);
  for (int i = 0; i < kMany; ++i) {
    OBSERVE(write(many_ends[i][1], kText, sizeof kText) == sizeof kText);
    const long turns = watch(many_buffers[i]);
    if (i % 20 == 0) std::printf("%ld turns\n", turns);
  }
  for (pthread_t thread : threads) OBSERVE(pthread_join(thread, nullptr) == 0);
}

void in_a_process() {
  auto* shared = static_cast<volatile char*>(
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  OBSERVE(shared != MAP_FAILED);
  const pid_t child = fork();
  OBSERVE(child >= 0);
  if (child == 0) {
    OBSERVE(read(ends[0], const_cast<char*>(shared), 100) == sizeof kText);
    _exit(0);
  }
  usleep(2000);
  OBSERVE(write(ends[1], kText, sizeof kText) == sizeof kText);
  std::printf("%ld turns\n", watch(shared));
  OBSERVE(waitpid(child, nullptr, 0) == child);
}

}  // namespace

int main(int count, char** arguments) {
  OBSERVE(count == 2);
  const std::string what = arguments[1];
  const bool datagrams = what == "recvmmsg";
  OBSERVE(socketpair(AF_UNIX, datagrams ? SOCK_DGRAM : SOCK_STREAM, 0, ends) == 0);
  if (what == "read") in_a_thread(reads);
  if (what == "much") in_a_thread(reads_much);
  if (what == "readv") in_a_thread(reads_vectors);
  if (what == "recvmsg") in_a_thread(receives_message);
  if (what == "recvmmsg") in_a_thread(receives_messages);
  if (what == "many") in_many_threads();
  if (what == "process") in_a_process();
  return 0;
}
