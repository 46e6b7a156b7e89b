#include "cli/reference.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <vector>

#include "cli/flags.h"
#include "hunt/version.h"

namespace ttrace {
namespace {

// One flag or argument as both forms print it.
struct Entry {
  std::string spelled, variable, help;
};

struct Chapter {
  std::string name, help;
  std::vector<Entry> entries;
};

constexpr const char* kIntroduction =
    "ttrace runs a test until it fails, keeps that one run as a trace, and replays it exactly, as "
    "often as you like, under gdb.";
constexpr const char* kExitCodes =
    "until-fail and a test binary: 1 if a case failed, 2 for wrong usage, a recorder that cannot "
    "run, a case that cannot be recorded or a trace that cannot be written, 128 + N if signal N "
    "interrupted it, else 0. record and replay --autopilot: the program's own, 128 + N if signal N "
    "ended it, 124 for a hang.";

std::string with_default(const FlagRow& row) {
  std::string help = row.help;
  if (*row.default_value) help += std::string(" (default ") + row.default_value + ")";
  return help;
}

Chapter binary_chapter() {
  Chapter chapter{"./tests --ttrace-...",
                  "flags of a test binary that links ttrace, beside the framework's own",
                  {}};
  for (const FlagRow& row : flag_rows()) {
    if (!(row.places & kInBinary)) continue;
    std::string spelled = std::string("--ttrace-") + row.name;
    if (*row.placeholder) spelled += std::string("=") + row.placeholder;
    chapter.entries.push_back({spelled, environment_twin(row), with_default(row)});
  }
  return chapter;
}

Entry entry_of(const CLI::Option& option) {
  const std::string type = option.get_type_size() == 0 ? "" : option.get_type_name();
  if (option.get_positional()) return {option.get_name(), "", option.get_description()};
  std::string spelled = option.get_name(false, true);
  if (!type.empty()) spelled += "=" + type;
  return {spelled, "", option.get_description()};
}

std::vector<Chapter> chapters_of(const CLI::App& tool) {
  std::vector<Chapter> chapters;
  for (const CLI::App* command : tool.get_subcommands([](const CLI::App*) { return true; })) {
    Chapter chapter{"ttrace " + command->get_name(), command->get_description(), {}};
    for (const CLI::Option* option : command->get_options()) {
      if (!option->check_name("--help")) chapter.entries.push_back(entry_of(*option));
    }
    chapters.push_back(std::move(chapter));
  }
  chapters.push_back(binary_chapter());
  return chapters;
}

// Characters that mean something to troff.
std::string troff(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else if (c == '\n') {
      result += "\n.br\n";
    } else {
      if ((c == '.' || c == '\'') && (result.empty() || result.back() == '\n')) result += "\\&";
      result += c;
    }
  }
  return result;
}

std::string markdown_cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) {
    text.replace(at, 1, "\\|");
  }
  std::ranges::replace(text, '\n', ' ');
  return text;
}

}  // namespace

std::string reference_markdown(const CLI::App& tool) {
  std::string text = fmt::format("# ttrace reference\n\n{}\n", kIntroduction);
  for (const Chapter& chapter : chapters_of(tool)) {
    text += fmt::format("\n## `{}`\n\n{}\n", chapter.name, chapter.help);
    if (chapter.entries.empty()) continue;
    text += "\n| flag | what it does | variable |\n| --- | --- | --- |\n";
    for (const Entry& entry : chapter.entries) {
      text += fmt::format("| `{}` | {} | {} |\n", markdown_cell(entry.spelled),
                          markdown_cell(entry.help),
                          entry.variable.empty() ? "" : "`" + entry.variable + "`");
    }
  }
  return text + fmt::format("\n## Exit codes\n\n{}\n", kExitCodes);
}

std::string reference_man_page(const CLI::App& tool) {
  std::string text = fmt::format(
      ".TH TTRACE 1 \"\" \"{}\"\n.SH NAME\nttrace \\- run a test until it fails, keep that run, "
      "replay it exactly\n.SH SYNOPSIS\n",
      kWriter);
  const std::vector<Chapter> chapters = chapters_of(tool);
  for (const Chapter& chapter : chapters) {
    text += fmt::format(".B {}\n.br\n", troff(chapter.name));
  }
  text += fmt::format(".SH DESCRIPTION\n{}\n", troff(kIntroduction));
  for (const Chapter& chapter : chapters) {
    text += fmt::format(".SH {}\n{}\n", troff(chapter.name), troff(chapter.help));
    for (const Entry& entry : chapter.entries) {
      text += fmt::format(".TP\n.B {}\n{}\n", troff(entry.spelled), troff(entry.help));
      if (!entry.variable.empty()) {
        text += fmt::format("Environment: {}.\n", troff(entry.variable));
      }
    }
  }
  return text + fmt::format(".SH EXIT STATUS\n{}\n.SH SEE ALSO\n.BR gdb (1)\n", troff(kExitCodes));
}

}  // namespace ttrace
