#include <gtest/gtest.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/commands.h"
#include "query/event_text.h"

namespace ttrace {
namespace {

// Runs the tool with both outputs in a pipe.
struct Call {
  int code = 0;
  std::string out, err;

  explicit Call(const std::vector<std::string>& arguments, const Environment& environment = {}) {
    int out_ends[2], err_ends[2];
    if (pipe(out_ends) != 0 || pipe(err_ends) != 0) throw_errno("pipe");
    const Fd out_read(out_ends[0]), err_read(err_ends[0]);
    Fd out_write(out_ends[1]), err_write(err_ends[1]);
    StandardStream out_stream(out_write.value()), err_stream(err_write.value());
    code = run_tool({environment, out_stream, err_stream}, arguments);
    out_write.reset();
    err_write.reset();
    out = rest_of(out_read);
    err = rest_of(err_read);
  }

 private:
  // Nothing here writes more than a pipe holds.
  static std::string rest_of(const Fd& fd) {
    std::string text(65536, '\0');
    const ssize_t n = read(fd.value(), text.data(), text.size());
    text.resize(n > 0 ? std::size_t(n) : 0);
    return text;
  }
};

TEST(Tool, NamesWhatIsWrongInOneLineAndExitsWith2) {
  const std::pair<std::vector<std::string>, const char*> mistakes[] = {
      {{"until-fail", "--atempts=5", "--", "t"}, "no option --atempts=5: did you mean --attempts?"},
      {{"until-fail", "--attempts=x", "--", "t"}, "--attempts expects a number"},
      {{"until-fail", "--attempts=5", "t"}, "put the program after --: ttrace until-fail -- t"},
      {{"until-fail"}, "no program is given"},
      {{"record", "--", "/no/such/program"}, "cannot execute /no/such/program"},
      {{"replay", "--autopilot", "--serve=1", "f"}, "exclude one another"},
      {{"replay", "--autopilot", "--ex", "bt", "f"}, "--ex is for gdb"},
      {{"show", "a", "b"}, "\"b\" is one argument too many"},
      {{"show"}, "FILE"},
      {{"shwo"}, "no subcommand \"shwo\""},
      {{"show", "/no/such/trace"}, "/no/such/trace"},
      {{"ls", "/no/such/directory"}, "/no/such/directory"},
  };
  for (const auto& [arguments, expected] : mistakes) {
    const Call call(arguments);
    EXPECT_EQ(call.code, 2) << expected;
    EXPECT_EQ(call.err.find("ttrace: "), 0u) << call.err;
    EXPECT_NE(call.err.find(expected), std::string::npos) << call.err;
    EXPECT_EQ(call.err.find('\n'), call.err.size() - 1) << call.err;
    EXPECT_EQ(call.out, "") << expected;
  }
}

TEST(Tool, ReadsTheTwinsOfASubcommandsOptions) {
  const Call call({"until-fail", "--", "t"}, {"TTRACE_TIMEOUT=soon"});
  EXPECT_EQ(call.code, 2);
  EXPECT_NE(call.err.find("TTRACE_TIMEOUT expects"), std::string::npos) << call.err;
}

TEST(Tool, HelpAndVersionAreNoErrors) {
  EXPECT_EQ(Call({"--version"}).code, 0);
  EXPECT_EQ(Call({"--version"}).out.find("ttrace "), 0u);
  const Call help({"until-fail", "--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_NE(help.out.find("--attempts"), std::string::npos);
}

TEST(Supervise, RefusesAnotherProtocol) {
  const Call call({"supervise", "--protocol=2", "--new-word", "--", "./t", "--ttrace-record"});
  EXPECT_EQ(call.code, 2);
  EXPECT_EQ(call.err,
            "ttrace: the test binary was built with another version of ttrace (protocol 2, this "
            "supervisor speaks 1): rebuild the tests or install the matching ttrace\n");
}

TEST(Supervise, RefusesWhatDoesNotGoTogether) {
  const std::pair<std::vector<std::string>, const char*> mistakes[] = {
      {{"--ttrace-record", "--ttrace-until-fail=3"}, "exclude one another"},
      {{"--ttrace-record", "--ttrace-autopilot"}, "--ttrace-autopilot needs --ttrace-replay=FILE"},
      {{"--ttrace-replay=f", "--ttrace-seed=3"}, "--ttrace-seed needs --ttrace-until-fail=N"},
      {{"--ttrace-seed=3"}, "--ttrace-seed needs --ttrace-until-fail=N"},
      {{"--ttrace-recrod"}, "did you mean --ttrace-record?"},
  };
  for (const auto& [flags, expected] : mistakes) {
    std::vector<std::string> arguments = {"supervise", "--protocol=1", "--framework=gtest", "--",
                                          "./t"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    const Call call(arguments);
    EXPECT_EQ(call.code, 2) << expected;
    EXPECT_NE(call.err.find(expected), std::string::npos) << call.err;
  }
}

TEST(Supervise, RefusesAnUnknownFramework) {
  const Call call({"supervise", "--protocol=1", "--framework=odd", "--", "./t", "--ttrace-record"});
  EXPECT_EQ(call.code, 2);
  EXPECT_NE(call.err.find("\"odd\""), std::string::npos) << call.err;
}

TEST(Supervise, AFlagOfTheCommandLineDoesNotMeetModesOfTheEnvironment) {
  const Call call({"supervise", "--protocol=1", "--framework=gtest", "--", "./t", "--ttrace-help"},
                  {"TTRACE_UNTIL_FAIL=3"});
  EXPECT_EQ(call.code, 0);
  EXPECT_NE(call.out.find("--ttrace-until-fail=N"), std::string::npos);
}

TEST(StandardStream, DropsTheRestAfterAnError) {
  StandardStream closed(-1);
  closed.write("x");
  EXPECT_TRUE(closed.failed());
  EXPECT_EQ(closed.error(), EBADF);
  closed.write("y");
}

TEST(Dump, DescribesTheEndOfACallWithItsBeginning) {
  Dumper dumper;
  Event event;
  event.tid = Tid(7);
  SyscallEnterEvent enter;
  enter.entry.number = 3;
  enter.entry.args[0] = 5;
  event.body = enter;
  EXPECT_NE(dumper.line(EventNumber(1), event).find("close(5"), std::string::npos);
  SyscallExitEvent exit;
  exit.number = 3;
  exit.exit.result = 0;
  event.body = exit;
  const std::string line = dumper.line(EventNumber(2), event);
  EXPECT_NE(line.find("close(5"), std::string::npos) << line;
  EXPECT_NE(line.find("= 0"), std::string::npos) << line;
}

TEST(Dump, WritesOneLineWhateverTheTextIs) {
  MarkEvent mark;
  mark.kind = MarkEvent::Kind::assertion_failed;
  mark.file = "q_test.cpp";
  mark.line = 42;
  mark.text = "a\nb\x1b[2J";
  Event event;
  event.tid = Tid(7);
  event.body = mark;
  const std::string line = Dumper().line(EventNumber(9), event);
  EXPECT_NE(line.find("failed q_test.cpp:42: a\\nb\\x1b[2J"), std::string::npos) << line;
}

}  // namespace
}  // namespace ttrace
