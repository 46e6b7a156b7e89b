#pragma once

#include <cstdint>
#include <vector>

#include "rewrite/code_image.h"
#include "rewrite/stubs.h"

namespace ttrace {

/// Changes to the text of an image, and what must be known about them. Until apply() the image
/// keeps its original bytes, so that a planner always reads the original program.
class TextPatch {
 public:
  explicit TextPatch(const CodeImage& image) : claimed_(image.begin(), image.end()) {}

  /// Whether any byte in [begin, end) has been changed.
  bool touches(std::uint64_t begin, std::uint64_t end) const { return claimed_.any_in(begin, end); }

  void write(std::uint64_t address, std::initializer_list<unsigned> bytes);
  /// Fills with INT3 what execution never reaches.
  void fill(std::uint64_t begin, std::uint64_t end);
  /// Makes the transfer that ends at `end` with a 32-bit distance lead to a stub.
  void aim(std::uint64_t end, StubCode::Position stub);
  /// A five-byte jump to a stub.
  void jump(std::uint64_t address, StubCode::Position stub);
  /// Says what a program counter in [address, address + length) means.
  void explain(std::uint64_t address, std::uint16_t length, std::uint64_t original);

  /// Writes all changes, with the stubs at their final place.
  void apply(CodeImage& image, std::uint64_t stubs) const;
  /// Ascending and joined.
  std::vector<ModifiedRange> modified() const;
  std::vector<TickPlan::PlaceEntry> places(std::uint64_t origin) const;

 private:
  struct Aim {
    std::uint64_t end;
    StubCode::Position stub;
  };
  struct Place {
    std::uint64_t address;
    std::uint16_t length;
    std::uint64_t original;
  };

  struct Byte {
    std::uint64_t address;
    std::byte value;
  };

  void claim(std::uint64_t begin, std::uint64_t end);

  AddressSet claimed_;
  std::vector<ModifiedRange> ranges_;
  std::vector<Byte> bytes_;
  std::vector<Aim> aims_;
  std::vector<Place> places_;
};

}  // namespace ttrace
