// A limit on how many may be inside, kept by a counter that is tested, and changed later.
#include <atomic>
#include <string>
#include <thread>

#include "bug.h"

namespace {

std::atomic<int> free_places{1};
std::atomic<int> inside{0};
std::atomic<unsigned> last_ticket{0};

unsigned ticket_of(const std::string& name) {
  unsigned ticket = 0;
  for (const char c : name) ticket = ticket * 33 + unsigned(c);
  return ticket;
}

void enter() {
  while (free_places.load() <= 0) std::this_thread::yield();
  const unsigned ticket = ticket_of("entrance");
  free_places.fetch_sub(1);
  last_ticket.store(ticket);
}

void leave() { free_places.fetch_add(1); }

void visit(const std::string& name) {
  for (int i = 0; i < 5; ++i) {
    enter();
    if (inside.fetch_add(1) != 0) bug_shows("more are inside than allowed");
    last_ticket.store(ticket_of(name));
    inside.fetch_sub(1);
    leave();
  }
}

}  // namespace

int main() {
  std::thread a([] { visit("anna"); });
  std::thread b([] { visit("bert"); });
  a.join();
  b.join();
}
