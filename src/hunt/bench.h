#pragma once

#include <optional>

#include "hunt/crew.h"
#include "hunt/lab.h"

namespace ttrace {

/// Where one member of a crew works: it makes attempts in a lab, judges them, and holds the last
/// failing one until it is kept or the next begins.
class Bench {
 public:
  /// All must outlive it.
  Bench(Lab& lab, const std::vector<TestCase>& cases, Rules rules)
      : lab_(lab), cases_(cases), rules_(std::move(rules)) {}

  AttemptReport attempt(const AttemptOrder& order);
  KeptTrace keep(const TraceInfo& info, bool with_stack);

 private:
  Lab& lab_;
  const std::vector<TestCase>& cases_;
  Rules rules_;
  std::optional<RecordResult> held_;
};

/// A crew of one, in this process.
class LocalCrew : public Crew {
 public:
  LocalCrew(Lab& lab, const std::vector<TestCase>& cases, const Rules& rules)
      : lab_(lab), bench_(lab, cases, rules) {}

  int size() const override { return 1; }
  void begin(int, const AttemptOrder& order) override { order_ = order; }
  void keep(int, const TraceInfo& info, bool with_stack) override {
    keep_ = info;
    with_stack_ = with_stack;
  }
  News wait() override;
  std::chrono::milliseconds now() override { return lab_.now(); }

 private:
  Lab& lab_;
  Bench bench_;
  std::optional<AttemptOrder> order_;
  std::optional<TraceInfo> keep_;
  bool with_stack_ = false;
};

}  // namespace ttrace
