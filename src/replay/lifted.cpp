#include "replay/lifted.h"

namespace ttrace {
namespace {

constexpr std::byte kInt3{0xcc};

}  // namespace

Lifted::Lifted(ReplaySpace& space, Address at) : space_(space), at_(at) {
  const auto found = space.breakpoints.find(at);
  if (found == space.breakpoints.end()) return;
  lifted_ = true;
  space.host->memory().write(at, std::span(&found->second.covered, 1));
}

Lifted::~Lifted() {
  if (lifted_) space_.host->memory().write(at_, std::span(&kInt3, 1));
}

}  // namespace ttrace
