// Boost.Test: an observer tells ttrace about cases and failed assertions.
#define BOOST_TEST_MODULE ttrace example
#include <boost/test/included/unit_test.hpp>

#include <random>
#include <string>

#include "ttrace/ttrace.hpp"

namespace {

namespace unit_test = boost::unit_test;

class TtraceObserver : public unit_test::test_observer {
 public:
  void test_unit_start(const unit_test::test_unit& unit) override {
    if (unit.p_type != unit_test::TUT_CASE) return;
    const std::string file(unit.p_file_name.begin(), unit.p_file_name.end());
    ttrace_case_begin(unit.full_name().c_str(), file.c_str(), int(unit.p_line_num));
  }
  void test_unit_finish(const unit_test::test_unit& unit, unsigned long) override {
    if (unit.p_type != unit_test::TUT_CASE) return;
    const bool passed = unit_test::results_collector.results(unit.p_id).passed();
    ttrace_case_end(unit.full_name().c_str(), passed ? TTRACE_CASE_PASSED : TTRACE_CASE_FAILED);
  }
  // The place of the assertion is known to the framework's log only, which calls this afterwards.
  void assertion_result(unit_test::assertion_result result) override {
    if (result == unit_test::AR_FAILED) ttrace::assertion(false, nullptr, 0, "an assertion failed");
  }
  int priority() override { return 2; }
};

struct Registered {
  Registered() { unit_test::framework::register_observer(observer); }
  ~Registered() { unit_test::framework::deregister_observer(observer); }
  TtraceObserver observer;
};
BOOST_TEST_GLOBAL_FIXTURE(Registered);

BOOST_AUTO_TEST_CASE(a_share_is_below_the_whole) {
  std::random_device device;
  const unsigned whole = 40;
  BOOST_TEST(device() % (whole + 1) < whole);
}

}  // namespace
