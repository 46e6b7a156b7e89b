#include "ttrace/mark.h"

int probe_shared_recorded() { return ttrace_recorded(); }
