#include <random>

#include "base/error.h"
#include "guests.h"
#include "rewrite/content_key.h"
#include "rewrite/decode.h"
#include "rewrite/sites.h"

namespace ttrace::testing {
namespace {

/// The loader: real, small, and full of sites.
const Bytes& loader() {
  static const Bytes bytes = read_file(loaded_binary("ld-linux").path);
  return bytes;
}

/// Whatever the file says, a site is an instruction in it.
void expect_harmless(const Bytes& contents, const SitePlan& plan) {
  for (const Site& site : plan.sites) EXPECT_TRUE(really_is(contents, site));
}

void analyse_bytes(const std::string& path, const Bytes& contents) {
  write_file(path, contents);
  const Fd fd = open_file(path);
  expect_harmless(contents, analyse_sites(fd.value()));
  SiteCache("").plan_of(fd.value());
  const auto file = ElfFile::open(fd.value());
  if (!file) return;
  content_key_of(*file);
  const auto expect_inside = [&](const auto& part) {
    ASSERT_LE(part.offset, contents.size());
    ASSERT_LE(part.size, contents.size() - part.offset);
  };
  for (const ElfSegment& segment : file->segments()) expect_inside(segment);
  for (const ElfSection& section : file->sections()) expect_inside(section);
}

TEST(HostileFile, WhatIsNoElfFileGivesAnEmptyPlan) {
  const TemporaryDirectory directory;
  for (const std::string_view text : {"", "#!/bin/sh\n", "\x7f",
                                      "\x7f"
                                      "ELF"}) {
    write_file(directory / "file", bytes_of(text));
    const SitePlan plan = analyse_path(directory / "file");
    EXPECT_TRUE(plan.sites.empty());
    EXPECT_TRUE(plan.warning.empty());
  }
  EXPECT_TRUE(analyse_path(directory.path()).sites.empty());
  EXPECT_TRUE(analyse_path("/dev/zero").sites.empty());
}

TEST(HostileFile, ABadDescriptorIsAnError) {
  EXPECT_THROW(analyse_sites(-1), SystemError);
  EXPECT_THROW(SiteCache("").plan_of(-1), SystemError);
}

TEST(HostileFile, OtherClassesAndMachinesGiveAnEmptyPlan) {
  const TemporaryDirectory directory;
  const std::pair<std::size_t, std::uint8_t> edits[] = {{EI_CLASS, ELFCLASS32},
                                                        {EI_DATA, ELFDATA2MSB},
                                                        {offsetof(Elf64_Ehdr, e_machine), EM_386},
                                                        {offsetof(Elf64_Ehdr, e_type), ET_REL}};
  for (const auto& [at, value] : edits) {
    Bytes bytes = loader();
    bytes[at] = std::byte(value);
    write_file(directory / "file", bytes);
    EXPECT_TRUE(analyse_path(directory / "file").sites.empty());
  }
}

TEST(HostileFile, TruncatedAtManyLengths) {
  const TemporaryDirectory directory;
  const std::string path = directory / "file";
  Bytes contents = loader();
  write_file(path, contents);
  const auto cut = [&](std::size_t size) {
    contents.resize(size);
    ASSERT_EQ(::truncate(path.c_str(), off_t(size)), 0);
    const Fd fd = open_file(path);
    expect_harmless(contents, analyse_sites(fd.value()));
    if (const auto file = ElfFile::open(fd.value())) content_key_of(*file);
  };
  for (std::size_t size = contents.size(); size > 1500; size -= std::min<std::size_t>(size, 509))
    cut(size);
  for (std::size_t size = 1500; size-- > 0;) cut(size);
}

TEST(HostileFile, AFileThatShrinksWhileItIsReadGivesShortReads) {
  const TemporaryDirectory directory;
  const std::string path = directory / "file";
  write_file(path, loader());
  const Fd fd = open_file(path);
  const auto file = ElfFile::open(fd.value());
  ASSERT_TRUE(file);
  ASSERT_EQ(::truncate(path.c_str(), 5000), 0);
  EXPECT_EQ(file->read(0, file->file_size()).size(), 5000U);
  EXPECT_TRUE(file->read(6000, 100).empty());
  std::uint64_t seen = 0;
  file->for_each_piece(0, file->file_size(), 2,
                       [&](ByteView piece, std::uint64_t) { seen += piece.size(); });
  EXPECT_GE(seen, 5000U);
}

TEST(HostileFile, DamagedHeadersAndUnwindTables) {
  const TemporaryDirectory directory;
  Elf64_Ehdr header;
  std::memcpy(&header, loader().data(), sizeof header);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> regions = {
      {0, sizeof header + header.e_phnum * sizeof(Elf64_Phdr)},
      {header.e_shoff, header.e_shnum * sizeof(Elf64_Shdr)}};
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, loader().data() + header.e_phoff + i * sizeof segment, sizeof segment);
    if (segment.p_type == PT_GNU_EH_FRAME) {
      regions.emplace_back(segment.p_offset, 64);
      regions.emplace_back(segment.p_offset, segment.p_filesz);
      regions.emplace_back(segment.p_offset + segment.p_filesz, 4096);
    }
  }
  std::mt19937 random(42);
  const std::uint8_t extremes[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
  for (int round = 0; round < 1500; ++round) {
    Bytes contents = loader();
    for (unsigned edits = 1 + random() % 6; edits-- > 0;) {
      const auto& [offset, size] = regions[random() % regions.size()];
      const std::size_t at = offset + random() % size;
      if (at >= contents.size()) continue;
      contents[at] = std::byte(random() % 2 ? extremes[random() % 5] : random());
    }
    analyse_bytes(directory / "file", contents);
  }
}

TEST(HostileFile, AllHeadersAtOnceSayTheSameCode) {
  // 400 executable segments that all show the whole file: the work stays bounded by its size.
  const TemporaryDirectory directory;
  Bytes contents = loader();
  Elf64_Ehdr header;
  std::memcpy(&header, contents.data(), sizeof header);
  header.e_phoff = contents.size();
  header.e_phnum = 400;
  std::memcpy(contents.data(), &header, sizeof header);
  Elf64_Phdr segment{};
  segment.p_type = PT_LOAD;
  segment.p_flags = PF_R | PF_X;
  segment.p_filesz = segment.p_memsz = contents.size();
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    segment.p_vaddr = std::uint64_t(i) << 32;
    const ByteView raw = bytes_of(segment);
    contents.insert(contents.end(), raw.begin(), raw.end());
  }
  analyse_bytes(directory / "file", contents);
}

std::vector<std::pair<std::uint64_t, bool>> candidates_in(const Bytes& bytes, std::uint64_t base) {
  std::vector<Candidate> found;
  find_candidates(bytes, base, found);
  std::vector<std::pair<std::uint64_t, bool>> pairs;
  for (const Candidate& candidate : found) pairs.push_back({candidate.at, candidate.reads_counter});
  return pairs;
}

TEST(FindCandidates, SeesEveryPositionButTheLastTwo) {
  for (const bool reads_counter : {false, true}) {
    for (std::size_t size = 0; size < 70; ++size) {
      for (std::size_t at = 0; at + 1 < size; ++at) {
        Bytes bytes(size, std::byte(0x0f));
        bytes[at + 1] = std::byte(reads_counter ? 0x31 : 0xa2);
        std::vector<std::pair<std::uint64_t, bool>> expected;
        if (at + 2 < size) expected.push_back({1000 + at, reads_counter});
        EXPECT_EQ(candidates_in(bytes, 1000), expected) << size << " " << at;
      }
    }
  }
}

TEST(FindCandidates, LooksAtTheOperandAfterC7And01) {
  for (unsigned modrm = 0; modrm < 256; ++modrm) {
    const auto found = [&](unsigned second) {
      return candidates_in({std::byte(0x0f), std::byte(second), std::byte(modrm), std::byte(0)}, 0)
          .size();
    };
    EXPECT_EQ(found(0xc7), modrm >= 0xf0 ? 1U : 0U);
    EXPECT_EQ(found(0x01), modrm == 0xf9 ? 1U : 0U);
  }
}

}  // namespace
}  // namespace ttrace::testing
