#include "hunt/forked_crew.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cerrno>

#include "hunt/crew_messages.h"
#include "syscalls/table.h"

namespace ttrace {
namespace {

std::pair<Fd, Fd> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw_errno("pipe");
  return {Fd(ends[0]), Fd(ends[1])};
}

int reap(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

std::string how_it_ended(int status) {
  // Nothing in ttrace sends a member this: the kernel does where memory is short, or a person.
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
    return "died by SIGKILL (out of memory? fewer --ttrace-jobs need less)";
  }
  if (WIFSIGNALED(status)) {
    return "died by " + signal_name(WTERMSIG(status)) + " (a defect of ttrace, please report it)";
  }
  return "ended with status " + std::to_string(WEXITSTATUS(status));
}

CrewAnswer obey(Bench& bench, const CrewOrder& order) {
  try {
    if (const auto* keep = std::get_if<KeepOrder>(&order)) {
      return bench.keep(keep->info, keep->with_stack);
    }
    return bench.attempt(std::get<AttemptOrder>(order));
  } catch (const UsageError& error) {
    return CrewError{error.what(), true};
  } catch (const std::bad_alloc&) {
    return CrewError{"out of memory: free some, or run fewer jobs at once", false};
  } catch (const std::exception& error) {
    return CrewError{error.what(), false};
  }
}

}  // namespace

ForkedCrew::ForkedCrew(Lab& lab, const std::vector<TestCase>& cases, Options options)
    : lab_(lab), cases_(cases), options_(std::move(options)), members_(options_.size) {}

ForkedCrew::~ForkedCrew() {
  for (Member& member : members_) {
    if (member.pid == 0) continue;
    // One that has nothing to do leaves when its orders end. Of another, the tracees end with it;
    // files that it writes have no name yet.
    member.orders.reset();
    if (member.busy) kill(member.pid, SIGKILL);
    reap(member.pid);
  }
}

void ForkedCrew::start(int number) {
  Member& member = members_.at(std::size_t(number));
  auto [orders_read, orders_write] = make_pipe();
  auto [answers_read, answers_write] = make_pipe();
  const pid_t parent = getpid();
  // An interrupt that comes meanwhile is for the member, too: the supervisor passes it on once
  // only.
  const pid_t pid = fork();
  if (pid < 0) throw_errno("fork");
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    orders_write.reset();
    answers_read.reset();
    serve(number, std::move(orders_read), std::move(answers_write), parent);
  }
  member = {pid, std::move(orders_write), std::move(answers_read), false, false};
}

// A member's whole life. Leaves by _exit: what the supervisor's objects would do at their end is
// not a member's business.
void ForkedCrew::serve(int number, Fd orders, Fd answers, pid_t parent) {
  if (getppid() != parent) _exit(0);
  // The pipes of the others would outlive those who wait for their end.
  for (Member& other : members_) {
    other.orders.reset();
    other.answers.reset();
  }
  if (options_.begin) options_.begin(number);
  Bench bench(lab_, cases_, options_.rules);
  for (Bytes message; receive_message(orders.value(), message);) {
    if (!send_message(answers.value(), encode(obey(bench, decode_order(message))))) break;
  }
  lab_.leave();
  _exit(0);
}

void ForkedCrew::send(int number, const Bytes& order) {
  Member& member = members_.at(std::size_t(number));
  if (member.pid == 0) start(number);
  member.busy = true;
  // If it is gone, wait() notices: the other pipe ends.
  send_message(member.orders.value(), order);
}

void ForkedCrew::begin(int number, const AttemptOrder& order) {
  send(number, encode(CrewOrder(order)));
  members_[std::size_t(number)].keeping = false;
}

void ForkedCrew::keep(int number, const TraceInfo& info, bool with_stack) {
  send(number, encode(CrewOrder(KeepOrder{info, with_stack})));
  members_[std::size_t(number)].keeping = true;
}

Crew::News ForkedCrew::wait() {
  constexpr int kLookMs = 100;
  std::vector<pollfd> entries;
  std::vector<int> numbers;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (!members_[i].busy) continue;
    entries.push_back({members_[i].answers.value(), POLLIN, 0});
    numbers.push_back(int(i));
  }
  for (;;) {
    pass_interrupt_on();
    const int ready = poll(entries.data(), entries.size(), kLookMs);
    if (ready < 0 && errno != EINTR) throw_errno("poll");
    for (std::size_t i = 0; ready > 0 && i < entries.size(); ++i) {
      if (entries[i].revents != 0) return hear(numbers[i]);
    }
  }
}

// An interrupt that was sent to this process alone (kill PID, a test driver's SIGTERM).
void ForkedCrew::pass_interrupt_on() {
  if (interrupt_passed_on_ || !options_.interrupted || !*options_.interrupted) return;
  interrupt_passed_on_ = true;
  for (const Member& member : members_) {
    if (member.pid != 0) kill(member.pid, SIGTERM);
  }
}

Crew::News ForkedCrew::hear(int number) {
  Member& member = members_[std::size_t(number)];
  member.busy = false;
  Bytes message;
  if (!receive_message(member.answers.value(), message)) return died(number);
  CrewAnswer answer = decode_answer(message);
  if (const auto* error = std::get_if<CrewError>(&answer)) {
    if (error->is_usage) throw UsageError(error->message);
    throw Error(error->message);
  }
  if (auto* kept = std::get_if<KeptTrace>(&answer)) return {number, std::move(*kept)};
  return {number, std::move(std::get<AttemptReport>(answer))};
}

Crew::News ForkedCrew::died(int number) {
  Member& member = members_[std::size_t(number)];
  const bool keeping = member.keeping;
  const std::string what = "the recorder " + how_it_ended(reap(member.pid));
  member = {};
  if (keeping) {
    KeptTrace kept;
    kept.not_kept = what;
    return {number, kept};
  }
  AttemptReport report;
  report.verdict = {Verdict::Kind::not_recordable, what, {}};
  return {number, report};
}

}  // namespace ttrace
