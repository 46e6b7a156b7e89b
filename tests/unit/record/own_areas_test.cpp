#include "record/own_areas.h"

#include <gtest/gtest.h>

#include <cstring>
#include <utility>
#include <vector>

namespace ttrace {
namespace {

using Ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

/// Those that are not empty, as the agent reads them.
Ranges known(const OwnAreas& areas) {
  Ranges result;
  for (ByteView left = areas.bytes(); !left.empty(); left = left.subspan(sizeof(agent::Area))) {
    agent::Area area;
    std::memcpy(&area, left.data(), sizeof area);
    if (area.end != area.start) result.emplace_back(area.start, area.end);
  }
  return result;
}

OwnAreas one(std::uint64_t start, std::uint64_t end) {
  OwnAreas areas;
  areas.add(Address(start), Address(end));
  return areas;
}

TEST(OwnAreas, KeepsTheLargerPartOfWhatIsLeft) {
  OwnAreas areas = one(0x10000, 0x20000);
  EXPECT_FALSE(areas.forget(Address(0x20000), Address(0x30000)));
  EXPECT_FALSE(areas.forget(Address(0x1000), Address(0x10000)));
  EXPECT_TRUE(areas.forget(Address(0x12000), Address(0x13000)));
  EXPECT_EQ(known(areas), (Ranges{{0x13000, 0x20000}}));
  EXPECT_TRUE(areas.forget(Address(0x1f000), Address(0x30000)));
  EXPECT_EQ(known(areas), (Ranges{{0x13000, 0x1f000}}));
  EXPECT_TRUE(areas.forget(Address(0), Address(~0ull)));
  EXPECT_EQ(known(areas), Ranges());
}

TEST(OwnAreas, OfManyKeepsTheLast) {
  OwnAreas areas;
  for (std::uint64_t i = 1; i <= agent::kMostAreas + 3; ++i) {
    areas.add(Address(i << 20), Address((i << 20) + 0x10000));
  }
  const Ranges ranges = known(areas);
  EXPECT_EQ(ranges.size(), agent::kMostAreas);
  for (const auto& [start, end] : ranges) EXPECT_GT(start, 3ull << 20);
}

}  // namespace
}  // namespace ttrace
