#pragma once

#include "hunt/framework.h"

namespace ttrace {

/// Catch2's row: 2.13 and 3.x.
const Framework& catch2_framework();

/// A test specification that selects this case: quoted, and with what means something inside quotes
/// escaped. Two things cannot be escaped in Catch2: it ignores case, and a `*` at the name's begin
/// or end stands for anything; such a specification may select other cases too.
std::string catch2_exact_spec(std::string_view case_name);

}  // namespace ttrace
