#pragma once

namespace ttrace {

/// "ttrace 0.1.0": TraceInfo::writer and --version. TTRACE_VERSION comes from CMake's project().
inline constexpr const char* kWriter = "ttrace " TTRACE_VERSION;

}  // namespace ttrace
