#include "cli/result_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "base/bytes.h"
#include "base/fd.h"
#include "hunt/gtest.h"

namespace ttrace {
namespace {

namespace fs = std::filesystem;

struct Format {
  const char* name;
  std::string (*text)(const HuntSummary& summary);
};
constexpr Format kFormats[] = {{"json", to_json}, {"junit", to_junit}};
constexpr Format kGtestFormats[] = {{"xml", to_gtest_xml}, {"json", to_gtest_json}};

// "FORMAT:REST" or "FORMAT".
struct Spec {
  std::string format, rest;
};
Spec split(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return {text, ""};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

template <std::size_t size>
const Format* find(const Format (&formats)[size], const std::string& name) {
  const auto* found = std::ranges::find(formats, name, &Format::name);
  return found == std::end(formats) ? nullptr : found;
}

// Where GoogleTest puts its file: a name that ends in a slash is a directory, in which the file is
// named after the program and replaces none.
std::string gtest_path(const Spec& spec, const std::string& program) {
  if (spec.rest.empty()) return "test_detail." + spec.format;
  if (!spec.rest.ends_with('/')) return spec.rest;
  const std::string base = spec.rest + fs::path(program).filename().string();
  std::error_code ignored;
  for (int number = 0;; ++number) {
    std::string path = base + (number ? "_" + std::to_string(number) : "") + "." + spec.format;
    if (!fs::exists(path, ignored)) return path;
  }
}

// What the user asked GoogleTest for: --gtest_output, GTEST_OUTPUT, or Bazel's variable.
std::string gtest_spec(const TestBinary& binary) {
  if (const auto flag = gtest_flag(binary.arguments, binary.environment, "output")) return *flag;
  const auto file = environment_value(binary.environment, "XML_OUTPUT_FILE");
  return file && !file->empty() ? "xml:" + *file : "";
}

// Like a shell's `>`: an existing file is emptied, directories on the way to it are made.
Fd open_for_writing(const std::string& path) {
  std::error_code ignored;
  if (const fs::path parent = fs::path(path).parent_path(); !parent.empty()) {
    fs::create_directories(parent, ignored);
  }
  Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file) throw_errno("cannot write results to " + path + " (choose another file)");
  return file;
}

void write_text(const std::string& path, const std::string& text) {
  const Fd file = open_for_writing(path);
  std::string_view left = text;
  while (!left.empty()) {
    const ssize_t n = ::write(file.value(), left.data(), left.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw_errno("cannot write results to " + path);
    left.remove_prefix(std::size_t(n));
  }
}

}  // namespace

bool is_result_file(const std::string& text) {
  const Spec spec = split(text);
  return find(kFormats, spec.format) && !spec.rest.empty();
}

ResultFiles::ResultFiles(const FlagSet& flags, const TestBinary& binary) {
  for (const std::string& text : flags.texts("output")) {
    const Spec spec = split(text);
    files_.push_back({spec.rest, find(kFormats, spec.format)->text});
  }
  const Spec asked = split(gtest_spec(binary));
  const bool is_gtest = binary.framework->name == std::string_view("gtest");
  const Format* format = is_gtest ? find(kGtestFormats, asked.format) : nullptr;
  if (format) files_.push_back({gtest_path(asked, binary.path), format->text});
  // Also tells a reader who looks meanwhile that nothing is known yet.
  for (const File& file : files_) open_for_writing(file.path);
}

void ResultFiles::write(const HuntSummary& summary) const {
  std::string problem;
  for (const File& file : files_) {
    try {
      write_text(file.path, file.text(summary));
    } catch (const Error& error) {
      if (problem.empty()) problem = error.what();
    }
  }
  if (!problem.empty()) throw Error(problem);
}

}  // namespace ttrace
