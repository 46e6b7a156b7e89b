#include "ticks/tick_events.h"

#include <gtest/gtest.h>

#include <cstring>

namespace ttrace {
namespace {

CpuidWords words(const char* vendor, std::uint32_t signature) {
  CpuidWords result;
  std::memcpy(result.vendor, vendor, sizeof result.vendor);
  result.signature = signature;
  return result;
}

CpuModel cpu(const char* vendor, std::uint32_t signature) {
  return understand_cpu(words(vendor, signature));
}

std::string generation(const CpuModel& model) {
  const TickEventRow* row = find_tick_event(model);
  return row ? row->generation : "";
}

TEST(CpuModel, AddsTheExtensionsOfFamilyAndModel) {
  const CpuModel zen5 = cpu("AuthenticAMD", 0x00b00f21);
  EXPECT_EQ(zen5.vendor, "AuthenticAMD");
  EXPECT_EQ(zen5.family, 0x1au);
  EXPECT_EQ(zen5.model, 0x02u);
  const CpuModel cascade_lake = cpu("GenuineIntel", 0x00050657);
  EXPECT_EQ(cascade_lake.family, 6u);
  EXPECT_EQ(cascade_lake.model, 0x55u);
  // The extensions of others than families 6 and 15 mean nothing.
  const CpuModel old = cpu("GenuineIntel", 0x0fff0543);
  EXPECT_EQ(old.family, 5u);
  EXPECT_EQ(old.model, 4u);
  EXPECT_EQ(cpu("\x1b[31mX\n\x7f\x80zzz", 0).vendor, "?[31mX???zzz");
}

// Signatures of real processors, and what they are.
TEST(TickEvents, KnowsRealProcessors) {
  const struct {
    const char* vendor;
    std::uint32_t signature;
    const char* generation;
  } cases[] = {
      {"GenuineIntel", 0x000106a5, "Intel Nehalem"},
      {"GenuineIntel", 0x000206c2, "Intel Westmere EP"},
      {"GenuineIntel", 0x000206a7, "Intel Sandy Bridge"},
      {"GenuineIntel", 0x000306a9, "Intel Ivy Bridge"},
      {"GenuineIntel", 0x000306f2, "Intel Haswell EP"},
      {"GenuineIntel", 0x000406f1, "Intel Broadwell EP"},
      {"GenuineIntel", 0x000506e3, "Intel Skylake"},
      {"GenuineIntel", 0x00050657, "Intel Skylake X, Cascade Lake"},
      {"GenuineIntel", 0x000906ed, "Intel Kaby Lake"},
      {"GenuineIntel", 0x000606a6, "Intel Ice Lake X"},
      {"GenuineIntel", 0x000806c1, "Intel Tiger Lake"},
      {"GenuineIntel", 0x000806f8, "Intel Sapphire Rapids"},
      {"GenuineIntel", 0x00090672, "Intel Alder Lake"},
      {"GenuineIntel", 0x000706a8, "Intel Goldmont Plus"},
      {"GenuineIntel", 0x000906c0, "Intel Tremont"},
      {"AuthenticAMD", 0x00800f11, "AMD Zen"},
      {"AuthenticAMD", 0x00800f82, "AMD Zen"},
      {"AuthenticAMD", 0x00830f10, "AMD Zen 2"},
      {"AuthenticAMD", 0x00870f10, "AMD Zen 2"},
      {"AuthenticAMD", 0x00a00f11, "AMD Zen 3"},
      {"AuthenticAMD", 0x00a20f10, "AMD Zen 3"},
      {"AuthenticAMD", 0x00a10f11, "AMD Zen 4"},
      {"AuthenticAMD", 0x00a60f12, "AMD Zen 4"},
      {"AuthenticAMD", 0x00b00f21, "AMD Zen 5"},
      {"AuthenticAMD", 0x00b40f40, "AMD Zen 5"},
      // Not known, or known not to be exact.
      {"AuthenticAMD", 0x00600f20, ""},  // family 15h: its branches include interrupts
      {"AuthenticAMD", 0x00b50f00, ""},  // Zen 6
      {"GenuineIntel", 0x000006fb, ""},  // Core 2
      {"GenuineIntel", 0x000b06d1, ""},  // Lunar Lake: no libpfm4 names its event
      {"GenuineIntel", 0x00050671, ""},  // Knights Landing
      {"HygonGenuine", 0x00900f01, ""},
      {"AuthenticAMD", 0x000106a5, ""},  // Nehalem's numbers, another vendor
      {"", 0, ""},
  };
  for (const auto& c : cases) {
    char vendor[13] = {};
    std::strncpy(vendor, c.vendor, 12);
    EXPECT_EQ(generation(cpu(vendor, c.signature)), c.generation)
        << c.vendor << " " << std::hex << c.signature;
  }
}

TEST(TickEvents, NoProcessorHasTwoRows) {
  for (const TickEventRow& row : tick_event_rows()) {
    EXPECT_LE(row.first_model, row.last_model);
    for (unsigned model = row.first_model; model <= row.last_model; ++model) {
      EXPECT_EQ(find_tick_event({row.vendor, row.family, model, CoreKind::only}), &row)
          << row.generation << " " << model;
    }
  }
}

TEST(TickEvents, EfficiencyCoresHaveNone) {
  CpuidWords alder_lake = words("GenuineIntel", 0x00090672);
  alder_lake.is_hybrid = true;
  alder_lake.hybrid_place = 0x40000001;
  EXPECT_EQ(understand_cpu(alder_lake).core, CoreKind::performance);
  EXPECT_EQ(generation(understand_cpu(alder_lake)), "Intel Alder Lake");
  alder_lake.hybrid_place = 0x20000001;
  EXPECT_EQ(understand_cpu(alder_lake).core, CoreKind::efficiency);
  EXPECT_EQ(generation(understand_cpu(alder_lake)), "");
  EXPECT_NE(no_tick_event_text(understand_cpu(alder_lake))
                .find("GenuineIntel family 6, model 151, an efficiency core"),
            std::string::npos);
}

TEST(TickEvents, TheMessageNamesTheCpuAndWhatIsKnown) {
  const std::string text = no_tick_event_text(cpu("AuthenticAMD", 0x00600f20));
  EXPECT_NE(text.find("AuthenticAMD family 21, model 2"), std::string::npos) << text;
  EXPECT_NE(text.find("Zen 1 to 5"), std::string::npos) << text;
  EXPECT_EQ(text.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace ttrace
