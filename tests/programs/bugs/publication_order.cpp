// The flag is set before what it announces.
#include <array>
#include <atomic>
#include <numeric>
#include <thread>

#include "bug.h"

namespace {

std::array<int, 8> message{};
std::atomic<bool> there{false};

void send() {
  there.store(true);
  std::iota(message.begin(), message.end(), 1);
}

void receive() {
  while (!there.load()) std::this_thread::yield();
  if (std::accumulate(message.begin(), message.end(), 0) != 36) bug_shows("half a message");
}

}  // namespace

int main() {
  std::thread receiver(receive);
  std::thread sender(send);
  sender.join();
  receiver.join();
}
