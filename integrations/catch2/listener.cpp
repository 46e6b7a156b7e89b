// The listener as a file of its own: what ttrace::catch2 adds to a test program.
#if !__has_include(<catch2/catch_version_macros.hpp>)
// 2.13: the interfaces only; their implementation is where the program has its main.
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#if __has_include(<catch2/catch.hpp>)
#include <catch2/catch.hpp>
#else
#include <catch.hpp>
#endif
#endif

#include "ttrace/catch2.hpp"

#ifdef TTRACE_SUPERVISOR
extern "C" {
extern const char ttrace_supervisor_path[];
const char ttrace_supervisor_path[] = TTRACE_SUPERVISOR;
}
#endif
