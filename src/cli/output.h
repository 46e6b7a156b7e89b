#pragma once

#include <string>
#include <string_view>

#include "hunt/progress.h"

namespace ttrace {

/// Standard output or error of this process. Writing never throws: after the first error the rest
/// is dropped, and a command can look whether anybody still reads.
class StandardStream {
 public:
  explicit StandardStream(int fd) : fd_(fd) {}
  StandardStream(const StandardStream&) = delete;
  StandardStream& operator=(const StandardStream&) = delete;

  void write(std::string_view text);
  bool failed() const { return error_ != 0; }
  /// The errno of the failure, 0 if there was none.
  int error() const { return error_; }

 private:
  int fd_;
  int error_ = 0;
};

/// What a command works with.
struct Context {
  Environment environment;
  StandardStream& out;
  StandardStream& err;
  bool terminal = false;  ///< standard output is one
  unsigned width = 80;

  Console console() const;
};

/// Opens /dev/null for each of the descriptors 0, 1, 2 that is closed, so that no file of ours gets
/// such a number and is written to as if it were an output.
void fill_standard_descriptors();

}  // namespace ttrace
