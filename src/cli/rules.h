#pragma once

#include <optional>
#include <string>

#include "cli/flags.h"
#include "hunt/verdict.h"

namespace ttrace {

/// What "exit-status,regex:lost .* bytes" means; none if it is malformed. A regex is the last part
/// and may have commas.
std::optional<FailOn> parse_fail_on(const std::string& text);

/// How attempts are judged, by --fail-on and --follow.
Rules asked_rules(const FlagSet& flags, Marks marks);

}  // namespace ttrace
