#pragma once

namespace ttrace::gdb {

/// gdb numbers signals in its own way on the line. A number that it has no name for becomes 143
/// (its "unknown signal").
int gdb_signal(int linux_signal);

/// "SIGSEGV"; "a real-time signal" for those without a name.
const char* signal_name(int linux_signal);

}  // namespace ttrace::gdb
