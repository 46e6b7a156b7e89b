#include "rewrite/sites.h"

#include <sys/user.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "guests.h"

namespace ttrace::testing {
namespace {

using Kind = InstructionEvent::Kind;

/// Indices in GeneralRegisters by the number that instructions use.
constexpr std::size_t kRegisterOffsets[] = {
    offsetof(user_regs_struct, rax), offsetof(user_regs_struct, rcx),
    offsetof(user_regs_struct, rdx), offsetof(user_regs_struct, rbx),
    offsetof(user_regs_struct, rsp), offsetof(user_regs_struct, rbp),
    offsetof(user_regs_struct, rsi), offsetof(user_regs_struct, rdi),
    offsetof(user_regs_struct, r8),  offsetof(user_regs_struct, r9),
    offsetof(user_regs_struct, r10), offsetof(user_regs_struct, r11),
    offsetof(user_regs_struct, r12), offsetof(user_regs_struct, r13),
    offsetof(user_regs_struct, r14), offsetof(user_regs_struct, r15)};

const LoadedBinary& self() {
  static const LoadedBinary binary = loaded_binaries().front();
  return binary;
}

/// The sites between two labels of the test binary.
std::vector<Site> between(const std::vector<Site>& all, const void* begin, const void* end) {
  const std::uint64_t from = self().file_offset(begin);
  const std::uint64_t to = self().file_offset(end);
  std::vector<Site> sites;
  for (const Site& site : all)
    if (site.file_offset >= from && site.file_offset < to) sites.push_back(site);
  return sites;
}

std::vector<Site> sites_between(const SitePlan& plan, const void* begin, const void* end) {
  return between(plan.sites, begin, end);
}

std::vector<Site> expected_every_site() {
  std::vector<Site> expected;
  std::uint64_t offset = self().file_offset(ttrace_test_every_site);
  const auto add = [&](Kind kind, unsigned length, unsigned reg, unsigned width) {
    expected.push_back(
        {offset, kind, std::uint8_t(length), std::uint8_t(reg), std::uint8_t(width)});
    offset += length;
  };
  for (const Kind kind : {Kind::rdrand, Kind::rdseed}) {
    for (const unsigned width : {2, 4, 8}) {
      for (unsigned reg = 0; reg < 16; ++reg) {
        const bool rex = width == 8 || reg >= 8;
        add(kind, 3 + (width == 2) + rex, unsigned(kRegisterOffsets[reg] / 8), width);
      }
    }
  }
  add(Kind::cpuid, 2, 0, 8);
  return expected;
}

void expect_every_site(const SitePlan& plan) {
  const std::vector<Site> expected = expected_every_site();
  const std::vector<Site> found =
      sites_between(plan, ttrace_test_every_site, ttrace_test_every_site_end);
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(fields(found[i]), fields(expected[i]));
}

unsigned count(const SitePlan& plan, Kind kind) {
  return unsigned(std::count_if(plan.sites.begin(), plan.sites.end(),
                                [kind](const Site& site) { return site.kind == kind; }));
}

/// A copy of the test binary that a test may edit.
class EditedSelf {
 public:
  EditedSelf() : bytes_(read_file(self().path)) {}

  Bytes& bytes() { return bytes_; }
  Elf64_Ehdr& header() { return *reinterpret_cast<Elf64_Ehdr*>(bytes_.data()); }
  Elf64_Phdr& unwind_header() {
    auto* headers = reinterpret_cast<Elf64_Phdr*>(bytes_.data() + header().e_phoff);
    for (unsigned i = 0; i < header().e_phnum; ++i)
      if (headers[i].p_type == PT_GNU_EH_FRAME) return headers[i];
    throw std::runtime_error("the test binary has no PT_GNU_EH_FRAME");
  }
  /// Misspells the section's name, so that nobody finds it.
  void hide_section(std::string_view name) {
    const std::string entry = std::string("\0", 1) + std::string(name) + std::string("\0", 1);
    const auto* sections = reinterpret_cast<Elf64_Shdr*>(bytes_.data() + header().e_shoff);
    const Elf64_Shdr& names = sections[header().e_shstrndx];
    auto* begin = reinterpret_cast<char*>(bytes_.data()) + names.sh_offset;
    auto* found = std::search(begin, begin + names.sh_size, entry.begin(), entry.end());
    ASSERT_NE(found, begin + names.sh_size);
    found[1] = 'x';
  }
  SitePlan analyse() {
    write_file(directory_ / "copy", bytes_);
    return analyse_path(directory_ / "copy");
  }

 private:
  TemporaryDirectory directory_;
  Bytes bytes_;
};

TEST(Sites, FindsEveryWidthAndRegister) { expect_every_site(analyse_path(self().path)); }

TEST(Sites, OpcodeBytesInsideOtherInstructionsAreNoSites) {
  const auto found =
      sites_between(analyse_path(self().path), ttrace_test_immediates, ttrace_test_immediates_end);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, Kind::cpuid);
  EXPECT_EQ(found[0].file_offset, self().file_offset(ttrace_test_immediates_end) - 3);
}

TEST(Sites, ReadsOfTheCounterAreAListOfTheirOwn) {
  const SitePlan plan = analyse_path(self().path);
  EXPECT_TRUE(plan.knows_counter_reads);
  EXPECT_TRUE(sites_between(plan, ttrace_test_counter, ttrace_test_counter_end).empty());
  const auto found = between(plan.counter_reads, ttrace_test_counter, ttrace_test_counter_end);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].kind, Kind::rdtsc);
  EXPECT_EQ(found[0].file_offset, self().file_offset(ttrace_test_counter));
  EXPECT_EQ(found[1].kind, Kind::rdtscp);
  EXPECT_EQ(found[1].file_offset, self().file_offset(ttrace_test_counter_end) - 4);
}

/// What is known of reads of the counter if the CPUID that ends `behind` bytes before a label is a
/// RDTSC.
bool knows_reads_with_one_at(const void* label, std::uint64_t behind) {
  EditedSelf copy;
  const std::uint64_t at = self().file_offset(label) - behind - 2;
  EXPECT_EQ(copy.bytes()[at + 1], std::byte(0xa2));
  copy.bytes()[at + 1] = std::byte(0x31);
  return copy.analyse().knows_counter_reads;
}

TEST(Sites, AReadOfTheCounterThatNothingDescribesIsNotKnown) {
  EXPECT_TRUE(knows_reads_with_one_at(ttrace_test_immediates_end, 1));
  EXPECT_FALSE(knows_reads_with_one_at(ttrace_test_invalid_end, 1));
  EXPECT_FALSE(knows_reads_with_one_at(ttrace_test_contradiction_end, 2));
  EXPECT_FALSE(knows_reads_with_one_at(ttrace_test_nameless_end, 1));
}

TEST(Sites, OfWhatIsNoBinaryNoReadIsKnown) {
  EXPECT_FALSE(analyse_path("/proc/self/maps").knows_counter_reads);
}

TEST(Sites, NothingIsFoundBehindAnInvalidInstruction) {
  const SitePlan plan = analyse_path(self().path);
  EXPECT_TRUE(sites_between(plan, ttrace_test_invalid, ttrace_test_invalid_end).empty());
  EXPECT_FALSE(plan.warning.empty());
  EXPECT_EQ(plan.warning.find('\n'), std::string::npos);
}

TEST(Sites, ABranchIntoTheMiddleRefutesASite) {
  EXPECT_TRUE(sites_between(analyse_path(self().path), ttrace_test_contradiction,
                            ttrace_test_contradiction_end)
                  .empty());
}

TEST(Sites, SymbolsFillInForUnwindTables) {
  const SitePlan plan = analyse_path(self().path);
  const auto found = sites_between(plan, ttrace_test_symbol_only, ttrace_test_symbol_only_end);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].file_offset, self().file_offset(ttrace_test_symbol_only_end) - 3);
}

TEST(Sites, CodeThatNothingDescribesIsCountedInTheWarning) {
  const SitePlan plan = analyse_path(self().path);
  EXPECT_TRUE(sites_between(plan, ttrace_test_symbol_only_end, ttrace_test_nameless_end).empty());
  // The one behind the invalid instruction, the contradicted one, the nameless one.
  EXPECT_EQ(plan.warning.substr(0, 2), "3 ") << plan.warning;
}

TEST(Sites, WithoutASearchTableTheFrameIsWalkedFromTheHeader) {
  EditedSelf copy;
  copy.hide_section(".eh_frame");
  copy.bytes()[copy.unwind_header().p_offset + 3] = std::byte(0xff);  // table omitted
  const SitePlan plan = copy.analyse();
  expect_every_site(plan);
  const SitePlan unedited = analyse_path(self().path);
  EXPECT_TRUE(same_sites(plan, unedited));
  EXPECT_EQ(plan.warning, unedited.warning);  // symbols were not needed
}

TEST(Sites, WithoutAnUnwindHeaderTheFrameIsFoundByItsSection) {
  EditedSelf copy;
  copy.unwind_header().p_type = PT_NULL;
  const SitePlan plan = copy.analyse();
  expect_every_site(plan);
  const SitePlan unedited = analyse_path(self().path);
  EXPECT_TRUE(same_sites(plan, unedited));
  EXPECT_EQ(plan.warning, unedited.warning);  // symbols were not needed
}

TEST(Sites, WithoutAFrameSymbolsAreUsedAndTheWarningSaysSo) {
  EditedSelf copy;
  copy.unwind_header().p_type = PT_NULL;
  copy.hide_section(".eh_frame");
  const SitePlan plan = copy.analyse();
  expect_every_site(plan);
  EXPECT_NE(plan.warning.find("no .eh_frame"), std::string::npos);
}

TEST(Sites, WithoutFrameAndSectionsNothingIsGuessed) {
  EditedSelf copy;
  copy.unwind_header().p_type = PT_NULL;
  copy.header().e_shoff = 0;
  copy.header().e_shnum = 0;
  const SitePlan plan = copy.analyse();
  EXPECT_TRUE(plan.sites.empty());
  EXPECT_NE(plan.warning.find("no .eh_frame"), std::string::npos);
}

TEST(Sites, OnlyExecutableSegmentsCount) {
  EditedSelf copy;
  auto* headers = reinterpret_cast<Elf64_Phdr*>(copy.bytes().data() + copy.header().e_phoff);
  for (unsigned i = 0; i < copy.header().e_phnum; ++i) headers[i].p_flags &= ~unsigned(PF_X);
  const SitePlan plan = copy.analyse();
  EXPECT_TRUE(plan.sites.empty());
  EXPECT_TRUE(plan.warning.empty());
}

TEST(Sites, EverySiteOfTheLibrariesHereIsThatInstruction) {
  for (const LoadedBinary& binary : loaded_binaries()) {
    const SitePlan plan = analyse_path(binary.path);
    const Bytes bytes = read_file(binary.path);
    std::uint64_t free_from = 0;
    for (const Site& site : plan.counter_reads) {
      EXPECT_TRUE(really_is(bytes, site)) << binary.path << " " << site.file_offset;
    }
    for (const Site& site : plan.sites) {
      EXPECT_TRUE(really_is(bytes, site)) << binary.path << " " << site.file_offset;
      EXPECT_GE(site.file_offset, free_from) << binary.path;
      free_from = site.file_offset + site.length;
    }
  }
}

TEST(Sites, TheLoaderAndTheStandardLibraryAreKnownCompletely) {
  const SitePlan loader = analyse_path(loaded_binary("ld-linux").path);
  EXPECT_GT(count(loader, Kind::cpuid), 0U);
  EXPECT_EQ(loader.warning, "");
  EXPECT_FALSE(loader.counter_reads.empty());

  const SitePlan library = analyse_path(loaded_binary("libstdc++").path);
  EXPECT_GT(count(library, Kind::rdrand), 0U);
  EXPECT_GT(count(library, Kind::rdseed), 0U);
  EXPECT_EQ(library.warning, "");

  EXPECT_EQ(analyse_path(loaded_binary("libc.so").path).warning, "");
}

}  // namespace
}  // namespace ttrace::testing
