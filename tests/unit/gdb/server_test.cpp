#include "gdb/server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <csignal>
#include <random>
#include <thread>

#include "fake_target.h"
#include "gdb/register_layout.h"

namespace ttrace::gdb {
namespace {

using Kind = TargetStop::Kind;

TargetStop stop(Kind kind, int tid = 100, int signal = 0) { return {kind, Tid(tid), signal, {}}; }

/// A server with a debugger's end of its line.
class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    client_ = Fd(ends[0]);
    const timeval patience{20, 0};  // a lost answer is a failure, not a hang
    ::setsockopt(client_.value(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    line_.emplace(Fd(ends[1]));
    server_.emplace(target, *line_);
  }

  std::string ask(std::string_view packet) { return server_->answer(packet); }
  /// What the server printed on the console so far.
  std::string printed() {
    std::string text;
    while (auto one = next_sent()) {
      if (one->kind == Incoming::Kind::packet && one->payload.starts_with("O")) {
        text += from_hex(one->payload.substr(1)).value_or("?");
      }
    }
    return text;
  }
  std::optional<Incoming> next_sent(int flags = MSG_DONTWAIT) {
    while (true) {
      if (auto one = decoder_.next()) return one;
      char chunk[4096];
      const ssize_t got = ::recv(client_.value(), chunk, sizeof chunk, flags);
      if (got <= 0) return {};
      decoder_.feed({chunk, std::size_t(got)});
    }
  }
  void type(std::string_view bytes) {
    ASSERT_EQ(::send(client_.value(), bytes.data(), bytes.size(), 0), ssize_t(bytes.size()));
  }
  std::string next_packet() {
    while (auto one = next_sent(0)) {
      if (one->kind == Incoming::Kind::packet) return one->payload;
    }
    return "(gone)";
  }

  FakeTarget target;
  Fd client_;
  std::optional<Connection> line_;
  std::optional<Server> server_;
  PacketDecoder decoder_;
};

TEST_F(ServerTest, OffersWhatItCan) {
  const std::string reply = ask("qSupported:multiprocess+;swbreak+;hwbreak+;xmlRegisters=i386");
  for (const char* feature :
       {"PacketSize=20000", "QStartNoAckMode+", "multiprocess+", "swbreak+", "hwbreak+",
        "vContSupported+", "qXfer:features:read+", "qXfer:auxv:read+", "qXfer:exec-file:read+"}) {
    EXPECT_NE(reply.find(feature), std::string::npos) << feature;
  }
  EXPECT_EQ(reply.find("Reverse"), std::string::npos);
  target.history = true;
  EXPECT_NE(ask("qSupported").find(";ReverseStep+;ReverseContinue+"), std::string::npos);
}

TEST_F(ServerTest, UnknownPacketsGetNothing) {
  for (const char* packet :
       {"vMustReplyEmpty", "qTStatus", "qOffsets", "qCRC:0,1", "", "Zfoo", "Z5,1000,4", "z6,1000,4",
        "vRun;00", "!", "bc", "bs", "qXfer:memory-map:read::0,100",
        "qXfer:features:write:target.xml:0", "vContx", "qSupportedx"}) {
    EXPECT_EQ(ask(packet), "") << packet;
  }
}

TEST_F(ServerTest, NamesThreads) {
  EXPECT_EQ(ask("qC"), "QCp64.64");
  EXPECT_EQ(ask("qfThreadInfo"), "mp64.64,p64.65");
  EXPECT_EQ(ask("qsThreadInfo"), "l");
  EXPECT_EQ(ask("qThreadExtraInfo,p64.64"), to_hex(std::string_view("main")));
  EXPECT_EQ(ask("Tp64.65"), "OK");
  EXPECT_EQ(ask("Tp64.66"), "E03");
  EXPECT_EQ(ask("qXfer:threads:read::0,1000"),
            "l<?xml version=\"1.0\"?>\n<threads>\n<thread id=\"p64.64\" name=\"main\"/>\n"
            "<thread id=\"p64.65\" name=\"a&lt;b&gt;&amp;&quot;c\"/>\n</threads>\n");
}

TEST_F(ServerTest, ReadsRegistersOfTheChosenThread) {
  target.registers_[Tid(101)].rip = 0x4321;
  EXPECT_EQ(ask("Hgp64.65"), "OK");
  EXPECT_EQ(ask("p10"), "2143000000000000");
  EXPECT_EQ(ask("g").size(), RegisterLayout().values({}).size());
  EXPECT_EQ(ask("Hg0"), "OK");
  EXPECT_EQ(ask("p10"), "0000000000000000");
  EXPECT_EQ(ask("Hgp64.99"), "E03");
  EXPECT_EQ(ask("p" + hex_number(RegisterLayout().count())), "E16");
  EXPECT_EQ(ask("pffffffffff"), "E16");
}

TEST_F(ServerTest, ReadsMemoryAsFarAsItGoes) {
  EXPECT_EQ(ask("m1001,3"), "010203");
  EXPECT_EQ(ask("m1ffe,8"), "feff");
  EXPECT_EQ(ask("m2000,1"), "E0e");
  EXPECT_EQ(ask("mffffffffffffffff,ffffffffffffffff"), "E0e");
  EXPECT_EQ(ask("m1000,ffffffffffffffff").size(), 8192U);
  EXPECT_EQ(ask("m1000"), "E16");
}

// Nothing can be changed where no copy can be made.
TEST_F(ServerTest, ChangesNothing) {
  EXPECT_EQ(ask("M1000,1:ff"), "E01");
  EXPECT_EQ(ask("M1000,2:ff"), "E16");
  EXPECT_EQ(ask("X1000,0:"), "OK");
  EXPECT_EQ(ask("X1000,1:a"), "E01");
  EXPECT_EQ(ask("X1000,2:a"), "E16");
  EXPECT_EQ(ask("G00"), "E16");
  EXPECT_EQ(ask("P0=00"), "E16");
  EXPECT_EQ(ask("P0=0000000000000000"), "E01");
  EXPECT_EQ(ask("Pfff=00"), "E16");
  EXPECT_EQ(target.memory[0], std::byte(0));
}

TEST_F(ServerTest, TransfersObjectsInPieces) {
  const std::string all = RegisterLayout().description();
  EXPECT_EQ(ask("qXfer:features:read:target.xml:0,10"), "m" + all.substr(0, 16));
  EXPECT_EQ(ask("qXfer:features:read:target.xml:10,ffff"), "l" + all.substr(16));
  EXPECT_EQ(ask("qXfer:features:read:other.xml:0,10"), "E00");
  EXPECT_EQ(ask("qXfer:exec-file:read:64:0,ff"), "l/bin/guest");
  EXPECT_EQ(ask("qXfer:auxv:read::0,ff"), "l\x01\x02");
  EXPECT_EQ(ask("qXfer:auxv:read::fff,1"), "E16");
}

TEST_F(ServerTest, ShowsTheSignalsInfo) {
  EXPECT_EQ(ask("qXfer:siginfo:read::0,80"), "E00");
  target.signal = {std::byte('S'), std::byte('I')};
  EXPECT_EQ(ask("qXfer:siginfo:read::0,80"), "lSI");
}

// A C library whose link map has the module's number at 8, whose thread structure has the dtv at 16
// and whose dtv has slots of 16 bytes with the pointer at 4.
TEST_F(ServerTest, FindsThreadLocalVariables) {
  const auto put = [&](std::uint64_t at, auto value) {
    std::memcpy(target.memory.data() + (at - FakeTarget::kMemory), &value, sizeof value);
  };
  struct Field {
    std::uint32_t bits, count, offset;
  };
  put(0x1000, Field{64, 1, 8});
  put(0x1010, Field{64, 1, 16});
  put(0x1020, Field{128, 1, 0});
  put(0x1030, Field{64, 1, 4});
  put(0x1108, std::uint64_t(2));       // link map: module 2
  put(0x1210, std::uint64_t(0x1310));  // thread: dtv
  put(0x1300, std::uint64_t(3));       // three slots
  put(0x1334, std::uint64_t(0x5000));  // the second
  target.registers_[Tid(101)].fs_base = 0x1200;
  EXPECT_EQ(ask("qGetTLSAddr:p64.65,10,1100"), "E0e");  // nothing is known of its library

  std::string question = ask("qSymbol::");
  for (const char* at : {"1000", "1010", "1020", "1030"}) {
    ASSERT_EQ(question.substr(0, 8), "qSymbol:");
    question = ask("qSymbol:" + std::string(at) + question.substr(7));
  }
  EXPECT_EQ(question, "OK");
  EXPECT_EQ(ask("qGetTLSAddr:p64.65,10,1100"), "5010");
  EXPECT_EQ(ask("qGetTLSAddr:p64.64,10,1100"), "E0e");  // its fs base is zero
  EXPECT_EQ(ask("qGetTLSAddr:p64.65,10"), "E16");
  EXPECT_EQ(ask("qGetTLSAddr:p64.99,10,1100"), "E03");
  put(0x1300, std::uint64_t(1));  // the slot does not exist
  EXPECT_EQ(ask("qGetTLSAddr:p64.65,10,1100"), "E0e");
  put(0x1300, std::uint64_t(3));
  put(0x1334, ~std::uint64_t(0));  // nothing is allocated
  EXPECT_EQ(ask("qGetTLSAddr:p64.65,10,1100"), "E0e");

  // A library without the first symbol has none of them.
  question = ask("qSymbol::");
  EXPECT_EQ(ask("qSymbol::" + question.substr(8)), "OK");
}

TEST_F(ServerTest, TellsWhyItStands) {
  EXPECT_EQ(ask("?").substr(0, 3), "T00");
  EXPECT_NE(ask("?").find(";thread:p64.64;"), std::string::npos);
  target.stop_ = stop(Kind::signal, 101, SIGSEGV);
  EXPECT_EQ(ask("?").substr(0, 3), "T0b");
  EXPECT_NE(ask("?").find(";thread:p64.65;"), std::string::npos);
}

TEST_F(ServerTest, ReportsEveryKindOfStop) {
  struct Row {
    TargetStop stop;
    std::string begin;
  };
  ask("qSupported:swbreak+;hwbreak+;exec-events+");
  ask("Z1,500,1");
  const Row rows[] = {
      {stop(Kind::stepped), "T056:"},
      {stop(Kind::interrupted), "T026:"},
      {stop(Kind::signal, 100, SIGUSR1), "T1e6:"},
      {stop(Kind::signal, 100, SIGCHLD), "T146:"},
      {stop(Kind::signal, 100, 34), "T2e6:"},
      {stop(Kind::history_end), "T05replaylog:end;6:"},
      {stop(Kind::history_begin), "T05replaylog:begin;6:"},
      {{Kind::exec, Tid(100), 0, "/x"}, "T05exec:2f78;6:"},
  };
  for (const Row& row : rows) {
    target.stops.push_back({row.stop, 0});
    EXPECT_EQ(ask("vCont;c").substr(0, row.begin.size()), row.begin);
  }
  target.stops.push_back({stop(Kind::breakpoint), 0x400});
  EXPECT_EQ(ask("vCont;c").substr(0, 14), "T05swbreak:;6:");
  target.stops.push_back({stop(Kind::breakpoint), 0x500});
  EXPECT_EQ(ask("vCont;c").substr(0, 14), "T05hwbreak:;6:");
  ask("qSupported");
  target.stops.push_back({stop(Kind::breakpoint), 0x400});
  EXPECT_EQ(ask("vCont;c").substr(0, 5), "T056:");
}

TEST_F(ServerTest, StepsOneThreadWhileOthersRun) {
  target.stops.push_back({stop(Kind::stepped, 101), 0});
  ask("vCont;s:p64.65;c:p64.-1");
  ASSERT_EQ(target.requests.size(), 1U);
  EXPECT_EQ(target.requests[0].step, Tid(101));
  EXPECT_EQ(ask("vCont;s:p64.99"), "E16");
  EXPECT_EQ(ask("vCont;q"), "E16");
}

TEST_F(ServerTest, StepsThroughARangeByItself) {
  for (const std::uint64_t pc : {0x100, 0x104, 0x10f, 0x110, 0x114}) {
    target.stops.push_back({stop(Kind::stepped), pc});
  }
  EXPECT_EQ(ask("vCont;r100,110:p64.64").substr(0, 3), "T05");
  EXPECT_EQ(target.requests.size(), 4U);
}

TEST_F(ServerTest, ARangeEndsAtABreakpoint) {
  target.stops.push_back({stop(Kind::stepped), 0x100});
  target.stops.push_back({stop(Kind::breakpoint, 101), 0x700});
  EXPECT_NE(ask("vCont;r100,110:p64.64").find("thread:p64.65"), std::string::npos);
}

TEST_F(ServerTest, SignalsThatTheDebuggerDoesNotWantPass) {
  EXPECT_EQ(ask("QPassSignals:e;14"), "OK");
  target.stops.push_back({stop(Kind::signal, 100, SIGCHLD), 0});
  target.stops.push_back({stop(Kind::signal, 100, SIGALRM), 0});
  target.stops.push_back({stop(Kind::signal, 100, SIGUSR1), 0});
  EXPECT_EQ(ask("vCont;c").substr(0, 3), "T1e");
  EXPECT_EQ(ask("QPassSignals:zz"), "E16");
}

TEST_F(ServerTest, CountsBreakpoints) {
  EXPECT_EQ(ask("Z0,500,1"), "OK");
  EXPECT_EQ(ask("Z1,500,1"), "OK");
  EXPECT_EQ(target.breakpoints[Address(0x500)], 1);
  EXPECT_EQ(ask("z0,500,1"), "OK");
  EXPECT_EQ(ask("z1,500,1"), "OK");
  EXPECT_EQ(target.breakpoints[Address(0x500)], 0);
  EXPECT_EQ(ask("Z0,ffffff,1"), "E0e");
  EXPECT_EQ(ask("Z0,"), "E16");
}

TEST_F(ServerTest, ShowsTheProgramsOutputAndItsEnd) {
  target.output = "hello\n";
  target.stops.push_back({{Kind::history_end, Tid(100), 0, "process 100 exits with status 1"}, 0});
  ask("vCont;c");
  EXPECT_EQ(printed(), "hello\n[ttrace] process 100 exits with status 1\n");
}

TEST_F(ServerTest, AnswersMonitorCommands) {
  const auto monitor = [&](std::string_view line) {
    EXPECT_EQ(ask("qRcmd," + to_hex(line)), "OK");
    return printed();
  };
  EXPECT_EQ(monitor("when"), "event 5 of 1 to 50, thread 100, case Suite.Case\n");
  EXPECT_EQ(monitor(" marks "), "there is no recording behind this session\n");
  EXPECT_NE(monitor("help").find("goto EVENT"), std::string::npos);
  EXPECT_NE(monitor("wehn").find("unknown command \"wehn\""), std::string::npos);
  EXPECT_EQ(monitor("goto failure"), "this trace has no failure\n");
  EXPECT_NE(monitor("goto 12x").find("takes an event number"), std::string::npos);
  EXPECT_EQ(ask("qRcmd,7"), "E16");
}

TEST_F(ServerTest, TellsTheScriptAboutTheFailure) {
  target.failure_ = {
      TargetFailure::Kind::mark, EventNumber(7), Pid(100), Tid(101), "a.cpp", 3, "x\n\xff"};
  ask("qRcmd," + to_hex(std::string_view("session")));
  const std::string text = printed();
  EXPECT_NE(text.find("\"kind\":\"mark\""), std::string::npos);
  EXPECT_NE(text.find("\"line\":3"), std::string::npos);
  EXPECT_EQ(text.find('\xff'), std::string::npos);
}

TEST_F(ServerTest, GoesElsewhereAtTheNextResume) {
  ask("qRcmd," + to_hex(std::string_view("goto 20")));
  EXPECT_EQ(target.position_.event, EventNumber(5));
  EXPECT_EQ(ask("vCont;s:p64.64").substr(0, 3), "T00");
  EXPECT_EQ(target.position_.event, EventNumber(20));
  EXPECT_TRUE(target.requests.empty());
  ask("qRcmd," + to_hex(std::string_view("run 50")));
  ask("c");
  EXPECT_EQ(target.position_.event, EventNumber(50));
  printed();
  ask("qRcmd," + to_hex(std::string_view("run 51")));
  EXPECT_EQ(printed(), "event 51 is not in the history from 1 to 50\n");
  target.stops.push_back({stop(Kind::stepped), 0});
  ask("s");
  EXPECT_EQ(target.requests.size(), 1U);
}

// gdb goes on by itself after the news of another program.
TEST_F(ServerTest, StaysWhereItWentAcrossAnExec) {
  ask("qSupported:exec-events+");
  target.seek_stop = {Kind::exec, Tid(100), 0, "/x"};
  ask("qRcmd," + to_hex(std::string_view("goto 20")));
  EXPECT_EQ(ask("vCont;c").substr(0, 9), "T05exec:2");
  EXPECT_EQ(ask("vCont;c").substr(0, 3), "T00");
  EXPECT_TRUE(target.requests.empty());
}

TEST_F(ServerTest, ADivergenceIsToldAndEndsTheSession) {
  std::thread session([&] { server_->run(); });
  type(frame_packet("vCont;c"));
  const std::string said = next_packet();
  ASSERT_EQ(said.substr(0, 1), "O");
  EXPECT_EQ(from_hex(said.substr(1)),
            "[ttrace] the session ends: event 7: the recording has read, the replay write\n");
  EXPECT_EQ(next_packet(), "X09;process:64");
  session.join();
}

TEST_F(ServerTest, AnInterruptStopsTheProgram) {
  target.until_interrupt = true;
  std::thread session([&] { server_->run(); });
  type(frame_packet("vCont;c"));
  ::usleep(20000);
  type("\x03");
  EXPECT_EQ(next_packet().substr(0, 3), "T02");
  type(frame_packet("vCont;c") + "\x03");  // both at once
  EXPECT_EQ(next_packet().substr(0, 3), "T02");
  type("\x03" + frame_packet("qC"));  // too late: dropped
  EXPECT_EQ(next_packet(), "QCp64.64");
  type(frame_packet("D;64"));
  EXPECT_EQ(next_packet(), "OK");
  session.join();
}

TEST_F(ServerTest, ADebuggerThatVanishesEndsTheSession) {
  target.until_interrupt = true;
  std::thread session([&] { server_->run(); });
  type(frame_packet("vCont;c"));
  client_.reset();
  session.join();
}

TEST_F(ServerTest, PacketsThatArriveWhileTheProgramRunsAreNotLost) {
  target.until_interrupt = true;
  std::thread session([&] { server_->run(); });
  type(frame_packet("vCont;c"));
  ::usleep(20000);
  type("\x03" + frame_packet("qC"));
  EXPECT_EQ(next_packet().substr(0, 3), "T02");
  EXPECT_EQ(next_packet(), "QCp64.64");
  client_.reset();  // whatever came: the session ends
  session.join();
}

TEST_F(ServerTest, AcknowledgesUntilToldNotTo) {
  std::thread session([&] { server_->run(); });
  type(frame_packet("qC"));
  EXPECT_EQ(next_sent(0)->kind, Incoming::Kind::ack);
  EXPECT_EQ(next_sent(0)->payload, "QCp64.64");
  type("-");
  EXPECT_EQ(next_sent(0)->payload, "QCp64.64");
  type("$qC#00");
  EXPECT_EQ(next_sent(0)->kind, Incoming::Kind::nak);
  type(frame_packet("QStartNoAckMode"));
  EXPECT_EQ(next_sent(0)->kind, Incoming::Kind::ack);
  EXPECT_EQ(next_sent(0)->payload, "OK");
  type("+$qC#00");
  EXPECT_EQ(next_sent(0)->payload, "QCp64.64");
  type(frame_packet("k"));
  session.join();
}

TEST_F(ServerTest, RandomPacketsDoNoHarm) {
  target.until_interrupt = false;
  std::mt19937 random(1);
  const std::vector<std::string> begins = {"qSupported:",
                                           "qXfer:features:read:",
                                           "qXfer:auxv:read::",
                                           "qRcmd,",
                                           "vCont;",
                                           "vFile:open:",
                                           "vFile:pread:",
                                           "H",
                                           "T",
                                           "p",
                                           "m",
                                           "M",
                                           "X",
                                           "Z0,",
                                           "z0,",
                                           "QPassSignals:",
                                           "qThreadExtraInfo,",
                                           "C",
                                           "S",
                                           "?",
                                           "g",
                                           ""};
  const std::string alphabet = "0123456789abcdefp.,:;-rscCtgx\xff";
  for (int round = 0; round < 20000; ++round) {
    std::string packet = begins[random() % begins.size()];
    for (unsigned i = random() % 24; i > 0; --i) packet += alphabet[random() % alphabet.size()];
    target.stops.push_back({stop(Kind::stepped), 0});
    ask(packet);
    printed();
  }
  EXPECT_EQ(ask("qC").substr(0, 2), "QC");
}

}  // namespace
}  // namespace ttrace::gdb
