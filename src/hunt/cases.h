#pragma once

#include <atomic>
#include <chrono>

#include "hunt/framework.h"

namespace ttrace {

/// A test program as the user called it.
struct TestBinary {
  const Framework* framework = nullptr;
  std::string path;                    ///< absolute
  std::vector<std::string> arguments;  ///< argv without flags of ours, argv[0] included
  Environment environment;             ///< without the variables of ours that stand for flags
};

/// The cases that the user's flags select, in the framework's order. Runs the program once, not
/// recorded, to ask it; it leaves nothing behind. None: the flags or the user's shard select
/// nothing, or it was interrupted. Throws Error if the program does not answer.
std::vector<TestCase> list_cases(const TestBinary& binary, std::chrono::milliseconds timeout,
                                 const std::atomic<bool>* interrupted);

/// The environment of anything that we execute: a program that links ttrace sees that it runs under
/// a supervisor already.
Environment supervised(Environment environment);

}  // namespace ttrace
