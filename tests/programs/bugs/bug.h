#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

/// The bug showed: says so and ends the program with 1, whatever other threads do.
[[noreturn]] inline void bug_shows(std::string_view what) {
  std::printf("bug: %.*s\n", int(what.size()), what.data());
  std::fflush(stdout);
  std::_Exit(1);
}
