// The header in C++14: it must compile, and have the layout that it has in C.
#include "ttrace/mark.h"

static_assert(sizeof(ttrace_mark) == 32, "the recorder reads this layout");
static_assert(__cplusplus == 201402L, "this file checks C++14");

extern "C" int mark_size_in_cpp(void) { return static_cast<int>(sizeof(ttrace_mark)); }
