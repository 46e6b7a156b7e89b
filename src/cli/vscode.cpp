#include "cli/vscode.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "gdb/gdb_script.h"
#include "trace/reader.h"

namespace ttrace {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFolder = ".vscode";
constexpr const char* kLaunch = ".vscode/launch.json";
constexpr const char* kScript = ".vscode/ttrace-gdb.py";
/// Loopback; a debug adapter wants to know it before the server runs.
constexpr const char* kPort = "50311";

Json command(const char* description, const std::string& text) {
  return {{"description", description}, {"text", text}, {"ignoreFailures", false}};
}

/// Absolute, as the adapter wants it: a command may be relative to wherever it was recorded.
std::string program_of(TraceReader& trace) {
  const auto* exec = std::get_if<ExecEvent>(&trace.event(EventNumber(0)).body);
  return exec ? exec->path : "/";
}

/// The members are those of the C/C++ extension's "cppdbg" (its debugServer* start our server).
Json configuration_of(TraceReader& trace) {
  const std::string path = std::filesystem::absolute(trace.path());
  Json setup = Json::array();
  setup.push_back(command("files come out of the trace", "set sysroot target:"));
  setup.push_back(command("nothing from a network", "set debuginfod enabled off"));
  setup.push_back(command("pretty printers", "-enable-pretty-printing"));
  setup.push_back(command("ttrace commands", "source ${workspaceFolder}/" + std::string(kScript)));
  // The adapter lets the program go on as soon as it is connected: to the failure.
  const Json connected = Json::array({command("to the failure", "monitor goto failure")});
  return {{"name", "ttrace: " + std::filesystem::path(path).stem().string()},
          {"type", "cppdbg"},
          {"request", "launch"},
          {"program", program_of(trace)},
          {"cwd", "${workspaceFolder}"},
          {"MIMode", "gdb"},
          {"miDebuggerPath", "gdb"},
          {"miDebuggerServerAddress", std::string("127.0.0.1:") + kPort},
          {"debugServerPath", std::filesystem::read_symlink("/proc/self/exe").string()},
          {"debugServerArgs", "replay --serve=" + std::string(kPort) + " \"" + path + "\""},
          {"serverStarted", "waiting for a debugger"},
          {"filterStderr", true},
          {"setupCommands", setup},
          {"postRemoteConnectCommands", connected}};
}

/// What is there, or an empty one.
Json read_launch() {
  std::ifstream file(kLaunch);
  if (!file) return {{"version", "0.2.0"}, {"configurations", Json::array()}};
  std::stringstream text;
  text << file.rdbuf();
  Json launch = Json::parse(text.str(), nullptr, false);
  const bool usable = launch.is_object() && launch.contains("configurations") &&
                      launch["configurations"].is_array();
  if (!usable) {
    throw UsageError(std::string(kLaunch) +
                     " is there and no plain JSON (it may have comments); move it away, and copy "
                     "what you need from the new one");
  }
  return launch;
}

void write_file(const std::string& path, std::string_view text) {
  const std::string fresh = path + ".new";
  std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file || std::rename(fresh.c_str(), path.c_str()) != 0) throw_errno("write " + path);
}

}  // namespace

std::string write_vscode_launch(const std::string& trace_path) {
  TraceReader trace(trace_path);
  const Json mine = configuration_of(trace);
  Json launch = read_launch();
  Json& all = launch["configurations"];
  const auto same = std::find_if(all.begin(), all.end(), [&](const Json& one) {
    return one.is_object() && one.value("name", Json()) == mine["name"];
  });
  if (same == all.end()) {
    all.push_back(mine);
  } else {
    *same = mine;
  }
  std::filesystem::create_directory(kFolder);
  write_file(kScript, gdb::gdb_script());
  write_file(kLaunch, launch.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  return std::string(kLaunch) + ": \"" + mine["name"].get<std::string>() +
         "\" debugs this trace (F5 in VS Code, with its C/C++ extension)\n";
}

}  // namespace ttrace
