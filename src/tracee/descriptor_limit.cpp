#include "tracee/descriptor_limit.h"

namespace ttrace {

DescriptorLimit::DescriptorLimit() {
  getrlimit(RLIMIT_NOFILE, &before_);
  const rlimit raised{before_.rlim_max, before_.rlim_max};
  setrlimit(RLIMIT_NOFILE, &raised);
}

DescriptorLimit::~DescriptorLimit() { setrlimit(RLIMIT_NOFILE, &before_); }

}  // namespace ttrace
