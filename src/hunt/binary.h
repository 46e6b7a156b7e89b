#pragma once

#include <string>

#include "hunt/framework.h"

namespace ttrace {

/// What an executable says about itself without being run.
struct BinaryLook {
  const Framework* framework = nullptr;  ///< null: none that we know
  bool has_listener = false;             ///< it links ttrace's listener of that framework
};

/// Looks for the frameworks' fingerprints in the file. A file that cannot be read, or is no ELF
/// file, has none.
BinaryLook look_at_binary(const std::string& path);

}  // namespace ttrace
