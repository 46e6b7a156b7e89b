#include "hunt/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "hunt/xml_text.h"
#include "syscalls/table.h"

namespace ttrace {
namespace {

using MarkKind = MarkEvent::Kind;

// Beyond this many marks the picture says nothing any more.
constexpr std::size_t kMostMarks = 200;
constexpr std::size_t kMostLanes = 100;
constexpr int kLaneHeight = 22, kBarHeight = 12, kLabelWidth = 110, kAxisHeight = 22;

std::uint64_t begin_of_case(TraceReader& trace) {
  for (std::uint64_t n = 0; n < trace.event_count(); ++n) {
    const auto* mark = std::get_if<MarkEvent>(&trace.event(EventNumber(n)).body);
    if (mark && mark->kind == MarkKind::case_begin) return n;
  }
  return 0;
}

std::string mark_text(const Event& event) {
  if (const auto* signal = std::get_if<SignalEvent>(&event.body)) {
    return signal->action == SignalEvent::Action::ignored ? "" : signal_name(signal->number);
  }
  const auto* mark = std::get_if<MarkEvent>(&event.body);
  if (!mark) return "";
  const std::string place =
      mark->file.empty() ? "" : " " + mark->file + ":" + std::to_string(mark->line);
  switch (mark->kind) {
    case MarkKind::case_begin:
      return "case begins";
    case MarkKind::case_end:
      return mark->value == 1 ? "case passed" : mark->value == 2 ? "case skipped" : "case failed";
    case MarkKind::assertion_failed:
      return "failed" + place + ": " + mark->text;
    case MarkKind::section_begin:
      return "section " + mark->text;
    case MarkKind::free_text:
      return mark->text;
    default:
      return "";
  }
}

bool is_failure(const Event& event) {
  if (const auto* signal = std::get_if<SignalEvent>(&event.body)) {
    return signal->action == SignalEvent::Action::fatal;
  }
  const auto* mark = std::get_if<MarkEvent>(&event.body);
  return mark && mark->kind == MarkKind::assertion_failed;
}

// Where in the picture an event is.
class Scale {
 public:
  Scale(const Timeline& timeline, int width)
      : first_(timeline.first), span_(double(timeline.last - timeline.first) + 1), width_(width) {}
  double left(std::uint64_t event) const {
    return kLabelWidth + double(event - first_) * width_ / span_;
  }
  double right(std::uint64_t event) const { return left(event + 1); }
  int column(std::uint64_t event) const { return int(double(event - first_) * width_ / span_); }

 private:
  std::uint64_t first_;
  double span_;
  int width_;
};

std::string bars(const Timeline::Lane& lane, const Scale& scale, int top) {
  std::string text;
  // Runs that fall into one column are one bar.
  for (std::size_t i = 0; i < lane.runs.size();) {
    std::size_t end = i + 1;
    while (end < lane.runs.size() &&
           scale.column(lane.runs[end].first) <= scale.column(lane.runs[end - 1].last)) {
      ++end;
    }
    const std::uint64_t first = lane.runs[i].first, last = lane.runs[end - 1].last;
    const double left = scale.left(first);
    text += fmt::format(
        R"(<rect class="run" x="{:.1f}" y="{}" width="{:.1f}" height="{}"><title>thread {}: events {} to {}{}</title></rect>)",
        left, top, std::max(0.6, scale.right(last) - left), kBarHeight, lane.tid.value(), first,
        last, end - i > 1 ? fmt::format(", {} times on the CPU", end - i) : std::string());
    i = end;
  }
  return text;
}

}  // namespace

Timeline timeline_of(TraceReader& trace) {
  Timeline timeline;
  if (trace.event_count() == 0) return timeline;
  timeline.first = begin_of_case(trace);
  timeline.last = trace.event_count() - 1;
  std::map<Tid, Pid> processes;
  std::map<Tid, std::size_t> lane_of;
  Tid running;
  for (std::uint64_t n = 0; n <= timeline.last; ++n) {
    const Event& event = trace.event(EventNumber(n));
    if (const auto* task = std::get_if<NewTaskEvent>(&event.body)) {
      processes[task->child] = task->child_pid;
    }
    if (n < timeline.first || std::holds_alternative<EndEvent>(event.body)) continue;
    const auto [at, is_new] = lane_of.emplace(event.tid, timeline.lanes.size());
    if (is_new) {
      const auto process = processes.find(event.tid);
      timeline.lanes.push_back(
          {event.tid, process == processes.end() ? Pid(event.tid.value()) : process->second, {}});
    }
    std::vector<Timeline::Lane::Run>& runs = timeline.lanes[at->second].runs;
    if (event.tid == running && !runs.empty()) {
      runs.back().last = n;
    } else {
      timeline.switches += running != Tid();
      runs.push_back({n, n});
    }
    running = event.tid;
    const std::string text = mark_text(event);
    if (!text.empty() && timeline.marks.size() < kMostMarks) {
      timeline.marks.push_back({n, event.tid, text, is_failure(event)});
    }
  }
  return timeline;
}

std::string timeline_svg(const Timeline& timeline, int width) {
  const Scale scale(timeline, width);
  const std::size_t lanes = std::min(timeline.lanes.size(), kMostLanes);
  const int height = int(lanes) * kLaneHeight + kAxisHeight;
  std::string svg = fmt::format(
      R"(<svg class="timeline" viewBox="0 0 {} {}" role="img" aria-label="which thread ran when">)",
      kLabelWidth + width + 10, height);
  std::map<Tid, int> tops;
  for (std::size_t i = 0; i < lanes; ++i) {
    const Timeline::Lane& lane = timeline.lanes[i];
    const int top = int(i) * kLaneHeight + 4;
    tops[lane.tid] = top;
    const bool is_process = lane.process.value() == lane.tid.value();
    svg += fmt::format(R"(<text x="0" y="{}">{} {}</text>)", top + kBarHeight - 1,
                       is_process ? "process" : "thread", lane.tid.value());
    svg += fmt::format(R"(<line class="lane" x1="{}" x2="{}" y1="{}" y2="{}"/>)", kLabelWidth,
                       kLabelWidth + width, top + kBarHeight / 2, top + kBarHeight / 2);
    svg += bars(lane, scale, top);
  }
  for (const Timeline::Mark& mark : timeline.marks) {
    const auto top = tops.find(mark.tid);
    if (top == tops.end()) continue;
    const double x = scale.left(mark.event);
    svg += fmt::format(
        R"(<g class="{}"><line x1="{:.1f}" x2="{:.1f}" y1="0" y2="{}"/><circle cx="{:.1f}" cy="{}" r="4"/><title>event {}: {}</title></g>)",
        mark.failure ? "failure" : "mark", x, x, height - kAxisHeight, x,
        top->second + kBarHeight / 2, mark.event, xml_text(mark.text));
  }
  svg += fmt::format(R"(<text x="{}" y="{}">event {}</text>)", kLabelWidth, height - 6,
                     timeline.first);
  svg += fmt::format(R"(<text x="{}" y="{}" text-anchor="end">event {}</text>)",
                     kLabelWidth + width, height - 6, timeline.last);
  return svg + "</svg>";
}

}  // namespace ttrace
