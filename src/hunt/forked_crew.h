#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <vector>

#include "base/fd.h"
#include "hunt/bench.h"

namespace ttrace {

/// A crew of processes: each member is forked from this one and has a bench of its own, because
/// ptrace binds tracees to the one thread that traces them, and so that a recorder that crashes
/// costs one attempt. Members die with this process, however that ends, and their tracees with
/// them.
class ForkedCrew : public Crew {
 public:
  struct Options {
    int size = 1;
    Rules rules;
    /// Members see the signals that a terminal sends to all; what reaches this process alone is
    /// passed on to them.
    const std::atomic<bool>* interrupted = nullptr;
    /// Called in a member before its first attempt, with its number.
    std::function<void(int member)> begin;
  };
  /// `lab` and `cases` must outlive it. Members are forked when they get their first order.
  ForkedCrew(Lab& lab, const std::vector<TestCase>& cases, Options options);
  /// Ends every member.
  ~ForkedCrew() override;
  ForkedCrew(const ForkedCrew&) = delete;
  ForkedCrew& operator=(const ForkedCrew&) = delete;

  int size() const override { return options_.size; }
  void begin(int member, const AttemptOrder& order) override;
  void keep(int member, const TraceInfo& info, bool with_stack) override;
  /// A member that died made an attempt that says nothing about its case; its place is taken by a
  /// new one.
  News wait() override;
  std::chrono::milliseconds now() override { return lab_.now(); }

 private:
  struct Member {
    pid_t pid = 0;
    Fd orders;   ///< to it
    Fd answers;  ///< from it
    bool busy = false;
    bool keeping = false;
  };
  void start(int number);
  [[noreturn]] void serve(int number, Fd orders, Fd answers, pid_t parent);
  void send(int number, const Bytes& order);
  News hear(int number);
  News died(int number);
  void pass_interrupt_on();

  Lab& lab_;
  const std::vector<TestCase>& cases_;
  Options options_;
  std::vector<Member> members_;
  bool interrupt_passed_on_ = false;
};

}  // namespace ttrace
