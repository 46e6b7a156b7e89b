#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "rewrite/control_flow.h"
#include "rewrite/neighbours.h"
#include "rewrite/stubs.h"
#include "rewrite/text_patch.h"

namespace ttrace {

/// Instructions that follow each other, the last one right before an instruction that the agent
/// executes in the program's place.
using StraightWay = std::vector<Neighbours::Part>;

/// The instructions that the agent may execute, by linked address.
using AgentSites = std::map<std::uint64_t, AgentWord>;

/// A way to a site, of which some of the first instructions are replaced by a jump.
struct Approach {
  StraightWay way;
  std::uint64_t replaced = 0;  ///< bytes: whole instructions
};

/// One whose first instruction has room for the jump, if there is one: whoever comes to a later one
/// finds the text as it was. Else one whose first instructions have room together, where it is
/// proven that nothing leads to any of them but the first. Empty if there is no way that can be
/// copied to a stub, or if something of the site is patched.
std::optional<Approach> find_approach(const CodeImage& image, const ControlFlow& flow,
                                      const TextPatch& patch, const Function& function,
                                      const AgentSites::value_type& site);

/// The first site that straight code at `from` leads to, perhaps `from` itself.
struct SiteAhead {
  StraightWay way;
  AgentSites::const_iterator site;
};
/// Empty if there is none nearby, or something on the way there cannot be copied to a stub.
std::optional<SiteAhead> find_site_ahead(const CodeImage& image, const ControlFlow& flow,
                                         const AgentSites& sites, std::uint64_t from);

/// Whether the way leads to a system call that the agent never makes and others look at (the
/// bytes of a signal trampoline tell unwinders what it is).
bool is_never_made(const AgentWord& word, const StraightWay& way);

}  // namespace ttrace
