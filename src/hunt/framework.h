#pragma once

#include <cstdint>
#include <optional>
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
  std::vector<std::string> tags = {};  ///< without brackets; of frameworks that have them
};

/// What a program left that was asked for its cases.
struct Listing {
  std::string text;  ///< the file that it was to write, or else its output
  int status = 0;    ///< as wait(2) gives it
};

/// What differs between test frameworks when their cases are listed and run one by one. A row of a
/// table: supporting another framework is another row. Arguments are the user's argv without flags
/// of ours, argv[0] included; the environment is the user's.
struct Framework {
  const char* name;   ///< --framework=NAME, TraceInfo::framework
  const char* title;  ///< in messages

  /// Texts of which at least one is in every executable of this framework, linked statically or
  /// not, stripped or not.
  std::span<const char* const> fingerprints;

  /// The user asks the framework for a listing or for its help: nothing is hunted, the binary runs
  /// as if ttrace were not there.
  bool (*runs_no_case)(const std::vector<std::string>& arguments, const Environment& environment);

  /// argv that lists the selected cases into the file `listing` (or to standard output) and runs
  /// none. Several for versions that are asked in different ways: the first whose listing is
  /// understood counts. Null: it has no cases, and the whole program is the one that is run.
  std::vector<std::vector<std::string>> (*listing_commands)(
      const std::vector<std::string>& arguments, const std::string& listing);
  std::span<const char* const> listing_unset;  ///< variables that a listing must not see

  /// The cases to run, in order: what the framework itself would run (disabled ones, shards). None
  /// at all (nullopt) if this is no listing but a complaint. Throws Error if it is damaged.
  std::optional<std::vector<TestCase>> (*parse_listing)(const Listing& listing,
                                                        const std::vector<std::string>& arguments,
                                                        const Environment& environment);
  /// The user asked for a part of the cases only: it may well be empty.
  bool (*is_sharded)(const std::vector<std::string>& arguments, const Environment& environment);

  /// argv that runs exactly one case, once. `seed` is the attempt's: for frameworks that draw
  /// numbers of their own.
  std::vector<std::string> (*attempt_arguments)(const std::vector<std::string>& arguments,
                                                const TestCase& test, bool color,
                                                std::uint64_t seed);
  std::span<const char* const> attempt_unset;  ///< variables that an attempt must not see
};

/// The frameworks whose cases we can list and run one by one.
std::vector<const Framework*> all_frameworks();
/// The row of that name ("none": plain_program()), or null.
const Framework* find_framework(std::string_view name);
/// "gtest, ...": for messages.
std::string framework_names();

}  // namespace ttrace
