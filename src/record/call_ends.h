#pragma once

#include "record/model.h"

namespace ttrace {

/// The kernel lent the thread another signal mask for the call at whose interrupted end it stands,
/// and puts the program's back only when it goes on: nobody may set a mask before.
bool mask_is_lent(const RecordedThread& thread);

/// It stands at the end of a call that the kernel makes again, or whose mask is lent: no call may
/// be injected (inject()). A signal or the call itself stops it once more before user code.
bool is_ending_a_call(const RecordedThread& thread);

}  // namespace ttrace
