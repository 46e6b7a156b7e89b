#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "target.h"

namespace ttrace::fuzz {

/// A directory that goes with the process.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    name_ = (std::filesystem::temp_directory_path() / "ttrace-fuzz-XXXXXX").string();
    require(::mkdtemp(name_.data()) != nullptr, "no directory for temporary files");
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(name_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

}  // namespace ttrace::fuzz
