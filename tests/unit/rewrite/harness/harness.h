#pragma once
#include <cstdint>

/// What tick_preload.so tells tick_run: which plans are mapped where.
inline constexpr std::uint64_t kSharedAddress = 0x70001000 - 0x1000;
inline constexpr std::uint64_t kSharedSize = 0x20000;
inline constexpr std::uint64_t kMostObjects = 200;

struct SharedObject {
  std::uint64_t headers, bias, begin, end;
  char path[208];
};
struct Shared {
  std::uint64_t ready, count;
  char unused[0x2000 - 16];  // the counter's page lies in here
  SharedObject objects[kMostObjects];
};
