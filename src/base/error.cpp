#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace ttrace {

SystemError::SystemError(const std::string& what, int error)
    : Error(what + ": " + std::generic_category().message(error)), error_(error) {}

void throw_errno(const std::string& what) { throw SystemError(what, errno); }

}  // namespace ttrace
