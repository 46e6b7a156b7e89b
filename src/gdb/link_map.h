#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/types.h"

namespace ttrace::gdb {

/// Reads memory of the program; returns how much was there.
using MemoryReader = std::function<std::size_t(Address at, std::span<std::byte> into)>;

/// An address inside the loaded file that the program's dynamic loader knows as `path`: a debugger
/// asks for files by these names, which are often links to the names that the kernel saw. Reads the
/// program's memory only, and bounded much of it, whatever it contains.
std::optional<Address> loaded_as(const std::string& path, ByteView auxiliary_vector,
                                 const MemoryReader& read);

/// An address inside the loaded executable, which the list of the loader has without a name.
std::optional<Address> executable_headers(ByteView auxiliary_vector);

}  // namespace ttrace::gdb
