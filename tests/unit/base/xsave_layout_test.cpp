#include "base/xsave_layout.h"

#include <gtest/gtest.h>

#include <cstring>

namespace ttrace {
namespace {

// As CPUs with MPX and as those without it lay out AVX, AVX-512 and PKRU.
const XsaveLayout kWide{
    0x2e7, 2696, {{2, 576, 256}, {5, 1088, 64}, {6, 1152, 512}, {7, 1664, 1024}, {9, 2688, 8}}};
const XsaveLayout kNarrow{
    0x2e7, 2440, {{2, 576, 256}, {5, 832, 64}, {6, 896, 512}, {7, 1408, 1024}, {9, 2432, 8}}};
const XsaveLayout kOld{7, 832, {{2, 576, 256}}};

void set_in_use(Bytes& image, std::uint64_t components) {
  std::memcpy(image.data() + 512, &components, sizeof components);
}

/// Every part filled with its own number.
Bytes image_of(const XsaveLayout& layout) {
  Bytes image(layout.size);
  std::fill(image.begin(), image.begin() + 416, std::byte(1));
  set_in_use(image, layout.xcr0);
  std::memcpy(image.data() + 464, &layout.xcr0, sizeof layout.xcr0);
  for (const XsaveComponent& part : layout.components) {
    std::fill_n(image.begin() + part.offset, part.size, std::byte(part.number));
  }
  return image;
}

TEST(XsaveLayout, PartsMoveToTheirPlaces) {
  EXPECT_EQ(convert_xsave(image_of(kWide), kWide, kNarrow), image_of(kNarrow));
  EXPECT_EQ(convert_xsave(image_of(kNarrow), kNarrow, kWide), image_of(kWide));
  EXPECT_EQ(convert_xsave(image_of(kWide), kWide, kWide), image_of(kWide));
}

TEST(XsaveLayout, WhatIsNotInUseNeedsNoPlace) {
  Bytes image = image_of(kWide);
  set_in_use(image, 7);
  const Bytes moved = convert_xsave(image, kWide, kOld);
  EXPECT_EQ(moved, image_of(kOld));
}

TEST(XsaveLayout, StateWithoutAPlaceIsNamed) {
  try {
    convert_xsave(image_of(kWide), kWide, kOld);
    FAIL() << "it was thrown away";
  } catch (const TraceError& error) {
    EXPECT_NE(std::string(error.what()).find("component 5"), std::string::npos) << error.what();
  }
}

TEST(XsaveLayout, ImagesThatAreTooShortAreRefused) {
  Bytes image = image_of(kWide);
  for (const std::size_t size : {std::size_t{0}, std::size_t{575}, std::size_t{600}}) {
    EXPECT_THROW(convert_xsave(ByteView(image).first(size), kWide, kNarrow), TraceError) << size;
  }
}

TEST(XsaveLayout, TracesThatDoNotSayAreTakenAsTheyAre) {
  EXPECT_EQ(convert_xsave(image_of(kWide), {}, kNarrow), image_of(kWide));
}

TEST(XsaveLayout, OfThisCpuHoldsItsParts) {
  const XsaveLayout here = xsave_layout_here();
  for (const XsaveComponent& part : here.components) {
    EXPECT_GE(part.offset, 576u);
    EXPECT_LE(part.offset + part.size, here.size);
  }
}

}  // namespace
}  // namespace ttrace
