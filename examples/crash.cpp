// A test that crashes about once in a hundred runs: a lookup that finds nothing gives null.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace {

class Directory {
 public:
  Directory() {
    // The bug: identifiers run from 0 to 99, and 0 is not there.
    for (unsigned id = 1; id < 100; ++id) names_[id] = "user" + std::to_string(id);
  }

  const std::string* find(unsigned id) const {
    const auto entry = names_.find(id);
    return entry == names_.end() ? nullptr : &entry->second;
  }

 private:
  std::map<unsigned, std::string> names_;
};

std::string greeting(const std::string* name) { return "Hello, " + *name; }

TEST(Directory, GreetsAnyUser) {
  const Directory directory;
  std::random_device device;
  const unsigned id = device() % 100;
  EXPECT_EQ(greeting(directory.find(id)), "Hello, user" + std::to_string(id));
}

}  // namespace
