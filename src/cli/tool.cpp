#include <CLI/CLI.hpp>
#include <algorithm>
#include <deque>
#include <map>

#include "cli/commands.h"
#include "cli/doctor.h"
#include "cli/process_choice.h"
#include "cli/reference.h"
#include "cli/report_binary.h"
#include "hunt/version.h"
#include "rewrite/sites.h"

namespace ttrace {
namespace {

// A subcommand that executes a program: what follows "--" is the program's.
struct SplitArguments {
  std::vector<std::string> ours;
  std::vector<std::string> program;
  bool separated = false;
};

SplitArguments split_at_dashes(const std::vector<std::string>& arguments) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  SplitArguments split;
  split.ours.assign(arguments.begin(), dashes);
  split.separated = dashes != arguments.end();
  if (split.separated) split.program.assign(dashes + 1, arguments.end());
  return split;
}

// A launcher is followed by the program at once: by the first word that is no option.
SplitArguments split_at_program(const std::vector<std::string>& arguments) {
  const auto is_program = [](const std::string& word) {
    return word == "--" || !word.starts_with("-");
  };
  auto program = std::find_if(arguments.begin() + 1, arguments.end(), is_program);
  SplitArguments split;
  split.ours.assign(arguments.begin(), program);
  if (program != arguments.end() && *program == "--") ++program;
  split.program.assign(program, arguments.end());
  return split;
}

SplitArguments split_arguments(const std::vector<std::string>& arguments) {
  constexpr std::string_view kExecute[] = {"until-fail", "record", "cases"};
  if (arguments.empty()) return {};
  if (arguments[0] == "launch") return split_at_program(arguments);
  const bool executes = std::ranges::find(kExecute, arguments[0]) != std::end(kExecute);
  return executes ? split_at_dashes(arguments) : SplitArguments{arguments, {}, false};
}

// One subcommand under construction: options from the table of flags, and what runs it.
class Subcommand {
 public:
  Subcommand(CLI::App& tool, unsigned place, const char* name, const char* help)
      : name_(name), flags_(place), app_(tool.add_subcommand(name, help)) {
    // What is left over is looked at in check(), which knows the nearest name.
    app_->allow_extras();
    for (const FlagRow& row : flag_rows()) {
      if (row.places & place) add_option(row);
    }
  }

  CLI::App& app() { return *app_; }
  FlagSet& flags() { return flags_; }
  bool chosen() const { return app_->parsed(); }

  void add_file(std::string& path) { app_->add_option("FILE", path, "a trace")->required(); }
  void add_files(std::vector<std::string>& paths) {
    app_->add_option("FILE", paths, "traces")->required();
  }

  // Refuses what CLI11 did not understand and reads the environment. `takes_program`: a program was
  // to follow.
  void check(const Environment& environment, bool takes_program = false) {
    for (const std::string& extra : app_->remaining()) {
      if (!extra.starts_with("-")) {
        throw UsageError(takes_program
                             ? "put the program after --: ttrace " + name_ + " -- " + extra
                             : "\"" + extra + "\" is one argument too many for ttrace " + name_);
      }
      throw UsageError("ttrace " + name_ + " has no option " + extra + nearest(extra));
    }
    add_environment(flags_, environment);
  }

 private:
  void add_option(const FlagRow& row) {
    const std::string spelled = std::string("--") + row.name;
    const std::string names = row.name == std::string_view("output") ? "-o," + spelled : spelled;
    std::string help = row.help;
    if (*row.default_value) help += std::string(" (default ") + row.default_value + ")";
    if (row.value == FlagValue::none) {
      app_->add_flag_callback(
          names,
          [this, &row, spelled] { flags_.set(row, spelled, "", FlagSet::Source::command_line); },
          help);
      return;
    }
    const CLI::callback_t take = [this, &row, spelled](const CLI::results_t& values) {
      for (const std::string& value : values) {
        flags_.set(row, spelled, value, FlagSet::Source::command_line);
      }
      return true;
    };
    app_->add_option(names, take, help)
        ->type_name(row.placeholder)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }

  std::string nearest(const std::string& option) const {
    const std::string word = option.substr(
        option.find_first_not_of('-') == std::string::npos ? 0 : option.find_first_not_of('-'));
    const FlagRow* row = nearest_flag(word.substr(0, word.find('=')), flags_.place());
    return row ? std::string(": did you mean --") + row->name + "?"
               : ": ttrace " + name_ + " --help lists them";
  }

  std::string name_;
  FlagSet flags_;
  CLI::App* app_;
};

// Questions that our commands in gdb answer.
struct GdbQuestion {
  const char* name;
  const char* arguments;
  const char* help;
};
constexpr GdbQuestion kGdbQuestions[] = {
    {"last-write", "EXPR|ADDRESS [LENGTH]", "say who changed memory last before the failure"},
    {"writes", "EXPR|ADDRESS [LENGTH]", "list who changed memory in the case"},
    {"calls", "FUNCTION", "list the calls of a function in the case"},
};

// The subcommands that ask a trace: one for each row of src/query's table, and of the one above.
class QueryCommands {
 public:
  explicit QueryCommands(CLI::App& tool) {
    for (const QueryRow& row : query_rows()) {
      CLI::App& app = add(tool, row.name, row.arguments, row.help);
      if (row.most_arguments > 0) app.add_option("ARGUMENT", arguments_, row.arguments);
    }
    for (const GdbQuestion& row : kGdbQuestions) {
      CLI::App& app = add(tool, row.name, row.arguments, row.help);
      app.add_option("ARGUMENT", arguments_, row.arguments)->required();
      app.add_option("--pid", process_, "in this process, as replay --pid");
    }
  }

  // The exit code, if one of them was chosen.
  std::optional<int> run(const Context& context) {
    for (std::size_t i = 0; i < commands_.size(); ++i) {
      if (!commands_[i].chosen()) continue;
      commands_[i].check(context.environment);
      const std::size_t count = query_rows().size();
      if (i < count) return query_trace(context, query_rows()[i], path_, arguments_, json_);
      std::optional<Pid> process;
      if (!process_.empty()) process = named_process(path_, process_, "--pid");
      return ask_in_gdb(kGdbQuestions[i - count].name, path_, arguments_, json_, process);
    }
    return std::nullopt;
  }

 private:
  CLI::App& add(CLI::App& tool, const char* name, const std::string& arguments,
                const std::string& help) {
    const std::string usage = std::string("ttrace ") + name + " FILE " + arguments;
    const std::string text = arguments.empty() ? help : help + ": " + usage;
    CLI::App& app = commands_.emplace_back(tool, 0, name, text.c_str()).app();
    app.add_option("FILE", path_, "a trace")->required();
    app.add_flag("--json", json_, "as JSON (docs/json.md)");
    return app;
  }

  std::deque<Subcommand> commands_;  // stay where they are: options refer to them
  std::string path_;
  std::string process_;
  std::vector<std::string> arguments_;
  bool json_ = false;
};

// The program after "--", or what to type.
const std::vector<std::string>& program_of(const SplitArguments& split, const std::string& usage) {
  if (split.program.empty()) throw UsageError("no program is given: " + usage);
  return split.program;
}

int run(const Context& context, const std::vector<std::string>& arguments) {
  CLI::App tool(
      "ttrace records a test until it fails, keeps that one run, and replays it exactly, as often "
      "as you like, under gdb.",
      "ttrace");
  tool.set_version_flag("--version", std::string(kWriter));
  tool.require_subcommand(0, 1);
  tool.allow_extras();
  tool.footer(
      "A test binary that links ttrace takes --ttrace-help itself.\n"
      "Exit codes: 2 for wrong usage or a recorder that cannot run; until-fail: 1 if a case "
      "failed;\n"
      "record, replay --autopilot: the program's own, 128 + N if signal N ended it, 124 for a "
      "hang.");

  Subcommand until_fail_command(tool, kUntilFailTool, "until-fail",
                                "run each case of a test program until it fails, or a plain "
                                "program:\nttrace until-fail --attempts=500 -- ./tests [FLAGS]");
  Subcommand launch_command(tool, kLaunchTool, "launch",
                            "the same as a test launcher: ttrace launch [--NAME=VALUE...] ./tests "
                            "[FLAGS]; listings, and programs without a framework, run untouched");
  Subcommand cases_command(tool, kCasesTool, "cases",
                           "print the cases of a test program as JSON: ttrace cases -- ./tests");
  Subcommand record_command(tool, kRecordTool, "record",
                            "record one run of a program: ttrace record -- PROGRAM [ARGUMENTS]");
  Subcommand replay_command(tool, kReplayTool, "replay",
                            "replay a trace, in gdb unless told other");
  Subcommand list_command(tool, kListTool, "ls", "list the traces of a directory");
  Subcommand show_command(tool, 0, "show", "say what a trace says about itself");
  Subcommand dump_command(tool, 0, "dump",
                          "print a trace's events: number, seconds, thread, kind, details");
  Subcommand verify_command(tool, 0, "verify", "read every byte of traces and check it");
  Subcommand remove_command(tool, 0, "rm", "remove traces, and objects that no other trace needs");
  Subcommand collect_command(tool, kCollectTool, "gc",
                             "remove objects that no trace needs, and traces beyond a limit");
  Subcommand pack_command(tool, kPackTool, "pack", "make one file of a trace and its objects");
  Subcommand reference_command(tool, 0, "reference",
                               "print all of this as Markdown, or as a man page");
  Subcommand report_command(tool, kReportTool, "report",
                            "make one HTML page of a directory's failures");
  Subcommand inspect_command(tool, 0, "inspect",
                             "say what is counted and patched in a program or shared library");
  QueryCommands queries(tool);
  Subcommand script_command(tool, 0, "gdb-script",
                            "print the ttrace commands for a gdb that ttrace did not start");
  // --dir is the one flag that it shares with ls.
  Subcommand doctor_command(tool, kListTool, "doctor",
                            "say what this machine offers, and whether recording can work");

  std::string path, directory;
  std::vector<std::string> paths;
  bool with_replay = false, man_page = false;
  ShowParts parts;
  bool& json = parts.json;
  for (Subcommand* command : {&replay_command, &show_command, &dump_command, &pack_command}) {
    command->add_file(path);
  }
  for (Subcommand* command : {&verify_command, &remove_command}) command->add_files(paths);
  for (Subcommand* command : {&list_command, &report_command}) {
    command->app().add_option("DIR", directory, "the directory, as --dir");
  }
  show_command.app().add_flag("--json", json, "as JSON");
  show_command.app().add_flag("--files", parts.files, "the files whose contents it has");
  show_command.app().add_flag("--environment", parts.environment,
                              "the names of the variables that the program saw");
  inspect_command.app().add_option("BINARY", paths, "programs, shared libraries")->required();
  inspect_command.app().add_flag("--json", json, "as JSON");
  reference_command.app().add_flag("--man", man_page, "as ttrace(1)");
  verify_command.app().add_flag("--replay", with_replay, "replay it once, too");

  const SplitArguments split = split_arguments(arguments);
  try {
    std::vector<std::string> reversed(split.ours.rbegin(), split.ours.rend());
    tool.parse(reversed);
  } catch (const CLI::Success& success) {  // --help, --version
    std::ostringstream text;
    tool.exit(success, text, text);
    context.out.write(text.str());
    return 0;
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what());
  }
  if (!tool.remaining().empty()) {
    throw UsageError("ttrace has no subcommand \"" + tool.remaining().front() +
                     "\": ttrace --help lists them");
  }

  const Environment& environment = context.environment;
  if (until_fail_command.chosen()) {
    until_fail_command.check(environment, true);
    return until_fail(context, until_fail_command.flags(),
                      program_of(split, "ttrace until-fail --attempts=500 -- ./tests"));
  }
  if (launch_command.chosen()) {
    launch_command.check(environment, true);
    return launch_program(context, launch_command.flags(),
                          program_of(split, "ttrace launch --attempts=5 ./tests"));
  }
  if (cases_command.chosen()) {
    cases_command.check(environment, true);
    return print_cases(context, cases_command.flags(),
                       program_of(split, "ttrace cases -- ./tests"));
  }
  if (record_command.chosen()) {
    record_command.check(environment, true);
    return record_program(context, record_command.flags(),
                          program_of(split, "ttrace record -- PROGRAM ARGUMENTS"));
  }
  if (replay_command.chosen()) {
    replay_command.check(environment);
    return replay_trace(context, replay_command.flags(), path);
  }
  if (list_command.chosen()) {
    list_command.check(environment);
    const FlagSet& flags = list_command.flags();
    const bool by_default = directory.empty() && !flags.has("dir");
    return list_stored(context, directory.empty() ? flags.text("dir") : directory, by_default);
  }
  if (doctor_command.chosen()) {
    doctor_command.check(environment);
    return examine_machine(context, LocalMachine(),
                           {SiteCache::default_directory(), doctor_command.flags().text("dir")});
  }
  if (reference_command.chosen()) {
    reference_command.check(environment);
    context.out.write(man_page ? reference_man_page(tool) : reference_markdown(tool));
    return 0;
  }
  if (report_command.chosen()) {
    report_command.check(environment);
    const FlagSet& flags = report_command.flags();
    return write_report(context, flags, directory.empty() ? flags.text("dir") : directory);
  }
  if (collect_command.chosen()) {
    collect_command.check(environment);
    return collect_store(context, collect_command.flags());
  }
  if (pack_command.chosen()) {
    pack_command.check(environment);
    return pack(context, pack_command.flags(), path);
  }
  for (Subcommand* command :
       {&show_command, &dump_command, &verify_command, &remove_command, &inspect_command}) {
    if (command->chosen()) command->check(environment);
  }
  if (const auto code = queries.run(context)) return *code;
  if (script_command.chosen()) {
    script_command.check(environment);
    return print_gdb_script(context);
  }
  if (show_command.chosen()) return show_trace(context, path, parts);
  if (dump_command.chosen()) return dump_trace(context, path);
  if (verify_command.chosen()) return verify_traces(context, paths, with_replay);
  if (remove_command.chosen()) return remove_traces(context, paths);
  if (inspect_command.chosen()) return inspect_binaries(context, paths, json);
  context.err.write(tool.help());
  return 2;
}

void say(const Context& context, const std::string& text) {
  std::string line = text.substr(0, text.find_last_not_of('\n') + 1);
  // One line is promised, whatever a file name or a library put into the message.
  std::ranges::replace(line, '\n', ' ');
  context.err.write("ttrace: " + line + "\n");
}

}  // namespace

int run_tool(const Context& context, const std::vector<std::string>& arguments) {
  int code = 2;
  try {
    const bool supervises = !arguments.empty() && arguments[0] == "supervise";
    code = supervises ? supervise(context, {arguments.begin() + 1, arguments.end()})
                      : run(context, arguments);
  } catch (const Error& error) {
    say(context, error.what());
  } catch (const std::bad_alloc&) {
    say(context, "out of memory: free some, or record less at once");
  } catch (const std::exception& error) {
    say(context, std::string("internal error, please report it: ") + error.what());
  }
  if (context.out.error() && context.out.error() != EPIPE) {
    say(context,
        "cannot write to standard output: " + std::generic_category().message(context.out.error()));
  }
  return code;
}

}  // namespace ttrace
