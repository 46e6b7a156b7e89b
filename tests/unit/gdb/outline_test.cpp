#include "gdb/outline.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "trace/recording.h"

namespace ttrace::gdb {
namespace {

/// Puts a trace together event by event.
class OutlineTest : public testing::Test {
 protected:
  OutlineTest() {
    EXPECT_NE(::mkdtemp(directory_.data()), nullptr);
    info_.writer = "test";
  }
  ~OutlineTest() override {
    ::unlink((directory_ + "/t.ttrace").c_str());
    ::rmdir((directory_ + "/objects").c_str());
    ::rmdir(directory_.c_str());
  }

  EventNumber add(int tid, EventBody body) {
    Event event;
    event.tid = Tid(tid);
    event.body = std::move(body);
    return recording_.append(event);
  }
  EventNumber exec(int pid) {
    ExecEvent event;
    event.pid = Pid(pid);
    event.path = "/bin/guest";
    return add(pid, event);
  }
  EventNumber call(int tid, int number) {
    SyscallEvent event;
    event.entry.number = number;
    return add(tid, event);
  }
  EventNumber enter(int tid, int number) {
    SyscallEnterEvent event;
    event.entry.number = number;
    return add(tid, event);
  }
  EventNumber fork(int tid, int child, int child_pid) {
    NewTaskEvent event;
    event.child = Tid(child);
    event.child_pid = Pid(child_pid);
    return add(tid, event);
  }
  EventNumber process_exit(int pid, int status) {
    ProcessExitEvent event;
    event.pid = Pid(pid);
    event.status = status;
    return add(pid, event);
  }
  void fail_at(EventNumber event, int tid) {
    info_.failure = Failure{"a.cpp", 1, "m", event, Tid(tid)};
  }
  Outline outline() {
    const std::string path = directory_ + "/t.ttrace";
    keep(recording_, info_, path);
    TraceReader trace(path);
    return make_outline(trace);
  }

  std::string directory_ = testing::TempDir() + "ttrace-XXXXXX";
  Recording recording_;
  TraceInfo info_;
};

TEST_F(OutlineTest, AProcessEndsBeforeItsExit) {
  exec(10);
  call(10, SYS_write);
  const EventNumber last = enter(10, SYS_exit_group);
  process_exit(10, 1 << 8);
  add(10, EndEvent{});
  const Outline result = outline();
  EXPECT_EQ(result.first, Pid(10));
  EXPECT_EQ(result.of_failure, Pid(10));
  EXPECT_EQ(result.processes.at(Pid(10)).end, last);
  EXPECT_EQ(result.processes.at(Pid(10)).fate, "process 10 exits with status 1");
}

TEST_F(OutlineTest, TheExitOfAThreadDoesNotCount) {
  exec(10);
  fork(10, 11, 10);
  enter(11, SYS_exit);
  add(11, TaskExitEvent{});
  const EventNumber last = enter(10, SYS_exit_group);
  process_exit(10, 0);
  add(10, EndEvent{});
  EXPECT_EQ(outline().processes.at(Pid(10)).end, last);
}

TEST_F(OutlineTest, ADeadlySignalIsAnEnd) {
  exec(10);
  SignalEvent signal;
  signal.number = SIGSEGV;
  signal.info.resize(128);
  signal.action = SignalEvent::Action::fatal;
  const EventNumber last = add(10, signal);
  add(10, TaskExitEvent{});
  process_exit(10, SIGSEGV);
  add(10, EndEvent{});
  EXPECT_EQ(outline().processes.at(Pid(10)).end, last);
  EXPECT_EQ(outline().processes.at(Pid(10)).fate, "process 10 is killed by SIGSEGV");
}

TEST_F(OutlineTest, AProcessThatIsKilledEndsAtTheFirstLoss) {
  exec(10);
  fork(10, 20, 20);
  call(20, SYS_write);
  call(10, SYS_kill);
  const EventNumber lost = add(20, TaskExitEvent{});
  process_exit(20, SIGKILL);
  process_exit(10, 0);
  add(10, EndEvent{});
  EXPECT_EQ(outline().processes.at(Pid(20)).end, lost);
}

TEST_F(OutlineTest, AHangEndsWithTheRecording) {
  exec(10);
  enter(10, SYS_futex);
  EndEvent end;
  end.reason = EndEvent::Reason::timed_out;
  const EventNumber last = add(10, end);
  EXPECT_EQ(outline().processes.at(Pid(10)).end, last);
  EXPECT_NE(outline().processes.at(Pid(10)).fate.find("ran past its time"), std::string::npos);
}

TEST_F(OutlineTest, TheFailureIsLookedForInItsProcess) {
  const EventNumber first = exec(10);
  const EventNumber forked = fork(10, 20, 20);
  fork(20, 21, 20);
  MarkEvent mark;
  mark.kind = MarkEvent::Kind::assertion_failed;
  mark.file = "a.cpp";
  mark.line = 3;
  mark.text = "one\ntwo";
  const EventNumber failed = add(21, mark);
  const EventNumber second = exec(20);
  add(10, EndEvent{});
  fail_at(failed, 21);
  const Outline result = outline();
  EXPECT_EQ(result.of_failure, Pid(20));
  EXPECT_EQ(result.processes.at(Pid(20)).begin.value(), forked.value() + 1);
  EXPECT_EQ(result.processes.at(Pid(20)).execs, (std::vector{first, second}));
  ASSERT_EQ(result.marks.size(), 1U);
  EXPECT_EQ(result.marks[0].text, "assertion failed  a.cpp:3  one");
}

TEST_F(OutlineTest, ATraceOfNothingIsRefused) {
  add(10, EndEvent{});
  EXPECT_THROW(outline(), TraceError);
}

}  // namespace
}  // namespace ttrace::gdb
