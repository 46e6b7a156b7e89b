// Code under test that ends the process: without a recorder, a run that stops here looks passed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace {

bool parse(const std::string& argument) {
  // The bug: a library function that leaves on its own.
  if (argument == "--help") std::exit(0);
  return !argument.empty();
}

TEST(Parser, KnowsHelp) { EXPECT_TRUE(parse("--help")); }

}  // namespace
