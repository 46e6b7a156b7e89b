#pragma once

#include <CLI/App.hpp>
#include <string>

namespace ttrace {

/// Everything that the tool and a test binary take, made from the subcommands as they are and from
/// the table of flags: there is no second list that could become wrong.
std::string reference_markdown(const CLI::App& tool);
/// The same as ttrace(1).
std::string reference_man_page(const CLI::App& tool);

}  // namespace ttrace
