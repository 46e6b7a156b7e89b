#include "hunt/gtest.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace ttrace {
namespace {

using Arguments = std::vector<std::string>;

// Flags that select or repeat cases, or write results: the hunt does these itself. Everything else
// that the user gave (--gtest_fail_fast, --gtest_throw_on_failure, --gtest_color, flags of the
// program...) reaches every attempt. break_on_failure would end a failing attempt in a trap that
// nobody handles: a kept trace stops at the assertion anyway.
constexpr const char* kFlagsOfOurs[] = {
    "filter",           "repeat",           "recreate_environments_when_repeating",
    "shuffle",          "list_tests",       "output",
    "break_on_failure", "stream_result_to",
};

// In its help text; the name of the shared library.
constexpr const char* kFingerprints[] = {"--gtest_list_tests", "libgtest"};

constexpr const char* kListingUnset[] = {
    "GTEST_TOTAL_SHARDS", "GTEST_SHARD_INDEX", "GTEST_OUTPUT",
    "XML_OUTPUT_FILE",    "GTEST_LIST_TESTS",
};

constexpr const char* kAttemptUnset[] = {
    "GTEST_TOTAL_SHARDS",
    "GTEST_SHARD_INDEX",
    "GTEST_SHARD_STATUS_FILE",
    "XML_OUTPUT_FILE",
    "TESTBRIDGE_TEST_ONLY",
    "TEST_PREMATURE_EXIT_FILE",
    "GTEST_OUTPUT",
    "GTEST_FILTER",
    "GTEST_REPEAT",
    "GTEST_RECREATE_ENVIRONMENTS_WHEN_REPEATING",
    "GTEST_SHUFFLE",
    "GTEST_LIST_TESTS",
    "GTEST_BREAK_ON_FAILURE",
    "GTEST_STREAM_RESULT_TO",
};

// "--gtest_NAME" or "--gtest_NAME=VALUE": the part after "gtest_". One dash is what builds with
// Abseil flags take too.
std::optional<std::string_view> after_prefix(std::string_view argument) {
  for (const std::string_view prefix : {"--gtest_", "-gtest_"}) {
    if (argument.starts_with(prefix)) return argument.substr(prefix.size());
  }
  return std::nullopt;
}

bool is_flag(std::string_view argument, std::string_view flag) {
  const auto rest = after_prefix(argument);
  return rest && rest->substr(0, rest->find('=')) == flag;
}

// GoogleTest's own reading of a boolean: only these values mean no.
bool is_true(const std::optional<std::string>& value) {
  return value &&
         (value->empty() || std::string_view("0fF").find(value->front()) == std::string_view::npos);
}

// argv without the flags of ours, with `extra` before a "--" (after which some programs read no
// flags) or at the end: the last one counts, also against a --gtest_flagfile.
Arguments with_flags(const Arguments& arguments, const Arguments& extra) {
  Arguments result;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const bool ours = i > 0 && std::ranges::any_of(kFlagsOfOurs, [&](const char* flag) {
                        return is_flag(arguments[i], flag);
                      });
    if (!ours) result.push_back(arguments[i]);
  }
  auto at = std::find(result.begin(), result.end(), "--");
  result.insert(at, extra.begin(), extra.end());
  return result;
}

bool runs_no_case(const Arguments& arguments, const Environment& environment) {
  constexpr std::string_view kHelp[] = {"--help", "-h", "-?", "/?"};
  if (is_true(gtest_flag(arguments, environment, "list_tests"))) return true;
  return std::any_of(
      arguments.begin() + !arguments.empty(), arguments.end(), [&](const std::string& argument) {
        return is_flag(argument, "help") || std::ranges::find(kHelp, argument) != std::end(kHelp);
      });
}

std::vector<Arguments> listing_commands(const Arguments& arguments, const std::string& listing) {
  Arguments flags = {"--gtest_list_tests", "--gtest_output=json:" + listing};
  // The user's own filter still selects; from the environment it reaches the listing by itself.
  if (const auto filter = gtest_flag(arguments, {}, "filter")) {
    flags.push_back("--gtest_filter=" + *filter);
  }
  return {with_flags(arguments, flags)};
}

// The listing's JSON. Values of parameters may hold bytes that are no UTF-8: they do not matter
// here, and must not make the cases unreadable.
nlohmann::json parse_json(std::string text) {
  nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_discarded()) return json;
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    throw Error("cannot read the test program's list of cases: it is no JSON text");
  }
  return json;
}

TestCase listed_case(const std::string& suite, const std::string& name,
                     const nlohmann::json& entry) {
  return {suite + "." + name, entry.value("file", std::string()), entry.value("line", 0),
          entry.value("value_param", std::string()), entry.value("type_param", std::string())};
}

std::optional<std::vector<TestCase>> parse_listing(const Listing& listing,
                                                   const Arguments& arguments,
                                                   const Environment& environment) {
  // One that dislikes a flag prints pages of help and exits with 0.
  if (listing.status != 0 || !listing.text.starts_with('{')) return std::nullopt;
  const bool disabled_too = is_true(gtest_flag(arguments, environment, "also_run_disabled_tests"));
  const GtestShard shard = gtest_shard(environment);
  std::vector<TestCase> cases;
  try {
    unsigned position = 0;
    const nlohmann::json json = parse_json(listing.text);
    for (const nlohmann::json& suite : json.at("testsuites")) {
      const std::string suite_name = suite.at("name");
      for (const nlohmann::json& test : suite.at("testsuite")) {
        const std::string test_name = test.at("name");
        if (!disabled_too && gtest_is_disabled(suite_name, test_name)) continue;
        if (position++ % shard.total != shard.index) continue;
        cases.push_back(listed_case(suite_name, test_name, test));
      }
    }
  } catch (const nlohmann::json::exception& error) {
    throw Error(std::string("cannot read the test program's list of cases: ") + error.what());
  }
  return cases;
}

bool is_sharded(const Arguments&, const Environment& environment) {
  return gtest_shard(environment).total > 1;
}

Arguments attempt_arguments(const Arguments& arguments, const TestCase& test, bool color,
                            std::uint64_t /*seed: only shuffling draws numbers*/) {
  Arguments flags = {"--gtest_filter=" + gtest_exact_filter(test.name)};
  const std::size_t dot = test.name.rfind('.');
  if (dot != std::string::npos && gtest_is_disabled(std::string_view(test.name).substr(0, dot),
                                                    std::string_view(test.name).substr(dot + 1))) {
    flags.push_back("--gtest_also_run_disabled_tests");
  }
  if (color && !gtest_flag(arguments, {}, "color")) flags.push_back("--gtest_color=yes");
  return with_flags(arguments, flags);
}

}  // namespace

const Framework& gtest_framework() {
  static constexpr Framework kFramework = {
      "gtest",       "GoogleTest",  kFingerprints, runs_no_case,      listing_commands,
      kListingUnset, parse_listing, is_sharded,    attempt_arguments, kAttemptUnset,
  };
  return kFramework;
}

bool gtest_is_disabled(std::string_view suite, std::string_view test) {
  // The filter DISABLED_*:*/DISABLED_* on either name.
  const auto disabled = [](std::string_view name) {
    return name.starts_with("DISABLED_") || name.find("/DISABLED_") != std::string_view::npos;
  };
  return disabled(suite) || disabled(test);
}

std::optional<std::string> gtest_flag(const Arguments& arguments, const Environment& environment,
                                      std::string_view flag) {
  for (std::size_t i = arguments.size(); i-- > 1;) {
    if (!is_flag(arguments[i], flag)) continue;
    const std::size_t equals = arguments[i].find('=');
    return equals == std::string::npos ? "" : arguments[i].substr(equals + 1);
  }
  std::string name = "GTEST_";
  for (const char c : flag) name += char(std::toupper(static_cast<unsigned char>(c)));
  return environment_value(environment, name);
}

std::string gtest_exact_filter(std::string_view case_name) {
  std::string filter(case_name);
  std::ranges::replace_if(
      filter, [](char c) { return std::string_view(":-*?").find(c) != std::string_view::npos; },
      '?');
  return filter;
}

GtestShard gtest_shard(const Environment& environment) {
  const auto number = [&](const char* name) -> std::optional<unsigned> {
    const auto text = environment_value(environment, name);
    if (!text || text->empty()) return std::nullopt;
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc() || end != text->data() + text->size()) {
      throw UsageError(std::string(name) + "=" + *text + " is not a number");
    }
    return value;
  };
  const auto total = number("GTEST_TOTAL_SHARDS");
  const auto index = number("GTEST_SHARD_INDEX");
  if (!total && !index) return {};
  if (!total || !index) {
    throw UsageError("GTEST_TOTAL_SHARDS and GTEST_SHARD_INDEX must be set together");
  }
  if (*total == 0 || *index >= *total) {
    throw UsageError("GTEST_SHARD_INDEX=" + std::to_string(*index) +
                     " must be less than GTEST_TOTAL_SHARDS=" + std::to_string(*total));
  }
  return {*total, *index};
}

}  // namespace ttrace
