#pragma once

#include <string>
#include <vector>

#include "cli/flags.h"
#include "hunt/cases.h"
#include "hunt/summary.h"

namespace ttrace {

/// The files that a hunt's results go to besides the screen: those of --ttrace-output, and the one
/// that the framework's own flags ask for.
class ResultFiles {
 public:
  /// Throws Error now if one of them could not be written later.
  ResultFiles(const FlagSet& flags, const TestBinary& binary);

  /// Throws Error naming the first that cannot be written, when all were tried.
  void write(const HuntSummary& summary) const;

 private:
  struct File {
    std::string path;
    std::string (*text)(const HuntSummary& summary);
  };
  std::vector<File> files_;
};

/// Whether a text is a value of --ttrace-output: a format that is known, a colon, a file.
bool is_result_file(const std::string& text);

}  // namespace ttrace
