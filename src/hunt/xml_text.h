#pragma once

#include <string>
#include <string_view>

namespace ttrace {

/// As the text of an element or an attribute's value, which is to be put into double quotes: what
/// has a meaning in XML is escaped, and what XML cannot say at all (bytes that are no UTF-8,
/// control characters) becomes U+FFFD. HTML reads it alike.
std::string xml_text(std::string_view text);

}  // namespace ttrace
