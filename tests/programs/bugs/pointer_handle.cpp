// Addresses are handed out as numbers of 32 bits, of which negative ones mean an error.
#include <cstdint>

#include "bug.h"

namespace {

int handle_of(const void* object) {
  return int(std::uint32_t(reinterpret_cast<std::uintptr_t>(object)));
}

}  // namespace

int main() {
  static int object;
  if (handle_of(&object) < 0) bug_shows("a good handle was taken for an error");
}
