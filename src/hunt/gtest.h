#pragma once

#include "hunt/framework.h"

namespace ttrace {

/// GoogleTest's row.
const Framework& gtest_framework();

/// GoogleTest's rule: the suite's or the test's name begins with DISABLED_, or a part of it after a
/// slash does (parametrised names).
bool gtest_is_disabled(std::string_view suite, std::string_view test);

/// The value of --gtest_FLAG in argv (the last one counts), or of GTEST_FLAG, or nullopt. A flag
/// without a value gives "".
std::optional<std::string> gtest_flag(const std::vector<std::string>& arguments,
                                      const Environment& environment, std::string_view flag);

/// A filter that selects this case. Characters that mean something to a filter (they can come from
/// a program's own names of typed tests) become `?`, which matches any one character.
std::string gtest_exact_filter(std::string_view case_name);

/// Which part of the cases is ours, from GTEST_TOTAL_SHARDS and GTEST_SHARD_INDEX.
struct GtestShard {
  unsigned total = 1;
  unsigned index = 0;
};
/// Throws UsageError if only one is set or they do not fit, where GoogleTest itself gives up.
GtestShard gtest_shard(const Environment& environment);

}  // namespace ttrace
