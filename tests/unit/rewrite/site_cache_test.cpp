#include <thread>

#include "guests.h"
#include "rewrite/plan_file.h"
#include "rewrite/sites.h"

namespace ttrace::testing {
namespace {

namespace fs = std::filesystem;

ContentKey key_of(const std::string& path) {
  const Fd fd = open_file(path);
  return content_key_of(ElfFile::open(fd.value()).value()).value();
}

std::optional<SitePlan> read_plan(const std::string& directory, const std::string& path) {
  const Fd fd = open_file(path);
  const ElfFile file = ElfFile::open(fd.value()).value();
  return read_plan_file(directory, content_key_of(file).value(), file);
}

/// The loader, in a place where it may be edited, and a cache beside it.
class SiteCacheTest : public ::testing::Test {
 protected:
  SiteCacheTest() : contents_(read_file(loaded_binary("ld-linux").path)) {
    write_file(binary_, contents_);
    plan_ = analyse_path(binary_);
  }

  SitePlan cached_plan() {
    SiteCache cache(cache_);
    return cache.plan_of(open_file(binary_).value());
  }
  std::string only_cache_file() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(cache_)) names.push_back(entry.path());
    EXPECT_EQ(names.size(), 1U);
    return names.empty() ? "" : names.front();
  }
  /// Puts a plan into the cache that can be told from an analysed one.
  void plant_marked_plan() {
    SitePlan marked = plan_;
    marked.warning = "from the cache";
    write_plan_file(cache_, key_of(binary_), marked);
  }

  TemporaryDirectory directory_;
  std::string binary_ = directory_ / "binary";
  std::string cache_ = directory_ / "a/b/cache";
  Bytes contents_;
  SitePlan plan_;
};

TEST_F(SiteCacheTest, KeepsAPlanOnDiskForItsOwnerOnly) {
  EXPECT_TRUE(same_sites(cached_plan(), plan_));
  const auto mode = [](const std::string& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 0777;
  };
  EXPECT_EQ(mode(cache_), 0700U);
  EXPECT_EQ(mode(only_cache_file()), 0600U);
  const auto kept = read_plan(cache_, binary_);
  ASSERT_TRUE(kept);
  EXPECT_TRUE(same_sites(*kept, plan_));
  EXPECT_EQ(kept->warning, plan_.warning);
}

TEST_F(SiteCacheTest, UsesWhatIsOnDisk) {
  plant_marked_plan();
  EXPECT_EQ(cached_plan().warning, "from the cache");
}

TEST_F(SiteCacheTest, LooksAFileUpOnceAndKeepsTheReference) {
  SiteCache cache(cache_);
  const SitePlan& first = cache.plan_of(open_file(binary_).value());
  fs::remove_all(cache_);
  for (const LoadedBinary& other : loaded_binaries()) cache.plan_of(open_file(other.path).value());
  plant_marked_plan();  // would be seen if the disk were asked again
  EXPECT_EQ(&first, &cache.plan_of(open_file(binary_).value()));
  EXPECT_TRUE(same_sites(first, plan_));
  EXPECT_EQ(first.warning, plan_.warning);
}

TEST_F(SiteCacheTest, AnEditedFileOfTheSameSizeAndBuildIdHasAnotherPlan) {
  SiteCache cache(cache_);
  ASSERT_FALSE(plan_.sites.empty());
  const Site edited = plan_.sites[plan_.sites.size() / 2];
  EXPECT_EQ(cache.plan_of(open_file(binary_).value()).sites.size(), plan_.sites.size());
  for (unsigned i = 0; i < edited.length; ++i) contents_[edited.file_offset + i] = std::byte(0x90);
  const ContentKey before = key_of(binary_);
  write_file(directory_ / "new", contents_);
  fs::rename(directory_ / "new", binary_);
  EXPECT_NE(key_of(binary_), before);
  EXPECT_EQ(cache.plan_of(open_file(binary_).value()).sites.size(), plan_.sites.size() - 1);
  EXPECT_EQ(cached_plan().sites.size(), plan_.sites.size() - 1);
}

TEST_F(SiteCacheTest, AFileWithoutABuildIdIsKnownByAllOfItsBytes) {
  auto* header = reinterpret_cast<Elf64_Ehdr*>(contents_.data());
  auto* headers = reinterpret_cast<Elf64_Phdr*>(contents_.data() + header->e_phoff);
  for (unsigned i = 0; i < header->e_phnum; ++i)
    if (headers[i].p_type == PT_NOTE) headers[i].p_type = PT_NULL;
  write_file(binary_, contents_);
  const ContentKey before = key_of(binary_);
  EXPECT_TRUE(same_sites(cached_plan(), plan_));
  contents_.back() ^= std::byte(1);  // in the section headers, which no segment loads
  write_file(binary_, contents_);
  EXPECT_NE(key_of(binary_), before);
}

TEST_F(SiteCacheTest, AnyFlippedByteOfAPlanMeansAnalyseAgainAndRepair) {
  plant_marked_plan();
  const std::string name = only_cache_file();
  const Bytes good = read_file(name);
  for (std::size_t at = 0; at < good.size(); ++at) {
    Bytes bad = good;
    bad[at] ^= std::byte(1 << at % 8);
    write_file(name, bad);
    EXPECT_FALSE(read_plan(cache_, binary_)) << at;
  }
  const SitePlan plan = cached_plan();
  EXPECT_EQ(plan.warning, plan_.warning);
  EXPECT_TRUE(same_sites(plan, plan_));
  EXPECT_TRUE(read_plan(cache_, binary_));
  EXPECT_EQ(only_cache_file(), name);
}

TEST_F(SiteCacheTest, ATruncatedOrLongerPlanIsRefused) {
  plant_marked_plan();
  const std::string name = only_cache_file();
  Bytes bytes = read_file(name);
  bytes.push_back(std::byte(0));
  write_file(name, bytes);
  EXPECT_FALSE(read_plan(cache_, binary_));
  for (std::size_t size = bytes.size() - 1; size-- > 0;) {
    ASSERT_EQ(::truncate(name.c_str(), off_t(size)), 0);
    EXPECT_FALSE(read_plan(cache_, binary_)) << size;
  }
}

TEST_F(SiteCacheTest, APlanThatNamesOtherBytesIsRefused) {
  const auto refused = [&](auto edit) {
    SitePlan wrong = plan_;
    edit(wrong.sites);
    write_plan_file(cache_, key_of(binary_), wrong);
    const bool result = !read_plan(cache_, binary_);
    fs::remove_all(cache_);
    return result;
  };
  EXPECT_FALSE(refused([](auto&) {}));
  EXPECT_TRUE(refused([](auto& sites) { sites.front().file_offset -= 1; }));
  EXPECT_TRUE(refused([](auto& sites) { sites.front().length += 1; }));
  EXPECT_TRUE(refused([](auto& sites) { sites.front().kind = InstructionEvent::Kind::rdrand; }));
  EXPECT_TRUE(refused([](auto& sites) { sites.front().destination = 200; }));
  EXPECT_TRUE(refused([](auto& sites) { sites.back().file_offset = ~std::uint64_t(0) - 1; }));
  EXPECT_TRUE(refused([](auto& sites) { sites.push_back(sites.back()); }));
  const Site read = plan_.counter_reads.front();
  EXPECT_TRUE(refused([&](auto& sites) { sites.insert(sites.begin(), read); }));
}

TEST_F(SiteCacheTest, APlanOfAnotherFileIsRefused) {
  plant_marked_plan();
  const std::string name = only_cache_file();
  contents_.push_back(std::byte(0));
  write_file(binary_, contents_);
  fs::rename(name, cache_ + "/" + hex_of(key_of(binary_)) + ".sites");
  EXPECT_FALSE(read_plan(cache_, binary_));
}

TEST_F(SiteCacheTest, ADirectoryThatCannotBeIsNoObstacle) {
  for (const std::string& place :
       {binary_ + "/below-a-file", std::string(), std::string("/proc/self/no/such"),
        std::string("/dev/null"), std::string(5000, 'x')}) {
    SiteCache cache(place);
    EXPECT_TRUE(same_sites(cache.plan_of(open_file(binary_).value()), plan_)) << place;
  }
}

TEST_F(SiteCacheTest, ThingsThatAreNoFilesInTheWayAreNoObstacle) {
  const std::string name = cache_ + "/" + hex_of(key_of(binary_)) + ".sites";
  fs::create_directories(name);
  EXPECT_TRUE(same_sites(cached_plan(), plan_));
  fs::remove(name);
  ASSERT_EQ(::mkfifo(name.c_str(), 0600), 0);
  EXPECT_TRUE(same_sites(cached_plan(), plan_));
  EXPECT_TRUE(read_plan(cache_, binary_));  // replaced
}

TEST_F(SiteCacheTest, FilledByManyAtOnceItIsWhole) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 25; ++round) {
        SiteCache cache(cache_);
        EXPECT_TRUE(same_sites(cache.plan_of(open_file(binary_).value()), plan_));
        if (round % 3 == 0) {
          std::error_code ignored;
          fs::remove(cache_ + "/" + hex_of(key_of(binary_)) + ".sites", ignored);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  cached_plan();
  EXPECT_TRUE(read_plan(cache_, binary_));
  only_cache_file();  // nothing else is left in the directory
}

class SiteCacheDirectory : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : kNames) {
      const char* value = ::getenv(name);
      saved_.emplace_back(value ? std::optional<std::string>(value) : std::nullopt);
      ::unsetenv(name);
    }
  }
  void TearDown() override {
    for (std::size_t i = 0; i < saved_.size(); ++i) {
      if (saved_[i])
        ::setenv(kNames[i], saved_[i]->c_str(), 1);
      else
        ::unsetenv(kNames[i]);
    }
  }

  static constexpr const char* kNames[] = {"TTRACE_CACHE_DIR", "XDG_CACHE_HOME", "HOME"};
  std::vector<std::optional<std::string>> saved_;
};

TEST_F(SiteCacheDirectory, TakesTheFirstThatIsSet) {
  EXPECT_EQ(SiteCache::default_directory(), "");
  ::setenv("HOME", "/h", 1);
  EXPECT_EQ(SiteCache::default_directory(), "/h/.cache/ttrace");
  ::setenv("XDG_CACHE_HOME", "", 1);
  EXPECT_EQ(SiteCache::default_directory(), "/h/.cache/ttrace");
  ::setenv("XDG_CACHE_HOME", "relative", 1);
  EXPECT_EQ(SiteCache::default_directory(), "/h/.cache/ttrace");
  ::setenv("XDG_CACHE_HOME", "/x", 1);
  EXPECT_EQ(SiteCache::default_directory(), "/x/ttrace");
  ::setenv("TTRACE_CACHE_DIR", "/t", 1);
  EXPECT_EQ(SiteCache::default_directory(), "/t");
}

}  // namespace
}  // namespace ttrace::testing
