#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <vector>

namespace ttrace {

/// Memory that a fork leaves to the parent. A fork copies the page tables of all that a process has
/// written, so that megabytes of tables would make every attempt of a hunt start later; the child
/// of a launch looks at none of them before it executes the program.
template <class T>
class UnforkedAllocator {
 public:
  using value_type = T;

  UnforkedAllocator() = default;
  template <class U>
  explicit UnforkedAllocator(const UnforkedAllocator<U>& /*other*/) {}

  T* allocate(std::size_t count) {
    if (count > std::size_t(-1) / sizeof(T)) throw std::bad_alloc();
    void* const at = ::mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) throw std::bad_alloc();
    ::madvise(at, count * sizeof(T), MADV_DONTFORK);  // refused: forks take longer, no more
    return static_cast<T*>(at);
  }
  void deallocate(T* at, std::size_t count) { ::munmap(at, count * sizeof(T)); }

  friend bool operator==(const UnforkedAllocator&, const UnforkedAllocator&) { return true; }
};

/// For large tables: each has pages of its own.
template <class T>
using UnforkedVector = std::vector<T, UnforkedAllocator<T>>;

}  // namespace ttrace
