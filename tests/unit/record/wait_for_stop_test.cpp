#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "tracee/gate.h"
#include "tracee/probe_child.h"
#include "tracee/wake_timer.h"

namespace ttrace {
namespace {

/// Stops once, then ends its first thread; another one lives on.
int end_first_thread() {
  std::thread([] {
    for (;;) pause();
  }).detach();
  ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
  raise(SIGSTOP);
  syscall(SYS_exit, 0);
  return 0;
}

TEST(WaitForStop, DoesNotWaitForAFirstThreadThatOthersOutlive) {
  const ProbeChild child(end_first_thread);
  const Tid tid(child.pid());
  ASSERT_EQ(child.error(), 0);
  ASSERT_EQ(understand(wait_for_stop(tid)).value, SIGSTOP);
  Task(tid).resume(Resume::run);
  const WakeTimer timer(std::chrono::milliseconds(10));
  EXPECT_THROW(wait_for_stop(tid), TaskGone);
}

}  // namespace
}  // namespace ttrace
