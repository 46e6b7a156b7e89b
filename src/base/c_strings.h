#pragma once

#include <string>
#include <vector>

namespace ttrace {

/// An argument vector or environment as execve takes it: pointers to the strings, then a null one.
/// They are valid as long as `strings` is neither changed nor destroyed.
inline std::vector<char*> c_strings(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& string : strings) pointers.push_back(const_cast<char*>(string.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace ttrace
