#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hunt/environment.h"

namespace ttrace {

/// One test case of a test binary.
struct TestCase {
  std::string name;  ///< as the framework's own filter takes it: "Suite.Name"
  std::string file;  ///< where it is defined; may be empty
  int line = 0;
  std::string value_param = {}, type_param = {};  ///< as the framework describes them; may be empty
};

/// What differs between test frameworks when their cases are listed and run one by one. A row of a
/// table: supporting another framework is another row. Arguments are the user's argv without flags
/// of ours, argv[0] included; the environment is the user's.
struct Framework {
  const char* name;   ///< --framework=NAME, TraceInfo::framework
  const char* title;  ///< in messages

  /// The user asks the framework for a listing or for its help: nothing is hunted, the binary runs
  /// as if ttrace were not there.
  bool (*runs_no_case)(const std::vector<std::string>& arguments, const Environment& environment);

  /// argv that lists the selected cases into the file `listing` and runs none.
  std::vector<std::string> (*listing_arguments)(const std::vector<std::string>& arguments,
                                                const std::string& listing);
  std::span<const char* const> listing_unset;  ///< variables that a listing must not see

  /// The cases to run out of the text that a listing left, in order: what the framework itself
  /// would run (disabled ones, shards). Throws Error if the text is no listing.
  std::vector<TestCase> (*parse_listing)(const std::string& text,
                                         const std::vector<std::string>& arguments,
                                         const Environment& environment);

  /// argv that runs exactly one case, once.
  std::vector<std::string> (*attempt_arguments)(const std::vector<std::string>& arguments,
                                                const TestCase& test, bool color);
  std::span<const char* const> attempt_unset;  ///< variables that an attempt must not see
};

/// The row of that name, or null.
const Framework* find_framework(std::string_view name);
/// "gtest, ...": for messages.
std::string framework_names();

}  // namespace ttrace
