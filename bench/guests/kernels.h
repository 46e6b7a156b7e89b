#pragma once

#include <vector>

/// A small program of its own kind, as a test might contain it; `rounds` scales it, and the result
/// is printed, so that no work can be left out.
struct Kernel {
  const char* name;
  const char* what;
  long rounds;  ///< for some tenths of a second
  unsigned long (*run)(long rounds);
};

// kernels_data.cpp: containers, strings, memory
std::vector<Kernel> data_kernels();
// kernels_loops.cpp: loops over arrays and numbers
std::vector<Kernel> loop_kernels();
// kernels_calls.cpp: calls of all kinds
std::vector<Kernel> call_kernels();
