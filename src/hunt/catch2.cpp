#include "hunt/catch2.h"

#include <sys/wait.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace ttrace {
namespace {

using Arguments = std::vector<std::string>;

// In the help text of 2.x and of 3.x; the name of the shared library.
constexpr const char* kFingerprints[] = {"--list-test-names-only", "--list-listeners", "libCatch2"};

constexpr const char* kListingUnset[] = {"BAZEL_TEST"};
constexpr const char* kAttemptUnset[] = {
    "BAZEL_TEST",      "TEST_SHARD_INDEX",     "TEST_TOTAL_SHARDS", "TEST_SHARD_STATUS_FILE",
    "XML_OUTPUT_FILE", "TESTBRIDGE_TEST_ONLY",
};

// What the hunt does with an option of Catch2's.
enum class Use {
  keep,     // reaches the listing and every attempt
  select,   // which cases: reaches the listing only
  replace,  // results, lists, debugger: the hunt has its own
  no_case,  // help and lists: nothing is hunted
};

struct Option {
  const char* short_name;
  const char* long_name;
  bool takes_value;
  Use use;
};

// Of 2.13 and 3.x together. One that is not here belongs to the program's own main and is kept.
constexpr Option kOptions[] = {
    {"-?", "--help", false, Use::no_case},
    {"-h", "--help", false, Use::no_case},
    {"-l", "--list-tests", false, Use::no_case},
    {"-t", "--list-tags", false, Use::no_case},
    {"", "--list-test-names-only", false, Use::no_case},
    {"", "--list-reporters", false, Use::no_case},
    {"", "--list-listeners", false, Use::no_case},
    {"", "--libidentify", false, Use::no_case},
    {"-r", "--reporter", true, Use::replace},
    {"-o", "--out", true, Use::replace},
    {"-b", "--break", false, Use::replace},
    {"", "--wait-for-keypress", true, Use::replace},
    {"", "--order", true, Use::replace},
    {"-f", "--input-file", true, Use::select},
    {"", "--shard-count", true, Use::select},
    {"", "--shard-index", true, Use::select},
    {"-n", "--name", true, Use::keep},
    {"-x", "--abortx", true, Use::keep},
    {"-w", "--warn", true, Use::keep},
    {"-d", "--durations", true, Use::keep},
    {"-D", "--min-duration", true, Use::keep},
    {"-c", "--section", true, Use::keep},
    {"-v", "--verbosity", true, Use::keep},
    {"", "--rng-seed", true, Use::keep},
    {"", "--use-colour", true, Use::keep},
    {"", "--colour-mode", true, Use::keep},
    {"", "--benchmark-samples", true, Use::keep},
    {"", "--benchmark-resamples", true, Use::keep},
    {"", "--benchmark-confidence-interval", true, Use::keep},
    {"", "--benchmark-warmup-time", true, Use::keep},
    {"-s", "--success", false, Use::keep},
    {"-e", "--nothrow", false, Use::keep},
    {"-i", "--invisibles", false, Use::keep},
    {"-a", "--abort", false, Use::keep},
    {"-#", "--filenames-as-tags", false, Use::keep},
    {"", "--skip-benchmarks", false, Use::keep},
    {"", "--benchmark-no-analysis", false, Use::keep},
    {"", "--allow-running-no-tests", false, Use::keep},
};

// One or two words of argv: an option with its value, or what selects cases.
struct Piece {
  const Option* option = nullptr;  // null: a test specification, or an option that is not Catch2's
  bool is_spec = false;
  std::string value;
  Arguments words;
};

const Option* find_option(std::string_view word) {
  const auto found = std::ranges::find_if(kOptions, [&](const Option& option) {
    return word == option.long_name || (*option.short_name && word == option.short_name);
  });
  return found == std::end(kOptions) ? nullptr : &*found;
}

std::vector<Piece> pieces_of(const Arguments& arguments) {
  std::vector<Piece> pieces;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    Piece piece;
    piece.words = {word};
    piece.is_spec = !word.starts_with('-');
    if (!piece.is_spec) {
      const std::size_t end = word.find_first_of(" :=");
      piece.option = find_option(std::string_view(word).substr(0, end));
      // Nobody knows whether an unknown option takes a value: a word after it is taken for one.
      const bool takes_value = piece.option ? piece.option->takes_value : true;
      if (end != std::string::npos) {
        piece.value = word.substr(end + 1);
      } else if (takes_value && i + 1 < arguments.size() &&
                 (piece.option || !arguments[i + 1].starts_with('-'))) {
        piece.value = arguments[++i];
        piece.words.push_back(piece.value);
      }
    }
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

Use use_of(const Piece& piece) {
  if (piece.is_spec) return Use::select;
  return piece.option ? piece.option->use : Use::keep;
}

// argv with the pieces of these uses, then `extra`.
Arguments with_pieces(const Arguments& arguments, bool selecting, const Arguments& extra) {
  Arguments result;
  if (!arguments.empty()) result.push_back(arguments[0]);
  for (const Piece& piece : pieces_of(arguments)) {
    const Use use = use_of(piece);
    if (use == Use::keep || (selecting && use == Use::select)) {
      result.insert(result.end(), piece.words.begin(), piece.words.end());
    }
  }
  result.insert(result.end(), extra.begin(), extra.end());
  return result;
}

bool runs_no_case(const Arguments& arguments, const Environment&) {
  return std::ranges::any_of(pieces_of(arguments),
                             [](const Piece& piece) { return use_of(piece) == Use::no_case; });
}

std::vector<Arguments> listing_commands(const Arguments& arguments, const std::string& listing) {
  return {
      with_pieces(arguments, true, {"--list-tests", "--reporter", "json", "--out", listing}),
      // 2.13, and then 3.0 to 3.4.
      with_pieces(arguments, true, {"--list-test-names-only", "--verbosity", "high"}),
      with_pieces(arguments, true, {"--list-tests", "--verbosity", "quiet", "--out", listing}),
  };
}

std::vector<TestCase> parse_json(const std::string& text) {
  const nlohmann::json json =
      nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/true, /*ignore_comments=*/false);
  std::vector<TestCase> cases;
  for (const nlohmann::json& test : json.at("listings").at("tests")) {
    TestCase found;
    found.name = test.at("name");
    const nlohmann::json& place = test.at("source-location");
    found.file = place.value("filename", std::string());
    found.line = place.value("line", 0);
    found.tags = test.value("tags", std::vector<std::string>());
    cases.push_back(std::move(found));
  }
  return cases;
}

// "NAME\t@FILE:LINE", or "NAME" alone. A name that begins with a hash is in quotes.
TestCase case_of_line(std::string_view line) {
  TestCase test;
  const std::size_t at = line.rfind("\t@");
  std::string_view name = line.substr(0, at);
  if (at != std::string_view::npos) {
    const std::string_view place = line.substr(at + 2);
    const std::size_t colon = place.rfind(':');
    test.file = place.substr(0, colon);
    if (colon != std::string_view::npos) {
      std::from_chars(place.data() + colon + 1, place.data() + place.size(), test.line);
    }
  }
  if (name.size() > 2 && name.starts_with("\"#") && name.ends_with('"')) {
    name = name.substr(1, name.size() - 2);
  }
  test.name = name;
  return test;
}

std::optional<std::vector<TestCase>> parse_lines(const Listing& listing) {
  // 2.13 exits with the number of cases, and what the program itself prints lies between the names;
  // they alone have a place behind them.
  const bool with_places = listing.text.find("\t@") != std::string::npos;
  if (!with_places && listing.status != 0) return std::nullopt;
  std::vector<TestCase> cases;
  for (std::size_t begin = 0; begin < listing.text.size();) {
    const std::size_t end = std::min(listing.text.find('\n', begin), listing.text.size());
    const std::string_view line = std::string_view(listing.text).substr(begin, end - begin);
    const bool is_case = with_places ? line.find("\t@") != std::string_view::npos : !line.empty();
    if (is_case) cases.push_back(case_of_line(line));
    begin = end + 1;
  }
  return cases;
}

// Which part of the cases is ours, as Catch2 cuts it: neighbours stay together.
struct Shard {
  std::size_t count = 1;
  std::size_t index = 0;
};

std::size_t number_of(const std::string& what, const std::string& text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw UsageError(what + "=" + text + " is not a number");
  }
  return value;
}

Shard shard_of(const Arguments& arguments, const Environment& environment) {
  Shard shard;
  const auto index = environment_value(environment, "TEST_SHARD_INDEX");
  const auto count = environment_value(environment, "TEST_TOTAL_SHARDS");
  if (environment_value(environment, "BAZEL_TEST") && index && count) {
    shard = {number_of("TEST_TOTAL_SHARDS", *count), number_of("TEST_SHARD_INDEX", *index)};
  }
  for (const Piece& piece : pieces_of(arguments)) {
    const std::string_view name = piece.option ? piece.option->long_name : "";
    if (name == "--shard-count") shard.count = number_of("--shard-count", piece.value);
    if (name == "--shard-index") shard.index = number_of("--shard-index", piece.value);
  }
  if (shard.count == 0 || shard.index >= shard.count) {
    throw UsageError("the shard's index " + std::to_string(shard.index) +
                     " must be less than the number of shards, " + std::to_string(shard.count));
  }
  return shard;
}

bool is_sharded(const Arguments& arguments, const Environment& environment) {
  return shard_of(arguments, environment).count > 1;
}

std::optional<std::vector<TestCase>> parse_listing(const Listing& listing,
                                                   const Arguments& arguments,
                                                   const Environment& environment) {
  if (!WIFEXITED(listing.status)) return std::nullopt;
  std::optional<std::vector<TestCase>> all;
  try {
    all = listing.text.starts_with('{') ? parse_json(listing.text) : parse_lines(listing);
  } catch (const nlohmann::json::exception& error) {
    throw Error(std::string("cannot read the test program's list of cases: ") + error.what());
  }
  if (!all) return std::nullopt;
  const Shard shard = shard_of(arguments, environment);
  const std::size_t size = all->size() / shard.count, left = all->size() % shard.count;
  const auto begin_of = [&](std::size_t index) {
    return all->begin() + std::ptrdiff_t(index * size + std::min(index, left));
  };
  return std::vector<TestCase>(begin_of(shard.index), begin_of(shard.index + 1));
}

Arguments attempt_arguments(const Arguments& arguments, const TestCase& test, bool /*color*/,
                            std::uint64_t seed) {
  Arguments extra;
  const std::vector<Piece> pieces = pieces_of(arguments);
  const bool seeded = std::ranges::any_of(pieces, [](const Piece& piece) {
    return piece.option && piece.option->long_name == std::string_view("--rng-seed");
  });
  // 32 bits; zero would mean none to 2.13.
  if (!seeded) extra.push_back("--rng-seed=" + std::to_string(seed % 0xffffffff + 1));
  extra.push_back(catch2_exact_spec(test.name));
  return with_pieces(arguments, false, extra);
}

}  // namespace

const Framework& catch2_framework() {
  static constexpr Framework kFramework = {
      "catch2",      "Catch2",      kFingerprints, runs_no_case,      listing_commands,
      kListingUnset, parse_listing, is_sharded,    attempt_arguments, kAttemptUnset,
  };
  return kFramework;
}

std::string catch2_exact_spec(std::string_view case_name) {
  std::string spec = "\"";
  for (const char c : case_name) {
    if (std::string_view("\\,\"[]").find(c) != std::string_view::npos) spec += '\\';
    spec += c;
  }
  return spec + '"';
}

}  // namespace ttrace
