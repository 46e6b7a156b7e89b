#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/asked.h"
#include "cli/commands.h"
#include "hunt/keep.h"
#include "query/event_text.h"
#include "trace/pack.h"
#include "trace/reader.h"
#include "trace/store.h"

namespace ttrace {
namespace {

namespace fs = std::filesystem;

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string place_of(const Failure& failure) {
  if (failure.file.empty()) return first_line(failure.message);
  return fmt::format("{}:{}: {}", fs::path(failure.file).filename().string(), failure.line,
                     first_line(failure.message));
}

std::string list_line(const StoredTrace& trace) {
  const std::string name = fs::path(trace.path).filename().string();
  if (!trace.info) return fmt::format("{:<40} {}\n", name, trace.error);
  const std::string place = trace.info->failure ? place_of(*trace.info->failure) : "";
  return fmt::format("{:<40} {:<14} {:>10} {:>8} events  {}\n", name, trace.info->verdict,
                     size_text(trace.size), trace.event_count, place);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + shell_quoted(word);
  return text;
}

std::string failure_text(const Failure& failure) {
  std::string text = fmt::format("event {}, thread {}", failure.event.value(), failure.tid.value());
  if (!failure.file.empty()) text += fmt::format(", {}:{}", failure.file, failure.line);
  // Lines of a message are indented below their heading.
  std::string message = "\n" + failure.message;
  while (!message.empty() && message.back() == '\n') message.pop_back();
  for (std::size_t at = 0; (at = message.find('\n', at)) != std::string::npos; at += 15) {
    message.replace(at, 1, "\n" + std::string(14, ' '));
  }
  return text + message;
}

std::string show_text(const TraceReader& trace) {
  const TraceInfo& info = trace.info();
  std::uint64_t object_bytes = 0;
  for (const ObjectInfo& object : trace.objects()) object_bytes += object.size;
  std::error_code ignored;
  const std::pair<const char*, std::string> lines[] = {
      {"trace",
       fmt::format("{} ({})", trace.path(), size_text(fs::file_size(trace.path(), ignored)))},
      {"case", info.case_name},
      {"framework", info.framework},
      {"verdict", info.verdict},
      {"failure", info.failure ? failure_text(*info.failure) : ""},
      {"exit code", std::to_string(shell_status(info.exit_status))},
      {"attempt", info.attempt > 0 ? std::to_string(info.attempt) : ""},
      {"seed", info.run_seed ? fmt::format("{} (of the run; this attempt's own is {})",
                                           *info.run_seed, info.seed)
                             : std::to_string(info.seed)},
      {"command", joined(info.command)},
      {"directory", info.directory},
      {"duration", fmt::format("{:.3f} s", double(info.duration_us) / 1e6)},
      {"ticks", info.ticks > 0 ? std::to_string(info.ticks) : ""},
      {"events", std::to_string(trace.event_count())},
      {"objects", fmt::format("{} ({})", trace.objects().size(), size_text(object_bytes))},
      {"recorded on", info.host},
      {"needs a CPU", fmt::format("{}", fmt::join(info.cpu_features, " "))},
      {"XSAVE in", fmt::format("{}", fmt::join(info.cpu.saves_state, ", "))},
      {"by vendor", fmt::format("{}", fmt::join(info.cpu.by_vendor, "; "))},
      {"written by", info.writer},
  };
  std::string text;
  for (const auto& [name, value] : lines) {
    if (!value.empty()) text += fmt::format("{:<13} {}\n", name, value);
  }
  return text;
}

std::string show_json(const TraceReader& trace) {
  nlohmann::json json = nlohmann::json::parse(to_json(trace.info()));
  json["path"] = trace.path();
  json["events"] = trace.event_count();
  json["cpu_features"] = trace.info().cpu_features;
  json["objects"] = nlohmann::json::array();
  for (const ObjectInfo& object : trace.objects()) {
    json["objects"].push_back(
        {{"path", object.path}, {"size", object.size}, {"hash", object.hash}});
  }
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// Says on a terminal how far a check has come.
TraceReader::VerifyProgress percent_line(const Context& context, const std::string& path) {
  if (!context.terminal) return {};
  return [&context, path, shown = std::uint64_t{0}](std::uint64_t done, std::uint64_t all) mutable {
    const std::uint64_t percent = all == 0 ? 100 : done * 100 / all;
    if (percent == shown) return;
    shown = percent;
    context.out.write(fmt::format("\r{}: {} %", path, percent));
  };
}

// Does `work` for every path; an error of one does not keep the others from their turn.
template <class Work>
int for_each_path(const Context& context, const std::vector<std::string>& paths, Work work) {
  int code = 0;
  for (const std::string& path : paths) {
    try {
      work(path);
    } catch (const Error& error) {
      context.err.write(std::string("ttrace: ") + error.what() + "\n");
      code = 2;
    }
  }
  return code;
}

}  // namespace

int list_stored(const Context& context, const std::string& named, bool default_directory) {
  const std::string directory = fs::path(named).lexically_normal().string();  // as it was kept
  std::error_code ignored;
  const bool missing = default_directory && !fs::exists(directory, ignored);
  const std::vector<StoredTrace> traces =
      missing ? std::vector<StoredTrace>() : list_traces(directory);
  if (traces.empty()) context.out.write("no traces in " + directory + "\n");
  for (const StoredTrace& trace : traces) context.out.write(list_line(trace));
  return 0;
}

int show_trace(const Context& context, const std::string& path, const ShowParts& parts) {
  const TraceReader trace(path);
  if (parts.json) {
    context.out.write(show_json(trace));
    return 0;
  }
  if (parts.files) {
    for (const ObjectInfo& object : trace.objects()) {
      context.out.write(fmt::format("{:>10}  {}\n", size_text(object.size), escaped(object.path)));
    }
  }
  if (parts.environment) {
    for (const std::string& name : trace.info().environment_names) {
      context.out.write(escaped(name) + "\n");
    }
  }
  if (!parts.files && !parts.environment) context.out.write(show_text(trace));
  return 0;
}

int dump_trace(const Context& context, const std::string& path) {
  TraceReader trace(path);
  Dumper dumper;
  for (std::uint64_t number = 0; number < trace.event_count(); ++number) {
    const EventNumber event(number);
    context.out.write(dumper.line(event, trace.event(event)) + "\n");
    if (context.out.failed()) break;  // nobody reads on
  }
  return 0;
}

int verify_traces(const Context& context, const std::vector<std::string>& paths, bool replay) {
  return for_each_path(context, paths, [&](const std::string& path) {
    TraceReader trace(path);
    trace.verify(percent_line(context, path));
    if (context.terminal) context.out.write("\r\x1b[K");
    if (replay) {
      const Verification result = verify_by_replay(path, std::nullopt, nullptr);
      if (result.outcome != Verification::Outcome::verified) {
        throw Divergence("replay of " + path + " diverged: " + result.problem);
      }
    }
    context.out.write(fmt::format("{}: {} events, {} objects, {}\n", path, trace.event_count(),
                                  trace.objects().size(),
                                  replay ? "undamaged, replay verified" : "undamaged"));
  });
}

int remove_traces(const Context& context, const std::vector<std::string>& paths) {
  return for_each_path(context, paths, [&](const std::string& path) {
    const Removal removal = remove_trace(path);
    context.out.write(fmt::format("removed {}, {} freed\n", path, size_text(removal.bytes_freed)));
    if (!removal.note.empty()) context.err.write("[ttrace] " + removal.note + "\n");
  });
}

int collect_store(const Context& context, const FlagSet& flags) {
  const std::string directory = fs::path(flags.text("dir")).lexically_normal().string();
  std::error_code ignored;
  if (!flags.has("dir") && !fs::exists(directory, ignored)) {
    context.out.write("no traces in " + directory + "\n");
    return 0;
  }
  const Removal removal = collect_garbage(directory);
  context.out.write(fmt::format("{}: {} objects removed, {} freed\n", directory,
                                removal.objects_removed, size_text(removal.bytes_freed)));
  if (!removal.note.empty()) context.err.write("[ttrace] " + removal.note + "\n");
  for (const std::string& path : enforce_limits(directory, asked_store_limits(flags))) {
    context.out.write("removed " + path + "\n");
  }
  return 0;
}

int pack(const Context& context, const FlagSet& flags, const std::string& path) {
  const std::string output = flags.has("output")
                                 ? flags.text("output")
                                 : fs::path(path).stem().string() + ".packed.ttrace";
  pack_trace(path, output);
  std::error_code ignored;
  context.out.write(fmt::format("{} ({}), open it with: ttrace replay {}\n", output,
                                size_text(fs::file_size(output, ignored)), shell_quoted(output)));
  return 0;
}

}  // namespace ttrace
