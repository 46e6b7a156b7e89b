#include "cli/report_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "hunt/progress.h"
#include "hunt/xml_text.h"

namespace ttrace {
namespace {

constexpr const char* kStyle = R"(
:root { color-scheme: light dark; --line: #d0d7de; --soft: #f6f8fa; --text: #1f2328;
  --faint: #59636e; --bad: #cf222e; --bad-soft: #ffebe9; --good: #1a7f37; --run: #0969da; }
@media (prefers-color-scheme: dark) { :root { --line: #3d444d; --soft: #151b23; --text: #f0f6fc;
  --faint: #9198a1; --bad: #f85149; --bad-soft: #3c1618; --good: #3fb950; --run: #4493f8; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); max-width: 1180px;
  margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.6em; margin-bottom: 0; } h2 { font-size: 1.25em; margin-top: 2em; }
h3 { font-size: 1em; margin: 1.2em 0 .3em; } .faint { color: var(--faint); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35em .7em; border-bottom: 1px solid var(--line); }
th { font-weight: 600; } td.number, th.number { text-align: right; }
.bad { color: var(--bad); font-weight: 600; } .good { color: var(--good); }
pre, code { font: 13px/1.45 ui-monospace, monospace; }
pre { background: var(--soft); border: 1px solid var(--line); border-radius: 6px; margin: .3em 0;
  padding: .7em; overflow-x: auto; white-space: pre; }
pre.message { border-color: var(--bad); background: var(--bad-soft); white-space: pre-wrap; }
pre .failed { display: inline-block; min-width: 100%; background: var(--bad-soft); }
section.failure { border-top: 3px solid var(--line); margin-top: 2.5em; }
summary { cursor: pointer; margin: .4em 0; } .where { color: var(--faint); }
svg.timeline { width: 100%; height: auto; font: 11px ui-monospace, monospace; }
svg.timeline text { fill: var(--faint); } svg.timeline .lane { stroke: var(--line); }
svg.timeline .run { fill: var(--run); } svg.timeline .mark circle { fill: var(--good); }
svg.timeline .mark line { stroke: var(--good); stroke-dasharray: 2 2; }
svg.timeline .failure circle { fill: var(--bad); }
svg.timeline .failure line { stroke: var(--bad); }
)";

std::string row_of(const Report::Case& entry) {
  const bool failed = entry.failures > 0;
  const std::string rate =
      entry.attempts == 0 ? "" : rate_text(entry.failures, entry.attempts, Sampling::fixed);
  return fmt::format(
      "<tr><td>{}</td><td class=\"{}\">{}</td><td class=\"number\">{}</td>"
      "<td class=\"number\">{}</td><td>{}</td><td class=\"number\">{}</td></tr>\n",
      xml_text(entry.name), failed ? "bad" : "good", xml_text(entry.last_outcome), entry.attempts,
      entry.failures, rate, duration_text(std::chrono::milliseconds(entry.time_ms)));
}

std::string cases_table(const Report& report) {
  if (report.cases.empty()) return "<p class=\"faint\">No hunt's results are stored here.</p>\n";
  std::string text =
      "<table><thead><tr><th>case</th><th>last</th><th class=\"number\">attempts</th>"
      "<th class=\"number\">failures</th><th>rate</th><th class=\"number\">time</th></tr></thead>"
      "<tbody>\n";
  for (const Report::Case& entry : report.cases) text += row_of(entry);
  return text + "</tbody></table>\n";
}

std::string source_block(const Report::Failure& failure) {
  if (failure.source.empty()) return "";
  std::string text = "<h3>Source</h3>\n<pre class=\"source\">";
  for (const Report::SourceLine& line : failure.source) {
    const std::string shown = fmt::format("{:>5}  {}", line.number, xml_text(line.text));
    text += line.failed ? "<span class=\"failed\">" + shown + "</span>\n" : shown + "\n";
  }
  return text + "</pre>\n";
}

std::string stack_block(const ThreadStack& stack, const std::string& place) {
  std::string text = fmt::format(
      "<details{}><summary>thread {}{}{}</summary>\n<pre>", stack.failed ? " open" : "", stack.tid,
      stack.failed ? ", <span class=\"bad\">failed here</span>" : "",
      stack.frames.empty() ? std::string() : ", in " + xml_text(stack.frames.front().function));
  int number = 0;
  for (const StackFrame& frame : stack.frames) {
    const std::string where =
        frame.file.empty() ? "" : fmt::format("{}:{}", frame.file, frame.line);
    const std::string shown = fmt::format(
        "#{:<3} {}{}", number++, xml_text(frame.function),
        where.empty() ? std::string() : " <span class=\"where\">" + xml_text(where) + "</span>");
    text += !where.empty() && where == place ? "<span class=\"failed\">" + shown + "</span>\n"
                                             : shown + "\n";
  }
  return text + "</pre></details>\n";
}

std::string stacks_block(const Report::Failure& failure) {
  std::string text = "<h3>Stacks at the failure</h3>\n";
  if (failure.stacks.empty()) {
    return text + "<p class=\"faint\">None: " + xml_text(failure.no_stacks) + "</p>\n";
  }
  for (const ThreadStack& stack : failure.stacks) {
    if (stack.failed) text += stack_block(stack, failure.place);
  }
  for (const ThreadStack& stack : failure.stacks) {
    if (!stack.failed) text += stack_block(stack, "");
  }
  return text;
}

std::string facts(const Report::Failure& failure) {
  std::string text =
      fmt::format("attempt {}, event {}, thread {}", failure.attempt, failure.event, failure.tid);
  if (failure.run_seed) text += fmt::format(", seed of the run {}", *failure.run_seed);
  return text + fmt::format(", seed of the attempt {}", failure.seed);
}

std::string failure_section(const Report::Failure& failure, std::size_t number) {
  std::string text = fmt::format(
      "<section class=\"failure\" id=\"failure-{}\">\n<h2>{} <span class=\"bad\">{}</span></h2>\n",
      number, xml_text(failure.case_name), xml_text(failure.verdict));
  if (!failure.problem.empty()) {
    return text + "<p class=\"bad\">" + xml_text(failure.problem) + "</p>\n</section>\n";
  }
  text += "<p class=\"faint\">" + xml_text(failure.trace) + ": " + facts(failure) + "</p>\n";
  if (!failure.place.empty()) text += "<p><code>" + xml_text(failure.place) + "</code></p>\n";
  text += "<pre class=\"message\">" + xml_text(failure.message) + "</pre>\n";
  text += "<h3>Open it</h3>\n<pre>" + xml_text(failure.debug_command) + "</pre>\n";
  text += source_block(failure) + stacks_block(failure);
  text += fmt::format(
      "<h3>Threads over time</h3>\n<p class=\"faint\">One runs at a time, in the "
      "order of the events; {} switches.</p>\n{}\n",
      failure.switches, failure.timeline_svg);
  if (!failure.last_events.empty()) {
    text += "<details><summary>The last events before the failure</summary>\n<pre>";
    for (const std::string& line : failure.last_events) text += xml_text(line) + "\n";
    text += "</pre></details>\n";
  }
  if (!failure.output.empty()) {
    text += "<details open><summary>Output</summary>\n<pre>" + xml_text(failure.output) +
            "</pre></details>\n";
  }
  return text + "<p class=\"faint\"><code>" + xml_text(failure.command) + "</code><br>" +
         xml_text(failure.host) + "</p>\n</section>\n";
}

}  // namespace

std::string report_html(const Report& report) {
  std::string text = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
      "<title>{0}</title>\n<style>{1}</style>\n</head>\n<body>\n<h1>{0}</h1>\n"
      "<p class=\"faint\">{2}</p>\n<h2>Cases</h2>\n",
      xml_text(report.title), kStyle, xml_text(report.written));
  text += cases_table(report);
  if (report.failures.empty()) text += "<h2>No failure is kept here.</h2>\n";
  for (std::size_t i = 0; i < report.failures.size(); ++i) {
    text += failure_section(report.failures[i], i + 1);
  }
  return text + "</body>\n</html>\n";
}

}  // namespace ttrace
