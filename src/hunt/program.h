#pragma once

#include "hunt/framework.h"

namespace ttrace {

/// The row of programs without a framework that we know: the whole program is the one case, run as
/// the user called it. What it marks through include/ttrace/ counts.
const Framework& plain_program();

}  // namespace ttrace
