#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "hunt/environment.h"

namespace ttrace {

/// What a flag's value may look like.
enum class FlagValue : std::uint8_t {
  none,         ///< a switch; 0, 1, no, yes, false, true are understood
  attempts,     ///< 1 to 1000000000
  jobs,         ///< 1 to 1024
  seed,         ///< 64 bits
  duration,     ///< parse_duration()
  size,         ///< parse_size()
  ticks,        ///< auto, hardware, software, none
  chaos,        ///< auto, on, off
  rerun,        ///< process, fork
  on_off,       ///< on, off
  results,      ///< json:FILE, junit:FILE
  environment,  ///< allow:NAMES, deny:NAMES
  file,         ///< to be written; without an environment twin: each command writes another
  framework,    ///< auto, none, or one that we know
  follow,       ///< all, parent
  fail_on,      ///< parse_fail_on()
  text,         ///< anything that is not empty
};

/// Where a flag means something: bits.
enum FlagPlace : unsigned {
  kInBinary = 1,       ///< --ttrace-NAME of a test binary; environment twin TTRACE_NAME
  kUntilFailTool = 2,  ///< ttrace until-fail --NAME
  kRecordTool = 4,     ///< ttrace record --NAME
  kReplayTool = 8,     ///< ttrace replay --NAME
  kListTool = 16,      ///< ttrace ls --NAME
  kCollectTool = 32,   ///< ttrace gc --NAME
  kReportTool = 64,    ///< ttrace report --NAME
  kPackTool = 128,     ///< ttrace pack --NAME
  kLaunchTool = 1024,  ///< ttrace launch --NAME
  kCasesTool = 2048,   ///< ttrace cases --NAME
};

/// One flag. Everything about it is in its row of the table: parsing, the environment twin, help
/// and the options of the subcommands are made from it.
struct FlagRow {
  const char* name;  ///< without "--ttrace-"
  FlagValue value;
  const char* placeholder;    ///< in help: "N"; "" for switches
  const char* default_value;  ///< what value() gives if nobody sets it; "" if nothing
  unsigned places;
  bool is_mode;      ///< decides what is done; at most one of them
  bool repeats;      ///< may be given several times
  const char* help;  ///< a line or more
};

std::span<const FlagRow> flag_rows();
/// The row of that name in that place, or null.
const FlagRow* find_flag(std::string_view name, unsigned place);

/// "TTRACE_UNTIL_FAIL" for "until-fail".
std::string environment_twin(const FlagRow& row);

/// The row nearest to a mistyped name among those of `place`; never null.
const FlagRow* nearest_flag(std::string_view name, unsigned place);

/// Throws UsageError that names the flag as the user wrote it and what it expects.
void check_flag_value(const FlagRow& row, const std::string& spelled, const std::string& value);

/// The flags of one call, checked.
class FlagSet {
 public:
  enum class Source { environment, command_line };
  /// `place`: whose rows give the defaults.
  explicit FlagSet(unsigned place) : place_(place) {}

  /// Checks and stores. A flag from the command line replaces what the environment said; a second
  /// one replaces the first, or is added if it repeats.
  void set(const FlagRow& row, const std::string& spelled, const std::string& value, Source source);

  bool has(std::string_view name) const { return entries_.contains(name); }
  bool is_on(std::string_view name) const;
  bool from_command_line(std::string_view name) const;
  /// The value or the row's default.
  std::string text(std::string_view name) const;
  std::vector<std::string> texts(std::string_view name) const;
  std::uint64_t number(std::string_view name) const;
  std::uint64_t size(std::string_view name) const;
  std::chrono::milliseconds duration(std::string_view name) const;
  /// How the user wrote it: "--ttrace-seed" or "TTRACE_SEED".
  std::string spelled(std::string_view name) const;
  std::vector<std::string> names() const;
  unsigned place() const { return place_; }

 private:
  struct Entry {
    std::vector<std::string> values;
    std::string spelled;
    Source source = Source::environment;
  };
  unsigned place_;
  std::map<std::string, Entry, std::less<>> entries_;
};

/// A test binary's command line, taken apart.
struct BinaryFlags {
  FlagSet flags{kInBinary};
  std::vector<std::string> rest;  ///< argv without flags of ours, argv[0] included
};

/// Takes `--ttrace-NAME[=VALUE]` out of argv (up to a "--") and reads the environment twins. Throws
/// UsageError for an unknown flag, naming the nearest, and for a malformed value.
BinaryFlags parse_binary_flags(const std::vector<std::string>& arguments,
                               const Environment& environment);

/// Reads the environment twins of flags of its place that are not set yet and are no modes.
void add_environment(FlagSet& flags, const Environment& environment);

/// What --ttrace-help prints.
std::string binary_help();

}  // namespace ttrace
