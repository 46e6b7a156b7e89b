#include "ticks/tick_events.h"

#include <fmt/format.h>

#include <array>

namespace ttrace {
namespace {

constexpr const char* kIntel = "GenuineIntel";
constexpr const char* kAmd = "AuthenticAMD";

// Overflows of Intel's counters come some tens of branches late; those of AMD's came up to ten
// thousand late now and then, and have no known bound (rr issues 2720, 2834).
constexpr std::uint64_t kIntelSkid = 128;
constexpr std::uint64_t kAmdSkid = 10000;

// Locked instructions that Zen speculates past may be rolled back without the counters (rr issue
// 2034). Only the first Zen's table names the unit mask; the number is the same on all.
constexpr const char* kZenSpoiler = "amd64_fam17h_zen1::LOCKS:SPEC_LOCK_MAP_COMMIT";
constexpr const char* kZenAdvice =
    "switch the CPU's speculation past locked instructions off (SpecLockMap: set bit 54 of MSR "
    "0xc0011020)";

constexpr const char* kZen1 = "amd64_fam17h_zen1::RETIRED_CONDITIONAL_BRANCH_INSTRUCTIONS";
constexpr const char* kZen2 = "amd64_fam17h_zen2::RETIRED_CONDITIONAL_BRANCH_INSTRUCTIONS";
constexpr const char* kZen3 = "amd64_fam19h_zen3::RETIRED_CONDITIONAL_BRANCH_INSTRUCTIONS";
constexpr const char* kZen4 = "amd64_fam19h_zen4::RETIRED_CONDITIONAL_BRANCH_INSTRUCTIONS";
constexpr const char* kZen5 = "amd64_fam1ah_zen5::RETIRED_CONDITIONAL_BRANCH_INSTRUCTIONS";

constexpr TickEventRow intel(const char* generation, unsigned model, const char* event,
                             const char* older_name = nullptr) {
  return {generation, kIntel, 6, model, model, event, older_name, kIntelSkid, nullptr, nullptr};
}

constexpr TickEventRow zen(const char* generation, unsigned family, unsigned first, unsigned last,
                           const char* event, const char* older_name = nullptr) {
  return {generation, kAmd,       family,   first,       last,
          event,      older_name, kAmdSkid, kZenSpoiler, kZenAdvice};
}

// Models as Linux names them (asm/intel-family.h; the ranges of AMD's are those of its
// amd.c). Lion Cove (Lunar Lake, Arrow Lake) has another encoding, which no libpfm4 of today names.
constexpr std::array kRows = {
    intel("Intel Nehalem", 0x1a, "nhm::BR_INST_RETIRED:CONDITIONAL"),
    intel("Intel Nehalem", 0x1e, "nhm::BR_INST_RETIRED:CONDITIONAL"),
    intel("Intel Nehalem", 0x1f, "nhm::BR_INST_RETIRED:CONDITIONAL"),
    intel("Intel Nehalem EX", 0x2e, "nhm_ex::BR_INST_RETIRED:CONDITIONAL"),
    intel("Intel Westmere", 0x25, "wsm::BR_INST_RETIRED:CONDITIONAL"),
    intel("Intel Westmere EP", 0x2c, "wsm_dp::BR_INST_RETIRED:CONDITIONAL"),
    intel("Intel Westmere EX", 0x2f, "wsm_dp::BR_INST_RETIRED:CONDITIONAL"),
    intel("Intel Sandy Bridge", 0x2a, "snb::BR_INST_RETIRED:CONDITIONAL"),
    intel("Intel Sandy Bridge EP", 0x2d, "snb_ep::BR_INST_RETIRED:CONDITIONAL"),
    intel("Intel Ivy Bridge", 0x3a, "ivb::BR_INST_RETIRED:COND"),
    intel("Intel Ivy Bridge EP", 0x3e, "ivb_ep::BR_INST_RETIRED:COND"),
    intel("Intel Haswell", 0x3c, "hsw::BR_INST_RETIRED:CONDITIONAL"),
    intel("Intel Haswell", 0x45, "hsw::BR_INST_RETIRED:CONDITIONAL"),
    intel("Intel Haswell", 0x46, "hsw::BR_INST_RETIRED:CONDITIONAL"),
    intel("Intel Haswell EP", 0x3f, "hsw_ep::BR_INST_RETIRED:CONDITIONAL"),
    intel("Intel Broadwell", 0x3d, "bdw::BR_INST_RETIRED:CONDITIONAL"),
    intel("Intel Broadwell", 0x47, "bdw::BR_INST_RETIRED:CONDITIONAL"),
    intel("Intel Broadwell EP", 0x4f, "bdw_ep::BR_INST_RETIRED:CONDITIONAL"),
    intel("Intel Broadwell DE", 0x56, "bdw_ep::BR_INST_RETIRED:CONDITIONAL"),
    intel("Intel Skylake", 0x4e, "skl::BR_INST_RETIRED:CONDITIONAL"),
    intel("Intel Skylake", 0x5e, "skl::BR_INST_RETIRED:CONDITIONAL"),
    intel("Intel Kaby Lake", 0x8e, "skl::BR_INST_RETIRED:CONDITIONAL"),
    intel("Intel Kaby Lake", 0x9e, "skl::BR_INST_RETIRED:CONDITIONAL"),
    intel("Intel Comet Lake", 0xa5, "skl::BR_INST_RETIRED:CONDITIONAL"),
    intel("Intel Comet Lake", 0xa6, "skl::BR_INST_RETIRED:CONDITIONAL"),
    intel("Intel Skylake X, Cascade Lake", 0x55, "skx::BR_INST_RETIRED:CONDITIONAL"),
    intel("Intel Ice Lake", 0x7d, "icl::BR_INST_RETIRED:COND"),
    intel("Intel Ice Lake", 0x7e, "icl::BR_INST_RETIRED:COND"),
    intel("Intel Ice Lake X", 0x6a, "icx::BR_INST_RETIRED:COND"),
    intel("Intel Ice Lake D", 0x6c, "icx::BR_INST_RETIRED:COND"),
    intel("Intel Tiger Lake", 0x8c, "icl::BR_INST_RETIRED:COND"),
    intel("Intel Tiger Lake", 0x8d, "icl::BR_INST_RETIRED:COND"),
    intel("Intel Rocket Lake", 0xa7, "icl::BR_INST_RETIRED:COND"),
    intel("Intel Sapphire Rapids", 0x8f, "spr::BR_INST_RETIRED:COND"),
    intel("Intel Emerald Rapids", 0xcf, "emr::BR_INST_RETIRED:COND", "spr::BR_INST_RETIRED:COND"),
    intel("Intel Granite Rapids", 0xad, "gnr::BR_INST_RETIRED:COND", "spr::BR_INST_RETIRED:COND"),
    intel("Intel Granite Rapids", 0xae, "gnr::BR_INST_RETIRED:COND", "spr::BR_INST_RETIRED:COND"),
    // Their performance cores: Golden Cove and its successors, as in Sapphire Rapids.
    intel("Intel Alder Lake", 0x97, "adl_glc::BR_INST_RETIRED:COND", "spr::BR_INST_RETIRED:COND"),
    intel("Intel Alder Lake", 0x9a, "adl_glc::BR_INST_RETIRED:COND", "spr::BR_INST_RETIRED:COND"),
    intel("Intel Raptor Lake", 0xb7, "adl_glc::BR_INST_RETIRED:COND", "spr::BR_INST_RETIRED:COND"),
    intel("Intel Raptor Lake", 0xba, "adl_glc::BR_INST_RETIRED:COND", "spr::BR_INST_RETIRED:COND"),
    intel("Intel Raptor Lake", 0xbf, "adl_glc::BR_INST_RETIRED:COND", "spr::BR_INST_RETIRED:COND"),
    intel("Intel Meteor Lake", 0xaa, "adl_glc::BR_INST_RETIRED:COND", "spr::BR_INST_RETIRED:COND"),
    intel("Intel Silvermont", 0x37, "slm::BR_INST_RETIRED:JCC"),
    intel("Intel Silvermont", 0x4d, "slm::BR_INST_RETIRED:JCC"),
    intel("Intel Airmont", 0x4c, "slm::BR_INST_RETIRED:JCC"),
    intel("Intel Goldmont", 0x5c, "glm::BR_INST_RETIRED:JCC"),
    intel("Intel Goldmont", 0x5f, "glm::BR_INST_RETIRED:JCC"),
    intel("Intel Goldmont Plus", 0x7a, "glm::BR_INST_RETIRED:JCC"),
    intel("Intel Tremont", 0x9c, "tmt::BR_INST_RETIRED:COND", "glm::BR_INST_RETIRED:JCC"),

    zen("AMD Zen", 0x17, 0x00, 0x2f, kZen1),
    zen("AMD Zen", 0x17, 0x50, 0x5f, kZen1),
    zen("AMD Zen 2", 0x17, 0x30, 0x4f, kZen2),
    zen("AMD Zen 2", 0x17, 0x60, 0x7f, kZen2),
    zen("AMD Zen 2", 0x17, 0x90, 0x91, kZen2),
    zen("AMD Zen 2", 0x17, 0xa0, 0xaf, kZen2),
    zen("AMD Zen 3", 0x19, 0x00, 0x0f, kZen3),
    zen("AMD Zen 3", 0x19, 0x20, 0x5f, kZen3),
    zen("AMD Zen 4", 0x19, 0x10, 0x1f, kZen4),
    zen("AMD Zen 4", 0x19, 0x60, 0xaf, kZen4),
    zen("AMD Zen 5", 0x1a, 0x00, 0x2f, kZen5, kZen4),
    zen("AMD Zen 5", 0x1a, 0x40, 0x4f, kZen5, kZen4),
    zen("AMD Zen 5", 0x1a, 0x60, 0x7f, kZen5, kZen4),
};

}  // namespace

std::span<const TickEventRow> tick_event_rows() { return kRows; }

const TickEventRow* find_tick_event(const CpuModel& cpu) {
  if (cpu.core == CoreKind::efficiency) return nullptr;
  for (const TickEventRow& row : kRows) {
    if (cpu.vendor == row.vendor && cpu.family == row.family && cpu.model >= row.first_model &&
        cpu.model <= row.last_model) {
      return &row;
    }
  }
  return nullptr;
}

std::string no_tick_event_text(const CpuModel& cpu) {
  return fmt::format(
      "no event is known that counts ticks on this CPU ({}); known are Intel's from Nehalem to "
      "Granite Rapids (performance cores where kinds are mixed), its Atoms from Silvermont to "
      "Tremont, and AMD's Zen 1 to 5",
      to_string(cpu));
}

}  // namespace ttrace
