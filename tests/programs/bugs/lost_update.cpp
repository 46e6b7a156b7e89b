// A counter that is read, and written after a computation: increments of the other thread in
// between are lost.
#include <thread>

#include "bug.h"

namespace {

long total = 0;

long checksum(const char* text) {
  long sum = 0;
  for (; *text != 0; ++text) sum = sum * 31 + *text;
  return sum % 10;
}

void account(const char* const (&names)[3]) {
  for (const char* name : names) {
    const long before = total;
    total = before + checksum(name);
  }
}

}  // namespace

int main() {
  const char* const first[] = {"anna", "bert", "carl"};
  const char* const second[] = {"dora", "emil", "fritz"};
  account(first);
  account(second);
  const long expected = total;
  total = 0;
  std::thread a([&] { account(first); });
  std::thread b([&] { account(second); });
  a.join();
  b.join();
  if (total != expected) bug_shows("an update was lost");
}
