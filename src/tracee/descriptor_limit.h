#pragma once

#include <sys/resource.h>

namespace ttrace {

/// Lets this process have as many descriptors as it is allowed to, until destroyed: each address
/// space that is traced takes one. Children that are made meanwhile inherit it.
class DescriptorLimit {
 public:
  DescriptorLimit();
  ~DescriptorLimit();
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;

 private:
  rlimit before_{};
};

}  // namespace ttrace
